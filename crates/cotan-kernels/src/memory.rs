//! The allocator of array memory: aligned blocks in size classes, kept for reuse, with limits and statistics.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*};

/// Every block starts at a multiple of this many bytes: a cache line, and the widest vector.
pub const ALIGN: usize = 64;
/// Blocks from this size on are mapped at a multiple of it, and ask for huge pages.
const HUGE: usize = 2 << 20;
/// Up to this size there is a class for every multiple of [`ALIGN`]; beyond it four for every power of two.
const SMALL: usize = 1024;
const SMALL_CLASSES: usize = SMALL / ALIGN;
/// Classes reach past the address space, so that every size that can exist has one.
const CLASSES: usize = SMALL_CLASSES + 4 * 40;

/// Memory could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot allocate {bytes} bytes; free arrays that are no longer needed, or work on smaller pieces")]
pub struct AllocError {
    /// How many bytes were asked for.
    pub bytes: usize,
}

/// Aligned memory of a fixed size. Dropping it keeps the memory for the next block of the same class.
///
/// All its bytes can be read: fresh memory is zero, reused memory holds what its last owner left there.
///
/// ```
/// use cotan_kernels::memory::Block;
/// let block = Block::alloc(1000)?;
/// assert!(block.capacity() >= 1000);
/// assert_eq!(block.ptr() as usize % 64, 0);
/// # Ok::<(), cotan_kernels::memory::AllocError>(())
/// ```
#[derive(Debug)]
pub struct Block {
    ptr: NonNull<u8>,
    class: u32,
    capacity: usize,
}

// SAFETY: a block owns its memory; nothing in it is tied to a thread.
unsafe impl Send for Block {}
// SAFETY: shared references give out the pointer only; whoever reads through it answers for races.
unsafe impl Sync for Block {}

impl Block {
    /// Takes a block of at least `bytes` bytes from the cache, or else from the system.
    ///
    /// # Errors
    /// [`AllocError`] when the size is absurd or the system has no memory, even after giving back what the cache holds.
    pub fn alloc(bytes: usize) -> Result<Block, AllocError> {
        let class = class_of(bytes).ok_or(AllocError { bytes })?;
        let capacity = class_size(class);
        let ptr = match CACHE.bins[class].pop() {
            Some(ptr) => {
                CACHE.cached.fetch_sub(capacity, Relaxed);
                ptr
            }
            None => CACHE.fresh(class, capacity).ok_or(AllocError { bytes })?,
        };
        let active = CACHE.active.fetch_add(capacity, Relaxed) + capacity;
        if active > CACHE.peak.load(Relaxed) {
            CACHE.peak.fetch_max(active, Relaxed);
        }
        Ok(Block { ptr, class: class as u32, capacity })
    }

    /// Where the memory starts; a multiple of [`ALIGN`].
    #[must_use]
    #[inline]
    pub fn ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// How many bytes it has: what was asked for, rounded up to the size of its class.
    #[must_use]
    #[inline]
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        CACHE.active.fetch_sub(self.capacity, Relaxed);
        CACHE.keep(self.class as usize, self.ptr, self.capacity);
    }
}

/// Bytes in blocks that are in use.
#[must_use]
pub fn active_bytes() -> usize {
    CACHE.active.load(Relaxed)
}

/// The most [`active_bytes`] since the start or the last [`reset_peak`].
#[must_use]
pub fn peak_bytes() -> usize {
    CACHE.peak.load(Relaxed)
}

/// Starts [`peak_bytes`] anew from what is in use now.
pub fn reset_peak() {
    CACHE.peak.store(active_bytes(), Relaxed);
}

/// Bytes kept for reuse.
#[must_use]
pub fn cache_bytes() -> usize {
    CACHE.cached.load(Relaxed)
}

/// Gives everything kept for reuse back to the system.
pub fn clear_cache() {
    for class in 0..CLASSES {
        CACHE.release(class, usize::MAX);
    }
}

/// Changes how many bytes may be kept for reuse and returns the former limit. Zero keeps nothing.
pub fn set_cache_limit(bytes: usize) -> usize {
    let former = limits().cache.swap(bytes, Relaxed);
    CACHE.shrink_to(bytes);
    former
}

/// Changes the memory limit and returns the former one. See [`memory_limit`].
pub fn set_memory_limit(bytes: usize) -> usize {
    limits().memory.swap(bytes, Relaxed)
}

