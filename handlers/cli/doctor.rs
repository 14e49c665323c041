//! `bluegreen doctor`: an installation looked over, with a remedy for each finding.
use super::exit::Exit;
use super::say;
use crate::azure::identity;
use crate::process::clock::Clock;
use crate::process::config::Config;
use crate::process::wire::Wire;
use crate::store::Store;
use crate::survey::checkup::{Installation, look_over};
use crate::survey::discovery::Looker;
use crate::survey::doctor::{App, examine, has_findings, table};
use clap::Args;
use jiff::Timestamp;
use std::process::ExitCode;

/// What to look over.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Resource id of the function app: without it, its identity, host, roles and settings are not looked at
    #[arg(long, value_name = "ID")]
    app: Option<App>,
    /// Print the rows as a JSON list
    #[arg(long)]
    json: bool,
}

/// Looks, and prints. Ends with 0 when all is well, 3 with findings, 1 when it could not look.
pub fn doctor(arguments: Doctor) -> anyhow::Result<ExitCode> {
    let config = Config::from_environment()?;
    let (wire, credential) = (Wire::sockets()?, identity::operator()?);
    let clock = Clock::running_at(config.clock_speed);
    let looker = Looker::new(&config.cloud, &wire, &credential, &clock);
    let store = Store::new(&config.store, &credential, &wire.http, &clock)?;
    let installation = Installation { store: config.store, bus: config.bus, app: arguments.app };
    #[expect(clippy::disallowed_methods, reason = "whether this machine's clock is right is the question")]
    let here = (config.clock_speed == 1).then(Timestamp::now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(look_over(&looker, &store, &installation, here));
    let rows = examine(&seen);
    if arguments.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
    } else {
        say(&table(&rows))?;
    }
    Ok(match (&seen.caller, has_findings(&rows)) {
        (Err(_), _) => Exit::Failed,
        (Ok(_), true) => Exit::Otherwise,
        (Ok(_), false) => Exit::Done,
    }
    .into())
}
