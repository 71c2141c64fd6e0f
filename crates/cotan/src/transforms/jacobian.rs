//! Derivatives as arrays and as linear functions: Jacobians by either mode, and linearisation at a point.

use cotan_kernels::DType;

use super::compile::Traced;
use super::{batch, pull, push};
use crate::array::{Array, Spec};
use crate::control::{NextIf, expect_specs};
use crate::error::{Error, Result};
use crate::ops::{Batched, astype, conj, eye, moveaxis, reshape, zeros, zeros_like};
use crate::trace::Trace;

/// Outputs of a function, and for each a block per argument: the output's shape, then the argument's.
pub type Blocks = (Vec<Array>, Vec<Vec<Array>>);

/// The Jacobian of `f` by forward mode, an argument at a time: best where outputs are larger than arguments.
///
/// # Errors
/// Whatever `f` raises; when complex arguments have real results, which have no complex derivative.
pub fn jacfwd<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    primals: &[Array],
) -> Result<Blocks, E> {
    let scope = Trace::enter();
    let leaves: Vec<Array> = primals.iter().map(|primal| primal.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    let complex = |arrays: &[Array]| arrays.iter().any(|array| array.dtype() == DType::C64);
    if complex(primals) && !outputs.iter().all(|output| output.dtype() == DType::C64) {
        let message = "complex arguments need complex results; for a real result of complex arguments use grad or vjp";
        return Err(Error::value("jacfwd", message).into());
    }
    let mut blocks = vec![Vec::with_capacity(primals.len()); outputs.len()];
    for (number, primal) in primals.iter().enumerate() {
        let mut present = Vec::new();
        let pushed = batch(
            |basis| {
                let mut tangents = vec![None; leaves.len()];
                tangents[number] = Some(basis[0].clone());
                let pushed = push(&leaves, &tangents, &outputs)?;
                present = pushed.iter().map(Option::is_some).collect();
                Ok::<_, Error>(pushed.into_iter().flatten().collect())
            },
            &[Batched::mapped(basis(primal)?)],
            primal.size(),
        )?;
        let mut pushed = pushed.into_iter();
        for ((output, present), row) in outputs.iter().zip(present).zip(&mut blocks) {
            let shape = [output.shape(), primal.shape()].concat();
            let block = match pushed.next_if(present) {
                Some(block) => reshape(&moveaxis(&block.expand(primal.size())?, 0, -1)?, &shape)?,
                None => zeros(&shape, output.dtype()),
            };
            row.push(block);
        }
    }
    Ok((outputs, blocks))
}

/// The Jacobian of `f` by reverse mode, an output at a time: best where arguments are larger than outputs.
///
/// # Errors
/// Whatever `f` raises; when of arguments and results some are complex and some are not.
pub fn jacrev<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    primals: &[Array],
) -> Result<Blocks, E> {
    let scope = Trace::enter();
    let leaves: Vec<Array> = primals.iter().map(|primal| primal.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    let complex = |array: &Array| array.dtype() == DType::C64;
    if primals.iter().chain(&outputs).any(complex) && !primals.iter().chain(&outputs).all(complex) {
        let message = "arguments and results must be all complex or all real; use jacfwd, grad or vjp";
        return Err(Error::value("jacrev", message).into());
    }
    let mut blocks = Vec::with_capacity(outputs.len());
    for (number, output) in outputs.iter().enumerate() {
        let mut present = Vec::new();
        let pulled = batch(
            |basis| {
                let mut cotangents = vec![None; outputs.len()];
                cotangents[number] = Some(basis[0].clone());
                let pulled = pull(&leaves, &outputs, cotangents)?;
                present = pulled.iter().map(Option::is_some).collect();
                Ok::<_, Error>(pulled.into_iter().flatten().collect())
            },
            &[Batched::mapped(basis(output)?)],
            output.size(),
        )?;
        let mut pulled = pulled.into_iter();
        let block = |(primal, present): (&Array, bool)| {
            let shape = [output.shape(), primal.shape()].concat();
            match pulled.next_if(present) {
                // The pulled cotangents are those of the conjugate transpose.
                Some(block) => astype(&conj(&reshape(&block.expand(output.size())?, &shape)?)?, primal.dtype()),
                None => Ok(zeros(&shape, primal.dtype())),
            }
        };
        blocks.push(primals.iter().zip(present).map(block).collect::<Result<_>>()?);
    }
    Ok((outputs, blocks))
}

/// One array for each element, with a one at that element.
fn basis(like: &Array) -> Result<Array> {
    let ones = eye(like.size(), like.size(), 0, like.dtype())?;
    reshape(&ones, &[&[like.size()], like.shape()].concat())
}

/// The derivative of a function at a point, as a function of tangents. What it needs of the point is kept.
pub struct Linear(Traced, Vec<Spec>);

impl Linear {
    /// Tangents of the results.
    ///
    /// # Errors
    /// When the tangents differ in number, shape or type from the arguments.
    pub fn call(&self, tangents: &[Array]) -> Result<Vec<Array>> {
        expect_specs("linearize", tangents, self.1.iter().cloned())?;
        self.0.call(tangents)
    }
}

/// Calls `f` and gives its results with its derivative, which can be called many times without calling `f` again.
///
/// # Errors
/// Whatever `f` raises, and [`Error::NotDifferentiable`] from an operation on the way.
pub fn linearize<E: From<Error>>(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>, E>,
    primals: &[Array],
) -> Result<(Vec<Array>, Linear), E> {
    let scope = Trace::enter();
    let leaves: Vec<Array> = primals.iter().map(|primal| primal.alias_for(scope.trace())).collect();
    let outputs = f(&leaves)?;
    let specs: Vec<Spec> = primals.iter().map(Array::spec).collect();
    let traced = Traced::record::<Error>("linearize", &specs, |tangents| {
        let tangents: Vec<Option<Array>> = tangents.iter().cloned().map(Some).collect();
        let pushed = push(&leaves, &tangents, &outputs)?;
        Ok(pushed.into_iter().zip(&outputs).map(|(t, output)| t.unwrap_or_else(|| zeros_like(output))).collect())
    })?;
    Ok((outputs, Linear(traced, specs)))
}
