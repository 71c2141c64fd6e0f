//! `Dtype`, its categories, and what can be asked about element types.

use std::sync::atomic::{AtomicBool, Ordering};

use cotan::{DType, Kind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::array::PyArray;
use crate::error::{Result, type_error, value_error};

/// The type of an array's elements, such as `float32`.
///
/// >>> import cotan.core as mx
/// >>> mx.float32, mx.float32 == mx.array(1.0).dtype
/// (cotan.core.float32, True)
#[pyclass(name = "Dtype", module = "cotan.core", frozen, eq, hash)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PyDtype(pub DType);

static ALL: PyOnceLock<Vec<Py<PyDtype>>> = PyOnceLock::new();

/// The one object that stands for an element type.
pub fn object(py: Python<'_>, dtype: DType) -> PyResult<Py<PyDtype>> {
    let all = ALL.get_or_try_init(py, || {
        DType::ALL.iter().map(|&dtype| Py::new(py, PyDtype(dtype))).collect::<PyResult<Vec<_>>>()
    })?;
    Ok(all[dtype as usize].clone_ref(py))
}

#[pymethods]
impl PyDtype {
    /// Bytes per element.
    ///
    /// >>> mx.bfloat16.size
    /// 2
    #[getter]
    fn size(&self) -> usize {
        self.0.size()
    }

    fn __repr__(&self) -> String {
        let package = if NAMED_AS_IN_MLX.load(Ordering::Relaxed) { "mlx" } else { "cotan" };
        format!("{package}.core.{}", self.0)
    }
}

/// Programs written for MLX look for `mlx.core.` in the names of element types.
static NAMED_AS_IN_MLX: AtomicBool = AtomicBool::new(false);

/// What `cotan.mlx` calls: whether element types print as MLX's.
#[pyfunction]
#[pyo3(name = "_name_dtypes_as_in_mlx", signature = (yes, /))]
fn name_dtypes_as_in_mlx(yes: bool) {
    NAMED_AS_IN_MLX.store(yes, Ordering::Relaxed);
}

impl<'a, 'py> FromPyObject<'a, 'py> for PyDtype {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyDtype>() {
            Ok(dtype) => Ok(*dtype.get()),
            Err(_) => {
                let given = object.get_type().name()?;
                Err(type_error(format!("expected a cotan.core.Dtype such as float32, got {given}")).into())
            }
        }
    }
}

/// Sets of element types, as `issubdtype` understands them.
///
/// >>> import cotan.core as mx
/// >>> mx.issubdtype(mx.int8, mx.integer)
/// True
#[allow(non_camel_case_types)]
#[pyclass(name = "DtypeCategory", module = "cotan.core", frozen, eq, hash)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    complexfloating,
    floating,
    inexact,
    signedinteger,
    unsignedinteger,
    integer,
    number,
    generic,
}

const CATEGORIES: [(&str, Category); 8] = [
    ("complexfloating", Category::complexfloating),
    ("floating", Category::floating),
    ("inexact", Category::inexact),
    ("signedinteger", Category::signedinteger),
    ("unsignedinteger", Category::unsignedinteger),
    ("integer", Category::integer),
    ("number", Category::number),
    ("generic", Category::generic),
];

#[pymethods]
impl Category {
    /// The number of the category.
    ///
    /// >>> mx.floating.value
    /// 1
    #[getter]
    fn value(&self) -> u8 {
        *self as u8
    }

    /// The name of the category.
    ///
    /// >>> mx.floating.name
    /// 'floating'
    #[getter]
    fn name(&self) -> &'static str {
        CATEGORIES[*self as usize].0
    }
}

impl Category {
    fn parent(self) -> Option<Category> {
        match self {
            Category::complexfloating | Category::floating => Some(Category::inexact),
            Category::signedinteger | Category::unsignedinteger => Some(Category::integer),
            Category::inexact | Category::integer => Some(Category::number),
            Category::number => Some(Category::generic),
            Category::generic => None,
        }
    }

    fn of(dtype: DType) -> Category {
        match dtype.kind() {
            Kind::Bool => Category::generic,
            Kind::Unsigned => Category::unsignedinteger,
            Kind::Signed => Category::signedinteger,
            Kind::Float => Category::floating,
            Kind::Complex => Category::complexfloating,
        }
    }

    fn within(self, other: Category) -> bool {
        std::iter::successors(Some(self), |category| category.parent()).any(|category| category == other)
    }
}

enum TypeOrCategory {
    Type(DType),
    Category(Category),
}

fn type_or_category(object: &Bound<'_, PyAny>) -> Result<TypeOrCategory> {
    if let Ok(dtype) = object.cast::<PyDtype>() {
        return Ok(TypeOrCategory::Type(dtype.get().0));
    }
    match object.cast::<Category>() {
        Ok(category) => Ok(TypeOrCategory::Category(*category.get())),
        Err(_) => Err(value_error(format!("expected a Dtype or a DtypeCategory, got {}", object.repr()?))),
    }
}

