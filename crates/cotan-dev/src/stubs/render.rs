//! Writes stub files.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::class::Class;
use super::function::{Def, Function};

const WIDTH: usize = 120;

/// A class with its docstring and members.
pub fn class(class: &Class) -> String {
    let mut out = String::new();
    out.push_str(if class.open { "@disjoint_base\n" } else { "@final\n" });
    let bases = if class.bases.is_empty() { String::new() } else { format!("({})", class.bases.join(", ")) };
    let _ = writeln!(out, "class {}{bases}:", class.name);
    out.push_str(&docstring(&class.doc, "    "));
    for attribute in &class.attributes {
        let _ = writeln!(out, "    {attribute}");
    }
    for method in &class.methods {
        out.push_str(&function(method, "    "));
    }
    if class.doc.is_empty() && class.attributes.is_empty() && class.methods.is_empty() {
        out.push_str("    ...\n");
    }
    out
}

/// A function with its docstring; of overloads the first one has it.
pub fn function(function: &Function, indent: &str) -> String {
    let mut out = String::new();
    for (i, def) in function.defs.iter().enumerate() {
        if function.defs.len() > 1 {
            let _ = writeln!(out, "{indent}@overload");
        }
        for decorator in &function.decorators {
            let _ = writeln!(out, "{indent}@{decorator}");
        }
        let doc = if i == 0 { docstring(&function.doc, &format!("{indent}    ")) } else { String::new() };
        let head = head(def, indent);
        let ignore = match def.name.as_str() {
            // Comparisons of arrays are arrays, which `object` doesn't foresee.
            "__eq__" | "__ne__" if def.returns != "bool" => "  # type: ignore[override]",
            // It has no modulus, unlike `__pow__`.
            "__ipow__" => "  # type: ignore[misc]",
            _ => "",
        };
        match doc.is_empty() {
            true => _ = writeln!(out, "{head} ...{ignore}"),
            false => _ = write!(out, "{head}{ignore}\n{doc}"),
        }
    }
    out
}

fn head(def: &Def, indent: &str) -> String {
    let Def { name, parameters, returns } = def;
    let line = format!("{indent}def {name}({}) -> {returns}:", parameters.join(", "));
    if line.chars().count() + " ...".len() <= WIDTH {
        return line;
    }
    let mut out = format!("{indent}def {name}(\n");
    for parameter in parameters {
        let _ = writeln!(out, "{indent}    {parameter},");
    }
    let _ = write!(out, "{indent}) -> {returns}:");
    out
}

/// A docstring on its own lines; nothing for no documentation.
pub fn docstring(doc: &str, indent: &str) -> String {
    if doc.is_empty() {
        return String::new();
    }
    let raw = if doc.contains('\\') { "r" } else { "" };
    let mut out = format!("{indent}{raw}\"\"\"");
    for (i, line) in doc.lines().enumerate() {
        match (i, line.is_empty()) {
            (0, _) => out.push_str(line),
            (_, true) => out.push('\n'),
            (_, false) => _ = write!(out, "\n{indent}{line}"),
        }
    }
    if doc.contains('\n') {
        let _ = write!(out, "\n{indent}");
    }
    out.push_str("\"\"\"\n");
    out
}

/// The names in code that could come from elsewhere: neither attributes nor what is being defined or called.
pub fn names(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut name = String::new();
    let mut before = ' ';
    for c in code.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            name.push(c);
            continue;
        }
        let defined = c == '=' || (c == ':' && before != '>');
        if !name.is_empty() && before != '.' && !defined {
            found.insert(std::mem::take(&mut name));
        }
        name.clear();
        if c != ' ' || before != '>' {
            before = c;
        }
    }
    found
}
