//! What attributes say: documentation, PyO3's options, and Python types in `#[cfg_attr(false, python("..."))]`.

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

/// The documentation, as Python shows it.
pub fn doc(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attr.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).to_string());
        }
    }
    lines.join("\n").trim().to_string()
}

/// The strings in `#[cfg_attr(false, python("...", ...))]`: facts for the stubs, which the compiler doesn't see.
pub fn python(attrs: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg_attr")) {
        let Ok(parts) = attr.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated) else { continue };
        for part in parts {
            if let Expr::Call(call) = part
                && let Expr::Path(path) = &*call.func
                && path.path.is_ident("python")
            {
                let texts = call.args.iter().filter_map(|arg| match arg {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                    _ => None,
                });
                found.extend(texts);
            }
        }
    }
    found
}

/// PyO3's options for an item: those in `#[NAME(...)]` and in `#[pyo3(...)]`.
#[derive(Default)]
pub struct Options(Vec<(String, TokenStream)>);

impl Options {
    pub fn of(attrs: &[Attribute], name: &str) -> Options {
        let mut options = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name) || attr.path().is_ident("pyo3")) {
            let Meta::List(list) = &attr.meta else { continue };
            for option in split(list.tokens.clone()) {
                let mut tokens = option.into_iter();
                if let Some(key) = tokens.next() {
                    options.push((key.to_string(), tokens.skip(1).collect()));
                }
            }
        }
        Options(options)
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    pub fn tokens(&self, key: &str) -> Option<TokenStream> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, tokens)| tokens.clone())
    }

    pub fn text(&self, key: &str) -> Option<String> {
        syn::parse2::<LitStr>(self.tokens(key)?).ok().map(|text| text.value())
    }
}

/// Whether an attribute is there.
pub fn has(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident(name))
}

/// The one name in the parentheses of an attribute, as in `#[getter(T)]`.
pub fn argument(attrs: &[Attribute], name: &str) -> Option<String> {
    let attr = attrs.iter().find(|attr| attr.path().is_ident(name))?;
    attr.parse_args::<syn::Ident>().ok().map(|ident| ident.to_string())
}

/// The parts between commas outside of brackets; empty ones are left out.
pub fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.extend([token.clone()])),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