/// True when `arg1` is the type `arg2` or lies within the category `arg2`.
///
/// >>> import cotan.core as mx
/// >>> mx.issubdtype(mx.float16, mx.floating)
/// True
#[pyfunction]
#[pyo3(signature = (arg1: "Dtype | DtypeCategory", arg2: "Dtype | DtypeCategory"))]
fn issubdtype(arg1: &Bound<'_, PyAny>, arg2: &Bound<'_, PyAny>) -> Result<bool> {
    Ok(match (type_or_category(arg1)?, type_or_category(arg2)?) {
        (TypeOrCategory::Type(a), TypeOrCategory::Type(b)) => a == b,
        (TypeOrCategory::Type(a), TypeOrCategory::Category(b)) => Category::of(a).within(b),
        (TypeOrCategory::Category(a), TypeOrCategory::Category(b)) => a.within(b),
        (TypeOrCategory::Category(_), TypeOrCategory::Type(_)) => false,
    })
}

fn is_kind(dtype: DType, kind: &Bound<'_, PyAny>) -> Result<bool> {
    if let Ok(other) = kind.cast::<PyDtype>() {
        return Ok(other.get().0 == dtype);
    }
    let Ok(name) = kind.extract::<String>() else {
        return Err(type_error(format!("isdtype: a kind is a Dtype or a string, got {}", kind.repr()?)));
    };
    let own = dtype.kind();
    Ok(match name.as_str() {
        "bool" => own == Kind::Bool,
        "signed integer" => own == Kind::Signed,
        "unsigned integer" => own == Kind::Unsigned,
        "integral" => dtype.is_integer(),
        "real floating" => own == Kind::Float,
        "complex floating" => own == Kind::Complex,
        "numeric" => own != Kind::Bool,
        _ => return Err(value_error(format!("isdtype: unknown kind {name:?}"))),
    })
}

