//! Indexing by integers, slices and new axes into elements that are there: a view, without a plan and without a graph.

use cotan_kernels::layout::Strides;

use super::Index;
use super::plan::{bounds, place};
use crate::array::{Array, Shape, State};
use crate::ops::varies;

/// The view that an index selects; `None` when it takes more than a view, or is wrong.
pub(super) fn view(a: &Array, index: &[Index]) -> Option<Array> {
    let state = a.0.state();
    let State::Ready(tensor) = &*state else { return None };
    if varies(a) {
        return None;
    }
    let taken = index.iter().filter(|entry| matches!(entry, Index::Int(_) | Index::Slice { .. })).count();
    let mut rest = Some(tensor.shape().len().checked_sub(taken)?);
    let (mut shape, mut strides, mut offset) = (Shape::new(), Strides::new(), tensor.offset() as isize);
    let mut axes = tensor.shape().iter().copied().zip(tensor.strides().iter().copied());
    for entry in index {
        match *entry {
            Index::Int(index) => {
                let (size, stride) = axes.next()?;
                offset += place(index, size)? as isize * stride;
            }
            Index::Slice { step: Some(0), .. } | Index::Array(_) | Index::Mask(_) => return None,
            Index::Slice { start, stop, step } => {
                let (size, stride) = axes.next()?;
                let (start, step, count) = bounds(start, stop, step.unwrap_or(1), size);
                if count > 0 {
                    offset += start as isize * stride;
                }
                shape.push(count);
                strides.push(stride * step);
            }
            Index::NewAxis => {
                shape.push(1);
                strides.push(1);
            }
            Index::Ellipsis => {
                for (size, stride) in axes.by_ref().take(rest.take()?) {
                    shape.push(size);
                    strides.push(stride);
                }
            }
        }
    }
    for (size, stride) in axes {
        shape.push(size);
        strides.push(stride);
    }
    Some(Array::from_tensor(tensor.with_layout(shape, strides, offset as usize)))
}
