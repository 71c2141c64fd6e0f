//! Random numbers: the reference values of each distribution, keys under vmap, and the state of a thread.

use cotan::random::{self, Samples};
use cotan::transforms::vmap;
use cotan::{Array, DType, Error, ErrorKind, ops};

fn zero() -> Array {
    random::key(0).unwrap()
}

fn ints(array: &Array) -> Vec<i64> {
    ops::astype(array, DType::I64).unwrap().to_vec().unwrap()
}

fn floats(array: &Array) -> Vec<f32> {
    ops::astype(array, DType::F32).unwrap().to_vec().unwrap()
}

fn uniform(shape: &[usize], dtype: DType, key: Option<&Array>) -> cotan::Result<Array> {
    random::uniform(&Array::scalar(0f32), &Array::scalar(1f32), shape, dtype, key)
}

#[track_caller]
fn assert_near(array: &Array, expected: &[f32], tolerance: f32) {
    let got = floats(array);
    assert_eq!(got.len(), expected.len());
    assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance), "{got:?} is not {expected:?}");
}

#[test]
fn bits_and_uniform_numbers_are_the_reference_exactly() {
    let words = random::bits(&[12], 32, Some(&zero())).unwrap();
    let expected: [i64; 12] = [
        3792494674, 582972539, 2883479965, 3114868201, 1492792183, 3245818218, 2909014575, 82862454, 1782947029,
        692041252, 1067690106, 2610540821,
    ];
    assert_eq!(ints(&words), expected);
    assert_eq!(ints(&random::split(&zero(), 6).unwrap()), expected);
    assert_eq!(
        ints(&random::split(&random::key(42).unwrap(), 2).unwrap()),
        [2465931498, 3679230171, 255383827, 267815257]
    );
    assert_eq!(ints(&random::split(&zero(), 1).unwrap()), [928981903, 3453687069]);
    let unit = uniform(&[12], DType::F32, Some(&zero())).unwrap();
    let expected = [
        0.88300896f32,
        0.13573387,
        0.6713625,
        0.7252368,
        0.34756777,
        0.7557259,
        0.6773077,
        0.019292919,
        0.4151247,
        0.16112842,
        0.24859098,
        0.6078139,
    ];
    assert_eq!(floats(&unit), expected);
    let five = uniform(&[5], DType::F32, Some(&zero())).unwrap();
    assert_eq!(floats(&five), [0.57450056, 0.09968609, 0.39316028, 0.8941784, 0.59656656]);
    assert_eq!(floats(&uniform(&[], DType::F32, Some(&zero())).unwrap()), [0.41845712]);
    let wide = random::uniform(&Array::scalar(-2f32), &Array::scalar(3f32), &[12], DType::F32, Some(&zero())).unwrap();
    let expected = [
        2.4150448f32,
        -1.3213307,
        1.3568125,
        1.626184,
        -0.26216114,
        1.7786295,
        1.3865385,
        -1.9035354,
        0.07562351,
        -1.1943579,
        -0.75704515,
        1.0390694,
    ];
    assert_eq!(floats(&wide), expected);
    let half = uniform(&[12], DType::Bf16, Some(&zero())).unwrap();
    let expected = [
        0.8828125, 0.13574219, 0.671875, 0.7265625, 0.34765625, 0.75390625, 0.67578125, 0.01928711, 0.41601562,
        0.16113281, 0.24902344, 0.609375,
    ];
    assert_near(&half, &expected, 1e-7);
}

#[test]
fn narrow_and_wide_bits_are_the_bytes_of_the_words() {
    // Three 16-bit numbers take two words, seven bytes too.
    let words = ints(&random::bits(&[2], 32, Some(&zero())).unwrap());
    let bytes: Vec<u8> = words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
    let narrow = ints(&random::bits(&[7], 8, Some(&zero())).unwrap());
    assert_eq!(narrow, bytes[..7].iter().map(|&byte| i64::from(byte)).collect::<Vec<_>>());
    let half = ints(&random::bits(&[3], 16, Some(&zero())).unwrap());
    assert_eq!(half, bytes.chunks(2).take(3).map(|b| i64::from(u16::from_le_bytes([b[0], b[1]]))).collect::<Vec<_>>());
    let wide = random::bits(&[1], 64, Some(&zero())).unwrap().to_vec::<u64>().unwrap();
    assert_eq!(wide, [words[0] as u64 | (words[1] as u64) << 32]);
    assert!(random::bits(&[0], 8, Some(&zero())).unwrap().to_vec::<u8>().unwrap().is_empty());
    assert_eq!(random::bits(&[1], 12, None).unwrap_err().kind(), ErrorKind::Value);
}

