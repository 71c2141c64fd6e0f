//! Functions and methods as Python sees them.

use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Pat, ReturnType, Type};

use super::attributes::{self, Options};
use super::signature::{Kind, Parameter, Signature, plain};
use super::types::{Place, Types, optional};

/// A `def`; several of one name are overloads.
pub struct Def {
    pub name: String,
    pub parameters: Vec<String>,
    pub returns: String,
}

/// A function or method.
pub struct Function {
    pub name: String,
    pub decorators: Vec<String>,
    pub defs: Vec<Def>,
    pub doc: String,
}

impl Function {
    /// A function without documentation.
    pub fn simple(name: &str, parameters: &[&str], returns: &str) -> Function {
        let parameters = parameters.iter().map(ToString::to_string).collect();
        let def = Def { name: name.into(), parameters, returns: returns.into() };
        Function { name: name.into(), decorators: Vec::new(), defs: vec![def], doc: String::new() }
    }
}

/// What a method takes before its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    None,
    This,
    Class,
}

/// The Python name of a function.
pub fn name(attrs: &[Attribute], signature: &syn::Signature) -> String {
    let given = Options::of(attrs, "pyfunction").text("name");
    given.unwrap_or_else(|| plain(&signature.ident.to_string()).to_string())
}

/// A function, as its signature, its Rust types and its `python` attribute tell.
pub fn function(
    types: &Types<'_>,
    module: &[String],
    attrs: &[Attribute],
    signature: &syn::Signature,
    receiver: Receiver,
) -> Result<Function, String> {
    let name = name(attrs, signature);
    let given = attributes::python(attrs);
    let defs = if given.is_empty() {
        vec![from_rust(types, module, attrs, signature, receiver, &name)?]
    } else {
        let parse = |text: &String| {
            parsed(text).ok_or_else(|| types.source.error(module, signature.span(), &format!("not a def: {text}")))
        };
        let mut defs: Vec<Def> = given.iter().map(parse).collect::<Result<_, _>>()?;
        if name != "__richcmp__" {
            defs.iter_mut().for_each(|def| def.name.clone_from(&name));
        }
        defs
    };
    Ok(Function { name, decorators: Vec::new(), defs, doc: attributes::doc(attrs) })
}

/// `def name(a, b) -> c` taken apart.
fn parsed(text: &str) -> Option<Def> {
    let (head, returns) = text.strip_prefix("def ")?.rsplit_once(") -> ")?;
    let (name, inner) = head.split_once('(')?;
    let (mut depth, mut parameters) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parameters.push(String::new());
                continue;
            }
            _ => {}
        }
        parameters.last_mut()?.push(c);
    }
    let parameters = parameters.iter().map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect();
    Some(Def { name: name.into(), parameters, returns: returns.trim().into() })
}

fn from_rust(
    types: &Types<'_>,
    module: &[String],
    attrs: &[Attribute],
    signature: &syn::Signature,
    receiver: Receiver,
    name: &str,
) -> Result<Def, String> {
    let arguments = arguments(signature, receiver);
    let given = Signature::of(&Options::of(attrs, "pyfunction"));
    // Python calls special methods by position; PyO3 lets only others have a signature.
    let special = is_special(name) && name != "__new__" && given.is_none();
    let (listed, returns) = match given {
        Some(signature) => (signature.parameters, signature.returns),
        None => (arguments.iter().map(|(name, _)| required(name)).collect(), None),
    };
    let mut parameters: Vec<String> = match receiver {
        Receiver::None => Vec::new(),
        Receiver::This => vec!["self".into()],
        Receiver::Class => vec!["cls".into()],
    };
    for parameter in &listed {
        let ty = arguments.iter().find(|(name, _)| *name == parameter.name).map(|(_, ty)| *ty);
        let written = written(types, module, parameter, ty)?;
        // Anything can be compared.
        let compared = matches!(name, "__eq__" | "__ne__") && written.ends_with(": Any");
        parameters.push(if compared { written.replace(": Any", ": object") } else { written });
    }
    if special && !listed.is_empty() {
        parameters.push("/".into());
    }
    let returns = match (returns, &signature.output) {
        (Some(given), _) => given,
        (None, ReturnType::Default) => result_of(name, "None"),
        (None, ReturnType::Type(_, ty)) => result_of(name, &types.python(module, ty, Place::Result)?),
    };
    Ok(Def { name: name.into(), parameters, returns })
}

fn is_special(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// What Python makes of the result of a special method.
fn result_of(name: &str, returns: &str) -> String {
    let in_place =
        ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"];
    match name {
        "__next__" => returns.trim_end_matches(" | None").into(),
        "__new__" => "Self".into(),
        _ if in_place.iter().any(|op| name == format!("__i{op}__")) => "Self".into(),
        _ => returns.into(),
    }
}

fn required(name: &str) -> Parameter {
    Parameter { kind: Kind::Plain, name: name.into(), annotation: None, default: None }
}

/// The arguments that Python passes: names and types.
fn arguments(signature: &syn::Signature, receiver: Receiver) -> Vec<(String, &Type)> {
    let mut found = Vec::new();
    let mut receives = receiver != Receiver::None;
    for input in &signature.inputs {
        let FnArg::Typed(argument) = input else {
            receives = false;
            continue;
        };
        let Pat::Ident(pattern) = &*argument.pat else { continue };
        let name = pattern.ident.to_string();
        let name = plain(&name).to_string();
        if is_python(&argument.ty) {
            continue;
        }
        if receives && matches!(name.as_str(), "slf" | "cls" | "this") {
            receives = false;
            continue;
        }
        found.push((name, &*argument.ty));
    }
    found
}

/// Whether a type is `Python<'_>`, the interpreter.
fn is_python(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Python"))
}

/// A parameter as the stub has it.
fn written(types: &Types<'_>, module: &[String], parameter: &Parameter, ty: Option<&Type>) -> Result<String, String> {
    let Parameter { kind, name, annotation, default } = parameter;
    // The Rust type of `*args` is a tuple, whatever it holds.
    let any = || annotation.clone().unwrap_or("Any".into());
    Ok(match kind {
        Kind::Slash => "/".into(),
        Kind::Star => "*".into(),
        Kind::Rest => format!("*{name}: {}", any()),
        Kind::Keywords => format!("**{name}: {}", any()),
        Kind::Plain => {
            let ty = match (annotation, ty) {
                (Some(given), _) => given.clone(),
                (None, Some(ty)) => types.python(module, ty, Place::Argument)?,
                (None, None) => "Any".into(),
            };
            match default.as_deref() {
                Some("None") => format!("{name}: {} = None", optional(&ty)),
                Some(default) => format!("{name}: {ty} = {default}"),
                None => format!("{name}: {ty}"),
            }
        }
    })
}
