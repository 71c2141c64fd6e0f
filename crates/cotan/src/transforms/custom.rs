//! Functions with derivative rules of their own.

use std::fmt::Debug;
use std::sync::Arc;

use cotan_kernels::Tensor;

use super::{vjp, vmap};
use crate::array::{Array, Inputs, Spec};
use crate::error::{Error, Result};
use crate::ops::{Batched, Op, Primitive, Site, Tangents, depends, sum_axes};

/// Rules that replace those a function would have by what it records. `None` keeps the natural rule.
pub trait Hooks: Debug + Send + Sync {
    /// A cotangent per primal.
    fn vjp(
        &self,
        primals: &[Array],
        cotangents: &[Option<Array>],
        outputs: &[Array],
    ) -> Option<Result<Vec<Option<Array>>>>;
    /// A tangent per output.
    fn jvp(&self, primals: &[Array], tangents: &[Option<Array>]) -> Option<Result<Vec<Option<Array>>>>;
    /// The outputs for all examples.
    fn vmap(&self, inputs: &[Batched], examples: usize) -> Option<Result<Vec<Batched>>>;
}

/// Ties `outputs`, which a function computed from `primals`, to rules of its own.
///
/// # Errors
/// None today; the signature is that of every operation.
pub fn with_hooks(hooks: Arc<dyn Hooks>, primals: &[Array], outputs: &[Array]) -> Result<Vec<Array>> {
    let op: Arc<dyn Primitive> = Arc::new(Hooked { hooks, primals: primals.len() });
    let inputs: Inputs = primals.iter().chain(outputs).cloned().collect();
    Array::apply_all(Op::Custom(op), inputs)
}

/// Inputs are the primals, then the outputs as the function computed them, which it passes on.
#[derive(Clone, Debug)]
struct Hooked {
    hooks: Arc<dyn Hooks>,
    primals: usize,
}

impl Primitive for Hooked {
    fn name(&self) -> &'static str {
        "custom_function"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        Ok(inputs[self.primals..].iter().map(Array::spec).collect())
    }

    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
        let (primals, natural) = tangents.split_at(self.primals);
        self.hooks.jvp(&site.inputs[..self.primals], primals).unwrap_or_else(|| Ok(natural.to_vec()))
    }

    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
        let none = |count| std::iter::repeat_n(None, count);
        match self.hooks.vjp(&site.inputs[..self.primals], cotangents, site.outputs) {
            Some(pulled) => Ok(pulled?.into_iter().chain(none(cotangents.len())).collect()),
            None => Ok(none(self.primals).chain(cotangents.iter().cloned()).collect()),
        }
    }

    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
        let (primals, natural) = inputs.split_at(self.primals);
        if let Some(outputs) = self.hooks.vmap(primals, examples) {
            return outputs;
        }
        // The derivative hooks stay: they are applied per example.
        let hooks = Mapped { inner: self.hooks.clone(), mapped: primals.iter().map(|primal| primal.mapped).collect() };
        let primals: Vec<Array> = primals.iter().map(|primal| primal.array.clone()).collect();
        let outputs: Vec<Array> = natural.iter().map(|output| output.expand(examples)).collect::<Result<_>>()?;
        Ok(with_hooks(Arc::new(hooks), &primals, &outputs)?.into_iter().map(Batched::mapped).collect())
    }

    fn eval(&self, inputs: &[Tensor], _: &[Spec]) -> Result<Vec<Tensor>> {
        Ok(inputs[self.primals..].to_vec())
    }
}

/// Hooks of one example, applied to all of them. Outputs are mapped along axis 0.
#[derive(Debug)]
struct Mapped {
    inner: Arc<dyn Hooks>,
    mapped: Vec<bool>,
}

