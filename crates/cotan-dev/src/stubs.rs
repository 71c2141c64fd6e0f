//! The type stubs of `cotan.core`, made from the source of its binding.
//!
//! The Rust source of `cotan-py` is read as PyO3 runs it: from `#[pymodule]` through the functions that register things,
//! with macros expanded. Names, parameters and defaults come from PyO3's attributes, types from the Rust types. Where a
//! Rust type doesn't tell, PyO3's own annotations do, as in `signature = (f: "Callable[..., Any]") -> "array"`; where
//! PyO3 has no place for it, `#[cfg_attr(false, python("..."))]` does: above an argument type (its Python type), above
//! a class (its bases), above a function or method (`def`s, of which several are overloads), and above a statement that
//! adds values to a module (`name: type`). `stubs/prelude.pyi` has the names that these types use.

mod attributes;
mod class;
mod expand;
mod function;
mod register;
mod render;
mod signature;
mod source;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use self::attributes::Options;
use self::function::Receiver;
use self::register::{Entry, PyModule};
use self::source::Source;
use self::types::{TypePath, Types, item_attrs};

const BINDING: &str = "crates/cotan-py/src/lib.rs";
const PACKAGE: &str = "python/cotan/core";
const COMMAND: &str = "cargo run -p cotan-dev -- stubs";
const PRELUDE: &str = include_str!("stubs/prelude.pyi");

