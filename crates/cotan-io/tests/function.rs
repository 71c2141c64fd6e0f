//! Function files: what is written is read back, and nothing else is.

use cotan::export::{Definition, Exporter, Function};
use cotan::transforms::Traced;
use cotan::{Array, DType, Error, ops};
use cotan_io::{Lazy, Source, Tensor, load_function, save_function};
use cotan_kernels::Output;
use proptest::prelude::*;

/// `x * 2 + c` for a pair, with a constant that was computed and one that was not.
fn exported() -> (Definition, Vec<Array>) {
    let x = Array::from_slice(&[1.0f32, -2.0], &[2]).unwrap();
    let c = Array::from_slice(&[0.5f32, 0.25], &[2]).unwrap();
    let f = |x: &[Array]| -> cotan::Result<Vec<Array>> {
        let doubled = ops::multiply(&x[0], &Array::scalar(2.0f32))?;
        Ok(vec![ops::add(&doubled, &c)?, ops::sum(&x[0], None, false)?])
    };
    let traced = Traced::record("export", &[x.spec()], f).unwrap().simplified();
    let mut exporter = Exporter::new("twice and a bit");
    exporter.add(0, &["x".into()], &traced).unwrap();
    exporter.finish()
}

fn write(definition: &Definition, constants: &[Array]) -> Vec<u8> {
    let tensors: Vec<cotan::Tensor> =
        constants.iter().map(|array| array.tensor().unwrap().to_row_major().unwrap()).collect();
    let borrow = |tensor| {
        let tensor: &cotan::Tensor = tensor;
        Tensor { name: "", dtype: tensor.dtype(), shape: tensor.shape(), data: tensor.as_bytes().unwrap() }
    };
    let mut file = Vec::new();
    save_function(&mut file, definition, &tensors.iter().map(borrow).collect::<Vec<_>>()).unwrap();
    file
}

fn array(lazy: &Lazy) -> Array {
    let mut output = Output::new(lazy.dtype, &lazy.shape).unwrap();
    lazy.read_into(output.bytes_mut()).unwrap();
    Array::from_tensor(output.finish())
}

fn read(file: Vec<u8>) -> Result<Function, String> {
    let (definition, constants) = load_function(&Source::from(file)).map_err(|error| error.to_string())?;
    let constants: Vec<_> = constants.iter().map(array).collect();
    Function::new(definition, &constants).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_read_back() {
    let (definition, constants) = exported();
    let function = read(write(&definition, &constants)).unwrap();
    assert_eq!(function.metadata(), "twice and a bit");
    let x = Array::from_slice(&[3.0f32, 4.0], &[2]).unwrap();
    let results = function.call(&[], &[("x".into(), x.clone())]).unwrap();
    assert_eq!(results[0].to_vec::<f32>().unwrap(), [6.5, 8.25]);
    assert_eq!(results[1].item::<f32>().unwrap(), 7.0);
    assert!(matches!(function.call(&[x], &[]), Err(Error::Value { .. })));
}

#[test]
fn a_read_function_has_derivatives() {
    let (definition, constants) = exported();
    let function = read(write(&definition, &constants)).unwrap();
    let f = |x: &Array| -> cotan::Result<Array> { function.call(&[], &[("x".into(), x.clone())])?[0].sum(None, false) };
    let x = Array::from_slice(&[3.0f32, 4.0], &[2]).unwrap();
    assert_eq!(cotan::grad(f)(&x).unwrap().to_vec::<f32>().unwrap(), [2.0, 2.0]);
}

#[test]
fn every_element_type_is_held() {
    for dtype in DType::ALL {
        let c = ops::ones(&[3], dtype);
        c.eval().unwrap();
        let traced = Traced::record("export", &[], |_| Ok::<_, Error>(vec![c.clone()])).unwrap();
        let mut exporter = Exporter::new("");
        exporter.add(0, &[], &traced).unwrap();
        let (definition, constants) = exporter.finish();
        let results = read(write(&definition, &constants)).unwrap().call(&[], &[]).unwrap();
        assert_eq!((results[0].dtype(), results[0].shape()), (dtype, &[3][..]));
    }
}

#[test]
fn no_truncation_is_a_function() {
    let (definition, constants) = exported();
    let file = write(&definition, &constants);
    for len in 0..file.len() {
        assert!(read(file[..len].to_vec()).is_err(), "{len} of {} bytes", file.len());
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let (definition, constants) = exported();
        let mut file = write(&definition, &constants);
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok(function) = read(file) {
            let x = Array::from_slice(&[3.0f32, 4.0], &[2]).unwrap();
            if let Ok(results) = function.call(&[], &[("x".into(), x)]) {
                let _ = cotan::eval(&results);
            }
        }
    }
}