/// True when a type is of a kind of the Python array API standard, or of one of several.
///
/// >>> import cotan.core as mx
/// >>> mx.isdtype(mx.uint8, "integral"), mx.isdtype(mx.uint8, ("bool", mx.int8))
/// (True, False)
#[pyfunction]
#[pyo3(signature = (dtype, kind: "str | Dtype | tuple[str | Dtype, ...]"))]
fn isdtype(dtype: PyDtype, kind: &Bound<'_, PyAny>) -> Result<bool> {
    let Ok(kinds) = kind.cast::<PyTuple>() else { return is_kind(dtype.0, kind) };
    for kind in kinds {
        if is_kind(dtype.0, &kind)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn dtype_of(object: &Bound<'_, PyAny>) -> Result<DType> {
    if let Ok(array) = object.cast::<PyArray>() {
        return Ok(array.get().get().dtype());
    }
    match object.cast::<PyDtype>() {
        Ok(dtype) => Ok(dtype.get().0),
        Err(_) => Err(value_error(format!("expected an array or a Dtype, got {}", object.repr()?))),
    }
}

/// The type that arrays and types promote to.
///
/// >>> import cotan.core as mx
/// >>> mx.result_type(mx.int8, mx.uint8), mx.result_type(mx.array(1), mx.float16)
/// (cotan.core.int16, cotan.core.float16)
#[pyfunction]
#[pyo3(signature = (*arrays_and_dtypes: "array | Dtype"))]
fn result_type(arrays_and_dtypes: &Bound<'_, PyTuple>) -> Result<Py<PyDtype>> {
    let mut dtypes = arrays_and_dtypes.iter().map(|object| dtype_of(&object));
    let Some(first) = dtypes.next() else { return Err(value_error("result_type: needs at least one array or Dtype")) };
    let dtype = dtypes.try_fold(first?, |sum, next| Ok::<_, crate::error::Fault>(sum.promote(next?)))?;
    Ok(object(arrays_and_dtypes.py(), dtype)?)
}

/// True when combining `from_` with the type `to` gives `to`.
///
/// >>> import cotan.core as mx
/// >>> mx.can_cast(mx.int8, mx.float32), mx.can_cast(mx.float32, mx.int8)
/// (True, False)
#[pyfunction]
#[pyo3(signature = (from_: "array | Dtype", to))]
fn can_cast(from_: &Bound<'_, PyAny>, to: PyDtype) -> Result<bool> {
    Ok(dtype_of(from_)?.promote(to.0) == to.0)
}

/// Limits of a floating type.
///
/// >>> import cotan.core as mx
/// >>> mx.finfo(mx.float16)
/// finfo(min=-65504, max=65504, dtype=float16)
#[pyclass(name = "finfo", module = "cotan.core", frozen)]
struct FInfo(DType);

#[pymethods]
impl FInfo {
    #[new]
    fn new(arg: PyDtype) -> Result<FInfo> {
        match arg.0 {
            DType::C64 => Ok(FInfo(DType::F32)),
            dtype if dtype.is_float() => Ok(FInfo(dtype)),
            dtype => Err(value_error(format!("finfo: {dtype} is not a floating type"))),
        }
    }

    /// Bits per element.
    ///
    /// >>> mx.finfo(mx.float16).bits
    /// 16
    #[getter]
    fn bits(&self) -> usize {
        8 * self.0.size()
    }

    /// The largest finite number.
    ///
    /// >>> mx.finfo(mx.float16).max
    /// 65504.0
    #[getter]
    fn max(&self) -> f64 {
        cotan::ops::largest_finite(self.0)
    }

    /// The smallest finite number.
    ///
    /// >>> mx.finfo(mx.float16).min
    /// -65504.0
    #[getter]
    fn min(&self) -> f64 {
        -self.max()
    }

    /// The distance from 1 to the next larger number.
    ///
    /// >>> mx.finfo(mx.float16).eps
    /// 0.0009765625
    #[getter]
    fn eps(&self) -> f64 {
        match self.0 {
            DType::F16 => f64::powi(2.0, -10),
            DType::Bf16 => f64::powi(2.0, -7),
            DType::F32 => f64::from(f32::EPSILON),
            _ => f64::EPSILON,
        }
    }

    /// The smallest positive number of full precision.
    ///
    /// >>> mx.finfo(mx.float16).smallest_normal
    /// 6.103515625e-05
    #[getter]
    fn smallest_normal(&self) -> f64 {
        match self.0 {
            DType::F16 => f64::powi(2.0, -14),
            DType::Bf16 | DType::F32 => f64::from(f32::MIN_POSITIVE),
            _ => f64::MIN_POSITIVE,
        }
    }

    /// The floating type; that of the parts of a complex one.
    ///
    /// >>> mx.finfo(mx.complex64).dtype
    /// cotan.core.float32
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<Py<PyDtype>> {
        object(py, self.0)
    }

    fn __repr__(&self) -> String {
        let g = |x| crate::print::general(x);
        format!("finfo(min={}, max={}, dtype={})", g(self.min()), g(self.max()), self.0)
    }
}

/// Limits of an integer type.
///
/// >>> import cotan.core as mx
/// >>> mx.iinfo(mx.int8)
/// iinfo(min=-128, max=127, dtype=int8)
#[pyclass(name = "iinfo", module = "cotan.core", frozen)]
struct IInfo(DType);

#[pymethods]
impl IInfo {
    #[new]
    fn new(arg: PyDtype) -> Result<IInfo> {
        if arg.0.is_integer() {
            Ok(IInfo(arg.0))
        } else {
            Err(value_error(format!("iinfo: {} is not an integer type", arg.0)))
        }
    }

    /// The largest number.
    ///
    /// >>> mx.iinfo(mx.int8).max
    /// 127
    #[getter]
    fn max(&self) -> i128 {
        let bits = 8 * self.0.size() as u32;
        if self.0.kind() == Kind::Signed { (1 << (bits - 1)) - 1 } else { (1 << bits) - 1 }
    }

    /// The smallest number.
    ///
    /// >>> mx.iinfo(mx.int8).min
    /// -128
    #[getter]
    fn min(&self) -> i128 {
        if self.0.kind() == Kind::Signed { -self.max() - 1 } else { 0 }
    }

    /// The integer type.
    ///
    /// >>> mx.iinfo(mx.int8).dtype
    /// cotan.core.int8
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<Py<PyDtype>> {
        object(py, self.0)
    }

    fn __repr__(&self) -> String {
        format!("iinfo(min={}, max={}, dtype={})", self.min(), self.max(), self.0)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<PyDtype>()?;
    module.add_class::<Category>()?;
    module.add_class::<FInfo>()?;
    module.add_class::<IInfo>()?;
    module.add_function(wrap_pyfunction!(name_dtypes_as_in_mlx, module)?)?;
    #[cfg_attr(
        false,
        python(
            "bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64: Dtype",
            "float16, bfloat16, float32, float64, complex64: Dtype",
        )
    )]
    for dtype in DType::ALL {
        let name = if dtype == DType::Bool { "bool_" } else { dtype.name() };
        module.add(name, object(py, dtype)?)?;
    }
    #[cfg_attr(
        false,
        python(
            "complexfloating, floating, inexact, signedinteger, unsignedinteger, integer, number, generic: DtypeCategory"
        )
    )]
    for (name, category) in CATEGORIES {
        module.add(name, category)?;
    }
    module.add_function(wrap_pyfunction!(issubdtype, module)?)?;
    module.add_function(wrap_pyfunction!(isdtype, module)?)?;
    module.add_function(wrap_pyfunction!(result_type, module)?)?;
    module.add_function(wrap_pyfunction!(can_cast, module)?)?;
    Ok(())
}
