//! Lets the host stop an evaluation that takes long, as when someone presses Ctrl-C.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::Result;

/// How long an evaluation runs before it asks, and asks again.
const PATIENCE: Duration = Duration::from_millis(20);

static CHECK: OnceLock<fn() -> Result<()>> = OnceLock::new();

thread_local! {
    static ASKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Makes long evaluations ask `check` now and then, between kernels and between the steps of loops, and stop with its
/// error. What was not computed can be tried again. Only the first call has an effect.
pub fn set_interrupt_check(check: fn() -> Result<()>) {
    let _ = CHECK.set(check);
}

/// Asks, if it is time to.
pub(crate) fn poll() -> Result<()> {
    let Some(check) = CHECK.get() else { return Ok(()) };
    let now = Instant::now();
    let waited = ASKED.get().map_or(PATIENCE, |asked| now.duration_since(asked));
    if waited < PATIENCE {
        return Ok(());
    }
    ASKED.set(Some(now));
    check()
}
