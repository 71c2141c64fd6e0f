//! Less work for the same results: what a recorded function computes twice, for nothing, or in a roundabout way.
//!
//! Every rewriting gives the same bits, NaN payloads aside. Operations from outside are never touched.

use std::hash::{Hash, Hasher};

use cotan_kernels::{DType, Kind, Scalar};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use super::compile::{Step, Traced};
use crate::array::{Array, Shape, Spec, State};
use crate::graph;
use crate::ops::{Binary, BinaryOp, Cast, Op, Primitive, Reshape, Transpose, Unary, UnaryOp};

/// Constants of at most this many elements are computed when a function is recorded.
const SMALL: usize = 1024;
/// Constants behind which there are more operations are left until they are needed.
const SHORT: usize = 64;
/// Constants of at most this many elements are compared by their values.
const TINY: usize = 64;

type Numbers = SmallVec<[u32; 2]>;

/// Steps so far, each with the numbers of its results.
struct Simplifier {
    shapeless: bool,
    specs: Vec<Spec>,
    /// The value of captured arrays that are one number.
    scalars: FxHashMap<u32, Scalar>,
    steps: Vec<(Step, u32)>,
    /// The step that makes a value.
    makers: FxHashMap<u32, usize>,
    /// Steps by a hash of what they do to what.
    known: FxHashMap<u64, SmallVec<[usize; 1]>>,
}

enum Rewritten {
    Value(u32),
    Call(Op, Numbers),
}

impl Traced {
    /// The same function without the work that makes no difference to its results.
    #[must_use]
    pub fn simplified(self) -> Traced {
        self.captured.iter().for_each(fold);
        let own = self.arguments.len();
        let mut numbers: Vec<u32> = (0..own as u32).collect();
        numbers.extend(same_constants(&self.captured).into_iter().map(|first| (own + first) as u32));
        let mut simplifier = Simplifier::new(&self);
        for step in &self.steps {
            let inputs: Numbers = step.inputs.iter().map(|&input| numbers[input as usize]).collect();
            match simplifier.rewrite(step.op.clone(), inputs) {
                Rewritten::Value(value) => numbers.push(value),
                Rewritten::Call(op, inputs) => {
                    let first = simplifier.push(Step {
                        op,
                        inputs,
                        outputs: step.outputs.clone(),
                        origin: step.origin.clone(),
                    });
                    numbers.extend(first..first + step.outputs.len() as u32);
                }
            }
        }
        let outputs: Vec<u32> = self.outputs.iter().map(|&output| numbers[output as usize]).collect();
        needed(self, &simplifier.steps, outputs)
    }
}

/// Keeps what the outputs depend on, under new numbers.
fn needed(traced: Traced, steps: &[(Step, u32)], outputs: Vec<u32>) -> Traced {
    let own = traced.arguments.len();
    let before = own + traced.captured.len();
    let total = steps.last().map_or(before, |(step, first)| *first as usize + step.outputs.len());
    let mut wanted = vec![false; total];
    outputs.iter().for_each(|&output| wanted[output as usize] = true);
    let mut kept: Vec<&(Step, u32)> = Vec::new();
    for entry in steps.iter().rev() {
        let (step, first) = (&entry.0, entry.1 as usize);
        if wanted[first..first + step.outputs.len()].contains(&true) {
            step.inputs.iter().for_each(|&input| wanted[input as usize] = true);
            kept.push(entry);
        }
    }
    kept.reverse();
    let mut numbers = vec![u32::MAX; total];
    (0..own).for_each(|number| numbers[number] = number as u32);
    let mut captured = Vec::new();
    for (place, array) in traced.captured.into_iter().enumerate() {
        if wanted[own + place] {
            numbers[own + place] = (own + captured.len()) as u32;
            captured.push(array);
        }
    }
    let mut next = (own + captured.len()) as u32;
    let mut renumbered = Vec::with_capacity(kept.len());
    for (step, first) in kept {
        let inputs = step.inputs.iter().map(|&input| numbers[input as usize]).collect();
        for index in 0..step.outputs.len() {
            numbers[*first as usize + index] = next;
            next += 1;
        }
        renumbered.push(Step { inputs, ..step.clone() });
    }
    let outputs = outputs.into_iter().map(|output| numbers[output as usize]).collect();
    Traced { captured, steps: renumbered, outputs, ..traced }
}

impl Simplifier {
    fn new(traced: &Traced) -> Simplifier {
        let specs: Vec<Spec> =
            traced.arguments.iter().cloned().chain(traced.captured.iter().map(Array::spec)).collect();
        let first = traced.arguments.len() as u32;
        let scalars = traced.captured.iter().zip(first..).filter_map(|(array, number)| Some((number, scalar(array)?)));
        let scalars = scalars.collect();
        let (steps, makers, known) = Default::default();
        Simplifier { shapeless: traced.shapeless, specs, scalars, steps, makers, known }
    }

