//! Classes as Python sees them.

use syn::spanned::Spanned;
use syn::{Attribute, Fields, ImplItem, ImplItemFn, Item, ItemEnum, ItemStruct, Type};

use super::attributes::{self, Options};
use super::function::{Function, Receiver, function};
use super::signature::plain;
use super::types::{Place, TypePath, Types, item_attrs};

pub struct Class {
    pub name: String,
    pub bases: Vec<String>,
    /// Whether Python may derive from it.
    pub open: bool,
    pub doc: String,
    /// Attributes of the class, as `name: type`, and other lines that come first.
    pub attributes: Vec<String>,
    pub methods: Vec<Function>,
}

/// A class with all of its method blocks.
pub fn class(types: &Types<'_>, path: &TypePath) -> Result<Class, String> {
    let (home, ident) = path;
    let Some(item) = types.source.item(home, ident) else { return Err(format!("there is no type {ident}")) };
    let attrs = item_attrs(item);
    let options = Options::of(attrs, "pyclass");
    let Some(name) = types.class(path) else { return Err(format!("{ident} is not a class of Python")) };
    let mut class = Class {
        name,
        bases: attributes::python(attrs),
        open: options.has("subclass"),
        doc: attributes::doc(attrs),
        attributes: Vec::new(),
        methods: Vec::new(),
    };
    match item {
        Item::Struct(item) => fields(types, home, item, &options, &mut class)?,
        Item::Enum(item) => variants(item, &mut class),
        _ => {}
    }
    for (module, found) in &types.source.modules {
        for item in &found.items {
            let Item::Impl(block) = item else { continue };
            if attributes::has(&block.attrs, "pymethods") && is_type(types, module, &block.self_ty, path) {
                for item in &block.items {
                    if let ImplItem::Fn(method) = item {
                        member(types, module, method, &mut class)?;
                    }
                }
            }
        }
    }
    derived(&options, &mut class);
    Ok(class)
}

fn is_type(types: &Types<'_>, module: &[String], ty: &Type, path: &TypePath) -> bool {
    let Type::Path(named) = ty else { return false };
    let segments: Vec<String> = named.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    types.source.resolve(module, &segments).as_ref() == Some(path)
}

/// Fields that PyO3 makes attributes of.
fn fields(
    types: &Types<'_>,
    home: &[String],
    item: &ItemStruct,
    options: &Options,
    class: &mut Class,
) -> Result<(), String> {
    let Fields::Named(fields) = &item.fields else { return Ok(()) };
    for field in &fields.named {
        let own = Options::of(&field.attrs, "pyo3");
        let (get, set) = (own.has("get") || options.has("get_all"), own.has("set") || options.has("set_all"));
        let Some(ident) = field.ident.as_ref().filter(|_| get) else { continue };
        let name = own.text("name").unwrap_or_else(|| plain(&ident.to_string()).to_string());
        let ty = types.python(home, &field.ty, Place::Result)?;
        class.methods.push(property(&name, &ty, attributes::doc(&field.attrs)));
        if set {
            class.methods.push(setter(&name, &ty));
        }
    }
    Ok(())
}

fn variants(item: &ItemEnum, class: &mut Class) {
    for variant in &item.variants {
        let name = Options::of(&variant.attrs, "pyo3").text("name").unwrap_or_else(|| variant.ident.to_string());
        class.attributes.push(format!("{}: ClassVar[{}]", plain(&name), class.name));
    }
    class.methods.push(Function::simple("__int__", &["self"], "int"));
}

/// What PyO3 adds for options such as `eq`.
fn derived(options: &Options, class: &mut Class) {
    let has = |class: &Class, name: &str| class.methods.iter().any(|method| method.name == name);
    if options.has("eq") && !has(class, "__eq__") {
        class.methods.push(Function::simple("__eq__", &["self", "other: object", "/"], "bool"));
    }
    if options.has("hash") && !has(class, "__hash__") {
        class.methods.push(Function::simple("__hash__", &["self"], "int"));
    }
}

