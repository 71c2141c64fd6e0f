//! Transforms of functions over nested structures of arrays.

use std::collections::BTreeMap;

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::ops;
use crate::transforms;

pub use cotan_derive::Tree;

/// A nested structure of arrays: an array, a tuple, `Vec`, `[T; N]`, map or `Option` of such structures, or a struct that
/// derives it.
///
/// ```
/// use cotan::{Array, Tree};
/// #[derive(Tree)]
/// struct Linear { weight: Array, bias: Option<Array> }
/// let layer = Linear { weight: Array::scalar(2.0f32), bias: None };
/// assert_eq!(layer.leaves().len(), 1);
/// ```
pub trait Tree: Sized {
    /// Appends the arrays in order.
    fn flatten(&self, leaves: &mut Vec<Array>);

    /// The same structure with other arrays, taken in the order of [`Tree::flatten`].
    ///
    /// # Errors
    /// When there are fewer arrays than places for them.
    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self>;

    /// True when the other structure has the same form, so that its arrays could be put into this one.
    ///
    /// Unless it is implemented otherwise, structures with as many arrays are.
    fn alike(&self, other: &Self) -> bool {
        self.leaves().len() == other.leaves().len()
    }

    /// Appends a name for each array in order: the fields and positions that lead to it, behind `path` and joined by dots.
    ///
    /// Unless it is implemented otherwise, arrays have numbers.
    fn names(&self, path: &str, names: &mut Vec<String>) {
        names.extend((0..self.leaves().len()).map(|place| join(path, &place.to_string())));
    }

    /// The arrays by name, such as `layers.0.weight`.
    ///
    /// ```
    /// use cotan::{Tree, nn::Linear};
    /// let layers = vec![Linear::new(2, 2)?, Linear::new(2, 1)?.without_bias()];
    /// let names: Vec<String> = layers.named_leaves().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["0.weight", "0.bias", "1.weight"]);
    /// # Ok::<(), cotan::Error>(())
    /// ```
    fn named_leaves(&self) -> Vec<(String, Array)> {
        let mut names = Vec::new();
        self.names("", &mut names);
        names.into_iter().zip(self.leaves()).collect()
    }

    /// The arrays in order.
    fn leaves(&self) -> Vec<Array> {
        let mut leaves = Vec::new();
        self.flatten(&mut leaves);
        leaves
    }

    /// The same structure with every array replaced.
    ///
    /// # Errors
    /// Whatever `f` raises.
    fn map(&self, f: impl FnMut(&Array) -> Result<Array>) -> Result<Self> {
        let leaves: Vec<Array> = self.leaves().iter().map(f).collect::<Result<_>>()?;
        self.rebuild(&mut leaves.into_iter())
    }

    /// The same structure with arrays made of those of two structures that are alike.
    ///
    /// # Errors
    /// When the structures hold different numbers of arrays, and whatever `f` raises.
    fn zip(&self, other: &Self, mut f: impl FnMut(&Array, &Array) -> Result<Array>) -> Result<Self> {
        let (ours, theirs) = (self.leaves(), other.leaves());
        if ours.len() != theirs.len() {
            return Err(Error::value("zip", format!("structures with {} and {} arrays", ours.len(), theirs.len())));
        }
        let leaves: Vec<Array> = ours.iter().zip(&theirs).map(|(a, b)| f(a, b)).collect::<Result<_>>()?;
        self.rebuild(&mut leaves.into_iter())
    }
}

/// A path with one more name.
#[must_use]
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

impl Tree for Array {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        leaves.push(self.clone());
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        leaves.next().ok_or_else(|| Error::value("rebuild", "there are fewer arrays than places for them"))
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        names.push(path.to_string());
    }

    fn alike(&self, _: &Self) -> bool {
        true
    }
}

impl<T: Tree> Tree for Vec<T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|item| item.flatten(leaves));
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        self.iter().map(|item| item.rebuild(leaves)).collect()
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        self.iter().enumerate().for_each(|(place, item)| item.names(&join(path, &place.to_string()), names));
    }

    fn alike(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.alike(b))
    }
}

