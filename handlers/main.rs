//! The executable `bluegreen`.
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bluegreen::cli::run(bluegreen::cli::Arguments::parse())
}
