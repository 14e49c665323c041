//! A look of the real step, in the model's words: from what it said and from what arrived at Azure.
use super::arranged::Arranged;
use super::input::{Act, Input, Members, Next, Saw};
use crate::edited::edited;
use bluegreen::resources::gateway::Gateway;
use bluegreen::run::{Fact, Following, Outcome, Run, StepResult, Waiting};
use bluegreen::step::Step;
use bluegreen::steps;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulated_azure::record::Call;
use std::time::Duration;

/// A gateway's answer about its backends, and a change of tags, are there after this.
const ANSWERED: Duration = Duration::from_secs(20);
/// No look needs more of them: what became of a change, what the probes see, whether a cluster is there.
const ANSWERS: usize = 5;

/// One look: what the run was, what was said, and which calls that could change something arrived.
struct Seen {
    run: Run,
    said: StepResult,
    arrived: Vec<Call>,
}

/// What the look at the present step leads to; or what it did that is in nobody's words.
pub async fn next(at: &Arranged, input: &Input) -> Result<Next, String> {
    let mut seen = look(at).await;
    // The model's look is the one that has all answers. Asking changes nothing, and is `NotYet`; a retired cluster that is
    // kept is tagged first, and no step after `RetireOldCluster` looks at that.
    for _ in 0..ANSWERS {
        let tag = tagged(&seen).filter(|_| input.keeps_clusters && input.step == Step::RetireOldCluster);
        let Some(known) =
            asked(&seen).or(tag).map(|following| json!({"operation": following})).or_else(|| missed(&seen))
        else {
            break;
        };
        at.scene.azure.clock().sleep(ANSWERED).await;
        know(at, &known).await;
        seen = look(at).await;
    }
    in_the_models_words(at, &seen).ok_or_else(|| format!("{:?} with {:?}", seen.said, lines(&seen.arrived)))
}

/// Exactly as an event is handled.
async fn look(at: &Arranged) -> Seen {
    let before = at.scene.azure.world().calls.len();
    let loaded = at.app.store.run("shop").await.unwrap().expect("it was saved");
    let azure = at.app.azure_for(&loaded);
    let said = steps::look(&loaded.value, &azure).await;
    let calls = &at.scene.azure.world().calls;
    // A question about rights is asked as an object, and kept nowhere; how a cluster is reached is asked by a POST.
    let changes = |call: &&Call| {
        call.writes() && !["/selfsubjectaccessreviews", "/listCluster"].iter().any(|asks| call.path.contains(asks))
    };
    Seen { run: loaded.value, said, arrived: calls[before..].iter().filter(changes).cloned().collect() }
}

/// What was just asked for is followed from now on, and what was learnt is known.
async fn know(at: &Arranged, known: &Value) {
    let loaded = at.app.store.run("shop").await.unwrap().expect("it was saved");
    let run = edited(&loaded.value, known);
    at.app.store.save(&run, Some(&loaded.etag)).await.unwrap();
}

/// A cluster that was not found is looked for once more, a minute later.
fn missed(seen: &Seen) -> Option<Value> {
    let Ok(Outcome::NotYet(Waiting { facts, .. })) = &seen.said else { return None };
    let missed = facts.iter().find_map(|fact| match fact {
        Fact::Missed(cluster) => Some(cluster),
        Fact::Writes
        | Fact::Reduces(_)
        | Fact::Pins(_)
        | Fact::Unpinned(_)
        | Fact::Readiness(_)
        | Fact::Unclear(_)
        | Fact::Gives(_)
        | Fact::Singletons(_)
        | Fact::Leads(_)
        | Fact::Wrote(_)
        | Fact::Changed(_)
        | Fact::Job(..)
        | Fact::OthersWrite => None,
    })?;
    Some(json!({"missed": {"cluster": missed, "since": Timestamp::UNIX_EPOCH}}))
}

fn asked(seen: &Seen) -> Option<Following> {
    if proved(seen) {
        return None;
    }
    match (followed(seen)?, seen.arrived.as_slice()) {
        (question @ Following::HealthQuestion(_), [call]) if call.path.contains("/backendhealth?") => {
            Some(question.clone())
        }
        _ => None,
    }
}

