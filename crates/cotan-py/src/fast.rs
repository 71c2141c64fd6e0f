//! `cotan.core.fast`: what networks are made of.

use cotan::fast::{self, DeltaInputs, Frequencies, Mask, Rope};
use cotan::{Array, Scalar};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Result, runtime_error, value_error};
use crate::functions::{Sizes, add_functions, all_on, on};
use crate::operand::ArrayArg;

fn optional(array: &Option<ArrayArg>) -> Option<&Array> {
    array.as_ref().map(|array| &array.0)
}

/// The last axis divided by its root mean square, times `weight`: x * rsqrt(mean(x**2) + eps) * weight.
///
/// It is computed in float32 or wider; the result has the type that x and the weight promote to. ValueError when x is not
/// floating or has no axes, or the weight is not as long as its last axis.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.rms_norm(mx.array([3.0, 4.0]), mx.array([1.0, 2.0]), eps=0.0)
/// array([0.848528, 2.26274], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x, weight, eps, *, stream = None))]
fn rms_norm(x: ArrayArg, weight: Option<ArrayArg>, eps: f64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fast::rms_norm(&x.0, optional(&weight), eps))
}

/// The last axis shifted and scaled to mean 0 and variance 1, times `weight`, plus `bias`; either may be None.
///
/// It is computed in float32 or wider; the result has the type that all promote to. ValueError when x is not floating or
/// has no axes, or the weight or the bias is not as long as its last axis.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.layer_norm(mx.array([1.0, 3.0]), None, mx.array([10.0, 10.0]), eps=0.0)
/// array([9, 11], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x, weight, bias, eps, *, stream = None))]
fn layer_norm(
    x: ArrayArg,
    weight: Option<ArrayArg>,
    bias: Option<ArrayArg>,
    eps: f64,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, fast::layer_norm(&x.0, optional(&weight), optional(&bias), eps))
}

/// The negative logarithm of the probability that `logits` give to each target, over the last axis.
///
/// `targets` are integers in the shape of the logits without their last axis, else ValueError; one out of range is an
/// IndexError when evaluated. The result is float32, or float64 for such logits.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.cross_entropy(mx.array([[0.0, 0.0]]), mx.array([1]))
/// array([0.693147], dtype=float32)
#[pyfunction]
#[pyo3(signature = (logits, targets, *, stream = None))]
fn cross_entropy(logits: ArrayArg, targets: ArrayArg, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, fast::cross_entropy(&logits.0, &targets.0))
}

/// A position: an int, or an array of ints.
#[cfg_attr(false, python("int | _Array"))]
struct Offset(Array);

impl<'a, 'py> FromPyObject<'a, 'py> for Offset {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.extract::<ArrayArg>() {
            return Ok(Offset(array.0));
        }
        match object.extract::<i64>() {
            Ok(offset) => Ok(Offset(Array::full(&[], Scalar::new(offset)))),
            Err(_) => Err(value_error("rope: offset is an int or an array of ints").into()),
        }
    }
}

/// Pairs of features turned by angles that grow with the position: rotary position embeddings.
///
/// `a` has shape (B, ..., T, D). Row t lies at p = (t + offset) * scale; its pair j turns by p * base**(-2 * j / dims), or by
/// p / freqs[j], of which exactly one is given. Pairs are neighbours if `traditional`, else dims / 2 apart; features beyond
/// `dims` stay. `offset` is an int or an array of ints, one or one for each example.
///
/// ValueError for an array that is not floating or has fewer than three axes, for odd `dims` or more than there are
/// features, and for a wrong shape of `offset` or `freqs`.
///
/// >>> import cotan.core as mx
/// >>> a = mx.array([[[1.0, 0.0]]])
/// >>> mx.fast.rope(a, 2, traditional=True, base=10000.0, scale=1.0, offset=1)
/// array([[[0.540302, 0.841471]]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, dims, *, traditional, base, scale, offset, freqs = None, stream = None))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn rope(
    a: ArrayArg,
    dims: i64,
    traditional: bool,
    base: Option<f64>,
    scale: f64,
    offset: Offset,
    freqs: Option<ArrayArg>,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let frequencies = match (base, freqs) {
        (Some(base), None) => Frequencies::Base(base),
        (None, Some(freqs)) => Frequencies::Periods(freqs.0),
        (Some(_), Some(_)) | (None, None) => return Err(value_error("rope: give either base or freqs")),
    };
    let Ok(dims) = usize::try_from(dims) else {
        return Err(value_error(format!("rope: dims must be positive, got {dims}")));
    };
    let options = Rope { dims, traditional, frequencies, scale, offset: offset.0 };
    on(stream, fast::rope(&a.0, &options))
}

/// A mask: `"causal"`, or an array.
#[cfg_attr(false, python("str | _Array"))]
struct MaskArg(Mask);

