//! Reading and replacing the elements at regular steps along each axis.

use cotan_kernels::layout::Strides;
use cotan_kernels::{Output, Tensor, region};
use smallvec::smallvec;

use super::follow::varies;
use super::view::expect_elements_fit;
use super::{Batched, Primitive, Site, Tangents, zeros_view};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// Elements `start, start + step, ...` of each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Slice {
    /// The first index along each axis.
    pub starts: Shape,
    /// The distance between neighbours along each axis.
    pub steps: Strides,
    /// How many indices along each axis.
    pub sizes: Shape,
}

/// The first input with the elements `start, start + step, ...` of each axis replaced by the second input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct SliceUpdate {
    /// The first index along each axis.
    pub starts: Shape,
    /// The distance between neighbours along each axis, not zero.
    pub steps: Strides,
}

/// Elements `starts[i], starts[i] + steps[i], ...` of each axis `i`, `sizes[i]` of them. A view.
///
/// # Errors
/// When the lists don't have one entry per axis, or the slice leaves the array.
///
/// ```
/// use cotan::{Array, ops};
/// let x = Array::from_slice(&[0, 1, 2, 3, 4, 5], &[6])?;
/// assert_eq!(ops::strided_slice(&x, &[5], &[-2], &[3])?.to_vec::<i32>()?, [5, 3, 1]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn strided_slice(a: &Array, starts: &[usize], steps: &[isize], sizes: &[usize]) -> Result<Array> {
    if a.shape() == sizes && !varies(a) && starts.iter().all(|&start| start == 0) && steps.iter().all(|&step| step == 1)
    {
        return Ok(a.clone());
    }
    Array::apply(Slice { starts: starts.into(), steps: steps.into(), sizes: sizes.into() }, smallvec![a.clone()])
}

/// `a` with the elements that [`strided_slice`] would read replaced by `update`, which has `a`'s type and rank.
///
/// # Errors
/// When types or ranks differ, a step is 0, or the update leaves the array.
pub fn strided_update(a: &Array, update: &Array, starts: &[usize], steps: &[isize]) -> Result<Array> {
    if update.size() == 0 && !varies(a) && update.ndim() == a.ndim() && update.dtype() == a.dtype() {
        return Ok(a.clone());
    }
    if a.spec() == update.spec()
        && !varies(a)
        && starts.iter().all(|&start| start == 0)
        && steps.iter().all(|&step| step == 1)
    {
        return Ok(update.clone());
    }
    Array::apply(SliceUpdate { starts: starts.into(), steps: steps.into() }, smallvec![a.clone(), update.clone()])
}

/// Elements `start..start + size` of one axis and all of the others. A view.
pub(crate) fn slice_axis(a: &Array, axis: usize, start: usize, step: isize, size: usize) -> Result<Array> {
    let mut starts: Shape = smallvec![0; a.ndim()];
    let mut steps: Strides = smallvec![1; a.ndim()];
    let mut sizes: Shape = a.shape().into();
    (starts[axis], steps[axis], sizes[axis]) = (start, step, size);
    strided_slice(a, &starts, &steps, &sizes)
}

/// Checks that a slice stays within `shape`.
fn check(op: &'static str, shape: &[usize], starts: &[usize], steps: &[isize], sizes: &[usize]) -> Result<()> {
    let describe =
        || format!("start {starts:?}, step {steps:?}, sizes {sizes:?} for an array of shape {}", tuple(shape));
    if [starts.len(), steps.len(), sizes.len()] != [shape.len(); 3] {
        return Err(Error::value(op, format!("needs one entry per axis, got {}", describe())));
    }
    for axis in 0..shape.len() {
        if sizes[axis] == 0 {
            continue;
        }
        let (first, size) = (starts[axis] as i128, shape[axis] as i128);
        let last = first + (sizes[axis] as i128 - 1) * steps[axis] as i128;
        if first >= size || last < 0 || last >= size {
            return Err(Error::value(op, format!("leaves axis {axis}: {}", describe())));
        }
    }
    Ok(())
}

impl Slice {
    /// The same slice of every example.
    fn batched(&self, examples: usize) -> Slice {
        Slice {
            starts: with_front(&self.starts, 0),
            steps: with_front(&self.steps, 1),
            sizes: with_front(&self.sizes, examples),
        }
    }