    /// The number of the first result of a step, which may be one that is there already.
    fn push(&mut self, step: Step) -> u32 {
        let mut hasher = FxHasher::default();
        (step.op.name(), &step.inputs).hash(&mut hasher);
        let same = self.known.entry(hasher.finish()).or_default();
        let merges = !matches!(step.op, Op::Custom(_));
        if let Some(&at) = same.iter().find(|&&at| merges && is_same(&self.steps[at].0, &step)) {
            return self.steps[at].1;
        }
        same.push(self.steps.len());
        let first = self.specs.len() as u32;
        for (number, spec) in (first..).zip(&step.outputs) {
            self.makers.insert(number, self.steps.len());
            self.specs.push(spec.clone());
        }
        self.steps.push((step, first));
        first
    }

    fn spec(&self, value: u32) -> &Spec {
        &self.specs[value as usize]
    }

    /// The operation that makes a value.
    fn maker(&self, value: u32) -> Option<&Step> {
        self.makers.get(&value).map(|&at| &self.steps[at].0)
    }

    /// Applies rules until none applies; each takes an operation away.
    fn rewrite(&self, op: Op, inputs: Numbers) -> Rewritten {
        let mut call = (op, inputs);
        loop {
            match self.step(&call.0, &call.1) {
                None => return Rewritten::Call(call.0, call.1),
                Some(Rewritten::Value(value)) => return Rewritten::Value(value),
                Some(Rewritten::Call(op, inputs)) => call = (op, inputs),
            }
        }
    }

