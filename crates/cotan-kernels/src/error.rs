//! What can go wrong in a kernel, as facts.

use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use crate::memory::AllocError;

/// A kernel's failure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The system has no memory for a result or for scratch.
    #[error(transparent)]
    Alloc(#[from] AllocError),
    /// An index lies outside its axis.
    #[error("index {index} is out of range for axis {axis} of size {size}")]
    Index {
        /// The index as it was given.
        index: i64,
        /// The size of the axis.
        size: usize,
        /// The axis.
        axis: usize,
    },
    /// A matrix without inverse.
    #[error("matrix {matrix} of the batch is singular")]
    Singular {
        /// Its place in the batch.
        matrix: usize,
    },
    /// A matrix that is not positive definite.
    #[error("matrix {matrix} of the batch is not positive definite")]
    NotPositive {
        /// Its place in the batch.
        matrix: usize,
    },
    /// A matrix with infinite or NaN elements where an iteration needs numbers.
    #[error("matrix {matrix} of the batch has infinite or NaN elements")]
    NotFinite {
        /// Its place in the batch.
        matrix: usize,
    },
    /// An iteration that did not end.
    #[error("the iteration did not converge for matrix {matrix} of the batch")]
    NoConvergence {
        /// Its place in the batch.
        matrix: usize,
    },
}

/// The failure of a parallel loop: of all that tasks report, the one with the lowest position, so that the outcome
/// does not depend on which thread was faster.
#[derive(Default)]
pub(crate) struct Failure(Mutex<Option<(usize, KernelError)>>);

impl Failure {
    pub(crate) fn set(&self, position: usize, error: impl Into<KernelError>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_none_or(|(other, _)| position < *other) {
            *slot = Some((position, error.into()));
        }
    }

    pub(crate) fn into_result(self) -> Result<(), KernelError> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
    }
}