#[test]
fn discrete_draws_are_the_reference_exactly() {
    let randint = |low: i32, high: i32, dtype| {
        random::randint(&Array::scalar(low), &Array::scalar(high), &[12], dtype, Some(&zero())).unwrap()
    };
    assert_eq!(ints(&randint(0, 10, DType::I32)), [8, 1, 6, 7, 3, 7, 6, 0, 4, 1, 2, 6]);
    assert_eq!(ints(&randint(-5, 5, DType::I32)), [3, -4, 1, 2, -2, 2, 1, -5, -1, -4, -3, 1]);
    assert_eq!(ints(&randint(0, 256, DType::U8)), [226, 34, 171, 185, 88, 193, 173, 4, 106, 41, 63, 155]);
    assert_eq!(ints(&randint(5, 2, DType::I32)), [5; 12]);
    let flips = |p: f32| random::bernoulli(&Array::scalar(p), Some(&[12]), Some(&zero())).unwrap();
    assert_eq!(ints(&flips(0.5)), [0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 0]);
    assert_eq!(ints(&flips(0.3)), [0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0]);
    assert_eq!(ints(&flips(1.0)), [1; 12]);
    assert_eq!(ints(&flips(0.0)), [0; 12]);
    assert_eq!(ints(&random::permutation_of(12, Some(&zero())).unwrap()), [7, 1, 9, 10, 4, 8, 11, 2, 6, 3, 5, 0]);
    let rows = ops::zeros(&[12, 4], DType::F32);
    let each = random::categorical(&rows, -1, Samples::One, Some(&zero())).unwrap();
    assert_eq!(ints(&each), [1, 1, 1, 1, 3, 2, 3, 3, 3, 2, 0, 0]);
    let logits = ops::arange(0.0, 4.0, 1.0, DType::F32).unwrap();
    let many = random::categorical(&logits, -1, Samples::Count(12), Some(&zero())).unwrap();
    assert_eq!(ints(&many), [3, 2, 3, 3, 2, 3, 3, 0, 3, 2, 2, 3]);
    let even = ops::zeros(&[4], DType::F32);
    let many = random::categorical(&even, -1, Samples::Count(12), Some(&zero())).unwrap();
    assert_eq!(ints(&many), [3, 0, 2, 2, 1, 3, 2, 0, 1, 0, 0, 2]);
}

#[test]
fn continuous_draws_are_the_reference_to_rounding() {
    let normal = random::normal(&[12], DType::F32, None, None, Some(&zero())).unwrap();
    let expected = [
        1.1901637, -1.0996886, 0.44367874, 0.59847, -0.3918953, 0.6926199, 0.46018356, -2.0685759, -0.2143816,
        -0.9898305, -0.6789303, 0.27362588,
    ];
    assert_near(&normal, &expected, 2e-5);
    let one = Array::scalar(1f32);
    let cut =
        random::truncated_normal(&ops::negative(&one).unwrap(), &one, Some(&[12]), DType::F32, Some(&zero())).unwrap();
    let expected = [
        0.711059,
        -0.6703437,
        0.29757804,
        0.39551008,
        -0.26388016,
        0.4525995,
        0.3082294,
        -0.94697255,
        -0.14575718,
        -0.61688304,
        -0.44443047,
        0.18555567,
    ];
    assert_near(&cut, &expected, 2e-6);
    let gumbel = random::gumbel(&[12], DType::F32, Some(&zero())).unwrap();
    let expected = [
        2.0840929,
        -0.69167566,
        0.92018324,
        1.1355135,
        -0.05524131,
        1.2726924,
        0.9425588,
        -1.3732134,
        0.12876987,
        -0.6018833,
        -0.33070308,
        0.69738305,
    ];
    assert_near(&gumbel, &expected, 2e-6);
    let laplace = random::laplace(&[12], DType::F32, 0.0, 1.0, Some(&zero())).unwrap();
    let expected = [
        -1.452511,
        1.3039117,
        -0.41965294,
        -0.5986985,
        0.36364836,
        -0.71631736,
        -0.43790904,
        3.2548683,
        0.18602903,
        1.1324061,
        0.6987991,
        -0.24287169,
    ];
    assert_near(&laplace, &expected, 2e-6);
}