    fn step(&self, op: &Op, inputs: &Numbers) -> Option<Rewritten> {
        let input = *inputs.first()?;
        match op {
            Op::Alias(_) => Some(Rewritten::Value(input)),
            Op::StopGradient(_) => match self.maker(input)?.op {
                Op::StopGradient(_) => Some(Rewritten::Value(input)),
                _ => None,
            },
            Op::Cast(cast) => self.cast(*cast, input),
            Op::Unary(unary) => self.unary(*unary, input),
            Op::Binary(binary) => self.binary(*binary, inputs),
            Op::Transpose(transpose) => self.transpose(transpose, input),
            Op::Reshape(reshape) => self.reshape(reshape, input),
            Op::Broadcast(broadcast) => {
                let inner = self.maker(input);
                match inner.map(|inner| &inner.op) {
                    _ if self.shapeless => None,
                    _ if self.spec(input).shape == broadcast.shape => Some(Rewritten::Value(input)),
                    Some(Op::Broadcast(_)) => Some(Rewritten::Call(op.clone(), inner?.inputs.clone())),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn cast(&self, cast: Cast, input: u32) -> Option<Rewritten> {
        let between = self.spec(input).dtype;
        if between == cast.to {
            return Some(Rewritten::Value(input));
        }
        let Step { op: Op::Cast(_), inputs, .. } = self.maker(input)? else { return None };
        let returns = self.spec(inputs[0]).dtype == cast.to && holds(between, cast.to);
        returns.then(|| Rewritten::Value(inputs[0]))
    }

    fn unary(&self, unary: Unary, input: u32) -> Option<Rewritten> {
        let Step { op: Op::Unary(inner), inputs, .. } = self.maker(input)? else { return None };
        let (same, is_bool) = (*inner == unary, self.spec(inputs[0]).dtype == DType::Bool);
        match unary.0 {
            UnaryOp::Negative | UnaryOp::BitwiseInvert | UnaryOp::Conj if same && !is_bool => {
                Some(Rewritten::Value(inputs[0]))
            }
            UnaryOp::LogicalNot if same && is_bool => Some(Rewritten::Value(inputs[0])),
            UnaryOp::Abs | UnaryOp::Floor | UnaryOp::Ceil if same => Some(Rewritten::Value(input)),
            _ => None,
        }
    }

    fn binary(&self, binary: Binary, inputs: &Numbers) -> Option<Rewritten> {
        let &[left, right] = inputs.as_slice() else { return None };
        let kept = |value: u32, constant: u32, neutral: &[Scalar]| {
            let (spec, other) = (self.spec(value), self.spec(constant));
            let is_neutral = self.scalars.get(&constant).is_some_and(|scalar| neutral.contains(scalar));
            (is_neutral && other.shape.len() <= spec.shape.len()).then_some(Rewritten::Value(value))
        };
        let dtype = self.spec(left).dtype;
        match binary.0 {
            // With complex numbers, an infinite part times the zero of a real one is NaN.
            BinaryOp::Multiply if dtype.is_integer() || dtype.is_float() => {
                let one = [Scalar::one(dtype)];
                kept(left, right, &one).or_else(|| kept(right, left, &one))
            }
            BinaryOp::Divide if dtype.is_float() => kept(left, right, &[Scalar::one(dtype)]),
            // Adding 0.0 turns -0.0 into 0.0; adding -0.0 changes nothing.
            BinaryOp::Add if dtype.is_float() => {
                let zero = [Scalar::new(-0.0f64).cast(dtype)];
                kept(left, right, &zero).or_else(|| kept(right, left, &zero))
            }
            BinaryOp::Add if dtype.kind() != Kind::Complex => {
                let zero = [Scalar::zero(dtype)];
                kept(left, right, &zero).or_else(|| kept(right, left, &zero))
            }
            BinaryOp::Subtract if dtype.kind() != Kind::Complex => kept(left, right, &[Scalar::zero(dtype)]),
            _ => None,
        }
    }

    fn transpose(&self, transpose: &Transpose, input: u32) -> Option<Rewritten> {
        if transpose.axes.iter().enumerate().all(|(i, &axis)| i == axis) {
            return Some(Rewritten::Value(input));
        }
        let Step { op: Op::Transpose(inner), inputs, .. } = self.maker(input)? else { return None };
        let axes: Shape = transpose.axes.iter().map(|&axis| inner.axes[axis]).collect();
        Some(Rewritten::Call(Op::from(Transpose { axes }), inputs.clone()))
    }

    fn reshape(&self, reshape: &Reshape, input: u32) -> Option<Rewritten> {
        if self.shapeless {
            return None;
        }
        if self.spec(input).shape == reshape.shape {
            return Some(Rewritten::Value(input));
        }
        let Step { op: Op::Reshape(_), inputs, .. } = self.maker(input)? else { return None };
        Some(Rewritten::Call(Op::from(reshape.clone()), inputs.clone()))
    }
}

/// True when both do the same to the same values.
fn is_same(left: &Step, right: &Step) -> bool {
    // Numbers that compare equal may still differ in sign, which shows.
    left == right && format!("{:?}", left.op) == format!("{:?}", right.op)
}

/// True when every value of type `narrow` has a place of its own in `wide`.
fn holds(wide: DType, narrow: DType) -> bool {
    match narrow {
        DType::F16 | DType::Bf16 => matches!(wide, DType::F32 | DType::F64 | DType::C64),
        DType::F32 => matches!(wide, DType::F64 | DType::C64),
        DType::Bool => true,
        DType::U8 | DType::U16 | DType::U32 => match wide.kind() {
            Kind::Unsigned | Kind::Signed => wide.size() > narrow.size(),
            Kind::Bool | Kind::Float | Kind::Complex => false,
        },
        DType::I8 | DType::I16 | DType::I32 => wide.kind() == Kind::Signed && wide.size() > narrow.size(),
        DType::U64 | DType::I64 | DType::F64 | DType::C64 => false,
    }
}

/// The value of an array that is one number everywhere.
pub(crate) fn scalar(array: &Array) -> Option<Scalar> {
    if array.size() != 1 {
        return None;
    }
    array.as_constant().or_else(|| {
        let State::Ready(tensor) = &*array.0.state() else { return None };
        let tensor = tensor.to_row_major().ok()?;
        Some(cotan_kernels::with_dtype!(array.dtype(), T => Scalar::new(tensor.to_vec::<T>()[0])))
    })
}

/// Computes a small constant that is not one number everywhere, if that takes little.
fn fold(array: &Array) {
    let is_small = |array: &Array| array.size() <= SMALL && array.0.trace.is_none();
    if !is_small(array) || array.as_constant().is_some() {
        return;
    }
    let mut count = 0;
    let visited = graph::topological(std::slice::from_ref(array), |array| {
        let call = if array.is_evaluated() { None } else { array.call() };
        let ready = array.is_evaluated() || call.as_ref().is_some_and(|(call, _)| is_foldable(&call.op));
        count += 1;
        if ready && is_small(array) && count <= SHORT { Ok(call) } else { Err(crate::ops::unknown("fold")) }
    });
    if visited.is_ok() {
        // What fails now fails again, with its message, where it is used.
        let _ = array.eval();
    }
}

fn is_foldable(op: &Op) -> bool {
    !matches!(op, Op::Custom(_) | Op::Load(_))
}

/// For each constant the place of the first that has the same value.
fn same_constants(captured: &[Array]) -> Vec<usize> {
    let mut known: FxHashMap<(Spec, Vec<u8>), usize> = FxHashMap::default();
    let bytes = |array: &Array| {
        if array.0.trace.is_some() {
            return None;
        }
        if let Some(value) = array.as_constant() {
            return Some([&[0], &value.bytes()[..]].concat());
        }
        let State::Ready(tensor) = &*array.0.state() else { return None };
        let tensor = (array.size() <= TINY).then(|| tensor.to_row_major().ok()).flatten()?;
        Some([&[1], tensor.as_bytes()?].concat())
    };
    let first = |(place, array): (usize, &Array)| match bytes(array) {
        Some(bytes) => *known.entry((array.spec(), bytes)).or_insert(place),
        None => place,
    };
    captured.iter().enumerate().map(first).collect()
}
