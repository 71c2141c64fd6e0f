//! Optimizers: rules that turn gradients into steps, and schedules of the learning rate.
//!
//! An [`Optimizer`] keeps what a [`Rule`] remembers of each parameter. It is a [`Tree`] of arrays like the model, so it can be
//! saved, and an argument and result of a compiled function. Nothing is computed before the model is evaluated.
//!
//! ```
//! use cotan::{Array, optim::{Optimizer, Schedule, Sgd}};
//! let mut parameters = vec![Array::scalar(1.0f32)];
//! let mut sgd = Optimizer::new(Sgd::default(), Schedule::cosine(0.1, 100));
//! sgd.update(&mut parameters, &vec![Array::scalar(2.0f32)])?;
//! assert!((parameters[0].item::<f32>()? - 0.8).abs() < 1e-6);
//! # Ok::<(), cotan::Error>(())
//! ```

mod adam;
mod lion;
mod muon;
mod schedule;
mod sgd;

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::{self, astype};
use crate::tree::Tree;

pub use adam::{Adam, AdamW};
pub use lion::Lion;
pub use muon::Muon;
pub use schedule::Schedule;
pub use sgd::Sgd;

/// How one parameter moves.
pub trait Rule: Clone {
    /// What is remembered of a parameter before the first step.
    fn init(&self, parameter: &Array) -> Vec<Array>;

    /// The parameter after a step. `rate` has the type of the gradient; `step` counts from 1.
    ///
    /// # Errors
    /// When the operations that it is made of refuse the parameter.
    fn apply(
        &self,
        rate: &Array,
        step: &Array,
        parameter: &Array,
        gradient: &Array,
        state: &mut [Array],
    ) -> Result<Array>;
}

/// A rule, a schedule, and what they remember.
#[derive(Clone, Debug)]
pub struct Optimizer<R> {
    /// How parameters move.
    pub rule: R,
    /// The learning rate of each step.
    pub rate: Schedule,
    step: Array,
    states: Vec<Vec<Array>>,
}

impl<R: Rule> Optimizer<R> {
    /// An optimizer that has made no step. The rate is a number or a [`Schedule`].
    pub fn new(rule: R, rate: impl Into<Schedule>) -> Optimizer<R> {
        Optimizer { rule, rate: rate.into(), step: ops::zeros(&[], DType::I32), states: Vec::new() }
    }

    /// Remembers the parameters of `model` now; otherwise the first step does. For a model of another form it starts afresh.
    pub fn init<T: Tree>(&mut self, model: &T) {
        let fresh: Vec<Vec<Array>> = model.leaves().iter().map(|parameter| self.rule.init(parameter)).collect();
        let alike = |(old, new): (&Vec<Array>, &Vec<Array>)| {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.shape() == new.shape())
        };
        if fresh.len() != self.states.len() || !self.states.iter().zip(&fresh).all(alike) {
            self.step = ops::zeros(&[], DType::I32);
            self.states = fresh;
        }
    }

    /// How many steps were made, as an `int32` scalar.
    #[must_use]
    pub fn step(&self) -> &Array {
        &self.step
    }

    /// Takes a step: `model` gets new parameters.
    ///
    /// # Errors
    /// When the gradients are not of the form and the shapes of the parameters; the model then stays as it was.
    pub fn update<T: Tree>(&mut self, model: &mut T, gradients: &T) -> Result<()> {
        const OP: &str = "update";
        let (parameters, gradients) = (model.leaves(), gradients.leaves());
        if parameters.len() != gradients.len() {
            let message = format!("{} gradients for {} parameters", gradients.len(), parameters.len());
            return Err(Error::value(OP, message));
        }
        if let Some((parameter, gradient)) = parameters.iter().zip(&gradients).find(|(p, g)| p.shape() != g.shape()) {
            let (own, given) = (tuple(parameter.shape()), tuple(gradient.shape()));
            return Err(Error::value(OP, format!("a gradient of shape {given} for a parameter of shape {own}")));
        }
        self.init(model);
        let rate = self.rate.at(&self.step)?;
        let step = ops::add(&self.step, &ops::ones(&[], DType::I32))?;
        let mut states = self.states.clone();
        let moved = parameters.iter().zip(&gradients).zip(&mut states).map(|((parameter, gradient), state)| {
            self.rule.apply(&astype(&rate, gradient.dtype())?, &step, parameter, gradient, state)
        });
        let moved = moved.collect::<Result<Vec<_>>>()?;
        *model = model.rebuild(&mut moved.into_iter())?;
        (self.step, self.states) = (step, states);
        Ok(())
    }
}

impl<R: Rule> Tree for Optimizer<R> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.step.flatten(leaves);
        self.states.flatten(leaves);
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        let (step, states) = (self.step.rebuild(leaves)?, self.states.rebuild(leaves)?);
        Ok(Optimizer { rule: self.rule.clone(), rate: self.rate.clone(), step, states })
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        self.step.names(&crate::tree::join(path, "step"), names);
        self.states.names(&crate::tree::join(path, "states"), names);
    }
}

/// The gradients scaled down, where they are longer in all, to length `most`; and their length.
///
/// # Errors
/// When `most` is negative.
///
/// ```
/// use cotan::{Array, optim::clip_norm};
/// let (clipped, length) = clip_norm(&vec![Array::scalar(3.0f32), Array::scalar(4.0f32)], 1.0)?;
/// assert_eq!(length.item::<f32>()?, 5.0);
/// assert!((clipped[1].item::<f32>()? - 0.8).abs() < 1e-5);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn clip_norm<T: Tree>(gradients: &T, most: f64) -> Result<(T, Array)> {
    if most.is_nan() || most < 0.0 {
        return Err(Error::value("clip_norm", format!("a length is not negative, got {most}")));
    }
    let mut power = Array::scalar(0.0f32);
    for gradient in gradients.leaves() {
        let size = ops::abs(&gradient)?;
        // The squares of halves above 255 overflow.
        let size = if size.dtype() == DType::F64 { size } else { astype(&size, DType::F32)? };
        power = ops::add(&power, &ops::square(&size)?.sum(None, false)?)?;
    }
    let length = power.sqrt()?;
    let scale = ops::minimum(&(most / (&length + 1e-6)), &Array::scalar(1.0f32))?;
    let clipped = gradients.map(|gradient| ops::multiply(gradient, &astype(&scale, gradient.dtype())?))?;
    Ok((clipped, length))
}
