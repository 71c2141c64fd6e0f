//! Where the bytes of a file come from: a private mapping, or a buffer in memory.

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use memmap2::{MmapOptions, MmapRaw};

use crate::{Error, Result};

/// The whole content of a file. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file mapped into memory, copy-on-write.
    Mapped(Arc<Mapping>),
    /// Bytes that are already in memory.
    Bytes(Arc<Vec<u8>>),
}

/// A file mapped copy-on-write: writes through the mapping stay in this process.
#[derive(Debug)]
pub struct Mapping {
    // Raw, so that no `&[u8]` over the whole file exists beside a range that its new owner writes to.
    raw: MmapRaw,
    file: File,
}

/// Bytes of a mapped file that can serve as an array's storage as they are.
#[derive(Clone, Debug)]
pub struct MappedRange {
    /// Keeps the bytes mapped.
    pub owner: Arc<Mapping>,
    /// Where they begin in the file.
    pub offset: usize,
    /// How many they are.
    pub len: usize,
}

impl MappedRange {
    /// The first byte. The range may be read and written while `owner` lives; writes do not reach the file.
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        assert!(self.offset.checked_add(self.len).is_some_and(|end| end <= self.owner.len()), "range within mapping");
        // SAFETY: the assertion keeps the offset within the mapping, which is never null.
        unsafe { NonNull::new_unchecked(self.owner.raw.as_mut_ptr().add(self.offset)) }
    }
}

impl Mapping {
    fn open(path: &Path) -> io::Result<Mapping> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut options = MmapOptions::new();
        // A file larger than memory can be mapped: only pages that are written to cost any.
        options.no_reserve_swap();
        // SAFETY: the mapping is private, so writes do not reach the file; reads check that the file did not shrink.
        let raw = MmapRaw::from(unsafe { options.map_copy(&file)? });
        Ok(Mapping { raw, file })
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// True for an empty file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Touching a page beyond the end of a file that was cut short would kill the process.
    fn check_length(&self) -> Result<()> {
        let (mapped, now) = (self.len() as u64, self.file.metadata()?.len());
        if now < mapped { Err(Error::Shrank { mapped, now }) } else { Ok(()) }
    }

    fn slice(&self, offset: usize, len: usize) -> Option<&[u8]> {
        if offset.checked_add(len)? > self.len() {
            return None;
        }
        // SAFETY: the check above keeps the range within the mapping, which lives as long as `self`.
        Some(unsafe { std::slice::from_raw_parts(self.raw.as_ptr().add(offset), len) })
    }
}

impl Source {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// When it cannot be opened or mapped, or is not a regular file.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Source> {
        Ok(Source::Mapped(Arc::new(Mapping::open(path.as_ref())?)))
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Source::Mapped(mapping) => mapping.len(),
            Source::Bytes(bytes) => bytes.len(),
        }
    }

    /// True for an empty file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fails when the file was cut short since it was opened.
    pub(crate) fn check_length(&self) -> Result<()> {
        match self {
            Source::Mapped(mapping) => mapping.check_length(),
            Source::Bytes(_) => Ok(()),
        }
    }

    pub(crate) fn slice(&self, offset: usize, len: usize) -> Option<&[u8]> {
        match self {
            Source::Mapped(mapping) => mapping.slice(offset, len),
            Source::Bytes(bytes) => bytes.get(offset..offset.checked_add(len)?),
        }
    }
}

impl AsRef<[u8]> for Source {
    fn as_ref(&self) -> &[u8] {
        self.slice(0, self.len()).unwrap_or_default()
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Source {
        Source::Bytes(Arc::new(bytes))
    }
}
