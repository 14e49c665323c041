//! The command line of the tools that make a release; `packaging/build` uses it.
use anyhow::{Context, Result, ensure};
use clap::Parser;
use jiff::Timestamp;
use packaging::bill::{self, Build};
use packaging::{archive, cold_start, crates, digests};
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

/// Make the files of a release.
#[derive(Debug, Parser)]
enum Arguments {
    /// Write the zip, its bill of materials, the template and SHA256SUMS into a folder
    Release(Release),
    /// Measure how long an executable takes from its start to the first answered invocation
    ColdStart {
        /// The executable
        executable: PathBuf,
        /// How often it is started
        #[arg(long, default_value_t = 20)]
        runs: usize,
    },
}

#[derive(Debug, clap::Args)]
struct Release {
    /// The folder that packaging/assemble wrote
    #[arg(long)]
    app: PathBuf,
    /// The target's triple
    #[arg(long)]
    target: String,
    /// The time of the source, in seconds since 1970
    #[arg(long)]
    at: i64,
    /// A tool that decides the bytes, and its version: name=version
    #[arg(long = "tool", value_parser = tool)]
    tools: Vec<(String, String)>,
    /// The folder of the release
    #[arg(long)]
    into: PathBuf,
}

fn tool(text: &str) -> Result<(String, String), String> {
    let (name, version) = text.split_once('=').ok_or("expected name=version")?;
    Ok((name.to_owned(), version.to_owned()))
}

fn main() -> Result<()> {
    match Arguments::parse() {
        Arguments::Release(release) => make(release),
        Arguments::ColdStart { executable, runs } => {
            let times = cold_start::measure(&executable, runs)?;
            writeln!(stdout(), "{times}")?;
            Ok(())
        }
    }
}

fn make(release: Release) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace is the folder above")?;
    let at = Timestamp::from_second(release.at).context("--at is no time")?;
    let platform = platform(&release.target)?;
    let crates = crates::of(root, "aks-bluegreen", &release.target)?;
    let version = &crates.root.1;
    fs::create_dir_all(&release.into).with_context(|| format!("failed to create {}", release.into.display()))?;

    let zip = format!("functions-{version}-{platform}.zip");
    archive::pack(&release.app, at, &release.into.join(&zip))?;
    let executable = digests::of(&release.app.join("bluegreen"))?;
    let document = bill::of(&crates, &Build { at, target: release.target, executable, tools: release.tools });
    let bill = format!("functions-{version}-{platform}.cdx.json");
    fs::write(release.into.join(&bill), format!("{document:#}\n"))
        .with_context(|| format!("failed to write {bill}"))?;
    let mut names = vec![zip, bill];
    names.extend(template(root, &release.into)?);
    digests::write(&release.into, &names)?;

    names.push(digests::NAME.to_owned());
    for name in names {
        let size = fs::metadata(release.into.join(&name))?.len();
        writeln!(stdout(), "{size:>10} bytes  {}", release.into.join(name).display())?;
    }
    Ok(())
}

/// The compiled template of infra/, for those who deploy it from the portal.
fn template(root: &Path, into: &Path) -> Result<Option<String>> {
    let (from, name) = (root.join("infra/main.json"), "main.json");
    if !from.exists() {
        writeln!(stdout(), "SKIPPED {name}: there is no {}", from.display())?;
        return Ok(None);
    }
    fs::copy(&from, into.join(name)).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(Some(name.to_owned()))
}

/// What the package runs on, as it stands in the names of files.
fn platform(target: &str) -> Result<String> {
    let parts: Vec<_> = target.split('-').collect();
    ensure!(parts.len() == 4 && parts[2] == "linux", "{target} is no target of Linux, which the Functions host needs");
    let libc = if parts[3].starts_with("musl") { String::new() } else { format!("-{}", parts[3]) };
    Ok(format!("linux-{}{libc}", parts[0]))
}
