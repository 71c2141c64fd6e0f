//! What the binding puts into its Python modules: the functions that register things, read as PyO3 runs them.

use std::collections::HashMap;

use syn::spanned::Spanned;
use syn::{Attribute, Block, Expr, FnArg, Item, ItemFn, Lit, Pat, Stmt};

use super::attributes::{self, Options};
use super::source::{ModulePath, Source};
use super::types::TypePath;

/// Something in a Python module.
pub enum Entry {
    /// A function, by its Rust module and name.
    Function(ModulePath, String),
    Class(TypePath),
    Alias {
        new: String,
        old: String,
    },
    /// Something that another module has: the position of the module, and the name there.
    Borrowed {
        name: String,
        module: usize,
        member: String,
    },
    /// A value of a Python type.
    Value {
        name: String,
        ty: String,
    },
    /// The only object of a class.
    Instance {
        name: String,
        class: TypePath,
    },
    Module(String),
}

#[derive(Default)]
pub struct PyModule {
    /// The full name.
    pub name: String,
    pub doc: String,
    pub entries: Vec<Entry>,
}

/// What a Rust expression stands for, as far as it matters.
#[derive(Clone)]
enum Value {
    Module(usize),
    Text(String),
    /// What a module has under a name.
    Member(usize, String),
    Unknown,
}

type Variables = HashMap<String, Value>;

struct Walk<'a> {
    source: &'a Source,
    modules: Vec<PyModule>,
}

/// All Python modules of the binding, the outermost one first.
pub fn modules(source: &Source, package: &str) -> Result<Vec<PyModule>, String> {
    for (path, module) in &source.modules {
        for item in &module.items {
            if let Item::Fn(item) = item
                && attributes::has(&item.attrs, "pymodule")
            {
                let own = Options::of(&item.attrs, "pymodule").text("name").unwrap_or(item.sig.ident.to_string());
                let name = format!("{package}.{own}");
                let outermost = PyModule { name, doc: attributes::doc(&item.attrs), entries: Vec::new() };
                let mut walk = Walk { source, modules: vec![outermost] };
                walk.call(path, item, &[Value::Module(0)])?;
                return Ok(walk.modules);
            }
        }
    }
    Err("the binding has no #[pymodule]".into())
}

