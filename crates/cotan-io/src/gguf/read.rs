//! Reading gguf, versions 2 and 3.

use std::collections::HashSet;

use cotan_kernels::DType;

use super::blocks::{Decoder, Quantised, Values};
use super::{ALIGNMENT_KEY, ARRAY, DEFAULT_ALIGNMENT, MAGIC, MAX_RANK, MetaValue, NUMBERS, PLAIN, STRING};
use crate::lazy::{Lazy, Stored};
use crate::order::{Order, byte_length};
use crate::{Direction, Error, Format, Loaded, Result, Source};

pub(crate) fn load(source: &Source) -> Result<Loaded> {
    let mut r = Reader { data: source.as_ref(), at: 0 };
    if r.take(4)? != MAGIC {
        return Err(malformed("does not begin with the gguf signature"));
    }
    let version = r.u32()?;
    if !(2..=3).contains(&version) {
        return Err(malformed(format!("gguf version {version} is not known")));
    }
    let (tensors, pairs) = (r.u64()?, r.u64()?);
    let mut metadata = Vec::new();
    for _ in 0..pairs {
        let key = r.string()?;
        let value = r.value(&key)?;
        metadata.push((key, value));
    }
    let infos = (0..tensors).map(|_| r.tensor()).collect::<Result<Vec<_>>>()?;
    let start = r.at.checked_next_multiple_of(alignment(&metadata)?).ok_or_else(|| malformed("too long"))?;
    let mut arrays = Vec::new();
    for info in infos {
        describe(source, start, info, &mut arrays)?;
    }
    let mut seen = HashSet::new();
    if let Some((name, _)) = arrays.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(malformed(format!("tensor {name:?} occurs twice")));
    }
    Ok(Loaded::Arrays { arrays, metadata })
}

fn malformed(what: impl Into<String>) -> Error {
    Error::malformed(Format::Gguf, what)
}

fn alignment(metadata: &[(String, MetaValue)]) -> Result<usize> {
    let Some((_, value)) = metadata.iter().find(|(key, _)| key == ALIGNMENT_KEY) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    super::write::alignment(value).ok_or_else(|| malformed(format!("{ALIGNMENT_KEY} is not a uint32 multiple of 8")))
}

/// A tensor as the header describes it.
struct Info {
    name: String,
    /// Outermost axis first.
    shape: Vec<usize>,
    code: u32,
    offset: u64,
}

/// Adds the arrays that `info` makes: one, or three for a quantised tensor.
fn describe(source: &Source, start: usize, info: Info, arrays: &mut Vec<(String, Lazy)>) -> Result<()> {
    let offset = usize::try_from(info.offset).ok().and_then(|offset| offset.checked_add(start));
    let offset = offset.ok_or_else(|| malformed(format!("{:?} lies beyond the end", info.name)))?;
    let within = |len: usize| match source.slice(offset, len) {
        Some(_) => Ok(()),
        None => Err(malformed(format!("{:?} has bytes {offset} + {len}; the file has {}", info.name, source.len()))),
    };
    if let Some(&(_, dtype)) = PLAIN.iter().find(|(code, _)| *code == info.code) {
        within(byte_length(dtype, &info.shape)?)?;
        let stored = Stored::Plain { source: source.clone(), offset, order: Order::LITTLE };
        arrays.push((info.name, Lazy::new(dtype, info.shape, stored)?));
        return Ok(());
    }
    let blocks = |per_block, bytes| block_bytes(&info, per_block, bytes);
    if let Some(values) = Values::from_code(info.code) {
        let len = blocks(values.per_block(), values.bytes())?;
        within(len)?;
        let stored = Stored::Blocks { source: source.clone(), offset, len, decoder: Decoder::Values(values) };
        arrays.push((info.name, Lazy::new(DType::F16, info.shape, stored)?));
        return Ok(());
    }
    let Some(quantised) = Quantised::from_code(info.code) else {
        return Err(Error::unsupported(Format::Gguf, type_name(info.code), Direction::Load));
    };
    let len = blocks(Quantised::PER_BLOCK, quantised.bytes())?;
    within(len)?;
    let part = |dtype, per_row: usize, decoder| {
        let mut shape = info.shape.clone();
        if let Some(last) = shape.last_mut() {
            *last = *last / Quantised::PER_BLOCK * per_row;
        }
        Lazy::new(dtype, shape, Stored::Blocks { source: source.clone(), offset, len, decoder })
    };
    let stem = info.name.strip_suffix(".weight").unwrap_or(&info.name);
    let parts = [
        (format!("{stem}.scales"), part(DType::F16, 1, Decoder::Scales(quantised))?),
        (format!("{stem}.biases"), part(DType::F16, 1, Decoder::Biases(quantised))?),
        (info.name.clone(), part(DType::U32, quantised.bits(), Decoder::Codes(quantised))?),
    ];
    arrays.extend(parts);
    Ok(())
}

