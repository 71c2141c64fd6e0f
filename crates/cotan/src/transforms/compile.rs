//! A function recorded once and replayed on other arguments.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::array::{Array, Inputs, Spec};
use crate::debug::{Origin, Rule, within};
use crate::error::{Error, Result};
use crate::exec;
use crate::graph::{Node, between};
use crate::ops::{self, Broadcast, Gather, Op, Primitive};
use crate::trace::{FollowShapes, Trace};

/// What a function does to arguments of certain shapes and types.
///
/// Its values are numbered: first the arguments, then what it captured, then the results of its steps in order.
#[derive(Clone, Debug)]
pub struct Traced {
    pub(crate) arguments: Vec<Spec>,
    /// Values from outside that the recorded calls read, or that the function returned as they are.
    pub(crate) captured: Vec<Array>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<u32>,
    /// Whether arguments may have other shapes than those it was recorded with.
    pub(crate) shapeless: bool,
}

/// One recorded call.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub op: Op,
    /// The numbers of the values that it reads.
    pub inputs: SmallVec<[u32; 2]>,
    pub outputs: SmallVec<[Spec; 1]>,
    /// Where the program made the call, when someone asked for it to be remembered.
    #[serde(skip)]
    pub origin: Option<Arc<Origin>>,
}

impl PartialEq for Step {
    /// What is computed counts, not where that was written.
    fn eq(&self, other: &Step) -> bool {
        self.op == other.op && self.inputs == other.inputs && self.outputs == other.outputs
    }
}

impl Traced {
    /// Records `f` on arguments without values; `transform` is the name that errors use.
    ///
    /// # Errors
    /// Whatever `f` raises, and [`Error::NoValue`] when it reads elements of its arguments.
    pub fn record<E: From<Error>>(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    ) -> Result<Traced, E> {
        let scope = Trace::enter();
        let leaves: Vec<Array> =
            specs.iter().map(|spec| Array::placeholder(&spec.shape, spec.dtype, scope.trace(), transform)).collect();
        let outputs = f(&leaves)?;
        Ok(Traced::read(&leaves, between(&leaves, &outputs).nodes, &outputs)?)
    }

    /// [`Traced::record`] for arguments of any shapes with as many axes; their types stay.
    ///
    /// # Errors
    /// As for [`Traced::record`], and [`Error::Value`] when an operation's results for other shapes can't be inferred.
    pub fn record_shapeless<E: From<Error>>(
        transform: &'static str,
        specs: &[Spec],
        f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    ) -> Result<Traced, E> {
        let follow = FollowShapes::enter();
        let mut traced = Traced::record(transform, specs, f)?;
        drop(follow);
        // Where there are no elements, operations take short cuts that other shapes can't take.
        traced.shapeless = specs.iter().all(|spec| !spec.shape.contains(&0));
        match traced.steps.iter().find(|step| !step.op.follows_shapes()) {
            Some(step) if traced.shapeless => Err(ops::unknown(step.op.name()).into()),
            Some(_) | None => Ok(traced),
        }
    }

    fn read(leaves: &[Array], nodes: Vec<Node>, outputs: &[Array]) -> Result<Traced> {
        let mut numbers: FxHashMap<usize, u32> = FxHashMap::default();
        let mut made = rustc_hash::FxHashSet::default();
        for node in &nodes {
            made.extend(node.outputs.iter().map(|(_, output)| output.id()));
        }
        for (number, leaf) in leaves.iter().enumerate() {
            numbers.insert(leaf.id(), number as u32);
        }
        let mut captured = Vec::new();
        for array in nodes.iter().flat_map(|node| node.call.inputs.iter()).chain(outputs) {
            if !made.contains(&array.id()) && !numbers.contains_key(&array.id()) {
                numbers.insert(array.id(), (leaves.len() + captured.len()) as u32);
                captured.push(array.clone());
            }
        }
        let mut next = (leaves.len() + captured.len()) as u32;
        let mut steps = Vec::with_capacity(nodes.len());
        for node in nodes {
            for (index, output) in &node.outputs {
                numbers.insert(output.id(), next + *index as u32);
            }
            let specs: SmallVec<[Spec; 1]> = match node.call.outputs.get() {
                None => smallvec![node.outputs[0].1.spec()],
                Some(_) => node.call.op.infer(&node.call.inputs)?.into(),
            };
            next += specs.len() as u32;
            let inputs = node.call.inputs.iter().map(|input| numbers[&input.id()]).collect();
            steps.push(Step { op: node.call.op.clone(), inputs, outputs: specs, origin: node.call.origin.clone() });
        }
        let outputs = outputs.iter().map(|output| numbers[&output.id()]).collect();
        let arguments = leaves.iter().map(Array::spec).collect();
        Ok(Traced { arguments, captured, steps, outputs, shapeless: false })
    }

