//! The command line: people's commands, and `serve` and `contain` for machines.
mod ask;
mod break_glass;
mod charts;
mod command;
pub mod dead_letters;
mod doctor;
pub mod exit;
mod helm;
#[cfg(feature = "local")]
mod local;
mod names;
pub mod orders;
mod out;
#[cfg(feature = "local")]
mod own;
mod patience;
mod person;
pub mod plan;
pub mod runs;
pub mod serving;
mod shells;
#[cfg(feature = "local")]
mod simulate;
mod site;
mod site_files;
mod site_init;
pub mod sites;
pub mod start;
pub mod status;
mod times;
pub mod wait;

use clap::Parser;
use command::Command;
use out::say;
use std::process::ExitCode;

/// Moves an AKS cluster to a new Kubernetes version behind an Application Gateway, without downtime and with a way back.
#[derive(Debug, Parser)]
#[command(name = "bluegreen", version, after_help = exit::in_help(), after_long_help = command::long_help())]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command. Its exit status is of the one table in `exit`.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let done = arguments.command.carry_out();
    done.unwrap_or_else(|error| {
        out::fail(&error);
        exit::Exit::Failed.into()
    })
}
