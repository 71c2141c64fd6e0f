//! Trains a transformer to continue Rust, saves it, and lets it write: `cargo run --release --example transformer`.

use std::io::Write;

use cotan::nn::{Embedding, Linear, MultiHeadAttention, RmsNorm};
use cotan::optim::{AdamW, Optimizer, Schedule, clip_norm};
use cotan::{Array, DType, Result, Tree, compile, eval, fast::Mask, io, nn, ops, random, value_and_grad};

/// The text: this library's own source.
const TEXT: &str = concat!(include_str!("../src/tree.rs"), include_str!("../src/operators.rs"));
const CONTEXT: usize = 64;
const FEATURES: usize = 64;

#[derive(Clone, Tree)]
struct Block {
    norms: [RmsNorm; 2],
    attention: MultiHeadAttention,
    widen: Linear,
    narrow: Linear,
}

#[derive(Clone, Tree)]
struct Transformer {
    words: Embedding,
    places: Embedding,
    blocks: Vec<Block>,
    norm: RmsNorm,
}

impl Block {
    fn new() -> Result<Block> {
        let norms = [RmsNorm::new(FEATURES), RmsNorm::new(FEATURES)];
        let (widen, narrow) = (Linear::new(FEATURES, 4 * FEATURES)?, Linear::new(4 * FEATURES, FEATURES)?);
        Ok(Block { norms, attention: MultiHeadAttention::new(FEATURES, 4)?, widen, narrow })
    }

    fn forward(&self, x: &Array) -> Result<Array> {
        let x = x + self.attention.of_itself(&self.norms[0].forward(x)?, &Mask::Causal)?;
        Ok(&x + self.narrow.forward(&nn::gelu(&self.widen.forward(&self.norms[1].forward(&x)?)?)?)?)
    }
}

impl Transformer {
    fn new(blocks: usize) -> Result<Transformer> {
        let blocks = (0..blocks).map(|_| Block::new()).collect::<Result<_>>()?;
        let (words, places) = (Embedding::new(128, FEATURES)?, Embedding::new(CONTEXT, FEATURES)?);
        Ok(Transformer { words, places, blocks, norm: RmsNorm::new(FEATURES) })
    }

    /// Scores of what comes after each of `words` `(examples, places)`.
    fn forward(&self, words: &Array) -> Result<Array> {
        let places = ops::arange(0.0, words.shape()[1] as f64, 1.0, DType::I32)?;
        let start = self.words.forward(words)? + self.places.forward(&places)?;
        let x = self.blocks.iter().try_fold(start, |x, block| block.forward(&x))?;
        self.words.as_linear(&self.norm.forward(&x)?)
    }

    fn loss(&self, text: &Array) -> Result<Array> {
        let part = |start: usize| ops::strided_slice(text, &[0, start], &[1, 1], &[text.shape()[0], CONTEXT]);
        nn::cross_entropy(&self.forward(&part(0)?)?, &part(1)?)?.mean(None, false)
    }
}

/// `count` stretches of the text at random places.
fn batch(count: usize) -> Result<Array> {
    let text: Vec<i32> = TEXT.bytes().map(|byte| i32::from(byte.min(127))).collect();
    let starts = random::randint(
        &Array::scalar(0i32),
        &Array::scalar((text.len() - CONTEXT) as i32),
        &[count, 1],
        DType::I32,
        None,
    )?;
    let places = starts + ops::arange(0.0, CONTEXT as f64 + 1.0, 1.0, DType::I32)?;
    ops::take(&Array::from_slice(&text, &[text.len()])?, &places, None)
}

/// Trains a model and returns it with its last loss.
fn train(steps: usize, blocks: usize, mut report: impl FnMut(usize, f32)) -> Result<(Transformer, f32)> {
    random::seed(0);
    let model = Transformer::new(blocks)?;
    let rate = Schedule::warmup(3e-3, 20).then(20, Schedule::cosine(3e-3, steps as u32));
    let step = compile(|(model, optimizer, text): &(Transformer, Optimizer<AdamW>, Array)| {
        let (mut model, mut optimizer) = (model.clone(), optimizer.clone());
        let (loss, gradients) = value_and_grad(|model: &Transformer| model.loss(text))(&model)?;
        let (gradients, _) = clip_norm(&gradients, 1.0)?;
        optimizer.update(&mut model, &gradients)?;
        Ok::<_, cotan::Error>((model, optimizer, loss))
    });
    let mut state = (model, Optimizer::new(AdamW::default(), rate));
    state.1.init(&state.0);
    let mut last = f32::NAN;
    for number in 0..steps {
        let (model, optimizer, loss) = step.call(&(state.0, state.1, batch(16)?))?;
        eval(&[model.leaves(), optimizer.leaves(), vec![loss.clone()]].concat())?;
        last = loss.item::<f32>()?;
        report(number, last);
        state = (model, optimizer);
    }
    Ok((state.0, last))
}

fn write(model: &Transformer, prompt: &str, length: usize) -> Result<String> {
    let mut text: Vec<i32> = prompt.bytes().map(i32::from).collect();
    for _ in 0..length {
        let seen = &text[text.len().saturating_sub(CONTEXT)..];
        let scores = model.forward(&Array::from_slice(seen, &[1, seen.len()])?)?;
        let last = ops::take(&scores, &Array::scalar(seen.len() as i32 - 1), Some(1))?;
        let next = random::categorical(&(last * 1.5), -1, random::Samples::One, None)?;
        text.push(next.astype(DType::I32)?.item::<i32>()?);
    }
    Ok(text.iter().map(|&byte| char::from(byte as u8)).collect())
}

fn main() -> Result<()> {
    let (model, _) = train(400, 2, |step, loss| {
        print!("\rstep {:3}/400  loss {loss:.3}", step + 1);
        let _ = std::io::stdout().flush();
    })?;
    let path = std::env::temp_dir().join("cotan-transformer.safetensors");
    io::save(&model, &path)?;
    let read = io::load(&Transformer::new(2)?, &path)?;
    println!("\nsaved to {}, read back, and it writes:\n{}", path.display(), write(&read, "pub fn ", 300)?);
    Ok(())
}

#[test]
fn training_lowers_the_loss() {
    let mut first = None;
    let (model, last) = train(12, 1, |_, loss| {
        first.get_or_insert(loss);
    })
    .unwrap();
    assert!(last < first.unwrap() - 0.3, "{first:?} to {last}");
    assert_eq!(write(&model, "fn", 5).unwrap().chars().count(), 7);
}