fn property(name: &str, ty: &str, doc: String) -> Function {
    let getter = Function::simple(name, &["self"], ty);
    Function { decorators: vec!["property".into()], doc, ..getter }
}

fn setter(name: &str, ty: &str) -> Function {
    let setter = Function::simple(name, &["self", &format!("value: {ty}")], "None");
    Function { decorators: vec![format!("{name}.setter")], ..setter }
}

fn member(types: &Types<'_>, module: &[String], method: &ImplItemFn, class: &mut Class) -> Result<(), String> {
    let attrs = &method.attrs;
    let own = |name: &str| attributes::has(attrs, name);
    let own_name = method.sig.ident.to_string();
    let make = |receiver| function(types, module, attrs, &method.sig, receiver);
    if own("getter") {
        let mut getter = make(Receiver::This)?;
        let name = accessor(attrs, "getter", &own_name, "get_");
        rename(&mut getter, &name);
        getter.decorators.push("property".into());
        class.methods.push(getter);
    } else if own("setter") {
        let mut setter = make(Receiver::This)?;
        let name = accessor(attrs, "setter", &own_name, "set_");
        rename(&mut setter, &name);
        setter.decorators.push(format!("{name}.setter"));
        class.methods.push(setter);
    } else if own("classattr") {
        let made = make(Receiver::None)?;
        class.attributes.extend(made.defs.iter().map(|def| format!("{}: ClassVar[{}]", made.name, def.returns)));
    } else if own("new") {
        let mut new = make(Receiver::Class)?;
        rename(&mut new, "__new__");
        new.defs.iter_mut().for_each(|def| def.returns = "Self".into());
        new.doc.clear();
        class.methods.push(new);
    } else if own("staticmethod") || own("classmethod") {
        let (decorator, receiver) =
            if own("staticmethod") { ("staticmethod", Receiver::None) } else { ("classmethod", Receiver::Class) };
        let mut made = make(receiver)?;
        made.decorators.push(decorator.into());
        class.methods.push(made);
    } else {
        match own_name.as_str() {
            "__richcmp__" => comparisons(types, module, method, make(Receiver::This)?, class)?,
            // Only from Python 3.12 on these methods are in Python.
            "__getbuffer__" => {
                class.attributes.push("if sys.version_info >= (3, 12):".into());
                class.attributes.push("    def __buffer__(self, flags: int, /) -> memoryview: ...".into());
            }
            // The collector's hooks are no attributes either.
            "__releasebuffer__" | "__traverse__" | "__clear__" => {}
            _ => class.methods.push(make(Receiver::This)?),
        }
    }
    Ok(())
}

/// The methods that Rust has as one.
fn comparisons(
    types: &Types<'_>,
    module: &[String],
    method: &ImplItemFn,
    made: Function,
    class: &mut Class,
) -> Result<(), String> {
    if attributes::python(&method.attrs).is_empty() {
        let message = "__richcmp__ stands for several methods: #[cfg_attr(false, python(\"def __eq__(...) -> bool\"))]";
        return Err(types.source.error(module, method.span(), message));
    }
    class.methods.extend(made.defs.into_iter().map(|def| Function {
        name: def.name.clone(),
        decorators: Vec::new(),
        defs: vec![def],
        doc: String::new(),
    }));
    Ok(())
}

fn accessor(attrs: &[Attribute], kind: &str, ident: &str, prefix: &str) -> String {
    let given = attributes::argument(attrs, kind);
    let name = given.unwrap_or_else(|| ident.strip_prefix(prefix).unwrap_or(ident).to_string());
    plain(&name).to_string()
}

fn rename(function: &mut Function, name: &str) {
    function.name = name.into();
    function.defs.iter_mut().for_each(|def| def.name = name.into());
}
