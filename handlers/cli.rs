//! The command line: `serve` for the Functions host, the operator's verbs, the simulation.
mod break_glass;
mod charts;
mod doctor;
mod helm;
#[cfg(feature = "local")]
mod local;
mod names;
pub mod operator;
mod out;
#[cfg(feature = "local")]
mod simulate;
mod site;
mod site_files;
mod site_init;

use clap::{Parser, Subcommand};
use out::say;
use std::path::PathBuf;
use std::process::ExitCode;

/// Moves an AKS cluster to a new Kubernetes version behind an Application Gateway, without downtime and with a way back.
#[derive(Debug, Parser)]
#[command(name = "bluegreen", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the Functions host (it starts this itself)
    Serve,
    /// Write, check or publish a site file
    #[command(subcommand)]
    Site(SiteCommand),
    /// Look over an installation: identity, roles, entities, settings, clock, sites
    Doctor(doctor::Doctor),
    /// Show the runs of all sites, or of one with its journal
    Status {
        /// The site
        site: Option<String>,
    },
    /// Request an upgrade
    Start(operator::Start),
    /// Give an order to the run of a site
    Order(operator::Give),
    /// In an emergency: send all traffic to one colour, with Resource Manager alone (no bus, no functions, no cluster)
    BreakGlass(break_glass::BreakGlass),
    /// Start the Functions host in a container, and drain it before it stops
    Contain(crate::functions::container::Contain),
    /// Run everything for real on this machine: a simulated Azure, the functions, a proxying gateway, users, one upgrade
    #[cfg(feature = "local")]
    Local(local::Local),
    /// Run a whole upgrade on the embedded simulated Azure, in virtual time
    #[cfg(feature = "local")]
    Simulate(simulate::Simulate),
}

#[derive(Debug, Subcommand)]
enum SiteCommand {
    /// Write a first site file from a gateway or a cluster that is there, with what is to be decided marked
    Init(site_init::Init),
    /// Report every mistake of a site file, with its place
    Check {
        /// The site file
        file: PathBuf,
    },
    /// Store a site file with its manifests, and reserve its gateway
    Publish {
        /// The site file
        file: PathBuf,
    },
    /// Print the JSON Schema of site files
    Schema,
}

/// Runs the command. The exit status: 0 as asked, 1 an error, 2 usage, 3 another ending or findings, 4 held.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let done = match arguments.command {
        Command::Serve => crate::functions::serve::serve(),
        Command::Site(SiteCommand::Init(init)) => site_init::init(&init),
        Command::Site(SiteCommand::Check { file }) => site::check_file(&file),
        Command::Site(SiteCommand::Schema) => site::schema(),
        Command::Site(SiteCommand::Publish { file }) => {
            operator::in_azure(|app| async move { site::publish(&app, &file).await })
        }
        Command::Status { site } => {
            operator::in_azure(|app| async move { operator::status(&app, site.as_deref()).await })
        }
        Command::Start(start) => operator::in_azure(|app| async move { operator::start(&app, start).await }),
        Command::Order(give) => operator::in_azure(|app| async move { operator::give(&app, give).await }),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::BreakGlass(arguments) => break_glass::run(&arguments),
        Command::Contain(contain) => crate::functions::container::contain(&contain),
        #[cfg(feature = "local")]
        Command::Local(local) => local::local(local),
        #[cfg(feature = "local")]
        Command::Simulate(simulate) => simulate::simulate(&simulate),
    };
    done.unwrap_or_else(|error| {
        out::fail(&error);
        ExitCode::from(1)
    })
}
