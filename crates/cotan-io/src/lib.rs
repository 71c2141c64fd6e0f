//! Array files: npy, npz, safetensors and gguf to and from (name, dtype, shape, bytes).
//!
//! Reading is lazy: [`load`] and [`load_file`] parse the header and hand out [`Lazy`] tensors, whose bytes are read (or
//! mapped in place) later. Writing takes [`Tensor`]s, which borrow row-major native-endian bytes.
//! Every file is taken to be hostile: lengths, offsets and counts are checked before they are used.
//!
//! ```
//! use cotan_io::{DType, Format, Loaded, Source, load, save_npy};
//! let mut file = Vec::new();
//! save_npy(&mut file, DType::U8, &[3], &[1, 2, 3], false)?;
//! let Loaded::Array(lazy) = load(Source::from(file), Format::Npy)? else { unreachable!() };
//! let mut bytes = [0; 3];
//! lazy.read_into(&mut bytes)?;
//! assert_eq!((lazy.dtype, &lazy.shape[..], bytes), (DType::U8, &[3][..], [1, 2, 3]));
//! # Ok::<(), cotan_io::Error>(())
//! ```

mod error;
mod format;
mod function;
mod gguf;
mod lazy;
mod npy;
mod npz;
mod order;
mod safetensors;
mod source;
mod write;

pub use cotan_kernels::DType;
pub use error::{Direction, Error, ErrorKind, Result};
pub use format::{Format, Loaded, load, load_file};
pub use function::{load_function, save_function};
pub use gguf::{MetaValue, save_gguf};
pub use lazy::Lazy;
pub use npy::save_npy;
pub use npz::save_npz;
pub use safetensors::save_safetensors;
pub use source::{MappedRange, Mapping, Source};
pub use write::{Tensor, atomic_write};
