//! What is written comes back, in every format, element type and rank.

mod common;

use std::collections::BTreeMap;
use std::io::Write;

use common::{bytes, gguf, load, many, npy, npz, one, read, safetensors, scratch};
use cotan_io::{DType, Error, ErrorKind, Format, MetaValue, Source, Tensor, atomic_write, load_file};

const SHAPES: [&[usize]; 6] = [&[], &[3], &[0], &[2, 0, 3], &[2, 3], &[2, 1, 3, 4]];

#[test]
fn npy_round_trips_every_dtype_and_shape() {
    for dtype in DType::ALL {
        for shape in SHAPES {
            let data = bytes(dtype, shape);
            let file = npy(dtype, shape, &data, false);
            assert_eq!((file.len() - data.len()) % 64, 0);
            let lazy = one(load(file, Format::Npy).unwrap());
            assert_eq!((lazy.dtype, &lazy.shape[..], read(&lazy)), (dtype, shape, data));
        }
    }
}

#[test]
fn npy_headers_are_version_one_and_name_bfloat16_as_numpy_can() {
    let file = npy(DType::Bf16, &[2, 3], &[0; 12], false);
    assert!(file.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<V2', 'fortran_order': False, 'shape': (2, 3), }"));
    let file = npy(DType::Bool, &[5], &[0; 5], true);
    assert!(file[10..].starts_with(b"{'descr': '|b1', 'fortran_order': True, 'shape': (5,), }"));
    assert_eq!(file[127], b'\n');
    let file = npy(DType::F32, &[], &[0; 4], false);
    assert!(file[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (), }"));
}

#[test]
fn column_major_files_read_as_rows() {
    // [[1, 2, 3], [4, 5, 6]] by columns.
    let file = npy(DType::U8, &[2, 3], &[1, 4, 2, 5, 3, 6], true);
    assert_eq!(read(&one(load(file, Format::Npy).unwrap())), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn npz_round_trips_stored_and_deflated() {
    let arrays: Vec<_> = DType::ALL
        .into_iter()
        .flat_map(|dtype| SHAPES.map(|shape| (format!("{dtype}/{shape:?}"), dtype, shape, bytes(dtype, shape))))
        .collect();
    let tensors: Vec<_> =
        arrays.iter().map(|(name, dtype, shape, data)| Tensor { name, dtype: *dtype, shape, data }).collect();
    for compressed in [false, true] {
        let (loaded, metadata) = many(load(npz(&tensors, compressed), Format::Npz).unwrap());
        assert!(metadata.is_empty() && loaded.len() == arrays.len());
        for (name, dtype, shape, data) in &arrays {
            let lazy = &loaded[name];
            assert_eq!((lazy.dtype, &lazy.shape[..], &read(lazy)), (*dtype, *shape, data));
        }
    }
    let (none, _) = many(load(npz(&[], true), Format::Npz).unwrap());
    assert!(none.is_empty());
}

#[test]
fn npz_keeps_odd_names_and_thousands_of_members() {
    let odd = ["", "a/b", "../up", "/root", "ß ☃", "x.npy", "c:\\d"];
    let names: Vec<String> = odd.iter().map(ToString::to_string).chain((0..5000).map(|i| format!("n{i}"))).collect();
    let data = [7];
    let tensors: Vec<_> =
        names.iter().map(|name| Tensor { name, dtype: DType::U8, shape: &[1], data: &data }).collect();
    let (loaded, _) = many(load(npz(&tensors, true), Format::Npz).unwrap());
    for name in &names {
        assert_eq!(read(&loaded[name]), [7], "{name:?}");
    }
    let twice = [tensors[7], tensors[7]];
    let error = cotan_io::save_npz(&mut std::io::Cursor::new(Vec::new()), &twice, false).unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");
}

#[test]
fn safetensors_round_trips_all_but_float64() {
    let arrays: Vec<_> = DType::ALL
        .into_iter()
        .filter(|&dtype| dtype != DType::F64)
        .flat_map(|dtype| SHAPES.map(|shape| (format!("{dtype} {shape:?}"), dtype, shape, bytes(dtype, shape))))
        .collect();
    let tensors: Vec<_> =
        arrays.iter().map(|(name, dtype, shape, data)| Tensor { name, dtype: *dtype, shape, data }).collect();
    let notes = BTreeMap::from([("k".to_owned(), "\"v\"\n".to_owned())]);
    let folder = scratch("safetensors_round_trip");
    let path = folder.join("a.safetensors");
    std::fs::write(&path, safetensors(&tensors, Some(&notes))).unwrap();
    let (loaded, metadata) = many(load_file(&path, None).unwrap());
    assert_eq!(metadata, BTreeMap::from([("k".to_owned(), MetaValue::Str("\"v\"\n".into()))]));
    for (name, dtype, shape, data) in &arrays {
        let lazy = &loaded[name];
        assert_eq!((lazy.dtype, &lazy.shape[..], &read(lazy)), (*dtype, *shape, data));
        assert_eq!(lazy.mapped().is_some(), !data.is_empty(), "every tensor is aligned: {name}");
    }
}

#[test]
fn safetensors_headers_are_sorted_json_with_null_metadata() {
    let tensors = [
        Tensor { name: "b", dtype: DType::U8, shape: &[3], data: &[1, 2, 3] },
        Tensor { name: "a", dtype: DType::F32, shape: &[], data: &[0; 4] },
    ];
    let file = safetensors(&tensors, None);
    let size = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let expected = r#"{"__metadata__":null,"a":{"data_offsets":[0,4],"dtype":"F32","shape":[]},"b":{"data_offsets":[4,7],"dtype":"U8","shape":[3]}}"#;
    assert_eq!(std::str::from_utf8(&file[8..8 + size]).unwrap().trim_end(), expected);
    assert_eq!(&file[8 + size + 4..], [1, 2, 3]);
    assert_eq!(safetensors(&[], None)[8..], *b"{\"__metadata__\":null}   ");
}

#[test]
fn safetensors_refuses_float64_and_the_reserved_name() {
    let wide = Tensor { name: "x", dtype: DType::F64, shape: &[1], data: &[0; 8] };
    let error = cotan_io::save_safetensors(&mut Vec::new(), &[wide], None).unwrap_err();
    assert_eq!((error.kind(), matches!(error, Error::UnsupportedDtype { .. })), (ErrorKind::Runtime, true));
    let reserved = Tensor { name: "__metadata__", dtype: DType::U8, shape: &[1], data: &[0] };
    assert!(matches!(cotan_io::save_safetensors(&mut Vec::new(), &[reserved], None), Err(Error::Name { .. })));
}

#[test]
fn gguf_round_trips_what_it_can_hold_and_refuses_the_rest() {
    for dtype in DType::ALL {
        let fits = matches!(dtype, DType::F32 | DType::F16 | DType::I8 | DType::I16 | DType::I32);
        for shape in SHAPES {
            let data = bytes(dtype, shape);
            let tensors = [
                Tensor { name: "first", dtype, shape, data: &data },
                Tensor { name: "second.weight", dtype, shape, data: &data },
            ];
            if fits {
                let (loaded, _) = many(load(gguf(&tensors, &[]), Format::Gguf).unwrap());
                for lazy in loaded.values() {
                    assert_eq!((lazy.dtype, &lazy.shape[..], &read(lazy)), (dtype, shape, &data));
                }
                assert_eq!(loaded.len(), 2);
            } else {
                let error = cotan_io::save_gguf(&mut Vec::new(), &tensors, &[]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Runtime, "{error}");
            }
        }
    }
}

#[test]
fn gguf_metadata_round_trips() {
    let mut metadata = vec![
        ("text".to_owned(), MetaValue::Str("ß".into())),
        ("texts".to_owned(), MetaValue::Strs(vec!["a".into(), String::new()])),
        ("none".to_owned(), MetaValue::Strs(Vec::new())),
        (
            "general.alignment".to_owned(),
            MetaValue::Array { dtype: DType::U32, shape: vec![], data: 64u32.to_ne_bytes().to_vec() },
        ),
    ];
    let storable = |dtype| !matches!(dtype, DType::F16 | DType::Bf16 | DType::C64);
    for dtype in DType::ALL.into_iter().filter(|&dtype| storable(dtype)) {
        for shape in [vec![], vec![3]] {
            let data = bytes(dtype, &shape);
            metadata.push((format!("{dtype} {shape:?}"), MetaValue::Array { dtype, shape, data }));
        }
    }
    let tensor = Tensor { name: "t", dtype: DType::I8, shape: &[3], data: &[1, 2, 3] };
    let file = gguf(&[tensor, Tensor { name: "u", ..tensor }], &metadata);
    assert_eq!(file.len() % 64, 3, "alignment as asked for");
    let (arrays, loaded) = many(load(file, Format::Gguf).unwrap());
    assert_eq!(loaded, metadata.into_iter().collect());
    assert_eq!(read(&arrays["u"]), [1, 2, 3]);
}

#[test]
fn gguf_metadata_that_does_not_fit_is_refused() {
    let save = |dtype: DType, shape: Vec<usize>| {
        let data = bytes(dtype, &shape);
        let metadata = [("k".to_owned(), MetaValue::Array { dtype, shape, data })];
        cotan_io::save_gguf(&mut Vec::new(), &[], &metadata).map_err(|e| e.kind())
    };
    assert_eq!(save(DType::C64, vec![]), Err(ErrorKind::Value));
    assert_eq!(save(DType::F16, vec![2]), Err(ErrorKind::Value));
    assert_eq!(save(DType::F32, vec![2, 2]), Err(ErrorKind::Runtime));
    assert_eq!(save(DType::F32, vec![0]), Err(ErrorKind::Runtime));
}

#[test]
fn formats_follow_the_last_extension() {
    assert_eq!(Format::from_extension("a.b.npz".as_ref()).unwrap(), Format::Npz);
    for path in ["a", "a.foo", "npy", ".npy"] {
        assert_eq!(Format::from_extension(path.as_ref()).unwrap_err().kind(), ErrorKind::Value);
    }
    for (name, kind) in [
        ("no.npy", ErrorKind::Runtime),
        ("no.safetensors", ErrorKind::Runtime),
        ("no.gguf", ErrorKind::Value),
        ("no.npz", ErrorKind::Value),
    ] {
        assert_eq!(load_file(name, None).unwrap_err().kind(), kind, "{name}");
    }
    assert_eq!(load_file(".", Some(Format::Npy)).unwrap_err().kind(), ErrorKind::Runtime);
}

#[test]
fn a_buffer_of_the_wrong_length_is_refused() {
    let lazy = one(load(npy(DType::F32, &[2], &[0; 8], false), Format::Npy).unwrap());
    assert!(matches!(lazy.read_into(&mut [0; 4]), Err(Error::Length { expected: 8, given: 4, .. })));
    assert!(matches!(
        cotan_io::save_npy(&mut Vec::new(), DType::F32, &[3], &[0; 8], false),
        Err(Error::Length { expected: 12, given: 8, .. })
    ));
}

#[test]
fn mapped_arrays_outlive_the_file_and_its_replacement() {
    let folder = scratch("mapped");
    let path = folder.join("a.npy");
    let save = |value: u8| {
        atomic_write(&path, |w| cotan_io::save_npy(w, DType::U8, &[4], &[value; 4], false)).unwrap();
    };
    save(1);
    let lazy = one(load_file(&path, None).unwrap());
    let range = lazy.mapped().unwrap();
    save(2);
    assert_eq!(read(&lazy), [1; 4]);
    // SAFETY: the range is owned by `range` and nothing else refers to it.
    let view = unsafe { std::slice::from_raw_parts_mut(range.as_ptr().as_ptr(), range.len) };
    view[0] = 9;
    assert_eq!(view, [9, 1, 1, 1]);
    assert_eq!(read(&one(load_file(&path, None).unwrap())), [2; 4]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(view, [9, 1, 1, 1]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "no temporary file stays");
}

#[test]
fn a_file_that_shrank_is_an_error_not_a_crash() {
    let folder = scratch("shrank");
    let path = folder.join("a.npy");
    std::fs::write(&path, npy(DType::U8, &[100_000], &[1; 100_000], false)).unwrap();
    let lazy = one(load_file(&path, None).unwrap());
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    assert!(lazy.mapped().is_none());
    assert!(matches!(lazy.read_into(&mut vec![0; 100_000]), Err(Error::Shrank { now: 100, .. })));
}

#[test]
fn a_failed_write_leaves_the_old_file_whole() {
    let folder = scratch("failed_write");
    let path = folder.join("a.bin");
    std::fs::write(&path, b"old").unwrap();
    let failed = atomic_write(&path, |w| {
        w.write_all(b"half")?;
        Err(std::io::Error::other("disk").into())
    });
    assert!(matches!(failed, Err(Error::Write { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let missing = atomic_write(folder.join("none/a.npy"), |_| Ok(()));
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::Runtime);
}

#[cfg(unix)]
#[test]
fn writing_follows_links_and_keeps_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = scratch("links");
    let (real, link) = (folder.join("real"), folder.join("link"));
    std::fs::write(&real, b"old").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &link).unwrap();
    atomic_write(&link, |w| Ok(w.write_all(b"new")?)).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read(&real).unwrap(), b"new");
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    atomic_write("/dev/null", |w| Ok(w.write_all(b"gone")?)).unwrap();
}

#[test]
fn bytes_in_memory_are_not_mapped() {
    let source = Source::from(npy(DType::U8, &[1], &[1], false));
    assert!(one(cotan_io::load(source, Format::Npy).unwrap()).mapped().is_none());
}
