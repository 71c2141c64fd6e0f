//! Function files: a definition as JSON, then the elements of its constants. The format is in docs/export-format.md.

use std::io::Write;

use cotan_kernels::DType;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::lazy::{Lazy, Stored};
use crate::order::{Order, byte_length, little_endian};
use crate::write::{Tensor, check_data, pad};
use crate::{Error, Result, Source};

const MAGIC: &[u8; 8] = b"cotanfn\n";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Magic, version, a word for later, and the length of the header.
const FIXED: usize = 24;
/// Where the header and each constant end, in bytes from the start of the file.
const ALIGNMENT: usize = 8;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<G> {
    definition: G,
    constants: Vec<Constant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constant {
    dtype: DType,
    shape: Vec<usize>,
    /// Its first byte, counted from the end of the header.
    offset: u64,
}

fn corrupt(what: impl Into<String>) -> Error {
    Error::Function { what: what.into() }
}

fn unwritable(what: impl Into<String>) -> Error {
    Error::Unwritable { what: what.into() }
}

/// Writes a function file: `definition`, and the constants that it refers to by their places.
///
/// # Errors
/// [`Error::Length`] when data do not fit a shape, [`Error::Unwritable`] when the definition holds something that JSON
/// doesn't keep, such as a NaN that is not a constant or about fifteen loops within each other, and failures of `w`.
pub fn save_function<G>(w: &mut impl Write, definition: &G, constants: &[Tensor<'_>]) -> Result<()>
where
    G: Serialize + DeserializeOwned + PartialEq,
{
    let mut offset = 0u64;
    let mut stored = Vec::with_capacity(constants.len());
    for constant in constants {
        check_data(constant.dtype, constant.shape, constant.data)?;
        stored.push(Constant { dtype: constant.dtype, shape: constant.shape.into(), offset });
        offset += constant.data.len().next_multiple_of(ALIGNMENT) as u64;
    }
    let header = Header { definition, constants: stored };
    let mut text = serde_json::to_vec(&header).map_err(|e| unwritable(e.to_string()))?;
    let again: Header<G> = serde_json::from_slice(&text).map_err(|e| {
        let deep = e.to_string().starts_with("recursion limit");
        unwritable(if deep { "loops and branches are nested too deeply for a file".into() } else { e.to_string() })
    })?;
    if again.definition != *definition {
        return Err(unwritable("a parameter of an operation would be read as another one"));
    }
    text.resize((FIXED + text.len()).next_multiple_of(ALIGNMENT) - FIXED, b' ');
    w.write_all(MAGIC)?;
    w.write_all(&VERSION.to_le_bytes())?;
    w.write_all(&[0; 4])?;
    w.write_all(&(text.len() as u64).to_le_bytes())?;
    w.write_all(&text)?;
    for constant in constants {
        let data = little_endian(constant.dtype, constant.data);
        w.write_all(&data)?;
        pad(w, data.len().next_multiple_of(ALIGNMENT) - data.len())?;
    }
    Ok(())
}

/// Reads a function file: the definition, and its constants in order.
///
/// The definition is only known to be JSON of the right form; whoever it belongs to checks what it says.
///
/// # Errors
/// [`Error::Function`] when the file is not a function file, is of another version, or breaks the format's rules.
pub fn load_function<G: DeserializeOwned>(source: &Source) -> Result<(G, Vec<Lazy>)> {
    let start = source.slice(0, FIXED).ok_or_else(|| corrupt("shorter than its fixed part"))?;
    if &start[..8] != MAGIC {
        return Err(corrupt("it does not begin as a function file does"));
    }
    let word = |at: usize| u32::from_le_bytes(start[at..at + 4].try_into().unwrap_or_default());
    if word(8) != VERSION {
        return Err(corrupt(format!("it has version {}; this library reads version {VERSION}", word(8))));
    }
    if word(12) != 0 {
        return Err(corrupt("the word after the version is not 0"));
    }
    let length = u64::from_le_bytes(start[16..FIXED].try_into().unwrap_or_default());
    let text = usize::try_from(length).ok().and_then(|length| source.slice(FIXED, length));
    let text = text.ok_or_else(|| corrupt(format!("a header of {length} bytes does not fit the file")))?;
    let data = FIXED + text.len();
    if !data.is_multiple_of(ALIGNMENT) {
        return Err(corrupt(format!("a header of {length} bytes is not padded")));
    }
    let header: Header<G> = serde_json::from_slice(text).map_err(|e| corrupt(format!("header: {e}")))?;
    let rest = (source.len() - data) as u64;
    let mut end = 0u64;
    let mut constants = Vec::with_capacity(header.constants.len());
    for (place, Constant { dtype, shape, offset }) in header.constants.into_iter().enumerate() {
        let bytes = byte_length(dtype, &shape)?;
        let next = end.checked_add(bytes as u64).and_then(|next| next.checked_next_multiple_of(ALIGNMENT as u64));
        match next {
            Some(next) if offset == end && next <= rest => {
                let stored =
                    Stored::Plain { source: source.clone(), offset: data + offset as usize, order: Order::LITTLE };
                constants.push(Lazy::new(dtype, shape, stored)?);
                end = next;
            }
            Some(_) | None => {
                let what =
                    format!("constant {place} of {bytes} bytes at {offset} should begin at {end}, within {rest}");
                return Err(corrupt(what));
            }
        }
    }
    if end != rest {
        return Err(corrupt(format!("constants take {end} of {rest} bytes")));
    }
    Ok((header.definition, constants))
}
