//! What can go wrong, as facts; the wording lives in `Display`.

use cotan_kernels::{DType, KernelError, memory::AllocError};

use crate::array::Shape;

/// Result of a cotan operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The families of errors that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A value, shape or element type that the operation can't take.
    Value,
    /// An argument of the wrong sort.
    Type,
    /// An axis or index out of range.
    Index,
    /// A failure while evaluating.
    Runtime,
    /// NaN or an infinity where checks are on.
    FloatingPoint,
}

/// Why an operation failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Shapes that don't broadcast.
    #[error("{op}: shapes {} and {} don't broadcast; each pair of sizes, from the last axis on, must be equal or contain a 1",
        tuple(.left), tuple(.right))]
    Broadcast {
        /// The operation.
        op: &'static str,
        /// Shape of the first operand.
        left: Shape,
        /// Shape of the second operand.
        right: Shape,
    },
    /// An axis that the array doesn't have.
    #[error("{op}: axis {axis} is out of range for an array with {ndim} axes")]
    Axis {
        /// The operation.
        op: &'static str,
        /// The axis as given.
        axis: i64,
        /// How many axes there are.
        ndim: usize,
    },
    /// An index past the end of an axis.
    #[error("{op}: index {index} is out of range for axis {axis} of size {size}")]
    Index {
        /// The operation.
        op: &'static str,
        /// The index as given.
        index: i64,
        /// The axis it indexes.
        axis: usize,
        /// The size of that axis.
        size: usize,
    },
    /// An element type that the operation has no meaning for.
    #[error("{op}: {dtype} is not supported; expected {expected}")]
    DType {
        /// The operation.
        op: &'static str,
        /// The type as given.
        dtype: DType,
        /// What it takes.
        expected: &'static str,
    },
    /// Any other unacceptable value; the message says what was given and what was expected.
    #[error("{op}: {message}")]
    Value {
        /// The operation.
        op: &'static str,
        /// What was given, what was expected.
        message: String,
    },
    /// An argument of the wrong sort.
    #[error("{op}: {message}")]
    Type {
        /// The operation.
        op: &'static str,
        /// What was given, what was expected.
        message: String,
    },
    /// Reading the value of an array that a transform is still tracing.
    #[error(
        "{transform}: the function needs the value of an array that has none while it is being transformed \
        (printing, item(), `if x > 0`, shapes that depend on data); compute it outside, or select with where()"
    )]
    NoValue {
        /// The transform.
        transform: &'static str,
    },
    /// An operation without a derivative.
    #[error("{op}: not differentiable: {reason}")]
    NotDifferentiable {
        /// The operation.
        op: &'static str,
        /// Why there is no derivative.
        reason: &'static str,
    },
    /// A failure while evaluating.
    #[error("{op}: {message}")]
    Runtime {
        /// The operation.
        op: &'static str,
        /// What happened.
        message: String,
    },
    /// An operation made NaN or an infinity while [`crate::debug::nans`] was on.
    #[error("{0}")]
    NotFinite(Box<crate::debug::NotFinite>),
    /// An error of the host that a rule of its own raised, such as a Python exception.
    #[error("{0}")]
    External(std::sync::Arc<dyn std::error::Error + Send + Sync>),
    /// The system has no memory left for an array.
    #[error("out of memory: can't allocate {bytes} bytes")]
    Alloc {
        /// How much was asked for.
        bytes: usize,
    },
}

impl Error {
    /// The family it belongs to.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Broadcast { .. } | Error::DType { .. } | Error::Value { .. } | Error::NoValue { .. } => {
                ErrorKind::Value
            }
            Error::NotDifferentiable { .. } => ErrorKind::Value,
            Error::Type { .. } => ErrorKind::Type,
            Error::Axis { .. } | Error::Index { .. } => ErrorKind::Index,
            Error::NotFinite(_) => ErrorKind::FloatingPoint,
            Error::Runtime { .. } | Error::Alloc { .. } | Error::External(_) => ErrorKind::Runtime,
        }
    }

    /// A [`Error::Value`] with a formatted message.
    pub fn value(op: &'static str, message: impl Into<String>) -> Error {
        Error::Value { op, message: message.into() }
    }

    /// The error of a kernel, raised by `op`.
    #[must_use]
    pub fn from_kernel(op: &'static str, error: KernelError) -> Error {
        match error {
            KernelError::Alloc(AllocError { bytes }) => Error::Alloc { bytes },
            KernelError::Index { index, size, axis } => Error::Index { op, index, axis, size },
            other => Error::Runtime { op, message: other.to_string() },
        }
    }
}

impl From<AllocError> for Error {
    fn from(AllocError { bytes }: AllocError) -> Self {
        Error::Alloc { bytes }
    }
}

/// A shape as both languages print it: `(2, 3)`, `(2,)`, `()`.
#[must_use]
pub fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}
