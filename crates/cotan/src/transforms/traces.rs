//! What a compiled function remembers, and whether functions are compiled at all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::trace::FollowShapes;

/// How many recordings a compiled function keeps unless it is told otherwise.
pub const TRACE_LIMIT: usize = 128;

static ENABLED: LazyLock<AtomicBool> = LazyLock::new(|| {
    let names = ["COTAN_DISABLE_COMPILE", "MLX_DISABLE_COMPILE"];
    AtomicBool::new(names.iter().all(|name| std::env::var_os(name).is_none()))
});

/// Makes compiled functions call what they compiled, every time, until [`enable_compile`].
///
/// `COTAN_DISABLE_COMPILE` or `MLX_DISABLE_COMPILE` in the environment does so from the start.
pub fn disable_compile() {
    ENABLED.store(false, Ordering::Relaxed);
}

/// Undoes [`disable_compile`] and what the environment said.
pub fn enable_compile() {
    ENABLED.store(true, Ordering::Relaxed);
}

/// True when compiled functions record what they do, here and now.
///
/// They don't while a function is recorded for all shapes: a recording of one shape would hide how shapes follow.
#[must_use]
pub fn compiles() -> bool {
    ENABLED.load(Ordering::Relaxed) && !FollowShapes::active()
}

/// How a compiled function's memory is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// Calls that found a recording.
    pub hits: u64,
    /// Calls that made one.
    pub misses: u64,
    /// How many recordings are kept at most.
    pub limit: usize,
    /// How many there are.
    pub size: usize,
}

/// The most recently used recordings.
pub struct Traces<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Most recently used first.
    recent: VecDeque<Arc<T>>,
    limit: usize,
    hits: u64,
    misses: u64,
}

impl<T> Traces<T> {
    /// None yet, and at most `limit` of them.
    #[must_use]
    pub fn new(limit: usize) -> Traces<T> {
        Traces { state: Mutex::new(State { recent: VecDeque::new(), limit, hits: 0, misses: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recording that `fits`.
    pub fn find(&self, fits: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let mut state = self.state();
        let place = state.recent.iter().position(|trace| fits(trace))?;
        let trace = state.recent.remove(place)?;
        state.recent.push_front(trace.clone());
        state.hits += 1;
        Some(trace)
    }

    /// Keeps a recording, in place of the one that was not used for longest; or gives the one that `fits` as well, when
    /// another thread was faster.
    pub fn keep(&self, trace: T, fits: impl Fn(&T) -> bool) -> Arc<T> {
        let trace = Arc::new(trace);
        let mut state = self.state();
        state.misses += 1;
        if let Some(first) = state.recent.iter().find(|trace| fits(trace)) {
            return first.clone();
        }
        state.recent.push_front(trace.clone());
        let forgotten = state.shrink();
        drop(state);
        drop(forgotten);
        trace
    }

    /// Hits, misses, limit and size.
    pub fn info(&self) -> CacheInfo {
        let state = self.state();
        CacheInfo { hits: state.hits, misses: state.misses, limit: state.limit, size: state.recent.len() }
    }

    /// Forgets all recordings and counts.
    pub fn clear(&self) {
        let mut state = self.state();
        (state.hits, state.misses) = (0, 0);
        let forgotten = std::mem::take(&mut state.recent);
        drop(state);
        drop(forgotten);
    }

    /// Keeps at most `limit` recordings from now on.
    pub fn set_limit(&self, limit: usize) {
        let mut state = self.state();
        state.limit = limit;
        let forgotten = state.shrink();
        drop(state);
        drop(forgotten);
    }
}

impl<T> State<T> {
    /// What is over the limit, to be dropped when the lock is free: a recording may hold anything.
    fn shrink(&mut self) -> Vec<Arc<T>> {
        self.recent.drain(self.limit.min(self.recent.len())..).collect()
    }
}
