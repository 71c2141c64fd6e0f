//! Slices whose start is an array, known when it is evaluated.

use cotan_kernels::layout::Strides;
use cotan_kernels::{DType, Output, Tensor, region};
use smallvec::smallvec;

use super::follow::expect_fixed;
use super::slice::tangent_or_zeros;
use super::{
    Batched, PadMode, PadWidth, Primitive, Site, Tangents, add, arange, astype, greater_equal, less, logical_and,
    maximum, minimum, normalize_axes, pad, permute, reshape, strided_slice, subtract, where_, zeros, zeros_view,
};
use crate::array::{Array, Inputs, Shape, Spec};
use crate::error::{Error, Result, tuple};
use crate::indexing::gather_axes;

/// `sizes` elements of the first input from the start in the second input, moved inside where it would leave an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DynamicSlice {
    /// The axes that the entries of the start belong to; other axes start at 0.
    pub axes: Shape,
    /// How many elements of each axis.
    pub sizes: Shape,
}

/// The first input with the second written over it from the start in the third; what leaves the array is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DynamicSliceUpdate {
    /// The axes that the entries of the start belong to; other axes start at 0.
    pub axes: Shape,
}

/// `sizes[axis]` elements of each axis of `a`, from index `start[i]` of axis `axes[i]` and 0 of the others. A view.
///
/// A start from which the slice would leave the array is moved so far that it doesn't.
///
/// # Errors
/// [`Error::Axis`] for an axis that doesn't exist; when an axis is named twice, `start` is not one integer per axis, or `sizes`
/// doesn't fit into `a`.
pub fn slice(a: &Array, start: &Array, axes: &[i64], sizes: &[usize]) -> Result<Array> {
    const OP: &str = "slice";
    if sizes.len() != a.ndim() || sizes.iter().zip(a.shape()).any(|(size, whole)| size > whole) {
        return Err(Error::value(OP, format!("sizes {} don't fit into shape {}", tuple(sizes), tuple(a.shape()))));
    }
    let (start, axes) = starts(OP, a, start, axes)?;
    Array::apply(DynamicSlice { axes, sizes: sizes.into() }, smallvec![a.clone(), start])
}

/// `a` with `update`, cast to its type, written over it from index `start[i]` of axis `axes[i]` and 0 of the others.
///
/// Elements that would leave the array are dropped.
///
/// # Errors
/// [`Error::Axis`] for an axis that doesn't exist; when an axis is named twice, `start` is not one integer per axis, or
/// `update` has another number of axes or is larger than `a` along one.
pub fn slice_update(a: &Array, update: &Array, start: &Array, axes: &[i64]) -> Result<Array> {
    const OP: &str = "slice_update";
    if update.ndim() != a.ndim() {
        let message = format!("an update of shape {} needs the {} axes of the array", tuple(update.shape()), a.ndim());
        return Err(Error::value(OP, message));
    }
    if update.shape().iter().zip(a.shape()).any(|(size, whole)| size > whole) {
        let message =
            format!("an update of shape {} doesn't fit into shape {}", tuple(update.shape()), tuple(a.shape()));
        return Err(Error::value(OP, message));
    }
    let (start, axes) = starts(OP, a, start, axes)?;
    Array::apply(DynamicSliceUpdate { axes }, smallvec![a.clone(), astype(update, a.dtype())?, start])
}

fn starts(op: &'static str, a: &Array, start: &Array, axes: &[i64]) -> Result<(Array, Shape)> {
    let axes = normalize_axes(op, axes, a.ndim())?;
    if !start.dtype().is_integer() {
        return Err(Error::DType { op, dtype: start.dtype(), expected: "an integer start" });
    }
    if start.ndim() > 1 || start.size() != axes.len() {
        let message = format!("a start of shape {} for {} axes", tuple(start.shape()), axes.len());
        return Err(Error::value(op, message));
    }
    Ok((reshape(&astype(start, DType::I64)?, &[axes.len()])?, axes))
}

/// `start` moved between `low` and `high`, per entry.
fn clamp(start: &Array, low: &[i64], high: &[i64]) -> Result<Array> {
    let bound = |values: &[i64]| Array::from_slice(values, &[values.len()]);
    maximum(&minimum(start, &bound(high)?)?, &bound(low)?)
}

/// Per mapped example and along `axis` of `ndim` axes after that: the column `i` of `start` plus a counter.
fn places(start: &Array, i: usize, axis: usize, ndim: usize, counter: &Array) -> Result<Array> {
    let examples = start.shape()[0];
    let column = strided_slice(start, &[0, i], &[1, 1], &[examples, 1])?;
    let mut shape = Shape::from_elem(1, 1 + ndim);
    shape[0] = examples;
    let column = reshape(&column, &shape)?;
    (shape[0], shape[1 + axis]) = (1, counter.size());
    add(&column, &reshape(counter, &shape)?)
}

fn counter(size: usize) -> Result<Array> {
    arange(0.0, size as f64, 1.0, DType::I64)
}