/// The bytes in use and in the cache together from which on the cache is given up before more is taken from the system.
///
/// Arrays that are in use may exceed it: it is a target, and not a bound. At first it is the machine's memory.
#[must_use]
pub fn memory_limit() -> usize {
    limits().memory.load(Relaxed)
}

struct Limits {
    cache: AtomicUsize,
    memory: AtomicUsize,
}

fn limits() -> &'static Limits {
    static LIMITS: OnceLock<Limits> = OnceLock::new();
    LIMITS.get_or_init(|| {
        hold_locks_over_fork();
        let memory = physical_bytes();
        Limits { cache: AtomicUsize::new((memory / 4).min(16 << 30)), memory: AtomicUsize::new(memory) }
    })
}

/// What the machine has, or the part of it that this container may use.
fn physical_bytes() -> usize {
    #[cfg(unix)]
    // SAFETY: sysconf only reads its argument.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    #[cfg(not(unix))]
    let (pages, size) = (-1i64, -1i64);
    let machine = match (usize::try_from(pages), usize::try_from(size)) {
        (Ok(pages), Ok(size)) => pages.saturating_mul(size),
        (Ok(_) | Err(_), _) => 8 << 30,
    };
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    container.map_or(machine, |limit: usize| limit.min(machine))
}

/// The smallest class whose blocks hold `bytes`; none for sizes that no address space has.
fn class_of(bytes: usize) -> Option<usize> {
    if bytes <= SMALL {
        return Some(bytes.max(1).div_ceil(ALIGN) - 1);
    }
    // Write bytes - 1 as 1xy... in binary: the leading place and the two bits after it number the class below.
    let last = bytes - 1;
    let place = last.ilog2() as usize;
    let quarter = (last >> (place - 2)) & 3;
    let class = SMALL_CLASSES + 4 * (place - SMALL.ilog2() as usize) + quarter;
    (class < CLASSES).then_some(class)
}

/// The size of the blocks of a class.
fn class_size(class: usize) -> usize {
    if class < SMALL_CLASSES {
        return (class + 1) * ALIGN;
    }
    let (place, quarter) = ((class - SMALL_CLASSES) / 4, (class - SMALL_CLASSES) % 4);
    ((5 + quarter) * (SMALL / 4)) << place
}

/// The free blocks of one class, last in first out: each holds the address of the next in its first bytes.
#[repr(align(64))]
struct Bin {
    locked: AtomicBool,
    /// When it was last used, in system allocations.
    used: AtomicU32,
    head: UnsafeCell<*mut u8>,
}

// SAFETY: `head` is touched under `locked` only.
unsafe impl Sync for Bin {}

impl Bin {
    const fn new() -> Bin {
        Bin { locked: AtomicBool::new(false), used: AtomicU32::new(0), head: UnsafeCell::new(null_mut()) }
    }

    #[inline]
    fn lock(&self) {
        while self.locked.compare_exchange_weak(false, true, Acquire, Relaxed).is_err() {
            let mut looks = 0u32;
            while self.locked.load(Relaxed) {
                looks += 1;
                // The holder needs a few nanoseconds, unless the system took its core away.
                if looks.is_multiple_of(64) { std::thread::yield_now() } else { std::hint::spin_loop() }
            }
        }
    }

    #[inline]
    fn unlock(&self) {
        self.locked.store(false, Release);
    }

    fn pop(&self) -> Option<NonNull<u8>> {
        self.lock();
        // SAFETY: under the lock; a block in the list is nobody else's and starts with the address of the next.
        let block = unsafe {
            let block = NonNull::new(*self.head.get());
            if let Some(block) = block {
                *self.head.get() = block.cast::<*mut u8>().read();
            }
            block
        };
        self.unlock();
        block
    }

    fn push(&self, block: NonNull<u8>) {
        self.lock();
        // SAFETY: under the lock; the block was given up by its owner and has room for an address, aligned to 64.
        unsafe {
            block.cast::<*mut u8>().write(*self.head.get());
            *self.head.get() = block.as_ptr();
        }
        self.unlock();
    }
}

struct Cache {
    bins: [Bin; CLASSES],
    active: AtomicUsize,
    peak: AtomicUsize,
    cached: AtomicUsize,
    /// Counts allocations from the system, as a clock for what was used last.
    clock: AtomicU32,
}

static CACHE: Cache = Cache {
    bins: [const { Bin::new() }; CLASSES],
    active: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
    cached: AtomicUsize::new(0),
    clock: AtomicU32::new(0),
};

