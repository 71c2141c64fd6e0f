//! Sorting along an axis, and searching in sorted data.

mod key;
mod nonzero;
mod radix;
mod search;

pub use nonzero::{count_true, nonzero};
pub use search::searchsorted;

use crate::error::KernelError;
use crate::lanes::{Scratch, map_lanes};
use crate::tensor::{Output, Tensor};
use crate::{DType, with_dtype};
use key::{Bits, Key, Own, Place};

/// Sorts along `axis`: ascending, stable, NaN last.
///
/// Complex numbers sort by real part, then by imaginary part. Zeros of both signs are equal.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist.
///
/// ```
/// use cotan_kernels::{Tensor, sort::sort};
/// let tensor = Tensor::from_slice(&[f32::NAN, 2.0, -1.0], &[3])?;
/// assert_eq!(sort(&tensor, 0)?.to_vec::<f32>()[..2], [-1.0, 2.0]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn sort(tensor: &Tensor, axis: usize) -> Result<Tensor, KernelError> {
    let mut out = Output::new(tensor.dtype(), tensor.shape())?;
    let n = tensor.shape()[axis];
    with_dtype!(tensor.dtype(), T => {
        let mut keyed = 0;
        // Comparisons of few elements want ready keys; a radix sort looks at each only a few times.
        if !radix::pays::<<T as Key>::Bits>(n) {
            keyed = n;
        }
        let init = || Ok((Scratch::<Own<T>>::new(n - keyed)?, Scratch::<Place<<T as Key>::Bits>>::new(keyed)?));
        map_lanes::<T, T, _>(tensor, axis, &mut out, cost(n), init, |(scratch, places), values, out| {
            if keyed == 0 {
                out.copy_from_slice(values);
                radix::sort(own_mut(out), scratch);
            } else {
                fill_places(places, values);
                sort_few(places);
                for (out, place) in out.iter_mut().zip(places.iter()) {
                    *out = values[place.index as usize];
                }
            }
        })
    })?;
    Ok(out.finish())
}

/// The elements of a slice as things that sort by their own key.
fn own_mut<T: Key>(values: &mut [T]) -> &mut [Own<T>] {
    // SAFETY: `Own` is transparent.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}

fn cost(n: usize) -> f32 {
    2.0 * ((n + 2) as f32).log2()
}

/// The positions, as `u32`, that sort the elements along `axis` by the rules of [`sort`].
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist or has more elements than `u32` counts.
pub fn argsort(tensor: &Tensor, axis: usize) -> Result<Tensor, KernelError> {
    arg_lanes(tensor, axis, Goal::Sorted)
}

/// Moves elements along `axis` so that the one at `kth` is the one that sorting would put there, with none larger before
/// it and none smaller after it.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist or `kth` lies outside it.
pub fn partition(tensor: &Tensor, kth: usize, axis: usize) -> Result<Tensor, KernelError> {
    check_kth(tensor, kth, axis);
    let mut out = Output::new(tensor.dtype(), tensor.shape())?;
    with_dtype!(tensor.dtype(), T => {
        map_lanes::<T, T, ()>(tensor, axis, &mut out, 8.0, || Ok(()), |(), values, out| {
            out.copy_from_slice(values);
            out.select_nth_unstable_by_key(kth, |value| value.key());
        })
    })?;
    Ok(out.finish())
}

/// The positions, as `u32`, that partition the elements along `axis` as [`partition`] does.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the axis does not exist or has more elements than `u32` counts, or `kth` lies outside it.
pub fn argpartition(tensor: &Tensor, kth: usize, axis: usize) -> Result<Tensor, KernelError> {
    check_kth(tensor, kth, axis);
    arg_lanes(tensor, axis, Goal::Selected(kth))
}

fn check_kth(tensor: &Tensor, kth: usize, axis: usize) {
    let n = tensor.shape()[axis];
    assert!(kth < n || tensor.is_empty(), "partition: place {kth} of {n}");
}

fn fill_places<T: Key>(places: &mut [Place<T::Bits>], values: &[T]) {
    for ((index, place), value) in places.iter_mut().enumerate().zip(values) {
        *place = Place { key: value.key(), index: index as u32 };
    }
}

/// No two places are equal, so the order is that of a stable sort.
fn sort_few<K: Bits>(places: &mut [Place<K>]) {
    places.sort_unstable_by_key(|place| place.key.with(place.index));
}

#[derive(Clone, Copy)]
enum Goal {
    Sorted,
    Selected(usize),
}

fn arg_lanes(tensor: &Tensor, axis: usize, goal: Goal) -> Result<Tensor, KernelError> {
    let mut out = Output::new(DType::U32, tensor.shape())?;
    let n = tensor.shape()[axis];
    assert!(u32::try_from(n).is_ok(), "argsort: axis {axis} has {n} elements");
    with_dtype!(tensor.dtype(), T => {
        type Places = Scratch<Place<<T as Key>::Bits>>;
        let init = || Ok((Places::new(n)?, Places::new(n)?));
        map_lanes::<T, u32, _>(tensor, axis, &mut out, 2.0 * cost(n), init, |(places, scratch), values, out| {
            fill_places(places, values);
            match goal {
                Goal::Sorted if radix::pays::<<T as Key>::Bits>(n) => radix::sort(places, scratch),
                Goal::Sorted => sort_few(places),
                Goal::Selected(kth) => {
                    places.select_nth_unstable_by_key(kth, |place| place.key.with(place.index));
                }
            }
            for (out, place) in out.iter_mut().zip(places.iter()) {
                *out = place.index;
            }
        })
    })?;
    Ok(out.finish())
}