impl<'a, 'py> FromPyObject<'a, 'py> for MaskArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(name) = object.cast::<PyString>() {
            return match name.to_str()? {
                "causal" => Ok(MaskArg(Mask::Causal)),
                other => Err(value_error(format!("attention: a mask is \"causal\" or an array, got {other:?}")).into()),
            };
        }
        Ok(MaskArg(Mask::Array(object.extract::<ArrayArg>()?.0)))
    }
}

/// softmax(scale * q @ k.T + mask) @ v for every head, with the softmax in float32 or wider.
///
/// q has shape (B, H, Lq, D), k (B, G, Lk, D) and v (B, G, Lk, E); each of the G heads of keys serves H / G heads of
/// queries in a row. `mask` is "causal", which lets the last query see all keys and each one before it a key less; or
/// an array that broadcasts to (B, H, Lq, Lk), of bools that are True where a query may see a key, or added to the scores. A
/// query that may see nothing gets the mean of all values. `sinks` of shape (H,) are further scores without values.
///
/// The scores are computed in blocks, so the memory grows with Lq + Lk, that of gradients too; only the gradient for a mask
/// that is added takes memory for all scores.
///
/// ValueError when the shapes don't fit, an operand is not floating, or the mask or the sinks don't promote into the
/// result's type; and for `force_fused`, which asks for a kernel of GPUs.
///
/// >>> import cotan.core as mx
/// >>> q, k = mx.zeros((1, 1, 1, 2)), mx.zeros((1, 1, 2, 2))
/// >>> mx.fast.scaled_dot_product_attention(q, k, mx.array([[[[1.0], [3.0]]]]), scale=1.0)
/// array([[[[2]]]], dtype=float32)
#[pyfunction]
#[pyo3(signature = (q, k, v, *, scale, mask = None, sinks = None, force_fused = false, stream = None))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn scaled_dot_product_attention(
    q: ArrayArg,
    k: ArrayArg,
    v: ArrayArg,
    scale: f64,
    mask: Option<MaskArg>,
    sinks: Option<ArrayArg>,
    force_fused: bool,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    if force_fused {
        return Err(value_error(
            "scaled_dot_product_attention: force_fused asks for a kernel of GPUs, there are only CPUs",
        ));
    }
    let mask = mask.map_or(Mask::All, |mask| mask.0);
    on(stream, fast::scaled_dot_product_attention(&q.0, &k.0, &v.0, scale, &mask, optional(&sinks)))
}

/// The gated delta rule over a sequence; returns the answers and the last state.
///
/// q and k have shape (B, T, Hk, Dk), v (B, T, Hv, Dv), gamma and beta (B, T, Hv), where Hv is a multiple of Hk. At each step
/// the state S of shape (B, Hv, Dv, Dk) decays to gamma * S, then beta * (v - S @ k) is added along k, and the answer is
/// S @ q. The state starts from `initial_state`, zeros by default; where `mask` of shape (B, T) is False it stays as it
/// is, and the answer is 0. Answers have the type that q, k and v promote to, the state is float32 or wider.
///
/// ValueError when shapes don't fit or operands are not floating.
///
/// >>> import cotan.core as mx
/// >>> one = mx.ones((1, 1, 1, 1))
/// >>> mx.fast.gated_delta_update(one, one, 3 * one, mx.ones((1, 1, 1)), mx.ones((1, 1, 1)))
/// [array([[[[3]]]], dtype=float32), array([[[[3]]]], dtype=float32)]
#[pyfunction]
#[pyo3(signature = (q, k, v, gamma, beta, initial_state = None, mask = None, stream = None))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn gated_delta_update(
    q: ArrayArg,
    k: ArrayArg,
    v: ArrayArg,
    gamma: ArrayArg,
    beta: ArrayArg,
    initial_state: Option<ArrayArg>,
    mask: Option<ArrayArg>,
    stream: Option<StreamArg>,
) -> Result<Vec<PyArray>> {
    let inputs = DeltaInputs { q: &q.0, k: &k.0, v: &v.0, gamma: &gamma.0, beta: &beta.0 };
    all_on(stream, fast::gated_delta_update(inputs, optional(&initial_state), optional(&mask)))
}

/// A kernel for Metal devices, which calling it needs: a RuntimeError without.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.metal_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")(inputs=[mx.ones((2,))])
/// Traceback (most recent call last):
/// RuntimeError: metal_kernel: "double" needs a Metal device, there are only CPUs
#[pyclass(name = "MetalKernel", module = "cotan.core.fast", frozen)]
struct MetalKernel {
    name: String,
}

