//! Rotary position embeddings.

use cotan_kernels::{DType, Scalar};

use super::{expect_float, number, wide};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};
use crate::ops::{add, arange, astype, concatenate, cos, divide, exp, multiply, reshape, sin, stack, strided_slice};
use crate::ops::{subtract, unstack};

const OP: &str = "rope";

/// How fast the angle of each pair of features grows with the position.
#[derive(Clone, Debug)]
pub enum Frequencies {
    /// Pair `j` of `d / 2` turns by `base^(-2j / d)` a position.
    Base(f64),
    /// Each pair turns by the inverse of its value.
    Periods(Array),
}

/// Which features [`rope`] turns, and by how much.
#[derive(Clone, Debug)]
pub struct Rope {
    /// How many features, from the first on: an even number.
    pub dims: usize,
    /// Pairs are neighbours, else half of `dims` apart.
    pub traditional: bool,
    /// Angles for a step of one position.
    pub frequencies: Frequencies,
    /// Multiplies positions.
    pub scale: f64,
    /// Position of the first row: an integer, or one for each example.
    pub offset: Array,
}

/// Turns pairs of features in rows of `(B, .., T, D)` by angles that grow with the position of the row (Su et al.,
/// "RoFormer: enhanced transformer with rotary position embedding", 2021). Features beyond `dims` stay.
///
/// # Errors
/// When `a` is not floating or has fewer than three axes, `dims` is odd, 0 or more than there are features, or the offset or
/// the periods have a wrong shape or type.
pub fn rope(a: &Array, options: &Rope) -> Result<Array> {
    check(a, options)?;
    let (rank, dims) = (a.ndim(), options.dims);
    let dtype = wide(a.dtype());
    let (rows, features) = (a.shape()[rank - 2], a.shape()[rank - 1]);
    // Angles have the axes of `a`, with size 1 between the examples and the rows.
    let mut shape: Shape = smallvec::smallvec![1; rank];
    shape[0] = options.offset.size();
    let offset = reshape(&astype(&options.offset, dtype)?, &shape)?;
    shape[0] = 1;
    shape[rank - 2] = rows;
    let steps = reshape(&arange(0.0, rows as f64, 1.0, dtype)?, &shape)?;
    let positions = multiply(&add(&steps, &offset)?, &number(options.scale, dtype))?;
    let angles = angles(&positions, options, dtype)?;
    let turned = turn(&astype(&part(a, 0, dims)?, dtype)?, &angles, options)?;
    let turned = astype(&turned, a.dtype())?;
    if dims == features {
        return Ok(turned);
    }
    concatenate(&[turned, part(a, dims, features - dims)?], Some(-1))
}

fn check(a: &Array, options: &Rope) -> Result<()> {
    expect_float(OP, a.dtype())?;
    let (dims, offset) = (options.dims, &options.offset);
    let features = a.shape().last().copied().unwrap_or(0);
    if a.ndim() < 3 || dims == 0 || dims % 2 != 0 || dims > features {
        let shape = tuple(a.shape());
        return Err(Error::value(OP, format!("can't turn {dims} features of shape {shape}; expected (B, .., T, D)")));
    }
    if !offset.dtype().is_integer() {
        return Err(Error::DType { op: OP, dtype: offset.dtype(), expected: "integer offsets" });
    }
    let one_each = offset.shape() == [1] || offset.shape() == [a.shape()[0]];
    if offset.ndim() > 0 && !one_each {
        let (given, examples) = (tuple(offset.shape()), a.shape()[0]);
        return Err(Error::value(OP, format!("offsets of shape {given} are not one, nor one for {examples} examples")));
    }
    match &options.frequencies {
        Frequencies::Periods(periods) if periods.shape() != [dims / 2] => {
            let given = tuple(periods.shape());
            Err(Error::value(OP, format!("{dims} features need freqs of shape ({},), got {given}", dims / 2)))
        }
        Frequencies::Periods(_) | Frequencies::Base(_) => Ok(()),
    }
}

/// `size` features from `start` on.
fn part(a: &Array, start: usize, size: usize) -> Result<Array> {
    let last = a.ndim() - 1;
    let mut starts: Shape = smallvec::smallvec![0; a.ndim()];
    let mut sizes = Shape::from_slice(a.shape());
    (starts[last], sizes[last]) = (start, size);
    strided_slice(a, &starts, &vec![1; a.ndim()], &sizes)
}

fn angles(positions: &Array, options: &Rope, dtype: DType) -> Result<Array> {
    let pairs = options.dims / 2;
    match &options.frequencies {
        Frequencies::Base(base) => {
            let step = -base.ln() / pairs as f64;
            let powers =
                multiply(&arange(0.0, pairs as f64, 1.0, dtype)?, &Array::full(&[], Scalar::new(step).cast(dtype)))?;
            multiply(positions, &exp(&powers)?)
        }
        Frequencies::Periods(periods) => divide(positions, &astype(periods, dtype)?),
    }
}

/// Every pair of features turned by its angle.
fn turn(x: &Array, angles: &Array, options: &Rope) -> Result<Array> {
    let (lead, pairs) = (&x.shape()[..x.ndim() - 1], options.dims / 2);
    let split = if options.traditional { [pairs, 2] } else { [2, pairs] };
    let axis = if options.traditional { -1 } else { -2 };
    let halves = unstack(&reshape(x, &[lead, &split].concat())?, axis)?;
    let (first, second) = (&halves[0], &halves[1]);
    let (cos, sin) = (cos(angles)?, sin(angles)?);
    let turned = [
        subtract(&multiply(first, &cos)?, &multiply(second, &sin)?)?,
        add(&multiply(first, &sin)?, &multiply(second, &cos)?)?,
    ];
    reshape(&stack(&turned, axis)?, x.shape())
}
