//! Layers, optimizers and files of models.

use cotan::nn::{Conv, Embedding, GroupNorm, LayerNorm, Linear, MultiHeadAttention, RmsNorm};
use cotan::optim::{Adam, AdamW, Lion, Muon, Optimizer, Rule, Schedule, Sgd};
use cotan::{Array, DType, ErrorKind, Result, Tree, compile, fast::Mask, io, nn, ops, optim, random, value_and_grad};

#[derive(Clone, Tree)]
struct Everything {
    words: Embedding,
    layers: Vec<Linear>,
    conv: Conv,
    norms: (LayerNorm, RmsNorm, GroupNorm),
    attention: Option<MultiHeadAttention>,
}

impl Everything {
    fn new() -> Result<Everything> {
        Ok(Everything {
            words: Embedding::new(5, 8)?,
            layers: vec![Linear::new(8, 8)?, Linear::new(8, 1)?.without_bias()],
            conv: Conv { padding: vec![1], ..Conv::grouped(8, 8, &[3], 2)? },
            norms: (LayerNorm::new(8), RmsNorm::new(8), GroupNorm::new(2, 8)?),
            attention: Some(MultiHeadAttention::new(8, 2)?),
        })
    }

    fn loss(&self) -> Result<Array> {
        let words = Array::from_slice(&[0i32, 4, 2, 3, 1, 0], &[2, 3])?;
        let x = self.norms.0.forward(&self.words.forward(&words)?)?;
        let x = self.norms.2.forward(&self.conv.forward(&x)?)?;
        let x = match &self.attention {
            Some(attention) => attention.of_itself(&x, &Mask::Causal)?,
            None => x,
        };
        let x = nn::gelu(&self.layers[0].forward(&self.norms.1.forward(&x)?)?)?;
        nn::mse(&self.layers[1].forward(&x)?, &ops::ones(&[2, 3, 1], DType::F32))?.mean(None, false)
    }
}

#[test]
fn names_lead_to_every_parameter_and_gradients_have_their_shapes() -> Result<()> {
    random::seed(0);
    let model = Everything::new()?;
    let names: Vec<String> = model.named_leaves().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..3], ["words.weight", "layers.0.weight", "layers.0.bias"]);
    assert_eq!(names.last().map(String::as_str), Some("attention.output.weight"));
    assert!(names.contains(&"norms.2.bias".to_string()));
    let (_, gradients) = value_and_grad(Everything::loss)(&model)?;
    for ((name, parameter), gradient) in model.named_leaves().into_iter().zip(gradients.leaves()) {
        assert_eq!(parameter.shape(), gradient.shape(), "{name}");
        assert!(gradient.abs()?.sum(None, false)?.item::<f32>()?.is_finite(), "{name}");
    }
    Ok(())
}

/// Trains with a rule, and returns the losses.
fn losses<R: Rule + 'static>(rule: R, rate: f64) -> Result<Vec<f32>> {
    random::seed(1);
    let mut model = Everything::new()?;
    let mut optimizer = Optimizer::new(rule, rate);
    (0..30)
        .map(|_| {
            let (loss, gradients) = value_and_grad(Everything::loss)(&model)?;
            optimizer.update(&mut model, &gradients)?;
            loss.item::<f32>()
        })
        .collect()
}

#[test]
fn every_rule_lowers_the_loss() -> Result<()> {
    let falls = |losses: Vec<f32>| assert!(losses[29] < 0.5 * losses[0], "{losses:?}");
    falls(losses(Sgd { momentum: 0.5, nesterov: true, ..Sgd::default() }, 0.02)?);
    falls(losses(Adam { bias_correction: true, ..Adam::default() }, 0.01)?);
    falls(losses(AdamW::default(), 0.003)?);
    falls(losses(Lion::default(), 0.003)?);
    falls(losses(Muon::default(), 0.01)?);
    Ok(())
}

