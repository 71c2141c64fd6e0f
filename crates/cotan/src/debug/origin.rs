//! Where in the user's program a call was made.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::HOST;
use crate::ops::{Op, Primitive};

/// A line of the user's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path of the file.
    pub file: String,
    /// Line in the file, from 1; 0 when it is not known.
    pub line: u32,
    /// The function around it.
    pub function: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.function),
            line => write!(f, "{}:{line} in {}", self.file, self.function),
        }
    }
}

/// The transform that recorded a call for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Part of the cotangents of the named operation.
    Vjp(&'static str),
    /// Part of the tangents of the named operation.
    Jvp(&'static str),
    /// The named operation on many examples.
    Vmap(&'static str),
    /// The same call, replayed.
    Replay,
}

impl fmt::Display for Rule {
    /// A phrase that goes before a place: "in the gradient of log at ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Vjp(op) => write!(f, "in the gradient of {op} at "),
            Rule::Jvp(op) => write!(f, "in the tangent of {op} at "),
            Rule::Vmap(op) => write!(f, "in vmap of {op} at "),
            Rule::Replay => write!(f, "replayed from "),
        }
    }
}

/// What a call remembers while calls are asked to.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    trail: Arc<Trail>,
    pub rule: Option<Rule>,
}

#[derive(Debug)]
enum Trail {
    Known(Place),
    /// Symbols are looked up when someone asks, which is almost never.
    Rust(Backtrace),
}

/// How many guards want calls to remember their origin, of all threads.
static RECORDING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What calls that a rule records inherit.
    static INHERITED: RefCell<Option<Arc<Origin>>> = const { RefCell::new(None) };
}

impl Origin {
    /// The origin of a call that is being recorded.
    #[inline]
    pub fn of_new_call() -> Option<Arc<Origin>> {
        if RECORDING.load(Ordering::Relaxed) == 0 { None } else { Origin::find() }
    }

    #[cold]
    fn find() -> Option<Arc<Origin>> {
        if let Some(inherited) = INHERITED.with_borrow(Clone::clone) {
            return Some(inherited);
        }
        let trail = match HOST.get() {
            Some(host) => Trail::Known((host.locate)()?),
            None => Trail::Rust(Backtrace::force_capture()),
        };
        Some(Arc::new(Origin { trail: Arc::new(trail), rule: None }))
    }

    pub fn place(&self) -> Option<Place> {
        match &*self.trail {
            Trail::Known(place) => Some(place.clone()),
            Trail::Rust(backtrace) => {
                first_outside(&backtrace.to_string(), &std::env::current_dir().unwrap_or_default())
            }
        }
    }
}

/// Makes calls remember where they are made, as long as it lives.
pub(super) struct Recording;

impl Recording {
    pub fn new() -> Recording {
        RECORDING.fetch_add(1, Ordering::Relaxed);
        Recording
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Gives the calls that are recorded until it is dropped the origin of another call.
pub(crate) struct Within {
    before: Option<Arc<Origin>>,
}

/// Calls from here on stand for a call of `op`: they are part of what `rule` makes of it.
///
/// Nothing happens when that call has no origin, and for operations from outside, whose rules have lines of their own.
pub(crate) fn within(op: &Op, origin: Option<&Arc<Origin>>, rule: fn(&'static str) -> Rule) -> Option<Within> {
    let origin = origin?;
    if matches!(op, Op::Custom(_)) {
        return None;
    }
    let inner = Arc::new(Origin { trail: origin.trail.clone(), rule: origin.rule.or(Some(rule(op.name()))) });
    Some(Within { before: INHERITED.replace(Some(inner)) })
}

impl Drop for Within {
    fn drop(&mut self) {
        INHERITED.set(self.before.take());
    }
}

/// Where the sources of this crate were compiled.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// The first frame of a printed backtrace that belongs neither to this crate nor to the standard library.
///
/// A frame is a line `12: name`, which `at file:line:column` follows when it is known.
fn first_outside(backtrace: &str, folder: &Path) -> Option<Place> {
    let mut lines = backtrace.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((number, function)) = line.split_once(": ") else { continue };
        if number.parse::<u32>().is_err() {
            continue;
        }
        let at = lines.peek().and_then(|next| next.strip_prefix("at "));
        let (file, line) = at.and_then(file_and_line).unwrap_or_default();
        if !is_named_inside(function) && !is_file_inside(file, folder) {
            return Some(Place { file: file.to_string(), line, function: function.to_string() });
        }
    }
    None
}

fn file_and_line(at: &str) -> Option<(&str, u32)> {
    let (rest, _column) = at.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file.strip_prefix("./").unwrap_or(file), line.parse().ok()?))
}

/// By the name of the function, which is all there is without debug information.
fn is_named_inside(function: &str) -> bool {
    let name = function.trim_start_matches(['<', '&', '*']).trim_start_matches("mut ").trim_start_matches("dyn ");
    ["cotan::", "std::", "core::", "alloc::", "__rust", "rust_begin"].iter().any(|prefix| name.starts_with(prefix))
}

/// By the file, which counts where a function was inlined and its name is short. Files below `folder` are relative to it.
fn is_file_inside(file: &str, folder: &Path) -> bool {
    file.starts_with("/rustc/") || (!file.is_empty() && folder.join(file).starts_with(SOURCES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_outside_is_found_with_its_line() {
        let text = "   0: std::backtrace::Backtrace::create\n             at /rustc/1/std.rs:331:13\n   \
                    1: <&cotan::array::Array as core::ops::Add>::add\n             at ./crates/cotan/src/operators.rs:9:1\n   \
                    2: find\n             at ./crates/cotan/src/debug/origin.rs:9:1\n   \
                    3: app::loss::{{closure}}\n             at ./src/app.rs:12:5\n   4: app::main\n";
        let workspace = Path::new(SOURCES).ancestors().nth(3).unwrap();
        let place = first_outside(text, workspace).unwrap();
        assert_eq!(place.to_string(), "src/app.rs:12 in app::loss::{{closure}}");
    }

    #[test]
    fn without_debug_information_the_function_is_left() {
        let text = "   0: cotan::ops::add\n   1: app::main\n   2: __libc_start_main\n";
        assert_eq!(first_outside(text, Path::new("/")).unwrap().to_string(), "app::main");
        assert!(first_outside("disabled backtrace", Path::new("/")).is_none());
    }
}
