//! The operator's commands: with the account of `az login`, on the store and the bus themselves.
use super::{names, say};
use crate::azure::identity;
use crate::functions::app::App;
use crate::functions::orders::{self, Obeyed};
use crate::plan::Kind;
use crate::plan::request::{Refused, Request};
use crate::plan::versions::is_form;
use crate::process::config::Config;
use crate::process::wire::Wire;
use crate::run::event::{Message, REQUESTS};
use crate::run::verbs::{Direction, Order, Refusal, Verb, beforehand};
use crate::run::{Entry, Level, Run};
use crate::step::Step;
use crate::store::Shelf;
use crate::text::plain;
use azure_core::Uuid;
use clap::Args;
use jiff::SignedDuration;
use std::fmt::Write;
use std::process::ExitCode;

/// So many records of requests are looked at, and so many of each sort shown.
const MOST_RECORDS: usize = 50;
const MOST_SHOWN: usize = 5;

/// A request for an upgrade.
#[derive(Debug, Args)]
pub struct Start {
    /// The site
    site: String,
    /// 1.34.6, latest-patch or latest-stable
    version: Option<String>,
    /// What kind of replacement
    #[arg(long, value_parser = names::kind(), default_value = Kind::Upgrade.name())]
    kind: Kind,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Who asks
    #[arg(long, default_value = "operator")]
    by: String,
}

/// An order for a run.
#[derive(Debug, Args)]
pub struct Give {
    /// The site
    site: String,
    /// What to do
    #[arg(value_parser = names::verb())]
    verb: Verb,
    /// The run that you saw (the present one otherwise)
    #[arg(long)]
    run: Option<String>,
    /// The step that you saw (the present one otherwise)
    #[arg(long)]
    step: Option<Step>,
    /// The stage that you saw (the present one otherwise)
    #[arg(long)]
    stage: Option<usize>,
    /// Who says it
    #[arg(long, default_value = "operator")]
    by: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Go back although the old cluster is not ready
    #[arg(long)]
    force: bool,
    /// After the emergency way back: which way it goes on
    #[arg(long, value_parser = names::direction())]
    direction: Option<Direction>,
    /// Resume with what the published site mends: smoke tests, deadlines, watches, manifests not yet applied
    #[arg(long)]
    with_site: bool,
}

/// Runs a command with clients for Azure.
pub fn in_azure<Work>(command: impl FnOnce(App) -> Work) -> anyhow::Result<ExitCode>
where
    Work: Future<Output = anyhow::Result<ExitCode>>,
{
    let config = Config::from_environment()?;
    let wire = Wire::sockets()?;
    let app = App::new(&config, &identity::operator()?, &wire)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command(app))
}

/// Shows runs.
///
/// # Errors
/// When the store does not answer, or the run that was asked for cannot be read.
pub async fn status(app: &App, site: Option<&str>) -> anyhow::Result<ExitCode> {
    let sites = match site {
        Some(site) => vec![site.to_owned()],
        None => app.store.sites_with_runs().await?,
    };
    let mut shown = String::new();
    for name in &sites {
        match app.store.run(name).await {
            Ok(None) => writeln!(shown, "{name}: no run")?,
            Ok(Some(found)) => shown.push_str(&in_words(&found.value, site.is_some())),
            // It costs its own line; who asks for it alone gets an error.
            Err(error) if site.is_none() => writeln!(shown, "{name}: UNREADABLE: {error:#}")?,
            Err(error) => return Err(error),
        }
    }
    if shown.is_empty() {
        shown.push_str("no runs\n");
    }
    shown.push_str(&not_started(app, site).await?);
    say(&shown)?;
    Ok(ExitCode::SUCCESS)
}

