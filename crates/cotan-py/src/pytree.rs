//! Nested lists, tuples and dicts of arrays, taken apart and put together.

use cotan::Array;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::array::PyArray;
use crate::error::{Result, value_error};
use crate::random::RandomState;

/// Containers within containers deeper than this are refused: a list may contain itself.
const MAX_DEPTH: usize = 512;

/// The shape of a nested container.
pub enum Structure {
    /// An array.
    Leaf,
    /// Anything that is neither an array nor a container.
    Other(Py<PyAny>),
    List(Vec<Structure>),
    Tuple(Vec<Structure>),
    /// A tuple with named fields, which its type puts together.
    Named(Py<PyAny>, Vec<Structure>),
    Dict(Vec<(Py<PyAny>, Structure)>),
}

/// Something that stands for an array and can be made to stand for another.
pub enum Cell<'py> {
    Array(Bound<'py, PyArray>),
    /// This thread's random state.
    Random,
}

impl Cell<'_> {
    pub fn get(&self) -> Result<Array> {
        match self {
            Cell::Array(array) => Ok(array.get().get()),
            Cell::Random => Ok(cotan::random::state()?),
        }
    }

    pub fn set(&self, value: Array) -> Result<()> {
        match self {
            Cell::Array(array) => array.get().set(value),
            Cell::Random => cotan::random::set_state(&value)?,
        }
        Ok(())
    }
}

/// Takes an object apart: its arrays in order, and how they were nested.
pub fn flatten(object: &Bound<'_, PyAny>) -> Result<(Vec<Array>, Structure)> {
    let mut arrays = Vec::new();
    let leaf = &mut |cell: Cell<'_>| match cell {
        Cell::Array(array) => arrays.push(array.get().get()),
        Cell::Random => {}
    };
    let structure = walk(object, leaf, 0)?;
    Ok((arrays, structure))
}

/// The objects themselves that stand for arrays, in order; the random state is one of them.
pub fn cells<'py>(object: &Bound<'py, PyAny>) -> Result<Vec<Cell<'py>>> {
    let mut found = Vec::new();
    walk(object, &mut |cell| found.push(cell), 0)?;
    Ok(found)
}

fn walk<'py>(object: &Bound<'py, PyAny>, leaf: &mut dyn FnMut(Cell<'py>), depth: usize) -> Result<Structure> {
    if depth > MAX_DEPTH {
        return Err(value_error(format!("containers are nested deeper than {MAX_DEPTH}; does one contain itself?")));
    }
    if let Ok(array) = object.cast::<PyArray>() {
        leaf(Cell::Array(array.clone()));
        return Ok(Structure::Leaf);
    }
    if let Ok(list) = object.cast::<PyList>() {
        let items = list.iter().map(|item| walk(&item, leaf, depth + 1)).collect::<Result<_>>()?;
        return Ok(Structure::List(items));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        let items = tuple.iter().map(|item| walk(&item, leaf, depth + 1)).collect::<Result<_>>()?;
        let plain = object.is_exact_instance_of::<PyTuple>();
        let named = !plain && object.hasattr(pyo3::intern!(object.py(), "_fields"))?;
        return Ok(if named {
            Structure::Named(object.get_type().into_any().unbind(), items)
        } else {
            Structure::Tuple(items)
        });
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut items = Vec::with_capacity(dict.len());
        for (key, value) in dict.iter() {
            items.push((key.unbind(), walk(&value, leaf, depth + 1)?));
        }
        return Ok(Structure::Dict(items));
    }
    if object.cast::<RandomState>().is_ok() {
        leaf(Cell::Random);
    }
    Ok(Structure::Other(object.clone().unbind()))
}

