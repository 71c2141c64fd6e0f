//! Helpers that the tests share.
#![allow(dead_code, reason = "each test file uses some of them")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;

use cotan_io::{DType, Format, Lazy, Loaded, MetaValue, Result, Source, Tensor};

pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A path for this test alone; the folder is empty.
pub fn scratch(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn read(lazy: &Lazy) -> Vec<u8> {
    let mut out = vec![0xAA; lazy.nbytes()];
    lazy.read_into(&mut out).unwrap();
    out
}

pub fn load(bytes: Vec<u8>, format: Format) -> Result<Loaded> {
    cotan_io::load(Source::from(bytes), format)
}

pub fn one(loaded: Loaded) -> Lazy {
    match loaded {
        Loaded::Array(lazy) => lazy,
        Loaded::Arrays { .. } => panic!("more than one array"),
    }
}

pub fn many(loaded: Loaded) -> (BTreeMap<String, Lazy>, BTreeMap<String, MetaValue>) {
    match loaded {
        Loaded::Array(_) => panic!("one array"),
        Loaded::Arrays { arrays, metadata } => (arrays.into_iter().collect(), metadata.into_iter().collect()),
    }
}

/// Distinct bytes for a tensor; truth values stay 0 and 1.
pub fn bytes(dtype: DType, shape: &[usize]) -> Vec<u8> {
    let count = shape.iter().product::<usize>() * dtype.size();
    let modulus = if dtype == DType::Bool { 2 } else { 251 };
    (0..count).map(|i| (i % modulus) as u8).collect()
}

pub fn npy(dtype: DType, shape: &[usize], data: &[u8], fortran: bool) -> Vec<u8> {
    let mut file = Vec::new();
    cotan_io::save_npy(&mut file, dtype, shape, data, fortran).unwrap();
    file
}

pub fn npz(arrays: &[Tensor<'_>], compressed: bool) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    cotan_io::save_npz(&mut file, arrays, compressed).unwrap();
    file.into_inner()
}

pub fn safetensors(arrays: &[Tensor<'_>], metadata: Option<&BTreeMap<String, String>>) -> Vec<u8> {
    let mut file = Vec::new();
    cotan_io::save_safetensors(&mut file, arrays, metadata).unwrap();
    file
}

pub fn gguf(arrays: &[Tensor<'_>], metadata: &[(String, MetaValue)]) -> Vec<u8> {
    let mut file = Vec::new();
    cotan_io::save_gguf(&mut file, arrays, metadata).unwrap();
    file
}
