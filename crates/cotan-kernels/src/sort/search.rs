//! Binary search in sorted data.

use super::key::{Bits, Key};
use crate::error::KernelError;
use crate::lanes::Scratch;
use crate::tensor::{Output, Tensor};
use crate::walk::{Shared, Walk};
use crate::{DType, layout, pool, with_dtype};

/// Searches that go in step.
const ABREAST: usize = 16;

/// For each value the position, as `u32`, at which it would keep `sorted` in order: before equal elements, or after
/// them when `right`. NaN sorts last.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When `sorted` does not have one axis or has more elements than `u32` counts, or the types differ.
///
/// ```
/// use cotan_kernels::{Tensor, sort::searchsorted};
/// let sorted = Tensor::from_slice(&[3.0f32, 5.0, 5.0, 9.0], &[4])?;
/// let values = Tensor::from_slice(&[5.0f32, 10.0], &[2])?;
/// assert_eq!(searchsorted(&sorted, &values, false)?.to_vec::<u32>(), [1, 4]);
/// assert_eq!(searchsorted(&sorted, &values, true)?.to_vec::<u32>(), [3, 4]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn searchsorted(sorted: &Tensor, values: &Tensor, right: bool) -> Result<Tensor, KernelError> {
    assert!(sorted.shape().len() == 1 && u32::try_from(sorted.len()).is_ok(), "searchsorted in {:?}", sorted.shape());
    assert_eq!(sorted.dtype(), values.dtype(), "searchsorted: the types differ");
    let mut out = Output::new(DType::U32, values.shape())?;
    let sorted = sorted.to_row_major()?;
    let row_major = layout::row_major(values.shape());
    let walk = Walk::new(values.shape(), [values.strides(), &row_major]);
    let ([step, to_step], to) = (walk.inner(), Shared(out.slice_mut::<u32>().as_mut_ptr()));
    with_dtype!(sorted.dtype(), T => {
        let mut keys = Scratch::new(sorted.len())?;
        for (key, value) in keys.iter_mut().zip(sorted.as_slice::<T>().unwrap_or_default()) {
            *key = value.key();
        }
        let (keys, from) = (&keys[..], Shared(values.ptr().cast::<T>()));
        let cost = 2.0 * ((keys.len() + 2) as f32).log2();
        pool::parallel_chunks(values.len(), 64, cost, &|range| {
            walk.runs(range.start, range.len(), |[offset, to_offset], count| {
                for start in (0..count as isize).step_by(ABREAST) {
                    let n = ABREAST.min(count - start as usize);
                    let mut wanted = [<T as Key>::Bits::default(); ABREAST];
                    for (i, key) in (start..).zip(&mut wanted[..n]) {
                        // SAFETY: the walk stays within the values.
                        *key = unsafe { *from.get().offset(offset + i * step) }.key();
                    }
                    let found = if right { places::<_, true>(keys, wanted) } else { places::<_, false>(keys, wanted) };
                    for (i, &place) in (start..).zip(&found[..n]) {
                        // SAFETY: the walk stays within the output.
                        unsafe { *to.get().offset(to_offset + i * to_step) = place as u32 };
                    }
                }
            });
        });
    });
    Ok(out.finish())
}

/// How many keys lie before each wanted one. The searches go in step and without branches, so that their cache misses overlap.
fn places<K: Bits, const RIGHT: bool>(keys: &[K], wanted: [K; ABREAST]) -> [usize; ABREAST] {
    let before = |key: K, wanted: K| if RIGHT { key <= wanted } else { key < wanted };
    let mut base = [0; ABREAST];
    let mut len = keys.len();
    while len > 1 {
        let half = len / 2;
        for (base, &wanted) in base.iter_mut().zip(&wanted) {
            // SAFETY: `base + len <= keys.len()` at every step, and `half` is between 1 and `len`.
            let key = unsafe { *keys.get_unchecked(*base + half - 1) };
            *base += half * usize::from(before(key, wanted));
        }
        len -= half;
    }
    if len == 1 {
        for (base, &wanted) in base.iter_mut().zip(&wanted) {
            *base += usize::from(before(keys[*base], wanted));
        }
    }
    base
}
