//! Matrix products with blocks left out.

use cotan_kernels::{DType, layout};

use super::{astype, broadcast_to, matmul, multiply, reshape, same_dtype, strided_slice, where_, zeros};
use crate::array::{Array, Shape};
use crate::error::{Error, Result, tuple};

const OP: &str = "block_masked_mm";

/// Masks over blocks of the two operands and of the result of a product.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockMasks<'a> {
    /// Over the result.
    pub out: Option<&'a Array>,
    /// Over the left operand.
    pub lhs: Option<&'a Array>,
    /// Over the right operand.
    pub rhs: Option<&'a Array>,
}

/// [`matmul`] with masks over square blocks of `block_size`, from the top left; blocks at the edges may be smaller.
///
/// A mask has an element for every block of the matrix, and axes before those two, which broadcast. Where one of bools is
/// false the block is zero, whatever was there; other masks multiply their blocks.
///
/// # Errors
/// As [`matmul`]; when the block size is 0 or a mask doesn't fit.
pub fn block_masked_mm(a: &Array, b: &Array, block_size: usize, masks: BlockMasks) -> Result<Array> {
    if block_size == 0 {
        return Err(Error::value(OP, "blocks have at least one row, got a block size of 0"));
    }
    let (a, b) = same_dtype(a, b)?;
    let apply = |matrices: Array, mask: Option<&Array>| match mask {
        Some(mask) => masked(&matrices, mask, block_size),
        None => Ok(matrices),
    };
    let product = matmul(&apply(a, masks.lhs)?, &apply(b, masks.rhs)?)?;
    apply(product, masks.out)
}

/// Matrices with a mask over blocks.
fn masked(matrices: &Array, mask: &Array, block: usize) -> Result<Array> {
    let Some((batch, &[rows, columns])) = matrices.shape().split_last_chunk::<2>() else {
        return Err(Error::value(OP, format!("masks need matrices, got shape {}", tuple(matrices.shape()))));
    };
    let blocks = [rows.div_ceil(block), columns.div_ceil(block)];
    let wrong = || {
        let (mask, matrices) = (tuple(mask.shape()), tuple(matrices.shape()));
        Error::value(OP, format!("a mask of shape {mask} doesn't fit {} blocks of shape {matrices}", tuple(&blocks)))
    };
    let own = layout::broadcast(mask.shape(), &blocks).ok_or_else(wrong)?;
    let Some((lead, &[down, across])) = own.split_last_chunk::<2>() else { return Err(wrong()) };
    if [down, across] != blocks {
        return Err(wrong());
    }
    // Blocks larger than the matrix are cut, so that sizes can't overflow.
    let [tall, wide] = [block.min(rows.max(1)), block.min(columns.max(1))];
    let apart = reshape(&broadcast_to(mask, &own)?, &[lead, &[down, 1, across, 1]].concat())?;
    let spread = broadcast_to(&apart, &[lead, &[down, tall, across, wide]].concat())?;
    let spread = reshape(&spread, &[lead, &[down * tall, across * wide]].concat())?;
    let rank = spread.ndim();
    let spread = strided_slice(&spread, &vec![0; rank], &vec![1; rank], &[lead, &[rows, columns]].concat())?;
    let shape: Shape = layout::broadcast(lead, batch).ok_or_else(wrong)?;
    let target = [&shape, &[rows, columns][..]].concat();
    let (matrices, spread) = (broadcast_to(matrices, &target)?, broadcast_to(&spread, &target)?);
    if mask.dtype() == DType::Bool {
        return where_(&spread, &matrices, &zeros(&[], matrices.dtype()));
    }
    multiply(&matrices, &astype(&spread, matrices.dtype())?)
}
