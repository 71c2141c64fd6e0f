//! Runs a program of elementwise steps over cache-sized tiles: one pass over memory for a whole expression.
//!
//! A [`Program`] is built once per group of operations: inputs, constants and kernels over virtual registers. To run it,
//! registers are bound to memory: contiguous inputs and outputs are used where they lie, everything else goes through
//! a small scratch area that stays in the first-level cache.

mod ahead;
mod bind;

use crate::copy::{copy_run, is_transposed};
use crate::layout::{self, Shape, Strides, for_each_run};
use crate::memory::{AllocError, Block};
use crate::simd::Tile;
use crate::tensor::{Output, Tensor};
use crate::{DType, Scalar, pool, with_dtype};
use ahead::Streams;
use bind::Binder;

/// Elements in a tile: eight tiles of `f32` fill the first-level cache of common CPUs.
pub const TILE: usize = 1024;
const SLOT_BYTES: usize = TILE * 8;
/// Rows at least this long are cut at their ends, so that a tile reads broadcast operands from one row.
const ROW_CUT: usize = 128;

/// A value of a program: one element per place of the iteration space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg(u16);

#[derive(Clone, Copy, Debug)]
enum Origin {
    Input(u16),
    Constant(Scalar),
    Iota { start: Scalar, step: Scalar },
    Step,
}

#[derive(Clone, Copy)]
struct Step {
    tile: Tile,
    args: [u16; 3],
    arity: u8,
    result: u16,
}

/// Elementwise steps in the order they run.
#[derive(Default)]
pub struct Program {
    regs: Vec<(DType, Origin)>,
    steps: Vec<Step>,
    inputs: u16,
    outputs: Vec<Reg>,
}

/// Where an input of a program comes from.
pub enum Operand {
    /// A tensor that broadcasts to the iteration space.
    Tensor(Tensor),
    /// What the memory of that output holds before the run: the output takes over a dying input's buffer.
    InPlace(usize),
}

impl Program {
    /// A program without steps.
    #[must_use]
    pub fn new() -> Program {
        Program::default()
    }

    fn push(&mut self, dtype: DType, origin: Origin) -> Reg {
        self.regs.push((dtype, origin));
        Reg(u16::try_from(self.regs.len() - 1).expect("a group of operations is small"))
    }

    /// The next input.
    pub fn input(&mut self, dtype: DType) -> Reg {
        self.inputs += 1;
        self.push(dtype, Origin::Input(self.inputs - 1))
    }

    /// The same value everywhere.
    pub fn constant(&mut self, value: Scalar) -> Reg {
        self.push(value.dtype(), Origin::Constant(value))
    }

    /// `start + index * step`, where `index` counts the iteration space in row-major order.
    pub fn iota(&mut self, start: Scalar, step: Scalar) -> Reg {
        self.push(start.dtype(), Origin::Iota { start, step })
    }

    /// Applies a kernel.
    ///
    /// # Panics
    /// When the arguments are not of the kernel's types.
    pub fn apply(&mut self, tile: Tile, args: &[Reg]) -> Reg {
        assert_eq!(tile.arity(), args.len(), "apply: the kernel has another arity");
        let mut places = [0; 3];
        for (i, arg) in args.iter().enumerate() {
            assert_eq!(tile.args()[i], Some(self.dtype(*arg)), "apply: argument {i} has another type");
            places[i] = arg.0;
        }
        let result = self.push(tile.result(), Origin::Step);
        self.steps.push(Step { tile, args: places, arity: args.len() as u8, result: result.0 });
        result
    }

    /// Marks a value as an output.
    pub fn output(&mut self, reg: Reg) {
        self.outputs.push(reg);
    }

    /// The type of a value.
    #[must_use]
    pub fn dtype(&self, reg: Reg) -> DType {
        self.regs[usize::from(reg.0)].0
    }

