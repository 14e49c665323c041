//! `bluegreen break-glass`: the emergency way back, by a published site, a site file, or flags alone.
use super::exit::Exit;
use super::patience::patiently;
use super::site_files::text_of;
use super::{names, say};
use crate::azure::arm::ArmWriter;
use crate::azure::break_glass::{Ended, Wish, break_glass};
use crate::azure::identity;
use crate::process::clock::Clock;
use crate::process::config::{clock_speed_from_environment, cloud_from_environment, store_from_environment};
use crate::process::wire::Wire;
use crate::site::check::without_comments;
use crate::site::emergency::{Emergency, Given};
use crate::site::{Colour, is_name};
use crate::store::Store;
use anyhow::{Context, bail};
use azure_core::credentials::TokenCredential;
use clap::Args;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The store is asked for a site so long: who is in a hurry has a file, or flags.
const PATIENCE: Duration = Duration::from_secs(10);
const FLAGS: [&str; 3] = ["gateway", "live_pools", "addresses"];

/// Who shall serve. Flags go before what the site says.
#[derive(Debug, Args)]
pub struct BreakGlass {
    /// A published site by its name, or a site file. None is needed with --gateway, --live-pool and --address
    #[arg(required_unless_present_all = FLAGS)]
    site: Option<String>,
    /// The colour that shall serve
    #[arg(long, value_parser = names::colour(), required_unless_present = "addresses")]
    to: Option<Colour>,
    /// Resource id of the gateway
    #[arg(long, value_name = "ID")]
    gateway: Option<String>,
    /// A pool that users' traffic goes to (repeatable)
    #[arg(long = "live-pool", value_name = "NAME")]
    live_pools: Vec<String>,
    /// The pool behind the listener for smoke tests: it is shown, and left as it is
    #[arg(long = "candidate-pool", value_name = "NAME")]
    candidate_pool: Option<String>,
    /// An address that shall serve (repeatable)
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<Ipv4Addr>,
    /// Resource id of the cluster behind the addresses: it is looked at
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// Write at once, whatever is known of the one that shall serve
    #[arg(long)]
    force: bool,
    /// Show what serves and what would, look, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask: it never does, and takes this as every other order does
    #[arg(long, short)]
    yes: bool,
}

/// Sends all traffic to one side, with Resource Manager alone. The exit status: 0 it goes there and nobody wrote over it
/// (or it would, with `--dry-run`), 1 an error, 2 usage, 3 refused: there is evidence against the target.
pub fn run(arguments: &BreakGlass) -> anyhow::Result<ExitCode> {
    let clock = Clock::running_at(clock_speed_from_environment()?);
    let (wire, credential) = (Wire::sockets()?, identity::operator()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let site = match &arguments.site {
        Some(site) => runtime.block_on(patiently(read(site, &credential, &wire, &clock)))?,
        None => Value::Null,
    };
    let emergency = Emergency::of(&site, arguments.given(), arguments.to).map_err(anyhow::Error::msg)?;
    let writer = ArmWriter::new(&cloud_from_environment()?, &credential, &wire.http, &clock);
    let wish = Wish { force: arguments.force, dry_run: arguments.dry_run, forced: arguments.forced() };
    // It goes on when nobody reads what it says.
    let tell = |line: &str| drop(say(&format!("{line}\n")));
    Ok(match runtime.block_on(patiently(break_glass(&writer, &emergency, &wish, &tell)))? {
        Ended::Done => {
            let name = emergency.target();
            say(&format!("all traffic goes to {name}; a run under way is held: bluegreen status\n"))?;
            ExitCode::SUCCESS
        }
        Ended::Shown => ExitCode::SUCCESS,
        Ended::Refused => Exit::Otherwise.into(),
    })
}

/// A site as it was written: only a few members of it are needed.
async fn read(site: &str, credential: &Arc<dyn TokenCredential>, wire: &Wire, clock: &Clock) -> anyhow::Result<Value> {
    let otherwise = "name a site file, or say --gateway ID --live-pool NAME --address ADDRESS";
    if !is_name(site) || Path::new(site).is_file() {
        let text = text_of(Path::new(site)).with_context(|| format!("failed to read {site}: {otherwise}"))?;
        return serde_json::from_str(&without_comments(&text)).with_context(|| {
            format!("{site} is no JSON: mend it, or say --gateway ID --live-pool NAME --address ADDRESS")
        });
    }
    let account = store_from_environment().with_context(|| {
        format!("there is no file {site}, and the store of published sites is unknown: {otherwise}")
    })?;
    let store = Store::new(&account, credential, &wire.http, clock)?;
    match timeout(PATIENCE, store.site_as_written(site)).await {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Ok(None)) => bail!("no site {site} is published: {otherwise}"),
        Ok(Err(error)) => Err(error.context(format!("the site {site} cannot be read: {otherwise}"))),
        Err(_) => bail!("the store has not answered in {} s: {otherwise}", PATIENCE.as_secs()),
    }
}

impl BreakGlass {
    fn given(&self) -> Given {
        Given {
            gateway: self.gateway.clone(),
            live: self.live_pools.clone(),
            candidate: self.candidate_pool.clone(),
            addresses: self.addresses.clone(),
            cluster: self.cluster.clone(),
        }
    }

    /// This command, with `--force`, as it is typed.
    fn forced(&self) -> String {
        let mut words = vec!["bluegreen".to_owned(), "break-glass".to_owned()];
        words.extend(self.site.as_deref().map(quoted));
        let mut flag = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
        self.to.into_iter().for_each(|colour| flag("--to", colour.name()));
        self.gateway.iter().for_each(|id| flag("--gateway", id));
        self.live_pools.iter().for_each(|pool| flag("--live-pool", pool));
        self.candidate_pool.iter().for_each(|pool| flag("--candidate-pool", pool));
        self.addresses.iter().for_each(|address| flag("--address", &address.to_string()));
        self.cluster.iter().for_each(|id| flag("--cluster", id));
        if self.yes {
            words.push("--yes".into());
        }
        words.push("--force".into());
        words.join(" ")
    }
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._:-".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        command: BreakGlass,
    }

    fn typed(words: &str) -> Result<BreakGlass, clap::Error> {
        let words = std::iter::once("break-glass").chain(words.split_whitespace());
        Typed::try_parse_from(words).map(|typed| typed.command)
    }

    #[test]
    fn the_command_with_force_is_what_was_typed() {
        let shown = typed("it's/site.json --to blue --live-pool live --live-pool b --dry-run").unwrap().forced();
        let expected = r"bluegreen break-glass 'it'\''s/site.json' --to blue --live-pool live --live-pool b --force";
        assert_eq!(shown, expected);
        let flags = "--gateway /g --live-pool live --candidate-pool c --address 10.1.0.1 --cluster /c";
        assert_eq!(typed(flags).unwrap().forced(), format!("bluegreen break-glass {flags} --force"));
    }

    #[test]
    fn a_yes_is_taken_as_by_every_other_order() {
        for yes in ["--yes", "-y"] {
            assert!(typed(&format!("shop --to blue {yes}")).is_ok_and(|typed| typed.yes), "{yes}");
        }
    }

    #[test]
    fn a_site_and_a_colour_or_flags_are_enough() {
        for enough in ["shop --to blue", "shop --address 10.1.0.1", "--gateway /g --live-pool l --address 10.1.0.1"] {
            assert!(typed(enough).is_ok(), "{enough}");
        }
        for less in ["shop", "--to blue", "--gateway /g --to blue", "--gateway /g --live-pool l --to blue"] {
            assert!(typed(less).is_err(), "{less}");
        }
    }
}
