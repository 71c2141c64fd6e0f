//! Arrays: values that know their shape and type at once and their elements when they are needed.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use cotan_kernels::{DType, Element, Scalar, Tensor, layout};
use smallvec::{SmallVec, smallvec};

use crate::debug::Origin;
use crate::error::{Error, Result};
use crate::ops::{Alias, Op, Primitive};
use crate::trace::Trace;

pub use cotan_kernels::layout::Shape;

/// A lazy n-dimensional array. Cloning it is cheap: clones share one value.
///
/// Operations record what to compute; [`Array::eval`] and everything that reads elements compute it. Arrays never
/// change, and may be built, shared and evaluated from any number of threads.
///
/// ```
/// use cotan::Array;
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let y = cotan::ops::add(&x, &x)?;
/// assert_eq!(y.to_vec::<f32>()?, [2.0, 4.0, 6.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
#[derive(Clone)]
pub struct Array(pub(crate) Arc<Value>);

/// Inputs of a call.
pub(crate) type Inputs = SmallVec<[Array; 2]>;

/// One value of the graph.
pub(crate) struct Value {
    pub shape: Shape,
    pub dtype: DType,
    /// Set while the value depends on an array that some transform is following.
    pub trace: Option<Arc<Trace>>,
    state: Mutex<State>,
}

/// What is known about a value's elements.
pub(crate) enum State {
    /// Stands for an argument while the named transform reads a function.
    Placeholder(&'static str),
    /// Will be output `.1` of the call.
    Pending(Arc<Call>, usize),
    /// Computed, and still knows how, because a transform will read it.
    Traced(Tensor, Arc<Call>, usize),
    /// Computed.
    Ready(Tensor),
}

/// One application of an operation.
pub(crate) struct Call {
    pub op: Op,
    pub inputs: Inputs,
    /// All outputs, when there are several; a single output is known by whoever holds the call.
    pub outputs: OnceLock<Box<[Weak<Value>]>>,
    /// Where the program made the call, when someone asked for it to be remembered.
    pub origin: Option<Arc<Origin>>,
}

/// Shape and element type of an output.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Spec {
    /// Sizes of the axes.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
}

impl Spec {
    pub(crate) fn new(shape: &[usize], dtype: DType) -> Spec {
        Spec { shape: Shape::from_slice(shape), dtype }
    }
}