/// Bytes of a tensor made of blocks, each of which covers `per_block` elements of a row.
fn block_bytes(info: &Info, per_block: usize, bytes: usize) -> Result<usize> {
    let count = byte_length(DType::U8, &info.shape)?;
    let row = info.shape.last().copied().unwrap_or(1);
    if row % per_block != 0 {
        return Err(malformed(format!(
            "{:?} has rows of {row} elements, which blocks of {per_block} do not fill",
            info.name
        )));
    }
    (count / per_block)
        .checked_mul(bytes)
        .ok_or_else(|| Error::TooLarge { dtype: DType::F16, shape: info.shape.clone() })
}

/// The name of a tensor type that is not read.
fn type_name(code: u32) -> String {
    let known = match code {
        6 => "Q5_0",
        7 => "Q5_1",
        9 => "Q8_1",
        11 => "Q3_K",
        13 => "Q5_K",
        15 => "Q8_K",
        27 => "I64",
        28 => "F64",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("number {code}"),
    };
    known.into()
}

/// The header, read from front to back.
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let rest = &self.data[self.at..];
        let bytes = rest.get(..len).ok_or_else(|| {
            malformed(format!("the header ends within {len} bytes at offset {}; {} follow", self.at, rest.len()))
        })?;
        self.at += len;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length or a dimension.
    fn size(&mut self) -> Result<usize> {
        let value = self.u64()?;
        usize::try_from(value).map_err(|_| malformed(format!("a length of {value}")))
    }

    fn string(&mut self) -> Result<String> {
        let (len, at) = (self.size()?, self.at);
        let bytes = self.take(len)?.to_vec();
        String::from_utf8(bytes).map_err(|_| malformed(format!("the string at offset {at} is not UTF-8")))
    }

    fn value(&mut self, key: &str) -> Result<MetaValue> {
        match self.u32()? {
            STRING => self.string().map(MetaValue::Str),
            ARRAY => match (self.u32()?, self.size()?) {
                (ARRAY, _) => Err(Error::NestedMetadata { key: key.into() }),
                (STRING, count) => (0..count).map(|_| self.string()).collect::<Result<_>>().map(MetaValue::Strs),
                (code, count) => self.numbers(code, vec![count], key),
            },
            code => self.numbers(code, Vec::new(), key),
        }
    }

    fn numbers(&mut self, code: u32, shape: Vec<usize>, key: &str) -> Result<MetaValue> {
        let Some(&(_, dtype)) = NUMBERS.iter().find(|(known, _)| *known == code) else {
            return Err(malformed(format!("metadata {key:?} has unknown type {code}")));
        };
        let stored = self.take(byte_length(dtype, &shape)?)?;
        if dtype == DType::Bool && stored.iter().any(|&b| b > 1) {
            return Err(malformed(format!("metadata {key:?} holds a truth value that is neither 0 nor 1")));
        }
        let mut data = vec![0; stored.len()];
        Order::LITTLE.restore(dtype, &shape, stored, &mut data);
        Ok(MetaValue::Array { dtype, shape, data })
    }

    fn tensor(&mut self) -> Result<Info> {
        let name = self.string()?;
        let rank = self.u32()? as usize;
        if rank > MAX_RANK {
            return Err(malformed(format!("{name:?} has {rank} dimensions; at most {MAX_RANK} are read")));
        }
        let mut shape = (0..rank).map(|_| self.size()).collect::<Result<Vec<_>>>()?;
        shape.reverse();
        Ok(Info { name, shape, code: self.u32()?, offset: self.u64()? })
    }
}
