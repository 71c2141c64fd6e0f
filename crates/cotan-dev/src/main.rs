//! Commands for the developers of cotan: `cargo run -p cotan-dev -- stubs`.

mod stubs;

use std::process::ExitCode;

const USAGE: &str = "usage: cotan-dev stubs [--check]

  stubs           write the type stubs of cotan.core from the source of the binding
  stubs --check   say whether the stubs are up to date, and fail if they are not";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["stubs"] => stubs::write(),
        ["stubs", "--check"] => stubs::check(),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
