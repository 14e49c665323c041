//! The one way to change a run: it is saved if nobody changed it meanwhile, told, and published; a run that has just
//! turned to the way back is handled here at once.
//!
//! Somebody else may be faster: then nothing was saved, and what was decided counts no more. Who has only decided may
//! decide anew on what is there now ([`change`]). Who has looked may have acted: it never acts again, and its message gets
//! the answer of a late one (`handle`).
use super::app::App;
use super::bound::{BOUND, LOOKS};
use super::look::{Looked, look};
use super::traced;
use crate::run::event::Event;
use crate::run::watchers::recorded;
use crate::run::{Following, Level, Run};
use crate::step::Step;
use crate::store::{SaveError, Stored};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, error, info, warn};

/// The event of a way back that is handled here comes so much later: it is for the case that this fails. The sweep comes
/// after it.
const ITS_EVENT: Duration = Duration::from_secs(60);
/// A change is decided anew so often when somebody else was faster.
const TRIES: usize = 5;

/// A run that was saved.
pub struct Committed {
    /// The run as it is now.
    pub run: Run,
    /// Whether its event was published. If not, the sweep repairs it.
    pub published: anyhow::Result<()>,
}

impl Committed {
    /// The run as it is now. That it was not published is only logged: the sweep repairs it.
    pub fn into_run(self) -> Run {
        if let Err(error) = self.published {
            warn!(run.id = self.run.id, "not published, the sweep repairs it: {error:#}");
        }
        self.run
    }
}

/// Commits what becomes of a run; `before`: what was loaded, if there was anything. Saving and publishing end with the
/// invocation; a way back that is handled here has a bound of its own.
///
/// # Errors
/// A conflict, or a store that does not answer: nothing was changed, as far as is known.
pub async fn commit(app: &App, before: Option<&Stored<Run>>, next: Run) -> Result<Committed, SaveError> {
    let bound = app.ends();
    save(app, before, &next, bound).await?;
    let published = if before.is_some_and(|before| is_handled_here(&before.value, &next)) {
        // Side by side: the way back does not wait for the bus, and happens also when publishing fails.
        let way_back = way_back(app.clone(), next.clone(), app.bound.for_way_back(&app.clock));
        if app.answers_first {
            tokio::spawn(way_back.in_current_span());
            publish(app, &next, ITS_EVENT, bound).await
        } else {
            tokio::join!(publish(app, &next, ITS_EVENT, bound), way_back).0
        }
    } else {
        publish(app, &next, Duration::ZERO, bound).await
    };
    Ok(Committed { run: next, published })
}

/// Whoever turns a run to the way back begins it, or has it go on, and so does the sweep, when nobody else did.
fn is_handled_here(before: &Run, next: &Run) -> bool {
    let is_swept = next.sweeps > before.sweeps;
    let is_entered = (before.step, before.step_began) != (next.step, next.step_began);
    let goes_on = before.held.is_some() || (next.unserved && !before.unserved) || (next.forced && !before.forced);
    next.step == Step::RestoreTraffic && next.moves() && (is_entered || is_swept || goes_on)
}

/// What an invocation did counts, though somebody else saved first: if it had the gateway written, and the run is still at
/// that step, the write is added to those that the run follows.
///
/// # Errors
/// When the store does not answer.
pub async fn record_lost(app: &App, before: &Run, acted: &Run) -> anyhow::Result<()> {
    let wrote = matches!(acted.following, Some(Following::GatewayWrite { .. })) && acted.following != before.following;
    if wrote {
        change(app, &before.plan.site.name, |run, now| recorded(run, before, acted, now).ok_or(())).await?;
    }
    Ok(())
}

/// What became of a change.
pub enum Changed<Refusal> {
    /// It was committed.
    Yes(Box<Run>),
    /// It makes no sense on the run as it is.
    Refused(Refusal),
    /// The site has no run.
    NoRun,
}

