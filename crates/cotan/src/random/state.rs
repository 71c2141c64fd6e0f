//! The key that each thread keeps for draws without a key of their own.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use cotan_kernels::{Tensor, random::random_words};

use super::{expect_key, split};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::ops::{reshape, slice_axis};

/// A key whose words are known needs no graph to be split.
enum State {
    Known([u32; 2]),
    Recorded(Array),
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

fn words_of(seed: u64) -> State {
    State::Known([(seed >> 32) as u32, seed as u32])
}

/// Until a seed is given, the wall clock in milliseconds is one.
fn initial() -> State {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    words_of(since.as_millis() as u64)
}

/// Starts this thread's random numbers afresh.
///
/// ```
/// use cotan::random;
/// random::seed(0);
/// assert_eq!(random::state()?.to_vec::<u32>()?, [0, 0]);
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn seed(seed: u64) {
    STATE.set(Some(words_of(seed)));
}

/// This thread's current key.
///
/// # Errors
/// When there is no memory.
pub fn state() -> Result<Array> {
    STATE.with_borrow_mut(|state| match state.get_or_insert_with(initial) {
        State::Known(words) => Array::from_slice(words, &[2]),
        State::Recorded(array) => Ok(array.clone()),
    })
}

/// Makes `key` this thread's key.
///
/// # Errors
/// When it is not a key.
pub fn set_state(key: &Array) -> Result<()> {
    expect_key("set_state", key)?;
    STATE.set(Some(State::Recorded(key.clone())));
    Ok(())
}

/// Takes a key from this thread's: splits it, keeps the first half and gives the second.
///
/// # Errors
/// When there is no memory.
pub fn next_key() -> Result<Array> {
    STATE.with_borrow_mut(|state| {
        let current = state.get_or_insert_with(initial);
        if let State::Recorded(array) = current
            && array.is_evaluated()
        {
            let words = array.to_vec::<u32>()?;
            *current = State::Known([words[0], words[1]]);
        }
        let (kept, given) = match current {
            State::Known(words) => {
                let halves = random_words(&Tensor::from_slice(words, &[2])?, 4);
                let halves = halves.map_err(|error| Error::from_kernel("next_key", error))?.to_vec::<u32>();
                (State::Known([halves[0], halves[1]]), Array::from_slice(&halves[2..], &[2])?)
            }
            State::Recorded(array) => {
                let halves = split(array, 2)?;
                let half = |index| reshape(&slice_axis(&halves, 0, index, 1, 1)?, &[2]);
                (State::Recorded(half(0)?), half(1)?)
            }
        };
        *current = kept;
        Ok(given)
    })
}
