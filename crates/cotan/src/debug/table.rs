//! A profile as a table.

use std::fmt::{self, Formatter};
use std::time::Duration;

use super::Profile;

/// Names longer than this are shortened in the middle.
const WIDEST: usize = 48;

pub(super) fn write(profile: &Profile, f: &mut Formatter<'_>) -> fmt::Result {
    let rows: Vec<[String; 8]> = profile
        .rows()
        .iter()
        .map(|row| {
            [
                shortened(&row.kernel),
                row.calls.to_string(),
                time(row.total),
                time(row.mean()),
                format!("{:.1}%", row.share * 100.0),
                bytes(row.bytes_read + row.bytes_written),
                format!("{:.2}", row.gb_per_second()),
                row.gflops_per_second().map_or_else(|| "-".to_string(), |rate| format!("{rate:.2}")),
            ]
        })
        .collect();
    let head = ["kernel", "calls", "total", "mean", "share", "memory", "GB/s", "GFLOP/s"].map(String::from);
    let widths: Vec<usize> =
        (0..8).map(|c| rows.iter().chain([&head]).map(|row| row[c].chars().count()).max().unwrap_or(0)).collect();
    for row in [&head].into_iter().chain(&rows) {
        write!(f, "{:<width$}", row[0], width = widths[0])?;
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    let counts = profile.counts;
    let kernels: Duration = profile.rows().iter().map(|row| row.total).sum();
    write!(
        f,
        "{} in {}: kernels {} of {}, in {} altogether, on {}",
        plural(counts.runs, "run"),
        plural(counts.evaluations, "evaluation"),
        time(kernels),
        time(counts.evaluating),
        time(profile.wall),
        plural(profile.threads.len() as u64, "thread"),
    )
}

pub(super) fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= WIDEST {
        return name.to_string();
    }
    let front: String = name.chars().take(WIDEST / 2).collect();
    let back: String = name.chars().skip(length - (WIDEST - WIDEST / 2 - 1)).collect();
    format!("{front}…{back}")
}

/// Four digits or so with a unit.
fn time(time: Duration) -> String {
    scaled(time.as_nanos() as f64, &["ns", "µs", "ms", "s"])
}

fn bytes(bytes: u64) -> String {
    scaled(bytes as f64, &["B", "kB", "MB", "GB", "TB"])
}

fn scaled(mut value: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if unit == 0 || value >= 99.95 { 0 } else { 1 };
    format!("{value:.digits$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(time(Duration::from_nanos(999)), "999 ns");
        assert_eq!(time(Duration::from_nanos(12_340)), "12.3 µs");
        assert_eq!(time(Duration::from_secs(7200)), "7200 s");
        assert_eq!(bytes(123_456_789), "123 MB");
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = shortened(&"ab".repeat(100));
        assert_eq!(name.chars().count(), WIDEST);
        assert!(name.starts_with("abab") && name.contains('…'));
    }
}
