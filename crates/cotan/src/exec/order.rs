//! The order in which units run: depth first, but what frees more memory than it takes runs as soon as it can.

use super::plan::Plan;
use crate::ops::Op;

/// With fewer units there is nothing to gain.
const FEW: usize = 16;

/// The units behind the steps that targets come from, each after those whose results it reads.
pub(super) fn order(plan: &Plan, targets: impl DoubleEndedIterator<Item = u32>) -> Vec<u32> {
    let order = depth_first(plan, targets);
    if order.len() < FEW { order } else { Frugal::new(plan, &order).run(order) }
}

/// Depth first from the targets, so that results are used soon after they are made.
fn depth_first(plan: &Plan, targets: impl DoubleEndedIterator<Item = u32>) -> Vec<u32> {
    let mut order = Vec::with_capacity(plan.members.len());
    let mut seen = vec![false; plan.steps.len()];
    let mut stack: Vec<(u32, bool)> = targets.rev().map(|step| (plan.units[step as usize], false)).collect();
    while let Some((unit, done)) = stack.pop() {
        if done {
            order.push(unit);
        } else if !std::mem::replace(&mut seen[unit as usize], true) {
            stack.push((unit, true));
            let before = plan.reads(unit, &plan.members[&unit]);
            stack.extend(before.into_iter().rev().map(|step| (plan.units[step as usize], false)));
        }
    }
    order
}

/// Gradients of weights are nobody's input, so depth first comes to them last, and until then all that they read would
/// be kept. Here the last reader of a result runs at once when its own result is smaller than what it lets go.
struct Frugal<'a> {
    plan: &'a Plan,
    /// The units that read each step: those of step `i` are `readers[starts[i]..starts[i + 1]]`.
    readers: Vec<u32>,
    starts: Vec<u32>,
    /// How many units have yet to read each step.
    left: Vec<u32>,
    /// How many of the steps that each unit reads have not been made.
    waiting: Vec<u32>,
    done: Vec<bool>,
}

impl<'a> Frugal<'a> {
    fn new(plan: &'a Plan, order: &[u32]) -> Self {
        let steps = plan.steps.len();
        let mut starts = Vec::with_capacity(steps + 1);
        let mut total = 0;
        for &count in &plan.readers {
            starts.push(total);
            total += count;
        }
        starts.push(total);
        let (mut readers, mut waiting) = (vec![0; total as usize], vec![0; steps]);
        let mut next = starts.clone();
        for &unit in order {
            let reads = plan.reads(unit, &plan.members[&unit]);
            waiting[unit as usize] = reads.len() as u32;
            for step in reads {
                let place = &mut next[step as usize];
                readers[*place as usize] = unit;
                *place += 1;
            }
        }
        Frugal { plan, readers, starts, left: plan.readers.clone(), waiting, done: vec![false; steps] }
    }

    fn run(mut self, order: Vec<u32>) -> Vec<u32> {
        let mut result = Vec::with_capacity(order.len());
        let mut candidates = Vec::new();
        for unit in order {
            if self.done[unit as usize] {
                continue;
            }
            self.emit(unit, &mut result, &mut candidates);
            while let Some(unit) = candidates.pop() {
                if self.is_frugal(unit) {
                    self.emit(unit, &mut result, &mut candidates);
                }
            }
        }
        result
    }

    fn readers(&self, step: u32) -> std::ops::Range<usize> {
        self.starts[step as usize] as usize..self.starts[step as usize + 1] as usize
    }

    /// Runs a unit next, and notes which others may have become able to run or the last to read something.
    fn emit(&mut self, unit: u32, result: &mut Vec<u32>, candidates: &mut Vec<u32>) {
        self.done[unit as usize] = true;
        result.push(unit);
        let members = &self.plan.members[&unit];
        for step in self.plan.reads(unit, members) {
            self.left[step as usize] -= 1;
            if self.left[step as usize] == 1 {
                let last = self.readers(step).map(|place| self.readers[place]).find(|&unit| !self.done[unit as usize]);
                candidates.extend(last);
            }
        }
        for &member in members {
            for place in self.readers(member) {
                let reader = self.readers[place];
                self.waiting[reader as usize] -= 1;
                if self.waiting[reader as usize] == 0 {
                    candidates.push(reader);
                }
            }
        }
    }

    /// True when a unit can run and lets go of more bytes than it makes, or makes none.
    fn is_frugal(&self, unit: u32) -> bool {
        if self.done[unit as usize] || self.waiting[unit as usize] > 0 {
            return false;
        }
        let members = &self.plan.members[&unit];
        let is_last = |step: &u32| self.left[*step as usize] == 1 && !self.plan.step(*step).kept;
        let is_real = |step: &u32| !matches!(self.plan.step(*step).call.op, Op::Broadcast(_));
        let freed = self.bytes(self.plan.reads(unit, members).iter().filter(|s| is_last(s) && is_real(s)));
        let is_stored = |step: &u32| self.plan.step(*step).kept || self.plan.readers[*step as usize] > 0;
        let is_made = |step: &u32| is_stored(step) && !is_view(&self.plan.step(*step).call.op);
        let made = self.bytes(members.iter().filter(|step| is_made(step)));
        made == 0 || made < freed
    }

    /// How many bytes the results of some steps take.
    fn bytes<'s>(&self, steps: impl Iterator<Item = &'s u32>) -> usize {
        let outputs = steps.flat_map(|&step| &self.plan.step(step).outputs);
        outputs.fold(0, |sum, (_, output)| sum.saturating_add(output.size().saturating_mul(output.dtype().size())))
    }
}

/// True for operations that mostly give out the memory of their input.
pub(super) fn is_view(op: &Op) -> bool {
    matches!(
        op,
        Op::Alias(_)
            | Op::StopGradient(_)
            | Op::Depends(_)
            | Op::Reshape(_)
            | Op::Transpose(_)
            | Op::Broadcast(_)
            | Op::Slice(_)
            | Op::Split(_)
            | Op::AsStrided(_)
    )
}
