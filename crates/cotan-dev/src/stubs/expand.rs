//! Expands `macro_rules!` macros, so that what they declare can be read.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};

/// A macro: its rules in order.
pub struct Macro {
    rules: Vec<Rule>,
}

struct Rule {
    matcher: Vec<Part>,
    body: Vec<Part>,
}

/// A piece of a matcher or of a body.
enum Part {
    Token(TokenTree),
    Group(Delimiter, Vec<Part>),
    /// `$name:kind`, or `$name` in a body.
    Variable(String, String),
    Repeat {
        parts: Vec<Part>,
        separator: Option<TokenTree>,
        at_most_once: bool,
    },
}

/// What a variable stands for.
#[derive(Clone)]
enum Binding {
    One(TokenStream),
    Many(Vec<Binding>),
}

type Bindings = HashMap<String, Binding>;

impl Macro {
    /// Reads the body of a `macro_rules!`.
    pub fn parse(definition: TokenStream) -> Macro {
        let tokens: Vec<TokenTree> = definition.into_iter().collect();
        let mut groups = tokens.into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        });
        let mut rules = Vec::new();
        while let (Some(matcher), Some(body)) = (groups.next(), groups.next()) {
            rules.push(Rule { matcher: parts(matcher, true), body: parts(body, false) });
        }
        Macro { rules }
    }

    /// What a call of the macro stands for, if a rule matches.
    pub fn expand(&self, call: TokenStream) -> Option<TokenStream> {
        let call: Vec<TokenTree> = call.into_iter().collect();
        self.rules.iter().find_map(|rule| {
            let mut bindings = Bindings::new();
            let rest = matched(&rule.matcher, &call, &mut bindings)?;
            rest.is_empty().then(|| transcribed(&rule.body, &bindings))
        })
    }
}

/// Reads a matcher, in which variables have kinds, or a body, in which they have none.
fn parts(stream: TokenStream, matcher: bool) -> Vec<Part> {
    let mut tokens = stream.into_iter();
    let mut parts = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Group(group)) => {
                    let mut next = tokens.next();
                    let separator = match &next {
                        Some(token) if !is_operator(token) => std::mem::replace(&mut next, tokens.next()),
                        Some(_) | None => None,
                    };
                    let at_most_once = matches!(&next, Some(TokenTree::Punct(punct)) if punct.as_char() == '?');
                    parts.push(Part::Repeat { parts: self::parts(group.stream(), matcher), separator, at_most_once });
                }
                Some(TokenTree::Ident(name)) if name == "crate" => parts.push(Part::Token(name.into())),
                Some(TokenTree::Ident(name)) => {
                    // The colon, then the kind.
                    let kind = if matcher { tokens.nth(1).map(|kind| kind.to_string()) } else { None };
                    parts.push(Part::Variable(name.to_string(), kind.unwrap_or_default()));
                }
                other => parts.extend(other.map(Part::Token)),
            },
            TokenTree::Group(group) => parts.push(Part::Group(group.delimiter(), self::parts(group.stream(), matcher))),
            token @ (TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) => {
                parts.push(Part::Token(token));
            }
        }
    }
    parts
}

fn is_operator(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if matches!(punct.as_char(), '*' | '+' | '?'))
}

/// Matches all parts with the beginning of the tokens and returns the rest.
fn matched<'a>(parts: &[Part], mut tokens: &'a [TokenTree], bindings: &mut Bindings) -> Option<&'a [TokenTree]> {
    for part in parts {
        tokens = match part {
            Part::Token(expected) => {
                let (first, rest) = tokens.split_first()?;
                (first.to_string() == expected.to_string()).then_some(rest)?
            }
            Part::Group(delimiter, inner) => {
                let (TokenTree::Group(group), rest) = tokens.split_first()? else { return None };
                let content: Vec<TokenTree> = group.stream().into_iter().collect();
                let left = matched(inner, &content, bindings)?;
                (group.delimiter() == *delimiter && left.is_empty()).then_some(rest)?
            }
            Part::Variable(name, kind) => {
                let (value, rest) = fragment(kind, tokens)?;
                bindings.insert(name.clone(), Binding::One(value));
                rest
            }
            Part::Repeat { parts, separator, at_most_once } => {
                repeated(parts, separator.as_ref(), *at_most_once, tokens, bindings)
            }
        };
    }
    Some(tokens)
}

fn repeated<'a>(
    parts: &[Part],
    separator: Option<&TokenTree>,
    at_most_once: bool,
    mut tokens: &'a [TokenTree],
    bindings: &mut Bindings,
) -> &'a [TokenTree] {
    let mut rounds: Vec<Bindings> = Vec::new();
    let most = if at_most_once { 1 } else { usize::MAX };
    while !tokens.is_empty() && rounds.len() < most {
        let start = match (separator, tokens.split_first()) {
            (Some(separator), Some((first, rest))) if !rounds.is_empty() => {
                if first.to_string() != separator.to_string() {
                    break;
                }
                rest
            }
            _ => tokens,
        };
        let mut round = Bindings::new();
        let Some(rest) = matched(parts, start, &mut round) else { break };
        tokens = rest;
        rounds.push(round);
    }
    for name in variables(parts) {
        let all = rounds.iter().filter_map(|round| round.get(&name).cloned()).collect();
        bindings.insert(name, Binding::Many(all));
    }
    tokens
}

