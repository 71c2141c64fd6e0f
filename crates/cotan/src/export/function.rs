//! Recordings of one function: collected for storing, and called once they are read back.

use cotan_kernels::DType;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::graph::{Graph, OP, refuse};
use crate::array::{Array, Spec};
use crate::error::{Error, Result, tuple};
use crate::transforms::Traced;

/// Everything about a function but the elements of its constants, to be serialised with serde.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    metadata: String,
    /// How many constants the variants share.
    constants: u32,
    variants: Vec<Variant>,
}

/// The function for arguments of certain shapes and types.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    /// How many arguments have no name; they come before those with names.
    positional: u32,
    keywords: Vec<String>,
    /// Which of the constants it reads.
    constants: Vec<u32>,
    graph: Graph,
}

/// Collects recordings of one function.
pub struct Exporter {
    definition: Definition,
    constants: Vec<Array>,
    places: FxHashMap<usize, u32>,
}

impl Exporter {
    /// No recordings yet; `metadata` is stored with them.
    #[must_use]
    pub fn new(metadata: &str) -> Exporter {
        let definition = Definition { metadata: metadata.into(), constants: 0, variants: Vec::new() };
        Exporter { definition, constants: Vec::new(), places: FxHashMap::default() }
    }

    /// Adds a recording whose last arguments are named by `keywords`.
    ///
    /// # Errors
    /// When an operation comes from outside this library, or the numbers of arguments differ.
    pub fn add(&mut self, positional: usize, keywords: &[String], traced: &Traced) -> Result<()> {
        if positional + keywords.len() != traced.argument_specs().len() {
            let message = format!("{positional} arguments and {} names for another number", keywords.len());
            return Err(Error::value("export_function", message));
        }
        let (graph, constants) = Graph::of(traced)?;
        let place = |array: Array| {
            *self.places.entry(array.id()).or_insert_with(|| {
                self.constants.push(array);
                self.constants.len() as u32 - 1
            })
        };
        let constants = constants.into_iter().map(place).collect();
        let keywords = keywords.to_vec();
        self.definition.variants.push(Variant { positional: positional as u32, keywords, constants, graph });
        Ok(())
    }

    /// What to store: the definition, and the constants that it refers to by their places.
    #[must_use]
    pub fn finish(mut self) -> (Definition, Vec<Array>) {
        self.definition.constants = self.constants.len() as u32;
        (self.definition, self.constants)
    }
}

/// A function that was read back.
pub struct Function {
    metadata: String,
    variants: Vec<(Vec<String>, Traced)>,
}

impl Function {
    /// The function of a definition, which may come from anywhere.
    ///
    /// # Errors
    /// [`Error::Runtime`] when the definition contradicts itself or the constants.
    pub fn new(definition: Definition, constants: &[Array]) -> Result<Function> {
        if definition.constants as usize != constants.len() {
            let message =
                format!("there are {} constants where {} were expected", constants.len(), definition.constants);
            return Err(refuse(message));
        }
        let mut variants = Vec::with_capacity(definition.variants.len());
        for Variant { positional, keywords, constants: places, graph } in definition.variants {
            if (positional as usize).checked_add(keywords.len()) != Some(graph.arguments.len()) {
                return Err(refuse(format!("{} arguments have another number of names", graph.arguments.len())));
            }
            if !keywords.is_sorted_by(|a, b| a < b) {
                return Err(refuse("names of arguments must ascend"));
            }
            let own = places.iter().map(|&place| constants.get(place as usize).cloned()).collect::<Option<Vec<_>>>();
            let own = own.ok_or_else(|| refuse("a constant is named that is not there"))?;
            variants.push((keywords, graph.check(own)?));
        }
        Ok(Function { metadata: definition.metadata, variants })
    }

    /// What was stored beside the function.
    #[must_use]
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// Calls the recording that was made for such arguments.
    ///
    /// # Errors
    /// [`Error::Value`] when there is none.
    pub fn call(&self, positional: &[Array], named: &[(String, Array)]) -> Result<Vec<Array>> {
        let mut named: Vec<&(String, Array)> = named.iter().collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let arguments: Vec<Array> = positional.iter().chain(named.iter().map(|(_, array)| array)).cloned().collect();
        let fits = |(keywords, traced): &&(Vec<String>, Traced)| {
            keywords.iter().eq(named.iter().map(|(name, _)| name)) && traced.fits(&arguments, &traced.captured)
        };
        match self.variants.iter().find(fits) {
            Some((_, traced)) => traced.call(&arguments),
            None => Err(self.mismatch(positional, &named)),
        }
    }

    fn mismatch(&self, positional: &[Array], named: &[&(String, Array)]) -> Error {
        let describe = |shape: &[usize], dtype: DType| format!("{dtype}{}", tuple(shape));
        let given = positional.iter().map(|array| describe(array.shape(), array.dtype()));
        let given = given.chain(named.iter().map(|(name, a)| format!("{name}={}", describe(a.shape(), a.dtype()))));
        let given: Vec<String> = given.collect();
        let known = self.variants.iter().map(|(keywords, traced)| {
            let first = traced.arguments.len() - keywords.len();
            let one = |(place, spec): (usize, &Spec)| {
                let shape = match traced.shapeless {
                    true => format!("{} with {} axes", spec.dtype, spec.shape.len()),
                    false => describe(&spec.shape, spec.dtype),
                };
                place.checked_sub(first).map_or(shape.clone(), |place| format!("{}={shape}", keywords[place]))
            };
            format!("({})", traced.arguments.iter().enumerate().map(one).collect::<Vec<_>>().join(", "))
        });
        let known: Vec<String> = known.collect();
        let message =
            format!("no stored trace takes ({}); it was exported for {}", given.join(", "), known.join(" and "));
        Error::value(OP, message)
    }
}
