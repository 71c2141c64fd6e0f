//! What an index selects: a strided view, and in it the axes that index arrays read.

use cotan_kernels::layout::Strides;

use super::{Index, gather, mask};
use crate::array::{Array, Shape};
use crate::error::{Error, Result};
use crate::ops::{Regroup, regroup, varies};
use crate::ops::{broadcast_shapes, reshape, strided_slice, strided_update};

/// An index checked against an array's shape.
pub(super) struct Plan {
    op: &'static str,
    starts: Shape,
    steps: Strides,
    /// Sizes of the slice, with the shape of the array.
    sizes: Shape,
    /// The slice without integers' axes and with new ones.
    view: Shape,
    /// Axes of the view that are new.
    new: Shape,
    /// True when some axis is not taken as a whole.
    cuts: bool,
    /// Index arrays and the axes of the view that they index.
    pub arrays: Vec<Array>,
    axes: Shape,
    /// The shape of the index arrays together.
    places: Shape,
    /// How many of the view's other axes come before those of the index arrays.
    front: usize,
}

/// An entry of an index whose masks are places.
enum Entry {
    Int(i64),
    Slice {
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    Ellipsis,
    NewAxis,
    /// Places of an axis, which must have the size given if the places come from a mask.
    Array(Array, Option<usize>),
    /// Places of a new axis of size one, from a mask without axes.
    Flag(Array),
}

impl Entry {
    /// True for what index arrays are read together with.
    fn is_advanced(&self) -> bool {
        match self {
            Entry::Int(_) | Entry::Array(..) | Entry::Flag(_) => true,
            Entry::Slice { .. } | Entry::Ellipsis | Entry::NewAxis => false,
        }
    }

    /// True for what takes an axis of the array.
    fn takes_axis(&self) -> bool {
        match self {
            Entry::Int(_) | Entry::Slice { .. } | Entry::Array(..) => true,
            Entry::Ellipsis | Entry::NewAxis | Entry::Flag(_) => false,
        }
    }
}

impl Plan {
    pub fn new(op: &'static str, a: &Array, index: &[Index]) -> Result<Plan> {
        let mut entries = Vec::with_capacity(index.len() + 1);
        for entry in index {
            expand(op, entry, &mut entries)?;
        }
        let taken = entries.iter().filter(|entry| entry.takes_axis()).count();
        let Some(rest) = a.ndim().checked_sub(taken) else {
            return Err(Error::value(op, format!("{taken} indices for an array with {} axes", a.ndim())));
        };
        match entries.iter().filter(|entry| matches!(entry, Entry::Ellipsis)).count() {
            0 => entries.push(Entry::Ellipsis),
            1 => {}
            n => return Err(Error::value(op, format!("an index has at most one ellipsis, got {n}"))),
        }
        let mut plan = Plan::empty(op);
        for entry in &entries {
            plan.push(a.shape(), entry, rest)?;
        }
        plan.place_arrays(&entries, rest)?;
        Ok(plan)
    }

    fn empty(op: &'static str) -> Plan {
        let (starts, sizes, view, new, axes, places) = Default::default();
        let (steps, arrays) = (Strides::new(), Vec::new());
        Plan { op, starts, steps, sizes, view, new, cuts: false, arrays, axes, places, front: 0 }
    }

    fn push(&mut self, shape: &[usize], entry: &Entry, rest: usize) -> Result<()> {
        let axis = self.sizes.len();
        match entry {
            Entry::Int(index) => {
                let size = shape[axis];
                let refuse = || Error::Index { op: self.op, index: *index, axis, size };
                self.take(place(*index, size).ok_or_else(refuse)?, 1, 1);
                self.cuts = true;
            }
            Entry::Slice { start, stop, step } => {
                let start_stop = (*start, *stop);
                let (start, step, size) = bounds(*start, *stop, *step, shape[axis]);
                self.take(start, step, size);
                self.cuts |= !(matches!(start_stop, (None | Some(0), None)) && step == 1);
                self.view.push(size);
            }
            Entry::Ellipsis => {
                for &size in &shape[axis..axis + rest] {
                    self.take(0, 1, size);
                    self.view.push(size);
                }
            }
            Entry::NewAxis => self.new_axis(),
            Entry::Array(array, size) => {
                if let Some(size) = size.filter(|&size| size != shape[axis]) {
                    let message = format!("the mask has size {size} where axis {axis} has size {}", shape[axis]);
                    return Err(Error::value(self.op, message));
                }
                self.index_by(array);
                self.take(0, 1, shape[axis]);
                self.view.push(shape[axis]);
            }
            Entry::Flag(array) => {
                self.index_by(array);
                self.new_axis();
            }
        }
        Ok(())
    }

    fn take(&mut self, start: usize, step: isize, size: usize) {
        self.starts.push(start);
        self.steps.push(step);
        self.sizes.push(size);
    }

