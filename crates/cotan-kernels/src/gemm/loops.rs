//! Products by plain loops.

use super::{MatRef, Size};
use crate::Element;

pub fn product<T: Element>(size: Size, a: MatRef<'_, T>, b: MatRef<'_, T>, c: &mut [T], alpha: f64, beta: f64) {
    macro_rules! run {
        ($($variant:ident => $S:ty, $W:ty, $to:expr, $from:expr, $coef:expr);* $(;)?) => {
            match T::DTYPE {
                $(crate::DType::$variant => {
                    // SAFETY: T is this type, as its DTYPE says.
                    let (a, b, c) = unsafe { (cast::<T, $S>(a), cast::<T, $S>(b), &mut *(c as *mut [T] as *mut [$S])) };
                    naive::<$S, $W>(size, a, b, c, $to, $from, ($coef)(alpha), ($coef)(beta))
                })*
            }
        };
    }
    use crate::{Bool, Complex32, bf16, f16};
    use std::num::Wrapping as W;
    run! {
        Bool => Bool, W<u8>, |x| W(x.get() as u8), |x: W<u8>| Bool::from(x.0 != 0), |x: f64| W((x != 0.0) as u8);
        U8 => u8, W<u8>, W, |x| x.0, |x: f64| W(x as i64 as u8);
        U16 => u16, W<u16>, W, |x| x.0, |x: f64| W(x as i64 as u16);
        U32 => u32, W<u32>, W, |x| x.0, |x: f64| W(x as i64 as u32);
        U64 => u64, W<u64>, W, |x| x.0, |x: f64| W(x as i64 as u64);
        I8 => i8, W<i8>, W, |x| x.0, |x: f64| W(x as i64 as i8);
        I16 => i16, W<i16>, W, |x| x.0, |x: f64| W(x as i64 as i16);
        I32 => i32, W<i32>, W, |x| x.0, |x: f64| W(x as i64 as i32);
        I64 => i64, W<i64>, W, |x| x.0, |x: f64| W(x as i64);
        F16 => f16, f32, f16::to_f32, f16::from_f32, |x: f64| x as f32;
        Bf16 => bf16, f32, bf16::to_f32, bf16::from_f32, |x: f64| x as f32;
        F32 => f32, f32, |x| x, |x| x, |x: f64| x as f32;
        F64 => f64, f64, |x| x, |x| x, |x: f64| x;
        C64 => Complex32, Complex32, |x| x, |x| x, |x: f64| Complex32::new(x as f32, 0.0);
    }
}

/// # Safety
/// `T` and `S` are the same type.
unsafe fn cast<'a, T, S>(mat: MatRef<'a, T>) -> MatRef<'a, S> {
    // SAFETY: the same type, by the caller's promise.
    let data = unsafe { &*(mat.data as *const [T] as *const [S]) };
    MatRef { data, offset: mat.offset, row_stride: mat.row_stride, col_stride: mat.col_stride }
}

#[allow(clippy::too_many_arguments)]
fn naive<S: Copy, W: Copy + num_traits::Zero + std::ops::Mul<Output = W> + PartialEq>(
    size: Size,
    a: MatRef<'_, S>,
    b: MatRef<'_, S>,
    c: &mut [S],
    to: fn(S) -> W,
    from: fn(W) -> S,
    alpha: W,
    beta: W,
) {
    let at = |m: &MatRef<'_, S>, i: usize, j: usize| {
        to(m.data[(m.offset as isize + i as isize * m.row_stride + j as isize * m.col_stride) as usize])
    };
    for i in 0..size.m {
        for j in 0..size.n {
            let sum = (0..size.k).fold(W::zero(), |sum, p| sum + at(&a, i, p) * at(&b, p, j));
            let c = &mut c[i * size.n + j];
            *c = from(if beta.is_zero() { alpha * sum } else { alpha * sum + beta * to(*c) });
        }
    }
}
