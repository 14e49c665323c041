//! Once an hour: would the steps' events be delivered? A run in its quiet hours does not show it, and the way back must not
//! be the first to find out.
use super::app::App;
use super::calls::call;
use crate::resources::subscription::of_step;
use crate::step::Step;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// In this minute of each hour, by the store's clock.
const MINUTE: i64 = 7;
/// A message that waits is fetched within seconds: an event that is older is fetched by nobody.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// What is wrong must be wrong twice, so far apart: what Resource Manager shows may lag.
const APART: Duration = Duration::from_secs(10);

/// Something that keeps a step's events from its function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ailment {
    /// Whose subscription.
    pub step: Step,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Looks in one minute of each hour, and calls a person for each thing that is wrong, daily.
pub async fn hourly(app: &App, ends: Instant) {
    if app.store.now().is_ok_and(|now| now.as_second().div_euclid(60).rem_euclid(60) == MINUTE) {
        match timeout_at(ends, ailments(app)).await {
            Ok(Ok(ailing)) => {
                for Ailment { step, why } in ailing {
                    let why = format!("the subscription {step} {why}");
                    call(app, &format!("subscription/{step}"), "", &why).await;
                }
            }
            Ok(Err(error)) => warn!("the steps' subscriptions could not be looked at: {error:#}"),
            Err(_) => warn!("the steps' subscriptions could not be looked at in time"),
        }
    }
}

/// What is wrong with the steps' subscriptions, at two looks.
///
/// # Errors
/// When they cannot be looked at.
pub async fn ailments(app: &App) -> anyhow::Result<Vec<Ailment>> {
    let first = look(app).await?;
    if first.iter().all(|(_, state)| *state == State::Empty) {
        return Ok(vec![]);
    }
    app.clock.sleep(APART).await;
    let mut ailing = vec![];
    for ((step, state), (_, before)) in look(app).await?.into_iter().zip(&first) {
        let why = match (before, state) {
            (State::Ails(_), State::Ails(why)) => Some(why),
            // Only where messages lay at both looks is one touched: mostly they are gone by now.
            (State::Holds, State::Holds) => waits_too_long(app, step).await?,
            (State::Empty | State::Holds | State::Ails(_), _) => None,
        };
        ailing.extend(why.map(|why| Ailment { step, why }));
    }
    Ok(ailing)
}

/// A subscription at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Events come through, and none lies in it.
    Empty,
    /// Events come through, and some may lie in it or are being handled.
    Holds,
    /// They do not come through.
    Ails(String),
}

/// Every step's subscription.
async fn look(app: &App) -> anyhow::Result<Vec<(Step, State)>> {
    let Some(namespace) = &app.namespace else { anyhow::bail!("the setting SERVICE_BUS_RESOURCE_ID is missing") };
    let all = app.reader.subscriptions(namespace).await?;
    let state = |step: Step| match of_step(&all, step) {
        None => State::Ails("does not exist: deploy infra/ once more, it makes what is missing".to_owned()),
        Some(found) => match found.ailment(step) {
            Some(why) => State::Ails(why),
            None if found.may_hold_messages() => State::Holds,
            None => State::Empty,
        },
    };
    Ok(Step::ALL.map(|step| (step, state(step))).into())
}

async fn waits_too_long(app: &App, step: Step) -> anyhow::Result<Option<String>> {
    let Some(since) = app.bus.first_since(step.name()).await? else { return Ok(None) };
    let waits = app.store.now()?.duration_since(since);
    Ok((waits > OLDEST).then(|| {
        let minutes = waits.as_mins();
        format!("has a message that nobody fetches for {minutes} min: see that the function {step} is enabled and runs")
    }))
}
