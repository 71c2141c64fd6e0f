//! 8-bit floats: the e4m3 format of the OCP "8-bit Floating Point Specification" (2023), without infinities.

use cotan_kernels::simd::{Isa, Map1, Tile};
use cotan_kernels::{DType, quant};

#[derive(Clone, Copy)]
struct Encode;

impl Map1<f32, u8> for Encode {
    #[inline(always)]
    fn call<I: Isa>(x: f32) -> u8 {
        quant::fp8_code(x)
    }
}

#[derive(Clone, Copy)]
struct Decode;

impl Map1<u8, f32> for Decode {
    #[inline(always)]
    fn call<I: Isa>(code: u8) -> f32 {
        quant::fp8(code)
    }
}

pub(super) fn encode_tile(dtype: DType) -> Option<Tile> {
    (dtype == DType::F32).then(Tile::map1::<f32, u8, Encode>)
}

pub(super) fn decode_tile(dtype: DType) -> Option<Tile> {
    (dtype == DType::U8).then(Tile::map1::<u8, f32, Decode>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cotan_kernels::simd::map1_slice;

    #[test]
    fn every_code_but_nan_survives_a_round_trip() {
        let codes: Vec<u8> = (0..=255).collect();
        let (mut values, mut back) = (vec![0.0; 256], vec![0; 256]);
        map1_slice::<u8, f32, Decode>(&codes, &mut values);
        map1_slice::<f32, u8, Encode>(&values, &mut back);
        for code in (0..=255u8).filter(|code| code & 0x7f != 0x7f) {
            assert_eq!(back[usize::from(code)], code);
        }
        assert_eq!((values[0x7e], values[1], values[0xb8]), (448.0, 1.0 / 512.0, -1.0));
    }

    #[test]
    fn values_round_to_nearest_even_and_saturate() {
        let values = [1.0, -1.0, 448.0, 500.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0 / 1024.0, 3.0 / 1024.0];
        let mut codes = [0; 9];
        map1_slice::<f32, u8, Encode>(&values, &mut codes);
        assert_eq!(codes, [56, 184, 126, 126, 126, 126, 254, 0, 2]);
    }
}
