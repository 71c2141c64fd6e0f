//! Broken files end in an error, never in a panic or a large allocation.

mod common;

use common::{bytes, data, gguf, load, npy, npz, safetensors};
use cotan_io::{DType, Error, ErrorKind, Format, Loaded, MetaValue, Tensor};
use proptest::prelude::*;

const FORMATS: [Format; 4] = [Format::Npy, Format::Npz, Format::Safetensors, Format::Gguf];

/// Loads and reads everything, whatever comes of it. Nothing may be larger than the file can justify.
fn exercise(file: Vec<u8>, format: Format) {
    let size = file.len();
    let arrays = match load(file, format) {
        Ok(Loaded::Array(lazy)) => vec![lazy],
        Ok(Loaded::Arrays { arrays, .. }) => arrays.into_iter().map(|(_, lazy)| lazy).collect(),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for lazy in arrays {
        assert!(lazy.nbytes() <= size * 1100, "{} bytes from a file of {size}", lazy.nbytes());
        let mut out = vec![0; lazy.nbytes()];
        if let Err(error) = lazy.read_into(&mut out) {
            assert_eq!(error.kind(), ErrorKind::Runtime);
        }
        assert!(lazy.mapped().is_none());
    }
}

/// Valid files of every format to start from.
fn seeds() -> Vec<(Format, Vec<u8>)> {
    let (a, b) = (bytes(DType::F32, &[2, 3]), bytes(DType::I16, &[40]));
    let tensors = [
        Tensor { name: "a.weight", dtype: DType::F32, shape: &[2, 3], data: &a },
        Tensor { name: "b", dtype: DType::I16, shape: &[40], data: &b },
    ];
    let notes = [
        ("s".to_owned(), MetaValue::Str("text".into())),
        ("l".to_owned(), MetaValue::Strs(vec!["x".into(), "y".into()])),
        ("n".to_owned(), MetaValue::Array { dtype: DType::I32, shape: vec![1], data: vec![1; 4] }),
    ];
    let peer = |name| std::fs::read(data(name)).unwrap();
    vec![
        (Format::Npy, npy(DType::F32, &[2, 3], &a, true)),
        (Format::Npz, npz(&tensors, false)),
        (Format::Npz, npz(&tensors, true)),
        (Format::Npz, peer("peer_deflated.npz")),
        (Format::Safetensors, safetensors(&tensors, None)),
        (Format::Safetensors, peer("peer.safetensors")),
        (Format::Gguf, gguf(&tensors, &notes)),
        (Format::Gguf, peer("peer.gguf")),
    ]
}

/// One damage: overwrite with a telling value, flip, insert, delete or move bytes.
#[derive(Clone, Debug)]
enum Damage {
    Put(prop::sample::Index, u8),
    Wide(prop::sample::Index, u64),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Truncate(prop::sample::Index),
    Digits(prop::sample::Index, char),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let telling = prop_oneof![
        Just(u64::MAX),
        Just(1 << 63),
        Just(u64::from(u32::MAX)),
        Just(1 << 40),
        Just(0),
        Just(u64::MAX - 7),
        any::<u64>(),
    ];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, b)| Damage::Put(i, b)),
        (at(), telling).prop_map(|(i, v)| Damage::Wide(i, v)),
        (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(i, v)| Damage::Insert(i, v)),
        (at(), 1..40usize).prop_map(|(i, n)| Damage::Delete(i, n)),
        at().prop_map(Damage::Truncate),
        (at(), prop::sample::select(vec!['0', '9', '-', '(', '[', '{', '"', '\'', 'e', '.']))
            .prop_map(|(i, c)| Damage::Digits(i, c)),
    ]
}