/// The requests of the last day that started nothing, and those that wait: of one site with what belongs to none, or of all.
async fn not_started(app: &App, site: Option<&str>) -> anyhow::Result<String> {
    let since = app.store.now()? - SignedDuration::from_hours(24);
    let mut shown = String::new();
    for (shelf, word) in [(Shelf::Waiting, "waits"), (Shelf::Refusals, "refused")] {
        let mut lines = vec![];
        for record in app.store.records(shelf, MOST_RECORDS).await? {
            let Ok(record) = serde_json::from_value::<Refused>(record) else { continue };
            let named = &record.request.site;
            let is_meant = site.is_none_or(|site| named == site || named.is_empty());
            if is_meant && (shelf == Shelf::Waiting || record.at > since) {
                lines.push(refused_line(word, &record));
            }
        }
        let rest = lines.len().saturating_sub(MOST_SHOWN);
        lines.iter().take(MOST_SHOWN).for_each(|line| shown.push_str(line));
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
    format!("{word} {}  {asked}{by}{id}: {}{came}\n", at.strftime("%F %T"), plain(why))
}

/// A run as lines of text.
fn in_words(run: &Run, with_journal: bool) -> String {
    let state = match (&run.ending, &run.held) {
        (Some(ending), _) => format!("{ending:?}"),
        (None, Some(hold)) => format!("HELD: {}", plain(&hold.why)),
        (None, None) => format!("next look {}", run.due),
    };
    let (plan, step, stage) = (&run.plan, run.step, run.stage);
    let (old, new) = (plan.old.name(), plan.new_colour().name());
    let mut text =
        format!("{}: {} {old} -> {new} {}, {step} stage {stage}, {state}\n", plan.site.name, run.id, plan.version);
    if with_journal {
        if run.left_out > 0 {
            text.push_str(&format!("  ({} older lines of the journal were left out)\n", run.left_out));
        }
        run.numbered().for_each(|(number, entry)| text.push_str(&line(number, entry)));
    }
    text
}

/// A line of a journal stays one line, whatever its texts are.
fn line(number: u32, entry: &Entry) -> String {
    let flag = match entry.level() {
        Level::Note => String::new(),
        level => format!(" ({})", level.words()),
    };
    let (at, who, what) = (entry.at.strftime("%F %T"), plain(&entry.who), plain(&entry.what));
    format!("  {number:>4}  {at}  {who:<18} {what}{flag}\n")
}

/// Enqueues a request.
pub async fn start(app: &App, start: Start) -> anyhow::Result<ExitCode> {
    let Start { site, version, kind, reason, by } = start;
    if let Some(version) = version.as_deref().filter(|version| !is_form(version)) {
        anyhow::bail!("{version:?} is no version: expected one like 1.34.6, or latest-patch, or latest-stable");
    }
    if app.store.site(&site).await?.is_none() {
        let sites = app.store.sites().await?.join(", ");
        anyhow::bail!("there is no site {site:?}; published are: {sites}");
    }
    let request = Request { id: None, site, version, kind, reason, requested_by: Some(by) };
    let id = Uuid::new_v4().to_string();
    let body = serde_json::to_string(&request)?;
    let message = Message { to: REQUESTS, id: id.clone(), subject: "RequestUpgrade".into(), body, at: None };
    app.bus.publish(&message).await?;
    say(&format!("requested as {id}; `bluegreen status {}` shows what becomes of it\n", request.site))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives an order.
pub async fn give(app: &App, give: Give) -> anyhow::Result<ExitCode> {
    let Some(found) = app.store.run(&give.site).await? else { anyhow::bail!("the site {} has no run", give.site) };
    let order = Order {
        run: give.run.unwrap_or_else(|| found.value.id.clone()),
        verb: give.verb,
        step: give.step.or(Some(found.value.step)),
        stage: give.stage.or(Some(found.value.stage)),
        by: give.by,
        reason: give.reason,
        force: give.force,
        direction: give.direction,
        with_site: give.with_site,
    };
    if let Some(beforehand) = beforehand(&found.value, order.verb) {
        say(&format!("{beforehand}\n"))?;
    }
    match orders::give(app, &give.site, &order).await? {
        Obeyed::Yes(run) => {
            say(&in_words(&run, false))?;
            Ok(ExitCode::SUCCESS)
        }
        Obeyed::NoRun => anyhow::bail!("the site {} has no run", give.site),
        Obeyed::Refused(Refusal::Ended(ending)) => anyhow::bail!("the run has ended: {ending:?}"),
        Obeyed::Refused(Refusal::Moved(why) | Refusal::NotNow(why)) => anyhow::bail!("{why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an older binary kept it: nothing was cut or made plain then.
    #[test]
    fn a_line_of_status_stays_a_line_and_moves_no_cursor() {
        let evil = "\u{1b}[2Jall is well\n  2026-11-28 00:00:00  person:ceo  approve: ship it\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}0m";
        let entry = serde_json::json!({"at": "2026-11-28T08:00:00Z", "who": evil, "what": evil, "before": "Soak",
            "after": "Soak", "needsPerson": true});
        let line = line(7, &serde_json::from_value(entry).unwrap());
        assert!(line.ends_with(" (needs a person)\n") && line.lines().count() == 1, "{line}");
        assert!(!line.trim_end().chars().any(char::is_control), "{line}");
    }
}