    /// The arrays from outside that the function used besides its arguments, each once.
    #[must_use]
    pub fn captured(&self) -> &[Array] {
        &self.captured
    }

    /// Shapes and types of the arguments that it was recorded with.
    #[must_use]
    pub fn argument_specs(&self) -> &[Spec] {
        &self.arguments
    }

    /// Shapes and types of the results.
    #[must_use]
    pub fn output_specs(&self) -> Vec<Spec> {
        let specs = self.specs();
        self.outputs.iter().map(|&number| specs[number as usize].clone()).collect()
    }

    /// Shapes and types of all values by their numbers.
    pub(crate) fn specs(&self) -> Vec<Spec> {
        let results = self.steps.iter().flat_map(|step| step.outputs.iter().cloned());
        self.arguments.iter().cloned().chain(self.captured.iter().map(Array::spec)).chain(results).collect()
    }

    /// True when arguments may have other shapes, with as many axes.
    #[must_use]
    pub fn is_shapeless(&self) -> bool {
        self.shapeless
    }

    /// How many operations a call records.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.steps.len()
    }

    /// Records the same operations on other arguments.
    ///
    /// # Errors
    /// When the arguments have other shapes or types, or an operation refuses them.
    pub fn call(&self, arguments: &[Array]) -> Result<Vec<Array>> {
        self.call_with(arguments, &self.captured)
    }

    /// [`Traced::call`] with other arrays in the places of those it captured.
    ///
    /// # Errors
    /// As for [`Traced::call`].
    pub fn call_with(&self, arguments: &[Array], captured: &[Array]) -> Result<Vec<Array>> {
        if !self.fits(arguments, captured) {
            return Err(Error::value("compile", "the arguments differ in shape or type from those that were traced"));
        }
        let mut values: Vec<Array> = Vec::with_capacity(arguments.len() + captured.len() + self.steps.len());
        values.extend_from_slice(arguments);
        values.extend_from_slice(captured);
        if self.shapeless && arguments.iter().zip(&self.arguments).any(|(given, ours)| given.shape() != &*ours.shape) {
            self.infer_steps(&mut values)?;
        } else {
            self.repeat_steps(&mut values);
        }
        Ok(self.outputs.iter().map(|&output| values[output as usize].clone()).collect())
    }

    /// True when the arguments may take the places of those that were traced.
    pub(crate) fn fits(&self, arguments: &[Array], captured: &[Array]) -> bool {
        let alike = |given: &Array, shape: &[usize]| match self.shapeless {
            true => given.ndim() == shape.len(),
            false => given.shape() == shape,
        };
        arguments.len() == self.arguments.len()
            && captured.len() == self.captured.len()
            && arguments.iter().zip(&self.arguments).all(|(a, spec)| a.dtype() == spec.dtype && alike(a, &spec.shape))
            && captured.iter().zip(&self.captured).all(|(a, b)| a.dtype() == b.dtype() && a.shape() == b.shape())
    }

    /// Arguments of the recorded shapes have results of the recorded shapes. What takes less time to compute than to
    /// record is computed.
    fn repeat_steps(&self, values: &mut Vec<Array>) {
        for step in &self.steps {
            let inputs: Inputs = step.inputs.iter().map(|&input| values[input as usize].clone()).collect();
            if let [spec] = step.outputs.as_slice()
                && let Some(tensor) = exec::at_once(&step.op, &inputs, &spec.shape)
            {
                values.push(Array::from_tensor(tensor));
                continue;
            }
            let _origin = within(&step.op, step.origin.as_ref(), |_| Rule::Replay);
            match step.outputs.as_slice() {
                [spec] => values.push(Array::record(step.op.clone(), inputs, spec.clone())),
                specs => values.extend(Array::record_all(step.op.clone(), inputs, specs.iter().cloned())),
            }
        }
    }

    /// Each operation is applied anew to whatever shapes its inputs have.
    fn infer_steps(&self, values: &mut Vec<Array>) -> Result<()> {
        let recorded = self.specs();
        for step in &self.steps {
            let inputs: Inputs = step.inputs.iter().map(|&input| values[input as usize].clone()).collect();
            let _origin = within(&step.op, step.origin.as_ref(), |_| Rule::Replay);
            let before = step.inputs.first().map_or(&[][..], |&input| &recorded[input as usize].shape);
            match &step.op {
                Op::Regroup(rule) => values.push(ops::regroup(&inputs[0], rule.clone())?),
                Op::Like(how) => values.push(ops::like(*how, &inputs[0], &inputs[1])?),
                Op::Count(rule) => values.push(rule.of(&inputs[0])?),
                Op::Broadcast(to) => values.push(broadcast_again(to, before, &inputs[0])?),
                Op::Gather(gather) => {
                    values.extend(Array::apply_all(gather_again(gather, before, &inputs[0]), inputs)?);
                }
                op => values.extend(Array::apply_all(op.clone(), inputs)?),
            }
        }
        Ok(())
    }
}

