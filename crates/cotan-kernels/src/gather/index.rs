//! Reading indices of any integer type, checked against the axis they index.

use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::Tensor;
use crate::walk::Walk;

/// An integer as an index.
trait Index: Copy {
    fn index(self) -> i64;
}

macro_rules! index {
    ($($T:ty),*) => {
        $(impl Index for $T {
            #[inline(always)]
            fn index(self) -> i64 {
                i64::from(self)
            }
        })*
    };
}
index!(u8, u16, u32, i8, i16, i32, i64);

impl Index for u64 {
    #[inline(always)]
    fn index(self) -> i64 {
        // No axis is that long: it stays out of range, and positive.
        i64::try_from(self).unwrap_or(i64::MAX)
    }
}

/// Calls a generic block with the Rust type of an integer [`DType`].
macro_rules! with_index {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::DType::U16 => {
                type $T = u16;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::U64 => {
                type $T = u64;
                $body
            }
            $crate::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::DType::I16 => {
                type $T = i16;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            other @ ($crate::DType::Bool
            | $crate::DType::F16
            | $crate::DType::Bf16
            | $crate::DType::F32
            | $crate::DType::F64
            | $crate::DType::C64) => panic!("indices of {other}"),
        }
    };
}

/// Index tensors of one shape and how far a step along each of their axes reaches in the indexed tensor.
pub(super) struct Indices<'a> {
    tensors: &'a [Tensor],
    walks: Vec<Walk<1>>,
    axes: &'a [usize],
    sizes: Vec<usize>,
    strides: Vec<isize>,
}

impl<'a> Indices<'a> {
    /// # Panics
    /// When the index tensors differ in shape, are not integers, or are not as many as the axes.
    pub fn new(tensors: &'a [Tensor], axes: &'a [usize], shape: &[usize], strides: &[isize]) -> Indices<'a> {
        assert_eq!(tensors.len(), axes.len(), "one index tensor per indexed axis");
        for tensor in tensors {
            assert_eq!(tensor.shape(), tensors[0].shape(), "index tensors have one shape");
        }
        Indices {
            walks: tensors.iter().map(|tensor| Walk::new(tensor.shape(), [tensor.strides()])).collect(),
            tensors,
            sizes: axes.iter().map(|&axis| shape[axis]).collect(),
            strides: axes.iter().map(|&axis| strides[axis]).collect(),
            axes,
        }
    }

    /// The shape of the index tensors.
    pub fn shape(&self) -> &[usize] {
        self.tensors.first().map_or(&[], Tensor::shape)
    }

    /// Fills `out` with the offsets of the places `start..start + out.len()`.
    ///
    /// # Errors
    /// An index outside its axis, with its place.
    pub fn offsets(&self, start: usize, out: &mut [isize]) -> Result<(), (usize, KernelError)> {
        out.fill(0);
        // Of several wrong indices the first place counts, and there the first axis.
        let mut wrong: Option<(usize, KernelError)> = None;
        for (k, tensor) in self.tensors.iter().enumerate() {
            let (size, stride) = (self.sizes[k], self.strides[k]);
            let mut report = |at: usize, index: i64| {
                if wrong.as_ref().is_none_or(|(other, _)| at < *other) {
                    wrong = Some((at, KernelError::Index { index, size, axis: self.axes[k] }));
                }
            };
            let step = self.walks[k].inner()[0];
            with_index!(tensor.dtype(), T => {
                let base = tensor.ptr().cast::<T>();
                let mut done = 0;
                self.walks[k].runs(start, out.len(), |[offset], n| {
                    if step == 1 {
                        // SAFETY: the walk stays within the tensor.
                        let indices = unsafe { std::slice::from_raw_parts(base.offset(offset), n) };
                        let all_inside = dispatch(Add { indices, size, stride, out: &mut out[done..done + n] });
                        if all_inside {
                            done += n;
                            return;
                        }
                    }
                    for i in 0..n {
                        // SAFETY: the walk stays within the tensor.
                        let index = unsafe { *base.offset(offset + i as isize * step) };
                        match checked(index.index(), size) {
                            Some(index) => out[done + i] += index as isize * stride,
                            None => report(start + done + i, index.index()),
                        }
                    }
                    done += n;
                });
            });
        }
        wrong.map_or(Ok(()), Err)
    }
}

/// Adds the offsets of indices that lie one after another.
struct Add<'a, T> {
    indices: &'a [T],
    size: usize,
    stride: isize,
    out: &'a mut [isize],
}

impl<T: Index> Kernel for Add<'_, T> {
    /// Whether all indices were in range; if not, the sums mean nothing.
    type Output = bool;
    #[inline(always)]
    fn run<I: Isa>(self) -> bool {
        let size = self.size as i64;
        let mut inside = true;
        for (out, index) in self.out.iter_mut().zip(self.indices) {
            let index = index.index();
            let place = if index < 0 { index.wrapping_add(size) } else { index };
            inside &= (place as u64) < size as u64;
            *out = out.wrapping_add((place as isize).wrapping_mul(self.stride));
        }
        inside
    }
}

/// The place that an index names, counting from the end when it is negative.
#[inline(always)]
fn checked(index: i64, size: usize) -> Option<usize> {
    let place = if index < 0 { index + size as i64 } else { index };
    (place >= 0 && place < size as i64).then_some(place as usize)
}
