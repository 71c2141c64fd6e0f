//! The four formats, and loading by format.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::{Error, Lazy, MetaValue, Result, Source, gguf, npy, npz, safetensors};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One NumPy array ([NEP 1](https://numpy.org/neps/nep-0001-npy-format.html)).
    Npy,
    /// A zip archive of npy files.
    Npz,
    /// Named tensors behind a JSON header.
    Safetensors,
    /// Named tensors, maybe quantised, and typed metadata.
    Gguf,
}

impl Format {
    /// Its name, which is also its file extension.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Safetensors => "safetensors",
            Format::Gguf => "gguf",
        }
    }

    /// The format that the last extension of `path` names.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] when there is no extension or an unknown one.
    pub fn from_extension(path: &Path) -> Result<Format> {
        path.extension().map_or_else(|| "".into(), |e| e.to_string_lossy()).parse()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Format> {
        [Format::Npy, Format::Npz, Format::Safetensors, Format::Gguf]
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| Error::UnknownFormat { given: name.into() })
    }
}

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// The one array of an npy file.
    Array(Lazy),
    /// The named arrays of every other format, in the file's order.
    Arrays {
        /// Names and arrays; no name occurs twice.
        arrays: Vec<(String, Lazy)>,
        /// Metadata; always empty for npz, strings only for safetensors.
        metadata: Vec<(String, MetaValue)>,
    },
}

/// Reads the header of `source` and describes its arrays, leaving their bytes unread.
///
/// # Errors
/// When the file breaks the rules of `format`, holds an element type the library lacks, or promises more bytes than
/// it has.
pub fn load(source: Source, format: Format) -> Result<Loaded> {
    match format {
        Format::Npy => npy::load(source),
        Format::Npz => npz::load(source),
        Format::Safetensors => safetensors::load(&source),
        Format::Gguf => gguf::load(&source),
    }
}

/// [`load`]s a file by mapping it; its extension decides when no `format` is given.
///
/// # Errors
/// As [`load`]; [`Error::UnknownFormat`] for the extension; [`Error::Open`] when the file cannot be opened.
pub fn load_file(path: impl AsRef<Path>, format: Option<Format>) -> Result<Loaded> {
    let path = path.as_ref();
    let format = format.map_or_else(|| Format::from_extension(path), Ok)?;
    let source = Source::open(path).map_err(|source| Error::Open { path: path.into(), format, source })?;
    load(source, format)
}
