//! Reductions of few elements, for which binding a program to memory takes longer than running it.

use std::mem::MaybeUninit;

use num_complex::Complex;

use super::folder::Folder;
use super::{ReduceOp, middle, reduced_shape};
use crate::memory::AllocError;
use crate::small::FEW;
use crate::tensor::{Output, Tensor};

/// What [`super::reduce`] gives for the elements of a tensor; `None` when there are no or many, or they lie in an order
/// that has to be arranged first.
///
/// # Panics
/// When an axis is out of range.
///
/// # Errors
/// When there is no memory.
#[must_use]
pub fn reduce_few(op: ReduceOp, tensor: &Tensor, axes: &[usize]) -> Option<Result<Tensor, AllocError>> {
    let shape = tensor.shape();
    if !(1..=FEW).contains(&tensor.len()) || !tensor.is_row_major() {
        return None;
    }
    let [outer, r, inner] = middle(shape, axes)?;
    let fold = Folder::of(op, tensor.dtype());
    let mut out = match Output::new(fold.result, &reduced_shape(shape, axes)) {
        Ok(out) => out,
        Err(error) => return Some(Err(error)),
    };
    // No accumulator is larger.
    let mut room = MaybeUninit::<[Complex<f64>; FEW]>::uninit();
    let acc = room.as_mut_ptr().cast::<u8>();
    // SAFETY: the values are `outer * r * inner` elements of the folder's type in row-major order; the `outer * inner`
    // accumulators and results are at most as many, which the room and the output take.
    unsafe {
        fold.fill(acc, outer * inner);
        fold.groups(tensor.ptr(), [outer, r, inner], acc);
        fold.finish(acc, outer * inner, out.ptr());
    }
    Some(Ok(out.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;
    use crate::fused::{Operand, Program};

    #[test]
    fn few_elements_give_what_a_program_gives() {
        let values: Vec<f32> = (0..FEW).map(|i| 1.0 / (i as f32 - 100.5)).collect();
        for (shape, axes) in [
            (vec![256], vec![0]),
            (vec![4, 64], vec![1]),
            (vec![64, 4], vec![0]),
            (vec![2, 3, 4], vec![1]),
            (vec![2, 3, 4], vec![0, 1, 2]),
            (vec![3, 1, 5], vec![0, 1]),
            (vec![7], vec![]),
            (vec![1, 1], vec![0]),
        ] {
            let n: usize = shape.iter().product();
            let tensor = Tensor::from_slice(&values[..n], &shape).unwrap();
            for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min] {
                let mut program = Program::new();
                let value = program.input(DType::F32);
                let operands = [Operand::Tensor(tensor.clone())];
                let usual =
                    super::super::reduce(op, &program, value, &shape, &axes, &operands, &mut [], DType::F32).unwrap();
                let few = reduce_few(op, &tensor, &axes).unwrap().unwrap();
                assert_eq!(
                    (few.shape(), few.to_vec::<f32>()),
                    (usual.shape(), usual.to_vec::<f32>()),
                    "{op:?} {shape:?}"
                );
            }
        }
    }

    #[test]
    fn what_has_to_be_arranged_or_is_large_is_left_to_programs() {
        let tensor = Tensor::from_slice(&[0i32; 24], &[2, 3, 4]).unwrap();
        assert!(reduce_few(ReduceOp::Sum, &tensor, &[0, 2]).is_none());
        assert!(reduce_few(ReduceOp::Sum, &tensor.permute(&[2, 0, 1]), &[0]).is_none());
        let large = Tensor::from_slice(&[0u8; FEW + 1], &[FEW + 1]).unwrap();
        assert!(reduce_few(ReduceOp::Max, &large, &[0]).is_none());
        let none = Tensor::from_slice::<u8>(&[], &[0, 3]).unwrap();
        assert!(reduce_few(ReduceOp::Sum, &none, &[0]).is_none());
    }
}
