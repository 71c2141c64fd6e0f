//! Blocks of quantised weights: repacked into affine codes, scales and biases, or widened to float16.
//!
//! The layouts are ggml's ([ggml-common.h](https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h)).

use cotan_kernels::{bf16, f16};

/// How the bytes of blocks become elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decoder {
    /// Float16 values.
    Values(Values),
    /// Codes packed into uint32: element `i` of a row takes bits `i * bits..` of the row's little-endian bit string.
    Codes(Quantised),
    /// One float16 scale a block.
    Scales(Quantised),
    /// One float16 bias a block.
    Biases(Quantised),
}

/// Block types that load as float16 values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    Bf16,
    Q2K,
    Q4K,
    Q6K,
}

/// Block types that load as codes with a scale and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantised {
    Q4_0,
    Q4_1,
    Q8_0,
}

impl Values {
    pub fn from_code(code: u32) -> Option<Values> {
        match code {
            30 => Some(Values::Bf16),
            10 => Some(Values::Q2K),
            12 => Some(Values::Q4K),
            14 => Some(Values::Q6K),
            _ => None,
        }
    }

    /// Elements of a block.
    pub fn per_block(self) -> usize {
        match self {
            Values::Bf16 => 1,
            Values::Q2K | Values::Q4K | Values::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub fn bytes(self) -> usize {
        match self {
            Values::Bf16 => 2,
            Values::Q2K => 16 + 64 + 4,
            Values::Q4K => 4 + 12 + 128,
            Values::Q6K => 128 + 64 + 16 + 2,
        }
    }
}

impl Quantised {
    /// Elements of a block.
    pub const PER_BLOCK: usize = 32;

    pub fn from_code(code: u32) -> Option<Quantised> {
        match code {
            2 => Some(Quantised::Q4_0),
            3 => Some(Quantised::Q4_1),
            8 => Some(Quantised::Q8_0),
            _ => None,
        }
    }

    /// Bits of a code, which is also the number of uint32 words that the codes of a block fill.
    pub fn bits(self) -> usize {
        match self {
            Quantised::Q4_0 | Quantised::Q4_1 => 4,
            Quantised::Q8_0 => 8,
        }
    }

    /// Bytes of a block: scale, maybe a minimum, codes.
    pub fn bytes(self) -> usize {
        self.codes_at() + 4 * self.bits()
    }

    fn codes_at(self) -> usize {
        match self {
            Quantised::Q4_0 | Quantised::Q8_0 => 2,
            Quantised::Q4_1 => 4,
        }
    }
}

impl Decoder {
    /// Decodes whole blocks; `out` holds native-endian elements.
    pub fn decode(self, blocks: &[u8], out: &mut [u8]) {
        match self {
            Decoder::Values(values) => values.decode(blocks, out),
            Decoder::Codes(quantised) => {
                let words = 4 * quantised.bits();
                for (block, out) in blocks.chunks_exact(quantised.bytes()).zip(out.chunks_exact_mut(words)) {
                    quantised.pack(&block[quantised.codes_at()..], out);
                }
            }
            Decoder::Scales(quantised) => put_each(blocks, quantised.bytes(), out, |block| half(&block[..2])),
            Decoder::Biases(quantised) => put_each(blocks, quantised.bytes(), out, |block| match quantised {
                Quantised::Q4_0 => f16::from_f32(-8.0 * half(&block[..2]).to_f32()),
                Quantised::Q4_1 => half(&block[2..4]),
                Quantised::Q8_0 => f16::from_f32(-128.0 * half(&block[..2]).to_f32()),
            }),
        }
    }
}

impl Quantised {
    fn pack(self, codes: &[u8], out: &mut [u8]) {
        match self {
            // A stored byte holds elements j and j + 16; a packed one holds neighbours.
            Quantised::Q4_0 | Quantised::Q4_1 => {
                let (low, high) = out.split_at_mut(8);
                for ((pair, low), high) in codes.as_chunks::<2>().0.iter().zip(low).zip(high) {
                    *low = pair[0] & 15 | pair[1] << 4;
                    *high = pair[0] >> 4 | pair[1] & 0xF0;
                }
            }
            // Signed codes become unsigned ones by an offset of 128, which the bias takes back.
            Quantised::Q8_0 => out.iter_mut().zip(codes).for_each(|(out, code)| *out = code ^ 0x80),
        }
        out.as_chunks_mut::<4>().0.iter_mut().for_each(|word| *word = u32::from_le_bytes(*word).to_ne_bytes());
    }
}

impl Values {
    fn decode(self, blocks: &[u8], out: &mut [u8]) {
        let decode = match self {
            Values::Bf16 => {
                let widen = |b: &[u8]| f16::from_f32(bf16::from_le_bytes([b[0], b[1]]).to_f32());
                return put_each(blocks, 2, out, widen);
            }
            Values::Q2K => q2_k,
            Values::Q4K => q4_k,
            Values::Q6K => q6_k,
        };
        for (block, out) in blocks.chunks_exact(self.bytes()).zip(out.chunks_exact_mut(512)) {
            let mut values = [0.0; 256];
            decode(block, &mut values);
            for (value, out) in values.into_iter().zip(out.as_chunks_mut::<2>().0) {
                *out = f16::from_f32(value).to_ne_bytes();
            }
        }
    }
}

fn half(bytes: &[u8]) -> f16 {
    f16::from_le_bytes([bytes[0], bytes[1]])
}

fn put_each(blocks: &[u8], size: usize, out: &mut [u8], value: impl Fn(&[u8]) -> f16) {
    for (block, out) in blocks.chunks_exact(size).zip(out.as_chunks_mut::<2>().0) {
        *out = value(block).to_ne_bytes();
    }
}

/// Sixteen groups of 16 two-bit codes; a byte holds a 4-bit scale and a 4-bit minimum, in units of `d` and `dmin`.
fn q2_k(block: &[u8], out: &mut [f32; 256]) {
    let (scales, codes, d, dmin) = (&block[..16], &block[16..80], half(&block[80..]), half(&block[82..]));
    for (group, out) in out.chunks_exact_mut(16).enumerate() {
        let scale = d.to_f32() * f32::from(scales[group] & 15);
        let minimum = dmin.to_f32() * f32::from(scales[group] >> 4);
        // Bytes 32h.. serve half h of the block: two groups side by side for each of four shifts.
        let (from, shift) = (group / 8 * 32 + group % 2 * 16, group % 8 / 2 * 2);
        for (out, byte) in out.iter_mut().zip(&codes[from..from + 16]) {
            *out = scale * f32::from(byte >> shift & 3) - minimum;
        }
    }
}

/// Eight groups of 32 four-bit codes; 6-bit scales and minima share 12 bytes.
fn q4_k(block: &[u8], out: &mut [f32; 256]) {
    let (d, dmin, packed, codes) = (half(block), half(&block[2..]), &block[4..16], &block[16..]);
    for (group, out) in out.chunks_exact_mut(32).enumerate() {
        let (scale, minimum) = match group {
            0..4 => (packed[group] & 63, packed[group + 4] & 63),
            _ => {
                (packed[group + 4] & 15 | packed[group - 4] >> 6 << 4, packed[group + 4] >> 4 | packed[group] >> 6 << 4)
            }
        };
        let (scale, minimum) = (d.to_f32() * f32::from(scale), dmin.to_f32() * f32::from(minimum));
        let (from, shift) = (group / 2 * 32, group % 2 * 4);
        for (out, byte) in out.iter_mut().zip(&codes[from..from + 32]) {
            *out = scale * f32::from(byte >> shift & 15) - minimum;
        }
    }
}

/// Sixteen groups of 16 six-bit codes, offset by 32, with signed 8-bit scales; low four and high two bits lie apart.
fn q6_k(block: &[u8], out: &mut [f32; 256]) {
    let (low, high, scales, d) = (&block[..128], &block[128..192], &block[192..208], half(&block[208..]));
    for (group, out) in out.chunks_exact_mut(16).enumerate() {
        let scale = d.to_f32() * f32::from(scales[group].cast_signed());
        // A half of the block has 64 bytes of low bits (two uses each) and 32 of high bits (four uses each).
        let (half, quarter, side) = (group / 8, group % 8 / 2, group % 2 * 16);
        let (low_from, high_from) = (half * 64 + quarter % 2 * 32 + side, half * 32 + side);
        for (i, out) in out.iter_mut().enumerate() {
            let low = low[low_from + i] >> (quarter / 2 * 4) & 15;
            let high = high[high_from + i] >> (quarter * 2) & 3;
            *out = scale * (f32::from(low | high << 4) - 32.0);
        }
    }
}
