//! Gives the registers of a program places in memory.

use smallvec::SmallVec;

use super::ahead::Streams;
use super::{Action, Bound, Origin, Place, Program, Reg};
use crate::layout::{self, Shape, Strides};
use crate::tensor::{Output, Tensor};

pub(super) struct Binder<'a> {
    program: &'a Program,
    shape: Shape,
    total: usize,
    outputs: Vec<(usize, usize)>,
    places: Vec<Place>,
    loads: Vec<Option<(usize, Strides)>>,
    last_use: Vec<usize>,
    in_place: Vec<Option<usize>>,
    constants: Vec<(u16, [u8; 8], usize)>,
    slots: u16,
    bytes_per_element: usize,
    direct_inputs: SmallVec<[(usize, usize); 8]>,
}

impl<'a> Binder<'a> {
    pub fn new(program: &'a Program, shape: Shape, total: usize, outputs: &mut [Output]) -> Self {
        let regs = program.regs.len();
        let mut last_use = vec![0; regs];
        for (index, step) in program.steps.iter().enumerate() {
            for &arg in &step.args[..usize::from(step.arity)] {
                last_use[usize::from(arg)] = index + 1;
            }
        }
        let outputs: Vec<_> = program
            .outputs
            .iter()
            .zip(outputs)
            .map(|(reg, output)| {
                assert_eq!(output.dtype(), program.dtype(*reg), "an output has another type");
                assert_eq!(layout::len(output.shape()), total, "an output has another size");
                (output.ptr().addr(), output.dtype().size())
            })
            .collect();
        Binder {
            program,
            shape,
            total,
            bytes_per_element: outputs.iter().map(|output| output.1).sum(),
            places: vec![Place::None; regs],
            loads: vec![None; regs],
            last_use,
            in_place: vec![None; outputs.len()],
            outputs,
            constants: Vec::new(),
            slots: 0,
            direct_inputs: SmallVec::new(),
        }
    }

    fn new_slot(&mut self) -> u16 {
        self.slots += 1;
        self.slots - 1
    }

    pub fn bind_constant(&mut self, reg: usize, bytes: [u8; 8], size: usize) {
        let slot = self.new_slot();
        self.constants.push((slot, bytes, size));
        self.places[reg] = Place::Constant(slot);
    }

    pub fn bind_input(&mut self, reg: usize, view: &Tensor, strides: Strides) {
        let (base, size) = (view.ptr().addr(), view.dtype().size());
        if self.total == 0 {
            return;
        }
        if strides.iter().all(|&stride| stride == 0) {
            let mut bytes = [0; 8];
            // SAFETY: a tensor that is not empty has a first element.
            unsafe { std::ptr::copy_nonoverlapping(view.ptr().cast_const(), bytes.as_mut_ptr(), size) };
            self.bind_constant(reg, bytes, size);
        } else if layout::is_row_major(&self.shape, &strides) {
            self.bytes_per_element += size;
            self.direct_inputs.push((base, size));
            self.places[reg] = Place::Direct { base, size };
        } else {
            self.bytes_per_element += size;
            self.loads[reg] = Some((base, strides));
        }
    }

    pub fn bind_in_place(&mut self, reg: usize, output: usize) {
        let (base, size) = self.outputs[output];
        assert_eq!(size, self.program.regs[reg].0.size(), "an output can't take over a buffer of another width");
        assert!(self.in_place[output].replace(reg).is_none(), "an output can take over one buffer");
        self.direct_inputs.push((base, size));
        self.places[reg] = Place::Direct { base, size };
    }

    /// Gives every step a place for its result, reusing slots whose value is no longer needed.
    pub fn finish(mut self, wanted: Option<Reg>) -> Bound {
        if let Some(reg) = wanted {
            self.last_use[usize::from(reg.0)] = usize::MAX;
        }
        for reg in &self.program.outputs {
            self.last_use[usize::from(reg.0)] = usize::MAX;
        }
        let mut stored = vec![false; self.outputs.len()];
        let mut free: Vec<u16> = Vec::new();
        let mut actions = Vec::with_capacity(self.program.steps.len() + 4);
        for (index, step) in self.program.steps.iter().enumerate() {
            let args = &step.args[..usize::from(step.arity)];
            for &arg in args {
                self.materialise(usize::from(arg), &mut free, &mut actions);
            }
            let mut places = [Place::None; 3];
            for (place, &arg) in places.iter_mut().zip(args) {
                *place = self.places[usize::from(arg)];
            }
            let result = usize::from(step.result);
            let width = self.program.regs[result].0.size();
            let mut late = SmallVec::<[u16; 3]>::new();
            for (i, &arg) in args.iter().enumerate() {
                let dies = self.last_use[usize::from(arg)] == index + 1 && !args[..i].contains(&arg);
                if let (Place::Slot(slot), true) = (self.places[usize::from(arg)], dies) {
                    // A result may overwrite an argument only element by element.
                    if self.program.regs[usize::from(arg)].0.size() == width {
                        free.push(slot);
                    } else {
                        late.push(slot);
                    }
                }
            }
            let to = match self.direct_output(result, index) {
                Some(output) => {
                    stored[output] = true;
                    let (base, size) = self.outputs[output];
                    Place::Direct { base, size }
                }
                None => Place::Slot(free.pop().unwrap_or_else(|| self.new_slot())),
            };
            self.places[result] = to;
            actions.push(Action::Apply { tile: step.tile, args: places, to });
            free.extend(late);
            if self.last_use[result] == 0
                && let Place::Slot(slot) = to
            {
                free.push(slot);
            }
        }
        for (output, reg) in self.program.outputs.iter().enumerate() {
            if !stored[output] {
                let reg = usize::from(reg.0);
                self.materialise(reg, &mut free, &mut actions);
                let (base, size) = self.outputs[output];
                actions.push(Action::Store { from: self.places[reg], base, size });
            }
        }
        if let Some(reg) = wanted {
            self.materialise(usize::from(reg.0), &mut free, &mut actions);
        }
        let scratch = usize::from(self.slots) * size_of::<f32>();
        let streams = Streams::new(&self.direct_inputs, &self.outputs, scratch, actions.len());
        Bound {
            value: wanted.map_or(Place::None, |reg| self.places[usize::from(reg.0)]),
            shape: self.shape,
            total: self.total,
            actions,
            constants: self.constants,
            slots: self.slots,
            bytes_per_element: self.bytes_per_element,
            streams,
        }
    }

    /// Brings an input that does not lie in order, or a counter, into a slot before its first use.
    fn materialise(&mut self, reg: usize, free: &mut Vec<u16>, actions: &mut Vec<Action>) {
        if self.places[reg] != Place::None {
            return;
        }
        let to = Place::Slot(free.pop().unwrap_or_else(|| self.new_slot()));
        self.places[reg] = to;
        let (dtype, origin) = self.program.regs[reg];
        if let Origin::Iota { start, step } = origin {
            actions.push(Action::Iota { start, step, to });
        } else if let Some((base, strides)) = self.loads[reg].take() {
            actions.push(Action::Load { base, size: dtype.size(), strides, to });
        }
    }

    /// The output that a step's result may be written to at once: none whose memory a later step still reads.
    fn direct_output(&self, result: usize, index: usize) -> Option<usize> {
        let output = self.program.outputs.iter().position(|reg| usize::from(reg.0) == result)?;
        let still_read = self.in_place[output].is_some_and(|input| self.last_use[input] > index + 1);
        (!still_read).then_some(output)
    }
}
