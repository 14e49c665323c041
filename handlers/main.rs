//! The executable `bluegreen`.
use clap::Parser;

fn main() -> std::process::ExitCode {
    bluegreen::cli::run(bluegreen::cli::Arguments::parse())
}
