//! Packing codes into words and taking them out again.

use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{DType, pool};

/// So many codes fill as many whole bytes as a code has bits.
const GROUP: usize = 8;

/// Puts the codes of every row, bytes below `2^bits`, together into words of `u32`. Higher bits are cut off.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the codes are not `u8`, have no axes, or a row does not fill whole words; when `bits` is not from 1 to 8.
///
/// ```
/// use cotan_kernels::{Tensor, quant::{pack, unpack}};
/// let codes = Tensor::from_slice(&[1u8, 2, 3, 0, 0, 0, 0, 15], &[8])?;
/// let words = pack(&codes, 4)?;
/// assert_eq!(words.to_vec::<u32>(), [0xf0000321]);
/// assert_eq!(unpack(&words, 4)?.to_vec::<u8>(), codes.to_vec::<u8>());
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn pack(codes: &Tensor, bits: usize) -> Result<Tensor, KernelError> {
    let (columns, rows) = codes.shape().split_last().expect("codes have axes");
    assert!((columns * bits).is_multiple_of(32), "pack: {columns} codes of {bits} bits don't fill words");
    let shape = [rows, &[columns * bits / 32]].concat();
    let codes = codes.to_row_major()?;
    let source = codes.as_slice::<u8>().expect("codes are bytes");
    let mut out = Output::new(DType::U32, &shape)?;
    let to = Shared(out.ptr());
    pool::parallel_chunks(source.len() / GROUP, 512, 2.0, &|range| {
        let source = &source[range.start * GROUP..range.end * GROUP];
        // SAFETY: the words have as many bytes as there are groups times `bits`; ranges of groups don't overlap.
        let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * bits), range.len() * bits) };
        dispatch(Packing { source, out, bits });
    });
    Ok(out.finish())
}

/// The codes in the words of every row, as bytes: the inverse of [`pack`].
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the words are not `u32`, have no axes, or a row does not hold a multiple of eight codes; when `bits` is not
/// from 1 to 8.
pub fn unpack(words: &Tensor, bits: usize) -> Result<Tensor, KernelError> {
    let (columns, rows) = words.shape().split_last().expect("words have axes");
    assert!((columns * 4).is_multiple_of(bits), "unpack: {columns} words don't hold groups of {bits} bits");
    let shape = [rows, &[columns * 32 / bits]].concat();
    let words = words.to_row_major()?;
    assert_eq!(words.dtype(), DType::U32, "unpack: the words");
    let source = words.as_bytes().expect("row-major");
    let mut out = Output::new(DType::U8, &shape)?;
    let to = Shared(out.ptr());
    pool::parallel_chunks(source.len() / bits, 512, 2.0, &|range| {
        let source = &source[range.start * bits..range.end * bits];
        // SAFETY: there is a group of codes for every `bits` bytes of the words; ranges of groups don't overlap.
        let out = unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start * GROUP), range.len() * GROUP) };
        dispatch(Unpacking { source, out, bits });
    });
    Ok(out.finish())
}

/// Calls a function with a constant number of bits, so that its loop has constant shifts.
macro_rules! with_bits {
    ($bits:expr, $function:ident($($argument:expr),*)) => {
        match $bits {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            6 => $function::<6>($($argument),*),
            7 => $function::<7>($($argument),*),
            8 => $function::<8>($($argument),*),
            other => panic!("codes of {other} bits"),
        }
    };
}

/// Puts codes, a multiple of eight, together in bytes.
#[inline(always)]
pub(super) fn pack_codes(codes: &[u8], out: &mut [u8], bits: usize) {
    with_bits!(bits, pack_groups(codes, out));
}

struct Packing<'a> {
    source: &'a [u8],
    out: &'a mut [u8],
    bits: usize,
}

impl Kernel for Packing<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        with_bits!(self.bits, pack_groups(self.source, self.out));
    }
}

#[inline(always)]
fn pack_groups<const BITS: usize>(source: &[u8], out: &mut [u8]) {
    if BITS == 8 {
        return out.copy_from_slice(source);
    }
    if BITS == 4 {
        let pairs = source.as_chunks::<2>().0;
        return out.iter_mut().zip(pairs).for_each(|(out, pair)| *out = pair[0] & 15 | pair[1] << 4);
    }
    let mask = (1u64 << BITS) - 1;
    for (codes, out) in source.as_chunks::<GROUP>().0.iter().zip(out.as_chunks_mut::<BITS>().0) {
        let mut string = 0;
        for (place, &code) in codes.iter().enumerate() {
            string |= (u64::from(code) & mask) << (place * BITS);
        }
        out.copy_from_slice(&string.to_le_bytes()[..BITS]);
    }
}

struct Unpacking<'a> {
    source: &'a [u8],
    out: &'a mut [u8],
    bits: usize,
}

impl Kernel for Unpacking<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        with_bits!(self.bits, unpack_groups(self.source, self.out));
    }
}

#[inline(always)]
fn unpack_groups<const BITS: usize>(source: &[u8], out: &mut [u8]) {
    let mask = (1u64 << BITS) - 1;
    for (bytes, codes) in source.as_chunks::<BITS>().0.iter().zip(out.as_chunks_mut::<GROUP>().0) {
        let mut string = [0; 8];
        string[..BITS].copy_from_slice(bytes);
        let string = u64::from_le_bytes(string);
        for (place, code) in codes.iter_mut().enumerate() {
            *code = ((string >> (place * BITS)) & mask) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_lies_in_its_bits_and_comes_back() {
        for bits in 1..=8 {
            let codes: Vec<u8> =
                (0..96u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 & (0xff >> (8 - bits))).collect();
            let packed = pack(&Tensor::from_slice(&codes, &[3, 32]).unwrap(), bits).unwrap();
            assert_eq!(packed.shape(), [3, bits]);
            let words = packed.to_vec::<u32>();
            for (i, &code) in codes.iter().enumerate() {
                let bit = |at: usize| words[at / 32] >> (at % 32) & 1;
                let found = (0..bits).fold(0, |all, b| all | bit(i * bits + b) << b);
                assert_eq!(found, u32::from(code), "code {i} of {bits} bits");
            }
            assert_eq!(unpack(&packed, bits).unwrap().to_vec::<u8>(), codes);
        }
    }
}
