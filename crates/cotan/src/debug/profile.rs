//! Where the time goes: every kernel that runs while a profiler is on.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use cotan_kernels::DType;
use rustc_hash::FxHashMap;

use super::{Watcher, table};
use crate::array::Shape;

/// Runs that are kept one by one for [`Profile::trace_json`]; rows count all.
const MOST_RUNS: usize = 1 << 20;

/// What one run of a kernel did.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The names of its calls, joined by `+`.
    pub kernel: String,
    pub shape: Shape,
    pub dtype: DType,
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub flops: Option<u64>,
}

/// A stretch of time on a thread.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Since the profiler was started.
    pub start: Duration,
    pub length: Duration,
    /// Threads are numbered from 1 in the order in which they appear.
    pub thread: usize,
}

/// All runs of one kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The names of the fused operations, joined by `+`.
    pub kernel: String,
    /// How often it ran.
    pub calls: u64,
    /// The time it took, without kernels that ran inside it, as those of a loop do.
    pub total: Duration,
    /// Bytes of the inputs, each input once a run; elements that repeat count once, views that are made cost nothing.
    pub bytes_read: u64,
    /// Bytes of the results.
    pub bytes_written: u64,
    /// Floating point operations, where they are known: one an element of each elementwise operation (exp as well as add)
    /// and of what is reduced, two for each product in a sum of products.
    pub flops: Option<u64>,
    /// Its part of the time of all kernels, from 0 to 1.
    pub share: f64,
}

impl Row {
    /// The time of one run.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total / u32::try_from(self.calls.max(1)).unwrap_or(u32::MAX)
    }

    /// Bytes read and written, in 10⁹ a second.
    #[must_use]
    pub fn gb_per_second(&self) -> f64 {
        (self.bytes_read + self.bytes_written) as f64 / self.total.as_nanos().max(1) as f64
    }

    /// Floating point operations, in 10⁹ a second.
    #[must_use]
    pub fn gflops_per_second(&self) -> Option<f64> {
        self.flops.map(|flops| flops as f64 / self.total.as_nanos().max(1) as f64)
    }

    fn add(&mut self, work: &Work, length: Duration) {
        self.calls += 1;
        self.total += length;
        self.bytes_read += work.bytes_read;
        self.bytes_written += work.bytes_written;
        self.flops = self.flops.zip(work.flops).map(|(a, b)| a + b);
    }
}

/// What ran while a profiler was on.
#[derive(Clone, Debug)]
pub struct Profile {
    rows: Vec<Row>,
    pub(super) runs: Vec<(Work, Span)>,
    pub(super) evaluations: Vec<(u64, Span)>,
    pub(super) threads: Vec<String>,
    pub(super) counts: Counts,
    pub(super) wall: Duration,
}

/// What was counted, also of what was not kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub runs: u64,
    pub evaluations: u64,
    pub evaluating: Duration,
}

impl Profile {
    /// A row a kernel, the most expensive first.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::write(self, f)
    }
}

#[derive(Default)]
struct Record {
    rows: FxHashMap<String, Row>,
    runs: Vec<(Work, Span)>,
    evaluations: Vec<(u64, Span)>,
    threads: FxHashMap<ThreadId, usize>,
    names: Vec<String>,
    counts: Counts,
}

impl Record {
    fn thread(&mut self) -> usize {
        let current = thread::current();
        match self.threads.entry(current.id()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let number = self.names.len() + 1;
                self.names.push(current.name().map_or_else(|| format!("thread {number}"), ToString::to_string));
                *new.insert(number)
            }
        }
    }
}

struct Recorder {
    started: Instant,
    record: Mutex<Record>,
}

impl Recorder {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Profile {
        let wall = self.started.elapsed();
        let record = self.record();
        let mut rows: Vec<Row> = record.rows.values().cloned().collect();
        let total: Duration = rows.iter().map(|row| row.total).sum();
        rows.iter_mut().for_each(|row| row.share = row.total.as_nanos() as f64 / total.as_nanos().max(1) as f64);
        rows.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.kernel.cmp(&b.kernel)));
        Profile {
            rows,
            runs: record.runs.clone(),
            evaluations: record.evaluations.clone(),
            threads: record.names.clone(),
            counts: record.counts,
            wall,
        }
    }
}

static RECORDERS: RwLock<Vec<Arc<Recorder>>> = RwLock::new(Vec::new());

/// Records the kernels of all threads until it is stopped or dropped.
///
/// ```
/// use cotan::{Array, debug::Profiler, ops};
/// let profiler = Profiler::start();
/// ops::arccosh(&Array::scalar(2.0f32))?.eval()?;
/// assert!(profiler.stop().rows().iter().any(|row| row.kernel == "arccosh"));
/// # Ok::<(), cotan::Error>(())
/// ```
pub struct Profiler {
    recorder: Arc<Recorder>,
    _watcher: Watcher,
}