/// Changes the run of a site as `decide` says, which does nothing else: it is asked anew when somebody else was faster.
///
/// # Errors
/// When the store does not answer, or the run changes under our hands again and again. That publishing failed is no
/// error: the sweep repairs it.
pub async fn change<Refusal>(
    app: &App,
    site: &str,
    decide: impl Fn(&Run, Timestamp) -> Result<Run, Refusal>,
) -> anyhow::Result<Changed<Refusal>> {
    for _ in 0..TRIES {
        let Some(found) = app.store.run(site).await? else { return Ok(Changed::NoRun) };
        app.reader.agree_on_time().await;
        let next = match decide(&found.value, app.store.now()?) {
            Ok(next) => next,
            Err(refusal) => return Ok(Changed::Refused(refusal)),
        };
        match commit(app, Some(&found), next).await {
            Ok(committed) => return Ok(Changed::Yes(Box::new(committed.into_run()))),
            Err(SaveError::Conflict) => {}
            Err(SaveError::Other(error)) => return Err(error),
        }
    }
    anyhow::bail!("the run changed {TRIES} times meanwhile: try again")
}

async fn save(app: &App, before: Option<&Stored<Run>>, next: &Run, bound: Instant) -> Result<(), SaveError> {
    let saved = app.store.save(next, before.map(|before| before.etag.as_str()));
    timeout_at(bound, saved).await.unwrap_or_else(|_| Err(too_late("saving").into()))?;
    // The document before may be another run's, which has ended.
    let (at, before) = (before.map(|before| before.at), before.map(|before| &before.value));
    let before = before.filter(|before| before.id == next.id);
    tell(before, next);
    traced::saved(app, before, next, at.unwrap_or(next.step_began));
    Ok(())
}

async fn publish(app: &App, run: &Run, after: Duration, bound: Instant) -> anyhow::Result<()> {
    timeout_at(bound, app.publish_after(run, after)).await.unwrap_or_else(|_| Err(too_late("publishing")))
}

fn too_late(what: &str) -> anyhow::Error {
    anyhow::anyhow!("{what} took longer than the invocation's {} s", BOUND.as_secs())
}

/// Handles the event of a run that has just been saved into `RestoreTraffic`: the way back needs no bus, no cold start,
/// no lock. If this dies, the delivered event or the sweep repairs it.
fn way_back(app: App, run: Run, until: Instant) -> BoxFuture<'static, ()> {
    let working = app.at_work.begins();
    async move {
        match timeout_at(until, begun(&app, &run, until)).await {
            Ok(Ok(())) => info!(run.id, "the way back was begun at once"),
            Ok(Err(error)) => warn!(run.id, "the way back was not begun at once: {error:#}; its event does it"),
            Err(_) => warn!(run.id, "the way back could not be begun in time; its event does it"),
        }
        drop(working);
    }
    .boxed()
}

async fn begun(app: &App, run: &Run, until: Instant) -> anyhow::Result<()> {
    match look(app, &Event::of(run), app.clock.after(LOOKS)).await {
        Looked::Over(reply) => anyhow::bail!("{reply:?}"),
        Looked::Decided(before, next) => match save(app, Some(&before), &next, until).await {
            Ok(()) => publish(app, &next, Duration::ZERO, until).await,
            Err(SaveError::Conflict) => record_lost(app, &before.value, &next).await,
            Err(SaveError::Other(error)) => Err(error),
        },
    }
}

/// Logs what is new in the journal, by its number. The alert rules of `infra/` look for the field `call`.
fn tell(before: Option<&Run>, after: &Run) {
    let told = before.map_or(0, Run::last_number);
    let site = &after.plan.site.name;
    for (number, entry) in after.numbered().filter(|(number, _)| *number > told) {
        let (level, what) = (entry.level(), &entry.what);
        let (call, says) = (level.name(), level.words());
        let cause = entry.cause.as_deref().unwrap_or("");
        let (run, step, before) = (&after.id, entry.after, entry.before);
        match level {
            Level::NeedsPerson => error!(call, cause, number, site, run.id = run, %step, "{says}: {what}"),
            Level::TurnedBack => warn!(call, cause, number, site, run.id = run, %step, "{says}: {what}"),
            Level::Finished => info!(call, cause, number, site, run.id = run, %step, "{says}: {what}"),
            Level::Note => info!(number, site, run.id = run, %step, %before, "{}: {what}", entry.who),
        }
    }
}
