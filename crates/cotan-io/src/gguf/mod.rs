//! gguf: tensors, maybe quantised in blocks, behind typed metadata
//! ([format](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)).

mod blocks;
mod read;
mod write;

use cotan_kernels::DType;

pub(crate) use blocks::Decoder;
pub(crate) use read::load;
pub use write::save_gguf;

const MAGIC: &[u8; 4] = b"GGUF";
const ALIGNMENT_KEY: &str = "general.alignment";
const DEFAULT_ALIGNMENT: usize = 32;
/// More than any file in use; the format document speaks of four.
const MAX_RANK: usize = 8;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum MetaValue {
    /// A string.
    Str(String),
    /// An array of strings.
    Strs(Vec<String>),
    /// A number, a truth value, or a vector of them.
    Array {
        /// Element type.
        dtype: DType,
        /// `[]` for a scalar, `[n]` for a vector.
        shape: Vec<usize>,
        /// The elements, native-endian.
        data: Vec<u8>,
    },
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Metadata type codes of the element types.
const NUMBERS: [(u32, DType); 11] = [
    (0, DType::U8),
    (1, DType::I8),
    (2, DType::U16),
    (3, DType::I16),
    (4, DType::U32),
    (5, DType::I32),
    (6, DType::F32),
    (7, DType::Bool),
    (10, DType::U64),
    (11, DType::I64),
    (12, DType::F64),
];

/// Tensor type codes of the element types that are stored as they are.
const PLAIN: [(u32, DType); 5] =
    [(0, DType::F32), (1, DType::F16), (24, DType::I8), (25, DType::I16), (26, DType::I32)];