#[test]
fn steps_are_those_of_the_formulas() -> Result<()> {
    let step = |optimizer: &mut dyn FnMut(&mut Array, &Array) -> Result<()>| -> Result<f32> {
        let mut w = Array::scalar(1.0f32);
        optimizer(&mut w, &Array::scalar(0.5f32))?;
        optimizer(&mut w, &Array::scalar(-0.25f32))?;
        w.item::<f32>()
    };
    let close = |a: f32, b: f64| assert!((f64::from(a) - b).abs() < 1e-5, "{a} {b}");
    let mut sgd = Optimizer::new(Sgd { momentum: 0.9, weight_decay: 0.1, nesterov: false }, 0.1);
    let first = 1.0 - 0.1 * 0.6;
    close(step(&mut |w, g| sgd.update(w, g))?, first - 0.1 * (0.9 * 0.6 + (-0.25 + 0.1 * first)));
    let mut adam = Optimizer::new(Adam { bias_correction: true, ..Adam::default() }, 0.1);
    // With the correction the first step is the learning rate, whatever the gradient.
    let (m, v) = (0.9 * 0.05 - 0.025, 0.999 * 0.001 * 0.25 + 0.001 * 0.0625);
    close(step(&mut |w, g| adam.update(w, g))?, 0.9 - 0.1 * (m / 0.19) / (v / (1.0 - 0.999f64.powi(2))).sqrt());
    let mut decayed = Optimizer::new(AdamW { adam: adam.rule, weight_decay: 0.5 }, 0.1);
    let mut w = Array::scalar(1.0f32);
    decayed.update(&mut w, &Array::scalar(0.5f32))?;
    close(w.item::<f32>()?, 0.95 - 0.1);
    let mut lion = Optimizer::new(Lion::default(), 0.1);
    close(step(&mut |w, g| lion.update(w, g))?, 1.0 - 0.1 + 0.1);
    assert_eq!(lion.step().item::<i32>()?, 2);
    Ok(())
}

#[test]
fn an_optimizer_starts_afresh_for_a_model_of_another_form() -> Result<()> {
    let mut adam = Optimizer::new(Adam { bias_correction: true, ..Adam::default() }, 0.1);
    for shape in [&[3][..], &[2, 3], &[2]] {
        let mut model = vec![ops::ones(shape, DType::F32)];
        adam.update(&mut model, &vec![ops::ones(shape, DType::F32)])?;
        assert_eq!(model[0].shape(), shape);
        assert!(model[0].to_vec::<f32>()?.iter().all(|w| (w - 0.9).abs() < 1e-5));
        assert_eq!(adam.step().item::<i32>()?, 1);
    }
    Ok(())
}

#[test]
fn the_length_of_complex_and_of_half_gradients_is_that_of_their_sizes() -> Result<()> {
    let complex = Array::from_slice(&[cotan::Complex32::new(3.0, 4.0)], &[1])?;
    assert_eq!(optim::clip_norm(&complex, 1.0)?.1.item::<f32>()?, 5.0);
    let half = ops::astype(&Array::from_slice(&[300.0f32, 400.0], &[2])?, DType::F16)?;
    assert_eq!(optim::clip_norm(&half, 1.0)?.1.item::<f32>()?, 500.0);
    Ok(())
}

#[test]
fn a_restored_optimizer_goes_on_as_if_nothing_had_happened() -> Result<()> {
    random::seed(2);
    let path = std::env::temp_dir().join(format!("cotan-nn-{}.safetensors", std::process::id()));
    let start = Everything::new()?;
    let fresh = || Optimizer::new(Adam::default(), Schedule::cosine(0.01, 8));
    let run = |state: &mut (Everything, Optimizer<Adam>), steps: usize| -> Result<()> {
        (0..steps).try_for_each(|_| {
            let (_, gradients) = value_and_grad(Everything::loss)(&state.0)?;
            state.1.update(&mut state.0, &gradients)
        })
    };
    let mut whole = (start.clone(), fresh());
    run(&mut whole, 6)?;
    let mut half = (start.clone(), fresh());
    run(&mut half, 3)?;
    io::save(&half, &path)?;
    let mut shape = (Everything::new()?, fresh());
    shape.1.init(&shape.0);
    let mut read = io::load(&shape, &path)?;
    run(&mut read, 3)?;
    for (a, b) in whole.leaves().iter().zip(read.leaves()) {
        assert!(ops::array_equal(a, &b, false)?.item::<cotan::Bool>()?.get());
    }
    std::fs::remove_file(path).ok();
    Ok(())
}

#[test]
fn a_compiled_step_is_the_plain_one() -> Result<()> {
    random::seed(3);
    let model = Everything::new()?;
    let step = |(model, optimizer): &(Everything, Optimizer<Adam>)| {
        let (mut model, mut optimizer) = (model.clone(), optimizer.clone());
        let (_, gradients) = value_and_grad(Everything::loss)(&model)?;
        optimizer.update(&mut model, &gradients)?;
        Ok::<_, cotan::Error>((model, optimizer))
    };
    let mut optimizer = Optimizer::new(Adam::default(), Schedule::warmup(0.01, 4));
    optimizer.init(&model);
    let (mut plain, mut compiled) = ((model.clone(), optimizer.clone()), (model, optimizer));
    let recorded = compile(step);
    for _ in 0..3 {
        plain = step(&plain)?;
        compiled = recorded.call(&compiled)?;
    }
    assert_eq!(recorded.cache_info().misses, 1);
    for (a, b) in plain.leaves().iter().zip(compiled.leaves()) {
        assert!(ops::allclose(a, &b, 1e-5, 1e-6, false)?.item::<cotan::Bool>()?.get());
    }
    Ok(())
}

