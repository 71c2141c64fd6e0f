//! Operations from outside this crate.

use std::sync::Arc;

use super::{Op, Primitive};
use crate::array::Array;
use crate::error::Result;

/// The results of an operation of your own: it is recorded, evaluated and transformed like any other, by the rules that it has.
///
/// The rules are those of [`Primitive`]; `examples/rust/custom_op` has a whole operation. It can't be exported, and fuses with
/// nothing.
///
/// # Errors
/// What its [`Primitive::infer`] raises. An evaluation whose results have other shapes or types than inferred is an error, too.
pub fn custom(op: Arc<dyn Primitive>, inputs: &[Array]) -> Result<Vec<Array>> {
    Array::apply_all(Op::Custom(op), inputs.iter().cloned().collect())
}
