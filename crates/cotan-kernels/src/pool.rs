//! One pool of threads for every kernel: tasks are claimed one by one, idle workers spin briefly and then park.

use std::any::Any;
use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// Jobs shorter than this run on the calling thread: handing them over costs more than it saves.
const SERIAL_NS: u64 = 15_000;
/// Waking a parked worker takes tens of microseconds, so a job has to be this long to be worth it.
const WAKE_NS: u64 = 200_000;
/// How long an idle worker looks for the next job before it parks.
const SPIN: Duration = Duration::from_micros(300);
/// How long a waiting thread only pauses; afterwards it offers its core to others at every look.
const PAUSE_ONLY: Duration = Duration::from_micros(20);

/// Set in [`Pool::state`] while workers may join the current job.
const OPEN: u64 = 1 << 63;
/// The low bits of [`Pool::state`] count the workers inside the current job, the rest number the job.
const WORKERS: u64 = 0xffff;
const NEXT_JOB: u64 = WORKERS + 1;

type Task = dyn Fn(usize) + Sync;

/// A slot for one job at a time. Never freed: after a fork the child starts another one and forgets this.
struct Pool {
    /// [`OPEN`], the job's number, and how many workers are inside.
    state: AtomicU64,
    /// Held by the thread whose job is in the slot.
    owner: AtomicUsize,
    /// The next task to claim.
    next: AtomicUsize,
    tasks: AtomicUsize,
    /// Written by the owner while the job is closed and nobody is inside; read by workers inside.
    task: UnsafeCell<Option<&'static Task>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    sleepers: AtomicUsize,
    workers: Mutex<usize>,
    wake: Condvar,
    /// Work that parked workers missed since they were last woken, in nanoseconds, and when the last of it came.
    missed: Mutex<(u64, Option<Instant>)>,
}

// SAFETY: `task` is written only between closing a job and opening the next (by the owner), and read only by
// workers that entered through `state` while it was open.
unsafe impl Sync for Pool {}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(null_mut());
/// Zero until it is first asked for or set.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// How many threads a job may use, counting the caller: `COTAN_NUM_THREADS`, or else what the system offers.
#[must_use]
pub fn threads() -> usize {
    match THREADS.load(Relaxed) {
        0 => {
            let wanted = std::env::var("COTAN_NUM_THREADS").ok().and_then(|text| text.trim().parse::<usize>().ok());
            let count = wanted
                .filter(|&n| n > 0)
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
            let count = count.min(WORKERS as usize);
            // A concurrent `set_threads` wins.
            THREADS.compare_exchange(0, count, Relaxed, Relaxed).err().unwrap_or(count)
        }
        n => n,
    }
}

/// Changes how many threads a job may use, counting the caller; zero counts as one. Jobs under way keep theirs.
pub fn set_threads(n: usize) {
    THREADS.store(n.clamp(1, WORKERS as usize), Relaxed);
    let pool = POOL.load(Acquire);
    if !pool.is_null() {
        // SAFETY: pools are never freed.
        let pool = unsafe { &*pool };
        let _guard = lock(&pool.workers);
        pool.wake.notify_all();
    }
}

/// Calls `f(i)` once for every `i` in `0..tasks`, on this thread and perhaps on others, and returns when all have ended.
///
/// `cost_ns` estimates what the whole job takes on one thread. Small jobs run on the calling thread, and so do jobs
/// started while another is under way (from inside a task, or from another thread).
/// If a task panics, tasks that have not begun are skipped, and the panic continues here once the others have ended.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// let sum = AtomicUsize::new(0);
/// cotan_kernels::pool::parallel_for(100, 1_000_000, &|i| { sum.fetch_add(i, Ordering::Relaxed); });
/// assert_eq!(sum.into_inner(), 4950);
/// ```
pub fn parallel_for(tasks: usize, cost_ns: u64, f: &(dyn Fn(usize) + Sync)) {
    if tasks > 1 && cost_ns >= SERIAL_NS {
        let helpers = threads() - 1;
        if helpers > 0 {
            let pool = Pool::get();
            if pool.owner.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
                return pool.run(tasks, cost_ns, helpers, f);
            }
        }
    }
    (0..tasks).for_each(f);
}

/// Calls `f` with disjoint ranges that cover `0..n`, in parallel when the job is large enough to gain by it.
///
/// Ranges have at least `min_chunk` items (save when `n` is smaller), sizes that differ by at most one, and there are a
/// few of them for each thread. `cost_ns_per_item` estimates the time one item takes on one thread.
pub fn parallel_chunks(n: usize, min_chunk: usize, cost_ns_per_item: f32, f: &(dyn Fn(Range<usize>) + Sync)) {
    if n == 0 {
        return;
    }
    let cost = n as f64 * f64::from(cost_ns_per_item);
    // A chunk shorter than a few microseconds spends its time on being claimed.
    let worthwhile = (cost / 4000.0) as usize;
    let chunks = (4 * threads()).min(n / min_chunk.max(1)).min(worthwhile).max(1);
    if chunks == 1 || cost < SERIAL_NS as f64 {
        return f(0..n);
    }
    let (size, longer) = (n / chunks, n % chunks);
    let start = |i: usize| i * size + i.min(longer);
    parallel_for(chunks, cost as u64, &|i| f(start(i)..start(i + 1)));
}