    /// Number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// True for a program without steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Runs over `shape` and fills the outputs, which are row-major of that shape, in the order they were marked.
    ///
    /// # Errors
    /// When there is no memory for scratch.
    ///
    /// # Panics
    /// When operands or outputs don't match the program.
    pub fn run(&self, shape: &[usize], operands: &[Operand], outputs: &mut [Output]) -> Result<(), AllocError> {
        assert_eq!(self.outputs.len(), outputs.len(), "run: the number of outputs differs");
        let straight = straightened(operands)?;
        let bound = Bound::new(self, shape, straight.as_deref().unwrap_or(operands), outputs, None);
        if bound.total == 0 {
            return Ok(());
        }
        let failed = std::sync::Mutex::new(None);
        pool::parallel_chunks(bound.total, 8 * TILE, bound.cost_ns(), &|range| match Scratch::new(&bound) {
            Ok(mut scratch) => bound.for_each_tile(range, |start, n| {
                // SAFETY: tiles lie within the iteration space, and each is visited by one thread.
                unsafe { bound.tile(&mut scratch, start, n) };
            }),
            Err(error) => *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error),
        });
        failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// The operands with copies of those that would be read across their rows; `None` when there are none.
fn straightened(operands: &[Operand]) -> Result<Option<Vec<Operand>>, AllocError> {
    let across = |operand: &Operand| match operand {
        Operand::Tensor(tensor) => is_transposed(tensor),
        Operand::InPlace(_) => false,
    };
    if !operands.iter().any(across) {
        return Ok(None);
    }
    let straight = |operand: &Operand| {
        Ok(match operand {
            Operand::Tensor(tensor) if across(operand) => Operand::Tensor(tensor.to_row_major()?),
            Operand::Tensor(tensor) => Operand::Tensor(tensor.clone()),
            Operand::InPlace(output) => Operand::InPlace(*output),
        })
    };
    operands.iter().map(straight).collect::<Result<_, _>>().map(Some)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Not yet bound.
    None,
    /// Scratch that is rewritten for every tile.
    Slot(u16),
    /// Scratch that holds one value all the time.
    Constant(u16),
    /// Memory that lies in the order of the iteration space.
    Direct { base: usize, size: usize },
}

enum Action {
    Load { base: usize, size: usize, strides: Strides, to: Place },
    Iota { start: Scalar, step: Scalar, to: Place },
    Apply { tile: Tile, args: [Place; 3], to: Place },
    Store { from: Place, base: usize, size: usize },
}

/// A program whose registers have places in memory, over one iteration space.
pub struct Bound {
    shape: Shape,
    total: usize,
    actions: Vec<Action>,
    constants: Vec<(u16, [u8; 8], usize)>,
    slots: u16,
    value: Place,
    bytes_per_element: usize,
    streams: Streams,
}

impl Bound {
    /// Binds a program. `wanted` is a value that a reduction reads after every tile.
    ///
    /// # Panics
    /// When operands or outputs don't match the program.
    #[must_use]
    pub fn new(
        program: &Program,
        shape: &[usize],
        operands: &[Operand],
        outputs: &mut [Output],
        wanted: Option<Reg>,
    ) -> Bound {
        assert_eq!(usize::from(program.inputs), operands.len(), "the number of inputs differs");
        let views: Vec<Option<Tensor>> = operands
            .iter()
            .map(|operand| match operand {
                Operand::Tensor(tensor) => Some(tensor.broadcast_to(shape)),
                Operand::InPlace(_) => None,
            })
            .collect();
        let lists: Vec<&[isize]> = views.iter().flatten().map(Tensor::strides).collect();
        let row_major = layout::row_major(shape);
        // Outputs are row-major, so they take part in joining axes.
        let (joined, mut strides) = layout::collapse(shape, &[&lists[..], &[&row_major]].concat());
        strides.pop();
        let mut binder = Binder::new(program, joined, layout::len(shape), outputs);
        let mut strides = strides.into_iter();
        for (reg, &(dtype, origin)) in program.regs.iter().enumerate() {
            match origin {
                Origin::Input(input) => match (&views[usize::from(input)], &operands[usize::from(input)]) {
                    (Some(view), _) => {
                        assert_eq!(view.dtype(), dtype, "input {input} has another type");
                        let strides = strides.next().expect("one list of strides per tensor");
                        binder.bind_input(reg, view, strides);
                    }
                    (None, Operand::InPlace(output)) => binder.bind_in_place(reg, *output),
                    (None, Operand::Tensor(_)) => unreachable!("tensors have views"),
                },
                Origin::Constant(value) => binder.bind_constant(reg, value.bytes(), dtype.size()),
                Origin::Iota { .. } | Origin::Step => {}
            }
        }
        binder.finish(wanted)
    }

    /// Number of places in the iteration space.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Estimated time per element on one thread.
    #[must_use]
    pub fn cost_ns(&self) -> f32 {
        0.05 + 0.15 * self.actions.len() as f32 + 0.03 * self.bytes_per_element as f32
    }

