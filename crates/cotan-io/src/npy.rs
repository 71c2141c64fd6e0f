//! npy: one array behind a header that is a Python dict literal
//! ([format description](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)).

use std::io::{Cursor, Read, Write};

use cotan_kernels::DType;

use crate::lazy::{Lazy, Stored};
use crate::order::{Order, byte_length, little_endian};
use crate::write::check_data;
use crate::{Direction, Error, Format, Loaded, Result, Source};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers of plain arrays are about 100 bytes; more than this is no array we could hold.
const MAX_HEADER: usize = 1 << 20;

/// What an npy header says.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub order: Order,
    /// Bytes before the first element.
    pub len: usize,
}

pub(crate) fn load(source: Source) -> Result<Loaded> {
    let header = read_header(&mut Cursor::new(source.as_ref()), Format::Npy)?;
    let (needed, present) = (byte_length(header.dtype, &header.shape)?, source.len() - header.len);
    if needed > present {
        let what = format!("shape {:?} of {} takes {needed} bytes, {present} follow", header.shape, header.dtype);
        return Err(Error::malformed(Format::Npy, what));
    }
    let stored = Stored::Plain { source, offset: header.len, order: header.order };
    Ok(Loaded::Array(Lazy::new(header.dtype, header.shape, stored)?))
}

/// Writes an npy file, version 1.0, its data aligned to 64 bytes; bfloat16 is described as `'<V2'`.
///
/// `data` are the elements in the order that `fortran` states (row-major without it), in native byte order.
///
/// # Errors
/// [`Error::Length`] when `data` does not fit `shape`, and failures of `w`.
pub fn save_npy(w: &mut impl Write, dtype: DType, shape: &[usize], data: &[u8], fortran: bool) -> Result<()> {
    check_data(dtype, shape, data)?;
    w.write_all(&header(dtype, shape, fortran)?)?;
    w.write_all(&little_endian(dtype, data))?;
    Ok(())
}

/// The bytes before the first element.
pub(crate) fn header(dtype: DType, shape: &[usize], fortran: bool) -> Result<Vec<u8>> {
    let mut axes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    if shape.len() > 1 {
        axes.truncate(axes.len() - 2);
    }
    let order = if fortran { "True" } else { "False" };
    let dict = format!("{{'descr': '{}', 'fortran_order': {order}, 'shape': ({}), }}", descr(dtype), axes.trim_end());
    // Magic, version, length, the dict, spaces and a newline together fill whole 64-byte lines.
    let total = (10 + dict.len() + 1).next_multiple_of(64);
    let len = u16::try_from(total - 10).map_err(|_| Error::TooLarge { dtype, shape: shape.into() })?;
    let mut bytes = Vec::with_capacity(total);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[1, 0]);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(dict.as_bytes());
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a header of version 1.0, 2.0 or 3.0, and nothing after it.
pub(crate) fn read_header(r: &mut impl Read, format: Format) -> Result<Header> {
    let malformed = |what: String| Error::malformed(format, what);
    let truncated = |e: std::io::Error| malformed(format!("npy header cut short: {e}"));
    let mut start = [0; 8];
    r.read_exact(&mut start).map_err(truncated)?;
    if !start.starts_with(MAGIC) {
        return Err(malformed("does not begin with the npy signature".into()));
    }
    let (prefix, text_len) = match (start[6], start[7]) {
        (1, 0) => (10, u16::from_le_bytes(read_array(r).map_err(truncated)?).into()),
        (2 | 3, 0) => (12, u32::from_le_bytes(read_array(r).map_err(truncated)?) as usize),
        (major, minor) => return Err(malformed(format!("npy version {major}.{minor} is not known"))),
    };
    if text_len > MAX_HEADER {
        return Err(malformed(format!("npy header of {text_len} bytes; at most {MAX_HEADER} are read")));
    }
    let mut text = Vec::new();
    r.take(text_len as u64).read_to_end(&mut text).map_err(truncated)?;
    if text.len() < text_len {
        return Err(malformed(format!("npy header of {text_len} bytes, of which {} are there", text.len())));
    }
    let fields = Literal { text: &text, at: 0 }
        .dict()
        .map_err(|fault| malformed(format!("npy header: {} at byte {}", fault.expected, prefix + fault.at)))?;
    let Fields { descr: Some(descr), column_major: Some(column_major), shape: Some(shape) } = fields else {
        return Err(malformed("npy header lacks descr, fortran_order or shape".into()));
    };
    let (dtype, swapped) = parse_descr(&descr).ok_or_else(|| Error::unsupported(format, descr, Direction::Load))?;
    Ok(Header { dtype, shape, order: Order { swapped, column_major }, len: prefix + text_len })
}

