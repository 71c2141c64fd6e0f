//! Joining arrays along an axis and taking them apart again.

use cotan_kernels::layout::Strides;
use cotan_kernels::{DType, Output, Tensor, region};
use smallvec::smallvec;

use super::slice::slice_axis;
use super::view::expect_elements_fit;
use super::{Batched, Primitive, Site, Tangents, astype, expand_dims, flatten, normalize_axis, zeros_view};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// Inputs one after another along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

/// Consecutive parts along an axis, which together are the whole input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Split {
    /// The axis.
    pub axis: usize,
    /// The sizes of the parts.
    pub sizes: Shape,
}

/// How [`split`] takes an axis apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sections<'a> {
    /// Into this many parts of equal size.
    Equal(i64),
    /// At these indices, by the rules of slice bounds.
    At(&'a [i64]),
}

/// The arrays one after another along `axis`, or flattened first without one. Types promote.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when there is no array or other axes differ.
///
/// ```
/// use cotan::{Array, ops};
/// let (x, y) = (Array::from_slice(&[1, 2], &[2])?, Array::from_slice(&[3], &[1])?);
/// assert_eq!(ops::concatenate(&[x, y], Some(0))?.to_vec::<i32>()?, [1, 2, 3]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn concatenate(arrays: &[Array], axis: Option<i64>) -> Result<Array> {
    let Some(axis) = axis else {
        let flat = arrays.iter().map(|array| flatten(array, 0, -1)).collect::<Result<Vec<_>>>()?;
        return concatenate(&flat, Some(0));
    };
    match arrays {
        [] => Err(Error::value("concatenate", "needs at least one array")),
        [one] => Ok(one.clone()),
        [first, ..] => {
            let axis = normalize_axis("concatenate", axis, first.ndim())?;
            join(axis, arrays)
        }
    }
}

/// The arrays, all of one shape, along a new axis of the result. Types promote.
///
/// # Errors
/// [`Error::Axis`] when the result has no such axis; when there is no array or shapes differ.
pub fn stack(arrays: &[Array], axis: i64) -> Result<Array> {
    const OP: &str = "stack";
    let Some(first) = arrays.first() else { return Err(Error::value(OP, "needs at least one array")) };
    if let Some(other) = arrays.iter().find(|array| array.shape() != first.shape()) {
        let message = format!("shapes {} and {} differ", tuple(first.shape()), tuple(other.shape()));
        return Err(Error::value(OP, message));
    }
    let axis = normalize_axis(OP, axis, first.ndim() + 1)?;
    let expanded = arrays.iter().map(|array| expand_dims(array, &[axis as i64])).collect::<Result<Vec<_>>>()?;
    if expanded.len() == 1 { Ok(expanded.into_iter().next().expect("one array")) } else { join(axis, &expanded) }
}

/// The parts of `a` along `axis`. Views.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis; when the number of sections isn't positive or doesn't divide its size.
pub fn split(a: &Array, sections: Sections, axis: i64) -> Result<Vec<Array>> {
    const OP: &str = "split";
    let axis = normalize_axis(OP, axis, a.ndim())?;
    let size = a.shape()[axis];
    let bounds: Vec<usize> = match sections {
        Sections::Equal(n) => match usize::try_from(n).ok().filter(|&n| n > 0 && size.is_multiple_of(n)) {
            Some(n) => (1..n).map(|i| i * (size / n)).collect(),
            None => return Err(Error::value(OP, format!("axis {axis} of size {size} has no {n} equal sections"))),
        },
        Sections::At(indices) => {
            let clamp =
                |&i: &i64| (if i < 0 { i.saturating_add(size as i64) } else { i }).clamp(0, size as i64) as usize;
            indices.iter().map(clamp).collect()
        }
    };
    if !bounds.is_sorted() {
        // Parts overlap then, so each is a slice of its own.
        let starts = std::iter::once(&0).chain(&bounds);
        let ends = bounds.iter().chain(std::iter::once(&size));
        return starts
            .zip(ends)
            .map(|(&start, &end)| slice_axis(a, axis, start, 1, end.saturating_sub(start)))
            .collect();
    }
    if bounds.is_empty() {
        return Ok(vec![a.clone()]);
    }
    let starts = std::iter::once(&0).chain(&bounds);
    let sizes = starts.zip(bounds.iter().chain(std::iter::once(&size))).map(|(start, end)| end - start).collect();
    Array::apply_all(Split { axis, sizes }, smallvec![a.clone()])
}

