//! Byte order and element order: swaps, and column-major to row-major copies.

use std::borrow::Cow;

use cotan_kernels::DType;

use crate::{Error, Result};

/// How stored elements differ from row-major native-endian ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// The other byte order.
    pub swapped: bool,
    /// First axis fastest.
    pub column_major: bool,
}

impl Order {
    /// Row-major little-endian, as safetensors and gguf store elements.
    pub const LITTLE: Order = Order { swapped: cfg!(target_endian = "big"), column_major: false };

    /// True when the stored bytes of such an array are usable as they are.
    pub fn is_native(self, dtype: DType, shape: &[usize]) -> bool {
        let swapped = self.swapped && word(dtype) > 1;
        let transposed = self.column_major && order_matters(shape);
        !swapped && !transposed
    }

    /// Rewrites `stored`, of the same length as `out`, as row-major native-endian elements.
    pub fn restore(self, dtype: DType, shape: &[usize], stored: &[u8], out: &mut [u8]) {
        if self.column_major && order_matters(shape) {
            match dtype.size() {
                1 => rows_from_columns::<1>(shape, stored, out),
                2 => rows_from_columns::<2>(shape, stored, out),
                4 => rows_from_columns::<4>(shape, stored, out),
                _ => rows_from_columns::<8>(shape, stored, out),
            }
        } else {
            out.copy_from_slice(stored);
        }
        if self.swapped {
            swap_bytes(dtype, out);
        }
    }
}

/// Bytes of a tensor; an error when they cannot be counted, even where one dimension is zero.
pub(crate) fn byte_length(dtype: DType, shape: &[usize]) -> Result<usize> {
    let spanned = shape.iter().try_fold(dtype.size(), |total, &n| total.checked_mul(n.max(1)));
    match spanned {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(if shape.contains(&0) { 0 } else { bytes }),
        Some(_) | None => Err(Error::TooLarge { dtype, shape: shape.into() }),
    }
}

/// Native bytes as little-endian ones.
pub(crate) fn little_endian(dtype: DType, data: &[u8]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(data);
    }
    let mut swapped = data.to_vec();
    swap_bytes(dtype, &mut swapped);
    Cow::Owned(swapped)
}

/// Bytes of the unit that a byte swap reverses: a complex number is two of them.
const fn word(dtype: DType) -> usize {
    match dtype {
        DType::C64 => 4,
        DType::Bool
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64
        | DType::I8
        | DType::I16
        | DType::I32
        | DType::I64
        | DType::F16
        | DType::Bf16
        | DType::F32
        | DType::F64 => dtype.size(),
    }
}

fn swap_bytes(dtype: DType, data: &mut [u8]) {
    fn swap<const N: usize>(data: &mut [u8]) {
        data.as_chunks_mut::<N>().0.iter_mut().for_each(|word| word.reverse());
    }
    match word(dtype) {
        2 => swap::<2>(data),
        4 => swap::<4>(data),
        8 => swap::<8>(data),
        _ => {}
    }
}

/// False when at most one axis is longer than one, so that both element orders are the same.
fn order_matters(shape: &[usize]) -> bool {
    shape.iter().filter(|&&n| n != 1).count() > 1 && !shape.contains(&0)
}

/// Transposes a column-major array into a row-major one, in square tiles over its first and last axes.
///
/// A tile is turned over in a small buffer, so that memory is read and written in whole cache lines even where the
/// strides are powers of two and all lines of a tile would share a cache set.
fn rows_from_columns<const N: usize>(shape: &[usize], stored: &[u8], out: &mut [u8]) {
    const TILE: usize = 32;
    let (stored, out) = (stored.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    let (first, middle, last) = (shape[0], &shape[1..shape.len() - 1], shape[shape.len() - 1]);
    let inner: usize = middle.iter().product();
    let (row, column) = (inner * last, first * inner);
    let mut tile = [[[0; N]; TILE]; TILE];
    for m in 0..inner {
        let from = first * reversed_index(m, middle);
        for i in (0..first).step_by(TILE) {
            for j in (0..last).step_by(TILE) {
                let (height, width) = (TILE.min(first - i), TILE.min(last - j));
                for dj in 0..width {
                    let at = from + i + (j + dj) * column;
                    tile.iter_mut().zip(&stored[at..at + height]).for_each(|(line, value)| line[dj] = *value);
                }
                for (di, line) in tile[..height].iter().enumerate() {
                    let at = (i + di) * row + m * last + j;
                    out[at..at + width].copy_from_slice(&line[..width]);
                }
            }
        }
    }
}

/// The column-major position of the element of `shape` whose row-major position is `index`.
fn reversed_index(mut index: usize, shape: &[usize]) -> usize {
    let mut stride: usize = shape.iter().product();
    let mut position = 0;
    for &n in shape.iter().rev() {
        stride /= n;
        position += index % n * stride;
        index /= n;
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_in_any_rank() {
        for shape in [&[2, 3][..], &[5, 1, 3], &[2, 3, 4], &[3, 2, 5, 4], &[33, 2, 40], &[1, 7], &[4]] {
            let count: usize = shape.iter().product();
            let stored: Vec<u8> = (0..count as u16).flat_map(u16::to_ne_bytes).collect();
            let mut out = vec![0; stored.len()];
            Order { swapped: false, column_major: true }.restore(DType::U16, shape, &stored, &mut out);
            for (at, value) in out.as_chunks::<2>().0.iter().enumerate() {
                assert_eq!(usize::from(u16::from_ne_bytes(*value)), reversed_index(at, shape), "{shape:?} at {at}");
            }
        }
    }

    #[test]
    fn a_complex_number_swaps_each_half() {
        let mut data = [1, 2, 3, 4, 5, 6, 7, 8];
        swap_bytes(DType::C64, &mut data);
        assert_eq!(data, [4, 3, 2, 1, 8, 7, 6, 5]);
    }

    #[test]
    fn uncountable_shapes_are_refused_even_when_empty() {
        assert_eq!(byte_length(DType::F32, &[2, 0, 3]).unwrap(), 0);
        assert_eq!(byte_length(DType::F32, &[]).unwrap(), 4);
        assert!(byte_length(DType::F32, &[1 << 40, 1 << 40, 0]).is_err());
        assert!(byte_length(DType::U8, &[usize::MAX]).is_err());
    }
}
