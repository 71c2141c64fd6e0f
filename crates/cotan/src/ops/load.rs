//! Arrays whose elements wait elsewhere, such as in a file, until they are needed.

use std::fmt::Debug;
use std::sync::Arc;

use cotan_kernels::{DType, Tensor};
use smallvec::SmallVec;

use super::{Batched, Primitive, Site, Tangents};
use crate::array::{Array, Spec};
use crate::error::{Error, Result};

/// Where the elements of an array can be had.
pub trait Source: Debug + Send + Sync {
    /// Fetches the elements.
    ///
    /// # Errors
    /// When they can't be had any more.
    fn load(&self) -> Result<Tensor>;
}

/// Elements from a [`Source`].
#[derive(Clone, Debug)]
pub struct Load {
    source: Arc<dyn Source>,
    spec: Spec,
}

impl PartialEq for Load {
    fn eq(&self, other: &Load) -> bool {
        self.spec == other.spec && Arc::ptr_eq(&self.source, &other.source)
    }
}

/// A source has no form that could be stored; what it gives is stored instead.
impl serde::Serialize for Load {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a source of elements can't be stored"))
    }
}

impl<'de> serde::Deserialize<'de> for Load {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Load, D::Error> {
        Err(serde::de::Error::custom("a source of elements can't be stored"))
    }
}

impl Array {
    /// An array of a known shape and type whose elements `source` gives when they are needed.
    ///
    /// ```
    /// use cotan::{Array, DType, Result, Tensor, ops::Source};
    ///
    /// #[derive(Debug)]
    /// struct Answer;
    ///
    /// impl Source for Answer {
    ///     fn load(&self) -> Result<Tensor> {
    ///         Ok(Tensor::scalar(42i32)?)
    ///     }
    /// }
    ///
    /// let x = Array::lazy(&[], DType::I32, std::sync::Arc::new(Answer));
    /// assert!(!x.is_evaluated());
    /// assert_eq!(x.item::<i32>()?, 42);
    /// # Ok::<(), cotan::Error>(())
    /// ```
    #[must_use]
    pub fn lazy(shape: &[usize], dtype: DType, source: Arc<dyn Source>) -> Array {
        let spec = Spec::new(shape, dtype);
        Array::record(Load { source, spec: spec.clone() }.into(), SmallVec::new(), spec)
    }
}

impl Primitive for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn infer(&self, _: &[Array]) -> Result<Vec<Spec>> {
        Ok(vec![self.spec.clone()])
    }

    fn jvp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(vec![None])
    }

    fn vjp(&self, _: &Site, _: &[Option<Array>]) -> Result<Tangents> {
        Ok(Vec::new())
    }

    fn vmap(&self, _: &[Batched], _: usize) -> Result<Vec<Batched>> {
        let array = Array::lazy(&self.spec.shape, self.spec.dtype, self.source.clone());
        Ok(vec![Batched { array, mapped: false }])
    }

    fn eval(&self, _: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
        let tensor = self.source.load()?;
        if tensor.shape() != specs[0].shape.as_slice() || tensor.dtype() != specs[0].dtype {
            let message = format!("the source gave {tensor:?} where {:?} was promised", specs[0]);
            return Err(Error::Runtime { op: self.name(), message });
        }
        Ok(vec![tensor])
    }
}