impl Value {
    pub fn state(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Array {
    pub(crate) fn from_state(shape: Shape, dtype: DType, trace: Option<Arc<Trace>>, state: State) -> Array {
        Array(Arc::new(Value { shape, dtype, trace, state: Mutex::new(state) }))
    }

    /// An array whose elements are already there.
    #[must_use]
    pub fn from_tensor(tensor: Tensor) -> Array {
        Array::from_state(Shape::from_slice(tensor.shape()), tensor.dtype(), None, State::Ready(tensor))
    }

    /// An array with a copy of `data` in row-major order.
    ///
    /// # Errors
    /// When the shape doesn't have `data.len()` elements, or there is no memory.
    pub fn from_slice<T: Element>(data: &[T], shape: &[usize]) -> Result<Array> {
        if layout::checked_len(shape) != Some(data.len()) {
            let message = format!("{} elements don't fill shape {}", data.len(), crate::error::tuple(shape));
            return Err(Error::value("from_slice", message));
        }
        Ok(Array::from_tensor(Tensor::from_slice(data, shape)?))
    }

    /// The same value at every place.
    #[must_use]
    pub fn full(shape: &[usize], value: Scalar) -> Array {
        let op = Op::from(crate::ops::Full { value, shape: shape.into() });
        Array::record(op, SmallVec::new(), Spec::new(shape, value.dtype()))
    }

    /// An array without axes.
    #[must_use]
    pub fn scalar<T: Element>(value: T) -> Array {
        Array::full(&[], Scalar::new(value))
    }

    /// Records the single result of an operation.
    pub(crate) fn apply(op: impl Into<Op>, inputs: Inputs) -> Result<Array> {
        let op = op.into();
        let mut specs = op.infer(&inputs)?;
        debug_assert_eq!(specs.len(), 1, "{} has several results", op.name());
        Ok(Array::record(op, inputs, specs.swap_remove(0)))
    }

    /// Records all results of an operation.
    pub(crate) fn apply_all(op: impl Into<Op>, inputs: Inputs) -> Result<Vec<Array>> {
        let op = op.into();
        let specs = op.infer(&inputs)?;
        Ok(Array::record_all(op, inputs, specs))
    }

    pub(crate) fn record_all(op: Op, inputs: Inputs, specs: impl IntoIterator<Item = Spec>) -> Vec<Array> {
        let trace = Trace::of(&inputs);
        let call = Call::new(op, inputs);
        let arrays: Vec<Array> = specs
            .into_iter()
            .enumerate()
            .map(|(index, spec)| {
                Array::from_state(spec.shape, spec.dtype, trace.clone(), State::Pending(call.clone(), index))
            })
            .collect();
        if arrays.len() > 1 {
            let weak = arrays.iter().map(|array| Arc::downgrade(&array.0)).collect();
            call.outputs.set(weak).expect("a new call has no outputs");
        }
        arrays
    }

    pub(crate) fn record(op: Op, inputs: Inputs, spec: Spec) -> Array {
        let trace = Trace::of(&inputs);
        let call = Call::new(op, inputs);
        Array::from_state(spec.shape, spec.dtype, trace, State::Pending(call, 0))
    }

    /// The same value under a fresh identity that `trace` follows.
    pub(crate) fn alias_for(&self, trace: &Arc<Trace>) -> Array {
        let call = Call::new(Op::from(Alias), smallvec![self.clone()]);
        Array::from_state(self.0.shape.clone(), self.dtype(), Some(trace.clone()), State::Pending(call, 0))
    }

    /// An argument that has no value while `transform` reads a function.
    pub(crate) fn placeholder(shape: &[usize], dtype: DType, trace: &Arc<Trace>, transform: &'static str) -> Array {
        Array::from_state(shape.into(), dtype, Some(trace.clone()), State::Placeholder(transform))
    }

    /// Sizes of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.0.shape.len()
    }

    /// Number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        layout::len(&self.0.shape)
    }

    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Shape and element type.
    #[must_use]
    pub fn spec(&self) -> Spec {
        Spec::new(self.shape(), self.dtype())
    }

    /// True when both are the same value, not just equal ones.
    #[must_use]
    pub fn same(&self, other: &Array) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Identity of the value while any clone lives.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The call that makes this value and which of its outputs it is, unless that is forgotten or there is none.
    pub(crate) fn call(&self) -> Option<(Arc<Call>, usize)> {
        match &*self.0.state() {
            State::Pending(call, index) | State::Traced(_, call, index) => Some((call.clone(), *index)),
            State::Placeholder(_) | State::Ready(_) => None,
        }
    }

    /// The value of an array that was made with the same value everywhere, as long as it is not evaluated.
    pub(crate) fn as_constant(&self) -> Option<cotan_kernels::Scalar> {
        match &*self.0.state() {
            State::Pending(call, _) => match &call.op {
                Op::Full(full) => Some(full.value),
                _ => None,
            },
            State::Placeholder(_) | State::Traced(..) | State::Ready(_) => None,
        }
    }

    /// True when the elements have been computed.
    #[must_use]
    pub fn is_evaluated(&self) -> bool {
        match &*self.0.state() {
            State::Ready(_) | State::Traced(..) => true,
            State::Placeholder(_) | State::Pending(..) => false,
        }
    }

    /// Computes the elements.
    ///
    /// # Errors
    /// When a transform is reading the function ([`Error::NoValue`]), or an operation fails on its values.
    pub fn eval(&self) -> Result<()> {
        crate::exec::eval(std::slice::from_ref(self))
    }

