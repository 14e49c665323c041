//! `bluegreen simulate`: a whole upgrade on the embedded simulated Azure, in virtual time.
use super::exit::Exit;
use super::own::own;
use super::say;
use crate::local::failures::{Expected, Failure};
use crate::local::picture::picture;
use crate::local::shop::{Options, Shop};
use crate::local::story::{Plot, Told, play};
use crate::local::timeline::{next, timeline, totals};
use crate::process::config::cloud_name_from_environment;
use crate::run::Ending;
use anyhow::Context;
use clap::Args;
use simulated_azure::{Cloud, Latency, article};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What to simulate.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Let a step fail: STEP, STEP:before, STEP:after or STEP:always
    #[arg(long, value_name = "STEP[:WHEN]")]
    fail: Option<Failure>,
    /// Let handler processes die at random calls
    #[arg(long)]
    crash: bool,
    /// What decides the random calls, and how long each call takes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End with one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// Also draw it: who served, which step it was at, what failed, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Play the controllers, workloads and stages of a site file of your own, in the shop's world
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// Also log what the handlers log
    #[arg(long)]
    verbose: bool,
}

/// Plays the story and prints it.
pub fn simulate(arguments: &Simulate) -> anyhow::Result<ExitCode> {
    let filter = if arguments.verbose { "warn,bluegreen=info" } else { "off" };
    crate::process::telemetry::log(filter)?;
    let plot = Plot { failure: arguments.fail, crashes: arguments.crash, seed: arguments.seed, over_sockets: false };
    let own = match arguments.site.as_deref().map(|file| own(file, cloud()?)).transpose()? {
        Some(Err(status)) => return Ok(status),
        found => found.and_then(Result::ok),
    };
    #[expect(clippy::disallowed_methods, reason = "how long it really took is asked of the real clock")]
    let began = std::time::Instant::now();
    // No sockets: without them each jump of the paused clock costs no system call.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let base = article::Options { cloud: cloud()?, ..article::Options::default() };
        let options = Options { base, latency: Some(Latency::of(arguments.seed)), ..Options::default() };
        let shop = Shop::open(&options, |site| own.iter().for_each(|own| own.settle(site)))?;
        own.iter().for_each(|own| own.furnish(&shop));
        let opened = shop.azure.clock().now();
        let told = play(&shop, plot).await?;
        let wall: Duration = began.elapsed();
        say(&timeline(&shop, &told, opened))?;
        say(&totals(&shop, &told, wall))?;
        say(&next(false))?;
        if let Some(file) = &arguments.picture {
            let drawn = std::fs::write(file, picture(&shop, &told, opened));
            drawn.with_context(|| format!("failed to write the picture {}", file.display()))?;
        }
        if arguments.json {
            say(&format!("{}\n", told.summary(wall)))?;
        }
        Ok(verdict(&told, arguments.fail))
    })
}

/// The cloud that the simulated world is.
pub(super) fn cloud() -> anyhow::Result<Cloud> {
    let name = cloud_name_from_environment();
    let wrong = || format!("AZURE_CLOUD is {name:?}: expected AzurePublicCloud, AzureChinaCloud or AzureUSGovernment");
    Cloud::named(&name).with_context(wrong)
}

/// Whether it came to the ending that the options ask for.
pub(super) fn verdict(told: &Told, failure: Option<Failure>) -> ExitCode {
    let expected = failure.map_or(Expected::Ends(Ending::Upgraded), Failure::expected);
    let came = told.run.ending.map_or(Expected::Held, Expected::Ends);
    match (came == expected, came) {
        (true, _) => Exit::Done.into(),
        (false, Expected::Held) => Exit::Held.into(),
        (false, Expected::Ends(_)) => Exit::Otherwise.into(),
    }
}
