//! What debugging asks of an evaluation: a time for every unit, and a look at what it made.

use super::plan::Plan;
use super::run::Results;
use super::{check, cost};
use crate::debug::{self, Checks, Profiling, Timer};
use crate::error::Result;

/// Those who watch an evaluation.
pub(super) struct Watch {
    checks: Option<Checks>,
    profiling: Option<Profiling>,
}

impl Watch {
    /// Whoever watches this thread.
    pub fn current() -> Option<Watch> {
        if !debug::is_watching() {
            return None;
        }
        let watch = Watch { checks: Checks::current(), profiling: Profiling::current() };
        (watch.checks.is_some() || watch.profiling.is_some()).then_some(watch)
    }

    /// Runs a unit of a plan.
    pub fn run_unit(&self, plan: &mut Plan, unit: u32, members: &[u32], results: &mut [Results]) -> Result<()> {
        // Inputs that are held are not overwritten, so that the unit can run again.
        let held = self.checks.as_ref().map(|_| check::Inputs::new(plan, unit, members, results)).transpose()?;
        let reads = self.profiling.as_ref().map(|_| cost::Reads::new(plan, unit, members, results));
        let timer = Timer::start();
        plan.run_unit(unit, members, results)?;
        let time = timer.stop();
        if let (Some(profiling), Some(reads)) = (&self.profiling, &reads) {
            profiling.ran(&reads.work(plan, members, results), time);
        }
        match (&self.checks, &held) {
            (Some(checks), Some(inputs)) => check::check(plan, members, inputs, results, checks),
            _ => Ok(()),
        }
    }
}
