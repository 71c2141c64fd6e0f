//! Learning rates that depend on the step.

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::Result;
use crate::ops::{astype, clip, cos, floor, less, power, where_};

/// A learning rate for each step, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// The same for all.
    Constant(f64),
    /// From `start` to `end` in a straight line of so many steps, and then `end`.
    Linear {
        /// The first rate.
        start: f64,
        /// The last rate.
        end: f64,
        /// How many steps there are between them.
        steps: u32,
    },
    /// From `start` to `end` along half a cosine wave (Loshchilov, Hutter, "SGDR", 2016), and then `end`.
    Cosine {
        /// The first rate.
        start: f64,
        /// The last rate.
        end: f64,
        /// How many steps there are between them.
        steps: u32,
    },
    /// `start * decay^step`.
    Exponential {
        /// The first rate.
        start: f64,
        /// The factor of a step.
        decay: f64,
    },
    /// `start`, times `decay` after every so many steps.
    Steps {
        /// The first rate.
        start: f64,
        /// The factor.
        decay: f64,
        /// How many steps have the same rate.
        every: u32,
    },
    /// The first schedule for so many steps, then the second, which begins at its step 0.
    Then(Box<Schedule>, u32, Box<Schedule>),
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Schedule {
        Schedule::Constant(rate)
    }
}

impl Schedule {
    /// From `start` to zero along half a cosine wave.
    #[must_use]
    pub fn cosine(start: f64, steps: u32) -> Schedule {
        Schedule::Cosine { start, end: 0.0, steps }
    }

    /// From zero to `peak` in a straight line.
    #[must_use]
    pub fn warmup(peak: f64, steps: u32) -> Schedule {
        Schedule::Linear { start: 0.0, end: peak, steps }
    }

    /// This schedule for so many steps, then the next.
    ///
    /// ```
    /// use cotan::{Array, optim::Schedule};
    /// let rate = Schedule::warmup(0.1, 10).then(10, Schedule::cosine(0.1, 90));
    /// assert!((rate.at(&Array::scalar(5i32))?.item::<f32>()? - 0.05).abs() < 1e-7);
    /// assert!((rate.at(&Array::scalar(55i32))?.item::<f32>()? - 0.05).abs() < 1e-7);
    /// # Ok::<(), cotan::Error>(())
    /// ```
    #[must_use]
    pub fn then(self, steps: u32, next: Schedule) -> Schedule {
        Schedule::Then(Box::new(self), steps, Box::new(next))
    }

    /// The rate of a step, as `float32`.
    ///
    /// # Errors
    /// When the operations that it is made of refuse the step.
    pub fn at(&self, step: &Array) -> Result<Array> {
        let step = astype(step, DType::F32)?;
        let constant = |value: f64| Array::scalar(value as f32);
        // No steps at all mean that the end is there at once.
        let done = |steps: u32| match steps {
            0 => Ok(constant(1.0)),
            _ => clip(&(&step / f64::from(steps)), Some(&constant(0.0)), Some(&constant(1.0))),
        };
        match *self {
            Schedule::Constant(rate) => Ok(constant(rate)),
            Schedule::Linear { start, end, steps } => Ok(done(steps)? * (end - start) + start),
            Schedule::Cosine { start, end, steps } => {
                let share = (cos(&(done(steps)? * std::f64::consts::PI))? + 1.0) * 0.5;
                Ok(share * (start - end) + end)
            }
            Schedule::Exponential { start, decay } => Ok(power(&constant(decay), &step)? * start),
            Schedule::Steps { start, decay, every } => {
                let times = floor(&(step / f64::from(every.max(1))))?;
                Ok(power(&constant(decay), &times)? * start)
            }
            Schedule::Then(ref first, steps, ref next) => {
                let begins = f64::from(steps);
                where_(&less(&step, &constant(begins))?, &first.at(&step)?, &next.at(&(&step - begins))?)
            }
        }
    }
}
