//! Models in files: a [`Tree`] of arrays as safetensors, each array under the name of its place.
//!
//! The names are those of Python's `cotan.nn`, so weights go from one language to the other. For other formats, and for arrays
//! without a structure, see the crate `cotan_io`.
//!
//! ```
//! use cotan::{Tree, io, nn::Linear};
//! let path = std::env::temp_dir().join(format!("cotan-io-{}.safetensors", std::process::id()));
//! let layer = Linear::new(3, 2)?;
//! io::save(&layer, &path)?;
//! let read = io::load(&Linear::new(3, 2)?, &path)?;
//! assert_eq!(read.weight.to_vec::<f32>()?, layer.weight.to_vec::<f32>()?);
//! # std::fs::remove_file(path).ok();
//! # Ok::<(), cotan::Error>(())
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cotan_io::{Lazy, Loaded};
use cotan_kernels::{Output, Tensor};

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops::Source;
use crate::tree::Tree;

/// Evaluates all arrays of a structure and writes them to a safetensors file, in place of what was there, in one step.
///
/// # Errors
/// Whatever an operation raises on its values; when two arrays have the same name, an element type has no place in the format,
/// or the file can't be written.
pub fn save<T: Tree>(tree: &T, path: impl AsRef<Path>) -> Result<()> {
    const OP: &str = "save";
    let named = tree.named_leaves();
    crate::eval(&tree.leaves())?;
    let rows = |(name, array): (String, Array)| Ok((name, array.tensor()?.to_row_major()?));
    let tensors = named.into_iter().map(rows).collect::<Result<Vec<(String, Tensor)>>>()?;
    let borrowed: Vec<cotan_io::Tensor<'_>> = tensors
        .iter()
        .map(|(name, tensor)| cotan_io::Tensor {
            name,
            dtype: tensor.dtype(),
            shape: tensor.shape(),
            data: tensor.as_bytes().unwrap_or_default(),
        })
        .collect();
    let written = cotan_io::atomic_write(path, |w| cotan_io::save_safetensors(w, &borrowed, None));
    written.map_err(|error| failed(OP, &error))
}

/// A structure like `tree` with the arrays of a file (safetensors, npz or gguf, by its extension), which are read when they are
/// needed.
///
/// # Errors
/// When the file can't be read, or doesn't have exactly the names, shapes and element types of `tree`.
pub fn load<T: Tree>(tree: &T, path: impl AsRef<Path>) -> Result<T> {
    const OP: &str = "load";
    let loaded = cotan_io::load_file(path, None).map_err(|error| failed(OP, &error))?;
    let Loaded::Arrays { arrays, .. } = loaded else {
        return Err(Error::value(OP, "the file holds one array without a name"));
    };
    let mut arrays: BTreeMap<String, Lazy> = arrays.into_iter().collect();
    let mut leaves = Vec::new();
    for (name, place) in tree.named_leaves() {
        let found = arrays.remove(&name).ok_or_else(|| Error::value(OP, format!("the file has no array {name:?}")))?;
        if found.shape[..] != *place.shape() || found.dtype != place.dtype() {
            let (given, wanted) = (tuple(&found.shape), tuple(place.shape()));
            let message = format!(
                "{name:?} is {} of shape {given} in the file; expected {} of shape {wanted}",
                found.dtype,
                place.dtype()
            );
            return Err(Error::value(OP, message));
        }
        leaves.push(array(found));
    }
    if let Some(more) = arrays.keys().next() {
        return Err(Error::value(OP, format!("the file has an array {more:?} that the structure has no place for")));
    }
    tree.rebuild(&mut leaves.into_iter())
}

/// An array that reads its elements from the file when they are needed.
#[must_use]
pub fn array(lazy: Lazy) -> Array {
    Array::lazy(&lazy.shape.clone(), lazy.dtype, Arc::new(InFile(lazy)))
}

fn failed(op: &'static str, error: &cotan_io::Error) -> Error {
    match error.kind() {
        cotan_io::ErrorKind::Value => Error::value(op, error.to_string()),
        cotan_io::ErrorKind::Runtime => Error::Runtime { op, message: error.to_string() },
    }
}

#[derive(Debug)]
struct InFile(Lazy);

impl Source for InFile {
    fn load(&self) -> Result<Tensor> {
        let InFile(lazy) = self;
        let mut output = Output::new(lazy.dtype, &lazy.shape)?;
        lazy.read_into(output.bytes_mut()).map_err(|error| failed("load", &error))?;
        Ok(output.finish())
    }
}
