//! Which values a transform is following, and for how long.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::array::{Array, State, Value};

/// The outermost transform that runs on a thread; nested transforms share it.
///
/// Values that depend on its arguments carry it. While it is open, evaluating them keeps their provenance; when it
/// closes, provenance of evaluated values is forgotten and their memory goes.
pub(crate) struct Trace {
    open: AtomicBool,
    evaluated: Mutex<Vec<Weak<Value>>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Trace>>> = const { RefCell::new(None) };
}

/// Keeps a trace open; closing it is up to the guard of the outermost transform.
pub(crate) struct Scope {
    trace: Arc<Trace>,
    outermost: bool,
}

impl Trace {
    /// Opens a trace, or joins the one that is open on this thread.
    pub fn enter() -> Scope {
        CURRENT.with_borrow_mut(|current| match current {
            Some(trace) => Scope { trace: trace.clone(), outermost: false },
            None => {
                let trace = Arc::new(Trace { open: AtomicBool::new(true), evaluated: Mutex::new(Vec::new()) });
                *current = Some(trace.clone());
                Scope { trace, outermost: true }
            }
        })
    }

    /// The open trace that a result of `inputs` belongs to.
    pub fn of(inputs: &[Array]) -> Option<Arc<Trace>> {
        inputs.iter().find_map(|input| input.0.trace.as_ref().filter(|trace| trace.is_open()).cloned())
    }

    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Remembers a value that was evaluated and keeps its provenance until the trace closes.
    pub fn keep(&self, value: &Arc<Value>) {
        self.evaluated.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(value));
    }
}

impl Scope {
    pub fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if !self.outermost {
            return;
        }
        CURRENT.with_borrow_mut(|current| *current = None);
        self.trace.open.store(false, Ordering::Release);
        let evaluated = std::mem::take(&mut *self.trace.evaluated.lock().unwrap_or_else(PoisonError::into_inner));
        for value in evaluated.iter().filter_map(Weak::upgrade) {
            let mut state = value.state();
            if let State::Traced(tensor, ..) = &*state {
                let ready = State::Ready(tensor.clone());
                let forgotten = std::mem::replace(&mut *state, ready);
                drop(state);
                drop(forgotten);
            }
        }
    }
}

thread_local! {
    static FOLLOWING_SHAPES: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, operations on values that a transform follows record how their shapes follow from those of inputs.
pub(crate) struct FollowShapes {
    before: bool,
}

impl FollowShapes {
    pub fn enter() -> FollowShapes {
        FollowShapes { before: FOLLOWING_SHAPES.replace(true) }
    }

    /// True while this thread records a function for all shapes.
    pub fn active() -> bool {
        FOLLOWING_SHAPES.get()
    }
}

impl Drop for FollowShapes {
    fn drop(&mut self) {
        FOLLOWING_SHAPES.set(self.before);
    }
}