impl Cache {
    /// Takes a block from the system, after giving up the cache where the memory limit or the system asks for it.
    #[cold]
    fn fresh(&self, class: usize, capacity: usize) -> Option<NonNull<u8>> {
        let now = self.clock.fetch_add(1, Relaxed).wrapping_add(1);
        self.bins[class].used.store(now, Relaxed);
        let cached = self.cached.load(Relaxed);
        if cached > 0 && (self.active.load(Relaxed) + cached).saturating_add(capacity) > memory_limit() {
            clear_cache();
        }
        system_alloc(capacity).or_else(|| {
            clear_cache();
            system_alloc(capacity)
        })
    }

    fn keep(&self, class: usize, ptr: NonNull<u8>, capacity: usize) {
        let limit = limits().cache.load(Relaxed);
        if capacity > limit {
            // SAFETY: the block came from `system_alloc` with this capacity, and its owner is gone.
            return unsafe { system_free(ptr, capacity) };
        }
        let bin = &self.bins[class];
        bin.used.store(self.clock.load(Relaxed), Relaxed);
        // Count first: a block is never taken out before it was counted in.
        let cached = self.cached.fetch_add(capacity, Relaxed) + capacity;
        bin.push(ptr);
        if cached > limit {
            self.shrink_to(limit);
        }
    }

    /// Gives blocks back until the cache holds at most `limit` bytes, beginning with the classes longest unused.
    #[cold]
    fn shrink_to(&self, limit: usize) {
        let now = self.clock.load(Relaxed);
        let mut classes: Vec<usize> = (0..CLASSES).collect();
        classes.sort_by_key(|&class| std::cmp::Reverse(now.wrapping_sub(self.bins[class].used.load(Relaxed))));
        for class in classes {
            let excess = self.cached.load(Relaxed).saturating_sub(limit);
            if excess == 0 {
                return;
            }
            self.release(class, excess.div_ceil(class_size(class)));
        }
    }

    /// Gives up to `count` blocks of a class back to the system.
    fn release(&self, class: usize, count: usize) {
        let capacity = class_size(class);
        for _ in 0..count {
            let Some(ptr) = self.bins[class].pop() else { return };
            self.cached.fetch_sub(capacity, Relaxed);
            // SAFETY: blocks of this class came from `system_alloc` with this capacity, and this one left the list.
            unsafe { system_free(ptr, capacity) };
        }
    }
}

/// A fork while another thread holds a bin's lock would leave it locked in the child: hold all of them meanwhile.
fn hold_locks_over_fork() {
    #[cfg(unix)]
    {
        extern "C" fn before() {
            CACHE.bins.iter().for_each(Bin::lock);
        }
        extern "C" fn after() {
            CACHE.bins.iter().for_each(Bin::unlock);
        }
        // SAFETY: the handlers use atomics only, which is allowed around a fork.
        unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
    }
}

/// Zeroed memory from the system.
fn system_alloc(bytes: usize) -> Option<NonNull<u8>> {
    #[cfg(unix)]
    if bytes >= HUGE {
        return map(bytes);
    }
    let layout = Layout::from_size_align(bytes, ALIGN).ok()?;
    // SAFETY: no class has size zero.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
}

/// # Safety
/// `ptr` came from [`system_alloc`] with the same `bytes` and is used no more.
unsafe fn system_free(ptr: NonNull<u8>, bytes: usize) {
    #[cfg(unix)]
    if bytes >= HUGE {
        // SAFETY: mapped with this length by `map`.
        unsafe { libc::munmap(ptr.as_ptr().cast(), bytes) };
        return;
    }
    // SAFETY: the layout is valid and the same as when the memory was allocated.
    unsafe { std::alloc::dealloc(ptr.as_ptr(), Layout::from_size_align_unchecked(bytes, ALIGN)) };
}

