//! Which calls run in one pass over memory.

use cotan_kernels::DType;
use cotan_kernels::cast::cast_tile;
use cotan_kernels::fused::{Program, Reg};

use super::plan::{Source, Step};
use crate::array::Shape;
use crate::error::{Error, Result};
use crate::ops::{Op, Primitive};

/// Calls in one group: enough to fuse any expression, few enough to keep its values in the first-level cache.
const LIMIT: u32 = 40;

/// How a call takes part in fusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// One element of the result depends on one element of each input.
    Elementwise,
    /// A constant, which readers compute for themselves.
    Constant,
    /// A reduction, which can end a group.
    Reduction,
    /// Runs by itself.
    Alone,
}

pub(super) fn class(op: &Op) -> Class {
    match op {
        Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Cast(_) => Class::Elementwise,
        Op::Full(_) => Class::Constant,
        Op::Reduce(_) => Class::Reduction,
        _ => Class::Alone,
    }
}

/// Appends an elementwise operation to a program.
pub(super) fn emit(program: &mut Program, op: &Op, args: &[Reg]) -> Result<Reg> {
    let unsupported = |dtype: DType| Error::DType { op: op.name(), dtype, expected: "another type" };
    let dtype = program.dtype(*args.last().expect("elementwise operations have arguments"));
    let (compute, tile) = match op {
        Op::Unary(unary) => (unary.compute_dtype(dtype), unary.0.tile(unary.compute_dtype(dtype))),
        Op::Binary(binary) => (binary.compute_dtype(dtype), binary.0.tile(binary.compute_dtype(dtype))),
        Op::Select(select) => return Ok(program.apply(select.tile(dtype), args)),
        Op::Cast(cast) => return Ok(program.apply(cast_tile(dtype, cast.to), args)),
        _ => return Err(unsupported(dtype)),
    };
    let tile = tile.ok_or_else(|| unsupported(dtype))?;
    if compute == dtype {
        return Ok(program.apply(tile, args));
    }
    let wide: Vec<Reg> = args.iter().map(|&arg| program.apply(cast_tile(dtype, compute), &[arg])).collect();
    let result = program.apply(tile, &wide);
    Ok(if tile.result() == compute { program.apply(cast_tile(compute, dtype), &[result]) } else { result })
}

/// What grouping asks of a call.
pub(super) trait Fusible {
    fn class(&self) -> Class;
    /// Shape of its only result, if it may be fused.
    fn shape(&self) -> &Shape;
    /// The calls before it that make its inputs.
    fn producers(&self) -> impl Iterator<Item = usize>;
}

impl Fusible for Step {
    fn class(&self) -> Class {
        self.class
    }

    fn shape(&self) -> &Shape {
        self.spec().shape
    }

    fn producers(&self) -> impl Iterator<Item = usize> {
        Step::producers(self)
    }
}

/// A set of calls that run together, as a tree of parents with facts at its root.
#[derive(Clone, Debug)]
struct Group {
    parent: u32,
    count: u32,
    reduction: Option<u32>,
}

/// Groups calls into units. Edges between units lead from a lower level to a higher one, so no cycle can arise.
pub(super) struct Fusion {
    groups: Vec<Group>,
    levels: Vec<u32>,
}

impl Fusion {
    /// Groups the steps, which come inputs first.
    pub fn new(steps: &[impl Fusible]) -> Fusion {
        let mut fusion = Fusion { groups: Vec::with_capacity(steps.len()), levels: Vec::with_capacity(steps.len()) };
        for index in 0..steps.len() {
            fusion.groups.push(Group { parent: index as u32, count: 1, reduction: None });
            match steps[index].class() {
                Class::Elementwise => fusion.place_elementwise(steps, index),
                Class::Reduction => fusion.place_reduction(steps, index),
                Class::Constant | Class::Alone => {
                    let level = steps[index].producers().map(|p| fusion.levels[p] + 1).max();
                    fusion.levels.push(level.unwrap_or(0));
                }
            }
        }
        fusion
    }

    /// The unit of a step, named by one of its members.
    pub fn unit(&mut self, step: usize) -> usize {
        let mut root = step;
        while self.groups[root].parent as usize != root {
            let above = self.groups[root].parent;
            self.groups[root].parent = self.groups[above as usize].parent;
            root = above as usize;
        }
        root
    }

    fn place_elementwise(&mut self, steps: &[impl Fusible], index: usize) {
        let shape = steps[index].shape();
        let mut level = 0;
        let mut joins: smallvec::SmallVec<[usize; 3]> = smallvec::SmallVec::new();
        for producer in steps[index].producers() {
            let step = &steps[producer];
            match step.class() {
                Class::Constant => {}
                Class::Elementwise if step.shape() == shape => {
                    level = level.max(self.levels[producer]);
                    joins.push(producer);
                }
                Class::Elementwise | Class::Reduction | Class::Alone => level = level.max(self.levels[producer] + 1),
            }
        }
        joins.retain(|producer| self.levels[*producer] == level);
        let mut roots: smallvec::SmallVec<[usize; 3]> = joins.iter().map(|&producer| self.unit(producer)).collect();
        roots.sort_unstable();
        roots.dedup();
        let count: u32 = 1 + roots.iter().map(|&root| self.groups[root].count).sum::<u32>();
        let reductions = roots.iter().filter(|&&root| self.groups[root].reduction.is_some()).count();
        if !roots.is_empty() && (count > LIMIT || reductions > 1) {
            self.levels.push(level + 1);
            return;
        }
        self.levels.push(level);
        for root in roots {
            self.groups[root].parent = index as u32;
            self.groups[index].reduction = self.groups[index].reduction.or(self.groups[root].reduction);
        }
        self.groups[index].count = count;
    }

    fn place_reduction(&mut self, steps: &[impl Fusible], index: usize) {
        let Some(producer) = steps[index].producers().next() else {
            self.levels.push(0);
            return;
        };
        if steps[producer].class() == Class::Elementwise {
            let root = self.unit(producer);
            if self.groups[root].reduction.is_none() {
                self.groups[root].reduction = Some(index as u32);
                self.groups[index].parent = root as u32;
                self.levels.push(self.levels[producer]);
                return;
            }
        }
        self.levels.push(self.levels[producer] + u32::from(steps[producer].class() != Class::Constant));
    }
}

impl Source {
    /// The step that makes it, if it is made here.
    pub fn step(&self) -> Option<usize> {
        match self {
            Source::Made { step, .. } => Some(*step as usize),
            Source::Ready(_) => None,
        }
    }
}
