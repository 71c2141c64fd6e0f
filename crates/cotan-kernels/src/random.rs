//! Random bits from counters: Threefry-2x32 with 20 rounds.
//!
//! J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

use crate::error::KernelError;
use crate::simd::{Isa, Kernel, dispatch};
use crate::tensor::{Output, Tensor};
use crate::walk::Shared;
use crate::{DType, layout, pool};

/// Counters hashed at a time.
const BLOCK: usize = 64;

/// Hashes two words with a key.
#[inline(always)]
fn threefry(key: [u32; 2], mut x: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let keys = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd1_1bda];
    x[0] = x[0].wrapping_add(keys[0]);
    x[1] = x[1].wrapping_add(keys[1]);
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x[0] = x[0].wrapping_add(x[1]);
            x[1] = x[1].rotate_left(rotation) ^ x[0];
        }
        x[0] = x[0].wrapping_add(keys[(group + 1) % 3]);
        x[1] = x[1].wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    x
}

/// `count` random words for every key of a `(.., 2)` tensor of `u32`, in a `(.., count)` tensor.
///
/// With `half = count / 2` rounded down and `odd = count % 2`, hashing the counters `(i, half + odd + i)` gives the words `i`
/// and `half + odd + i`; in an odd count the middle word comes from the counters `(half, 0)`. So the words depend on
/// the count.
///
/// # Errors
/// When there is no memory.
///
/// # Panics
/// When the keys are not `u32` with a last axis of size two, or `count` exceeds what 32-bit counters tell apart.
///
/// ```
/// use cotan_kernels::{Tensor, random::random_words};
/// let key = Tensor::from_slice(&[0u32, 0], &[2])?;
/// assert_eq!(random_words(&key, 4)?.to_vec::<u32>(), [4146024105, 967050713, 2718843009, 1272950319]);
/// # Ok::<(), cotan_kernels::KernelError>(())
/// ```
pub fn random_words(keys: &Tensor, count: usize) -> Result<Tensor, KernelError> {
    assert!(keys.shape().last() == Some(&2), "random_words: keys of shape {:?}", keys.shape());
    assert!(count as u64 <= 1 << 32, "random_words: {count} words of one key");
    let keys_read = keys.to_vec::<u32>();
    let mut shape = layout::Shape::from_slice(keys.shape());
    *shape.last_mut().expect("keys have an axis") = count;
    let mut out = Output::new(DType::U32, &shape)?;
    let to = Shared(out.ptr().cast::<u32>());
    let (half, odd) = (count / 2, count % 2);
    let blocks = (half + odd).div_ceil(BLOCK);
    pool::parallel_chunks(keys_read.len() / 2 * blocks, 16, 0.6 * count.min(2 * BLOCK) as f32, &|range| {
        for index in range {
            let (key, start) = (index / blocks, index % blocks * BLOCK);
            let n = BLOCK.min(half - start.min(half));
            let words = [keys_read[2 * key], keys_read[2 * key + 1]];
            // SAFETY: word `i` of a key lies in its row; each block writes its own words of both halves.
            unsafe {
                let row = to.get().add(key * count);
                let (low, high) = (row.add(start), row.add(half + odd + start));
                let (low, high) = (std::slice::from_raw_parts_mut(low, n), std::slice::from_raw_parts_mut(high, n));
                dispatch(Words { key: words, counters: [start as u32, (half + odd + start) as u32], low, high });
                if odd == 1 && start + BLOCK > half {
                    *row.add(half) = threefry(words, [half as u32, 0])[0];
                }
            }
        }
    });
    Ok(out.finish())
}

struct Words<'a> {
    key: [u32; 2],
    counters: [u32; 2],
    low: &'a mut [u32],
    high: &'a mut [u32],
}

impl Kernel for Words<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self) {
        let [first, second] = self.counters;
        for (i, (low, high)) in self.low.iter_mut().zip(self.high).enumerate() {
            let i = i as u32;
            [*low, *high] = threefry(self.key, [first.wrapping_add(i), second.wrapping_add(i)]);
        }
    }
}