impl<T: Tree, const N: usize> Tree for [T; N] {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|item| item.flatten(leaves));
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        let items: Vec<T> = self.iter().map(|item| item.rebuild(leaves)).collect::<Result<_>>()?;
        items.try_into().map_err(|_| Error::value("rebuild", "an array has another length"))
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        self.iter().enumerate().for_each(|(place, item)| item.names(&join(path, &place.to_string()), names));
    }

    fn alike(&self, other: &Self) -> bool {
        self.iter().zip(other).all(|(a, b)| a.alike(b))
    }
}

impl<T: Tree> Tree for Option<T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.iter().for_each(|item| item.flatten(leaves));
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        self.as_ref().map(|item| item.rebuild(leaves)).transpose()
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        self.iter().for_each(|item| item.names(path, names));
    }

    fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (None, None) => true,
            (Some(a), Some(b)) => a.alike(b),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl<T: Tree> Tree for Box<T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        (**self).flatten(leaves);
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        (**self).rebuild(leaves).map(Box::new)
    }

    fn names(&self, path: &str, names: &mut Vec<String>) {
        (**self).names(path, names);
    }

    fn alike(&self, other: &Self) -> bool {
        (**self).alike(other)
    }
}

impl<K: Ord + Clone, T: Tree> Tree for BTreeMap<K, T> {
    fn flatten(&self, leaves: &mut Vec<Array>) {
        self.values().for_each(|item| item.flatten(leaves));
    }

    fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
        self.iter().map(|(key, item)| Ok((key.clone(), item.rebuild(leaves)?))).collect()
    }

    fn alike(&self, other: &Self) -> bool {
        self.keys().cmp(other.keys()).is_eq() && self.values().zip(other.values()).all(|(a, b)| a.alike(b))
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),*);)*) => {
        $(impl<$($name: Tree),*> Tree for ($($name,)*) {
            fn flatten(&self, leaves: &mut Vec<Array>) {
                $(self.$index.flatten(leaves);)*
                let _ = leaves;
            }

            fn rebuild(&self, leaves: &mut dyn Iterator<Item = Array>) -> Result<Self> {
                let _ = &leaves;
                Ok(($(self.$index.rebuild(leaves)?,)*))
            }

            fn names(&self, path: &str, names: &mut Vec<String>) {
                let _ = (path, &names);
                $(self.$index.names(&join(path, stringify!($index)), names);)*
            }

            fn alike(&self, other: &Self) -> bool {
                let _ = other;
                true $(&& self.$index.alike(&other.$index))*
            }
        })*
    };
}
tuples! {
    ();
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}

/// The gradient of a function that returns a scalar array.
///
/// ```
/// use cotan::{Array, Result, grad};
/// let cube = |x: &Array| -> Result<Array> { Ok(x * x * x) };
/// assert_eq!(grad(cube)(&Array::scalar(2.0f32))?.item::<f32>()?, 12.0);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn grad<P: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<Array, E>) -> impl Fn(&P) -> Result<P, E> {
    let both = value_and_grad(f);
    move |primal| Ok(both(primal)?.1)
}

/// A function that returns a scalar array, as one that returns its value and its gradient.
///
/// # Errors
/// What the function raises, and [`Error::Value`] when its result is not a scalar.
pub fn value_and_grad<P: Tree, E: From<Error>>(
    f: impl Fn(&P) -> Result<Array, E>,
) -> impl Fn(&P) -> Result<(Array, P), E> {
    move |primal| {
        let leaves = primal.leaves();
        let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
            let value = f(&primal.rebuild(&mut leaves.iter().cloned())?)?;
            if value.ndim() != 0 {
                let message = format!("the function must return a scalar, not shape {}", tuple(value.shape()));
                return Err(Error::value("grad", message).into());
            }
            Ok(vec![value])
        };
        let ones = |outputs: &[Array]| Ok::<_, E>(vec![Some(ops::ones_like(&outputs[0]))]);
        let (mut outputs, pulled) = transforms::vjp(call, &leaves, ones)?;
        Ok((outputs.swap_remove(0), primal.rebuild(&mut or_zeros(pulled, &leaves))?))
    }
}

