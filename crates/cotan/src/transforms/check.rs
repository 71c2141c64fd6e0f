//! Checks derivatives against differences and against each other.

use cotan_kernels::{Complex32, DType};

use super::{jvp, vjp};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::ops::{add, astype, multiply, reshape, zeros_like};

/// What [`wrong_derivative`] checks, and how closely.
#[derive(Clone, Debug)]
pub struct Check {
    /// The highest order of derivatives.
    pub order: usize,
    /// Check `jvp`.
    pub forward: bool,
    /// Check `vjp`.
    pub reverse: bool,
    /// Absolute tolerance; by default that of the least precise type.
    pub atol: Option<f64>,
    /// Relative tolerance; by default that of the least precise type.
    pub rtol: Option<f64>,
    /// The step of differences; by default that of the least precise type.
    pub eps: Option<f64>,
}

impl Default for Check {
    fn default() -> Self {
        Check { order: 2, forward: true, reverse: true, atol: None, rtol: None, eps: None }
    }
}

/// A derivative that is not what it should be.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The transforms that were applied, outermost first.
    pub transforms: Vec<&'static str>,
    /// The argument whose derivative is wrong, if one alone shows it.
    pub argument: Option<usize>,
    /// The direction in which it was moved.
    pub direction: String,
    /// The output that shows it, and its element in row-major order, for `jvp`.
    pub place: Option<(usize, usize)>,
    /// What differences, or the transpose of `jvp`, say: real and imaginary part.
    pub expected: (f64, f64),
    /// What the transform gave.
    pub got: (f64, f64),
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |(re, im): (f64, f64)| if im == 0.0 { re.to_string() } else { format!("{re}{im:+}j") };
        write!(f, "{} with respect to ", self.transforms.join(" of "))?;
        match self.argument {
            Some(argument) => write!(f, "argument {argument}")?,
            None => write!(f, "all arguments together")?,
        }
        write!(f, " along {}", self.direction)?;
        let against = if self.transforms.first() == Some(&"vjp") { "the transpose of the jvp" } else { "differences" };
        match self.place {
            Some((output, element)) => write!(f, ", output {output}, element {element}: ")?,
            None => write!(f, ", product with a random cotangent: ")?,
        }
        write!(f, "expected {} by {against}, got {}", number(self.expected), number(self.got))
    }
}

type Function<'a, E> = dyn Fn(&[Array]) -> Result<Vec<Array>, E> + 'a;

/// The first derivative of `f` at `primals` that is wrong, if one is.
///
/// Compares `jvp` along random directions with central differences, and `vjp` with the transpose of `jvp`, for `f` and,
/// up to the order, for its derivatives. Integer arguments stay as they are.
///
/// # Errors
/// Whatever `f` raises, and [`Error::Value`] when there is nothing to check.
pub fn wrong_derivative<E: From<Error>>(
    f: &Function<'_, E>,
    primals: &[Array],
    check: &Check,
) -> Result<Option<Mismatch>, E> {
    let refuse = |message: &str| Err(Error::value("check_grads", message).into());
    if !primals.iter().any(moves) {
        return refuse("no argument has a floating or complex type: there is nothing to check");
    }
    if check.order == 0 || check.eps.is_some_and(|eps| eps.is_nan() || eps <= 0.0) {
        return refuse("order and eps must be positive");
    }
    let precision = primals.iter().filter(|primal| moves(primal)).map(|primal| precision(primal.dtype()));
    let (eps, tolerance) = precision.fold((6e-6, 1e-6), |a: (f64, f64), b| (a.0.max(b.0), a.1.max(b.1)));
    let level = Level {
        eps: check.eps.unwrap_or(eps),
        atol: check.atol.unwrap_or(tolerance),
        rtol: check.rtol.unwrap_or(tolerance),
        check,
    };
    level.run(f, primals, check.order, &mut Vec::new(), &mut Random(1))
}

/// The step that balances truncation and rounding, and what is left of both.
fn precision(dtype: DType) -> (f64, f64) {
    match dtype.size() {
        8 if dtype != DType::C64 => (6e-6, 1e-6),
        2 => (6e-2, 1e-1),
        _ => (5e-3, 1e-2),
    }
}

fn moves(array: &Array) -> bool {
    !array.dtype().is_integer() && array.dtype() != DType::Bool
}

struct Level<'a> {
    eps: f64,
    atol: f64,
    rtol: f64,
    check: &'a Check,
}