impl Walk<'_> {
    fn call(&mut self, home: &[String], function: &ItemFn, arguments: &[Value]) -> Result<Value, String> {
        let mut variables = Variables::new();
        for (input, value) in function.sig.inputs.iter().zip(arguments) {
            if let FnArg::Typed(argument) = input
                && let Pat::Ident(pattern) = &*argument.pat
            {
                variables.insert(pattern.ident.to_string(), value.clone());
            }
        }
        self.block(home, &function.block, &mut variables)
    }

    fn block(&mut self, home: &[String], block: &Block, variables: &mut Variables) -> Result<Value, String> {
        self.statements(home, &block.stmts, variables)
    }

    fn statements(&mut self, home: &[String], all: &[Stmt], variables: &mut Variables) -> Result<Value, String> {
        let mut last = Value::Unknown;
        for statement in all {
            last = match statement {
                Stmt::Local(local) => {
                    let value = match &local.init {
                        Some(init) => self.expr(home, &init.expr, variables)?,
                        None => Value::Unknown,
                    };
                    if let Some(name) = bound_name(&local.pat) {
                        variables.insert(name, value);
                    }
                    Value::Unknown
                }
                Stmt::Expr(expr, _) => {
                    let given = attributes::python(expr_attrs(expr));
                    if given.is_empty() { self.expr(home, expr, variables)? } else { self.declared(&given, variables) }
                }
                Stmt::Macro(call) => match self.source.expand(home, &call.mac)? {
                    Some(tokens) => {
                        let inner = syn::parse::Parser::parse2(Block::parse_within, tokens)
                            .map_err(|error| self.source.error(home, call.span(), &error.to_string()))?;
                        self.statements(home, &inner, variables)?
                    }
                    None => Value::Unknown,
                },
                Stmt::Item(_) => Value::Unknown,
            };
        }
        Ok(last)
    }

    /// A statement that says itself what it adds: `name: type`, to the only module at hand.
    fn declared(&mut self, given: &[String], variables: &Variables) -> Value {
        let module = variables.values().find_map(|value| match value {
            Value::Module(module) => Some(*module),
            Value::Text(_) | Value::Member(..) | Value::Unknown => None,
        });
        for (names, ty) in given.iter().filter_map(|text| text.split_once(':')) {
            for name in names.split(',') {
                let (name, ty) = (name.trim().into(), ty.trim().into());
                self.modules[module.unwrap_or(0)].entries.push(Entry::Value { name, ty });
            }
        }
        Value::Unknown
    }

    fn expr(&mut self, home: &[String], expr: &Expr, variables: &mut Variables) -> Result<Value, String> {
        match expr {
            Expr::Path(path) => {
                let known = path.path.get_ident().and_then(|name| variables.get(&name.to_string()));
                Ok(known.cloned().unwrap_or(Value::Unknown))
            }
            Expr::Lit(literal) => Ok(match &literal.lit {
                Lit::Str(text) => Value::Text(text.value()),
                _ => Value::Unknown,
            }),
            Expr::Reference(inner) => self.expr(home, &inner.expr, variables),
            Expr::Paren(inner) => self.expr(home, &inner.expr, variables),
            Expr::Group(inner) => self.expr(home, &inner.expr, variables),
            Expr::Try(inner) => self.expr(home, &inner.expr, variables),
            Expr::Return(inner) => inner.expr.as_ref().map_or(Ok(Value::Unknown), |e| self.expr(home, e, variables)),
            Expr::Block(inner) => self.block(home, &inner.block, variables),
            Expr::If(inner) => {
                self.block(home, &inner.then_branch, variables)?;
                if let Some((_, otherwise)) = &inner.else_branch {
                    self.expr(home, otherwise, variables)?;
                }
                Ok(Value::Unknown)
            }
            Expr::ForLoop(inner) => self.block(home, &inner.body, variables),
            Expr::Macro(call) if call.mac.path.is_ident("format") => Ok(formatted(&call.mac, variables)),
            Expr::Call(call) => self.function_call(home, call, variables),
            Expr::MethodCall(call) => self.method_call(home, call, variables),
            _ => Ok(Value::Unknown),
        }
    }

    fn function_call(
        &mut self,
        home: &[String],
        call: &syn::ExprCall,
        variables: &mut Variables,
    ) -> Result<Value, String> {
        let Expr::Path(path) = &*call.func else { return Ok(Value::Unknown) };
        let segments: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let arguments: Vec<Value> =
            call.args.iter().map(|arg| self.expr(home, arg, variables)).collect::<Result<_, _>>()?;
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (&names[..], &arguments[..]) {
            (["Ok" | "Some"], [value]) => Ok(value.clone()),
            ([.., "PyModule", "new"], _) => {
                self.modules.push(PyModule::default());
                if let Some(Value::Text(name)) = arguments.get(1) {
                    self.modules.last_mut().into_iter().for_each(|module| module.name.clone_from(name));
                }
                Ok(Value::Module(self.modules.len() - 1))
            }
            ([.., "alias"], [Value::Module(module), _]) => {
                self.aliases(*module, &call.args[1]);
                Ok(Value::Unknown)
            }
            _ if arguments.iter().any(|value| matches!(value, Value::Module(_) | Value::Text(_))) => {
                let source = self.source;
                let found = source.resolve(home, &segments);
                match found.and_then(|(home, name)| Some((source.item(&home, &name)?, home))) {
                    Some((Item::Fn(function), home)) => self.call(&home, function, &arguments),
                    _ => Ok(Value::Unknown),
                }
            }
            _ => Ok(Value::Unknown),
        }
    }

    /// `&[("new", "old"), ...]`
    fn aliases(&mut self, module: usize, pairs: &Expr) {
        let Expr::Reference(pairs) = pairs else { return };
        let Expr::Array(pairs) = &*pairs.expr else { return };
        for pair in &pairs.elems {
            if let Expr::Tuple(pair) = pair
                && let [Some(new), Some(old)] = [0, 1].map(|i| pair.elems.get(i).and_then(text))
            {
                self.modules[module].entries.push(Entry::Alias { new, old });
            }
        }
    }

    fn method_call(
        &mut self,
        home: &[String],
        call: &syn::ExprMethodCall,
        variables: &mut Variables,
    ) -> Result<Value, String> {
        let receiver = self.expr(home, &call.receiver, variables)?;
        let Value::Module(module) = receiver else { return Ok(receiver) };
        let arguments: Vec<&Expr> = call.args.iter().collect();
        match (call.method.to_string().as_str(), &arguments[..]) {
            ("add_class", []) => {
                let ty = call.turbofish.as_ref().and_then(|turbofish| turbofish.args.first());
                let Some(syn::GenericArgument::Type(syn::Type::Path(path))) = ty else { return Ok(Value::Unknown) };
                let class = self.path(home, &path.path)?;
                self.modules[module].entries.push(Entry::Class(class));
            }
            ("add_function", [function]) => {
                let (path, name) = self.wrapped(home, function)?;
                self.modules[module].entries.push(Entry::Function(path, name));
            }
            ("add", [name, value]) => {
                if let Value::Text(name) = self.expr(home, name, variables)? {
                    let entry = self.value(home, module, name, value, variables)?;
                    self.modules[module].entries.push(entry);
                } else {
                    let advice = "say what it adds: #[cfg_attr(false, python(\"name: type\"))] above the statement";
                    return Err(self.source.error(home, call.span(), advice));
                }
            }
            ("add_submodule", [inner]) => {
                if let Value::Module(inner) = self.expr(home, inner, variables)? {
                    let name = self.modules[inner].name.rsplit('.').next().unwrap_or_default().to_string();
                    let entry = self.submodule(module, inner, &name);
                    self.modules[module].entries.push(entry);
                }
            }
            ("setattr", [name, value]) if text(name).is_some_and(|name| name == "__doc__") => {
                if let Value::Text(doc) = self.expr(home, value, variables)? {
                    self.modules[module].doc = doc;
                }
            }
            ("getattr", [name]) => {
                if let Value::Text(name) = self.expr(home, name, variables)? {
                    return Ok(Value::Member(module, name));
                }
            }
            ("clone" | "to_owned", []) => return Ok(receiver),
            _ => {}
        }
        Ok(Value::Unknown)
    }

    /// A module within another, under a name.
    fn submodule(&mut self, outer: usize, inner: usize, name: &str) -> Entry {
        let full = format!("{}.{name}", self.modules[outer].name);
        self.modules[inner].name.clone_from(&full);
        Entry::Module(full)
    }

    fn path(&self, home: &[String], path: &syn::Path) -> Result<TypePath, String> {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let found = self.source.resolve(home, &segments);
        found.ok_or_else(|| self.source.error(home, path.span(), &format!("{} not found", segments.join("::"))))
    }

    /// The function in `wrap_pyfunction!(function, module)?`.
    fn wrapped(&self, home: &[String], expr: &Expr) -> Result<TypePath, String> {
        let inner = match expr {
            Expr::Try(inner) => &inner.expr,
            other => other,
        };
        let Expr::Macro(call) = inner else {
            return Err(self.source.error(home, expr.span(), "expected wrap_pyfunction!(function, module)"));
        };
        let first = attributes::split(call.mac.tokens.clone()).into_iter().next().unwrap_or_default();
        let path: syn::Path =
            syn::parse2(first).map_err(|error| self.source.error(home, call.span(), &error.to_string()))?;
        self.path(home, &path)
    }

    /// What `module.add(name, value)` adds.
    fn value(
        &mut self,
        home: &[String],
        module: usize,
        name: String,
        value: &Expr,
        variables: &mut Variables,
    ) -> Result<Entry, String> {
        match self.expr(home, value, variables)? {
            Value::Module(inner) => return Ok(self.submodule(module, inner, &name)),
            Value::Text(_) => return Ok(Entry::Value { name, ty: "str".into() }),
            Value::Member(from, old) if from == module => return Ok(Entry::Alias { new: name, old }),
            Value::Member(module, member) => return Ok(Entry::Borrowed { name, module, member }),
            Value::Unknown => {}
        }
        let ty = match value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(_) => Some("int"),
                Lit::Float(_) => Some("float"),
                Lit::Bool(_) => Some("bool"),
                _ => None,
            },
            Expr::Macro(call) if call.mac.path.is_ident("env") => Some("str"),
            Expr::MethodCall(call) if call.method == "None" => Some("None"),
            Expr::Path(path) => {
                if let Ok(class) = self.path(home, &path.path) {
                    return Ok(Entry::Instance { name, class });
                }
                path.path.segments.iter().any(|segment| segment.ident == "f64").then_some("float")
            }
            _ => None,
        };
        match ty {
            Some(ty) => Ok(Entry::Value { name, ty: ty.into() }),
            None => {
                let advice = format!(
                    "the type of {name} is not known; write #[cfg_attr(false, python(\"{name}: type\"))] above the statement"
                );
                Err(self.source.error(home, value.span(), &advice))
            }
        }
    }
}

fn bound_name(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(pattern) => Some(pattern.ident.to_string()),
        Pat::Type(pattern) => bound_name(&pattern.pat),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// `format!("...{name}...")`
fn formatted(call: &syn::Macro, variables: &Variables) -> Value {
    let Ok(template) = call.parse_body::<syn::LitStr>() else { return Value::Unknown };
    let mut text = template.value();
    for (name, value) in variables {
        if let Value::Text(value) = value {
            text = text.replace(&format!("{{{name}}}"), value);
        }
    }
    if text.contains('{') { Value::Unknown } else { Value::Text(text) }
}

fn expr_attrs(expr: &Expr) -> &[Attribute] {
    match expr {
        Expr::Try(expr) => &expr.attrs,
        Expr::ForLoop(expr) => &expr.attrs,
        Expr::MethodCall(expr) => &expr.attrs,
        Expr::Call(expr) => &expr.attrs,
        Expr::Block(expr) => &expr.attrs,
        _ => &[],
    }
}
