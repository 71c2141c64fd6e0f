//! npz: a zip archive ([APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT)) of npy files.

use std::io::{Cursor, Seek, Write};
use std::sync::Arc;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::lazy::{Archive, Lazy, Stored};
use crate::order::{byte_length, little_endian};
use crate::write::{Tensor, check_data};
use crate::{Error, Format, Loaded, Result, Source, npy};

/// No deflate stream expands further: 258 bytes take at least two bits ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)).
const MAX_EXPANSION: u64 = 1032;

pub(crate) fn load(source: Source) -> Result<Loaded> {
    let zip =
        ZipArchive::new(Cursor::new(source.clone())).map_err(|e| Error::NotAnArchive { detail: e.to_string() })?;
    let archive = Arc::new(Archive { zip, source });
    let mut zip = archive.zip.clone();
    let arrays = (0..zip.len()).map(|index| member(&archive, &mut zip, index)).collect::<Result<_>>()?;
    Ok(Loaded::Arrays { arrays, metadata: Vec::new() })
}

fn member(archive: &Arc<Archive>, zip: &mut ZipArchive<Cursor<Source>>, index: usize) -> Result<(String, Lazy)> {
    let corrupt = |e: ZipError| Error::malformed(Format::Npz, e.to_string());
    let mut file = zip.by_index(index).map_err(corrupt)?;
    let name = file.name().map_err(corrupt)?.into_owned();
    let (packed, unpacked) = (file.compressed_size(), file.size());
    if unpacked > packed.saturating_mul(MAX_EXPANSION) || packed > archive.source.len() as u64 {
        let what = format!("{name:?} cannot unpack from {packed} to {unpacked} bytes");
        return Err(Error::malformed(Format::Npz, what));
    }
    let header = npy::read_header(&mut file, Format::Npz)?;
    let needed = byte_length(header.dtype, &header.shape)?;
    if (header.len as u64).checked_add(needed as u64) != Some(unpacked) {
        let what =
            format!("{name:?} takes {} + {needed} bytes by its npy header, {unpacked} in the archive", header.len);
        return Err(Error::malformed(Format::Npz, what));
    }
    let stored = Stored::Member { archive: archive.clone(), index, header: header.len, order: header.order };
    let name = name.strip_suffix(".npy").map(str::to_owned).unwrap_or(name);
    Ok((name, Lazy::new(header.dtype, header.shape, stored)?))
}

/// Writes an npz file: for each array a member `name.npy`, deflated when `compressed`, otherwise stored.
///
/// # Errors
/// [`Error::Length`] when an array's data do not fit its shape, [`Error::Name`] when a name occurs twice or is too
/// long, and failures of `w`.
pub fn save_npz<W: Write + Seek>(w: &mut W, arrays: &[Tensor<'_>], compressed: bool) -> Result<()> {
    let method = if compressed { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let mut zip = ZipWriter::new(w);
    for array in arrays {
        check_data(array.dtype, array.shape, array.data)?;
        let header = npy::header(array.dtype, array.shape, false)?;
        // Zip sizes have 32 bits unless asked; the margin covers data that deflate makes longer.
        let large = array.data.len() as u64 + header.len() as u64 > 0xF000_0000;
        let options = SimpleFileOptions::default().compression_method(method).large_file(large);
        zip.start_file(format!("{}.npy", array.name), options).map_err(|e| name_or_io(e, array.name))?;
        zip.write_all(&header)?;
        zip.write_all(&little_endian(array.dtype, array.data))?;
    }
    zip.finish().map_err(|e| name_or_io(e, ""))?;
    Ok(())
}

fn name_or_io(error: ZipError, name: &str) -> Error {
    if matches!(error, ZipError::InvalidArchive(_)) {
        return Error::Name { format: Format::Npz, name: name.into(), why: "it occurs twice or is too long" };
    }
    Error::Io(error.into())
}