/// A broadcast to a shape that was fixed when it was recorded: what it repeated then, it must repeat now.
fn broadcast_again(to: &Broadcast, before: &[usize], a: &Array) -> Result<Array> {
    if before.iter().zip(a.shape()).any(|(&before, &now)| (before == 1) != (now == 1)) {
        return Err(Error::Broadcast { op: to.name(), left: a.shape().into(), right: to.shape.clone() });
    }
    Array::apply(to.clone(), smallvec![a.clone()])
}

/// A gather whose blocks took whole axes, over axes of another size.
fn gather_again(gather: &Gather, before: &[usize], a: &Array) -> Gather {
    let size = |axis: usize| match gather.slice_sizes[axis] {
        size if size == before[axis] && !gather.axes.contains(&axis) => a.shape()[axis],
        size => size,
    };
    Gather { axes: gather.axes.clone(), slice_sizes: (0..before.len()).map(size).collect() }
}

impl Op {
    /// True when the operation does the same to inputs of other shapes.
    ///
    /// Those that are not listed hold sizes or places of one shape.
    fn follows_shapes(&self) -> bool {
        matches!(
            self,
            Op::Unary(_)
                | Op::Binary(_)
                | Op::Select(_)
                | Op::Cast(_)
                | Op::Alias(_)
                | Op::StopGradient(_)
                | Op::Regroup(_)
                | Op::Like(_)
                | Op::Count(_)
                | Op::Reshape(_)
                | Op::Broadcast(_)
                | Op::Transpose(_)
                | Op::Concatenate(_)
                | Op::View(_)
                | Op::Contiguous(_)
                | Op::Depends(_)
                | Op::DynamicSlice(_)
                | Op::DynamicSliceUpdate(_)
                | Op::Reduce(_)
                | Op::Scan(_)
                | Op::Recurrence(_)
                | Op::Gather(_)
                | Op::GatherAxis(_)
                | Op::Scatter(_)
                | Op::ScatterAxis(_)
                | Op::ArgReduce(_)
                | Op::Matmul(_)
                | Op::Convolve(_)
                | Op::PackBits(_)
                | Op::UnpackBits(_)
                | Op::QuantizedMatmul(_)
                | Op::Quantize(_)
                | Op::Dequantize(_)
                | Op::Softmax(_)
                | Op::LogSumExp(_)
                | Op::Sort(_)
                | Op::ArgSort(_)
                | Op::SearchSorted(_)
                | Op::Norm(_)
                | Op::NormGrad(_)
                | Op::Rotate(_)
                | Op::Attention(_)
                | Op::AttentionGrad(_)
                | Op::Custom(_)
        )
    }
}
