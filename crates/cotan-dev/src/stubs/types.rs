//! The Python type that each Rust type of the binding stands for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, GenericArgument, Item, PathArguments, Type};

use super::attributes::{self, Options};
use super::source::{ModulePath, Source};

/// Where a type stands: what Python passes may be more general than what it gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Argument,
    Result,
}

/// A Rust type of the binding: its module and name.
pub type TypePath = (ModulePath, String);

pub struct Types<'a> {
    pub source: &'a Source,
    /// Classes that can be imported from a module.
    registered: BTreeSet<TypePath>,
    /// Other classes, which types name.
    pub hidden: RefCell<BTreeSet<TypePath>>,
}

impl<'a> Types<'a> {
    pub fn new(source: &'a Source, registered: BTreeSet<TypePath>) -> Types<'a> {
        Types { source, registered, hidden: RefCell::default() }
    }

    /// The name of a class; one that can't be imported begins with an underscore, and the stubs declare it as well.
    pub fn class(&self, path: &TypePath) -> Option<String> {
        let name = class_name(self.source.item(&path.0, &path.1)?)?;
        if self.registered.contains(path) {
            return Some(name);
        }
        self.hidden.borrow_mut().insert(path.clone());
        Some(if name.starts_with('_') { name } else { format!("_{name}") })
    }

    /// The Python type for a Rust type in a module.
    pub fn python(&self, module: &[String], ty: &Type, place: Place) -> Result<String, String> {
        let inner = |ty: &Type| self.python(module, ty, place);
        match ty {
            Type::Reference(reference) => match &*reference.elem {
                Type::Slice(slice) if is_byte(&slice.elem) => Ok("bytes".into()),
                elem => inner(elem),
            },
            Type::Paren(paren) => inner(&paren.elem),
            Type::Group(group) => inner(&group.elem),
            Type::Tuple(tuple) if tuple.elems.is_empty() => Ok("None".into()),
            Type::Tuple(tuple) => {
                let elems: Vec<String> = tuple.elems.iter().map(inner).collect::<Result<_, _>>()?;
                Ok(format!("tuple[{}]", elems.join(", ")))
            }
            Type::Array(array) => Ok(list(&inner(&array.elem)?, place)),
            Type::Slice(slice) => Ok(list(&inner(&slice.elem)?, place)),
            Type::Path(path) => self.path(module, ty, &path.path, place),
            _ => Err(self.unknown(module, ty)),
        }
    }

    fn path(&self, module: &[String], ty: &Type, path: &syn::Path, place: Place) -> Result<String, String> {
        let Some(last) = path.segments.last() else { return Err(self.unknown(module, ty)) };
        let name = last.ident.to_string();
        let arguments: Vec<&Type> = match &last.arguments {
            PathArguments::AngleBracketed(list) => list
                .args
                .iter()
                .filter_map(|arg| match arg {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect(),
            PathArguments::None | PathArguments::Parenthesized(_) => Vec::new(),
        };
        match (name.as_str(), &arguments[..]) {
            ("Option", [ty]) => Ok(optional(&self.python(module, ty, place)?)),
            ("Result" | "PyResult" | "Bound" | "Borrowed" | "Py" | "PyRef" | "PyRefMut", [ty, ..]) => {
                self.python(module, ty, place)
            }
            ("Vec", [ty]) if is_byte(ty) => Ok("bytes".into()),
            ("Vec", [ty]) => Ok(list(&self.python(module, ty, place)?, place)),
            _ => {
                let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                let own = self.source.resolve(module, &segments);
                own.and_then(|(home, name)| self.own(&home, &name, place))
                    .or_else(|| builtin(&name).map(|name| Ok(name.into())))
                    .unwrap_or_else(|| Err(self.unknown(module, ty)))
            }
        }
    }

    /// The type of an item of the binding.
    fn own(&self, home: &[String], name: &str, place: Place) -> Option<Result<String, String>> {
        let item = self.source.item(home, name)?;
        if let (Item::Type(alias), []) = (item, &attributes::python(item_attrs(item))[..]) {
            return Some(self.python(home, &alias.ty, place));
        }
        let class = self.class(&(home.to_vec(), name.into()));
        class.or_else(|| attributes::python(item_attrs(item)).into_iter().next()).map(Ok)
    }

    fn unknown(&self, module: &[String], ty: &Type) -> String {
        let name = ty.to_token_stream().to_string().replace(' ', "");
        let advice = "write #[cfg_attr(false, python(\"int | list[int]\"))] above its definition, or the Python type \
                      into the signature: (a: \"int\") -> \"array\"";
        self.source.error(module, ty.span(), &format!("no Python type known for the Rust type {name}; {advice}"))
    }
}

pub fn optional(ty: &str) -> String {
    if ty == "Any" || ty.ends_with("| None") { ty.into() } else { format!("{ty} | None") }
}

fn list(element: &str, place: Place) -> String {
    match place {
        Place::Argument => format!("Sequence[{element}]"),
        Place::Result => format!("list[{element}]"),
    }
}

fn is_byte(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("u8"))
}

fn builtin(name: &str) -> Option<&'static str> {
    Some(match name {
        "bool" => "bool",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "PyInt" => {
            "int"
        }
        "f32" | "f64" | "PyFloat" => "float",
        "Complex32" | "Complex64" | "PyComplex" => "complex",
        "str" | "String" | "PyString" => "str",
        "PathBuf" | "Path" => "str | PathLike[str]",
        "PyBytes" => "bytes",
        "PyAny" => "Any",
        "PyTuple" => "tuple[Any, ...]",
        "PyList" => "list[Any]",
        "PyDict" => "dict[str, Any]",
        "PyIterator" => "Iterator[Any]",
        "PyType" => "type[Any]",
        "PyModule" => "ModuleType",
        "Self" => "Self",
        _ => return None,
    })
}

pub fn item_attrs(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        _ => &[],
    }
}

/// The Python name of a class.
fn class_name(item: &Item) -> Option<String> {
    let (attrs, ident) = match item {
        Item::Struct(item) => (&item.attrs, &item.ident),
        Item::Enum(item) => (&item.attrs, &item.ident),
        _ => return None,
    };
    attributes::has(attrs, "pyclass")
        .then(|| Options::of(attrs, "pyclass").text("name").unwrap_or_else(|| ident.to_string()))
}
