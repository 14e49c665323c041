//! A platform engineer's first hour: a site file from what is there, and an installation looked over.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

mod carried;
mod doctor;
mod doctor_app;
mod site_init;

use bluegreen::azure::identity;
use bluegreen::local::door::wire;
use bluegreen::process::clock::Clock;
use bluegreen::process::cloud::Cloud;
use bluegreen::survey::discovery::Looker;
use simulated_azure::{Process, SimulatedAzure};

/// Runs a story on a paused clock of its own.
fn story<Story: Future>(story: impl FnOnce() -> Story) -> Story::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be built").block_on(async { story().await })
}

/// A person's way to look at this world.
fn looker(azure: &SimulatedAzure) -> Looker {
    let wire = wire(azure, &Process::new("person"));
    let credential = identity::managed(Some("00000000-0000-4000-8000-0000000000aa"), &wire.http).unwrap();
    Looker::new(&Cloud::named("AzurePublicCloud").unwrap(), &wire, &credential, &Clock::default())
}
