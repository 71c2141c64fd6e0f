//! A small binding, and what its stubs must say.

use std::collections::BTreeMap;

use super::generate;

const BINDING: &str = r#"
/// A module.
#[pymodule]
#[pyo3(name = "core")]
fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Thing>()?;
    add_functions!(module; double, halve, pick, handle);
    alias(module, &[("twice", "double")])?;
    module.add("pi", std::f64::consts::PI)?;
    #[cfg_attr(false, python("left, right: Thing"))]
    for side in SIDES {
        module.add(side, Thing)?;
    }
    inner(module)
}

fn inner(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let own = PyModule::new(module.py(), "core.extra")?;
    add_functions!(own; apply);
    module.add("also", own.getattr("apply")?)?;
    module.add("extra", &own)
}

macro_rules! add_functions {
    ($module:expr; $($function:ident),*) => { $($module.add_function(wrap_pyfunction!($function, $module)?)?;)* };
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyfunction]
            #[pyo3(signature = (x, /, times = 1, *, label = None))]
            fn $name(py: Python<'_>, x: Number, times: i64, label: Option<&str>) -> PyResult<Vec<Thing>> { todo!() }
        )*
    };
}
functions! {
    /// Doubles.
    double;
    /// Halves.
    halve;
}

#[pyfunction]
#[cfg_attr(false, python("def _(x: int) -> int", "def _(x: str) -> str"))]
fn pick(x: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> { todo!() }

#[pyfunction]
fn handle() -> Handle { todo!() }

/// Applies a function.
#[pyfunction]
#[pyo3(signature = (f: "Callable[_P, _R]", *args: "int") -> "_R")]
fn apply(f: Py<PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> { todo!() }

#[cfg_attr(false, python("int | float"))]
struct Number(f64);

/// A thing.
#[pyclass(name = "Thing", subclass)]
struct Thing;

#[pymethods]
impl Thing {
    #[new]
    fn new(r#type: String) -> Thing { todo!() }
    /// Its size.
    #[getter(size)]
    fn count(&self) -> usize { todo!() }
    fn __add__(&self, other: &Thing) -> Thing { todo!() }
    fn __iadd__(&self, other: &Thing) -> () { todo!() }
    fn __next__(&mut self) -> Option<Thing> { todo!() }
}

#[pyclass]
struct Handle;
"#;

fn stubs(name: &str, binding: &str) -> Result<BTreeMap<String, String>, String> {
    let file = std::env::temp_dir().join(format!("cotan-stubs-{name}-{}.rs", std::process::id()));
    std::fs::write(&file, binding).unwrap();
    let stubs = generate(&file);
    std::fs::remove_file(&file).unwrap();
    stubs
}

#[test]
fn everything_that_is_registered_is_declared() {
    let files = stubs("all", BINDING).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["__init__.pyi", "extra.pyi"]);
    let expected = [
        "\"\"\"A module.\"\"\"",
        "from . import extra as extra",
        "def double(x: int | float, /, times: int = 1, *, label: str | None = None) -> list[Thing]:\n    \"\"\"Doubles.\"\"\"",
        "def halve(",
        "@overload\ndef pick(x: int) -> int: ...\n@overload\ndef pick(x: str) -> str: ...",
        "def handle() -> _Handle: ...",
        "class _Handle:\n    ...",
        "twice = double",
        "from cotan.core.extra import apply as also",
        "pi: float",
        "left: Thing\nright: Thing",
        "@disjoint_base\nclass Thing:\n    \"\"\"A thing.\"\"\"",
        "    def __new__(cls, type: str) -> Self: ...",
        "    @property\n    def size(self) -> int:\n        \"\"\"Its size.\"\"\"",
        "    def __add__(self, other: Thing, /) -> Thing: ...",
        "    def __iadd__(self, other: Thing, /) -> Self: ...",
        "    def __next__(self) -> Thing: ...",
    ];
    for text in expected {
        assert!(files["__init__.pyi"].contains(text), "{text}\nis not in\n{}", files["__init__.pyi"]);
    }
    let expected = ["from collections.abc import Callable\n", "from . import _P, _R\n"];
    for text in expected.into_iter().chain(["def apply(f: Callable[_P, _R], *args: int) -> _R:"]) {
        assert!(files["extra.pyi"].contains(text), "{text}\nis not in\n{}", files["extra.pyi"]);
    }
}

#[test]
fn a_type_that_says_nothing_is_named_with_its_place() {
    let binding = BINDING.replace("#[cfg_attr(false, python(\"int | float\"))]", "");
    let error = stubs("unknown", &binding).unwrap_err();
    assert!(error.contains(".rs:34: no Python type known for the Rust type Number"), "{error}");
}