impl Profiler {
    /// Begins to record.
    #[must_use = "recording ends when the profiler is dropped"]
    pub fn start() -> Profiler {
        let recorder = Arc::new(Recorder { started: Instant::now(), record: Mutex::default() });
        RECORDERS.write().unwrap_or_else(PoisonError::into_inner).push(recorder.clone());
        Profiler { recorder, _watcher: Watcher::new() }
    }

    /// What ran so far.
    #[must_use]
    pub fn snapshot(&self) -> Profile {
        self.recorder.snapshot()
    }

    /// Ends recording.
    #[must_use]
    pub fn stop(self) -> Profile {
        self.recorder.snapshot()
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        let mut recorders = RECORDERS.write().unwrap_or_else(PoisonError::into_inner);
        recorders.retain(|recorder| !Arc::ptr_eq(recorder, &self.recorder));
    }
}

/// Calls `f` and says which kernels ran meanwhile, on any thread, and how long they took.
///
/// ```
/// use cotan::{Array, debug, ops};
/// let x = Array::from_slice(&[1.0f32, 2.0], &[2])?;
/// let y = ops::arcsinh(&ops::add(&x, &x)?)?;
/// let (result, profile) = debug::profile(|| y.eval());
/// result?;
/// let row = profile.rows().iter().find(|row| row.kernel == "add+arcsinh").unwrap();
/// assert_eq!((row.calls, row.bytes_read, row.bytes_written), (1, 8, 8));
/// # Ok::<(), cotan::Error>(())
/// ```
pub fn profile<R>(f: impl FnOnce() -> R) -> (R, Profile) {
    let profiler = Profiler::start();
    let result = f();
    (result, profiler.stop())
}

thread_local! {
    /// Time of the kernels that have run inside the one that is running: those of the body of a loop.
    static INNER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Evaluations that are under way, one inside another.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Measures a run of a kernel.
pub(crate) struct Timer {
    start: Instant,
    outer: Duration,
}

/// How long a run took.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    start: Instant,
    length: Duration,
    /// Without the kernels that ran inside.
    own: Duration,
}

impl Timer {
    pub fn start() -> Timer {
        Timer { outer: INNER.replace(Duration::ZERO), start: Instant::now() }
    }

    pub fn stop(self) -> Time {
        let length = self.start.elapsed();
        let own = length.saturating_sub(INNER.replace(self.outer + length));
        Time { start: self.start, length, own }
    }
}

/// The profilers that are on during an evaluation.
pub(crate) struct Profiling {
    recorders: Vec<Arc<Recorder>>,
    started: Instant,
    kernels: Cell<u64>,
}

impl Profiling {
    pub fn current() -> Option<Profiling> {
        let recorders = RECORDERS.read().unwrap_or_else(PoisonError::into_inner).clone();
        if recorders.is_empty() {
            return None;
        }
        DEPTH.set(DEPTH.get() + 1);
        Some(Profiling { recorders, started: Instant::now(), kernels: 0.into() })
    }

    /// Records a run that has just ended.
    pub fn ran(&self, work: &Work, time: Time) {
        self.kernels.set(self.kernels.get() + 1);
        for recorder in &self.recorders {
            let mut record = recorder.record();
            let thread = record.thread();
            record.counts.runs += 1;
            match record.rows.get_mut(&work.kernel) {
                Some(row) => row.add(work, time.own),
                None => {
                    let mut row = Row::empty(&work.kernel);
                    row.add(work, time.own);
                    record.rows.insert(work.kernel.clone(), row);
                }
            }
            if record.runs.len() < MOST_RUNS {
                let start = time.start.saturating_duration_since(recorder.started);
                record.runs.push((work.clone(), Span { start, length: time.length, thread }));
            }
        }
    }
}

impl Row {
    fn empty(kernel: &str) -> Row {
        let (calls, bytes_read, bytes_written) = (0, 0, 0);
        let (total, flops) = (Duration::ZERO, Some(0));
        Row { kernel: kernel.to_string(), calls, total, bytes_read, bytes_written, flops, share: 0.0 }
    }
}

impl Drop for Profiling {
    /// The evaluation is over.
    fn drop(&mut self) {
        let length = self.started.elapsed();
        DEPTH.set(DEPTH.get() - 1);
        let is_outermost = DEPTH.get() == 0;
        if is_outermost {
            INNER.set(Duration::ZERO);
        }
        for recorder in &self.recorders {
            let mut record = recorder.record();
            let thread = record.thread();
            if is_outermost {
                record.counts.evaluations += 1;
                record.counts.evaluating += length;
            }
            if record.evaluations.len() < MOST_RUNS {
                let start = self.started.saturating_duration_since(recorder.started);
                record.evaluations.push((self.kernels.get(), Span { start, length, thread }));
            }
        }
    }
}