fn or_zeros(arrays: Vec<Option<Array>>, like: &[Array]) -> impl Iterator<Item = Array> {
    arrays.into_iter().zip(like).map(|(array, like)| array.unwrap_or_else(|| ops::zeros_like(like)))
}

/// Calls `f` and pulls cotangents of its result back: `(result, cotangents of the primals)`.
///
/// # Errors
/// What the function raises, and [`Error::Value`] when the cotangents differ in number or shape from the result.
pub fn vjp<P: Tree, R: Tree, E: From<Error>>(
    f: impl FnOnce(&P) -> Result<R, E>,
    primals: &P,
    cotangents: &R,
) -> Result<(R, P), E> {
    let leaves = primals.leaves();
    let mut result = None;
    let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
        let value = f(&primals.rebuild(&mut leaves.iter().cloned())?)?;
        Ok(result.insert(value).leaves())
    };
    let cotangents = |outputs: &[Array]| -> Result<Vec<Option<Array>>, E> {
        let cotangents = cotangents.leaves();
        alike("vjp", &cotangents, outputs)?;
        Ok(cotangents.into_iter().map(Some).collect())
    };
    let (_, pulled) = transforms::vjp(call, &leaves, cotangents)?;
    let result = result.ok_or_else(|| Error::value("vjp", "the function was not called"))?;
    Ok((result, primals.rebuild(&mut or_zeros(pulled, &leaves))?))
}

/// Calls `f` and pushes tangents through: `(result, tangents of the result)`.
///
/// # Errors
/// What the function raises, and [`Error::Value`] when the tangents differ in number or shape from the primals.
pub fn jvp<P: Tree, R: Tree, E: From<Error>>(
    f: impl FnOnce(&P) -> Result<R, E>,
    primals: &P,
    tangents: &P,
) -> Result<(R, R), E> {
    let (leaves, tangents) = (primals.leaves(), tangents.leaves());
    alike("jvp", &tangents, &leaves)?;
    let tangents: Vec<Option<Array>> = tangents.into_iter().map(Some).collect();
    let mut result = None;
    let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
        let value = f(&primals.rebuild(&mut leaves.iter().cloned())?)?;
        Ok(result.insert(value).leaves())
    };
    let (outputs, pushed) = transforms::jvp(call, &leaves, &tangents)?;
    let result = result.ok_or_else(|| Error::value("jvp", "the function was not called"))?;
    let pushed = result.rebuild(&mut or_zeros(pushed, &outputs))?;
    Ok((result, pushed))
}

fn alike(op: &'static str, given: &[Array], like: &[Array]) -> Result<()> {
    let shapes = |arrays: &[Array]| arrays.iter().map(|array| tuple(array.shape())).collect::<Vec<_>>().join(", ");
    let same = given.len() == like.len() && given.iter().zip(like).all(|(a, b)| a.shape() == b.shape());
    if same {
        return Ok(());
    }
    Err(Error::value(op, format!("got arrays of shapes {} for arrays of shapes {}", shapes(given), shapes(like))))
}

/// A function of one example, as one of all examples along axis 0 of every array.
///
/// Examples share what the function captures. For other axes see [`transforms::vmap`].
///
/// ```
/// use cotan::{Array, Result, grad, vmap};
/// let square = |x: &Array| -> Result<Array> { Ok(x * x) };
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// assert_eq!(vmap(grad(square))(&x)?.to_vec::<f32>()?, [2.0, 4.0, 6.0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn vmap<P: Tree, R: Tree, E: From<Error>>(f: impl Fn(&P) -> Result<R, E>) -> impl Fn(&P) -> Result<R, E> {
    move |inputs| {
        let leaves = inputs.leaves();
        let mut result = None;
        let call = |leaves: &[Array]| -> Result<Vec<Array>, E> {
            let value = f(&inputs.rebuild(&mut leaves.iter().cloned())?)?;
            Ok(result.insert(value).leaves())
        };
        let axes = vec![Some(0); leaves.len()];
        let outputs = transforms::vmap(call, &leaves, &axes, |outputs| Ok(vec![0; outputs.len()]))?;
        let result = result.ok_or_else(|| Error::value("vmap", "the function was not called"))?;
        Ok(result.rebuild(&mut outputs.into_iter())?)
    }
}