    /// The elements, computed if need be.
    ///
    /// # Errors
    /// As [`Array::eval`].
    pub fn tensor(&self) -> Result<Tensor> {
        self.eval()?;
        match &*self.0.state() {
            State::Ready(tensor) | State::Traced(tensor, ..) => Ok(tensor.clone()),
            State::Placeholder(transform) => Err(self.no_value(transform)),
            State::Pending(call, _) => {
                Err(Error::Runtime { op: call.op.name(), message: "evaluation left no value".into() })
            }
        }
    }

    /// Why an argument of a function that `transform` reads has no value.
    pub(crate) fn no_value(&self, transform: &'static str) -> Error {
        if self.0.trace.as_ref().is_none_or(|trace| trace.is_open()) {
            return Error::NoValue { transform };
        }
        let message = "the array stood for an argument while a function was read, and that is over; \
            return what is needed outside, or name its container in outputs";
        Error::Runtime { op: transform, message: message.into() }
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// As [`Array::eval`], and when `T` is not the element type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.expect_dtype::<T>("to_vec")?;
        Ok(self.tensor()?.to_vec())
    }

    /// The value of an array with one element.
    ///
    /// # Errors
    /// As [`Array::eval`], when `T` is not the element type, and when there is not exactly one element.
    pub fn item<T: Element>(&self) -> Result<T> {
        self.expect_dtype::<T>("item")?;
        if self.size() != 1 {
            let message =
                format!("needs exactly one element, this array has shape {}", crate::error::tuple(self.shape()));
            return Err(Error::value("item", message));
        }
        Ok(self.tensor()?.to_vec::<T>()[0])
    }

    fn expect_dtype<T: Element>(&self, op: &'static str) -> Result<()> {
        if T::DTYPE == self.dtype() {
            return Ok(());
        }
        Err(Error::value(op, format!("elements are {}, not {}", self.dtype(), T::DTYPE)))
    }
}

impl Call {
    pub fn new(op: Op, inputs: Inputs) -> Arc<Call> {
        Arc::new(Call { op, inputs, outputs: OnceLock::new(), origin: Origin::of_new_call() })
    }

    /// The outputs that still live, each with its index; `known` is one of them.
    pub fn living_outputs(&self, known: &Array, index: usize) -> SmallVec<[(usize, Array); 1]> {
        match self.outputs.get() {
            None => smallvec![(index, known.clone())],
            Some(outputs) => {
                outputs.iter().enumerate().filter_map(|(i, weak)| Some((i, Array(weak.upgrade()?)))).collect()
            }
        }
    }
}

impl Drop for Value {
    /// Takes the graph apart without recursion: a chain of a million calls drops on a small stack.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut calls: SmallVec<[Arc<Call>; 8]> = SmallVec::new();
        take_call(state, &mut calls);
        while let Some(call) = calls.pop() {
            let Some(call) = Arc::into_inner(call) else { continue };
            for array in call.inputs {
                if let Some(mut value) = Arc::into_inner(array.0) {
                    take_call(value.state.get_mut().unwrap_or_else(PoisonError::into_inner), &mut calls);
                }
            }
        }
    }
}

fn take_call(state: &mut State, calls: &mut SmallVec<[Arc<Call>; 8]>) {
    if matches!(state, State::Placeholder(_) | State::Ready(_)) {
        return;
    }
    if let State::Pending(call, _) | State::Traced(_, call, _) = std::mem::replace(state, State::Placeholder("drop")) {
        calls.push(call);
    }
}

impl std::fmt::Debug for Array {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Array({}, {}", crate::error::tuple(self.shape()), self.dtype())?;
        match &*self.0.state() {
            State::Ready(_) | State::Traced(..) => write!(f, ")"),
            State::Pending(call, _) => write!(f, ", pending {})", call.op.name()),
            State::Placeholder(transform) => write!(f, ", argument of {transform})"),
        }
    }
}