fn tagged(seen: &Seen) -> Option<Following> {
    match (followed(seen)?, seen.arrived.as_slice()) {
        (change @ Following::ClusterChange(_), [call]) if call.method == Method::PATCH => Some(change.clone()),
        _ => None,
    }
}

fn proved(seen: &Seen) -> bool {
    matches!(&seen.said, Ok(Outcome::NotYet(Waiting { proved: Some(_), .. })))
}

fn followed(seen: &Seen) -> Option<&Following> {
    match &seen.said {
        Ok(Outcome::NotYet(Waiting { following, .. })) => following.as_ref(),
        _ => None,
    }
}

fn in_the_models_words(at: &Arranged, seen: &Seen) -> Option<Next> {
    let row = seen.run.step.row();
    let said = seen.said.as_ref().ok()?;
    match (said, seen.arrived.as_slice()) {
        (Outcome::Done, []) => Some(Next::Say(Saw::Done)),
        (Outcome::Proved(mark, None), []) if *mark == at.newest => Some(Next::Say(Saw::Done)),
        (Outcome::Drifted(_), []) => Some(Next::Say(Saw::Drifted)),
        // `DeleteNewCluster` looks for the new cluster in any pool. To the flow it is the same.
        (Outcome::Breached(_), []) if row.breached == row.drifted => Some(Next::Say(Saw::Drifted)),
        (Outcome::Breached(_), []) => Some(Next::Say(Saw::Breached)),
        (Outcome::NoWayBack(..), []) => Some(Next::Say(Saw::Stuck)),
        (Outcome::Hold(_), []) if seen.run.step == Step::DeleteNewCluster => Some(Next::Say(Saw::Stuck)),
        (Outcome::NotYet(waiting), [call]) if proved(seen) && call.path.contains("/backendhealth?") => {
            (waiting.proved.as_ref() == Some(&at.newest)).then_some(Next::Say(Saw::Emptied))
        }
        (Outcome::NotYet(waiting), []) if waiting.facts.iter().any(|fact| matches!(fact, Fact::Reduces(_))) => {
            Some(Next::Say(Saw::WillReduce))
        }
        (Outcome::NotYet(waiting), []) => match &waiting.following {
            None | Some(Following::Answered(_)) => Some(Next::Say(Saw::NotYet)),
            Some(_) => None,
        },
        // Still ill after all answers: it is asked once more.
        (Outcome::NotYet(_), [_]) if asked(seen).is_some() => Some(Next::Say(Saw::NotYet)),
        (Outcome::NotYet(waiting), [call]) => acted(at, &seen.run, waiting.following.as_ref()?, call).map(Next::Act),
        _ => None,
    }
}

/// The act that this call is, when Azure accepted it and the step follows it.
fn acted(at: &Arranged, run: &Run, following: &Following, call: &Call) -> Option<Act> {
    call.status.filter(http::StatusCode::is_success)?;
    let is_for = |id: &str| call.path.to_lowercase().split('?').next() == Some(&id.to_lowercase());
    match following {
        Following::GatewayWrite { mark, .. } if call.method == Method::PUT && is_for(&at.scene.article.gateway) => {
            let written = Gateway(serde_json::from_slice(&call.body).ok()?);
            let is_new =
                written.mark() == Some(mark) && *mark != at.newest && mark.starts_with(&format!("{}/", run.id));
            let known = [
                (Members::Old, run.plan.before()),
                (Members::Mixed, run.plan.at_stage(0)),
                (Members::New, run.plan.at_stage(1)),
                (Members::Retired, run.plan.retired()),
            ];
            let (members, _) = known.into_iter().find(|(_, members)| written.shows(members)).filter(|_| is_new)?;
            Some(Act::Write(members))
        }
        Following::ClusterChange(_) if call.method == Method::DELETE && is_for(&at.scene.article.blue) => {
            Some(Act::DeleteOld)
        }
        Following::ClusterChange(_) if call.method == Method::DELETE && is_for(&at.scene.article.green) => {
            Some(Act::DeleteNew)
        }
        _ => None,
    }
}

fn lines(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}: {:?}", call.method, call.path, call.status)).collect()
}
