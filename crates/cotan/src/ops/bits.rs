//! Random bits from keys.

use cotan_kernels::{DType, Output, Tensor, layout};
use smallvec::smallvec;

use super::{Batched, Primitive, Site, Tangents};
use crate::array::{Array, Shape, Spec};
use crate::error::{Error, Result, tuple};

/// Random unsigned integers for every key; the last axis of the input holds the two words of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RandomBits {
    /// The shape drawn for each key.
    pub shape: Shape,
    /// The type drawn: an unsigned one.
    pub dtype: DType,
}

impl RandomBits {
    /// How many 32-bit words hold the numbers of a key.
    fn words(&self) -> Option<usize> {
        let bytes = layout::checked_len(&self.shape)?.checked_mul(self.dtype.size())?;
        Some(bytes.div_ceil(4)).filter(|&words| words as u64 <= 1 << 32)
    }
}

impl Primitive for RandomBits {
    fn name(&self) -> &'static str {
        "bits"
    }

    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
        let key = &inputs[0];
        let Some((2, keys)) = key.shape().split_last().filter(|_| key.dtype() == DType::U32) else {
            let message = format!("a key is two words of uint32, got {} of shape {}", key.dtype(), tuple(key.shape()));
            return Err(Error::value(self.name(), message));
        };
        if self.words().is_none() {
            let message = format!("a key gives at most 2^32 words; shape {} needs more", tuple(&self.shape));
            return Err(Error::value(self.name(), message));
        }
        Ok(vec![Spec::new(&[keys, &self.shape].concat(), self.dtype)])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vmap(&self, inputs: &[Batched], _: usize) -> Result<Vec<Batched>> {
        Ok(vec![Batched::mapped(Array::apply(self.clone(), smallvec![inputs[0].array.clone()])?)])
    }

    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let count = self.words().unwrap_or(0);
        let words = cotan_kernels::random::random_words(&inputs[0], count);
        let words = words.map_err(|error| Error::from_kernel(self.name(), error))?;
        let bytes = layout::len(&self.shape) * self.dtype.size();
        if self.dtype == DType::U32 {
            return Ok(vec![words.reshape(&specs[0].shape)?]);
        }
        let mut out = Output::new(self.dtype, &specs[0].shape)?;
        let source = words.as_slice::<u32>().unwrap_or(&[]);
        if bytes > 0 {
            let rows = source.chunks_exact(count).zip(out.bytes_mut().chunks_exact_mut(bytes));
            for (row, out) in rows {
                for (word, out) in row.iter().zip(out.chunks_mut(4)) {
                    out.copy_from_slice(&word.to_le_bytes()[..out.len()]);
                }
            }
        }
        Ok(vec![out.finish()])
    }
}
