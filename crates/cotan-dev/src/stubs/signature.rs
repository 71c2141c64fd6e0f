//! Signatures as PyO3 has them: `(a, /, axis: "int" = -1, *, stream = None) -> "array"`.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, ExprLit, Lit, LitStr};

use super::attributes::{Options, split};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/`
    Slash,
    /// `*`
    Star,
    Plain,
    /// `*args`
    Rest,
    /// `**kwargs`
    Keywords,
}

pub struct Parameter {
    pub kind: Kind,
    pub name: String,
    /// The Python type, if the signature says it.
    pub annotation: Option<String>,
    /// The default as Python writes it.
    pub default: Option<String>,
}

pub struct Signature {
    pub parameters: Vec<Parameter>,
    /// The Python type of the result, if the signature says it.
    pub returns: Option<String>,
}

impl Signature {
    /// The signature that the options of a function give.
    pub fn of(options: &Options) -> Option<Signature> {
        let mut tokens = options.tokens("signature")?.into_iter();
        let Some(TokenTree::Group(group)) = tokens.next() else { return None };
        let mut parameters: Vec<Parameter> = split(group.stream()).into_iter().map(parameter).collect();
        if let Some(text) = options.text("text_signature") {
            for (name, default) in shown_defaults(&text) {
                parameters.iter_mut().filter(|p| p.name == name).for_each(|p| p.default = Some(default.clone()));
            }
        }
        // `-> "type"`
        let returns = tokens.nth(2).and_then(|token| syn::parse2::<LitStr>(token.into()).ok());
        Some(Signature { parameters, returns: returns.map(|text| text.value()) })
    }
}

/// A name without the mark of a raw identifier.
pub fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

fn parameter(tokens: TokenStream) -> Parameter {
    let mut rest: Vec<TokenTree> = tokens.into_iter().collect();
    let stars = rest.iter().take_while(|token| is(token, '*')).count();
    let slash = rest.first().is_some_and(|token| is(token, '/'));
    rest.drain(..stars);
    let kind = match (slash, stars, rest.is_empty()) {
        (true, _, _) => Kind::Slash,
        (_, 1, true) => Kind::Star,
        (_, 1, false) => Kind::Rest,
        (_, 2, _) => Kind::Keywords,
        _ => Kind::Plain,
    };
    let name = match kind {
        Kind::Slash | Kind::Star => String::new(),
        Kind::Plain | Kind::Rest | Kind::Keywords => {
            rest.first().map(|name| plain(&name.to_string()).to_string()).unwrap_or_default()
        }
    };
    let after = |mark: char| rest.iter().position(|token| is(token, mark)).map(|at| at + 1);
    let equals = after('=');
    let default = equals.map(|at| default(rest[at..].iter().cloned().collect()));
    let colon = after(':').filter(|&colon| equals.is_none_or(|equals| colon < equals));
    let annotation = colon.and_then(|at| syn::parse2::<LitStr>(rest[at].clone().into()).ok()).map(|text| text.value());
    Parameter { kind, name, annotation, default }
}

fn is(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// A default in Python; `...` for what only Rust can say.
fn default(tokens: TokenStream) -> String {
    let text = tokens.to_string().replace(' ', "");
    match syn::parse2::<Expr>(tokens) {
        Ok(Expr::Lit(ExprLit { lit, .. })) => match lit {
            Lit::Bool(value) => if value.value { "True" } else { "False" }.into(),
            Lit::Str(value) => format!("{:?}", value.value()),
            Lit::Int(value) => value.base10_digits().into(),
            Lit::Float(value) => value.base10_digits().into(),
            _ => "...".into(),
        },
        Ok(Expr::Unary(_)) => text,
        Ok(Expr::Path(path)) if path.path.is_ident("None") => "None".into(),
        _ => "...".into(),
    }
}

/// The defaults in a `text_signature`, by name.
fn shown_defaults(text: &str) -> Vec<(String, String)> {
    let inner = text.trim().trim_start_matches('(').trim_end_matches(')');
    let mut found = Vec::new();
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in inner.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    for part in parts {
        if let Some((name, default)) = part.split_once('=') {
            found.push((name.trim().to_string(), default.trim().replace('\'', "\"")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Kind, Signature};
    use crate::stubs::attributes::Options;

    #[test]
    fn annotations_and_shown_defaults_are_read() {
        let item: syn::ItemFn = syn::parse_quote! {
            #[pyo3(
                signature = (a, /, shape: "int" = None, axis = Some(-1), *rest, flag = false, **more) -> "array",
                text_signature = "(a, /, shape=(1, 2), axis=-1, *rest, flag=False, **more)"
            )]
            fn f() {}
        };
        let signature = Signature::of(&Options::of(&item.attrs, "pyfunction")).unwrap();
        let found: Vec<_> = signature.parameters.iter().map(|p| (p.name.as_str(), p.default.as_deref())).collect();
        let expected = [
            ("a", None),
            ("", None),
            ("shape", Some("(1, 2)")),
            ("axis", Some("-1")),
            ("rest", None),
            ("flag", Some("False")),
            ("more", None),
        ];
        assert_eq!(found, expected);
        assert!(signature.parameters[4].kind == Kind::Rest && signature.parameters[6].kind == Kind::Keywords);
        assert_eq!(signature.parameters[2].annotation.as_deref(), Some("int"));
        assert_eq!(signature.returns.as_deref(), Some("array"));
    }
}