impl Structure {
    /// Puts objects in the places of the arrays.
    pub fn rebuild<'py>(
        &self,
        py: Python<'py>,
        leaves: &mut dyn Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let mut all =
            |items: &[Structure]| items.iter().map(|item| item.rebuild(py, leaves)).collect::<Result<Vec<_>>>();
        Ok(match self {
            Structure::Leaf => {
                leaves.next().ok_or_else(|| value_error("there are fewer arrays than places for them"))?
            }
            Structure::Other(object) => object.bind(py).clone(),
            Structure::List(items) => PyList::new(py, all(items)?)?.into_any(),
            Structure::Tuple(items) => PyTuple::new(py, all(items)?)?.into_any(),
            Structure::Named(class, items) => class.bind(py).call1(PyTuple::new(py, all(items)?)?)?,
            Structure::Dict(items) => {
                let dict = PyDict::new(py);
                for (key, item) in items {
                    dict.set_item(key.bind(py), item.rebuild(py, leaves)?)?;
                }
                dict.into_any()
            }
        })
    }

    /// Puts arrays in the places of the arrays, each as a new object.
    pub fn rebuild_arrays<'py>(&self, py: Python<'py>, arrays: &[Array]) -> Result<Bound<'py, PyAny>> {
        let objects = arrays.iter().map(|array| Bound::new(py, PyArray::new(array.clone())).map(Bound::into_any));
        let objects: Vec<_> = objects.collect::<PyResult<_>>()?;
        self.rebuild(py, &mut objects.into_iter())
    }

    /// The first object that is neither an array nor a container.
    pub fn other(&self) -> Option<&Py<PyAny>> {
        match self {
            Structure::Leaf => None,
            Structure::Other(object) => Some(object),
            Structure::List(items) | Structure::Tuple(items) | Structure::Named(_, items) => {
                items.iter().find_map(Structure::other)
            }
            Structure::Dict(items) => items.iter().find_map(|(_, item)| item.other()),
        }
    }

    /// How many arrays there are.
    pub fn count(&self) -> usize {
        match self {
            Structure::Leaf => 1,
            Structure::Other(_) => 0,
            Structure::List(items) | Structure::Tuple(items) | Structure::Named(_, items) => {
                items.iter().map(Structure::count).sum()
            }
            Structure::Dict(items) => items.iter().map(|(_, item)| item.count()).sum(),
        }
    }

    /// The same structure around the same objects.
    pub fn clone_ref(&self, py: Python<'_>) -> Structure {
        let all = |items: &[Structure]| items.iter().map(|item| item.clone_ref(py)).collect();
        match self {
            Structure::Leaf => Structure::Leaf,
            Structure::Other(object) => Structure::Other(object.clone_ref(py)),
            Structure::List(items) => Structure::List(all(items)),
            Structure::Tuple(items) => Structure::Tuple(all(items)),
            Structure::Named(class, items) => Structure::Named(class.clone_ref(py), all(items)),
            Structure::Dict(items) => {
                Structure::Dict(items.iter().map(|(key, item)| (key.clone_ref(py), item.clone_ref(py))).collect())
            }
        }
    }
}

/// What a list or dict held at some time.
pub enum Contents<'py> {
    List(Bound<'py, PyList>, Bound<'py, PyList>),
    Dict(Bound<'py, PyDict>, Bound<'py, PyDict>),
}

impl Contents<'_> {
    /// Makes the container hold it again.
    pub fn restore(&self) -> Result<()> {
        match self {
            Contents::List(list, before) => list.set_slice(0, list.len(), before)?,
            Contents::Dict(dict, before) => {
                dict.clear();
                dict.update(before.as_mapping())?;
            }
        }
        Ok(())
    }
}

/// Notes what the containers in an object hold.
pub fn contents<'py>(object: &Bound<'py, PyAny>, found: &mut Vec<Contents<'py>>) -> Result<()> {
    let mut stack = vec![object.clone()];
    let mut seen = std::collections::HashSet::new();
    while let Some(object) = stack.pop() {
        if !seen.insert(object.as_ptr()) {
            continue;
        }
        if let Ok(list) = object.cast::<PyList>() {
            stack.extend(list.iter());
            found.push(Contents::List(list.clone(), PyList::new(object.py(), list.iter())?));
        } else if let Ok(tuple) = object.cast::<PyTuple>() {
            stack.extend(tuple.iter());
        } else if let Ok(dict) = object.cast::<PyDict>() {
            stack.extend(dict.values().iter());
            found.push(Contents::Dict(dict.clone(), dict.copy()?));
        }
    }
    Ok(())
}
