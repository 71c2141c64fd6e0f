//! Random numbers from explicit keys, or from the key that each thread keeps.
//!
//! Bits come from Threefry-2x32 with 20 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
//! numbers: as easy as 1, 2, 3", SC 2011. The same key always gives the same numbers, on every machine; the stream
//! depends on how many numbers are drawn at once. Nothing here evaluates: drawing is as lazy as any operation.

mod discrete;
mod multivariate;
mod state;

pub use discrete::{Samples, bernoulli, categorical, permutation, permutation_of, randint};
pub use multivariate::multivariate_normal;
pub use state::{next_key, seed, set_state, state};

use cotan_kernels::{Complex32, DType, Scalar};
use smallvec::smallvec;

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::expect_fixed;
use crate::ops::{
    RandomBits, abs, add, astype, broadcast_to, clip, divide, erf, erfinv, log, log1p, minimum, multiply,
};
use crate::ops::{negative, reshape, right_shift, sign, slice_axis, subtract};

/// The largest number below 1, of the types in which numbers are drawn.
fn below_one(dtype: DType) -> Array {
    number(dtype, if dtype == DType::F64 { 1.0 - f64::EPSILON / 2.0 } else { 1.0 - f64::from(f32::EPSILON) / 2.0 })
}

/// The type in which numbers that become a `dtype` are drawn.
fn drawn(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

/// The key of a seed: two words of `uint32`, the high one first.
///
/// # Errors
/// When there is no memory.
pub fn key(seed: u64) -> Result<Array> {
    Array::from_slice(&[(seed >> 32) as u32, seed as u32], &[2])
}

/// `count` new keys from one, in an array of shape `(count, 2)`.
///
/// # Errors
/// When `key` is not a key.
///
/// ```
/// use cotan::random;
/// let keys = random::split(&random::key(0)?, 2)?;
/// assert_eq!(keys.to_vec::<u32>()?, [4146024105, 967050713, 2718843009, 1272950319]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn split(key: &Array, count: usize) -> Result<Array> {
    expect_key("split", key)?;
    draw(&[count, 2], DType::U32, key)
}

/// Uniformly random unsigned integers of `width` bits.
///
/// # Errors
/// When `width` is not 8, 16, 32 or 64, or `key` is not a key.
pub fn bits(shape: &[usize], width: u32, key: Option<&Array>) -> Result<Array> {
    let dtype = match width {
        8 => DType::U8,
        16 => DType::U16,
        32 => DType::U32,
        64 => DType::U64,
        _ => return Err(Error::value("bits", format!("a width is 8, 16, 32 or 64 bits, got {width}"))),
    };
    draw(shape, dtype, &given_or_next("bits", key)?)
}

/// Uniformly distributed numbers in `[low, high)`, as `dtype`.
///
/// # Errors
/// When the bounds don't broadcast to `shape`, `dtype` is not a real floating type, or `key` is not a key.
pub fn uniform(low: &Array, high: &Array, shape: &[usize], dtype: DType, key: Option<&Array>) -> Result<Array> {
    const OP: &str = "uniform";
    expect_real(OP, dtype)?;
    let (low, high) = (astype(low, dtype)?, astype(high, dtype)?);
    expect_fit(OP, &[&low, &high], shape)?;
    let unit = unit(shape, dtype, &given_or_next(OP, key)?)?;
    add(&multiply(&subtract(&high, &low)?, &astype(&unit, dtype)?)?, &low)
}

/// Numbers in `[0, 1)`, in single precision for types up to that: a word each, or for doubles 53 bits of two.
fn unit(shape: &[usize], dtype: DType, key: &Array) -> Result<Array> {
    if dtype == DType::F64 {
        let bits = right_shift(&draw(shape, DType::U64, key)?, &number(DType::U64, 11.0))?;
        return multiply(&astype(&bits, dtype)?, &number(dtype, f64::EPSILON / 2.0));
    }
    // The gap below 1 is half of that above it.
    let gap = if dtype == DType::F16 {
        2048.0
    } else if dtype == DType::Bf16 {
        256.0
    } else {
        16_777_216.0
    };
    let words = astype(&draw(shape, DType::U32, key)?, DType::F32)?;
    // `u32::MAX` as a float is 2^32, so the division is exact.
    minimum(&divide(&words, &number(DType::F32, 4_294_967_296.0))?, &number(DType::F32, 1.0 - 1.0 / gap))
}

/// Normally distributed numbers with mean `loc` and standard deviation `scale` (0 and 1 when `None`), as `dtype`.
///
/// The parts of complex numbers have half of the variance each.
///
/// # Errors
/// When `loc` or `scale` don't broadcast to `shape`, `dtype` is not a floating type, or `key` is not a key.
pub fn normal(
    shape: &[usize],
    dtype: DType,
    loc: Option<&Array>,
    scale: Option<&Array>,
    key: Option<&Array>,
) -> Result<Array> {
    const OP: &str = "normal";
    expect_inexact(OP, dtype)?;
    for parameter in [loc, scale].into_iter().flatten() {
        expect_fit(OP, &[parameter], shape)?;
    }
    let mut values = if dtype == DType::C64 {
        let parts = erfinv(&symmetric(OP, &[shape, &[2]].concat(), DType::F32, key)?)?;
        let [re, im] =
            [0, 1].map(|part| astype(&reshape(&slice_axis(&parts, shape.len(), part, 1, 1)?, shape)?, dtype));
        add(&re?, &multiply(&im?, &Array::scalar(Complex32::i()))?)?
    } else {
        let standard = erfinv(&symmetric(OP, shape, drawn(dtype), key)?)?;
        astype(&multiply(&standard, &number(drawn(dtype), std::f64::consts::SQRT_2))?, dtype)?
    };
    if let Some(scale) = scale {
        values = multiply(&values, &astype(scale, dtype)?)?;
    }
    if let Some(loc) = loc {
        values = add(&values, &astype(loc, dtype)?)?;
    }
    Ok(values)
}

