//! Rotary position embeddings.

mod compose;
mod rotate;

use cotan_kernels::Scalar;

pub(crate) use rotate::Rotate;

use super::{composed, expect_float, number, wide};
use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::astype;

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
    let offset = &options.offset;
    let (base, periods) = match &options.frequencies {
        Frequencies::Base(base) => (Some(Scalar::new(*base)), None),
        Frequencies::Periods(periods) => (None, Some(astype(periods, wide(a.dtype()))?)),
    };
    let Rope { dims, traditional, .. } = *options;
    let op = Rotate { dims, traditional, inverse: false, scale: Scalar::new(options.scale), base };
    Array::apply(op, [a, offset].into_iter().cloned().chain(periods).collect())
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