fn read_array<const N: usize>(r: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    r.read_exact(&mut bytes)?;
    Ok(bytes)
}

const fn descr(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "|b1",
        DType::U8 => "|u1",
        DType::U16 => "<u2",
        DType::U32 => "<u4",
        DType::U64 => "<u8",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::F16 => "<f2",
        DType::Bf16 => "<V2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
    }
}

/// Element type, and whether its bytes are in the other order than this machine's.
fn parse_descr(text: &str) -> Option<(DType, bool)> {
    let (order, code) = text.split_at_checked(1)?;
    let dtype = DType::ALL.into_iter().find(|&dtype| &descr(dtype)[1..] == code)?;
    // Opaque bytes have no order that NumPy would swap.
    let big = match order {
        ">" => dtype != DType::Bf16,
        "<" => false,
        "=" | "|" => cfg!(target_endian = "big"),
        _ => return None,
    };
    Some((dtype, big != cfg!(target_endian = "big")))
}

#[derive(Default)]
struct Fields {
    descr: Option<String>,
    column_major: Option<bool>,
    shape: Option<Vec<usize>>,
}

/// What a header should have held, and where.
#[derive(Clone, Copy)]
struct Fault {
    expected: &'static str,
    at: usize,
}

type Parsed<T> = std::result::Result<T, Fault>;

/// A reader of the little Python that npy headers are written in.
struct Literal<'a> {
    text: &'a [u8],
    at: usize,
}

impl Literal<'_> {
    fn dict(mut self) -> Parsed<Fields> {
        let mut fields = Fields::default();
        self.expect(b'{', "expected '{'")?;
        while !self.accept(b'}') {
            let key = self.string()?;
            self.expect(b':', "expected ':'")?;
            let known = match key.as_str() {
                "descr" => fields.descr.replace(self.descr()?).is_none(),
                "fortran_order" => fields.column_major.replace(self.boolean()?).is_none(),
                "shape" => fields.shape.replace(self.shape()?).is_none(),
                _ => false,
            };
            if !known {
                return Err(self.fault("unknown or repeated key"));
            }
            if !self.accept(b',') {
                self.expect(b'}', "expected ',' or '}'")?;
                break;
            }
        }
        self.skip_space();
        if self.at == self.text.len() { Ok(fields) } else { Err(self.fault("expected nothing more")) }
    }

    fn fault(&self, expected: &'static str) -> Fault {
        Fault { expected, at: self.at }
    }

    fn skip_space(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Parsed<()> {
        if self.accept(byte) { Ok(()) } else { Err(self.fault(expected)) }
    }

    fn string(&mut self) -> Parsed<String> {
        self.skip_space();
        let fault = self.fault("expected a string");
        let rest = &self.text[self.at..];
        let Some((&quote @ (b'\'' | b'"'), body)) = rest.split_first() else { return Err(fault) };
        let len = body.iter().position(|&b| b == quote || b == b'\\').ok_or(fault)?;
        if body[len] == b'\\' {
            return Err(fault);
        }
        self.at += len + 2;
        Ok(String::from_utf8_lossy(&body[..len]).into_owned())
    }

    /// A type string; or a list of fields, taken as it is written, for the error message to name.
    fn descr(&mut self) -> Parsed<String> {
        self.skip_space();
        let start = self.at;
        if self.text.get(start) != Some(&b'[') {
            return self.string();
        }
        let mut depth = 0usize;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\'' | b'"' => {
                    self.string()?;
                    continue;
                }
                b'[' | b'(' => depth += 1,
                b']' | b')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(String::from_utf8_lossy(&self.text[start..self.at]).into_owned());
            }
        }
        Err(self.fault("expected ']'"))
    }

    fn boolean(&mut self) -> Parsed<bool> {
        self.skip_space();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("expected True or False"))
    }

    fn shape(&mut self) -> Parsed<Vec<usize>> {
        let mut shape = Vec::new();
        self.expect(b'(', "expected '('")?;
        while !self.accept(b')') {
            shape.push(self.integer()?);
            if !self.accept(b',') {
                self.expect(b')', "expected ',' or ')'")?;
                break;
            }
        }
        Ok(shape)
    }

    fn integer(&mut self) -> Parsed<usize> {
        self.skip_space();
        let fault = self.fault("expected a dimension");
        let digits = self.text[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
        let value = text.parse().map_err(|_| fault)?;
        self.at += digits;
        // Python 2 wrote long integers as `3L`.
        self.accept(b'L');
        Ok(value)
    }
}