/// Normally distributed numbers between `lower` and `upper`, as `dtype`; the default shape is that of the bounds.
///
/// # Errors
/// When the bounds don't broadcast to the shape, `dtype` is not a real floating type, or `key` is not a key.
pub fn truncated_normal(
    lower: &Array,
    upper: &Array,
    shape: Option<&[usize]>,
    dtype: DType,
    key: Option<&Array>,
) -> Result<Array> {
    const OP: &str = "truncated_normal";
    expect_real(OP, dtype)?;
    let wide = drawn(dtype);
    let (lower, upper) = (astype(lower, wide)?, astype(upper, wide)?);
    let common = crate::ops::broadcast_shapes(&[lower.shape(), upper.shape()])?;
    let shape = shape.unwrap_or(&common);
    expect_fit(OP, &[&lower, &upper], shape)?;
    let root = number(wide, std::f64::consts::SQRT_2);
    let bound = |x: &Array| erf(&divide(x, &root)?);
    let unit = uniform(&bound(&lower)?, &bound(&upper)?, shape, wide, key)?;
    let values = multiply(&root, &erfinv(&unit)?)?;
    astype(&clip(&values, Some(&lower), Some(&upper))?, dtype)
}

/// Numbers with the standard Gumbel distribution, as `dtype`.
///
/// # Errors
/// When `dtype` is not a real floating type, or `key` is not a key.
pub fn gumbel(shape: &[usize], dtype: DType, key: Option<&Array>) -> Result<Array> {
    expect_real("gumbel", dtype)?;
    let unit = uniform(&number(dtype, 0.0), &number(dtype, 1.0), shape, dtype, key)?;
    negative(&log(&negative(&log(&unit)?)?)?)
}

/// Numbers with the Laplace distribution around `loc`, as `dtype`.
///
/// # Errors
/// When `dtype` is not a real floating type, or `key` is not a key.
pub fn laplace(shape: &[usize], dtype: DType, loc: f64, scale: f64, key: Option<&Array>) -> Result<Array> {
    expect_real("laplace", dtype)?;
    let side = symmetric("laplace", shape, drawn(dtype), key)?;
    let standard = astype(&multiply(&sign(&side)?, &log1p(&negative(&abs(&side)?)?)?)?, dtype)?;
    add(&multiply(&standard, &number(dtype, scale))?, &number(dtype, loc))
}

/// Uniform numbers in (-1, 1), of a type in which numbers are drawn.
fn symmetric(op: &'static str, shape: &[usize], dtype: DType, key: Option<&Array>) -> Result<Array> {
    let key = given_or_next(op, key)?;
    uniform(&negative(&below_one(dtype))?, &number(dtype, 1.0), shape, dtype, Some(&key))
}

fn draw(shape: &[usize], dtype: DType, key: &Array) -> Result<Array> {
    Array::apply(RandomBits { shape: shape.into(), dtype }, smallvec![key.clone()])
}

fn number(dtype: DType, value: f64) -> Array {
    Array::full(&[], Scalar::new(value).cast(dtype))
}

/// The key that was given, or the next one of the thread.
fn given_or_next(op: &'static str, key: Option<&Array>) -> Result<Array> {
    match key {
        Some(key) => expect_key(op, key).map(|()| key.clone()),
        None => next_key(),
    }
}

fn expect_key(op: &'static str, key: &Array) -> Result<()> {
    if key.dtype() == DType::U32 && key.shape() == [2] {
        return Ok(());
    }
    let message = format!("a key is uint32 of shape (2,), got {} of shape {}", key.dtype(), tuple(key.shape()));
    Err(Error::value(op, message))
}

/// Parameters may repeat over the drawn shape, but don't enlarge it.
fn expect_fit(op: &'static str, parameters: &[&Array], shape: &[usize]) -> Result<()> {
    for parameter in parameters {
        expect_fixed(op, parameter)?;
        broadcast_to(parameter, shape).map_err(|_| Error::Broadcast {
            op,
            left: parameter.shape().into(),
            right: shape.into(),
        })?;
    }
    Ok(())
}

fn expect_inexact(op: &'static str, dtype: DType) -> Result<()> {
    if dtype.is_inexact() { Ok(()) } else { Err(Error::DType { op, dtype, expected: "a floating type" }) }
}

fn expect_real(op: &'static str, dtype: DType) -> Result<()> {
    if dtype.is_float() { Ok(()) } else { Err(Error::DType { op, dtype, expected: "a real floating type" }) }
}