impl Mapped {
    /// Calls a hook per example on the primals and on further arrays that are mapped where they are present.
    fn per_example(
        &self,
        primals: &[Array],
        more: &[Option<Array>],
        hook: impl Fn(&[Array], &[Option<Array>]) -> Option<Result<Vec<Option<Array>>>>,
    ) -> Option<Result<Vec<Option<Array>>>> {
        let axis = |mapped: &bool| mapped.then_some(0);
        let inputs: Vec<Array> = primals.iter().cloned().chain(more.iter().flatten().cloned()).collect();
        let axes: Vec<Option<usize>> =
            self.mapped.iter().map(axis).chain(more.iter().flatten().map(|_| Some(0))).collect();
        let mut present: Vec<bool> = Vec::new();
        let mut hooked = true;
        let outputs = vmap::<Error>(
            |inputs| {
                let (primals, rest) = inputs.split_at(primals.len());
                let mut rest = rest.iter().cloned();
                let more: Vec<Option<Array>> =
                    more.iter().map(|array| array.as_ref().and_then(|_| rest.next())).collect();
                let Some(results) = hook(primals, &more) else {
                    hooked = false;
                    return Ok(Vec::new());
                };
                let results = results?;
                present = results.iter().map(Option::is_some).collect();
                Ok(results.into_iter().flatten().collect())
            },
            &inputs,
            &axes,
            |outputs| Ok(vec![0; outputs.len()]),
        );
        hooked.then(|| {
            let mut outputs = outputs?.into_iter();
            Ok(present.into_iter().map(|present| if present { outputs.next() } else { None }).collect())
        })
    }
}

impl Hooks for Mapped {
    fn vjp(
        &self,
        primals: &[Array],
        cotangents: &[Option<Array>],
        outputs: &[Array],
    ) -> Option<Result<Vec<Option<Array>>>> {
        let count = cotangents.len();
        let more: Vec<Option<Array>> = cotangents.iter().cloned().chain(outputs.iter().cloned().map(Some)).collect();
        let pulled = self.per_example(primals, &more, |primals, more| {
            let outputs: Vec<Array> = more[count..].iter().flatten().cloned().collect();
            self.inner.vjp(primals, &more[..count], &outputs)
        })?;
        Some(pulled.and_then(|pulled| {
            // A primal that all examples share gets the sum of their cotangents.
            let shared = |(cotangent, &mapped): (Option<Array>, &bool)| match cotangent {
                Some(cotangent) if !mapped => sum_axes(&cotangent, &[0]).map(Some),
                cotangent => Ok(cotangent),
            };
            pulled.into_iter().zip(&self.mapped).map(shared).collect()
        }))
    }

    fn jvp(&self, primals: &[Array], tangents: &[Option<Array>]) -> Option<Result<Vec<Option<Array>>>> {
        let count = primals.len();
        // Tangents are mapped as their primals are.
        let shared: Vec<Option<Array>> = tangents
            .iter()
            .zip(primals.iter().zip(&self.mapped))
            .map(|(tangent, (_, &mapped))| tangent.clone().filter(|_| !mapped))
            .collect();
        let more: Vec<Option<Array>> =
            tangents.iter().zip(&self.mapped).map(|(tangent, &mapped)| tangent.clone().filter(|_| mapped)).collect();
        self.per_example(primals, &more, |primals, more| {
            let tangents: Vec<Option<Array>> =
                (0..count).map(|index| more[index].clone().or_else(|| shared[index].clone())).collect();
            self.inner.jvp(primals, &tangents)
        })
    }

    fn vmap(&self, _: &[Batched], _: usize) -> Option<Result<Vec<Batched>>> {
        None
    }
}

/// A function of arrays that can be called again.
type Function = dyn Fn(&[Array]) -> Result<Vec<Array>> + Send + Sync;

/// Recomputes a function in the backward pass instead of keeping what its forward pass computed.
struct Checkpoint(Arc<Function>);

impl Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checkpoint")
    }
}

impl Hooks for Checkpoint {
    fn vjp(&self, primals: &[Array], cotangents: &[Option<Array>], _: &[Array]) -> Option<Result<Vec<Option<Array>>>> {
        let known: Vec<Array> = cotangents.iter().flatten().cloned().collect();
        // Not before the cotangents are there: otherwise all layers would be recomputed at once.
        let pulled = depends(primals, &known)
            .and_then(|primals: Vec<Array>| vjp(|primals| (self.0)(primals), &primals, |_| Ok(cotangents.to_vec())));
        Some(pulled.map(|(_, pulled)| pulled))
    }

    fn jvp(&self, _: &[Array], _: &[Option<Array>]) -> Option<Result<Vec<Option<Array>>>> {
        None
    }

    fn vmap(&self, _: &[Batched], _: usize) -> Option<Result<Vec<Batched>>> {
        None
    }
}

/// Calls `f`, whose intermediate values the backward pass will compute anew instead of keeping them.
///
/// # Errors
/// Whatever `f` raises.
pub fn checkpoint(f: Arc<Function>, primals: &[Array]) -> Result<Vec<Array>> {
    let outputs = f(primals)?;
    with_hooks(Arc::new(Checkpoint(f)), primals, &outputs)
}
