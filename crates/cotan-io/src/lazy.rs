//! A tensor whose bytes are still in the file.

use std::fmt;
use std::io::{Cursor, Read};
use std::sync::Arc;

use cotan_kernels::DType;
use zip::ZipArchive;

use crate::gguf::Decoder;
use crate::order::{Order, byte_length};
use crate::{Error, Format, MappedRange, Result, Source};

/// A tensor of a file, whose bytes have not been read yet.
///
/// Cheap to clone, and readable from several threads at once.
#[derive(Clone, Debug)]
pub struct Lazy {
    /// Element type.
    pub dtype: DType,
    /// Shape; `[]` for a scalar.
    pub shape: Vec<usize>,
    nbytes: usize,
    stored: Stored,
}

#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// Elements as they are, from `offset` on.
    Plain { source: Source, offset: usize, order: Order },
    /// The npy file that is member `index` of an archive; its header takes `header` bytes.
    Member { archive: Arc<Archive>, index: usize, header: usize, order: Order },
    /// `len` bytes of blocks that make the elements.
    Blocks { source: Source, offset: usize, len: usize, decoder: Decoder },
}

/// The directory of an npz file, shared by its members.
#[derive(Clone)]
pub(crate) struct Archive {
    pub zip: ZipArchive<Cursor<Source>>,
    pub source: Source,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Archive({} members)", self.zip.len())
    }
}

impl Lazy {
    pub(crate) fn new(dtype: DType, shape: Vec<usize>, stored: Stored) -> Result<Lazy> {
        let nbytes = byte_length(dtype, &shape)?;
        Ok(Lazy { dtype, shape, nbytes, stored })
    }

    /// Bytes of the tensor, which is the length [`Lazy::read_into`] wants.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.nbytes
    }

    /// Reads the elements, row-major and native-endian, into `out`.
    ///
    /// # Errors
    /// [`Error::Length`] when `out` is not [`Lazy::nbytes`] long; otherwise when the file was cut short meanwhile or
    /// its compressed data are corrupt.
    pub fn read_into(&self, out: &mut [u8]) -> Result<()> {
        if out.len() != self.nbytes {
            let (dtype, shape) = (self.dtype, self.shape.clone());
            return Err(Error::Length { dtype, shape, expected: self.nbytes, given: out.len() });
        }
        match &self.stored {
            Stored::Plain { source, offset, order } => {
                order.restore(self.dtype, &self.shape, read(source, *offset, self.nbytes)?, out);
            }
            Stored::Blocks { source, offset, len, decoder } => decoder.decode(read(source, *offset, *len)?, out),
            Stored::Member { archive, index, header, order } => {
                archive.source.check_length()?;
                if order.is_native(self.dtype, &self.shape) {
                    return read_member(archive, *index, *header, out);
                }
                let mut stored = vec![0; self.nbytes];
                read_member(archive, *index, *header, &mut stored)?;
                order.restore(self.dtype, &self.shape, &stored, out);
            }
        }
        Ok(())
    }

    /// The tensor's bytes in the mapped file, when they can be used in place: native byte order, row-major, aligned
    /// for the element type.
    #[must_use]
    pub fn mapped(&self) -> Option<MappedRange> {
        let Stored::Plain { source: source @ Source::Mapped(mapping), offset, order } = &self.stored else {
            return None;
        };
        // The mapping begins on a page, so the offset alone decides. A complex number aligns as its parts.
        let aligned = offset % self.dtype.size() == 0 || (self.dtype == DType::C64 && offset % 4 == 0);
        let usable = aligned && self.nbytes > 0 && order.is_native(self.dtype, &self.shape);
        (usable && source.check_length().is_ok()).then(|| MappedRange {
            owner: mapping.clone(),
            offset: *offset,
            len: self.nbytes,
        })
    }
}

fn read(source: &Source, offset: usize, len: usize) -> Result<&[u8]> {
    source.check_length()?;
    source.slice(offset, len).ok_or_else(|| Error::Io(std::io::ErrorKind::UnexpectedEof.into()))
}

/// Decompresses a member past its npy header, and to its end, so that its checksum is verified.
fn read_member(archive: &Archive, index: usize, header: usize, out: &mut [u8]) -> Result<()> {
    let mut zip = archive.zip.clone();
    let mut member = zip.by_index(index).map_err(|e| Error::malformed(Format::Npz, e.to_string()))?;
    let mut read = || {
        std::io::copy(&mut member.by_ref().take(header as u64), &mut std::io::sink())?;
        member.read_exact(out)?;
        std::io::Result::Ok(member.read(&mut [0])? == 0)
    };
    match read() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::malformed(Format::Npz, "a member holds more bytes than its npy header states")),
        Err(e) => Err(Error::malformed(Format::Npz, format!("a member cannot be decompressed: {e}"))),
    }
}
