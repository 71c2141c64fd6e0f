//! Checks for NaN: who asked for them, and what they find.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::{self, ThreadId};

use rustc_hash::FxHashMap;

use super::origin::Recording;
use super::{HOST, Origin, Place, Rule, Watcher};
use crate::array::{Array, Shape, Spec, Value};
use crate::error::{Result, tuple};

/// What is checked, and for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nans {
    /// Infinities count too.
    pub infinities: bool,
    /// Evaluations of all threads are checked, not only those of the thread that asked.
    pub all_threads: bool,
}

/// The operation that made the first NaN or infinity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NotFinite {
    /// The operation.
    pub op: &'static str,
    /// Whether the element is NaN; otherwise it is infinite.
    pub nan: bool,
    /// Its inputs.
    pub inputs: Vec<Spec>,
    /// What an elementwise operation made the element of.
    pub operands: Vec<String>,
    /// The result with the element.
    pub output: Spec,
    /// Where the element is.
    pub index: Shape,
    /// The line that recorded the operation, unless that was before checks were on.
    pub place: Option<Place>,
    /// The transform that recorded the operation on behalf of that line.
    pub rule: Option<Rule>,
}

/// An input that holds NaN or an infinity which no operation made while checks were on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The operation that read or loaded it.
    pub op: &'static str,
    /// Whether the element is NaN; otherwise it is infinite.
    pub nan: bool,
    /// The array.
    pub array: Spec,
    /// Where the element is.
    pub index: Shape,
    /// The line that recorded the operation.
    pub place: Option<Place>,
}

fn what(nan: bool) -> &'static str {
    if nan { "NaN" } else { "infinity" }
}

struct Typed<'a>(&'a Spec);

impl fmt::Display for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.dtype, tuple(&self.0.shape))
    }
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, what, index) = (self.op, what(self.nan), tuple(&self.index));
        write!(f, "{op}: made the first {what}: element {index} of its {} result", Typed(&self.output))?;
        for (position, input) in self.inputs.iter().enumerate() {
            write!(f, "{}{}", if position == 0 { ", from " } else { " and " }, Typed(input))?;
            if let Some(value) = self.operands.get(position) {
                write!(f, " with {value} there")?;
            }
        }
        match (&self.place, self.rule) {
            (Some(place), Some(rule)) => write!(f, "; {rule}{place}"),
            (Some(place), None) => write!(f, "; at {place}"),
            (None, _) => write!(f, "; its line is not known: it was recorded before the checks were on"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, what, index) = (self.op, what(self.nan), tuple(&self.index));
        write!(f, "{op} reads an array that already holds {what}: element {index} of {}", Typed(&self.array))?;
        match &self.place {
            Some(place) => write!(f, "; at {place}"),
            None => Ok(()),
        }
    }
}

struct Scope {
    infinities: bool,
    /// Whose evaluations it checks; all when `None`.
    thread: Option<ThreadId>,
    known: Mutex<Known>,
}

/// Different findings that are reported; a program that has more has made its point.
const MOST_FINDINGS: usize = 100;

/// What has been reported.
#[derive(Default)]
struct Known {
    /// Values by identity; a weak reference keeps it from being taken by another value.
    values: FxHashMap<usize, Weak<Value>>,
    /// How many values there may be before those that are gone are forgotten.
    room: usize,
    findings: Vec<Finding>,
}

impl Known {
    /// True when the value is new.
    fn insert(&mut self, array: &Array) -> bool {
        if self.values.len() >= self.room {
            self.values.retain(|_, value| value.strong_count() > 0);
            self.room = (2 * self.values.len()).max(64);
        }
        self.values.insert(array.id(), Arc::downgrade(&array.0)).is_none()
    }
}

static SCOPES: RwLock<Vec<Arc<Scope>>> = RwLock::new(Vec::new());

/// Checks evaluations as long as it lives. It may be dropped on any thread.
pub struct NanGuard {
    scope: Arc<Scope>,
    _recording: Recording,
    _watcher: Watcher,
}

/// Checks what this thread evaluates for NaN until the guard is dropped: an operation that makes one from inputs without
/// one is an [`Error::NotFinite`](crate::Error::NotFinite).
///
/// Calls that are recorded meanwhile remember their line. Inputs that hold NaN from the start are not an error; each is
/// reported once.
#[must_use = "the checks end when the guard is dropped"]
pub fn nans() -> NanGuard {
    nans_with(Nans::default())
}

/// [`nans`] for infinities, or for all threads.
///
/// ```
/// use cotan::debug::{Nans, nans_with};
/// use cotan::{Array, ops};
/// let _on = nans_with(Nans { infinities: true, ..Nans::default() });
/// assert!(ops::log(&Array::scalar(0.0f32))?.eval().is_err());
/// # Ok::<(), cotan::Error>(())
/// ```
#[must_use = "the checks end when the guard is dropped"]
pub fn nans_with(nans: Nans) -> NanGuard {
    let thread = (!nans.all_threads).then(|| thread::current().id());
    let scope = Arc::new(Scope { infinities: nans.infinities, thread, known: Mutex::default() });
    SCOPES.write().unwrap_or_else(PoisonError::into_inner).push(scope.clone());
    NanGuard { scope, _recording: Recording::new(), _watcher: Watcher::new() }
}

impl NanGuard {
    /// The inputs that held NaN, each once.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.scope.known().findings.clone()
    }
}

impl Drop for NanGuard {
    fn drop(&mut self) {
        let mut scopes = SCOPES.write().unwrap_or_else(PoisonError::into_inner);
        scopes.retain(|scope| !Arc::ptr_eq(scope, &self.scope));
    }
}

impl Scope {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The checks that apply to an evaluation.
pub(crate) struct Checks {
    scopes: Vec<Arc<Scope>>,
    pub infinities: bool,
}

impl Checks {
    /// Those that are on for this thread.
    pub fn current() -> Option<Checks> {
        let thread = thread::current().id();
        let scopes = SCOPES.read().unwrap_or_else(PoisonError::into_inner);
        let ours: Vec<Arc<Scope>> =
            scopes.iter().filter(|scope| scope.thread.is_none_or(|owner| owner == thread)).cloned().collect();
        let infinities = ours.iter().any(|scope| scope.infinities);
        (!ours.is_empty()).then_some(Checks { scopes: ours, infinities })
    }

    /// Remembers that a value holds NaN, so that it is not reported when it is read; true when that was not known.
    pub fn forgive(&self, array: &Array) -> bool {
        let mut new = false;
        for scope in &self.scopes {
            new |= scope.known().insert(array);
        }
        new
    }

    /// Reports an input that holds NaN, unless that happened before.
    pub fn report(&self, array: &Array, finding: impl FnOnce() -> Finding) -> Result<()> {
        if !self.forgive(array) {
            return Ok(());
        }
        let finding = finding();
        for scope in &self.scopes {
            let mut known = scope.known();
            // Constants of a loop are new values in every round.
            if known.findings.len() == MOST_FINDINGS || known.findings.contains(&finding) {
                return Ok(());
            }
            known.findings.push(finding.clone());
        }
        match HOST.get() {
            Some(host) => (host.report)(&finding),
            None => {
                eprintln!("cotan: {finding}");
                Ok(())
            }
        }
    }
}

impl Origin {
    /// The line and the rule of a call, as errors name them.
    pub fn facts(origin: Option<&Arc<Origin>>) -> (Option<Place>, Option<Rule>) {
        (origin.and_then(|origin| origin.place()), origin.and_then(|origin| origin.rule))
    }
}