#[test]
fn complex_normal_numbers_pair_up_scaled_real_ones() {
    let pairs = floats(&random::normal(&[3, 2], DType::F32, None, None, Some(&zero())).unwrap());
    let z = random::normal(&[3], DType::C64, None, None, Some(&zero())).unwrap().to_vec::<cotan::Complex32>().unwrap();
    for (z, pair) in z.iter().zip(pairs.chunks(2)) {
        let root = std::f32::consts::SQRT_2;
        assert!((z.re * root - pair[0]).abs() < 1e-6 && (z.im * root - pair[1]).abs() < 1e-6);
    }
}

#[test]
fn location_and_scale_shift_and_stretch() {
    let plain = floats(&random::normal(&[4], DType::F32, None, None, Some(&zero())).unwrap());
    let (loc, scale) = (Array::from_slice(&[1f32, 2.0, 3.0, 4.0], &[4]).unwrap(), Array::scalar(0.5f32));
    let moved = random::normal(&[4], DType::F32, Some(&loc), Some(&scale), Some(&zero())).unwrap();
    let expected: Vec<f32> = plain.iter().zip(1..).map(|(x, i)| x * 0.5 + i as f32).collect();
    assert_near(&moved, &expected, 1e-6);
}

#[test]
fn a_thread_draws_from_its_own_key() {
    random::seed(0);
    assert_eq!(ints(&random::state().unwrap()), [0, 0]);
    let expected = [
        0.10536904f32,
        0.2787192,
        0.6866877,
        0.5859508,
        0.25828773,
        0.90983343,
        0.85046715,
        0.22533719,
        0.2726627,
        0.009385306,
        0.01841426,
        0.94879615,
    ];
    for (i, expected) in expected.into_iter().enumerate() {
        if i == 1 {
            assert_eq!(ints(&random::state().unwrap()), [4146024105, 967050713]);
        }
        if i == 5 {
            // A state that is not computed yet continues the same stream.
            let pending = ops::add(&random::state().unwrap(), &ops::zeros(&[2], DType::U32)).unwrap();
            random::set_state(&pending).unwrap();
        }
        assert_eq!(uniform(&[], DType::F32, None).unwrap().item::<f32>().unwrap(), expected);
    }
    let other = std::thread::spawn(|| random::state().unwrap().to_vec::<u32>().unwrap()).join().unwrap();
    assert_ne!(other, random::state().unwrap().to_vec::<u32>().unwrap());
    assert_eq!(random::set_state(&ops::zeros(&[2], DType::I32)).unwrap_err().kind(), ErrorKind::Value);
}

#[test]
fn mapped_keys_are_independent_and_shared_keys_give_shared_numbers() {
    let keys = random::split(&zero(), 3).unwrap();
    let f = |x: &[Array]| Ok::<_, Error>(vec![random::normal(&[2, 2], DType::F32, None, None, Some(&x[0]))?]);
    let all = vmap(f, std::slice::from_ref(&keys), &[Some(0)], |_| Ok(vec![0])).unwrap().remove(0);
    for i in 0..3 {
        let key = ops::take_index(&keys, i, Some(0)).unwrap();
        let alone = random::normal(&[2, 2], DType::F32, None, None, Some(&key)).unwrap();
        assert_eq!(floats(&ops::take_index(&all, i, Some(0)).unwrap()), floats(&alone));
    }
    let x = ops::zeros(&[2], DType::F32);
    let g = |x: &[Array]| Ok::<_, Error>(vec![ops::add(&x[0], &uniform(&[2], DType::F32, None)?)?]);
    let shared = floats(&vmap(g, &[x], &[Some(0)], |_| Ok(vec![0])).unwrap()[0]);
    assert_eq!(shared[..2], shared[2..]);
}

