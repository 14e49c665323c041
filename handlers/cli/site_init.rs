//! `bluegreen site init`: a first site file from what is there.
use super::patience::patiently;
use super::say;
use crate::azure::identity;
use crate::process::clock::Clock;
use crate::process::config::{clock_speed_from_environment, cloud_from_environment};
use crate::process::wire::Wire;
use crate::survey::discovery::Looker;
use crate::survey::site_init::{Draft, draft};
use anyhow::Context;
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to write a file for.
#[derive(Debug, Args)]
pub struct Init {
    /// Resource id of the Application Gateway, or of the cluster behind it
    id: String,
    /// Resource id of the cluster that serves, if several are behind the gateway
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// Name of the site (the gateway's otherwise)
    #[arg(long)]
    name: Option<String>,
    /// Where the file goes; - for the terminal
    #[arg(long, short, value_name = "FILE", default_value = "site.jsonc")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// Looks, and writes.
pub fn init(init: &Init) -> anyhow::Result<ExitCode> {
    let to_terminal = init.output.as_os_str() == "-";
    if !to_terminal && !init.force && init.output.exists() {
        anyhow::bail!("{} is there already: name another --output, or say --force", init.output.display());
    }
    let clock = Clock::running_at(clock_speed_from_environment()?);
    let looker = Looker::new(&cloud_from_environment()?, &Wire::sockets()?, &identity::operator()?, &clock);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(patiently(looker.around(&init.id, init.cluster.as_deref())))?;
    let drafted = draft(&found, init.name.as_deref()).map_err(anyhow::Error::msg)?;
    if to_terminal {
        say(&drafted.text)?;
    } else {
        let failed = || format!("failed to write {}", init.output.display());
        std::fs::write(&init.output, &drafted.text).with_context(failed)?;
        say(&summary(&drafted, &init.output.display().to_string()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(draft: &Draft, file: &str) -> String {
    let Draft { name, placeholders, marks, .. } = draft;
    let mut text = format!("wrote {file}: the site {name}\n");
    for (heading, found) in [
        ("to fill in, the file cannot be published before:", placeholders.clone()),
        (
            "to look at, the values are good as they are:",
            marks.iter().map(|(line, what)| (format!("line {line}"), what.clone())).collect(),
        ),
    ] {
        if !found.is_empty() {
            let _ = writeln!(text, "{heading}");
        }
        for (place, what) in found {
            let _ = writeln!(text, "  {place}: {what}");
        }
    }
    let _ = writeln!(text, "then: bluegreen site check {file}");
    text
}
