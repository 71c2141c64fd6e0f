//! What networks are made of: norms, rotary positions, attention, losses, recurrent updates.
//!
//! The first three are operations that take one pass, and so are their gradients; other derivatives are those of the
//! compositions that they stand for (`composed.rs`). All compute in `float32` where their inputs are narrower, and round once.

mod attention;
mod composed;
mod cross_entropy;
mod delta;
mod norm;
mod rope;

pub(crate) use attention::{Attention, AttentionGrad};
pub use attention::{Mask, scaled_dot_product_attention};
pub use cross_entropy::cross_entropy;
pub use delta::{DeltaInputs, gated_delta_update};
pub(crate) use norm::{Norm, NormGrad};
pub use norm::{layer_norm, rms_norm};
pub(crate) use rope::Rotate;
pub use rope::{Frequencies, Rope, rope};

use cotan_kernels::{DType, Kind, Scalar};

use crate::array::Array;
use crate::error::{Error, Result};

/// A number in the type of an array.
fn number(value: f64, dtype: DType) -> Array {
    Array::full(&[], Scalar::new(value).cast(dtype))
}

/// The type to compute in.
fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

fn expect_float(op: &'static str, dtype: DType) -> Result<()> {
    match dtype.kind() {
        Kind::Float => Ok(()),
        Kind::Bool | Kind::Unsigned | Kind::Signed | Kind::Complex => {
            Err(Error::DType { op, dtype, expected: "a real floating type" })
        }
    }
}
