//! Finds elements that are not finite.

use cotan_kernels::{Bool, Complex32, DType, Element, Tensor, bf16, f16, with_dtype};

use crate::array::Shape;
use crate::error::Result;

/// What a checked element must not be.
pub(crate) trait Checked: Element {
    fn is_bad(self, infinities: bool) -> bool;
    fn is_nan(self) -> bool;
}

macro_rules! checked {
    ($($float:ty)*) => {
        $(impl Checked for $float {
            fn is_bad(self, infinities: bool) -> bool {
                if infinities { !self.is_finite() } else { self.is_nan() }
            }
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }
        })*
    };
}
checked!(f16 bf16 f32 f64 Complex32);

/// Calls a function with the Rust type of an inexact [`DType`]; other elements are always fine.
macro_rules! with_inexact {
    ($dtype:expr, $T:ident => $body:expr, $fine:expr) => {
        match $dtype {
            DType::F16 => {
                type $T = f16;
                $body
            }
            DType::Bf16 => {
                type $T = bf16;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            DType::C64 => {
                type $T = Complex32;
                $body
            }
            DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::U64 => $fine,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => $fine,
        }
    };
}

/// The first bad element in row-major order: where it is, and whether it is NaN (else infinite).
pub(crate) fn first(tensor: &Tensor, infinities: bool) -> Result<Option<(Shape, bool)>> {
    if tensor.is_empty() || !tensor.dtype().is_inexact() {
        return Ok(None);
    }
    // A repeated element is first found where it is first.
    let once = |(&size, &stride): (&usize, &isize)| if stride == 0 { size.min(1) } else { size };
    let shape: Shape = tensor.shape().iter().zip(tensor.strides()).map(once).collect();
    let zeros: Shape = shape.iter().map(|_| 0).collect();
    let rows = tensor.slice(&zeros, &vec![1; shape.len()], &shape).to_row_major()?;
    let found = with_inexact!(tensor.dtype(), T => position::<T>(&rows, infinities), None);
    Ok(found.map(|(flat, nan)| (unravel(flat, &shape), nan)))
}

fn position<T: Checked>(rows: &Tensor, infinities: bool) -> Option<(usize, bool)> {
    let elements = rows.as_slice::<T>()?;
    // Whole chunks are checked without branches, which is what makes them vectors.
    let chunk =
        elements.chunks(1024).position(|chunk| chunk.iter().fold(false, |bad, x| bad | x.is_bad(infinities)))?;
    let offset = elements[chunk * 1024..].iter().position(|x| x.is_bad(infinities))?;
    Some((chunk * 1024 + offset, elements[chunk * 1024 + offset].is_nan()))
}

/// The first bad element of an elementwise result that none of the inputs explains.
pub(crate) fn made(inputs: &[Tensor], output: &Tensor, infinities: bool) -> Result<Option<(Shape, bool)>> {
    let shape = output.shape();
    let rows = output.to_row_major()?;
    let mut bad = with_inexact!(rows.dtype(), T => flags::<T>(&rows, infinities), return Ok(None));
    for input in inputs.iter().filter(|input| input.dtype().is_inexact()) {
        let rows = input.broadcast_to(shape).to_row_major()?;
        let explained = with_inexact!(rows.dtype(), T => flags::<T>(&rows, infinities), continue);
        bad.iter_mut().zip(explained).for_each(|(bad, explained)| *bad &= !explained);
    }
    let Some(flat) = bad.iter().position(|&bad| bad) else { return Ok(None) };
    let nan = with_inexact!(rows.dtype(), T => rows.as_slice::<T>().is_some_and(|x| x[flat].is_nan()), false);
    Ok(Some((unravel(flat, shape), nan)))
}

fn flags<T: Checked>(rows: &Tensor, infinities: bool) -> Vec<bool> {
    rows.as_slice::<T>().unwrap_or_default().iter().map(|x| x.is_bad(infinities)).collect()
}

/// One element as text, of a tensor that broadcasts to the shape that the index is for.
pub(crate) fn at(tensor: &Tensor, shape: &[usize], index: &[usize]) -> String {
    let ones: Shape = shape.iter().map(|_| 1).collect();
    let cell = tensor.broadcast_to(shape).slice(index, &vec![1; shape.len()], &ones);
    let text = match cell.dtype() {
        DType::C64 => cell.to_vec::<Complex32>().first().map(ToString::to_string),
        DType::Bool => cell.to_vec::<Bool>().first().map(|x| x.get().to_string()),
        _ => with_dtype!(cell.dtype(), T => cell.to_vec::<T>().first().map(|x| format!("{x:?}"))),
    };
    text.unwrap_or_default()
}

fn unravel(mut flat: usize, shape: &[usize]) -> Shape {
    let mut index: Shape = shape.iter().map(|_| 0).collect();
    for (place, &size) in index.iter_mut().zip(shape).rev() {
        *place = flat % size;
        flat /= size;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_row_major_order_is_found_in_any_layout() {
        let x = Tensor::from_slice(&[0.0f32, f32::INFINITY, 2.0, f32::NAN, 4.0, 5.0], &[2, 3]).unwrap();
        assert_eq!(first(&x, false).unwrap(), Some((Shape::from_slice(&[1, 0]), true)));
        assert_eq!(first(&x, true).unwrap(), Some((Shape::from_slice(&[0, 1]), false)));
        assert_eq!(first(&x.permute(&[1, 0]), false).unwrap(), Some((Shape::from_slice(&[0, 1]), true)));
    }

    #[test]
    fn a_huge_broadcast_is_looked_at_once() {
        let x = Tensor::scalar(f64::NAN).unwrap().broadcast_to(&[1 << 20, 1 << 20]);
        assert_eq!(first(&x, false).unwrap(), Some((Shape::from_slice(&[0, 0]), true)));
    }

    #[test]
    fn an_input_explains_its_own_places_only() {
        let x = Tensor::from_slice(&[f32::NAN, 1.0, 2.0], &[3]).unwrap();
        let y = Tensor::from_slice(&[f32::NAN, 1.0, f32::NAN], &[3]).unwrap();
        assert_eq!(made(std::slice::from_ref(&x), &y, false).unwrap(), Some((Shape::from_slice(&[2]), true)));
        assert_eq!(made(std::slice::from_ref(&x), &x, false).unwrap(), None);
    }
}
