//! Rotary positions of other operations, for the derivatives that are no rotations.

use cotan_kernels::Scalar;

use super::{OP, Rotate, number, wide};
use crate::array::{Array, Shape};
use crate::error::Result;
use crate::ops::{
    add, arange, astype, concatenate, cos, divide, exp, expand_dims, expect_fixed, multiply, negative, reshape,
};
use crate::ops::{sin, stack, strided_slice, subtract, unstack};

/// What the operation computes from the rows, their offsets and perhaps periods.
pub(super) fn compose(options: &Rotate, inputs: &[Array]) -> Result<Array> {
    let (a, offset, periods) = (&inputs[0], &inputs[1], inputs.get(2));
    expect_fixed(OP, a)?;
    let (rank, dims) = (a.ndim(), options.dims);
    let dtype = wide(a.dtype());
    let (rows, features) = (a.shape()[rank - 2], a.shape()[rank - 1]);
    // Angles have the axes of `a`, with size 1 between the offsets' and the rows.
    let axes: Vec<i64> = (offset.ndim()..rank).map(|axis| axis as i64).collect();
    let offset = expand_dims(&astype(offset, dtype)?, &axes)?;
    let mut shape: Shape = smallvec::smallvec![1; rank];
    shape[rank - 2] = rows;
    let steps = reshape(&arange(0.0, rows as f64, 1.0, dtype)?, &shape)?;
    let positions = multiply(&add(&steps, &offset)?, &number(options.scale.to::<f64>(), dtype))?;
    let mut angles = angles(&positions, options, periods)?;
    if options.inverse {
        angles = negative(&angles)?;
    }
    let turned = turn(&astype(&part(a, 0, dims)?, dtype)?, &angles, options)?;
    let turned = astype(&turned, a.dtype())?;
    if dims == features {
        return Ok(turned);
    }
    concatenate(&[turned, part(a, dims, features - dims)?], Some(-1))
}

/// `size` features from `start` on.
fn part(a: &Array, start: usize, size: usize) -> Result<Array> {
    let last = a.ndim() - 1;
    let mut starts: Shape = smallvec::smallvec![0; a.ndim()];
    let mut sizes = Shape::from_slice(a.shape());
    (starts[last], sizes[last]) = (start, size);
    strided_slice(a, &starts, &vec![1; a.ndim()], &sizes)
}

fn angles(positions: &Array, options: &Rotate, periods: Option<&Array>) -> Result<Array> {
    let (pairs, dtype) = (options.dims / 2, positions.dtype());
    let base = options.base.map(Scalar::to::<f64>);
    match (periods, base) {
        (Some(periods), _) => divide(positions, periods),
        (None, base) => {
            let step = -base.unwrap_or(1.0).ln() / pairs as f64;
            let powers = multiply(&arange(0.0, pairs as f64, 1.0, dtype)?, &number(step, dtype))?;
            multiply(positions, &exp(&powers)?)
        }
    }
}

/// Every pair of features turned by its angle.
fn turn(x: &Array, angles: &Array, options: &Rotate) -> Result<Array> {
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