    fn of(&self, a: &Array) -> Result<Array> {
        strided_slice(a, &self.starts, &self.steps, &self.sizes)
    }
}

/// `list` with `first` before it.
fn with_front<T: Copy>(list: &[T], first: T) -> smallvec::SmallVec<[T; 4]> {
    std::iter::once(first).chain(list.iter().copied()).collect()
}

impl Primitive for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        check(self.name(), inputs[0].shape(), &self.starts, &self.steps, &self.sizes)?;
        expect_elements_fit(self.name(), &self.sizes)?;
        Ok(vec![Spec::new(&self.sizes, inputs[0].dtype())])
    }

    fn jvp(&self, _: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![tangents[0].as_ref().map(|tangent| self.of(tangent)).transpose()?])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None]) };
        // A zero step reads one element many times, so its cotangents add up.
        let mut cotangent = cotangent.clone();
        let repeated: Shape = (0..self.sizes.len()).filter(|&i| self.steps[i] == 0 && self.sizes[i] > 1).collect();
        if !repeated.is_empty() {
            let mut sizes = self.sizes.clone();
            repeated.iter().for_each(|&axis| sizes[axis] = 1);
            cotangent = super::elementwise::unbroadcast(cotangent, &sizes)?;
        }
        let steps: Strides = self.steps.iter().map(|&step| if step == 0 { 1 } else { step }).collect();
        let zero = zeros_view(site.inputs[0].shape(), cotangent.dtype())?;
        Ok(vec![Some(strided_update(&zero, &cotangent, &self.starts, &steps)?)])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(self.batched(examples).of(&inputs[0].array)?)])
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(vec![inputs[0].slice(&self.starts, &self.steps, &self.sizes)])
    }
}

/// The tangent of `of`, zeros if it has none.
pub(crate) fn tangent_or_zeros(of: &Array, tangent: Option<&Array>) -> Result<Array> {
    tangent.map_or_else(|| zeros_view(of.shape(), of.dtype()), |tangent| Ok(tangent.clone()))
}

impl SliceUpdate {
    fn on(&self, source: &Array, update: &Array) -> Result<Array> {
        strided_update(source, update, &self.starts, &self.steps)
    }
}

impl Primitive for SliceUpdate {
    fn name(&self) -> &'static str {
        "slice_update"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let (source, update) = (&inputs[0], &inputs[1]);
        if source.dtype() != update.dtype() {
            let message = format!("the update is {}, the array {}", update.dtype(), source.dtype());
            return Err(Error::value(self.name(), message));
        }
        check(self.name(), source.shape(), &self.starts, &self.steps, update.shape())?;
        if (0..update.ndim()).any(|axis| self.steps[axis] == 0 && update.shape()[axis] > 1) {
            return Err(Error::value(self.name(), "a step is 0"));
        }
        Ok(vec![source.spec()])
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let part = |i: usize| tangent_or_zeros(&site.inputs[i], tangents[i].as_ref());
        Ok(vec![Some(self.on(&part(0)?, &part(1)?)?)])
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let Some(cotangent) = &cotangents[0] else { return Ok(vec![None; 2]) };
        let update = &site.inputs[1];
        let source = |()| self.on(cotangent, &zeros_view(update.shape(), update.dtype())?);
        let slice = |()| strided_slice(cotangent, &self.starts, &self.steps, update.shape());
        Ok(vec![
            site.wanted[0].then_some(()).map(source).transpose()?,
            site.wanted[1].then_some(()).map(slice).transpose()?,
        ])
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let op = SliceUpdate { starts: with_front(&self.starts, 0), steps: with_front(&self.steps, 1) };
        Ok(vec![Batched::mapped(op.on(&inputs[0].expand(examples)?, &inputs[1].expand(examples)?)?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let mut out = Output::new(specs[0].dtype, &specs[0].shape)?;
        cotan_kernels::copy::copy_into(&inputs[0], out.bytes_mut());
        region::write_region(&inputs[1], &mut out, &self.starts, &self.steps);
        Ok(vec![out.finish()])
    }
}
