//! One elementwise kernel over few elements, for which binding a program to memory takes longer than running it.

use std::mem::MaybeUninit;

use crate::copy::copy_run;
use crate::layout::{self, for_each_run};
use crate::memory::AllocError;
use crate::simd::Tile;
use crate::{Output, Scalar, Tensor};

/// The most elements that are few.
pub const FEW: usize = 256;

/// What a kernel reads.
pub enum Argument {
    /// A tensor that broadcasts to the result.
    Tensor(Tensor),
    /// The same value everywhere.
    Constant(Scalar),
}

/// Room for the same value at every place.
#[repr(align(64))]
struct Repeated([MaybeUninit<u8>; FEW * 8]);

impl Repeated {
    /// # Safety
    /// `value` is readable for `size` bytes, at most eight, and `n` is at most [`FEW`].
    unsafe fn fill(&mut self, value: *const u8, size: usize, n: usize) -> *const u8 {
        let to = self.0.as_mut_ptr().cast::<u8>();
        for i in 0..n {
            // SAFETY: `n * size` bytes are in the room, and the value is readable.
            unsafe { to.add(i * size).copy_from_nonoverlapping(value, size) };
        }
        to
    }

    /// The elements of a tensor in row-major order, as often as this shape of at most [`FEW`] elements repeats them.
    fn arrange(&mut self, tensor: &Tensor, shape: &[usize], n: usize) -> *const u8 {
        let (view, size) = (tensor.broadcast_to(shape), tensor.dtype().size());
        let inner = view.strides().last().copied().unwrap_or(0);
        let room = self.0.as_mut_ptr().cast::<u8>();
        let mut to = room;
        for_each_run(shape, view.strides(), 0, n, |offset, count| {
            // SAFETY: every index of the view lies within its buffer, and the runs together have `n` elements.
            unsafe {
                copy_run(view.ptr().offset(offset * size as isize), inner, to, count, size);
                to = to.add(count * size);
            }
        });
        room
    }
}

/// The result of a kernel in this shape; `None` when there are no or many elements.
///
/// # Panics
/// When the arguments are not of the kernel's types, or don't broadcast to the shape.
///
/// # Errors
/// When there is no memory.
pub fn run(tile: Tile, shape: &[usize], arguments: &[Argument]) -> Option<Result<Tensor, AllocError>> {
    let n = layout::checked_len(shape).filter(|n| (1..=FEW).contains(n))?;
    assert_eq!(tile.arity(), arguments.len(), "run: the kernel has another arity");
    let mut rooms = [const { MaybeUninit::<Repeated>::uninit() }; 3];
    let mut sources = [std::ptr::null(); 3];
    for (place, argument) in arguments.iter().enumerate() {
        // SAFETY: room for bytes that are not initialised needs no initialisation.
        let room = unsafe { rooms[place].assume_init_mut() };
        let dtype = tile.args()[place];
        sources[place] = match argument {
            Argument::Constant(value) => {
                assert_eq!(Some(value.dtype()), dtype, "run: argument {place} has another type");
                // SAFETY: a scalar has eight bytes, and `n` is small.
                unsafe { room.fill(value.bytes().as_ptr(), value.dtype().size(), n) }
            }
            Argument::Tensor(tensor) => {
                assert_eq!(Some(tensor.dtype()), dtype, "run: argument {place} has another type");
                match tensor.len() {
                    1 => {
                        // SAFETY: the tensor has one element, and `n` is small.
                        unsafe { room.fill(tensor.ptr(), tensor.dtype().size(), n) }
                    }
                    _ if tensor.shape() == shape && tensor.is_row_major() => tensor.ptr().cast_const(),
                    _ => room.arrange(tensor, shape, n),
                }
            }
        };
    }
    let mut result = match Output::new(tile.result(), shape) {
        Ok(result) => result,
        Err(error) => return Some(Err(error)),
    };
    // SAFETY: every source holds `n` elements of the type that was checked, and the result, which is new, as many of its own.
    unsafe { tile.run(&sources, result.ptr(), n) };
    Some(Ok(result.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;
    use crate::simd::Map2;

    #[derive(Clone, Copy)]
    struct Difference;

    impl Map2<f32, f32, f32> for Difference {
        fn call<I: Isa>(a: f32, b: f32) -> f32 {
            a - b
        }
    }

    #[test]
    fn few_elements_are_computed_in_any_layout_and_many_left_to_programs() {
        let tile = Tile::map2::<f32, f32, f32, Difference>();
        let vector = |n: usize| {
            let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
            Tensor::from_slice(&values, &[n]).unwrap()
        };
        let run = |shape: &[usize], arguments: [Argument; 2]| {
            run(tile, shape, &arguments).map(|result| result.unwrap().to_vec::<f32>())
        };
        for n in [1, 2, 63, 64, 65, FEW] {
            let both = run(&[n], [Argument::Tensor(vector(n)), Argument::Constant(Scalar::new(1.0f32))]);
            assert_eq!(both, Some((0..n).map(|i| i as f32 - 1.0).collect()));
        }
        let one = Tensor::from_slice(&[5.0f32], &[1, 1]).unwrap();
        assert_eq!(
            run(&[1, 2], [Argument::Tensor(one), Argument::Tensor(vector(2).reshape(&[1, 2]).unwrap())]),
            Some(vec![5.0, 4.0])
        );
        let square = vector(4).reshape(&[2, 2]).unwrap();
        let turned = square.permute(&[1, 0]);
        assert_eq!(
            run(&[2, 2], [Argument::Tensor(turned.clone()), Argument::Tensor(square)]),
            Some(vec![0.0, 1.0, -1.0, 0.0])
        );
        assert_eq!(
            run(&[2, 2, 2], [Argument::Tensor(turned), Argument::Tensor(vector(2))]),
            Some(vec![0.0, 1.0, 1.0, 2.0, 0.0, 1.0, 1.0, 2.0])
        );
        assert!(run(&[FEW + 1], [Argument::Tensor(vector(FEW + 1)), Argument::Tensor(vector(1))]).is_none());
        assert!(run(&[0], [Argument::Tensor(vector(0)), Argument::Tensor(vector(1))]).is_none());
    }
}
