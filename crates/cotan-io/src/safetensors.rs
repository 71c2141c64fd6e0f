//! safetensors: raw tensors behind a JSON header ([format](https://github.com/huggingface/safetensors#format)).

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

use cotan_kernels::DType;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::lazy::{Lazy, Stored};
use crate::order::{Order, byte_length, little_endian};
use crate::write::{Tensor, check_data};
use crate::{Direction, Error, Format, Loaded, MetaValue, Result, Source};

const METADATA: &str = "__metadata__";
/// The reference reader's limit.
const MAX_HEADER: u64 = 100_000_000;

pub(crate) fn load(source: &Source) -> Result<Loaded> {
    let malformed = |what: String| Error::malformed(Format::Safetensors, what);
    let size = source.slice(0, 8).ok_or_else(|| malformed("shorter than the 8-byte header length".into()))?;
    let size = u64::from_le_bytes(size.try_into().unwrap_or_default());
    let rest = source.len() - 8;
    if size > MAX_HEADER || size > rest as u64 {
        return Err(malformed(format!("header of {size} bytes; {rest} follow and at most {MAX_HEADER} are read")));
    }
    // The length fits: it was compared with one that is a usize.
    let size = size as usize;
    let text = source.slice(8, size).unwrap_or_default();
    // Some writers pad the header with NUL bytes.
    let text = &text[..text.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1)];
    let header: Header = serde_json::from_slice(text).map_err(|e| malformed(format!("header: {e}")))?;
    check_layout(&header.tensors, (rest - size) as u64)?;
    let tensor = |(name, info): (String, Info)| {
        let lazy = describe(source, 8 + size, &name, &info)?;
        Ok((name, lazy))
    };
    let arrays = header.tensors.into_iter().map(tensor).collect::<Result<_>>()?;
    let metadata = header.metadata.into_iter().map(|(key, value)| (key, MetaValue::Str(value))).collect();
    Ok(Loaded::Arrays { arrays, metadata })
}

/// The tensors must cover the data without overlap, hole or remainder, so that no byte has two meanings or none.
fn check_layout(tensors: &[(String, Info)], len: u64) -> Result<()> {
    let mut spans: Vec<_> = tensors.iter().map(|(name, info)| (info.data_offsets, name)).collect();
    spans.sort_unstable();
    let mut covered = 0;
    for ((begin, end), name) in spans {
        if begin != covered || end < begin || end > len {
            let what = format!("{name:?} has bytes {begin}..{end}; they must begin at {covered} and end within {len}");
            return Err(Error::malformed(Format::Safetensors, what));
        }
        covered = end;
    }
    if covered != len {
        let what = format!("tensors cover {covered} of {len} bytes");
        return Err(Error::malformed(Format::Safetensors, what));
    }
    Ok(())
}

fn describe(source: &Source, data: usize, name: &str, info: &Info) -> Result<Lazy> {
    let dtype = parse_dtype(&info.dtype)
        .ok_or_else(|| Error::unsupported(Format::Safetensors, &info.dtype, Direction::Load))?;
    let (begin, end) = info.data_offsets;
    let needed = byte_length(dtype, &info.shape)?;
    if needed as u64 != end - begin {
        let what = format!(
            "{name:?} of shape {:?} and type {} takes {needed} bytes, not {}",
            info.shape,
            info.dtype,
            end - begin
        );
        return Err(Error::malformed(Format::Safetensors, what));
    }
    // `check_layout` keeps `begin` within the file.
    let stored = Stored::Plain { source: source.clone(), offset: data + begin as usize, order: Order::LITTLE };
    Lazy::new(dtype, info.shape.clone(), stored)
}

/// Writes a safetensors file: sorted keys in the header, the widest element types first in the data so that every
/// tensor is aligned; `__metadata__` is null without `metadata`.
///
/// # Errors
/// [`Error::UnsupportedDtype`] for float64, [`Error::Length`] when data do not fit a shape, [`Error::Name`] for a
/// name that occurs twice or is `__metadata__`, and failures of `w`.
pub fn save_safetensors(
    w: &mut impl Write,
    arrays: &[Tensor<'_>],
    metadata: Option<&BTreeMap<String, String>>,
) -> Result<()> {
    let mut order: Vec<&Tensor<'_>> = arrays.iter().collect();
    order.sort_by_key(|array| (std::cmp::Reverse(array.dtype.size()), array.name));
    let mut header = BTreeMap::from([(METADATA, json!(metadata))]);
    let mut end = 0;
    for array in &order {
        check_data(array.dtype, array.shape, array.data)?;
        let begin = end;
        end += array.data.len();
        let entry = json!({"data_offsets": [begin, end], "dtype": dtype_name(array.dtype)?, "shape": array.shape});
        if header.insert(array.name, entry).is_some() {
            let why = "names must differ from each other and from the reserved one";
            return Err(Error::Name { format: Format::Safetensors, name: array.name.into(), why });
        }
    }
    let mut text = serde_json::to_vec(&header).map_err(std::io::Error::from)?;
    // Spaces after the JSON align the first tensor, so that the file can be mapped.
    text.resize(text.len().next_multiple_of(8), b' ');
    w.write_all(&(text.len() as u64).to_le_bytes())?;
    w.write_all(&text)?;
    for array in order {
        w.write_all(&little_endian(array.dtype, array.data))?;
    }
    Ok(())
}

fn dtype_name(dtype: DType) -> Result<&'static str> {
    Ok(match dtype {
        DType::Bool => "BOOL",
        DType::U8 => "U8",
        DType::U16 => "U16",
        DType::U32 => "U32",
        DType::U64 => "U64",
        DType::I8 => "I8",
        DType::I16 => "I16",
        DType::I32 => "I32",
        DType::I64 => "I64",
        DType::F16 => "F16",
        DType::Bf16 => "BF16",
        DType::F32 => "F32",
        DType::C64 => "C64",
        DType::F64 => return Err(Error::unsupported(Format::Safetensors, dtype.name(), Direction::Save)),
    })
}

fn parse_dtype(name: &str) -> Option<DType> {
    match name {
        // Eight-bit floats are handed out as their bits.
        "F8_E4M3" | "F8_E8M0" => Some(DType::U8),
        _ => DType::ALL.into_iter().find(|&dtype| dtype_name(dtype).is_ok_and(|known| known == name)),
    }
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

#[derive(Default)]
struct Header {
    tensors: Vec<(String, Info)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Header, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Reads the header's entries one by one, to refuse names that occur twice.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Header, A::Error> {
        let mut header = Header::default();
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("{name:?} occurs twice")));
            }
            if name == METADATA {
                header.metadata = map.next_value::<Option<_>>()?.unwrap_or_default();
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}
