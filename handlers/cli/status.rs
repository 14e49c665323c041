//! `bluegreen status`: one screen of a site, or a line for each.
mod screen;

pub use screen::screen;

use super::exit::Exit;
use super::{out::complain, say};
use crate::functions::app::App;
use crate::functions::overview::{Health, gather};
use crate::plan::request::Refused;
use crate::run::Run;
use crate::run::overview::{Overview, RunSeen, StageSeen};
use crate::store::{Shelf, Stored};
use crate::text::plain;
use clap::Args;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

/// So many records of requests are looked at, and so many of each sort shown.
const MOST_RECORDS: usize = 50;
const MOST_SHOWN: usize = 5;
/// So many runs are read side by side.
const AT_ONCE: usize = 32;
/// A live screen is drawn so often.
const FRAME: Duration = Duration::from_secs(5);

/// What to show.
#[derive(Debug, Default, Args)]
pub struct Status {
    /// The site; all of them otherwise
    pub site: Option<String>,
    /// Show it anew every 5 s, until Ctrl-C or the end of the run
    #[arg(long, requires = "site")]
    pub watch: bool,
    /// Ask the gateway anew what its probes see: that takes it 10 to 90 s
    #[arg(long, requires = "site")]
    pub health: bool,
    /// One JSON document (docs/operate.md has its members), times in UTC
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
///
/// # Errors
/// When the store does not answer.
pub async fn status(app: &App, wanted: &Status) -> anyhow::Result<ExitCode> {
    let Some(site) = &wanted.site else { return all(app, wanted.json).await };
    let health = if wanted.health { Health::Anew } else { Health::AsAsked };
    if wanted.health {
        complain("asking the gateway what its probes see: 10 to 90 s\n");
    }
    loop {
        let gathered = gather(app, site, health).await?;
        let overview = gathered.overview();
        if wanted.json {
            say(&format!("{}\n", serde_json::to_string(&overview)?))?;
        } else if wanted.watch {
            // Above the cursor nothing is lost: the screen is cleared from its first line on.
            print_anew(&screen(&overview))?;
        } else {
            say(&screen(&overview))?;
        }
        let is_over = overview.run.as_ref().is_none_or(|run| run.ending.is_some());
        if !wanted.watch || is_over {
            return Ok(exit(&overview, gathered.is_nothing()).into());
        }
        app.clock.sleep(FRAME).await;
    }
}

fn exit(overview: &Overview, is_nothing: bool) -> Exit {
    match (is_nothing, overview.needs_person()) {
        (true, _) => Exit::Nothing,
        (false, true) => Exit::Held,
        (false, false) => Exit::Done,
    }
}

/// A terminal is cleared first; a file or a pipe gets one screen after the other.
fn print_anew(text: &str) -> anyhow::Result<()> {
    use std::io::{IsTerminal, Write};
    let mut out = std::io::stdout();
    if out.is_terminal() {
        out.write_all(b"\x1b[H\x1b[2J")?;
    }
    say(text)
}

/// A line for each site, and the requests that started nothing.
async fn all(app: &App, as_json: bool) -> anyhow::Result<ExitCode> {
    let names = app.store.sites_with_runs().await?;
    let published = app.store.sites().await.unwrap_or_default();
    let now = app.store.now()?;
    let reads = stream::iter(&names).map(|name| async move { (name.clone(), app.store.run(name).await) });
    let found: Vec<(String, anyhow::Result<Option<Stored<Run>>>)> = reads.buffered(AT_ONCE).collect().await;
    if as_json {
        let runs = found.iter().map(|(name, found)| match found {
            Ok(found) => json!({"site": name, "run": found.as_ref().map(|found| RunSeen::of(&found.value, now))}),
            Err(why) => json!({"site": name, "unreadable": format!("{why:#}")}),
        });
        let runs: Vec<_> = runs.collect();
        let (refused, waiting) = (
            app.store.requests(Shelf::Refusals, MOST_RECORDS).await?,
            app.store.requests(Shelf::Waiting, MOST_RECORDS).await?,
        );
        let document = json!({"now": now, "runs": runs, "sites": published, "refused": refused, "waiting": waiting});
        say(&format!("{document}\n"))?;
        return Ok(Exit::Done.into());
    }
    let mut shown = String::new();
    for (name, found) in &found {
        match found {
            Ok(None) => writeln!(shown, "{name}: no run")?,
            Ok(Some(found)) => shown.push_str(&line(&found.value, now)),
            Err(error) => writeln!(shown, "{name}: UNREADABLE: {error:#}")?,
        }
    }
    for name in published.iter().filter(|name| !names.contains(name)) {
        writeln!(shown, "{name}: published, no run yet")?;
    }
    if shown.is_empty() {
        shown.push_str("no runs\n");
    }
    shown.push_str(&not_started(app, now).await?);
    say(&shown)?;
    Ok(Exit::Done.into())
}

/// A run in a line.
#[must_use]
pub fn line(run: &Run, now: Timestamp) -> String {
    let seen = RunSeen::of(run, now);
    let state = match (run.ending_words(), &run.held) {
        (Some(ending), _) => ending.to_owned(),
        (None, Some(hold)) => format!("{}: {}", seen.state.words(), plain(&hold.why)),
        (None, None) => seen.state.words().to_owned(),
    };
    let (site, old, new) = (&run.plan.site.name, seen.from.name(), seen.to.name());
    let stage = seen.lasting.stage.as_ref().map_or_else(String::new, stage_in_words);
    format!("{site}: {} {old} -> {new} {}, {}{stage}, {state}\n", seen.id, seen.version, seen.step)
}

/// `, stage 2 of 3 (25 %)`.
fn stage_in_words(stage: &StageSeen) -> String {
    format!(", stage {} of {} ({} %)", stage.number, stage.of, stage.share)
}

/// The requests of the last day that started nothing, and those that wait.
async fn not_started(app: &App, now: Timestamp) -> anyhow::Result<String> {
    let since = now - SignedDuration::from_hours(24);
    let mut shown = String::new();
    for (shelf, word) in [(Shelf::Waiting, "waits"), (Shelf::Refusals, "refused")] {
        let found = app.store.requests(shelf, MOST_RECORDS).await?;
        let lines: Vec<_> = found
            .iter()
            .filter(|record| shelf == Shelf::Waiting || record.at > since)
            .map(|record| refused_line(word, record))
            .collect();
        lines.iter().take(MOST_SHOWN).for_each(|line| shown.push_str(line));
        let rest = lines.len().saturating_sub(MOST_SHOWN);
        if rest > 0 {
            writeln!(shown, "  … and {rest} more")?;
        }
    }
    Ok(shown)
}

fn refused_line(word: &str, record: &Refused) -> String {
    let Refused { at, request, why, queue, came } = record;
    let asked = match (&request.site[..], request.version.as_deref()) {
        ("", _) => format!("a message in {}", plain(queue.as_deref().unwrap_or("a queue"))),
        (site, version) => format!("{} {}", plain(site), plain(version.unwrap_or(request.kind.name()))),
    };
    let by = request.requested_by.as_deref().map_or_else(String::new, |by| format!(" by {}", plain(by)));
    let id = request.id.as_deref().map_or_else(String::new, |id| format!(" [{}]", plain(id)));
    let came = came.as_deref().map_or_else(String::new, |came| format!("; it began {}", plain(came)));
    format!("{word} {}  {asked}{by}{id}: {}{came}\n", super::times::full(*at), plain(why))
}