/// The subarrays along `axis`, without it. Views.
///
/// # Errors
/// [`Error::Axis`] when there is no such axis.
pub fn unstack(a: &Array, axis: i64) -> Result<Vec<Array>> {
    let axis = normalize_axis("unstack", axis, a.ndim())?;
    let mut shape = Shape::from_slice(a.shape());
    let parts = match shape.remove(axis) {
        0 => return Ok(Vec::new()),
        n => split(a, Sections::Equal(n as i64), axis as i64)?,
    };
    parts.iter().map(|part| super::reshape(part, &shape)).collect()
}

/// [`concatenate`] of at least one array along an axis of the first.
pub(crate) fn join(axis: usize, arrays: &[Array]) -> Result<Array> {
    let dtype = arrays.iter().map(Array::dtype).reduce(DType::promote).expect("at least one array");
    let inputs = arrays.iter().map(|array| astype(array, dtype)).collect::<Result<Inputs>>()?;
    Array::apply(Concatenate { axis }, inputs)
}

impl Concatenate {
    /// The arrays with `None` as zeros of the shape and type that `like` has at its place.
    fn of(&self, parts: &[Option<Array>], like: &[Spec]) -> Result<Option<Array>> {
        let whole = parts.iter().zip(like).map(|(part, spec)| match part {
            Some(part) => Ok(part.clone()),
            None => zeros_view(&spec.shape, spec.dtype),
        });
        Array::apply(self.clone(), whole.collect::<Result<Inputs>>()?).map(Some)
    }
}

impl Split {
    fn of(&self, a: &Array) -> Result<Tangents> {
        Ok(Array::apply_all(self.clone(), smallvec![a.clone()])?.into_iter().map(Some).collect())
    }
}

fn specs(arrays: &[Array]) -> Vec<Spec> {
    arrays.iter().map(Array::spec).collect()
}

impl Primitive for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let first = &inputs[0];
        let mut shape = Shape::from_slice(first.shape());
        for input in &inputs[1..] {
            let fits = |(axis, (a, b)): (usize, (&usize, &usize))| axis == self.axis || a == b;
            if input.ndim() != first.ndim() || !input.shape().iter().zip(first.shape()).enumerate().all(fits) {
                let (left, right) = (tuple(first.shape()), tuple(input.shape()));
                let message = format!("shapes {left} and {right} differ in more than axis {}", self.axis);
                return Err(Error::value(self.name(), message));
            }
            let longer = shape[self.axis].checked_add(input.shape()[self.axis]);
            shape[self.axis] = longer.ok_or_else(|| Error::value(self.name(), "too many elements"))?;
        }
        expect_elements_fit(self.name(), &shape)?;
        Ok(vec![Spec { shape, dtype: first.dtype() }])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![self.of(tangents, &specs(site.inputs))?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; site.inputs.len()]) };
        let sizes = site.inputs.iter().map(|input| input.shape()[self.axis]).collect();
        Split { axis: self.axis, sizes }.of(cotangent)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let all = inputs.iter().map(|input| input.expand(examples)).collect::<Result<Inputs>>()?;
        Ok(vec![Batched::mapped(Array::apply(Concatenate { axis: self.axis + 1 }, all)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        let mut starts: Shape = smallvec![0; specs[0].shape.len()];
        let steps: Strides = smallvec![1; specs[0].shape.len()];
        for input in inputs {
            region::write_region(input, &mut out, &starts, &steps);
            starts[self.axis] += input.shape()[self.axis];
        }
        Ok(vec![out.finish()])
    }
}

impl Primitive for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let mut shape = Shape::from_slice(inputs[0].shape());
        let size = shape.get(self.axis).copied();
        if size != Some(self.sizes.iter().sum()) {
            let message = format!("sizes {:?} don't add up to axis {} of {}", self.sizes, self.axis, tuple(&shape));
            return Err(Error::value(self.name(), message));
        }
        let part = |&size: &usize| {
            shape[self.axis] = size;
            Spec::new(&shape, inputs[0].dtype())
        };
        Ok(self.sizes.iter().map(part).collect())
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        tangents[0].as_ref().map_or_else(|| Ok(vec![None; self.sizes.len()]), |tangent| self.of(tangent))
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![Concatenate { axis: self.axis }.of(cotangents, &specs(site.outputs))?])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let op = Split { axis: self.axis + 1, sizes: self.sizes.clone() };
        Ok(Array::apply_all(op, smallvec![inputs[0].array.clone()])?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut starts: Shape = smallvec![0; inputs[0].shape().len()];
        let steps: Strides = smallvec![1; starts.len()];
        let part = |spec: &Spec| {
            let view = inputs[0].slice(&starts, &steps, &spec.shape);
            starts[self.axis] += spec.shape[self.axis];
            view
        };
        Ok(specs.iter().map(part).collect())
    }
}
