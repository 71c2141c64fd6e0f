//! How arrays print.

use std::sync::atomic::{AtomicI32, Ordering};

use cotan::{Complex32, Element, Tensor, bf16, f16};
use cotan_kernels::with_dtype;
use pyo3::prelude::*;

/// Longer axes show their ends only.
const EDGE: usize = 3;

static PRECISION: AtomicI32 = AtomicI32::new(-1);

/// Options of printing; `precision` is the number of decimals, -1 for six significant digits.
///
/// >>> import cotan.core as mx
/// >>> mx.PrintOptions(precision=3)
/// PrintOptions(precision=3)
#[pyclass(name = "PrintOptions", module = "cotan.core")]
#[derive(Clone)]
pub struct PrintOptions {
    /// The number of decimals, -1 for six significant digits.
    ///
    /// >>> mx.PrintOptions(precision=3).precision
    /// 3
    #[pyo3(get, set)]
    precision: i32,
}

#[pymethods]
impl PrintOptions {
    #[new]
    #[pyo3(signature = (precision = -1), text_signature = "(precision=-1)")]
    fn new(precision: i32) -> PrintOptions {
        PrintOptions { precision }
    }

    fn __repr__(&self) -> String {
        format!("PrintOptions(precision={})", self.precision)
    }
}

/// The options in force.
///
/// >>> import cotan.core as mx
/// >>> mx.get_printoptions()
/// PrintOptions(precision=-1)
#[pyfunction]
fn get_printoptions() -> PrintOptions {
    PrintOptions { precision: PRECISION.load(Ordering::Relaxed) }
}

/// Prints floats and complex numbers with `precision` decimals from now on; a negative number restores the default.
///
/// >>> import cotan.core as mx
/// >>> mx.set_printoptions(precision=2)
/// >>> mx.array(2 / 3)
/// array(0.67, dtype=float32)
/// >>> mx.set_printoptions()
#[pyfunction]
#[pyo3(signature = (precision = -1), text_signature = "(precision=-1)")]
fn set_printoptions(precision: i32) {
    PRECISION.store(precision.max(-1), Ordering::Relaxed);
}

/// Sets print options within a `with` block.
#[pyclass(name = "_PrintOptionsContext", module = "cotan.core")]
struct PrintOptionsContext {
    inside: i32,
    outside: i32,
}

#[pymethods]
impl PrintOptionsContext {
    fn __enter__(&mut self) {
        self.outside = PRECISION.swap(self.inside.max(-1), Ordering::Relaxed);
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, pyo3::types::PyTuple>) {
        PRECISION.store(self.outside, Ordering::Relaxed);
    }
}

/// A `with` block in which floats print with `precision` decimals.
///
/// >>> import cotan.core as mx
/// >>> with mx.printoptions(precision=2):
/// ...     print(mx.array(2 / 3))
/// array(0.67, dtype=float32)
#[pyfunction]
#[pyo3(signature = (precision = -1), text_signature = "(precision=-1)")]
fn printoptions(precision: i32) -> PrintOptionsContext {
    PrintOptionsContext { inside: precision, outside: -1 }
}

