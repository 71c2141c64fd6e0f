//! `cotan.core.distributed`: the interface of many processes, in a world of one.

use cotan::Array;
use pyo3::prelude::*;

use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Fault, Result, runtime_error, value_error};
use crate::functions::{Sizes, add_functions, made_on};
use crate::operand::{ArrayArg, Elementwise};

/// The names that programs may ask for. None of them is there.
const BACKENDS: [&str; 5] = ["any", "ring", "mpi", "nccl", "jaccl"];

/// Processes that work together: always this one alone.
///
/// >>> import cotan.core as mx
/// >>> group = mx.distributed.init()
/// >>> group.rank(), group.size()
/// (0, 1)
#[pyclass(name = "Group", module = "cotan.core.distributed", frozen)]
pub struct Group;

type GroupArg<'py> = Option<Bound<'py, Group>>;

#[pymethods]
impl Group {
    /// The place of this process in the group: 0.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.init().rank()
    /// 0
    fn rank(&self) -> usize {
        0
    }

    /// How many processes there are: 1.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.init().size()
    /// 1
    fn size(&self) -> usize {
        1
    }

    /// A group of those processes that give the same color, in the order of their keys. RuntimeError for a group of one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.init().split(0)
    /// Traceback (most recent call last):
    /// RuntimeError: split: a group of one process can't be split, by color 0 or any other
    #[pyo3(signature = (color, key = -1), text_signature = "(self, color, key=-1)")]
    fn split(&self, color: i64, key: i64) -> Result<Group> {
        let _ = key;
        Err(runtime_error(format!("split: a group of one process can't be split, by color {color} or any other")))
    }

    fn __repr__(&self) -> &'static str {
        "Group(rank=0, size=1)"
    }
}

/// The group of all processes: this one alone, as there is no way to reach others.
///
/// RuntimeError if `strict`, which asks for others; ValueError for a `backend` that no package has. What would make
/// `all_gather_factory` necessary is not there either, so it isn't called.
///
/// >>> import cotan.core as mx
/// >>> mx.distributed.init()
/// Group(rank=0, size=1)
#[pyfunction]
#[pyo3(signature = (strict = false, backend = "any", *, all_gather_factory = None))]
fn init(strict: bool, backend: &str, all_gather_factory: Option<Bound<'_, PyAny>>) -> Result<Group> {
    drop(all_gather_factory);
    if !BACKENDS.contains(&backend) {
        return Err(value_error(format!("init: backends are {}, got {backend:?}", BACKENDS.join(", "))));
    }
    if strict {
        return Err(runtime_error(format!("init: the backend {backend:?} is not there: cotan works in one process")));
    }
    Ok(Group)
}

/// Whether other processes can be reached by a backend: False for all of them.
///
/// >>> import cotan.core as mx
/// >>> mx.distributed.is_available()
/// False
#[pyfunction]
#[pyo3(signature = (backend = "any"))]
fn is_available(backend: &str) -> bool {
    let _ = backend;
    false
}

/// Declares operations over all processes, which in a world of one leave an array as it is.
macro_rules! identities {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(signature = (x, *, group = None, stream = None))]
            fn $name(x: Elementwise, group: GroupArg<'_>, stream: Option<StreamArg>) -> PyArray {
                drop(group);
                made_on(stream, x.array())
            }
        )*

        fn register_identities(module: &Bound<'_, PyModule>) -> PyResult<()> {
            add_functions!(module; $($name),*);
            Ok(())
        }
    };
}
identities! {
    /// The sum of `x` over all processes: `x` itself, as there is one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.all_sum(mx.array([1, 2]))
    /// array([1, 2], dtype=int32)
    all_sum;
    /// The largest elements over all processes: `x` itself, as there is one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.all_max(mx.array([1, 2]))
    /// array([1, 2], dtype=int32)
    all_max;
    /// The smallest elements over all processes: `x` itself, as there is one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.all_min(mx.array([1, 2]))
    /// array([1, 2], dtype=int32)
    all_min;
    /// The arrays of all processes one after another: `x` itself, as there is one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.all_gather(mx.array([1, 2]))
    /// array([1, 2], dtype=int32)
    all_gather;
    /// This process's part of the sum over all processes: `x` itself, as there is one.
    ///
    /// >>> import cotan.core as mx
    /// >>> mx.distributed.sum_scatter(mx.array([1, 2]))
    /// array([1, 2], dtype=int32)
    sum_scatter;
}

/// What sending and receiving comes to.
fn nobody(function: &str, peer: i64) -> Fault {
    value_error(format!("{function}: there is no process {peer} to exchange arrays with in a group of one"))
}

/// Sends `x` to the process `dst`. ValueError, as there is no other process.
///
/// >>> import cotan.core as mx
/// >>> mx.distributed.send(mx.array([1]), 1)
/// Traceback (most recent call last):
/// ValueError: send: there is no process 1 to exchange arrays with in a group of one
#[pyfunction]
#[pyo3(signature = (x, dst, *, group = None, stream = None))]
fn send(x: ArrayArg, dst: i64, group: GroupArg<'_>, stream: Option<StreamArg>) -> Result<PyArray> {
    let _: (Array, _, _) = (x.0, group, stream);
    Err(nobody("send", dst))
}

/// An array of this shape and type from the process `src`. ValueError, as there is no other process.
///
/// >>> import cotan.core as mx
/// >>> mx.distributed.recv((2,), mx.float32, 1)
/// Traceback (most recent call last):
/// ValueError: recv: there is no process 1 to exchange arrays with in a group of one
#[pyfunction]
#[pyo3(signature = (shape, dtype, src, *, group = None, stream = None))]
fn recv(shape: Sizes, dtype: PyDtype, src: i64, group: GroupArg<'_>, stream: Option<StreamArg>) -> Result<PyArray> {
    let _ = (shape, dtype, group, stream);
    Err(nobody("recv", src))
}

/// An array like `x` from the process `src`. ValueError, as there is no other process.
///
/// >>> import cotan.core as mx
/// >>> mx.distributed.recv_like(mx.array([1]), 1)
/// Traceback (most recent call last):
/// ValueError: recv_like: there is no process 1 to exchange arrays with in a group of one
#[pyfunction]
#[pyo3(signature = (x, src, *, group = None, stream = None))]
fn recv_like(x: ArrayArg, src: i64, group: GroupArg<'_>, stream: Option<StreamArg>) -> Result<PyArray> {
    let _: (Array, _, _) = (x.0, group, stream);
    Err(nobody("recv_like", src))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let distributed = PyModule::new(py, "cotan.core.distributed")?;
    let target = &distributed;
    add_functions!(target; init, is_available, send, recv, recv_like);
    register_identities(target)?;
    distributed.add_class::<Group>()?;
    distributed.setattr("__doc__", "The interface of programs in many processes, for a world of one process.")?;
    module.add("distributed", &distributed)?;
    py.import("sys")?.getattr("modules")?.set_item("cotan.core.distributed", distributed)
}
