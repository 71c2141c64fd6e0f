//! What can go wrong with a file, as facts, and which family of exception each belongs to.

use std::io;
use std::path::PathBuf;

use cotan_kernels::DType;

use crate::Format;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Whether a file was being read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Reading.
    Load,
    /// Writing.
    Save,
}

/// The family of exception an [`Error`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller asked for something meaningless: Python's `ValueError`.
    Value,
    /// The file, the disk or the format let the caller down: Python's `RuntimeError`.
    Runtime,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or mapped.
    #[error("load: cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The format it was to be read as.
        format: Format,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be created, written or put in place.
    #[error("save: cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A read or write failed half-way.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Neither the extension nor the given name is that of a known format.
    #[error("load: unknown file format {given:?}; expected one of npy, npz, safetensors, gguf")]
    UnknownFormat {
        /// The extension or the format name.
        given: String,
    },
    /// The file is no zip archive, hence no npz.
    #[error("load: not an npz file: {detail}")]
    NotAnArchive {
        /// What the zip reader said.
        detail: String,
    },
    /// The file breaks its format's rules.
    #[error("load: corrupt {format} file: {what}")]
    Malformed {
        /// The format.
        format: Format,
        /// The rule it breaks, with the numbers.
        what: String,
    },
    /// A function file that breaks the rules of its format, or a function that the format can't hold.
    #[error("corrupt function file: {what}")]
    Function {
        /// The rule it breaks.
        what: String,
    },
    /// The file was cut shorter after it was opened.
    #[error("load: the file shrank from {mapped} to {now} bytes while its arrays were unread")]
    Shrank {
        /// Its length when it was opened.
        mapped: u64,
        /// Its length now.
        now: u64,
    },
    /// An element type that the format or the library lacks.
    #[error("{}: element type {dtype} is not supported in {format} files", match direction { Direction::Load => "load", Direction::Save => "save" })]
    UnsupportedDtype {
        /// The format.
        format: Format,
        /// The name of the type, as the file or the library writes it.
        dtype: String,
        /// Whether it was met in reading or writing.
        direction: Direction,
    },
    /// A gguf metadata array of arrays of arrays.
    #[error("load: gguf metadata {key:?} nests arrays; only one level is supported")]
    NestedMetadata {
        /// The metadata key.
        key: String,
    },
    /// A metadata array of an element type that gguf has no code for.
    #[error("save: gguf metadata {key:?} has element type {dtype}, which gguf metadata cannot hold")]
    MetadataDtype {
        /// The metadata key.
        key: String,
        /// Its element type.
        dtype: DType,
    },
    /// A metadata array that is empty or has more than one dimension.
    #[error("save: gguf metadata {key:?} has shape {shape:?}; it must be a scalar or a non-empty vector")]
    MetadataShape {
        /// The metadata key.
        key: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A name that cannot be written.
    #[error("save: the name {name:?} cannot be used in {format} files: {why}")]
    Name {
        /// The format.
        format: Format,
        /// The name.
        name: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// More than eight dimensions in a gguf tensor.
    #[error("save: {name:?} has {rank} dimensions; gguf files hold at most {limit}")]
    Rank {
        /// The tensor.
        name: String,
        /// Its number of dimensions.
        rank: usize,
        /// The most that fit.
        limit: usize,
    },
    /// A function that a file can't hold.
    #[error("export: {what}")]
    Unwritable {
        /// What stands in the way.
        what: String,
    },
    /// A buffer whose length is not that of the tensor.
    #[error("a {dtype} array of shape {shape:?} takes {expected} bytes; the buffer has {given}")]
    Length {
        /// Element type of the tensor.
        dtype: DType,
        /// Shape of the tensor.
        shape: Vec<usize>,
        /// Its bytes.
        expected: usize,
        /// Bytes of the buffer.
        given: usize,
    },
    /// A shape whose bytes cannot be counted.
    #[error("a {dtype} array of shape {shape:?} is larger than the address space")]
    TooLarge {
        /// Element type of the tensor.
        dtype: DType,
        /// Shape of the tensor.
        shape: Vec<usize>,
    },
}

impl Error {
    /// The family of exception it belongs to, as MLX has it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Open { format, .. } => match format {
                Format::Npy | Format::Safetensors => ErrorKind::Runtime,
                Format::Npz | Format::Gguf => ErrorKind::Value,
            },
            Error::UnsupportedDtype { format, .. } => match format {
                Format::Npy | Format::Npz => ErrorKind::Value,
                Format::Safetensors | Format::Gguf => ErrorKind::Runtime,
            },
            Error::UnknownFormat { .. }
            | Error::NotAnArchive { .. }
            | Error::NestedMetadata { .. }
            | Error::MetadataDtype { .. }
            | Error::Unwritable { .. }
            | Error::Name { .. } => ErrorKind::Value,
            Error::Write { .. }
            | Error::Io(_)
            | Error::Malformed { .. }
            | Error::Function { .. }
            | Error::Shrank { .. }
            | Error::MetadataShape { .. }
            | Error::Rank { .. }
            | Error::Length { .. }
            | Error::TooLarge { .. } => ErrorKind::Runtime,
        }
    }

    pub(crate) fn malformed(format: Format, what: impl Into<String>) -> Error {
        Error::Malformed { format, what: what.into() }
    }

    pub(crate) fn unsupported(format: Format, dtype: impl Into<String>, direction: Direction) -> Error {
        Error::UnsupportedDtype { format, dtype: dtype.into(), direction }
    }
}
