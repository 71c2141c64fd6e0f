//! A profile in the Trace Event Format that Perfetto and chrome://tracing read.
//!
//! Source: the format's description by the Chromium project, "Trace Event Format", sections on complete events (`X`) and
//! metadata events (`M`).

use std::fmt::Write;
use std::path::Path;

use super::Profile;
use super::profile::Span;
use crate::error::{Error, Result, tuple};

impl Profile {
    /// The runs as a JSON document in the Trace Event Format: an event an evaluation and an event a kernel, in
    /// microseconds since the profiler was started.
    #[must_use]
    pub fn trace_json(&self) -> String {
        let process = std::process::id();
        let mut events: Vec<String> = Vec::with_capacity(self.runs.len() + self.evaluations.len() + 8);
        let named = |event: &str, thread: usize, name: &str| {
            let name = json(name);
            format!(r#"{{"name":"{event}","ph":"M","pid":{process},"tid":{thread},"args":{{"name":{name}}}}}"#)
        };
        events.push(named("process_name", 0, "cotan"));
        events.extend(self.threads.iter().enumerate().map(|(index, name)| named("thread_name", index + 1, name)));
        for (kernels, span) in &self.evaluations {
            events.push(complete("eval", "evaluation", process, span, &format!(r#""kernels":{kernels}"#)));
        }
        for (work, span) in &self.runs {
            let (shape, dtype) = (json(&tuple(&work.shape)), work.dtype);
            let (read, written) = (work.bytes_read, work.bytes_written);
            let mut args =
                format!(r#""shape":{shape},"dtype":"{dtype}","bytes_read":{read},"bytes_written":{written}"#);
            if let Some(flops) = work.flops {
                let _ = write!(args, r#","flops":{flops}"#);
            }
            events.push(complete(&work.kernel, "kernel", process, span, &args));
        }
        let left_out = self.counts.runs - self.runs.len() as u64;
        format!(
            "{{\"traceEvents\":[\n{}\n],\"displayTimeUnit\":\"ns\",\"otherData\":{{\"producer\":\"cotan {}\",\
             \"kernels_left_out\":{left_out}}}}}\n",
            events.join(",\n"),
            env!("CARGO_PKG_VERSION")
        )
    }

    /// Writes [`Profile::trace_json`] to a file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file("profile", path.as_ref(), &self.trace_json())
    }
}

pub(super) fn write_file(op: &'static str, path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::Runtime { op, message: format!("{}: {error}", path.display()) })
}

fn complete(name: &str, category: &str, process: u32, span: &Span, args: &str) -> String {
    let micros = |time: std::time::Duration| time.as_nanos() as f64 / 1000.0;
    let (name, thread, start, length) = (json(name), span.thread, micros(span.start), micros(span.length));
    format!(
        r#"{{"name":{name},"cat":"{category}","ph":"X","ts":{start:.3},"dur":{length:.3},"pid":{process},"tid":{thread},"args":{{{args}}}}}"#
    )
}

/// A JSON string.
fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => _ = write!(quoted, "\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(json("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
