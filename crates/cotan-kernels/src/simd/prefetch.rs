//! Asking for memory before it is needed.

/// The size of a cache line on common CPUs.
const LINE: usize = 64;

/// Asks the cache for `bytes` bytes from `start` on. A hint: any address is fine, and nothing is read.
#[inline(always)]
pub fn prefetch(start: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for offset in (0..bytes).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch does not access memory, and SSE is part of the target's baseline.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(offset).cast()) };
    }
    #[cfg(target_arch = "aarch64")]
    for offset in (0..bytes).step_by(LINE) {
        // SAFETY: a prefetch does not access memory.
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{}]", in(reg) start.wrapping_add(offset), options(nostack, readonly));
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = (start, bytes, LINE);
}