    fn new_axis(&mut self) {
        self.new.push(self.view.len());
        self.view.push(1);
    }

    fn index_by(&mut self, array: &Array) {
        self.arrays.push(array.clone());
        self.axes.push(self.view.len());
    }

    /// Finds where the axes of the index arrays go.
    fn place_arrays(&mut self, entries: &[Entry], rest: usize) -> Result<()> {
        if self.arrays.is_empty() {
            return Ok(());
        }
        let shapes: Vec<&[usize]> = self.arrays.iter().map(Array::shape).collect();
        self.places = broadcast_shapes(&shapes)?;
        let first = entries.iter().position(Entry::is_advanced).expect("there is an index array");
        let last = entries.iter().rposition(Entry::is_advanced).expect("there is an index array");
        if entries[first..=last].iter().all(Entry::is_advanced) {
            let axes = |entry: &Entry| if matches!(entry, Entry::Ellipsis) { rest } else { 1 };
            self.front = entries[..first].iter().map(axes).sum();
        }
        Ok(())
    }

    /// The shape of what is selected.
    pub fn shape(&self) -> Shape {
        let mut shape: Shape =
            (0..self.view.len()).filter(|axis| !self.axes.contains(axis)).map(|axis| self.view[axis]).collect();
        shape.insert_from_slice(self.front, &self.places);
        shape
    }

    /// The view before index arrays read it.
    pub fn slice(&self, a: &Array) -> Result<Array> {
        if varies(a) && !self.cuts {
            return regroup(a, Regroup::Expand(self.new.clone()));
        }
        reshape(&strided_slice(a, &self.starts, &self.steps, &self.sizes)?, &self.view)
    }

    /// `a` with the view replaced.
    pub fn replace(&self, a: &Array, view: &Array) -> Result<Array> {
        strided_update(a, &reshape(view, &self.sizes)?, &self.starts, &self.steps)
    }

    /// The places in the view that the index arrays name.
    pub fn indexed(&self) -> gather::Places<'_> {
        gather::Places { arrays: &self.arrays, axes: &self.axes, shape: &self.places, front: self.front }
    }

    /// What is selected.
    pub fn read(&self, a: &Array) -> Result<Array> {
        let view = self.slice(a)?;
        if self.arrays.is_empty() {
            return Ok(view);
        }
        self.indexed().read(&view)
    }
}

/// Checks an entry by itself, and turns masks into the places where they are true.
fn expand(op: &'static str, entry: &Index, entries: &mut Vec<Entry>) -> Result<()> {
    entries.push(match entry {
        Index::Int(index) => Entry::Int(*index),
        Index::Slice { step: Some(0), .. } => return Err(Error::value(op, "a slice can't have step 0")),
        Index::Slice { start, stop, step } => Entry::Slice { start: *start, stop: *stop, step: step.unwrap_or(1) },
        Index::Ellipsis => Entry::Ellipsis,
        Index::NewAxis => Entry::NewAxis,
        Index::Array(array) if array.dtype().is_integer() => Entry::Array(array.clone(), None),
        Index::Array(array) => {
            return Err(Error::DType { op, dtype: array.dtype(), expected: "integers (or a mask)" });
        }
        Index::Mask(mask) => {
            mask::check(op, mask)?;
            if mask.ndim() == 0 {
                entries.push(Entry::Flag(mask::places(&reshape(mask, &[1])?)?.swap_remove(0)));
            } else {
                let places = mask::places(mask)?.into_iter().zip(mask.shape());
                entries.extend(places.map(|(array, &size)| Entry::Array(array, Some(size))));
            }
            return Ok(());
        }
    });
    Ok(())
}

/// The place of an axis that an integer names.
pub(super) fn place(index: i64, size: usize) -> Option<usize> {
    let shifted = if index < 0 { index.saturating_add_unsigned(size as u64) } else { index };
    usize::try_from(shifted).ok().filter(|&place| place < size)
}

/// Python's slice of an axis: first place, step, how many.
pub(super) fn bounds(start: Option<i64>, stop: Option<i64>, step: i64, size: usize) -> (usize, isize, usize) {
    let n = size as i128;
    // Bounds are clamped to -1..n going down and to 0..=n going up.
    let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
    let clamp = |bound: i64| {
        let bound = i128::from(bound);
        (if bound < 0 { bound + n } else { bound }).clamp(low, high)
    };
    let (near, far) = if step < 0 { (high, low) } else { (low, high) };
    let (start, stop) = (start.map_or(near, clamp), stop.map_or(far, clamp));
    let step = i128::from(step);
    let distance = if step < 0 { start - stop } else { stop - start };
    if distance <= 0 {
        return (0, 1, 0);
    }
    let count = (distance - 1) / step.abs() + 1;
    // A single element needs no step, and a huge one must not overflow strides.
    (start as usize, if count == 1 { 1 } else { step as isize }, count as usize)
}
