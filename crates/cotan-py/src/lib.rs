//! `cotan.core`: the engine as a Python module. Parse, call, wrap.

// Method blocks that `macro_rules` makes hide from PyO3 where its own generated code allows this.
#![allow(unsafe_op_in_unsafe_fn)]
// Arguments are extracted from Python by value, whether a function needs to own them or not.
#![allow(clippy::needless_pass_by_value)]

mod args;
mod array;
mod backends;
mod build;
mod debug;
mod device;
mod distributed;
mod dlpack;
mod dtype;
mod error;
mod export;
mod fast;
mod fft;
mod foreign;
mod functions;
mod index;
mod io;
mod linalg;
mod memory;
mod operand;
mod print;
mod pytree;
mod random;
mod signature;
mod transforms;

use pyo3::prelude::*;

// Graph nodes are small and short-lived: this allocator takes a tenth of the system's time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lazy arrays, operations on them, and transforms of functions of them.
#[pymodule(gil_used = false)]
#[pyo3(name = "core")]
fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
    cotan::set_interrupt_check(error::check_signals);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    dtype::register(module)?;
    print::register(module)?;
    array::register(module)?;
    index::register(module)?;
    device::register(module)?;
    memory::register(module)?;
    functions::register(module)?;
    transforms::register(module)?;
    random::register(module)?;
    linalg::register(module)?;
    fft::register(module)?;
    io::register(module)?;
    debug::register(module)?;
    fast::register(module)?;
    distributed::register(module)?;
    backends::register(module)?;
    export::register(module)?;
    Ok(())
}