fn variables(parts: &[Part]) -> Vec<String> {
    let mut names = Vec::new();
    for part in parts {
        match part {
            Part::Token(_) => {}
            Part::Variable(name, _) => names.push(name.clone()),
            Part::Group(_, parts) | Part::Repeat { parts, .. } => names.extend(variables(parts)),
        }
    }
    names
}

/// Takes a fragment of a kind from the front of the tokens.
fn fragment<'a>(kind: &str, tokens: &'a [TokenTree]) -> Option<(TokenStream, &'a [TokenTree])> {
    let stream: TokenStream = tokens.iter().cloned().collect();
    let (value, rest) = match kind {
        "tt" => {
            let (first, rest) = tokens.split_first()?;
            return Some((first.clone().into(), rest));
        }
        "ident" => parsed_with(syn::Ident::parse_any, stream),
        "expr" => parsed::<syn::Expr>(stream),
        "ty" => parsed::<syn::Type>(stream),
        "path" => parsed_with(syn::Path::parse_mod_style, stream),
        "literal" => parsed::<syn::Lit>(stream),
        "meta" => parsed::<syn::Meta>(stream),
        "lifetime" => parsed::<syn::Lifetime>(stream),
        "vis" => parsed::<syn::Visibility>(stream),
        "item" => parsed::<syn::Item>(stream),
        "block" => parsed::<syn::Block>(stream),
        "pat" => parsed_with(syn::Pat::parse_multi, stream),
        _ => None,
    }?;
    Some((value, &tokens[tokens.len() - rest..]))
}

/// The fragment, and how many tokens follow it.
fn parsed<T: Parse + ToTokens>(stream: TokenStream) -> Option<(TokenStream, usize)> {
    parsed_with(T::parse, stream)
}

fn parsed_with<T: ToTokens>(
    parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    stream: TokenStream,
) -> Option<(TokenStream, usize)> {
    let parser = |input: ParseStream<'_>| {
        let value = parse(input)?;
        let rest: TokenStream = input.parse()?;
        Ok((value.to_token_stream(), rest.into_iter().count()))
    };
    parser.parse2(stream).ok()
}

fn transcribed(parts: &[Part], bindings: &Bindings) -> TokenStream {
    let mut tokens = TokenStream::new();
    for part in parts {
        match part {
            Part::Token(token) => tokens.extend([token.clone()]),
            Part::Group(delimiter, inner) => {
                tokens.extend([TokenTree::Group(Group::new(*delimiter, transcribed(inner, bindings)))]);
            }
            Part::Variable(name, _) => {
                if let Some(Binding::One(value)) = bindings.get(name) {
                    tokens.extend(value.clone());
                }
            }
            Part::Repeat { parts, separator, .. } => {
                let names = variables(parts);
                let rounds = names.iter().filter_map(|name| match bindings.get(name) {
                    Some(Binding::Many(all)) => Some(all.len()),
                    Some(Binding::One(_)) | None => None,
                });
                for round in 0..rounds.max().unwrap_or(0) {
                    let mut inner = bindings.clone();
                    for name in &names {
                        if let Some(Binding::Many(all)) = bindings.get(name)
                            && let Some(one) = all.get(round)
                        {
                            inner.insert(name.clone(), one.clone());
                        }
                    }
                    if round > 0 {
                        tokens.extend(separator.clone());
                    }
                    tokens.extend(transcribed(parts, &inner));
                }
            }
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::Macro;

    fn expand(definition: &str, call: &str) -> Option<String> {
        let definition = Macro::parse(definition.parse().ok()?);
        Some(definition.expand(call.parse().ok()?)?.to_string().replace(' ', ""))
    }

    #[test]
    fn repetitions_nest_and_keep_what_stands_outside_of_them() {
        let rules = "($kind:ident; $($(#[$doc:meta])* $name:ident;)*) => {
            $($(#[$doc])* fn $name(a: $kind) -> $kind { ops::$name(a) })*
        };";
        let call = "Array; /// One.\n /// More.\n one; two;";
        let expected =
            "#[doc=\"One.\"]#[doc=\"More.\"]fnone(a:Array)->Array{ops::one(a)}fntwo(a:Array)->Array{ops::two(a)}";
        assert_eq!(expand(rules, call), Some(expected.into()));
    }

    #[test]
    fn the_first_rule_that_matches_everything_counts() {
        let rules = "($a:expr) => { one($a) }; ($a:expr, $($rest:literal),+ $(,)?) => { more($a $(, $rest)+) };";
        assert_eq!(expand(rules, "1 + 2"), Some("one(1+2)".into()));
        assert_eq!(expand(rules, "f(x), 1, 2,"), Some("more(f(x),1,2)".into()));
        assert_eq!(expand(rules, "f(x), y"), None);
    }
}
