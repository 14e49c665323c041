//! `bluegreen site`: check, publish, schema.
use super::exit::Exit;
use super::out::complain;
use super::say;
use super::site_files::{Contents, in_lines, refusals};
use crate::functions::app::App;
use crate::functions::regions::Regions;
use crate::functions::start::look;
use crate::plan::planning::serving;
use crate::plan::{Version, planned};
use crate::run::StepError;
use crate::site::Site;
use crate::site::check;
use anyhow::Context;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// Reports every mistake of a site file and of its manifests.
pub fn check_file(file: &Path) -> anyhow::Result<ExitCode> {
    let (text, site) = match read(file)? {
        Ok(read) => read,
        Err(report) => {
            complain(&report);
            return Ok(Exit::Otherwise.into());
        }
    };
    let findings = contents(file, &site)?.judged(&site, &[]);
    complain(&in_lines(&findings));
    if refusals(&findings) > 0 {
        complain(&format!("{}: {} to mend in its manifests\n", file.display(), refusals(&findings)));
        return Ok(Exit::Otherwise.into());
    }
    say(&format!("{}: the site {} is well formed\n{}", file.display(), site.name, stages(&site)))?;
    for (line, what) in check::marks(&text) {
        say(&format!("  line {line} is marked: {what}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the JSON Schema.
pub fn schema() -> anyhow::Result<ExitCode> {
    say(&format!("{}\n", serde_json::to_string_pretty(&check::schema())?))?;
    Ok(ExitCode::SUCCESS)
}

/// Stores a site file with its manifests, once they are judged for the versions that may be next.
pub async fn publish(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    let site = match read(file)? {
        Ok((_, site)) => site,
        Err(report) => {
            complain(&report);
            return Ok(Exit::Otherwise.into());
        }
    };
    let contents = contents(file, &site)?;
    let versions = next_versions(app, &site).await;
    if let Err(why) = &versions {
        complain(&format!("  not judged for the versions of the region, which could not be read: {why:#}\n"));
    }
    let findings = contents.judged(&site, &versions.unwrap_or_default());
    complain(&in_lines(&findings));
    if refusals(&findings) > 0 {
        let told =
            format!("{}: {} to mend in its manifests; nothing was published\n", file.display(), refusals(&findings));
        complain(&told);
        return Ok(Exit::Otherwise.into());
    }
    let site = app.store.publish(site, |name| contents.of(name)).await?;
    let manifests = site.controllers.len() + site.workloads.len();
    let published = format!("published {} with {manifests} manifests; its gateway is reserved for it\n", site.name);
    say(&(published + &stages(&site)))?;
    Ok(ExitCode::SUCCESS)
}

/// The newest patch of each minor version that an upgrade from the serving cluster could go to next.
async fn next_versions(app: &App, site: &Site) -> anyhow::Result<Vec<Version>> {
    let world = look(app, site, &Regions::default()).await.map_err(StepError::into_cause)?;
    let serves = serving(site, &world.gateway).map_err(anyhow::Error::msg)?;
    let old: Version = world
        .cluster(serves)
        .context("the cluster that serves is not there")?
        .version()
        .parse()
        .map_err(anyhow::Error::msg)?;
    let offered = world.offered.versions.iter().filter(|offered| !offered.preview).map(|offered| offered.version);
    let next = offered.filter(|version| (old.minor..=old.minor + 1).contains(&version.minor));
    let mut newest: Vec<Version> = vec![];
    for version in next {
        match newest.iter_mut().find(|known| known.minor == version.minor) {
            Some(known) => *known = version.max(*known),
            None => newest.push(version),
        }
    }
    Ok(newest)
}

/// What the members of the pools make of each share.
fn stages(site: &Site) -> String {
    let (blue, green) = (&site.slots.blue.addresses, &site.slots.green.addresses);
    let mut lines = String::new();
    for (index, stage) in site.stages.iter().enumerate() {
        let made = planned(stage, blue, green);
        let differs = if made.share == stage.share { "" } else { ", which is what the addresses allow" };
        let (stage, asked, share, watch) = (index + 1, stage.share, made.share, stage.watch_minutes);
        let _ =
            writeln!(lines, "  stage {stage}: {asked} % asked, {share} % achieved{differs}; watched for {watch} min");
    }
    lines
}

fn contents(file: &Path, site: &Site) -> anyhow::Result<Contents> {
    Contents::read(file.parent().unwrap_or(Path::new(".")), site)
}

fn read(file: &Path) -> anyhow::Result<Result<(String, Site), String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    Ok(check::parse(&text).map(|site| (text, site)).map_err(|mistakes| {
        let mut report = format!("{}: {} to mend\n", file.display(), mistakes.len());
        for mistake in mistakes {
            let place = if mistake.path.is_empty() { "/" } else { &mistake.path };
            let _ = writeln!(report, "  {place}: {}", mistake.what);
        }
        report
    }))
}