#[test]
fn a_file_of_another_model_is_refused_by_name() -> Result<()> {
    let path = std::env::temp_dir().join(format!("cotan-nn-other-{}.safetensors", std::process::id()));
    io::save(&vec![Linear::new(2, 3)?], &path)?;
    let refusal = |tree: &Vec<Linear>| io::load(tree, &path).map(|_| ()).unwrap_err();
    assert!(refusal(&vec![Linear::new(2, 4)?]).to_string().contains("\"0.weight\""));
    assert!(refusal(&vec![Linear::new(2, 3)?.without_bias()]).to_string().contains("no place for"));
    let more = refusal(&vec![Linear::new(2, 3)?, Linear::new(3, 1)?]);
    assert_eq!((more.kind(), more.to_string().contains("\"1.weight\"")), (ErrorKind::Value, true));
    std::fs::remove_file(&path).ok();
    assert_eq!(io::load(&vec![Linear::new(2, 3)?], &path).map(|_| ()).unwrap_err().kind(), ErrorKind::Runtime);
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error() -> Result<()> {
    let x = ops::zeros(&[2, 3], DType::F32);
    assert!(Linear::new(4, 1)?.forward(&x).is_err());
    assert!(MultiHeadAttention::new(6, 4).is_err());
    assert!(MultiHeadAttention::new(6, 2)?.of_itself(&x, &Mask::All).is_err());
    assert!(GroupNorm::new(3, 4).is_err());
    assert!(GroupNorm::new(2, 4)?.forward(&x).is_err());
    assert!(nn::mse(&x, &ops::zeros(&[3], DType::F32)).is_err());
    assert!(nn::dropout(&x, 1.0, None).is_err());
    let mut w = x.clone();
    let mut sgd = Optimizer::new(Sgd::default(), 0.1);
    assert!(sgd.update(&mut w, &ops::zeros(&[3], DType::F32)).is_err());
    assert!(w.same(&x));
    Ok(())
}

#[test]
fn activations_and_losses_have_their_textbook_values() -> Result<()> {
    let x = Array::from_slice(&[-2.0f32, 0.0, 1.0], &[3])?;
    let close = |a: Array, b: [f64; 3]| -> Result<()> {
        let a = a.to_vec::<f32>()?;
        assert!(a.iter().zip(b).all(|(&a, b)| (f64::from(a) - b).abs() < 1e-4), "{a:?} {b:?}");
        Ok(())
    };
    close(nn::relu(&x)?, [0.0, 0.0, 1.0])?;
    close(nn::leaky_relu(&x, 0.1)?, [-0.2, 0.0, 1.0])?;
    close(nn::gelu(&x)?, [-0.0455, 0.0, 0.84134])?;
    close(nn::gelu_approx(&x)?, [-0.0454, 0.0, 0.84119])?;
    close(nn::silu(&x)?, [-0.23841, 0.0, 0.73106])?;
    close(nn::softplus(&x)?, [0.12693, std::f64::consts::LN_2, 1.31326])?;
    close(nn::elu(&x, 1.0)?, [-0.86466, 0.0, 1.0])?;
    close(nn::mish(&x)?, [-0.25250, 0.0, 0.86510])?;
    close(nn::softmax(&x, 0)?, [0.03512, 0.25950, 0.70538])?;
    let zero = ops::zeros(&[3], DType::F32);
    close(nn::l1(&x, &zero)?, [2.0, 0.0, 1.0])?;
    close(nn::huber(&x, &zero, 1.0)?, [1.5, 0.0, 0.5])?;
    close(nn::binary_cross_entropy(&x, &ops::ones(&[3], DType::F32))?, [2.12693, std::f64::consts::LN_2, 0.31326])?;
    close(nn::poisson(&(&x + 3.0), &ops::ones(&[3], DType::F32))?, [1.0, 1.90139, 2.61371])?;
    let same = nn::cosine_similarity(&x, &(&x * 2.0), 0, 1e-8)?;
    assert!((same.item::<f32>()? - 1.0).abs() < 1e-5);
    assert!(nn::kl_div(&nn::log_softmax(&x, 0)?, &nn::log_softmax(&x, 0)?)?.item::<f32>()?.abs() < 1e-6);
    let halves = nn::glu(&Array::from_slice(&[3.0f32, 0.0], &[2])?, 0)?;
    assert_eq!(halves.to_vec::<f32>()?, [1.5]);
    Ok(())
}