impl Level<'_> {
    fn run<E: From<Error>>(
        &self,
        f: &Function<'_, E>,
        primals: &[Array],
        order: usize,
        path: &mut Vec<&'static str>,
        random: &mut Random,
    ) -> Result<Option<Mismatch>, E> {
        if order == 0 {
            return Ok(None);
        }
        let directions: Vec<Array> = primals.iter().map(|p| random.like(p)).collect::<Result<_>>()?;
        let outputs = f(primals)?;
        let cotangents: Vec<Array> = outputs.iter().map(|o| random.like(o)).collect::<Result<_>>()?;
        let pushed = |primals: &[Array]| {
            let tangents: Vec<Option<Array>> =
                directions.iter().map(|direction| Some(direction.clone()).filter(moves)).collect();
            let (outputs, pushed) = jvp(f, primals, &tangents)?;
            Ok::<_, E>(or_zeros(pushed, &outputs))
        };
        let pulled = |primals: &[Array]| {
            let (_, pulled) = vjp(f, primals, |_| Ok(cotangents.iter().cloned().map(Some).collect()))?;
            Ok::<_, E>(or_zeros(pulled, primals))
        };
        if self.check.forward {
            path.insert(0, "jvp");
            if let Some(found) = self.wrong_jvp(f, primals, &directions, path)? {
                return Ok(Some(found));
            }
            if let Some(found) = self.run::<E>(&pushed, primals, order - 1, path, random)? {
                return Ok(Some(found));
            }
            path.remove(0);
        }
        if self.check.reverse {
            path.insert(0, "vjp");
            let of = (&cotangents[..], &directions[..]);
            if let Some(found) = self.wrong_vjp(f, primals, &pulled(primals)?, of, path)? {
                return Ok(Some(found));
            }
            if let Some(found) = self.run::<E>(&pulled, primals, order - 1, path, random)? {
                return Ok(Some(found));
            }
            path.remove(0);
        }
        Ok(None)
    }

    /// Compares the forward derivative along all directions at once, then names the argument that is to blame.
    fn wrong_jvp<E: From<Error>>(
        &self,
        f: &Function<'_, E>,
        primals: &[Array],
        directions: &[Array],
        path: &[&'static str],
    ) -> Result<Option<Mismatch>, E> {
        let compare = |argument: Option<usize>| -> Result<Option<Mismatch>, E> {
            let directions = alone(directions, argument);
            let (_, got) = jvp(f, primals, &directions)?;
            let outputs = self.differences(f, primals, &directions)?;
            for (output, (expected, got)) in outputs.iter().zip(&got).enumerate() {
                let got = match got {
                    Some(got) => numbers(got)?,
                    None => vec![(0.0, 0.0); expected.len()],
                };
                for (element, (&expected, &got)) in expected.iter().zip(&got).enumerate() {
                    if !self.close(expected, got, size(expected)) {
                        let place = Some((output, element));
                        return Ok(Some(mismatch(path, argument, &directions, place, expected, got)?));
                    }
                }
            }
            Ok(None)
        };
        blame(primals.len(), compare)
    }

    /// Compares `<cotangent, jvp(direction)>` with `<vjp(cotangent), direction>`.
    fn wrong_vjp<E: From<Error>>(
        &self,
        f: &Function<'_, E>,
        primals: &[Array],
        pulled: &[Array],
        (cotangents, directions): (&[Array], &[Array]),
        path: &[&'static str],
    ) -> Result<Option<Mismatch>, E> {
        let compare = |argument: Option<usize>| -> Result<Option<Mismatch>, E> {
            let directions = alone(directions, argument);
            let pushed: Vec<Vec<(f64, f64)>> = if self.check.forward {
                let (outputs, pushed) = jvp(f, primals, &directions)?;
                or_zeros(pushed, &outputs).iter().map(numbers).collect::<Result<_>>()?
            } else {
                self.differences(f, primals, &directions)?
            };
            let (mut expected, mut got, mut scale) = (0.0, 0.0, 0.0);
            for (cotangent, pushed) in cotangents.iter().zip(&pushed) {
                for (a, b) in numbers(cotangent)?.into_iter().zip(pushed) {
                    expected += a.0 * b.0 + a.1 * b.1;
                    scale += size(a) * size(*b);
                }
            }
            for (pulled, direction) in pulled.iter().zip(&directions) {
                let Some(direction) = direction else { continue };
                for (a, b) in numbers(pulled)?.into_iter().zip(numbers(direction)?) {
                    got += a.0 * b.0 + a.1 * b.1;
                }
            }
            let (expected, got) = ((expected, 0.0), (got, 0.0));
            if self.close(expected, got, scale) {
                return Ok(None);
            }
            Ok(Some(mismatch(path, argument, &directions, None, expected, got)?))
        };
        blame(primals.len(), compare)
    }

    /// Central differences of every output along the directions.
    fn differences<E: From<Error>>(
        &self,
        f: &Function<'_, E>,
        primals: &[Array],
        directions: &[Option<Array>],
    ) -> Result<Vec<Vec<(f64, f64)>>, E> {
        let moved = |step: f64| -> Result<Vec<Array>, E> {
            let move_one = |(primal, direction): (&Array, &Option<Array>)| match direction {
                Some(direction) => {
                    let step = astype(&Array::scalar(step), primal.dtype())?;
                    add(primal, &multiply(direction, &step)?)
                }
                None => Ok(primal.clone()),
            };
            f(&primals.iter().zip(directions).map(move_one).collect::<Result<Vec<_>>>()?)
        };
        let (after, before) = (moved(self.eps)?, moved(-self.eps)?);
        let slope = |(a, b): ((f64, f64), (f64, f64))| ((a.0 - b.0) / (2.0 * self.eps), (a.1 - b.1) / (2.0 * self.eps));
        let all = |(after, before): (&Array, &Array)| -> Result<Vec<(f64, f64)>> {
            Ok(numbers(after)?.into_iter().zip(numbers(before)?).map(slope).collect())
        };
        Ok(after.iter().zip(&before).map(all).collect::<Result<_>>()?)
    }

    fn close(&self, a: (f64, f64), b: (f64, f64), scale: f64) -> bool {
        let same_nan = (a.0.is_nan() || a.1.is_nan()) && (b.0.is_nan() || b.1.is_nan());
        same_nan || size((a.0 - b.0, a.1 - b.1)) <= self.atol + self.rtol * scale
    }
}

/// The directions of all arguments that can move, or of one and zeros for the others.
fn alone(directions: &[Array], argument: Option<usize>) -> Vec<Option<Array>> {
    let chosen = |index: usize| argument.is_none_or(|argument| argument == index);
    let tangent = |(index, d): (usize, &Array)| if chosen(index) { d.clone() } else { zeros_like(d) };
    directions.iter().enumerate().map(|of| Some(tangent(of)).filter(moves)).collect()
}

/// Compares all arguments at once, and one by one only to name the one to blame.
fn blame<E>(
    arguments: usize,
    compare: impl Fn(Option<usize>) -> Result<Option<Mismatch>, E>,
) -> Result<Option<Mismatch>, E> {
    let Some(found) = compare(None)? else { return Ok(None) };
    for argument in 0..arguments {
        if let Some(found) = compare(Some(argument))? {
            return Ok(Some(found));
        }
    }
    Ok(Some(found))
}

fn mismatch(
    path: &[&'static str],
    argument: Option<usize>,
    directions: &[Option<Array>],
    place: Option<(usize, usize)>,
    expected: (f64, f64),
    got: (f64, f64),
) -> Result<Mismatch> {
    let shown = directions.iter().enumerate().filter(|(index, _)| argument.is_none_or(|argument| argument == *index));
    let shown = shown.filter_map(|(_, direction)| direction.as_ref()).map(|direction| {
        let values = numbers(direction)?;
        let first = values
            .iter()
            .take(4)
            .map(|v| if v.1 == 0.0 { format!("{:.3}", v.0) } else { format!("{:.3}{:+.3}j", v.0, v.1) });
        let more = if values.len() > 4 { ", ..." } else { "" };
        Ok(format!("[{}{more}]", first.collect::<Vec<_>>().join(", ")))
    });
    let direction = shown.collect::<Result<Vec<_>>>()?.join(", ");
    Ok(Mismatch { transforms: path.to_vec(), argument, direction, place, expected, got })
}

fn or_zeros(arrays: Vec<Option<Array>>, like: &[Array]) -> Vec<Array> {
    arrays.into_iter().zip(like).map(|(array, like)| array.unwrap_or_else(|| zeros_like(like))).collect()
}

fn size(value: (f64, f64)) -> f64 {
    value.0.hypot(value.1)
}

/// The elements as complex numbers.
fn numbers(array: &Array) -> Result<Vec<(f64, f64)>> {
    if array.dtype() == DType::C64 {
        let values = array.to_vec::<Complex32>()?;
        return Ok(values.iter().map(|value| (f64::from(value.re), f64::from(value.im))).collect());
    }
    Ok(astype(array, DType::F64)?.to_vec::<f64>()?.into_iter().map(|value| (value, 0.0)).collect())
}

/// SplitMix64 (Steele, Lea and Flood 2014): directions that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64 * 2.0 - 1.0
    }

    /// Numbers between -1 and 1 in the shape and type of an array.
    fn like(&mut self, array: &Array) -> Result<Array> {
        let flat = if array.dtype() == DType::C64 {
            let values: Vec<Complex32> =
                (0..array.size()).map(|_| Complex32::new(self.next() as f32, self.next() as f32)).collect();
            Array::from_slice(&values, &[values.len()])?
        } else {
            let values: Vec<f64> = (0..array.size()).map(|_| self.next()).collect();
            astype(&Array::from_slice(&values, &[values.len()])?, array.dtype())?
        };
        reshape(&flat, array.shape())
    }
}
