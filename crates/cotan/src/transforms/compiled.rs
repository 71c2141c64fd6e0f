//! `compile` over nested structures of arrays.

use std::marker::PhantomData;

use super::Traced;
use super::traces::{CacheInfo, TRACE_LIMIT, Traces, compiles};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};
use crate::tree::Tree;

/// A function that is read once for each structure, shape and type of its argument. See [`compile`].
pub struct Compiled<F, P, R, E> {
    f: F,
    shapeless: bool,
    traces: Traces<Recording<P, R>>,
    error: PhantomData<fn() -> E>,
}

/// One recording, and how its argument and its result were nested.
struct Recording<P, R> {
    argument: P,
    result: R,
    traced: Traced,
    shapeless: bool,
}

/// A function that is recorded once for each structure, shape and type of its argument; later calls repeat what it
/// recorded, simplified, without running its code.
///
/// What the function captures is frozen when it is recorded, and so is everything else it decides then. Inside, arrays
/// have no values. Transforms of the compiled function, and transforms inside it, work as without it.
///
/// ```
/// use cotan::{Array, Result, compile, grad};
///
/// let step = compile(|(x, y): &(Array, Array)| -> Result<Array> { (x * y + Array::scalar(1.0f32)).square()?.sum(None, false) });
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let y = Array::from_slice(&[3.0f32, 4.0], &[2])?;
/// assert_eq!(step.call(&(x.clone(), y.clone()))?.item::<f32>()?, 97.0);
/// assert_eq!(step.call(&(y.clone(), x.clone()))?.item::<f32>()?, 97.0);
/// assert_eq!((step.cache_info().misses, step.cache_info().hits), (1, 1));
///
/// let (slope, _) = grad(|both: &(Array, Array)| step.call(both))(&(x, y))?;
/// assert_eq!(slope.to_vec::<f32>()?, [24.0, 72.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn compile<F, P: Tree, R: Tree, E: From<Error>>(f: F) -> Compiled<F, P, R, E>
where
    F: Fn(&P) -> Result<R, E>,
{
    Compiled { f, shapeless: false, traces: Traces::new(TRACE_LIMIT), error: PhantomData }
}

impl<F, P: Tree, R: Tree, E: From<Error>> Compiled<F, P, R, E>
where
    F: Fn(&P) -> Result<R, E>,
{
    /// The same for arguments of any shapes: they are recorded once for each number of axes and type.
    ///
    /// Operations whose result's shape can't be inferred from other shapes (slices at fixed places, splits, transforms
    /// of signals) are refused at the first call; shapes that the function writes down as numbers stay as they were.
    #[must_use]
    pub fn shapeless(mut self) -> Self {
        self.shapeless = true;
        self
    }

    /// Keeps at most `limit` recordings instead of [`TRACE_LIMIT`].
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        self.traces.set_limit(limit);
        self
    }

    /// Calls the function.
    ///
    /// # Errors
    /// Whatever the function raises while it is recorded, [`Error::NoValue`] when it reads elements then, and
    /// [`Error::Value`] from operations that can't be repeated on other shapes.
    pub fn call(&self, argument: &P) -> Result<R, E> {
        if !compiles() {
            return (self.f)(argument);
        }
        let leaves = argument.leaves();
        let fits = |recording: &Recording<P, R>| {
            let alike = |spec: &Spec, leaf: &Array| {
                let shapes = match recording.shapeless {
                    true => spec.shape.len() == leaf.ndim(),
                    false => &*spec.shape == leaf.shape(),
                };
                shapes && spec.dtype == leaf.dtype()
            };
            let specs = recording.traced.argument_specs();
            specs.len() == leaves.len()
                && specs.iter().zip(&leaves).all(|(spec, leaf)| alike(spec, leaf))
                && recording.argument.alike(argument)
        };
        let recording = match self.traces.find(fits) {
            Some(recording) => recording,
            None => self.traces.keep(self.record(argument, &leaves)?, fits),
        };
        let outputs = recording.traced.call(&leaves)?;
        Ok(recording.result.rebuild(&mut outputs.into_iter())?)
    }

    fn record(&self, argument: &P, leaves: &[Array]) -> Result<Recording<P, R>, E> {
        let specs: Vec<Spec> = leaves.iter().map(Array::spec).collect();
        let mut result = None;
        let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
            let value = (self.f)(&argument.rebuild(&mut leaves.iter().cloned())?)?;
            let leaves = value.leaves();
            // Only the structure is kept: the arrays would keep all that was recorded.
            result = Some(value.map(|_| Ok(Array::scalar(0i32)))?);
            Ok(leaves)
        };
        let traced = match self.shapeless {
            true => Traced::record_shapeless("compile", &specs, call)?,
            false => Traced::record("compile", &specs, call)?,
        };
        let result = result.ok_or_else(|| Error::value("compile", "the function was not called"))?;
        let argument = argument.map(|_| Ok(Array::scalar(0i32)))?;
        let shapeless = traced.is_shapeless();
        Ok(Recording { argument, result, traced: traced.simplified(), shapeless })
    }

    /// How often recordings were found and made, how many there are and how many are kept at most.
    pub fn cache_info(&self) -> CacheInfo {
        self.traces.info()
    }

    /// Forgets all recordings.
    pub fn cache_clear(&self) {
        self.traces.clear();
    }
}
