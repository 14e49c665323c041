//! What may run in one cluster only runs in the new one.
use super::acting::Azure;
use super::overwriting::not_as_left;
use super::presence::{Presence, look_again, presence};
use super::singletons::{Between, Told, Trouble, Way, moved};
use crate::azure::kubernetes::KubernetesWriter;
use crate::run::{Fact, Following, Outcome, Run, StepError, StepResult, Waiting};
use crate::text::few;
use jiff::SignedDuration;
use std::time::Duration;

/// From saying that they will be moved to moving them, and from a write to the look that follows.
const AT_ONCE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(5);
/// On the way back the new cluster has so long to answer.
const PATIENCE: SignedDuration = SignedDuration::from_mins(3);

/// So many are named.
const NAMED: usize = 5;
/// What nobody could stop in it.
const ASLEEP: &str = "the old cluster is stopped: if it is started again, what may run in one cluster only runs there, too, until \
                      somebody stops it";

/// What may run in one cluster only is stopped in the old one, seen stopped, and started in the new one. That it will be is
/// said, and saved, a hop before.
pub async fn move_singletons(run: &Run, azure: &Azure) -> StepResult {
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if let Some(outcome) = not_as_left(run, &gateway) {
        return Ok(outcome);
    }
    if !run.moves_singletons {
        let facts = vec![Fact::Singletons(true)];
        let waiting = Waiting::because("what may run in one cluster only is handed over");
        return Ok(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), facts, ..waiting }));
    }
    let mut may_wake = false;
    let from = match presence(run, azure, &run.plan.old_slot().cluster).await? {
        Presence::Missed(cluster) => return look_again(cluster, "the old cluster was not found"),
        Presence::Here(found) if found.uid() != run.plan.old_uid => {
            return Ok(Outcome::Hold("the old slot holds another cluster than the plan names".into()));
        }
        Presence::Here(found) if found.is_settled() && found.is_stopped() => {
            may_wake = true;
            None
        }
        Presence::Here(_) => Some(azure.writer.kubernetes(&run.plan.old_slot().cluster).await?),
        // Nothing runs there any more.
        Presence::Gone => None,
    };
    let to = azure.writer.kubernetes(&run.plan.new_slot().cluster).await?;
    let between = Between { from: from.as_ref(), to: &to, way: Way::Forward };
    match moved(run, azure, &between).await {
        Ok(told) => Ok(waiting(&told).unwrap_or_else(|| over(&told, may_wake))),
        Err(Trouble::From(error) | Trouble::To(error)) => Err(error),
    }
}

/// What a person should know when all of them are where they should be.
fn over(told: &Told, may_wake: bool) -> Outcome {
    let left = few(&told.left, NAMED, ", ");
    let left =
        (!told.left.is_empty()).then(|| format!("not in the new cluster, so left as it is in the old one: {left}"));
    let known: Vec<_> = left.into_iter().chain(may_wake.then(|| ASLEEP.to_owned())).collect();
    if known.is_empty() { Outcome::Done } else { Outcome::Noted(known) }
}

/// How it stands on the way back.
pub enum Back {
    /// They are where they were, or never left.
    Yes,
    /// Not yet.
    Waits(Box<Outcome>),
    /// Those of the new cluster cannot be stopped one by one, and why: it must be stopped as a whole.
    CannotBeStopped(String),
}

/// What may run in one cluster only goes back to the old one, once the traffic is there: stopped in the new one, where that
/// still runs, seen stopped, and started as it was.
pub async fn moved_back(run: &Run, azure: &Azure) -> Result<Back, StepError> {
    if !run.moves_singletons {
        return Ok(Back::Yes);
    }
    let from = match presence(run, azure, &run.plan.new_slot().cluster).await? {
        Presence::Missed(cluster) => {
            return look_again(cluster, "the new cluster was not found").map(|outcome| Back::Waits(Box::new(outcome)));
        }
        Presence::Gone => None,
        Presence::Here(found) if found.is_settled() && found.is_stopped() => None,
        Presence::Here(found) if found.cannot_serve().is_some() => {
            let why =
                format!("the new cluster is {}: what may run in one cluster only waits for its end", found.state());
            return Ok(Back::Waits(Box::new(Outcome::NotYet(Waiting::because(why)))));
        }
        Presence::Here(_) => match azure.writer.kubernetes(&run.plan.new_slot().cluster).await {
            Ok(kubernetes) => Some(kubernetes),
            Err(error) => return cannot_be_stopped(run, azure, error),
        },
    };
    back(run, azure, from.as_ref()).await
}

async fn back(run: &Run, azure: &Azure, from: Option<&KubernetesWriter>) -> Result<Back, StepError> {
    let to = azure.writer.kubernetes(&run.plan.old_slot().cluster).await?;
    let told = match moved(run, azure, &Between { from, to: &to, way: Way::Back }).await {
        Ok(told) => told,
        Err(Trouble::From(error)) => return cannot_be_stopped(run, azure, error),
        Err(Trouble::To(error)) => return Err(error),
    };
    if let Some(outcome) = waiting(&told) {
        return Ok(Back::Waits(Box::new(outcome)));
    }
    let waiting = Waiting {
        again_in: Some(AT_ONCE),
        // What was asked of the cluster before is no answer to what comes.
        following: Some(Following::answered_aside()),
        facts: vec![Fact::Singletons(false)],
        ..Waiting::because("what may run in one cluster only runs in the old one again")
    };
    Ok(Back::Waits(Box::new(Outcome::NotYet(waiting))))
}

fn cannot_be_stopped(run: &Run, azure: &Azure, error: StepError) -> Result<Back, StepError> {
    if azure.now().duration_since(run.step_began) < PATIENCE {
        return Err(error);
    }
    Ok(Back::CannotBeStopped(format!("{:#}", error.into_cause())))
}

fn waiting(told: &Told) -> Option<Outcome> {
    let why = told.in_words()?;
    let again_in = (!told.done.is_empty()).then_some(SOON);
    Some(Outcome::NotYet(Waiting { again_in, ..Waiting::because(why) }))
}
