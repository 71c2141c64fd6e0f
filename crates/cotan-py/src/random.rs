//! `cotan.core.random`: random numbers.

use cotan::random::{self, Samples};
use cotan::{Array, DType};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use crate::array::PyArray;
use crate::device::StreamArg;
use crate::dtype::PyDtype;
use crate::error::{Result, type_error, value_error};
use crate::functions::{Sizes, add_functions, on};
use crate::operand::{ArrayArg, Elementwise};

/// This thread's random state: a sequence of one key, from which draws without a key take theirs.
///
/// It counts as a tree of arrays, so `compile` can be told that a function reads and changes it.
#[pyclass(name = "_RandomState", module = "cotan.core.random", frozen)]
pub struct RandomState;

#[pymethods]
impl RandomState {
    fn __len__(&self) -> usize {
        1
    }

    fn __getitem__(&self, index: isize) -> Result<PyArray> {
        match index {
            0 | -1 => Ok(PyArray::new(random::state()?)),
            _ => Err(PyIndexError::new_err(format!("random state: index {index} is out of range for one key")).into()),
        }
    }

    #[cfg_attr(false, python("def __iter__(self) -> Iterator[array]"))]
    fn __iter__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyIterator>> {
        Ok(PyTuple::new(py, [self.__getitem__(0)?])?.try_iter()?)
    }
}

/// A seed: an integer of 64 bits that is not negative.
#[cfg_attr(false, python("int"))]
struct Seed(u64);

impl<'a, 'py> FromPyObject<'a, 'py> for Seed {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object
            .extract()
            .map(Seed)
            .map_err(|_| type_error(format!("a seed is an int from 0 to 2**64 - 1, got {}", object.to_owned())).into())
    }
}

type Key = Option<ArrayArg>;

/// The key itself, if one was given.
fn given(key: &Key) -> Option<&Array> {
    key.as_ref().map(|key| &key.0)
}

fn shape_or_none(shape: &Option<Sizes>) -> &[usize] {
    shape.as_ref().map_or(&[], |shape| &shape.0)
}

fn float(dtype: Option<PyDtype>) -> DType {
    dtype.map_or(DType::F32, |dtype| dtype.0)
}

fn number_or(value: Option<Elementwise>, default: i32) -> Array {
    value.map_or_else(|| Array::scalar(default), Elementwise::array)
}

/// The key of a seed, an int from 0 to 2**64 - 1: uint32 of shape (2,).
///
/// >>> import cotan.core as mx
/// >>> mx.random.key(7)
/// array([0, 7], dtype=uint32)
#[pyfunction]
fn key(seed: Seed) -> Result<PyArray> {
    Ok(PyArray::new(random::key(seed.0)?))
}

/// Starts this thread's random numbers afresh from a seed, an int from 0 to 2**64 - 1.
///
/// >>> import cotan.core as mx
/// >>> mx.random.seed(3)
/// >>> a = mx.random.uniform()
/// >>> mx.random.seed(3)
/// >>> a == mx.random.uniform()
/// array(True, dtype=bool)
#[pyfunction]
fn seed(seed: Seed) {
    random::seed(seed.0);
}

/// `num` new keys from one, in an array of shape (num, 2). ValueError when `key` is not a key.
///
/// >>> import cotan.core as mx
/// >>> mx.random.split(mx.random.key(0)).shape
/// (2, 2)
#[pyfunction]
#[pyo3(signature = (key, num = 2, stream = None))]
fn split(key: ArrayArg, num: i64, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, random::split(&key.0, count("split", "num", num)?))
}

fn count(function: &str, name: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| value_error(format!("{function}: {name} must not be negative, got {value}")))
}

/// Uniformly distributed numbers from `low` up to but not including `high`, in a shape that the bounds broadcast to.
///
/// The type is a real floating one, float32 by default. ValueError when the bounds don't fit the shape.
///
/// >>> import cotan.core as mx
/// >>> mx.random.uniform(shape=(2,), key=mx.random.key(0))
/// array([0.216295, 0.804124], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (low = None, high = None, shape = None, dtype = None, key = None, stream = None),
    text_signature = "(low=0, high=1, shape=[], dtype=None, key=None, stream=None)"
)]
fn uniform(
    low: Option<Elementwise>,
    high: Option<Elementwise>,
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let (low, high) = (number_or(low, 0), number_or(high, 1));
    on(stream, random::uniform(&low, &high, shape_or_none(&shape), float(dtype), given(&key)))
}

