//! What the writers take, and putting a file in place in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cotan_kernels::DType;

use crate::order::byte_length;
use crate::{Error, Result};

/// A named tensor to be written, in row-major order and native byte order.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// Element type.
    pub dtype: DType,
    /// Shape; `[]` for a scalar.
    pub shape: &'a [usize],
    /// Its elements.
    pub data: &'a [u8],
}

/// Fails unless `data` holds exactly the elements of `shape`.
pub(crate) fn check_data(dtype: DType, shape: &[usize], data: &[u8]) -> Result<()> {
    let expected = byte_length(dtype, shape)?;
    if data.len() == expected {
        return Ok(());
    }
    Err(Error::Length { dtype, shape: shape.into(), expected, given: data.len() })
}

/// Writes `count` zero bytes.
pub(crate) fn pad(w: &mut impl Write, count: usize) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), count as u64), w).map(drop)
}

/// Creates or replaces the file at `path` with what `write` writes, in one step.
///
/// The bytes go to a new file in the same folder, which then takes the name. Arrays that are still mapped from the old
/// file keep its bytes, and the old file stays whole when anything fails. A symbolic link is followed, and permissions
/// are kept. What is not a regular file (a device, a pipe) is written directly.
///
/// # Errors
/// [`Error::Write`] when a file operation fails, and whatever `write` returns.
pub fn atomic_write(path: impl AsRef<Path>, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    let path = path.as_ref();
    let at = |source| Error::Write { path: path.into(), source };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        let file = OpenOptions::new().write(true).open(&target).map_err(at)?;
        return fill(file, write, at);
    }
    let (file, temporary) = create_beside(&target).map_err(at)?;
    let filled = fill(file, write, at).and_then(|()| {
        if let Some(old) = old {
            fs::set_permissions(&temporary, old.permissions()).map_err(at)?;
        }
        fs::rename(&temporary, &target).map_err(at)
    });
    if filled.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    filled
}

fn fill(
    file: File,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
    at: impl Fn(io::Error) -> Error,
) -> Result<()> {
    let mut w = BufWriter::with_capacity(1 << 20, file);
    write(&mut w).and_then(|()| Ok(w.flush()?)).map_err(|e| if let Error::Io(source) = e { at(source) } else { e })
}

/// A new file in the folder of `target`, under a short name that no other thread or process takes.
fn create_beside(target: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!(".cotan-{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = target.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}