/// Writes the stubs.
pub fn write() -> Result<(), String> {
    let folder = root().join(PACKAGE);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let all = generate(&root().join(BINDING))?;
    for stale in existing(&folder).difference(&all.keys().cloned().collect()) {
        std::fs::remove_file(folder.join(stale)).map_err(|error| format!("{stale}: {error}"))?;
    }
    for (name, text) in all {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// Compares the stubs on disk with what the source gives.
pub fn check() -> Result<(), String> {
    let folder = root().join(PACKAGE);
    let all = generate(&root().join(BINDING))?;
    let mut stale: BTreeSet<String> = existing(&folder);
    stale.retain(|name| !all.contains_key(name));
    for (name, text) in &all {
        if std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            stale.insert(name.clone());
        }
    }
    match stale.is_empty() {
        true => Ok(()),
        false => {
            let names: Vec<String> = stale.iter().map(|name| format!("{PACKAGE}/{name}")).collect();
            Err(format!("out of date: {}; run `{COMMAND}`", names.join(", ")))
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).into()
}

/// The stub files on disk.
fn existing(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.ends_with(".pyi")).collect()
}

/// All stub files of a binding, by name.
fn generate(lib: &Path) -> Result<BTreeMap<String, String>, String> {
    let source = Source::read(lib)?;
    let modules = register::modules(&source, "cotan")?;
    let registered = modules.iter().flat_map(|module| &module.entries).filter_map(|entry| match entry {
        Entry::Class(class) => Some(class.clone()),
        _ => None,
    });
    let types = Types::new(&source, registered.collect());
    let mut bodies: Vec<String> =
        modules.iter().map(|module| body(&types, &modules, module)).collect::<Result<_, _>>()?;
    hidden_classes(&types, &modules, &mut bodies)?;
    let main = modules[0].name.clone();
    let common: BTreeSet<String> = defined(PRELUDE).chain(modules[0].entries.iter().map(|e| e.name(&types))).collect();
    let mut files = BTreeMap::new();
    for (module, body) in modules.iter().zip(bodies) {
        let file = match module.name.strip_prefix(&format!("{main}.")) {
            Some(name) => format!("{}.pyi", name.replace('.', "/")),
            None => "__init__.pyi".into(),
        };
        files.insert(file, assemble(&types, module, &body, &common, module.name == main));
    }
    Ok(files)
}

/// Declares the classes that types name but no module has.
fn hidden_classes(types: &Types<'_>, modules: &[PyModule], bodies: &mut [String]) -> Result<(), String> {
    let mut done: BTreeSet<TypePath> = BTreeSet::new();
    loop {
        let next = types.hidden.borrow().iter().find(|class| !done.contains(*class)).cloned();
        let Some(class) = next else { return Ok(()) };
        let attrs = types.source.item(&class.0, &class.1).map(item_attrs).unwrap_or_default();
        let home = Options::of(attrs, "pyclass").text("module");
        let place = modules.iter().position(|module| Some(&module.name) == home.as_ref()).unwrap_or(0);
        let text = render::class(&class::class(types, &class)?);
        bodies[place] = format!("{text}\n{}", bodies[place]);
        done.insert(class);
    }
}

/// What a module has, without imports.
fn body(types: &Types<'_>, modules: &[PyModule], module: &PyModule) -> Result<String, String> {
    let all: Vec<Result<String, String>> = module.entries.iter().map(|entry| written(types, modules, entry)).collect();
    let errors: BTreeSet<&str> = all.iter().filter_map(|text| text.as_ref().err()).map(String::as_str).collect();
    if errors.is_empty() { all.into_iter().collect() } else { Err(errors.into_iter().collect::<Vec<_>>().join("\n")) }
}

fn written(types: &Types<'_>, modules: &[PyModule], entry: &Entry) -> Result<String, String> {
    Ok(match entry {
        Entry::Function(home, name) => {
            let Some(syn::Item::Fn(item)) = types.source.item(home, name) else {
                return Err(format!("there is no function {name}"));
            };
            let function = function::function(types, home, &item.attrs, &item.sig, Receiver::None)?;
            render::function(&function, "") + "\n"
        }
        Entry::Class(class) => render::class(&class::class(types, class)?) + "\n",
        Entry::Alias { new, old } => format!("{new} = {old}\n"),
        Entry::Borrowed { name, module, member } => {
            format!("from {} import {member} as {name}\n", modules[*module].name)
        }
        Entry::Value { name, ty } => format!("{name}: {ty}\n"),
        Entry::Instance { name, class } => format!("{name}: {}\n", types.class(class).unwrap_or_default()),
        Entry::Module(_) => String::new(),
    })
}

/// A stub file: documentation, imports, then what the module has.
fn assemble(types: &Types<'_>, module: &PyModule, body: &str, common: &BTreeSet<String>, main: bool) -> String {
    let mut out = format!("# Made by `{COMMAND}` from crates/cotan-py: change it there.\n");
    out.push_str(&render::docstring(&module.doc, ""));
    out.push('\n');
    let prelude = if main { definitions(PRELUDE) } else { "" };
    let own: BTreeSet<String> = module.entries.iter().map(|entry| entry.name(types)).collect();
    let used = render::names(&format!("{}\n{prelude}", without_docs(body)));
    for (from, names) in imports(PRELUDE) {
        let names: Vec<&str> = names.into_iter().filter(|name| used.contains(*name) && !own.contains(*name)).collect();
        match (from, &names[..]) {
            (_, []) => {}
            ("", names) => names.iter().for_each(|name| _ = writeln!(out, "import {name}")),
            (from, names) => _ = writeln!(out, "from {from} import {}", names.join(", ")),
        }
    }
    let local = defined(body).collect::<BTreeSet<_>>();
    if !main {
        let names: Vec<&str> = common.iter().map(String::as_str).filter(|&name| used.contains(name)).collect();
        let names: Vec<&str> = names.into_iter().filter(|&name| !own.contains(name) && !local.contains(name)).collect();
        if !names.is_empty() {
            _ = writeln!(out, "from . import {}", names.join(", "));
        }
    }
    for entry in &module.entries {
        if let Entry::Module(name) = entry {
            let name = name.rsplit('.').next().unwrap_or_default();
            _ = writeln!(out, "from . import {name} as {name}");
        }
    }
    out.push_str("\n__all__ = [\n");
    own.iter().for_each(|name| _ = writeln!(out, "    \"{name}\","));
    out.push_str("]\n");
    format!("{out}{prelude}\n{}", body.trim_end()) + "\n"
}

impl Entry {
    /// The name that the module has it under.
    fn name(&self, types: &Types<'_>) -> String {
        match self {
            Entry::Function(home, name) => match types.source.item(home, name) {
                Some(syn::Item::Fn(item)) => function::name(&item.attrs, &item.sig),
                _ => name.clone(),
            },
            Entry::Class(class) => types.class(class).unwrap_or_default(),
            Entry::Alias { new: name, .. } | Entry::Value { name, .. } | Entry::Instance { name, .. } => name.clone(),
            Entry::Borrowed { name, .. } => name.clone(),
            Entry::Module(name) => name.rsplit('.').next().unwrap_or_default().into(),
        }
    }
}

/// What the prelude imports: modules (empty for `import`) with names.
fn imports(prelude: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = prelude.lines().filter_map(|line| match line.strip_prefix("import ") {
        Some(name) => Some(("", vec![name])),
        None => {
            let (from, names) = line.strip_prefix("from ")?.split_once(" import ")?;
            Some((from, names.split(", ").collect()))
        }
    });
    lines.collect()
}

/// The prelude after its imports.
fn definitions(prelude: &str) -> &str {
    prelude.find("\n_P = ").map_or("", |at| &prelude[at..])
}

/// Names that a stub defines at its outermost level.
fn defined(code: &str) -> impl Iterator<Item = String> {
    code.lines().filter_map(|line| {
        let line = line.strip_prefix("class ").unwrap_or(line);
        let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        (end > 0 && !line.starts_with("from ") && !line.starts_with("import ")).then(|| line[..end].to_string())
    })
}

/// Code without its docstrings.
fn without_docs(code: &str) -> String {
    code.split("\"\"\"").step_by(2).collect()
}