fn apply(file: &mut Vec<u8>, damage: &Damage) {
    if file.is_empty() {
        return;
    }
    match damage {
        Damage::Put(at, byte) => {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        Damage::Wide(at, value) => {
            let at = at.index(file.len());
            let end = file.len().min(at + 8);
            file[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Damage::Insert(at, extra) => {
            let at = at.index(file.len());
            file.splice(at..at, extra.iter().copied());
        }
        Damage::Delete(at, count) => {
            let at = at.index(file.len());
            file.drain(at..file.len().min(at + count));
        }
        Damage::Truncate(at) => file.truncate(at.index(file.len())),
        // Replaces a digit, which headers in text are full of.
        Damage::Digits(at, with) => {
            let digits: Vec<usize> = (0..file.len().min(400)).filter(|&i| file[i].is_ascii_digit()).collect();
            if !digits.is_empty() {
                file[digits[at.index(digits.len())]] = *with as u8;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(seed in any::<prop::sample::Index>(), faults in prop::collection::vec(damage(), 1..5)) {
        let mut seeds = seeds();
        let (format, mut file) = seeds.swap_remove(seed.index(seeds.len()));
        faults.iter().for_each(|fault| apply(&mut file, fault));
        exercise(file, format);
    }

    #[test]
    fn random_bytes_never_panic(mut file in prop::collection::vec(any::<u8>(), 0..300), format in 0..4usize, prefixed: bool) {
        if prefixed {
            let prefix: &[u8] = match FORMATS[format] {
                Format::Npy => b"\x93NUMPY\x01\x00\x40\x00",
                Format::Npz => b"PK\x05\x06",
                Format::Safetensors => b"\x40\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[",
                Format::Gguf => b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0",
            };
            file.splice(0..0, prefix.iter().copied());
        }
        exercise(file, FORMATS[format]);
    }

    #[test]
    fn random_python_and_json_never_panic(text in "[\\[\\](){}'\",:0-9a-zTrueFalse \\\\-]{0,120}") {
        let mut npy = b"\x93NUMPY\x01\x00".to_vec();
        npy.extend_from_slice(&(text.len() as u16).to_le_bytes());
        npy.extend_from_slice(text.as_bytes());
        exercise(npy, Format::Npy);
        exercise(json(&text, &[]), Format::Safetensors);
    }
}

#[test]
fn every_truncation_is_an_error() {
    for (format, file) in seeds() {
        // ggml's own writer pads the end, which may be missing.
        let padding = if format == Format::Gguf { 31 } else { 0 };
        for len in 0..file.len() - padding {
            assert!(load(file[..len].to_vec(), format).is_err(), "{format} cut to {len} of {}", file.len());
        }
    }
}

fn json(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    file
}

#[test]
fn safetensors_layouts_are_exact() {
    let entry = |dtype: &str, shape: &str, begin: u64, end: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let load = |header: String| load(json(&header, &[0; 8]), Format::Safetensors).map(|_| ()).map_err(|e| e.kind());
    let bad = Err(ErrorKind::Runtime);
    let x = |entry: String| format!(r#"{{"x":{entry}}}"#);
    assert_eq!(load(x(entry("U8", "[8]", 0, 8))), Ok(()));
    assert_eq!(load(x(entry("F8_E4M3", "[2,4]", 0, 8))), Ok(()));
    assert_eq!(load(x(entry("F8_E8M0", "[8]", 0, 8))), Ok(()));
    assert_eq!(load(format!(r#"{{"x":{},"y":{}}}"#, entry("U8", "[8]", 0, 8), entry("U8", "[0]", 8, 8))), Ok(()));
    // Types, shapes and ranges that do not fit.
    for dtype in ["F64", "F8_E5M2", "F4", "u8", ""] {
        assert_eq!(load(x(entry(dtype, "[1]", 0, 8))), bad, "{dtype}");
    }
    for shape in [
        "[7]",
        "[9]",
        "[-8]",
        "[8.0]",
        "[]",
        "8",
        "[18446744073709551615,18446744073709551615]",
        "[4294967296,4294967296,0]",
    ] {
        assert_eq!(load(x(entry("U8", shape, 0, 8))), bad, "{shape}");
    }
    for (begin, end) in [(0, 7), (1, 8), (0, 9), (8, 0), (u64::MAX, 7), (0, u64::MAX)] {
        assert_eq!(load(x(entry("U8", "[8]", begin, end))), bad, "{begin}..{end}");
    }
    // Overlap, hole, repeated name, wrong metadata, no tensors for the data.
    for (a, b) in [((0, 5), (4, 8)), ((0, 3), (4, 8)), ((0, 8), (0, 8))] {
        let of = |(begin, end): (u64, u64)| entry("U8", &format!("[{}]", end - begin), begin, end);
        assert_eq!(load(format!(r#"{{"a":{},"b":{}}}"#, of(a), of(b))), bad);
    }
    let whole = entry("U8", "[4]", 0, 4);
    assert_eq!(load(format!(r#"{{"a":{whole},"a":{}}}"#, entry("U8", "[4]", 4, 8))), bad);
    assert_eq!(load(r#"{"__metadata__":{"k":3}}"#.into()), bad);
    assert_eq!(load("{}".into()), bad);
    assert_eq!(load("[]".into()), bad);
    assert_eq!(load(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), bad);
    assert_eq!(load(format!(r#"{{"x":{{"y":{}"#, r#"{"a":"#.repeat(100_000))), bad);
}

#[test]
fn a_header_cannot_claim_more_than_the_file() {
    let mut file = u64::MAX.to_le_bytes().to_vec();
    file.extend_from_slice(b"{}");
    assert!(load(file, Format::Safetensors).is_err());
    for shape in [
        "(1000000000000,)",
        "(18446744073709551616,)",
        "(4294967296, 4294967296)",
        "(4294967296, 4294967296, 0)",
        "(-1,)",
    ] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend_from_slice(&(header.len() as u16).to_le_bytes());
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(&[0; 16]);
        assert_eq!(load(file, Format::Npy).unwrap_err().kind(), ErrorKind::Runtime, "{shape}");
    }
}

#[test]
fn a_member_whose_size_or_checksum_lies_is_refused() {
    let zeros = vec![0u8; 1 << 20];
    let tensor = Tensor { name: "a", dtype: DType::U8, shape: &[1 << 20], data: &zeros };
    let good = npz(&[tensor], true);
    exercise(good.clone(), Format::Npz);
    // The unpacked size stands 24 bytes into the central directory's entry.
    let entry = good.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    for lie in [0u32, 1 << 19, 1 << 21, u32::MAX - 1] {
        let mut file = good.clone();
        file[entry + 24..entry + 28].copy_from_slice(&lie.to_le_bytes());
        assert!(load(file, Format::Npz).is_err(), "{lie}");
    }
    let stored = npz(&[Tensor { shape: &[16], data: &zeros[..16], ..tensor }], false);
    let mut file = stored.clone();
    let data = stored.windows(16).position(|w| w == [0; 16]).unwrap();
    file[data] = 1;
    let Loaded::Arrays { arrays, .. } = load(file, Format::Npz).unwrap() else { unreachable!() };
    assert!(matches!(arrays[0].1.read_into(&mut [0; 16]), Err(Error::Malformed { .. })));
}

#[test]
fn files_of_another_kind_are_refused() {
    for format in FORMATS {
        for file in [&b""[..], b"garbage garbage garbage garbage", b"\x93NUMPY", b"PK\x03\x04", b"GGUF"] {
            let error = load(file.to_vec(), format).unwrap_err();
            let expected = if format == Format::Npz { ErrorKind::Value } else { ErrorKind::Runtime };
            assert_eq!(error.kind(), expected, "{format}: {error}");
        }
    }
    let mut readme = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    readme.start_file("readme.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let file = readme.finish().unwrap().into_inner();
    assert_eq!(load(file, Format::Npz).unwrap_err().kind(), ErrorKind::Runtime);
}

/// A gguf file of one tensor or one metadata pair, by hand.
fn gguf_with(pairs: u64, tensors: u64, body: &[&[u8]]) -> Vec<u8> {
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    file.extend_from_slice(&tensors.to_le_bytes());
    file.extend_from_slice(&pairs.to_le_bytes());
    body.iter().for_each(|part| file.extend_from_slice(part));
    file
}

#[test]
fn gguf_counts_and_types_are_checked() {
    let key: &[u8] = b"\x01\0\0\0\0\0\0\0k";
    let word = |value: u32| value.to_le_bytes();
    let size = |value: u64| value.to_le_bytes();
    let kind = |file| load(file, Format::Gguf).map(|_| ()).map_err(|e| e.kind());
    let bad = Err(ErrorKind::Runtime);
    assert_eq!(kind(gguf_with(0, 0, &[])), Ok(()));
    assert_eq!(kind(gguf_with(u64::MAX, u64::MAX, &[])), bad);
    let nested: [&[u8]; 5] = [key, &word(9), &word(9), &size(1), &[0; 32]];
    assert_eq!(kind(gguf_with(1, 0, &nested)), Err(ErrorKind::Value));
    assert_eq!(kind(gguf_with(1, 0, &[key, &word(9), &word(8), &size(u64::MAX)])), bad);
    assert_eq!(kind(gguf_with(1, 0, &[key, &word(9), &word(4), &size(1 << 62)])), bad);
    assert_eq!(kind(gguf_with(1, 0, &[key, &word(7), &[2]])), bad);
    assert_eq!(kind(gguf_with(1, 0, &[key, &word(77), &[0; 8]])), bad);
    let tensor = |n: u64, code: u32, offset: u64| {
        let info: [&[u8]; 6] = [key, &word(1), &size(n), &word(code), &size(offset), &[0; 64]];
        kind(gguf_with(0, 1, &info))
    };
    assert_eq!(tensor(8, 24, 0), Ok(()));
    assert_eq!(tensor(64, 2, 0), Ok(()));
    assert_eq!(tensor(33, 2, 0), bad, "a partial block");
    assert_eq!(tensor(1 << 30, 24, 0), bad);
    assert_eq!(tensor(8, 24, u64::MAX), bad);
    assert_eq!(tensor(u64::MAX, 24, 0), bad);
    for code in [6, 7, 27, 28, 34, 99] {
        assert_eq!(tensor(32, code, 0), bad, "{code}");
    }
    let twice: [&[u8]; 11] =
        [key, &word(0), &word(24), &size(0), key, &word(0), &word(24), &size(0), &[0; 32], &[0; 32], &[0; 32]];
    assert_eq!(kind(gguf_with(0, 2, &twice)), bad, "one name twice");
}
