//! Function transforms: readings of the graph that a function records.
//!
//! The functions here take and return flat lists of arrays; [`crate::tree`] puts nested structures around them. They are
//! generic over the error of the function that is transformed, so that errors of any host pass through untouched.

mod check;
mod collective;
mod compile;
mod compiled;
mod cotangents;
mod custom;
mod jacobian;
mod jvp;
mod simplify;
mod traces;
mod vjp;
mod vmap;

pub use check::{Check, Mismatch, wrong_derivative};
pub use collective::{Collective, Combine, axis_index, pmax, pmean, pmin, psum};
pub(crate) use compile::Step;
pub use compile::Traced;
pub use compiled::{Compiled, compile};
pub use custom::{Hooks, checkpoint, with_hooks};
pub use jacobian::{Blocks, Linear, jacfwd, jacrev, linearize};
pub use jvp::jvp;
pub(crate) use jvp::push;
pub(crate) use simplify::scalar;
pub use traces::{CacheInfo, TRACE_LIMIT, Traces, compiles, disable_compile, enable_compile};
pub(crate) use vjp::pull;
pub use vjp::vjp;
pub(crate) use vmap::batch;
pub use vmap::{Examples, vmap, vmap_named};
