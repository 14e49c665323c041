//! `bluegreen site`: check, publish, schema.
use super::say;
use crate::functions::app::App;
use crate::site::Site;
use crate::site::check;
use anyhow::Context;
use std::path::Path;
use std::process::ExitCode;

/// Reports every mistake of a site file.
pub fn check_file(file: &Path) -> anyhow::Result<ExitCode> {
    match read(file)? {
        Ok(site) => {
            say(&format!("{}: the site {} is well formed\n", file.display(), site.name))?;
            let text = std::fs::read_to_string(file)?;
            for (line, what) in check::marks(&text) {
                say(&format!("  line {line} is marked: {what}\n"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(report) => {
            super::out::complain(&report);
            Ok(ExitCode::from(1))
        }
    }
}

/// Prints the JSON Schema.
pub fn schema() -> anyhow::Result<ExitCode> {
    say(&format!("{}\n", serde_json::to_string_pretty(&check::schema())?))?;
    Ok(ExitCode::SUCCESS)
}

/// Stores a site file with its manifests.
pub async fn publish(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    let site = match read(file)? {
        Ok(site) => site,
        Err(report) => {
            super::out::complain(&report);
            return Ok(ExitCode::from(1));
        }
    };
    let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
    };
    let site = app.store.publish(site, read).await?;
    let manifests = site.controllers.len() + site.workloads.len();
    say(&format!("published {} with {manifests} manifests; its gateway is reserved for it\n", site.name))?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Result<Site, String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    Ok(check::parse(&text).map_err(|mistakes| {
        let mut report = format!("{}: {} to mend\n", file.display(), mistakes.len());
        for mistake in mistakes {
            let place = if mistake.path.is_empty() { "/" } else { &mistake.path };
            report.push_str(&format!("  {place}: {}\n", mistake.what));
        }
        report
    }))
}