/// Elements of every example at indices along `axes` of an example, in the place of those axes.
///
/// Index `i` of the list has axes for the examples and for each of `axes`.
fn pick(a: &Array, indices: &[Array], axes: &[usize]) -> Result<Array> {
    let examples = a.shape()[0];
    let mut own = Shape::from_elem(1, 1 + axes.len());
    own[0] = examples;
    let all = [&[reshape(&counter(examples)?, &own)?], indices].concat();
    let batched: Shape = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
    let read = gather_axes(a, &all, &batched)?;
    // The indexed axes come first now, the others after them.
    let others = (0..a.ndim()).filter(|axis| !batched.contains(axis));
    let order: Shape = batched.iter().copied().chain(others).collect();
    let back: Shape =
        (0..a.ndim()).map(|axis| order.iter().position(|&from| from == axis).expect("each axis")).collect();
    permute(&read, &back)
}

impl DynamicSlice {
    fn limits(&self, shape: &[usize]) -> Vec<i64> {
        self.axes.iter().map(|&axis| (shape[axis] - self.sizes[axis]) as i64).collect()
    }
}

/// Refuses what is larger than the array.
fn expect_within(op: &'static str, a: &Array, sizes: &[usize]) -> Result<()> {
    if sizes.len() == a.ndim() && sizes.iter().zip(a.shape()).all(|(size, whole)| size <= whole) {
        return Ok(());
    }
    Err(Error::value(op, format!("sizes {} don't fit into shape {}", tuple(sizes), tuple(a.shape()))))
}