/// Normally distributed numbers with mean `loc` (0 by default) and standard deviation `scale` (1 by default).
///
/// The type is a floating or complex one, float32 by default; the parts of complex numbers have half of the variance
/// each. ValueError when the parameters don't broadcast to the shape.
///
/// >>> import cotan.core as mx
/// >>> mx.random.normal((2, 3)).shape
/// (2, 3)
#[pyfunction]
#[pyo3(
    signature = (shape = None, dtype = None, loc = None, scale = None, key = None, stream = None),
    text_signature = "(shape=[], dtype=None, loc=None, scale=None, key=None, stream=None)"
)]
fn normal(
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    loc: Option<Elementwise>,
    scale: Option<Elementwise>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let (loc, scale) = (loc.map(Elementwise::array), scale.map(Elementwise::array));
    on(stream, random::normal(shape_or_none(&shape), float(dtype), loc.as_ref(), scale.as_ref(), given(&key)))
}

/// Normally distributed numbers between `lower` and `upper`; the default shape is that of the bounds.
///
/// The type is a real floating one, float32 by default. ValueError when the bounds don't broadcast to the shape.
///
/// >>> import cotan.core as mx
/// >>> x = mx.random.truncated_normal(-1, 1, (100,))
/// >>> mx.max(mx.abs(x)).item() <= 1
/// True
#[pyfunction]
#[pyo3(signature = (lower, upper, shape = None, dtype = None, key = None, stream = None))]
fn truncated_normal(
    lower: Elementwise,
    upper: Elementwise,
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let (lower, upper) = (lower.array(), upper.array());
    let shape = shape.as_ref().map(|shape| &shape.0[..]);
    on(stream, random::truncated_normal(&lower, &upper, shape, float(dtype), given(&key)))
}

/// Numbers with the standard Gumbel distribution, of a real floating type, float32 by default.
///
/// >>> import cotan.core as mx
/// >>> mx.random.gumbel((2, 3)).shape
/// (2, 3)
#[pyfunction]
#[pyo3(
    signature = (shape = None, dtype = None, key = None, stream = None),
    text_signature = "(shape=[], dtype=None, key=None, stream=None)"
)]
fn gumbel(shape: Option<Sizes>, dtype: Option<PyDtype>, key: Key, stream: Option<StreamArg>) -> Result<PyArray> {
    on(stream, random::gumbel(shape_or_none(&shape), float(dtype), given(&key)))
}

/// Numbers with the Laplace distribution around `loc`, spread by `scale`; float32 by default.
///
/// ValueError unless the type is a real floating one.
///
/// >>> import cotan.core as mx
/// >>> mx.random.laplace((2, 3), scale=0.5).shape
/// (2, 3)
#[pyfunction]
#[pyo3(
    signature = (shape = None, dtype = None, loc = 0.0, scale = 1.0, key = None, stream = None),
    text_signature = "(shape=[], dtype=None, loc=0.0, scale=1.0, key=None, stream=None)"
)]
fn laplace(
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    loc: f64,
    scale: f64,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, random::laplace(shape_or_none(&shape), float(dtype), loc, scale, given(&key)))
}

/// Normally distributed vectors with mean `mean (..., n)` and covariance `cov (..., n, n)`, as float32 or float64.
///
/// The result has `shape`, broadcast with the leading axes of both, and a last axis of size n. ValueError when the shapes
/// don't belong together.
///
/// >>> import cotan.core as mx
/// >>> mx.random.multivariate_normal(mx.zeros((2,)), mx.eye(2), (5,)).shape
/// (5, 2)
#[pyfunction]
#[pyo3(
    signature = (mean, cov, shape = None, dtype = None, key = None, stream = None),
    text_signature = "(mean, cov, shape=[], dtype=None, key=None, stream=None)"
)]
fn multivariate_normal(
    mean: ArrayArg,
    cov: ArrayArg,
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    on(stream, random::multivariate_normal(&mean.0, &cov.0, shape_or_none(&shape), float(dtype), given(&key)))
}

/// Integers from `low` up to but not including `high`, in a shape that the bounds broadcast to; int32 by default.
///
/// `low` where the interval is empty. Ranges over 2**24 have gaps. ValueError when the bounds don't fit the shape, and
/// for floating and complex types.
///
/// >>> import cotan.core as mx
/// >>> mx.random.randint(0, 10, (5,), key=mx.random.key(0)).dtype
/// cotan.core.int32
#[pyfunction]
#[pyo3(
    signature = (low, high, shape = None, dtype = None, key = None, stream = None),
    text_signature = "(low, high, shape=[], dtype=None, key=None, stream=None)"
)]
fn randint(
    low: Elementwise,
    high: Elementwise,
    shape: Option<Sizes>,
    dtype: Option<PyDtype>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let dtype = dtype.map_or(DType::I32, |dtype| dtype.0);
    on(stream, random::randint(&low.array(), &high.array(), shape_or_none(&shape), dtype, given(&key)))
}

