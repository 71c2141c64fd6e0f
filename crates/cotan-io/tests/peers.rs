//! Files that NumPy, MLX and ggml's Python package wrote (`tests/data/make.py`) read as they read them.

mod common;

use std::collections::BTreeMap;

use common::{data, load, many, npy, one, read};
use cotan_io::{DType, ErrorKind, Format, Lazy, MetaValue, load_file};

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect()
}

fn f16s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| cotan_kernels::f16::from_ne_bytes(*b).to_f32()).collect()
}

/// `scale * code + bias`, with the codes taken from the row's bit string.
fn dequantise(arrays: &BTreeMap<String, Lazy>, stem: &str, bits: usize) -> Vec<f32> {
    let words = read(&arrays[&format!("{stem}.weight")]);
    let words: Vec<u32> = words.as_chunks::<4>().0.iter().map(|b| u32::from_ne_bytes(*b)).collect();
    let scales = f16s(&read(&arrays[&format!("{stem}.scales")]));
    let biases = f16s(&read(&arrays[&format!("{stem}.biases")]));
    let per_word = 32 / bits;
    (0..words.len() * per_word)
        .map(|i| {
            let code = words[i / per_word] >> (i % per_word * bits) & ((1 << bits) - 1);
            scales[i / 32] * code as f32 + biases[i / 32]
        })
        .collect()
}

#[test]
fn numpy_archives_read_in_every_order() {
    for name in ["peer_stored.npz", "peer_deflated.npz"] {
        let (arrays, _) = many(load_file(data(name), None).unwrap());
        assert_eq!(arrays.keys().collect::<Vec<_>>(), ["big", "columns", "complex", "empty", "scalar", "truth"]);
        let integers: Vec<u8> = (0..6i32).flat_map(i32::to_ne_bytes).collect();
        assert_eq!((arrays["big"].dtype, read(&arrays["big"])), (DType::I32, integers));
        let doubles: Vec<u8> = (0..24).flat_map(|i| f64::from(i).to_ne_bytes()).collect();
        assert_eq!((&arrays["columns"].shape[..], read(&arrays["columns"])), (&[2, 3, 4][..], doubles));
        assert_eq!(f32s(&read(&arrays["complex"])), [1.0, 2.0, 3.0, -4.0]);
        assert_eq!(read(&arrays["scalar"]), 7u16.to_ne_bytes());
        assert_eq!((&arrays["empty"].shape[..], arrays["empty"].nbytes()), (&[0, 3][..], 0));
        assert_eq!(read(&arrays["truth"]), [1, 0]);
    }
}

#[test]
fn mlx_safetensors_read_without_padding() {
    let (arrays, metadata) = many(load_file(data("peer.safetensors"), None).unwrap());
    assert_eq!(metadata["k"], MetaValue::Str("v".into()));
    assert_eq!(f32s(&read(&arrays["a"])), [1.5, 2.5]);
    assert_eq!(read(&arrays["b"]), [1]);
    assert_eq!(f32s(&read(&arrays["c"])), [1.0, 2.0]);
    assert_eq!(read(&arrays["h"]), [0x3F80u16.to_ne_bytes(), 0x4000u16.to_ne_bytes()].concat());
    assert!(arrays["h"].mapped().is_none(), "an unaligned tensor is copied");
}

#[test]
fn gguf_blocks_decode_as_the_reference_does() {
    let (arrays, metadata) = many(load_file(data("peer.gguf"), None).unwrap());
    let (expected, _) = many(load_file(data("peer_gguf.npz"), None).unwrap());
    let mut checked = 0;
    for (name, lazy) in &arrays {
        let wanted = &expected[name];
        assert_eq!((lazy.dtype, &lazy.shape, read(lazy)), (wanted.dtype, &wanted.shape, read(wanted)), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 3 * 3 + 5);
    for (stem, bits) in [("Q4_0", 4), ("Q4_1", 4), ("Q8_0", 8)] {
        let values = f32s(&read(&expected[&format!("{stem}.values")]));
        let got = dequantise(&arrays, stem, bits);
        assert!(values.iter().zip(&got).all(|(a, b)| (a - b).abs() < 2e-3), "{stem}: {values:?} {got:?}");
        assert_eq!(values.len(), got.len());
    }
    let array =
        |dtype, shape: &[usize], data: &[u8]| MetaValue::Array { dtype, shape: shape.into(), data: data.into() };
    assert_eq!(metadata["words"], MetaValue::Strs(vec!["a".into(), "ß".into()]));
    assert_eq!(metadata["eps"], array(DType::F64, &[], &0.1f64.to_ne_bytes()));
    assert_eq!(metadata["yes"], array(DType::Bool, &[], &[1]));
    assert_eq!(metadata["counts"], array(DType::I32, &[2], &[1i32.to_ne_bytes(), 2i32.to_ne_bytes()].concat()));
}

/// An npy file with a header of one's own.
fn with_header(version: u8, text: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend_from_slice(&[version, 0]);
    match version {
        1 => file.extend_from_slice(&(text.len() as u16).to_le_bytes()),
        _ => file.extend_from_slice(&(text.len() as u32).to_le_bytes()),
    }
    file.extend_from_slice(text.as_bytes());
    file.extend_from_slice(data);
    file
}

#[test]
fn every_npy_version_and_spelling_reads() {
    let headers = [
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }   \n",
        "{\"shape\": (2L,), 'fortran_order':False,'descr': '>i2'}",
        " { 'descr' : '=i2', 'fortran_order' : True , 'shape' : ( 2 , ) } \n\n",
    ];
    for version in 1..=3 {
        for header in headers {
            let swapped = header.contains('>') != cfg!(target_endian = "big");
            let lazy = one(load(with_header(version, header, &[1, 0, 2, 0]), Format::Npy).unwrap());
            assert_eq!((lazy.dtype, &lazy.shape[..]), (DType::I16, &[2][..]));
            let expected = if swapped { [0, 1, 0, 2] } else { [1, 0, 2, 0] };
            assert_eq!(read(&lazy), expected, "{header}");
        }
    }
    assert!(load(with_header(4, headers[0], &[0; 4]), Format::Npy).is_err());
}

#[test]
fn npy_types_that_arrays_lack_are_value_errors() {
    for descr in ["'<c16'", "'<U3'", "'|O'", "'|S4'", "'<M8[s]'", "'|V4'", "[('a', '<f4'), ('b', '<f4', (2, 3))]", "''"]
    {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}\n");
        let error = load(with_header(1, &header, &[0; 64]), Format::Npy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value, "{descr}: {error}");
    }
}

#[test]
fn more_after_an_npy_array_is_left_alone() {
    let mut file = npy(DType::U8, &[2], &[1, 2], false);
    file.extend_from_slice(b"another");
    assert_eq!(read(&one(load(file, Format::Npy).unwrap())), [1, 2]);
}