impl Primitive for DynamicSlice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_within(self.name(), &inputs[0], &self.sizes)?;
        Ok(vec![Spec::new(&self.sizes, inputs[0].dtype())])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let slice = |tangent: &Array| Array::apply(self.clone(), smallvec![tangent.clone(), site.inputs[1].clone()]);
        Ok(vec![tangents[0].as_ref().map(slice).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 2]) };
        expect_fixed(self.name(), &site.inputs[0])?;
        let shape = site.inputs[0].shape();
        let start = clamp(&site.inputs[1], &vec![0; self.axes.len()], &self.limits(shape))?;
        let zero = zeros_view(shape, cotangent.dtype())?;
        let op = DynamicSliceUpdate { axes: self.axes.clone() };
        Ok(vec![Some(Array::apply(op, smallvec![zero, cotangent.clone(), start])?), None])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let a = inputs[0].expand(examples)?;
        if !inputs[1].mapped {
            let axes = self.axes.iter().map(|axis| axis + 1).collect();
            let sizes = std::iter::once(examples).chain(self.sizes.iter().copied()).collect();
            let sliced = Array::apply(DynamicSlice { axes, sizes }, smallvec![a, inputs[1].array.clone()])?;
            return Ok(vec![Batched::mapped(sliced)]);
        }
        let start = clamp(&inputs[1].array, &vec![0; self.axes.len()], &self.limits(&a.shape()[1..]))?;
        let count = self.axes.len();
        let index = |(i, &axis): (usize, &usize)| places(&start, i, i, count, &counter(self.sizes[axis])?);
        let indices = self.axes.iter().enumerate().map(index).collect::<Result<Vec<_>>>()?;
        let picked = pick(&a, &indices, &self.axes)?;
        let (starts, steps): (Shape, Strides) = (smallvec![0; picked.ndim()], smallvec![1; picked.ndim()]);
        let sizes: Shape = std::iter::once(examples).chain(self.sizes.iter().copied()).collect();
        Ok(vec![Batched::mapped(strided_slice(&picked, &starts, &steps, &sizes)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        let mut starts: Shape = smallvec![0; self.sizes.len()];
        let limits = self.limits(inputs[0].shape());
        for ((&axis, start), limit) in self.axes.iter().zip(inputs[1].to_vec::<i64>()).zip(limits) {
            starts[axis] = start.clamp(0, limit) as usize;
        }
        let steps: Strides = smallvec![1; starts.len()];
        Ok(vec![inputs[0].slice(&starts, &steps, &self.sizes)])
    }
}

impl DynamicSliceUpdate {
    fn on(&self, source: &Array, update: &Array, start: &Array) -> Result<Array> {
        Array::apply(self.clone(), smallvec![source.clone(), update.clone(), start.clone()])
    }

    /// The part of `cotangent` that the update covered, zeros where the update was dropped.
    fn covered(&self, cotangent: &Array, update: &Array, start: &Array) -> Result<Array> {
        let axes: Shape = (0..update.ndim()).collect();
        let margin = |axis: usize| update.shape()[axis] as i64;
        let widths: Vec<(i64, i64)> = axes.iter().map(|&axis| (margin(axis), margin(axis))).collect();
        let zero = PadMode::Constant(zeros(&[], cotangent.dtype()));
        let padded = pad(cotangent, PadWidth::PerAxis(&widths), &zero)?;
        // With margins as wide as the update every start fits, and those further out see zeros alone.
        let low: Vec<i64> = self.axes.iter().map(|&axis| -margin(axis)).collect();
        let high: Vec<i64> = self.axes.iter().map(|&axis| cotangent.shape()[axis] as i64).collect();
        let margins: Vec<i64> = self.axes.iter().map(|&axis| margin(axis)).collect();
        let start = add(&clamp(start, &low, &high)?, &Array::from_slice(&margins, &[margins.len()])?)?;
        let mut fixed: Shape = smallvec![0; update.ndim()];
        let mut sizes: Shape = padded.shape().into();
        for axis in axes {
            if !self.axes.contains(&axis) {
                (fixed[axis], sizes[axis]) = (update.shape()[axis], update.shape()[axis]);
            }
        }
        let steps: Strides = smallvec![1; update.ndim()];
        let rest = strided_slice(&padded, &fixed, &steps, &sizes)?;
        Array::apply(DynamicSlice { axes: self.axes.clone(), sizes: update.shape().into() }, smallvec![rest, start])
    }
}

impl Primitive for DynamicSliceUpdate {
    fn name(&self) -> &'static str {
        "slice_update"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        expect_within(self.name(), &inputs[0], inputs[1].shape())?;
        Ok(vec![inputs[0].spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        if tangents[0].is_none() && tangents[1].is_none() {
            return Ok(vec![None]);
        }
        let part = |i: usize| tangent_or_zeros(&site.inputs[i], tangents[i].as_ref());
        Ok(vec![Some(self.on(&part(0)?, &part(1)?, &site.inputs[2])?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 3]) };
        expect_fixed(self.name(), &site.inputs[0])?;
        let (update, start) = (&site.inputs[1], &site.inputs[2]);
        let mut all = vec![None; 3];
        if site.wanted[0] {
            all[0] = Some(self.on(cotangent, &zeros_view(update.shape(), update.dtype())?, start)?);
        }
        if site.wanted[1] {
            all[1] = Some(self.covered(cotangent, update, start)?);
        }
        Ok(all)
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let (source, update) = (inputs[0].expand(examples)?, inputs[1].expand(examples)?);
        if !inputs[2].mapped {
            let op = DynamicSliceUpdate { axes: self.axes.iter().map(|axis| axis + 1).collect() };
            return Ok(vec![Batched::mapped(op.on(&source, &update, &inputs[2].array)?)]);
        }
        if update.size() == 0 {
            return Ok(vec![Batched::mapped(source)]);
        }
        // Every place of the source finds the place of the update that would cover it, if there is one.
        let ndim = source.ndim() - 1;
        let minus = subtract(&zeros(&[], DType::I64), &inputs[2].array)?;
        let still = zeros(&[examples, 1], DType::I64);
        let mut covered = Array::scalar(cotan_kernels::Bool::from(true));
        let (mut axes, mut indices) = (Shape::new(), Inputs::new());
        for axis in 0..ndim {
            let (size, whole) = (update.shape()[1 + axis], source.shape()[1 + axis]);
            let moving = self.axes.iter().position(|&moving| moving == axis);
            if moving.is_none() && size == whole {
                continue;
            }
            let (start, column) = moving.map_or((&still, 0), |i| (&minus, i));
            let place = places(start, column, axis, ndim, &counter(whole)?)?;
            let end = Array::scalar(size as i64);
            let within = logical_and(&greater_equal(&place, &zeros(&[], DType::I64))?, &less(&place, &end)?)?;
            covered = logical_and(&covered, &within)?;
            axes.push(axis);
            indices.push(maximum(&minimum(&place, &Array::scalar(size as i64 - 1))?, &zeros(&[], DType::I64))?);
        }
        let kept = |index: &Array| {
            let shape: Shape =
                std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).map(|i| index.shape()[i]).collect();
            reshape(index, &shape)
        };
        let indices = indices.iter().map(kept).collect::<Result<Vec<_>>>()?;
        Ok(vec![Batched::mapped(where_(&covered, &pick(&update, &indices, &axes)?, &source)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let (shape, update) = (&specs[0].shape, &inputs[1]);
        let mut out = Output::new(specs[0].dtype, shape)?;
        cotan_kernels::copy::copy_into(&inputs[0], out.bytes_mut());
        let mut starts = vec![0i64; shape.len()];
        self.axes.iter().zip(inputs[2].to_vec::<i64>()).for_each(|(&axis, start)| starts[axis] = start);
        let steps: Strides = smallvec![1; shape.len()];
        let (mut from, mut to, mut sizes) = (Shape::new(), Shape::new(), Shape::new());
        for axis in 0..shape.len() {
            let (start, size) = (i128::from(starts[axis]), update.shape()[axis] as i128);
            let first = start.clamp(0, shape[axis] as i128);
            let last = (start + size).clamp(first, shape[axis] as i128);
            from.push((first - start).min(size) as usize);
            to.push(first as usize);
            sizes.push((last - first) as usize);
        }
        if !sizes.contains(&0) {
            region::write_region(&update.slice(&from, &steps, &sizes), &mut out, &to, &steps);
        }
        Ok(vec![out.finish()])
    }
}