    /// Where the wanted value of the places from `start` on lies in memory, when that takes no steps.
    #[must_use]
    pub fn in_memory(&self, start: usize) -> Option<*const u8> {
        match self.value {
            Place::Direct { base, size } if self.actions.is_empty() => Some((base + start * size) as *const u8),
            Place::Direct { .. } | Place::None | Place::Slot(_) | Place::Constant(_) => None,
        }
    }

    /// Cuts a range into tiles, at the ends of long rows.
    pub fn for_each_tile(&self, range: std::ops::Range<usize>, mut tile: impl FnMut(usize, usize)) {
        let row = self.shape.last().copied().unwrap_or(1);
        let mut start = range.start;
        while start < range.end {
            let mut n = self.streams.tile.min(range.end - start);
            if self.shape.len() > 1 && row >= ROW_CUT {
                n = n.min(row - start % row);
            }
            tile(start, n);
            start += n;
        }
    }

    /// Computes the places `start..start + n` of the iteration space; gives the address of the wanted value's tile.
    ///
    /// # Safety
    /// `n` is in `1..=TILE`, the range lies within the iteration space, `scratch` was made for this binding, and no
    /// other thread computes the same places at the same time.
    #[inline]
    pub unsafe fn tile(&self, scratch: &mut Scratch, start: usize, n: usize) -> *const u8 {
        let slots = scratch.block.ptr();
        let at = |place: Place| match place {
            Place::Direct { base, size } => (base + start * size) as *mut u8,
            Place::Slot(slot) | Place::Constant(slot) => slots.wrapping_add(usize::from(slot) * SLOT_BYTES),
            Place::None => std::ptr::null_mut(),
        };
        let next = start + n;
        let mut ahead = self.streams.ahead(next, n.min(self.total - next));
        for action in &self.actions {
            ahead.step();
            // SAFETY: binding placed every operand in memory that holds `n` elements from here: inputs and outputs of
            // the iteration space's size, or slots of `TILE` elements; operand types were checked by `apply`.
            unsafe {
                match action {
                    Action::Apply { tile, args, to } => {
                        tile.run(&[at(args[0]), at(args[1]), at(args[2])], at(*to), n);
                    }
                    Action::Load { base, size, strides, to } => {
                        let (mut to, inner) = (at(*to), *strides.last().expect("collapse gives an axis"));
                        for_each_run(&self.shape, strides, start, n, |offset, n| {
                            let from = (*base as *const u8).offset(offset * *size as isize);
                            copy_run(from, inner, to, n, *size);
                            to = to.add(n * size);
                        });
                    }
                    Action::Iota { start: first, step, to } => fill_iota(*first, *step, start, at(*to), n),
                    Action::Store { from, base, size } => {
                        let to = (*base + start * size) as *mut u8;
                        std::ptr::copy_nonoverlapping(at(*from).cast_const(), to, n * size);
                    }
                }
            }
        }
        at(self.value)
    }
}

/// # Safety
/// `to` takes `n` elements of the scalars' type.
unsafe fn fill_iota(first: Scalar, step: Scalar, start: usize, to: *mut u8, n: usize) {
    with_dtype!(first.dtype(), T => {
        // SAFETY: promised by the caller.
        let out = unsafe { std::slice::from_raw_parts_mut(to.cast::<T>(), n) };
        if first.dtype().is_inexact() {
            let (first, step) = (first.to::<f64>(), step.to::<f64>());
            for (i, value) in out.iter_mut().enumerate() {
                *value = crate::cast::CastTo::cast_to(first + (start + i) as f64 * step);
            }
        } else {
            let (first, step) = (first.to::<i64>(), step.to::<i64>());
            for (i, value) in out.iter_mut().enumerate() {
                *value = crate::cast::CastTo::cast_to(first.wrapping_add(((start + i) as i64).wrapping_mul(step)));
            }
        }
    });
}

/// A thread's scratch area for one binding.
pub struct Scratch {
    block: Block,
}

impl Scratch {
    /// Memory for the slots, with the constants filled in.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new(bound: &Bound) -> Result<Scratch, AllocError> {
        let block = Block::alloc(usize::from(bound.slots) * SLOT_BYTES)?;
        let n = TILE.min(bound.total);
        for (slot, bytes, size) in &bound.constants {
            let to = block.ptr().wrapping_add(usize::from(*slot) * SLOT_BYTES);
            // SAFETY: the slot takes `TILE` elements; the source is one element, read again and again.
            unsafe { copy_run(bytes.as_ptr(), 0, to, n, *size) };
        }
        Ok(Scratch { block })
    }
}
