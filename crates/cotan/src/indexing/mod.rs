//! NumPy's indexing: reading and functional writing by integers, slices, index arrays and masks.

mod basic;
mod gather;
mod mask;
mod plan;
mod write;

use crate::array::Array;
use crate::error::Result;

pub use mask::nonzero;
pub use write::{Update, set, update};

pub(crate) use gather::gather_axes;

/// One entry of an index, as in `a[1, ::2, ..., None, rows]`.
#[derive(Clone, Debug)]
pub enum Index {
    /// One place of an axis, negative ones counting from its end; the axis goes away.
    Int(i64),
    /// Places `start, start + step, ...` before `stop`, by Python's rules.
    Slice {
        /// The first place; the near end if `None`.
        start: Option<i64>,
        /// Where to stop; past the far end if `None`.
        stop: Option<i64>,
        /// The distance between neighbours, not 0; 1 if `None`.
        step: Option<i64>,
    },
    /// All axes that no other entry names.
    Ellipsis,
    /// A new axis of size one.
    NewAxis,
    /// Places of an axis, in any integer type; several such arrays broadcast and are read together.
    Array(Array),
    /// Truth values over as many axes as the mask has, selecting the places where it is true.
    Mask(Array),
}

impl Index {
    /// All of an axis.
    pub const ALL: Index = Index::Slice { start: None, stop: None, step: None };
}

/// The elements of `a` that `index` selects.
///
/// Integers, slices, new axes and the ellipsis give a view. Index arrays broadcast together, and their shape replaces the
/// axes that they index, or comes first when a slice, a new axis or the ellipsis lies between two of them (integers
/// count as index arrays here). A mask is evaluated, since the shape of the result depends on it.
///
/// # Errors
/// [`Error::Index`](crate::Error::Index) for an integer out of range, at once; index arrays are checked when they are evaluated.
/// [`Error::Value`](crate::Error::Value) for too many entries, two ellipses, a step of 0, or a mask of another shape.
///
/// ```
/// use cotan::{Array, indexing::{self, Index}};
/// let x = Array::from_slice(&[1, 2, 3, 4, 5, 6], &[2, 3])?;
/// let column = indexing::get(&x, &[Index::Ellipsis, Index::Int(-1)])?;
/// assert_eq!(column.to_vec::<i32>()?, [3, 6]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn get(a: &Array, index: &[Index]) -> Result<Array> {
    match basic::view(a, index) {
        Some(view) => Ok(view),
        None => plan::Plan::new("index", a, index)?.read(a),
    }
}