/// Six significant digits, as C's `%g` prints them.
pub fn general(x: f64) -> String {
    if !x.is_finite() || x == 0.0 {
        return special(x);
    }
    let scientific = format!("{x:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if (-4..6).contains(&exponent) {
        trim(&format!("{x:.*}", (5 - exponent) as usize))
    } else {
        format!("{}e{}{:02}", trim(digits), if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

fn special(x: f64) -> String {
    match (x.is_nan(), x == 0.0, x.is_sign_negative()) {
        (true, _, _) => "nan".into(),
        (_, true, false) => "0".into(),
        (_, true, true) => "-0".into(),
        (_, _, false) => "inf".into(),
        (_, _, true) => "-inf".into(),
    }
}

fn float(x: f64) -> String {
    match PRECISION.load(Ordering::Relaxed) {
        precision if precision < 0 || !x.is_finite() => general(x),
        precision => format!("{x:.*}", precision as usize),
    }
}

/// An element as it prints.
trait Show {
    fn show(&self) -> String;
}

macro_rules! show {
    ($($T:ty => |$x:ident| $body:expr),* $(,)?) => {
        $(impl Show for $T {
            fn show(&self) -> String {
                let $x = self;
                $body
            }
        })*
    };
}
show! {
    cotan::Bool => |x| if x.get() { "True".into() } else { "False".into() },
    u8 => |x| x.to_string(), u16 => |x| x.to_string(), u32 => |x| x.to_string(), u64 => |x| x.to_string(),
    i8 => |x| x.to_string(), i16 => |x| x.to_string(), i32 => |x| x.to_string(), i64 => |x| x.to_string(),
    f16 => |x| float(f64::from(x.to_f32())), bf16 => |x| float(f64::from(x.to_f32())),
    f32 => |x| float(f64::from(*x)), f64 => |x| float(*x),
    Complex32 => |z| {
        let imaginary = float(f64::from(z.im));
        let sign = if imaginary.starts_with('-') { "" } else { "+" };
        format!("{}{sign}{imaginary}j", float(f64::from(z.re)))
    },
}

/// `array(..., dtype=...)`.
pub fn repr(tensor: &Tensor) -> String {
    let mut text = String::from("array(");
    with_dtype!(tensor.dtype(), T => write::<T>(tensor, &mut text));
    text.push_str(", dtype=");
    text.push_str(tensor.dtype().name());
    text.push(')');
    text
}

fn write<T: Element + Show>(tensor: &Tensor, text: &mut String) {
    let shape = tensor.shape();
    if shape.is_empty() {
        text.push_str(&tensor.to_vec::<T>()[0].show());
        return;
    }
    // The places that are shown along each axis, `None` for the gap.
    let places: Vec<Vec<Option<usize>>> = shape
        .iter()
        .map(|&size| {
            if size <= 2 * EDGE {
                return (0..size).map(Some).collect();
            }
            (0..EDGE).map(Some).chain([None]).chain((size - EDGE..size).map(Some)).collect()
        })
        .collect();
    let mut index = vec![0; shape.len()];
    write_axis::<T>(tensor, &places, 0, &mut index, text);
}

/// Recursion is over axes, of which an array has a bounded number that its shape had to be written out for.
fn write_axis<T: Element + Show>(
    tensor: &Tensor,
    places: &[Vec<Option<usize>>],
    axis: usize,
    index: &mut Vec<usize>,
    text: &mut String,
) {
    let last = axis + 1 == places.len();
    text.push('[');
    for (i, place) in places[axis].iter().enumerate() {
        if i > 0 {
            text.push(',');
            if last {
                text.push(' ');
            } else {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', 7 + axis));
            }
        }
        let Some(place) = *place else {
            text.push_str("...");
            continue;
        };
        index[axis] = place;
        if last {
            let steps = vec![1; places.len()];
            let one = tensor.slice(index, &steps, &vec![1; places.len()]);
            text.push_str(&one.to_vec::<T>()[0].show());
        } else {
            write_axis::<T>(tensor, places, axis + 1, index, text);
        }
    }
    text.push(']');
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PrintOptions>()?;
    module.add_function(wrap_pyfunction!(get_printoptions, module)?)?;
    module.add_function(wrap_pyfunction!(set_printoptions, module)?)?;
    module.add_function(wrap_pyfunction!(printoptions, module)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_print_as_c_prints_them() {
        let cases = [
            (1.0, "1"),
            (2.5, "2.5"),
            (-0.0, "-0"),
            (1.0 / 3.0, "0.333333"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.23457e+06"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (123_456.0, "123456"),
            (999_999.5, "1e+06"),
            (f64::INFINITY, "inf"),
        ];
        for (x, text) in cases {
            assert_eq!(general(x), text);
        }
    }
}