/// True with probability `p`, in the shape of `p` unless another one is given.
///
/// ValueError when `p` is not a float or an array of floats, or doesn't broadcast to the shape.
///
/// >>> import cotan.core as mx
/// >>> mx.random.bernoulli(mx.array([0.0, 1.0]))
/// array([False, True], dtype=bool)
#[pyfunction]
#[pyo3(
    signature = (p = None, shape = None, key = None, stream = None),
    text_signature = "(p=0.5, shape=None, key=None, stream=None)"
)]
fn bernoulli(p: Option<Elementwise>, shape: Option<Sizes>, key: Key, stream: Option<StreamArg>) -> Result<PyArray> {
    let p = p.map_or_else(|| Array::scalar(0.5f32), Elementwise::array);
    on(stream, random::bernoulli(&p, shape.as_ref().map(|shape| &shape.0[..]), given(&key)))
}

/// Positions along `axis`, as uint32, with probabilities proportional to the exponentials of `logits`.
///
/// By default one for each distribution; with `num_samples` so many, along a new last axis; with `shape` as many as that
/// has, where the shape of the distributions broadcasts to it. IndexError for an axis that doesn't exist, ValueError
/// when both are given or shapes don't fit.
///
/// >>> import cotan.core as mx
/// >>> mx.random.categorical(mx.array([0.0, 100.0]), num_samples=3)
/// array([1, 1, 1], dtype=uint32)
#[pyfunction]
#[pyo3(
    signature = (logits, axis = -1, shape = None, num_samples = None, key = None, stream = None),
    text_signature = "(logits, axis=-1, shape=None, num_samples=None, key=None, stream=None)"
)]
fn categorical(
    logits: ArrayArg,
    axis: i64,
    shape: Option<Sizes>,
    num_samples: Option<i64>,
    key: Key,
    stream: Option<StreamArg>,
) -> Result<PyArray> {
    let samples = match (&shape, num_samples) {
        (None, None) => Samples::One,
        (None, Some(number)) => Samples::Count(count("categorical", "num_samples", number)?),
        (Some(shape), None) => Samples::Shape(&shape.0),
        (Some(_), Some(_)) => return Err(value_error("categorical: give either shape or num_samples")),
    };
    on(stream, random::categorical(&logits.0, axis, samples, given(&key)))
}

/// What to permute.
#[cfg_attr(false, python("int | _Array"))]
enum Permuted {
    Numbers(i64),
    Entries(Array),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Permuted {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<ArrayArg>() {
            Ok(array) => Ok(Permuted::Entries(array.0)),
            Err(error) => object.extract().map(Permuted::Numbers).map_err(|_| error),
        }
    }
}

/// The numbers from 0 to `x` - 1 in random order, as uint32; or the entries of an array along `axis`, each kept whole.
///
/// ValueError when `x` is negative, IndexError for an axis that doesn't exist.
///
/// >>> import cotan.core as mx
/// >>> mx.sort(mx.random.permutation(4))
/// array([0, 1, 2, 3], dtype=uint32)
#[pyfunction]
#[pyo3(signature = (x, axis = 0, key = None, stream = None))]
fn permutation(x: Permuted, axis: i64, key: Key, stream: Option<StreamArg>) -> Result<PyArray> {
    match x {
        Permuted::Numbers(n) => on(stream, random::permutation_of(n, given(&key))),
        Permuted::Entries(array) => on(stream, random::permutation(&array, axis, given(&key))),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let random = PyModule::new(py, "cotan.core.random")?;
    let target = &random;
    add_functions!(target;
        key, seed, split, uniform, normal, truncated_normal, gumbel, laplace, multivariate_normal, randint, bernoulli, categorical, permutation,
    );
    random.add("state", RandomState)?;
    random.setattr("__doc__", "Random numbers, from explicit keys or from the key that each thread keeps.")?;
    module.add("random", &random)?;
    // `import cotan.core.random` finds it here.
    py.import("sys")?.getattr("modules")?.set_item("cotan.core.random", random)
}