/// Maps `bytes` (a multiple of the page size) at a multiple of [`HUGE`] and asks for huge pages.
#[cfg(unix)]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    let room = bytes.checked_add(HUGE).filter(|&room| isize::try_from(room).is_ok())?;
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
    // SAFETY: a private mapping of memory, at an address of the system's choice.
    let start = unsafe { libc::mmap(null_mut(), room, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let before = (start as usize).wrapping_neg() % HUGE;
    // SAFETY: `before <= HUGE`, so all three parts lie within the mapping; the outer two are used by nobody.
    unsafe {
        let block = start.byte_add(before);
        if before > 0 {
            libc::munmap(start, before);
        }
        if before < HUGE {
            libc::munmap(block.byte_add(bytes), HUGE - before);
        }
        #[cfg(target_os = "linux")]
        libc::madvise(block, bytes, libc::MADV_HUGEPAGE);
        NonNull::new(block.cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The cache and its limits belong to the process: tests that change them take turns.
    fn turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn classes_are_tight_and_ordered() {
        let mut sizes = (0..CLASSES).map(class_size);
        let mut last = sizes.next().expect("a class");
        for size in sizes {
            assert!(size > last && size.is_multiple_of(ALIGN));
            last = size;
        }
        for bytes in (0..5000).chain((12..46).flat_map(|p| [(1 << p) - 1, 1 << p, (1 << p) + 1, (5 << p) / 4])) {
            let class = class_of(bytes).expect("an ordinary size");
            assert!(class_size(class) >= bytes, "{bytes}");
            assert!(class == 0 || class_size(class - 1) < bytes, "{bytes}");
        }
    }

    #[test]
    fn absurd_sizes_are_errors() {
        for bytes in [usize::MAX, usize::MAX / 2, isize::MAX as usize, 1 << 60, 1 << 50] {
            assert_eq!(Block::alloc(bytes).expect_err("no machine has this"), AllocError { bytes });
        }
    }

    #[test]
    fn fresh_memory_is_zero_and_writable_to_its_end() {
        for bytes in [1, 64, 65, 5000, HUGE - 1, HUGE, 3 * HUGE + 5] {
            let block = Block::alloc(bytes).expect("memory");
            assert!(block.capacity() >= bytes);
            let align = if bytes >= HUGE { HUGE } else { ALIGN };
            assert!((block.ptr() as usize).is_multiple_of(align));
            // SAFETY: the block owns this many bytes.
            let bytes = unsafe { std::slice::from_raw_parts_mut(block.ptr(), block.capacity()) };
            bytes.fill(7);
            assert!(bytes.iter().all(|&b| b == 7));
        }
        let ptr = system_alloc(4096).expect("memory");
        // SAFETY: just allocated with this size, freed once.
        unsafe {
            assert!(std::slice::from_raw_parts(ptr.as_ptr(), 4096).iter().all(|&b| b == 0));
            system_free(ptr, 4096);
        }
    }

    #[test]
    fn a_dropped_block_is_used_again_and_counted() {
        let _turn = turn();
        let size = 777 << 10;
        let first = Block::alloc(size).expect("memory");
        let at = first.ptr();
        assert!(active_bytes() >= first.capacity() && peak_bytes() >= first.capacity());
        drop(first);
        assert!(cache_bytes() >= size);
        let second = Block::alloc(size).expect("memory");
        assert_eq!(second.ptr(), at);
    }

    #[test]
    fn the_limits_bound_the_cache() {
        let _turn = turn();
        let former = set_cache_limit(1 << 20);
        drop((0..64).map(|_| Block::alloc(100 << 10).expect("memory")).collect::<Vec<_>>());
        assert!(cache_bytes() <= (1 << 20) + (256 << 10));
        drop(Block::alloc(5 << 20).expect("memory"));
        assert_eq!(set_cache_limit(former), 1 << 20);
        let limit = set_memory_limit(1);
        assert_eq!(memory_limit(), 1);
        let beyond = Block::alloc(3 << 20).expect("the limit is a target");
        assert!(beyond.capacity() >= 3 << 20);
        assert_eq!(set_memory_limit(limit), 1);
    }

    #[test]
    fn threads_never_share_a_block() {
        std::thread::scope(|scope| {
            for thread in 0..8u64 {
                scope.spawn(move || {
                    let mut held: Vec<(Block, u64)> = vec![];
                    let mut random = thread + 1;
                    for i in 0..5000u64 {
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        if held.len() > 20 {
                            let (block, mark) = held.swap_remove((random >> 33) as usize % 20);
                            // SAFETY: blocks have at least 64 bytes.
                            assert_eq!(unsafe { block.ptr().cast::<u64>().read() }, mark);
                        }
                        let block = Block::alloc((random >> 40) as usize % 3000).expect("memory");
                        let mark = thread << 32 | i;
                        // SAFETY: as above.
                        unsafe { block.ptr().cast::<u64>().write(mark) };
                        held.push((block, mark));
                    }
                });
            }
        });
    }
}
