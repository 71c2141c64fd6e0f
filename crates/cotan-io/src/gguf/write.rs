//! Writing gguf, version 3.

use std::collections::HashSet;
use std::io::Write;

use cotan_kernels::DType;

use super::{ALIGNMENT_KEY, ARRAY, DEFAULT_ALIGNMENT, MAGIC, MAX_RANK, MetaValue, NUMBERS, PLAIN, STRING};
use crate::order::little_endian;
use crate::write::{Tensor, check_data, pad};
use crate::{Direction, Error, Format, Result};

/// Writes a gguf file. A uint32 `general.alignment` in `metadata` sets the alignment of the data; 32 otherwise.
///
/// # Errors
/// [`Error::UnsupportedDtype`] unless every tensor is float32, float16, int8, int16 or int32; [`Error::MetadataDtype`]
/// and [`Error::MetadataShape`] for metadata that the format cannot hold; [`Error::Rank`] above eight dimensions;
/// [`Error::Name`] for a tensor name that occurs twice or an alignment that is not a uint32 multiple of 8;
/// [`Error::Length`] when data do not fit a shape; failures of `w`.
pub fn save_gguf(w: &mut impl Write, arrays: &[Tensor<'_>], metadata: &[(String, MetaValue)]) -> Result<()> {
    let alignment = chosen_alignment(metadata)?;
    let mut header = Vec::new();
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&3u32.to_le_bytes());
    put_size(&mut header, arrays.len());
    put_size(&mut header, metadata.len());
    for (key, value) in metadata {
        put_string(&mut header, key);
        put_value(&mut header, key, value)?;
    }
    let mut offset = 0;
    let mut seen = HashSet::new();
    for array in arrays {
        if !seen.insert(array.name) {
            return Err(Error::Name { format: Format::Gguf, name: array.name.into(), why: "it occurs twice" });
        }
        put_tensor(&mut header, array, offset)?;
        offset += array.data.len().next_multiple_of(alignment);
    }
    w.write_all(&header)?;
    // Padding comes before each tensor, so that nothing follows the last.
    let mut ragged = header.len();
    for array in arrays {
        pad(w, ragged.next_multiple_of(alignment) - ragged)?;
        w.write_all(&little_endian(array.dtype, array.data))?;
        ragged = array.data.len();
    }
    Ok(())
}

/// The alignment that a metadata value states.
pub(super) fn alignment(value: &MetaValue) -> Option<usize> {
    let MetaValue::Array { dtype: DType::U32, shape, data } = value else { return None };
    let bytes = data.as_slice().try_into().ok()?;
    let alignment = u32::from_ne_bytes(bytes) as usize;
    (shape.is_empty() && alignment > 0 && alignment.is_multiple_of(8)).then_some(alignment)
}

fn chosen_alignment(metadata: &[(String, MetaValue)]) -> Result<usize> {
    let Some((key, value)) = metadata.iter().find(|(key, _)| key == ALIGNMENT_KEY) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let why = "its value must be a uint32 scalar, a multiple of 8";
    alignment(value).ok_or_else(|| Error::Name { format: Format::Gguf, name: key.clone(), why })
}

fn put_size(out: &mut Vec<u8>, size: usize) {
    out.extend_from_slice(&(size as u64).to_le_bytes());
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    put_size(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, key: &str, value: &MetaValue) -> Result<()> {
    match value {
        MetaValue::Str(text) => {
            out.extend_from_slice(&STRING.to_le_bytes());
            put_string(out, text);
        }
        MetaValue::Strs(texts) => {
            out.extend_from_slice(&ARRAY.to_le_bytes());
            out.extend_from_slice(&STRING.to_le_bytes());
            put_size(out, texts.len());
            texts.iter().for_each(|text| put_string(out, text));
        }
        MetaValue::Array { dtype, shape, data } => {
            check_data(*dtype, shape, data)?;
            let Some((code, _)) = NUMBERS.iter().find(|(_, known)| known == dtype) else {
                return Err(Error::MetadataDtype { key: key.into(), dtype: *dtype });
            };
            match shape[..] {
                [] => out.extend_from_slice(&code.to_le_bytes()),
                [count] if count > 0 => {
                    out.extend_from_slice(&ARRAY.to_le_bytes());
                    out.extend_from_slice(&code.to_le_bytes());
                    put_size(out, count);
                }
                _ => return Err(Error::MetadataShape { key: key.into(), shape: shape.clone() }),
            }
            let start = out.len();
            out.extend_from_slice(&little_endian(*dtype, data));
            if *dtype == DType::Bool {
                // In memory every byte but zero is true; the format knows 0 and 1.
                out[start..].iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
            }
        }
    }
    Ok(())
}

fn put_tensor(out: &mut Vec<u8>, array: &Tensor<'_>, offset: usize) -> Result<()> {
    check_data(array.dtype, array.shape, array.data)?;
    let Some((code, _)) = PLAIN.iter().find(|(_, dtype)| *dtype == array.dtype) else {
        return Err(Error::unsupported(Format::Gguf, array.dtype.name(), Direction::Save));
    };
    let rank = array.shape.len();
    if rank > MAX_RANK {
        return Err(Error::Rank { name: array.name.into(), rank, limit: MAX_RANK });
    }
    put_string(out, array.name);
    out.extend_from_slice(&(rank as u32).to_le_bytes());
    array.shape.iter().rev().for_each(|&n| put_size(out, n));
    out.extend_from_slice(&code.to_le_bytes());
    put_size(out, offset);
    Ok(())
}
