//! Looking into programs: where the first NaN came from, what a graph looks like, where the time goes.
//!
//! ```
//! use cotan::{Array, debug, ops};
//! let on = debug::nans();
//! let x = Array::from_slice(&[1.0f32, -1.0], &[2])?;
//! let error = ops::log(&x)?.eval().unwrap_err().to_string();
//! assert!(error.starts_with("log: made the first NaN: element (1,) of its float32 (2,) result"), "{error}");
//! drop(on);
//! ops::log(&x)?.eval()?;
//! # Ok::<(), cotan::Error>(())
//! ```
//!
//! All of it costs an evaluation nothing while it is off: recording a call and evaluating read one counter each.

mod drawing;
mod events;
mod layout;
mod nans;
mod origin;
mod parameters;
mod profile;
mod scan;
mod scene;
mod svg;
mod table;
mod text;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Result;

pub use drawing::{Drawing, draw, draw_graph, draw_named};
pub use nans::{Finding, NanGuard, Nans, NotFinite, nans, nans_with};
pub use origin::{Place, Rule};
pub use profile::{Profile, Profiler, Row, profile};

pub(crate) use nans::Checks;
pub(crate) use origin::{Origin, within};
pub(crate) use profile::{Profiling, Timer, Work};
pub(crate) use scan::{at, first, made};

/// The page about debugging, whose Rust examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/debugging.md")]
struct Page;

/// What the host language knows and does.
pub struct Host {
    /// The line of the user's program that is running on this thread.
    pub locate: fn() -> Option<Place>,
    /// Tells the user about an input that holds NaN.
    pub report: fn(&Finding) -> Result<()>,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// Lets a host language find lines and report findings. The first call counts; without one, lines are those of the Rust
/// program, as far as it carries debug information, and findings go to standard error.
pub fn set_host(host: Host) {
    let _ = HOST.set(host);
}

/// How many checks and profilers are on, of all threads.
static WATCHERS: AtomicUsize = AtomicUsize::new(0);

/// True when evaluations have to ask whether someone watches them.
#[inline]
pub(crate) fn is_watching() -> bool {
    WATCHERS.load(Ordering::Relaxed) != 0
}

/// Counts as a watcher while it lives.
struct Watcher;

impl Watcher {
    fn new() -> Watcher {
        WATCHERS.fetch_add(1, Ordering::Relaxed);
        Watcher
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        WATCHERS.fetch_sub(1, Ordering::Relaxed);
    }
}