#[pymethods]
impl MetalKernel {
    #[pyo3(signature = (*_args, **_options))]
    fn __call__(&self, _args: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyDict>>) -> Result<Vec<PyArray>> {
        Err(runtime_error(format!("metal_kernel: {:?} needs a Metal device, there are only CPUs", self.name)))
    }

    fn __repr__(&self) -> String {
        format!("MetalKernel({:?})", self.name)
    }
}

/// A kernel in the Metal language. It can be built anywhere; calling it is a RuntimeError, as cotan runs on CPUs.
///
/// ValueError when a name stands for both an input and an output.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.metal_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")
/// MetalKernel("double")
#[pyfunction]
#[pyo3(signature = (
    name, input_names, output_names, source, header = "", ensure_row_contiguous = true, atomic_outputs = false,
    compile_options = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn metal_kernel(
    name: String,
    input_names: Vec<String>,
    output_names: Vec<String>,
    source: &str,
    header: &str,
    ensure_row_contiguous: bool,
    atomic_outputs: bool,
    compile_options: Option<Bound<'_, PyAny>>,
) -> Result<MetalKernel> {
    // What the kernel consists of is checked for its types and then of no use without a device.
    let _ = (source, header, ensure_row_contiguous, atomic_outputs, compile_options);
    if let Some(twice) = input_names.iter().find(|input| output_names.contains(input)) {
        return Err(value_error(format!("metal_kernel: {twice:?} names both an input and an output")));
    }
    Ok(MetalKernel { name })
}

/// The error of everything that needs CUDA.
fn no_cuda<T>(function: &str, name: &str) -> Result<T> {
    Err(runtime_error(format!("{function}: {name:?} needs a CUDA device, there are only CPUs")))
}

/// A kernel in CUDA. RuntimeError, as cotan runs on CPUs.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.cuda_kernel("double", ["x"], ["y"], "y[i] = 2 * x[i];")
/// Traceback (most recent call last):
/// RuntimeError: cuda_kernel: "double" needs a CUDA device, there are only CPUs
#[pyfunction]
#[pyo3(signature = (
    name, input_names, output_names, source, header = "", ensure_row_contiguous = true, shared_memory = 0,
))]
fn cuda_kernel(
    name: &str,
    input_names: Vec<String>,
    output_names: Vec<String>,
    source: &str,
    header: &str,
    ensure_row_contiguous: bool,
    shared_memory: i64,
) -> Result<Py<PyAny>> {
    let _ = (input_names, output_names, source, header, ensure_row_contiguous, shared_memory);
    no_cuda("cuda_kernel", name)
}

/// A call of a compiled CUDA kernel. RuntimeError, as cotan runs on CPUs.
///
/// >>> import cotan.core as mx
/// >>> mx.fast.precompiled_cuda_kernel(
/// ...     name="double", compiled_source=b"", inputs=[mx.ones((2,))], output_shapes=[(2,)], output_dtypes=[mx.float32],
/// ...     scalars=[], grid=(2, 1, 1), threadgroup=(2, 1, 1))
/// Traceback (most recent call last):
/// RuntimeError: precompiled_cuda_kernel: "double" needs a CUDA device, there are only CPUs
#[pyfunction]
#[pyo3(signature = (
    *, name, compiled_source, inputs, output_shapes, output_dtypes, scalars, grid, threadgroup, shared_memory = 0,
    init_value = None, ensure_row_contiguous = false, stream = None,
))]
#[allow(clippy::too_many_arguments, reason = "as many as the function has")]
fn precompiled_cuda_kernel(
    name: &str,
    compiled_source: &[u8],
    inputs: Vec<Bound<'_, PyAny>>,
    output_shapes: Vec<Sizes>,
    output_dtypes: Vec<PyDtype>,
    scalars: Vec<Bound<'_, PyAny>>,
    grid: (i64, i64, i64),
    threadgroup: (i64, i64, i64),
    shared_memory: i64,
    init_value: Option<f64>,
    ensure_row_contiguous: bool,
    stream: Option<StreamArg>,
) -> Result<Vec<PyArray>> {
    let _ = (compiled_source, inputs, output_shapes, scalars, grid, threadgroup, shared_memory, init_value);
    let _ = (output_dtypes, ensure_row_contiguous, stream);
    no_cuda("precompiled_cuda_kernel", name)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let fast = PyModule::new(py, "cotan.core.fast")?;
    let target = &fast;
    add_functions!(target;
        rms_norm, layer_norm, cross_entropy, rope, scaled_dot_product_attention, gated_delta_update, metal_kernel,
        cuda_kernel, precompiled_cuda_kernel,
    );
    fast.setattr("__doc__", "Norms, rotary positions, attention and other compositions that networks are made of.")?;
    module.add("fast", &fast)?;
    py.import("sys")?.getattr("modules")?.set_item("cotan.core.fast", fast)
}
