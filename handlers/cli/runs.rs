//! Runs of the past and the present: `why`, `history`, `show`, `export`.
mod export;
mod timeline;

pub use export::exported;
pub use timeline::timeline;

use super::exit::Exit;
use super::out::complain;
use super::times::{full, length};
use super::{say, status};
use crate::functions::app::App;
use crate::functions::overview::{Health, gather};
use crate::run::Run;
use crate::site::is_name;
use crate::text::plain;
use futures::{StreamExt, TryStreamExt, stream};
use std::fmt::Write;
use std::process::ExitCode;

/// So many ended runs are read side by side.
const AT_ONCE: usize = 16;
/// So many lines of the journal say what led here.
const LINES: usize = 12;

/// Why a site's run is where it is: the reason, the evidence, and what led there.
///
/// # Errors
/// When the store does not answer.
pub async fn why(app: &App, site: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let gathered = gather(app, site, Health::AsAsked).await?;
    let overview = gathered.overview();
    let Some(seen) = &overview.run else {
        say(&status::screen(&overview))?;
        return Ok(Exit::Nothing.into());
    };
    if as_json {
        say(&format!("{}\n", serde_json::to_string(&seen)?))?;
        return Ok(Exit::Done.into());
    }
    let mut text = status::screen(&overview);
    writeln!(text, "\n{} makes true: {}", seen.step, seen.goal)?;
    if let Ok(Some(run)) = &gathered.run {
        let lines: Vec<_> = run.numbered().collect();
        let from = lines.len().saturating_sub(LINES);
        writeln!(text, "what led here (all of it: bluegreen show {}):", run.id)?;
        lines[from..].iter().for_each(|(number, entry)| text.push_str(&timeline::line(*number, entry)));
    }
    say(&text)?;
    Ok(Exit::Done.into())
}

/// The runs of a site, the newest first.
///
/// # Errors
/// When the store does not answer.
pub async fn history(app: &App, site: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let runs = all(app, site).await?;
    if runs.is_empty() {
        complain(&format!("bluegreen: the site {site} has no run\n"));
        return Ok(Exit::Nothing.into());
    }
    if as_json {
        let runs: Vec<_> = runs.iter().map(short).collect();
        say(&format!("{}\n", serde_json::Value::from(runs)))?;
        return Ok(Exit::Done.into());
    }
    let mut text = String::new();
    for run in &runs {
        let ending = match (run.ending_words(), &run.held) {
            (Some(ending), _) => ending,
            (None, Some(_)) => "held",
            (None, None) => "under way",
        };
        let began = run.journal.first().map_or(run.step_began, |entry| entry.at);
        let lasted = run.journal.last().map_or_else(String::new, |entry| length(entry.at.duration_since(began)));
        let (kind, version) = (run.plan.kind.name(), run.plan.version.to_string());
        let why = run.failure.as_deref().map_or_else(String::new, |why| format!("  {}", plain(why)));
        writeln!(text, "{}  {:<24} {kind:<8} {version:<9} {ending:<12} {lasted:>12}{why}", full(began), run.id)?;
    }
    say(&text)?;
    Ok(Exit::Done.into())
}

fn short(run: &Run) -> serde_json::Value {
    serde_json::json!({
        "run": run.id, "kind": run.plan.kind, "version": run.plan.version, "from": run.plan.old,
        "to": run.plan.new_colour(), "began": run.journal.first().map(|entry| entry.at),
        "last": run.journal.last().map(|entry| entry.at), "ending": run.ending, "failure": run.failure,
    })
}

/// A run with its whole timeline.
///
/// # Errors
/// When the store does not answer.
pub async fn show(app: &App, named: &str) -> anyhow::Result<ExitCode> {
    let Some(run) = find(app, named).await? else { return no_run(named) };
    say(&timeline(&run, app.store.now()?))?;
    Ok(Exit::Done.into())
}

/// A run as one JSON document for the post-mortem.
///
/// # Errors
/// When the store does not answer.
pub async fn export(app: &App, named: &str) -> anyhow::Result<ExitCode> {
    let Some(run) = find(app, named).await? else { return no_run(named) };
    say(&format!("{}\n", serde_json::to_string_pretty(&exported(&run, app.store.now()?)?)?))?;
    Ok(Exit::Done.into())
}

fn no_run(named: &str) -> anyhow::Result<ExitCode> {
    complain(&format!("bluegreen: there is no run {named:?}; those of a site: bluegreen history SITE\n"));
    Ok(Exit::Nothing.into())
}

/// The run of this id, or the present run of the site of this name.
async fn find(app: &App, named: &str) -> anyhow::Result<Option<Run>> {
    if let Some(found) = present(app, named).await? {
        return Ok(Some(found));
    }
    let Some((site, _)) = named.rsplit_once('-').filter(|(site, _)| is_name(site)) else { return Ok(None) };
    Ok(all(app, site).await?.into_iter().find(|run| run.id == named))
}

async fn present(app: &App, site: &str) -> anyhow::Result<Option<Run>> {
    if !is_name(site) {
        return Ok(None);
    }
    Ok(app.store.run(site).await?.map(|found| found.value))
}

/// Every run of a site that can be read, the newest first.
pub(super) async fn all(app: &App, site: &str) -> anyhow::Result<Vec<Run>> {
    let names = stream::iter(app.store.history(site).await?);
    let ended = names.map(|name| async move { app.store.ended_run(&name).await });
    let ended: Vec<Option<Run>> = ended.buffered(AT_ONCE).try_collect().await?;
    let mut runs: Vec<Run> = present(app, site).await?.into_iter().collect();
    for run in ended.into_iter().flatten() {
        if !runs.iter().any(|known| known.id == run.id) {
            runs.push(run);
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.journal.first().map(|entry| entry.at)));
    Ok(runs)
}
