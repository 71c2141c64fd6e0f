//! `#[derive(Tree)]`: a struct whose fields are trees of arrays is one, too.

use proc_macro::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, Index, parse_macro_input, parse_quote};

/// Implements `cotan::Tree` for a struct. Fields marked `#[tree(skip)]` are cloned as they are, and
/// structures in which they differ are not alike.
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput)).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(mut input: DeriveInput) -> Result<proc_macro2::TokenStream, Error> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Tree can be derived for structs only"));
    };
    let (mut flatten, mut rebuild, mut alike, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (position, field) in data.fields.iter().enumerate() {
        let member = match &field.ident {
            Some(name) => quote!(#name),
            None => {
                let index = Index::from(position);
                quote!(#index)
            }
        };
        let value = if is_skipped(field)? {
            alike.push(quote!(self.#member == other.#member));
            quote!(::core::clone::Clone::clone(&self.#member))
        } else {
            let name = field.ident.as_ref().map_or_else(|| position.to_string(), |name| name.unraw().to_string());
            names.push(quote!(::cotan::Tree::names(&self.#member, &::cotan::tree::join(path, #name), names);));
            flatten.push(quote!(::cotan::Tree::flatten(&self.#member, leaves);));
            alike.push(quote!(::cotan::Tree::alike(&self.#member, &other.#member)));
            quote!(::cotan::Tree::rebuild(&self.#member, leaves)?)
        };
        rebuild.push(match &field.ident {
            Some(name) => quote!(#name: #value),
            None => value,
        });
    }
    let body = match &data.fields {
        Fields::Named(_) => quote!(Self { #(#rebuild),* }),
        Fields::Unnamed(_) => quote!(Self(#(#rebuild),*)),
        Fields::Unit => quote!(Self),
    };
    for parameter in input.generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::cotan::Tree));
    }
    let name = format_ident!("{}", input.ident);
    let (generics, types, condition) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::cotan::Tree for #name #types #condition {
            fn flatten(&self, leaves: &mut ::std::vec::Vec<::cotan::Array>) {
                #(#flatten)*
                let _ = leaves;
            }

            fn rebuild(
                &self,
                leaves: &mut dyn ::core::iter::Iterator<Item = ::cotan::Array>,
            ) -> ::core::result::Result<Self, ::cotan::Error> {
                let _ = &leaves;
                ::core::result::Result::Ok(#body)
            }

            fn names(&self, path: &str, names: &mut ::std::vec::Vec<::std::string::String>) {
                let _ = (path, &names);
                #(#names)*
            }

            fn alike(&self, other: &Self) -> bool {
                let _ = other;
                true #(&& #alike)*
            }
        }
    })
}

fn is_skipped(field: &syn::Field) -> Result<bool, Error> {
    let mut skipped = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("tree")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                return Ok(());
            }
            Err(meta.error("expected #[tree(skip)]"))
        })?;
    }
    Ok(skipped)
}
