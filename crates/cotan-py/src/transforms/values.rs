//! Nested containers of arrays and numbers, as control flow and Jacobians take and return them.

use cotan::Array;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::array::PyArray;
use crate::error::{Fault, Result, type_error, value_error};
use crate::operand::Operand;
use crate::pytree::Structure;

/// As in [`crate::pytree`]: a list may contain itself.
const MAX_DEPTH: usize = 512;

/// Arrays in order, how they were nested, and what each is called.
pub struct Values {
    pub arrays: Vec<Array>,
    pub structure: Structure,
    pub names: Vec<String>,
}

/// Takes nested containers of arrays, numbers and None apart; `what` is what errors call the whole.
pub fn take_apart(transform: &str, what: &str, object: &Bound<'_, PyAny>) -> Result<Values> {
    let mut walk = Walk { transform, arrays: Vec::new(), names: Vec::new() };
    let structure = walk.any(object, what.to_owned(), 0)?;
    Ok(Values { arrays: walk.arrays, structure, names: walk.names })
}

/// Takes an object apart that must be nested like `expected`; its arrays come in that order.
pub fn take_apart_like(
    transform: &str,
    what: &str,
    object: &Bound<'_, PyAny>,
    expected: &Structure,
) -> Result<Vec<Array>> {
    let mut walk = Walk { transform, arrays: Vec::new(), names: Vec::new() };
    walk.like(object, expected, what.to_owned())?;
    Ok(walk.arrays)
}

struct Walk<'a> {
    transform: &'a str,
    arrays: Vec<Array>,
    names: Vec<String>,
}

impl Walk<'_> {
    fn any(&mut self, object: &Bound<'_, PyAny>, name: String, depth: usize) -> Result<Structure> {
        if depth > MAX_DEPTH {
            let message = format!("containers are nested deeper than {MAX_DEPTH}; does one contain itself?");
            return Err(value_error(format!("{}: {message}", self.transform)));
        }
        let py = object.py();
        let mut all = |items: Vec<Bound<'_, PyAny>>| {
            let items = items.into_iter().enumerate();
            items.map(|(i, item)| self.any(&item, format!("{name}[{i}]"), depth + 1)).collect::<Result<Vec<_>>>()
        };
        if let Ok(list) = object.cast_exact::<PyList>() {
            return Ok(Structure::List(all(list.iter().collect())?));
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            let items = all(tuple.iter().collect())?;
            let named = object.hasattr(pyo3::intern!(py, "_fields"))?;
            let class = || object.get_type().into_any().unbind();
            return Ok(if named { Structure::Named(class(), items) } else { Structure::Tuple(items) });
        }
        if let Ok(dict) = object.cast_exact::<PyDict>() {
            let mut items = Vec::with_capacity(dict.len());
            for (key, value) in dict.iter() {
                let name = format!("{name}[{}]", key.repr()?);
                items.push((key.unbind(), self.any(&value, name, depth + 1)?));
            }
            return Ok(Structure::Dict(items));
        }
        if object.is_none() {
            return Ok(Structure::Other(py.None()));
        }
        let array = self.leaf(object, &name)?;
        self.arrays.push(array);
        self.names.push(name);
        Ok(Structure::Leaf)
    }

    fn leaf(&self, object: &Bound<'_, PyAny>, name: &str) -> Result<Array> {
        if let Ok(array) = object.cast::<PyArray>() {
            return Ok(array.get().get());
        }
        match Operand::of(object) {
            Ok(Operand::Array(array) | Operand::Foreign(array)) => Ok(array),
            Ok(Operand::Number(number)) => Ok(number.array()),
            Err(_) => {
                let given = object.get_type().name()?;
                Err(type_error(format!("{}: {name} is a {given}; expected arrays and numbers", self.transform)))
            }
        }
    }

    fn like(&mut self, object: &Bound<'_, PyAny>, expected: &Structure, name: String) -> Result<()> {
        let py = object.py();
        let mismatch = |transform: &str, kind: &str| -> Fault {
            let given = object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
            value_error(format!("{transform}: {name} is a {given} where {kind} is expected"))
        };
        let (items, parts): (&[Structure], Vec<Bound<'_, PyAny>>) = match expected {
            Structure::Leaf => {
                if object.is_none() || object.cast::<PyTuple>().is_ok() || object.cast::<PyList>().is_ok() {
                    return Err(mismatch(self.transform, "an array"));
                }
                let array = self.leaf(object, &name)?;
                self.arrays.push(array);
                return Ok(());
            }
            Structure::Other(_) if object.is_none() => return Ok(()),
            Structure::Other(_) => return Err(mismatch(self.transform, "None")),
            Structure::List(items) => match object.cast_exact::<PyList>() {
                Ok(list) => (items, list.iter().collect()),
                Err(_) => return Err(mismatch(self.transform, "a list")),
            },
            Structure::Tuple(items) => match object.cast_exact::<PyTuple>() {
                Ok(tuple) => (items, tuple.iter().collect()),
                Err(_) => return Err(mismatch(self.transform, "a tuple")),
            },
            Structure::Named(class, items) => match object.cast::<PyTuple>() {
                Ok(tuple) if object.get_type().is(class.bind(py)) => (items, tuple.iter().collect()),
                _ => {
                    let class = class.bind(py).getattr("__name__")?;
                    return Err(mismatch(self.transform, &format!("a {class}")));
                }
            },
            Structure::Dict(items) => {
                let Ok(dict) = object.cast_exact::<PyDict>() else { return Err(mismatch(self.transform, "a dict")) };
                return self.dict_like(dict, items, &name);
            }
        };
        if items.len() != parts.len() {
            let (given, count) = (parts.len(), items.len());
            return Err(value_error(format!("{}: {name} has {given} items, expected {count}", self.transform)));
        }
        let mut pairs = items.iter().zip(parts).enumerate();
        pairs.try_for_each(|(i, (item, part))| self.like(&part, item, format!("{name}[{i}]")))
    }

    fn dict_like(&mut self, dict: &Bound<'_, PyDict>, items: &[(Py<PyAny>, Structure)], name: &str) -> Result<()> {
        let py = dict.py();
        for (key, item) in items {
            let repr = key.bind(py).repr()?;
            let Some(value) = dict.get_item(key)? else {
                return Err(value_error(format!("{}: {name} lacks the key {repr}", self.transform)));
            };
            self.like(&value, item, format!("{name}[{repr}]"))?;
        }
        for key in dict.keys() {
            if items.iter().try_fold(false, |found, (known, _)| Ok::<_, PyErr>(found || key.eq(known)?))? {
                continue;
            }
            return Err(value_error(format!("{}: {name} has the unexpected key {}", self.transform, key.repr()?)));
        }
        Ok(())
    }
}
