//! The new cluster's identities have the roles that the old one's have, before anything runs there that needs them; and what
//! was given to those of a cluster that is gone is taken back. Nothing is taken that others gave.
use super::acting::Azure;
use super::gone::Left;
use super::{again_in, terminal};
use crate::azure::roles::{Given, Whose};
use crate::plan::roles::{Assignment, Grant, Hanging, addressed, fates, pairs};
use crate::plan::{Kind, Plan};
use crate::resources::answers::{same_id, text};
use crate::run::{Fact, Outcome, Run, StepError, Waiting};
use futures::future::try_join_all;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const AT_ONCE: Duration = Duration::from_secs(1);
/// Until the directory knows a new identity everywhere.
const KNOWN: Duration = Duration::from_secs(15);
/// Until most of what was given counts; what needs it tries again by itself.
const COUNTS: Duration = Duration::from_secs(60);
/// A right that was just given to us counts within that; then it is missing.
const OURS_COUNTS: SignedDuration = SignedDuration::from_mins(30);

/// `None`: whatever the old cluster's identities may, and is copied, the new one's may. Kind `return`: the kept cluster has
/// what it had.
///
/// # Errors
/// When it cannot be seen, a write was not accepted, or we still may not after half an hour.
pub async fn given(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let plan = &run.plan;
    if plan.site.copy_roles.is_none() || plan.kind == Kind::Return {
        return Ok(None);
    }
    let (old, new) = (azure.cluster(&plan.old_slot().cluster).await?, azure.cluster(&plan.new_slot().cluster).await?);
    let (Some(old), Some(new)) = (old, new) else {
        return again_in("the roles of the clusters' identities: a cluster was not found", None).map(Some);
    };
    let Some(held) = azure.held(plan, &old.0).await? else { return not_allowed(run, azure, "read", None) };
    let nodes = node_group(&new.0, &plan.new_slot().cluster);
    let hanging = hanging(plan, azure).await?;
    let wanted = match addressed(fates(plan, &old.0, &held, nodes.as_deref(), &hanging), &new.0) {
        Ok(wanted) => wanted,
        Err(why) => return again_in(why, None).map(Some),
    };
    if let Some(said) = said_before(run, &wanted) {
        return Ok(Some(said));
    }
    let whom = run.given_roles.keys().map(|principal| azure.roles(plan, principal, Whose::Own));
    let Some(there) = try_join_all(whom).await?.into_iter().collect::<Option<Vec<_>>>() else {
        return not_allowed(run, azure, "read", None);
    };
    let is_there = |grant: &Grant| there.iter().flatten().any(|one| grant.is_given_by(one));
    let lacking: Vec<_> = wanted.iter().filter(|grant| !is_there(grant)).collect();
    let Some(grant) = lacking.first() else { return Ok(None) };
    match azure.writer.give_role(azure.permit().await?, grant).await? {
        Given::Done => {
            let more = lacking.len() > 1;
            let why = format!("{} was given; that takes minutes to count", grant.words());
            again_in(why, Some(if more { AT_ONCE } else { COUNTS })).map(Some)
        }
        Given::NotKnown => {
            let why = format!("the directory does not know {} yet", grant.made.whose);
            again_in(why, Some(KNOWN)).map(Some)
        }
        Given::NotAllowed(_) => not_allowed(run, azure, "write", Some(grant)),
    }
}

/// Whom roles will be given, a hop before the first: so they are taken back, whatever becomes of the cluster.
fn said_before(run: &Run, wanted: &[Grant]) -> Option<Outcome> {
    let whom: BTreeMap<_, _> =
        wanted.iter().map(|grant| (grant.made.principal.clone(), grant.made.whose.clone())).collect();
    if whom.keys().all(|principal| run.given_roles.contains_key(principal)) {
        return None;
    }
    let why = format!("the new cluster's identities are about to get {} roles of the old one's", wanted.len());
    let facts = vec![Fact::Gives(whom)];
    Some(Outcome::NotYet(Waiting { again_in: Some(AT_ONCE), facts, ..Waiting::because(why) }))
}

/// What hangs on the slots' subnets.
async fn hanging(plan: &Plan, azure: &Azure) -> Result<Hanging, StepError> {
    let ids: BTreeSet<_> = pairs(plan).into_iter().flat_map(|(from, to)| [from, to]).collect();
    // What may not be looked at is left to a person, as `CheckPlan` has said.
    let ids: Vec<_> = ids.into_iter().map(str::to_owned).collect();
    let subnets = azure.parts(&ids).await?;
    Ok(Hanging::on(plan, |id| subnets.iter().find(|subnet| same_id(text(subnet, "/id"), id))))
}

/// The id of the group of a cluster's nodes.
fn node_group(cluster: &Value, id: &str) -> Option<String> {
    let group = Some(text(cluster, "/properties/nodeResourceGroup")).filter(|group| !group.is_empty())?;
    Some(format!("/subscriptions/{}/resourceGroups/{group}", id.split('/').nth(2)?))
}

fn not_allowed(run: &Run, azure: &Azure, verb: &str, what: Option<&Grant>) -> Result<Option<Outcome>, StepError> {
    let (which, place) =
        what.map_or_else(Default::default, |grant| (format!(" ({})", grant.words()), format!(" on {}", grant.scope)));
    let why = format!(
        "the functions may not {verb} role assignments{which}: that needs Microsoft.Authorization/roleAssignments/{verb}{place}"
    );
    if azure.now().duration_since(run.step_began) > OURS_COUNTS {
        return terminal(format!("{why}, and has not come within 30 min"));
    }
    again_in(format!("{why}, and takes up to 30 min to count"), None).map(Some)
}

/// What was given to the identities of clusters that are gone is taken back, one at a look; the rest is named.
///
/// # Errors
/// When it cannot be seen, or a write was not accepted.
pub async fn taken_back(
    run: &Run,
    azure: &Azure,
    gone: &BTreeMap<String, String>,
) -> Result<Result<Left, Outcome>, StepError> {
    let mut left = Left::default();
    for (principal, whose) in gone {
        let Some(there) = azure.roles(&run.plan, principal, Whose::Own).await? else {
            left.ours.push(format!("roles of {whose}, which may not be read"));
            continue;
        };
        let (ours, others): (Vec<_>, Vec<_>) = there.into_iter().partition(Assignment::is_ours);
        for one in ours {
            match azure.writer.take_role(azure.permit().await?, &one.id).await? {
                Given::Done | Given::NotKnown => {
                    let why = format!("{} was taken back from {whose}, whose cluster is gone", one.words());
                    return again_in(why, Some(AT_ONCE)).map(Err);
                }
                Given::NotAllowed(why) => left.ours.push(format!("{} of {whose}: {why}", one.words())),
            }
        }
        let named = |one| format!("the role assignment {one} is for {whose}, whose cluster is gone");
        left.others.extend(others.iter().map(|one| named(one.id.as_str())));
    }
    Ok(Ok(left))
}
