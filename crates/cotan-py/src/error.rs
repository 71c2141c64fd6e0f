//! The one place where errors become Python exceptions.

use cotan::{Error, ErrorKind};
use pyo3::PyErr;
use pyo3::exceptions::{PyFloatingPointError, PyIndexError, PyRuntimeError, PyTypeError, PyValueError};

/// An error of the engine or of Python on its way through the binding.
#[derive(Debug)]
pub enum Fault {
    /// Raised by the engine.
    Engine(Error),
    /// Raised by Python code or by the binding itself.
    Python(PyErr),
}

/// Result of a function of the binding.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Engine(error)
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Fault::Python(error)
    }
}

impl From<pyo3::CastError<'_, '_>> for Fault {
    fn from(error: pyo3::CastError<'_, '_>) -> Self {
        Fault::Python(error.into())
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> PyErr {
        let error = match fault {
            Fault::Python(error) => return error,
            Fault::Engine(error) => error,
        };
        if let Error::External(inner) = &error
            && let Some(python) = inner.downcast_ref::<PyErr>()
        {
            return pyo3::Python::attach(|py| python.clone_ref(py));
        }
        let message = error.to_string();
        match error.kind() {
            ErrorKind::Value => PyValueError::new_err(message),
            ErrorKind::Type => PyTypeError::new_err(message),
            ErrorKind::Index => PyIndexError::new_err(message),
            ErrorKind::Runtime => PyRuntimeError::new_err(message),
            ErrorKind::FloatingPoint => PyFloatingPointError::new_err(message),
        }
    }
}

/// Carries an exception through rules that return the engine's error.
pub fn external(fault: Fault) -> Error {
    match fault {
        Fault::Engine(error) => error,
        Fault::Python(error) => Error::External(std::sync::Arc::new(error)),
    }
}

/// Runs Python's handlers of signals that have come in, such as that of Ctrl-C, which raises KeyboardInterrupt.
pub fn check_signals() -> cotan::Result<()> {
    pyo3::Python::attach(|py| py.check_signals().map_err(|error| external(Fault::Python(error))))
}

pub fn value_error(message: impl Into<String>) -> Fault {
    Fault::Python(PyValueError::new_err(message.into()))
}

pub fn type_error(message: impl Into<String>) -> Fault {
    Fault::Python(PyTypeError::new_err(message.into()))
}

pub fn runtime_error(message: impl Into<String>) -> Fault {
    Fault::Python(PyRuntimeError::new_err(message.into()))
}