impl Pool {
    fn get() -> &'static Pool {
        let existing = POOL.load(Acquire);
        if !existing.is_null() {
            // SAFETY: pools are never freed.
            return unsafe { &*existing };
        }
        forget_pool_on_fork();
        let fresh = Box::into_raw(Box::new(Pool::new()));
        match POOL.compare_exchange(null_mut(), fresh, AcqRel, Acquire) {
            // SAFETY: just made, published, never freed.
            Ok(_) => unsafe { &*fresh },
            Err(winner) => {
                // SAFETY: `fresh` was published to nobody; `winner` is never freed.
                unsafe {
                    drop(Box::from_raw(fresh));
                    &*winner
                }
            }
        }
    }

    fn new() -> Pool {
        Pool {
            state: AtomicU64::new(0),
            owner: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            task: UnsafeCell::new(None),
            panic: Mutex::new(None),
            sleepers: AtomicUsize::new(0),
            workers: Mutex::new(0),
            wake: Condvar::new(),
            missed: Mutex::new((0, None)),
        }
    }

    /// Runs a job in the slot, which the caller owns, and gives the slot back.
    fn run(&'static self, tasks: usize, cost_ns: u64, helpers: usize, f: &(dyn Fn(usize) + Sync)) {
        self.ensure_workers(helpers);
        self.next.store(0, Relaxed);
        self.tasks.store(tasks, Relaxed);
        // SAFETY: the job is closed and nobody is inside, so this thread alone touches `task`. Workers use it only
        // while counted in `state`, and this function returns after that count is zero: `f` outlives every use.
        unsafe { *self.task.get() = Some(std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static Task>(f)) };
        let job = (self.state.load(Relaxed) & !OPEN & !WORKERS).wrapping_add(NEXT_JOB) & !OPEN;
        self.state.store(job | OPEN, SeqCst);
        self.wake_for(tasks, cost_ns);
        self.work(f);
        self.state.fetch_and(!OPEN, AcqRel);
        wait_until(|| self.state.load(Acquire) & WORKERS == 0);
        let panic = lock(&self.panic).take();
        self.owner.store(0, Release);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Claims and runs tasks until none is left.
    fn work(&self, f: &(dyn Fn(usize) + Sync)) {
        let tasks = self.tasks.load(Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let i = self.next.fetch_add(1, Relaxed);
                if i >= tasks {
                    return;
                }
                f(i);
            }
        }));
        if let Err(panic) = outcome {
            // No more tasks; the additions that follow can't wrap a counter that starts at half of its range.
            self.next.store(usize::MAX / 2, Relaxed);
            lock(&self.panic).get_or_insert(panic);
        }
    }

    /// Starts threads until there are `wanted`; a system that refuses leaves the pool with fewer.
    fn ensure_workers(&'static self, wanted: usize) {
        let mut count = lock(&self.workers);
        while *count < wanted {
            let thread = std::thread::Builder::new().name(format!("cotan-{}", *count + 1));
            if thread.spawn(move || self.serve()).is_err() {
                return;
            }
            *count += 1;
        }
    }

    /// Wakes parked workers if the job, or the sum of recent ones, is long enough for them to be of use.
    fn wake_for(&self, tasks: usize, cost_ns: u64) {
        let sleepers = self.sleepers.load(SeqCst);
        if sleepers == 0 {
            return;
        }
        let mut useful = cost_ns / WAKE_NS;
        if useful == 0 {
            let mut missed = lock(&self.missed);
            let now = Instant::now();
            let recent = missed.1.is_some_and(|last| now - last < Duration::from_millis(1));
            *missed = (cost_ns + if recent { missed.0 } else { 0 }, Some(now));
            if missed.0 < WAKE_NS {
                return;
            }
            *missed = (0, None);
            useful = 1;
        }
        let _guard = lock(&self.workers);
        for _ in 0..sleepers.min(tasks - 1).min(usize::try_from(useful).unwrap_or(usize::MAX)) {
            self.wake.notify_one();
        }
    }

    /// The life of a worker: wait for a job, work on it, until there are more workers than wanted.
    fn serve(&self) {
        let mut last = 0;
        while self.wait_for_job(&mut last) {
            // SAFETY: this worker is counted in `state`, so the owner waits before it changes `task`.
            if let Some(f) = unsafe { *self.task.get() } {
                self.work(f);
            }
            self.state.fetch_sub(1, Release);
        }
    }

    /// Enters the next job that isn't `last`, and notes its number there; false when this worker should end.
    fn wait_for_job(&self, last: &mut u64) -> bool {
        let begun = Instant::now();
        let mut looks = 0u32;
        loop {
            if self.enter(last) {
                return true;
            }
            std::hint::spin_loop();
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(64) {
                let waited = begun.elapsed();
                if waited > SPIN {
                    break;
                } else if waited > PAUSE_ONLY {
                    std::thread::yield_now();
                }
            }
        }
        let mut count = lock(&self.workers);
        self.sleepers.fetch_add(1, SeqCst);
        let entered = loop {
            if *count > threads() - 1 {
                *count -= 1;
                break false;
            }
            if self.enter(last) {
                break true;
            }
            count = self.wake.wait(count).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleepers.fetch_sub(1, SeqCst);
        entered
    }

    /// Counts this worker into the open job, unless that is `last` or none is open.
    fn enter(&self, last: &mut u64) -> bool {
        let state = self.state.load(SeqCst);
        let job = state & !OPEN & !WORKERS;
        if state & OPEN == 0 || job == *last || self.next.load(Relaxed) >= self.tasks.load(Relaxed) {
            return false;
        }
        let entered = self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_ok();
        if entered {
            *last = job;
        }
        entered
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait_until(done: impl Fn() -> bool) {
    let mut looks = 0u32;
    while !done() {
        std::hint::spin_loop();
        looks = looks.wrapping_add(1);
        if looks > 500 && looks.is_multiple_of(64) {
            std::thread::yield_now();
        }
    }
}

/// A forked child has no workers, and locks may be held by threads it does not have: it starts with a fresh pool.
fn forget_pool_on_fork() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        #[cfg(unix)]
        {
            extern "C" fn in_child() {
                POOL.store(null_mut(), Release);
            }
            // SAFETY: the handler only stores to an atomic, which is allowed after a fork.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: u64 = 10_000_000;

    #[test]
    fn every_task_runs_once_under_stress_from_many_threads() {
        std::thread::scope(|scope| {
            for caller in 0..8 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let tasks = (caller * 7 + round) % 60;
                        let runs: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                        parallel_for(tasks, LONG, &|i| {
                            runs[i].fetch_add(1, Relaxed);
                        });
                        assert!(runs.iter().all(|n| n.load(Relaxed) == 1));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_stays_usable() {
        for at in [0, 5, 19] {
            let caught = catch_unwind(|| parallel_for(20, LONG, &|i| assert!(i != at, "task {i}")));
            let message = *caught.expect_err("the task panicked").downcast::<String>().expect("a message");
            assert_eq!(message, format!("task {at}"));
            let runs = AtomicUsize::new(0);
            parallel_for(64, LONG, &|_| {
                runs.fetch_add(1, Relaxed);
            });
            assert_eq!(runs.into_inner(), 64);
        }
    }

    #[test]
    fn nested_jobs_end() {
        let runs = AtomicUsize::new(0);
        parallel_for(16, LONG, &|_| {
            parallel_for(16, LONG, &|_| {
                runs.fetch_add(1, Relaxed);
            });
        });
        assert_eq!(runs.into_inner(), 256);
    }

    #[test]
    fn chunks_cover_the_range_once_and_evenly() {
        for n in [0, 1, 7, 100, 4097, 100_000] {
            for min_chunk in [0, 1, 64, 5000] {
                let seen: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
                let sizes = Mutex::new(vec![]);
                parallel_chunks(n, min_chunk, 100.0, &|range| {
                    lock(&sizes).push(range.len());
                    range.for_each(|i| {
                        seen[i].fetch_add(1, Relaxed);
                    });
                });
                assert!(seen.iter().all(|n| n.load(Relaxed) == 1));
                let sizes = sizes.into_inner().expect("no panic");
                let (low, high) = (sizes.iter().min().unwrap_or(&0), sizes.iter().max().unwrap_or(&0));
                assert!(high - low <= 1 && *low >= min_chunk.min(n));
            }
        }
    }

    #[test]
    fn parked_workers_come_back() {
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(2));
            let ids = Mutex::new(std::collections::HashSet::new());
            parallel_for(8, 4 * LONG, &|_| {
                lock(&ids).insert(std::thread::current().id());
                std::thread::sleep(Duration::from_millis(1));
            });
            let ids = ids.into_inner().expect("no panic");
            // Another test may hold the slot, in which case this job rightly ran alone.
            assert!(!ids.is_empty() && ids.len() <= threads());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_child_computes() {
        parallel_for(8, LONG, &|_| {});
        // SAFETY: the child only runs a job and ends without unwinding or running exit handlers.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let sum = AtomicUsize::new(0);
            parallel_for(100, LONG, &|i| {
                sum.fetch_add(i, Relaxed);
            });
            // SAFETY: ends this process, nothing else.
            unsafe { libc::_exit(i32::from(sum.into_inner() != 4950)) };
        }
        let mut status = -1;
        // SAFETY: waits for the child just made and writes to a local.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
    }
}