#[test]
fn bad_parameters_are_refused_with_the_right_kind() {
    let (low, high) = (ops::zeros(&[2], DType::F32), ops::ones(&[2], DType::F32));
    let kind = |result: cotan::Result<Array>| result.unwrap_err().kind();
    assert_eq!(kind(random::uniform(&low, &high, &[], DType::F32, None)), ErrorKind::Value);
    assert_eq!(random::uniform(&low, &high, &[3, 2], DType::F32, None).unwrap().shape(), [3, 2]);
    assert_eq!(kind(uniform(&[2], DType::I32, None)), ErrorKind::Value);
    assert_eq!(kind(uniform(&[2], DType::C64, None)), ErrorKind::Value);
    assert_eq!(kind(random::randint(&low, &high, &[2], DType::F32, None)), ErrorKind::Value);
    assert_eq!(kind(random::bernoulli(&Array::scalar(1i32), None, None)), ErrorKind::Value);
    assert_eq!(kind(uniform(&[2], DType::F32, Some(&ops::zeros(&[2, 2], DType::U32)))), ErrorKind::Value);
    assert_eq!(kind(random::split(&ops::zeros(&[2], DType::I32), 2)), ErrorKind::Value);
    assert_eq!(kind(random::permutation_of(-1, None)), ErrorKind::Value);
    let logits = ops::zeros(&[2, 4], DType::F32);
    assert_eq!(kind(random::categorical(&logits, 5, Samples::One, None)), ErrorKind::Index);
    assert_eq!(kind(random::categorical(&Array::scalar(1f32), -1, Samples::One, None)), ErrorKind::Index);
    assert_eq!(kind(random::categorical(&logits, -1, Samples::Shape(&[3]), None)), ErrorKind::Value);
    assert_eq!(random::categorical(&logits, -1, Samples::Shape(&[3, 2]), None).unwrap().shape(), [3, 2]);
    assert_eq!(random::categorical(&logits, -1, Samples::Count(3), None).unwrap().shape(), [2, 3]);
    assert_eq!(random::categorical(&logits, 0, Samples::One, None).unwrap().shape(), [4]);
    let huge = [usize::MAX / 2, 4];
    assert_eq!(kind(uniform(&huge, DType::F32, None)), ErrorKind::Value);
}

#[test]
fn a_permutation_moves_whole_entries() {
    let x = ops::reshape(&ops::arange(0.0, 12.0, 1.0, DType::I32).unwrap(), &[4, 3]).unwrap();
    let order = ints(&random::permutation_of(4, Some(&zero())).unwrap());
    let moved = ints(&random::permutation(&x, 0, Some(&zero())).unwrap());
    let expected: Vec<i64> = order.iter().flat_map(|row| (0..3).map(move |column| row * 3 + column)).collect();
    assert_eq!(moved, expected);
}

#[test]
fn multivariate_normals_have_the_mean_and_covariance_that_was_asked_for() {
    let mean = Array::from_slice(&[1.0f32, -2.0], &[2]).unwrap();
    let cov = Array::from_slice(&[2.0f32, 0.6, 0.6, 0.5], &[2, 2]).unwrap();
    let key = cotan::random::key(3).unwrap();
    let draws = cotan::random::multivariate_normal(&mean, &cov, &[20_000], DType::F32, Some(&key)).unwrap();
    let rows: Vec<[f32; 2]> = draws.to_vec::<f32>().unwrap().chunks(2).map(|row| [row[0], row[1]]).collect();
    let count = rows.len() as f32;
    let average = |f: &dyn Fn(&[f32; 2]) -> f32| rows.iter().map(f).sum::<f32>() / count;
    let (x, y) = (average(&|row| row[0]), average(&|row| row[1]));
    let covariance = average(&|row| (row[0] - x) * (row[1] - y));
    assert!((x - 1.0).abs() < 0.05 && (y + 2.0).abs() < 0.05, "{x} {y}");
    assert!((covariance - 0.6).abs() < 0.05, "{covariance}");
    let zero = cotan::ops::zeros(&[2, 2], DType::F32);
    let still = cotan::random::multivariate_normal(&mean, &zero, &[], DType::F32, Some(&key)).unwrap();
    assert_eq!(still.to_vec::<f32>().unwrap(), [1.0, -2.0]);
    assert!(
        cotan::random::multivariate_normal(&mean, &cotan::ops::zeros(&[3, 3], DType::F32), &[], DType::F32, None)
            .is_err()
    );
}
