//! The source of the binding: its modules, with all macros expanded, and what a path in them means.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::{Attribute, Item, UseTree};

use super::expand::Macro;

/// The path of a Rust module within the crate.
pub type ModulePath = Vec<String>;

pub struct Module {
    pub file: PathBuf,
    pub items: Vec<Item>,
    /// Names that `use` brings in, with the paths that they stand for.
    uses: HashMap<String, Vec<String>>,
}

pub struct Source {
    pub modules: BTreeMap<ModulePath, Module>,
    macros: BTreeMap<(ModulePath, String), Macro>,
}

impl Source {
    /// Reads a crate from its `lib.rs`.
    pub fn read(lib: &Path) -> Result<Source, String> {
        let mut source = Source { modules: BTreeMap::new(), macros: BTreeMap::new() };
        source.read_module(Vec::new(), lib)?;
        let paths: Vec<ModulePath> = source.modules.keys().cloned().collect();
        for path in paths {
            let items = std::mem::take(&mut source.modules.entry(path.clone()).or_insert_with(Module::empty).items);
            let mut expanded = Vec::new();
            for item in items {
                source.expand_item(&path, item, &mut expanded)?;
            }
            source.modules.entry(path).or_insert_with(Module::empty).items = expanded;
        }
        Ok(source)
    }

    fn read_module(&mut self, path: ModulePath, file: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let parsed = syn::parse_file(&text)
            .map_err(|error| format!("{}:{}: {error}", file.display(), error.span().start().line))?;
        self.add_module(path, file, parsed.items)
    }

    fn add_module(&mut self, path: ModulePath, file: &Path, all: Vec<Item>) -> Result<(), String> {
        let mut items = Vec::new();
        let mut uses = HashMap::new();
        for item in all {
            match item {
                Item::Mod(module) if is_test(&module.attrs) => {}
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let inner = [&path[..], std::slice::from_ref(&name)].concat();
                    match module.content {
                        Some((_, items)) => self.add_module(inner, file, items)?,
                        None => self.read_module(inner.clone(), &file_of(file, &path, &name))?,
                    }
                }
                Item::Macro(call) if call.mac.path.is_ident("macro_rules") => {
                    if let Some(name) = call.ident {
                        self.macros.insert((path.clone(), name.to_string()), Macro::parse(call.mac.tokens));
                    }
                }
                Item::Use(item) => flatten_use(&item.tree, &mut Vec::new(), &mut uses),
                item => items.push(item),
            }
        }
        self.modules.insert(path, Module { file: file.into(), items, uses });
        Ok(())
    }

    fn expand_item(&self, path: &[String], item: Item, out: &mut Vec<Item>) -> Result<(), String> {
        let Item::Macro(call) = item else {
            out.push(item);
            return Ok(());
        };
        let Some(tokens) = self.expand(path, &call.mac)? else { return Ok(()) };
        let file: syn::File =
            syn::parse2(tokens).map_err(|error| self.error(path, call.mac.span(), &error.to_string()))?;
        file.items.into_iter().try_for_each(|item| self.expand_item(path, item, out))
    }

    /// What a call of one of the crate's own macros stands for; nothing for macros from elsewhere.
    pub fn expand(&self, path: &[String], call: &syn::Macro) -> Result<Option<proc_macro2::TokenStream>, String> {
        let Some(name) = call.path.segments.last().map(|segment| segment.ident.to_string()) else { return Ok(None) };
        let own = self.macros.get(&(path.to_vec(), name.clone()));
        let Some(found) = own.or_else(|| self.macros.iter().find(|((_, n), _)| *n == name).map(|(_, found)| found))
        else {
            return Ok(None);
        };
        match found.expand(call.tokens.clone()) {
            Some(tokens) => Ok(Some(tokens)),
            None => Err(self.error(path, call.span(), &format!("no rule of {name}! matches"))),
        }
    }

    /// An error with its place.
    pub fn error(&self, path: &[String], span: proc_macro2::Span, message: &str) -> String {
        let file = self.modules.get(path).map_or_else(PathBuf::new, |module| module.file.clone());
        format!("{}:{}: {message}", file.display(), span.start().line)
    }

    /// The module and the name of the item that a path means within a module.
    pub fn resolve(&self, from: &[String], path: &[String]) -> Option<(ModulePath, String)> {
        self.resolve_within(from, path, 8)
    }

    fn resolve_within(&self, from: &[String], path: &[String], depth: usize) -> Option<(ModulePath, String)> {
        let (first, rest) = path.split_first()?;
        let depth = depth.checked_sub(1)?;
        match (first.as_str(), rest) {
            ("crate", rest) => self.resolve_within(&[], rest, depth),
            ("self", rest) => self.resolve_within(from, rest, depth),
            ("super", rest) => self.resolve_within(from.split_last()?.1, rest, depth),
            (name, []) if self.item(from, name).is_some() => Some((from.to_vec(), name.into())),
            (name, rest) => {
                let inner = [from, &[name.to_string()]].concat();
                if !rest.is_empty() && self.modules.contains_key(&inner) {
                    return self.resolve_within(&inner, rest, depth);
                }
                let used = self.modules.get(from)?.uses.get(name)?;
                self.resolve_within(from, &[&used[..], rest].concat(), depth)
            }
        }
    }

    /// The item of a name in a module.
    pub fn item(&self, module: &[String], name: &str) -> Option<&Item> {
        self.modules.get(module)?.items.iter().find(|item| {
            let ident = match item {
                Item::Fn(item) => &item.sig.ident,
                Item::Struct(item) => &item.ident,
                Item::Enum(item) => &item.ident,
                Item::Type(item) => &item.ident,
                _ => return false,
            };
            ident == name
        })
    }
}

impl Module {
    fn empty() -> Module {
        Module { file: PathBuf::new(), items: Vec::new(), uses: HashMap::new() }
    }
}

fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("cfg") && attr.parse_args::<syn::Ident>().is_ok_and(|i| i == "test"))
}

/// Where the module `name` of the module in `file` is written.
fn file_of(file: &Path, path: &[String], name: &str) -> PathBuf {
    let beside = file.parent().unwrap_or(Path::new(""));
    let folder = match (path.last(), file.file_stem().and_then(|stem| stem.to_str())) {
        (Some(own), Some(stem)) if stem == own => beside.join(own),
        _ => beside.to_path_buf(),
    };
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}

fn flatten_use(tree: &UseTree, prefix: &mut Vec<String>, out: &mut HashMap<String, Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten_use(&path.tree, prefix, out);
            prefix.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = prefix.last() {
                out.insert(last.clone(), prefix.clone());
            }
        }
        UseTree::Name(name) => {
            out.insert(name.ident.to_string(), [&prefix[..], &[name.ident.to_string()]].concat());
        }
        UseTree::Rename(name) => {
            out.insert(name.rename.to_string(), [&prefix[..], &[name.ident.to_string()]].concat());
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten_use(tree, prefix, out)),
        UseTree::Glob(_) => {}
    }
}
