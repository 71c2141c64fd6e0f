//! Asking the cache for memory that will be read soon.

/// Asks for `len` bytes from `start`; only a hint, any address is allowed.
#[inline(always)]
pub fn prefetch(start: *const u8, len: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for line in (0..len).step_by(64) {
            // SAFETY: a prefetch reads nothing and never faults; every x86-64 CPU has it.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line).cast()) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, len);
}
