//! The old cluster is kept, scaled down, stopped or deleted, as the plan says.
use super::acting::Azure;
use super::gone::{gone, room_was_made};
use super::overwriting::{instead, not_as_left, overwritten};
use super::presence::{Presence, look_again, presence};
use super::proof::{Needs, Proof, proof, write};
use super::unpinned::unpinned;
use super::watch::{Judgement, answered, ask_aside, judge};
use super::{again_in, not_yet, permit_to_reduce, written};
use crate::azure::operations::Progress;
use crate::azure::permit::Permit;
use crate::resources::answers::same_name;
use crate::resources::cluster::Cluster;
use crate::resources::gateway::Gateway;
use crate::resources::size::{PoolSize, Size};
use crate::resources::tags::{RETIRED_TAG, retired, saying, says, tag};
use crate::run::readiness::Verdict;
use crate::run::{Fact, Following, Outcome, Run, StepError, StepResult, Waiting};
use crate::site::OldCluster;
use crate::workload::pins::Side;
use std::time::Duration;

/// From saying that the old cluster will be reduced to looking whether it still may be.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The old cluster is kept, scaled down, stopped or deleted, as the plan says. Nothing is done while an invocation that
/// looked at an earlier step could still act, nor while a pool of somebody else holds the old cluster's addresses, and
/// each act follows a look at the health of the members that serve.
pub async fn retire_old_cluster(run: &Run, azure: &Azure) -> StepResult {
    if let Some(Following::GatewayWrite { .. }) = &run.following {
        return candidate_emptied(run, azure).await;
    }
    let gateway = azure.gateway(&run.plan.site.gateway).await?;
    if let Some(waiting) = is_ours_alone(run, azure, &gateway) {
        return Ok(waiting);
    }
    let mut deleted = false;
    if let Some(Following::ClusterChange(operation)) = &run.following {
        match azure.look(operation).await? {
            Progress::InProgress(again) => return again_in("Azure is working on the clusters", again),
            Progress::Failed { code, message, .. } => {
                return Ok(Outcome::Hold(format!("Azure failed: {code}: {message}")));
            }
            Progress::Succeeded(_) => {
                deleted = run.plan.site.old_cluster == OldCluster::Delete
                    && (run.reducing.is_some() || run.keeps_old_rules());
            }
            Progress::Gone => {}
        }
    }
    let id = &run.plan.old_slot().cluster;
    let act = if !run.pinned(Side::New).is_empty() {
        Act::Unpin(Side::New)
    } else if Act::candidate_is_full(run, &gateway) {
        Act::EmptyCandidate
    } else if let Some(new) = unsaid(run, azure).await? {
        Act::Say(new)
    } else {
        match presence(run, azure, id).await? {
            Presence::Gone => return gone(run, azure, id).await,
            Presence::Missed(_) if deleted => return gone(run, azure, id).await,
            Presence::Missed(cluster) => return look_again(cluster, "the old cluster was not found"),
            Presence::Here(found) if found.uid() != run.plan.old_uid => {
                return Ok(Outcome::Hold("the old slot holds another cluster than the plan names".into()));
            }
            Presence::Here(found) if Act::unpins_old(run, &found) => Act::Unpin(Side::Old),
            Presence::Here(found) => match Act::next(run, found) {
                Some(act) => act,
                None => return room_was_made(run, azure).await,
            },
        }
    };
    if !matches!(act, Act::Wait)
        && let Some(outcome) = serves_badly(run, azure).await?
    {
        return Ok(outcome);
    }
    match act {
        Act::Reduce(found, _) if run.reducing.is_none() && !run.keeps_old_rules() => Ok(announced(&found)),
        act => carry_out(act, run, azure, &gateway).await,
    }
}

/// What is still to be done, one at a time and in this order.
enum Act {
    /// What was kept large is so no more: the new cluster when the soak is over, the old one before it is touched.
    Unpin(Side),
    /// The old cluster goes out of the candidate pool.
    EmptyCandidate,
    /// The new cluster's tag says that it serves, for good.
    Say(Cluster),
    /// What is kept must be known as ours when the slot is needed again.
    Tag(Cluster),
    /// It is reduced.
    Reduce(Cluster, Reduction),
    /// It goes by itself.
    Wait,
}

/// How a cluster is reduced.
enum Reduction {
    Stop,
    Delete,
    Scale(PoolSize),
}

impl Act {
    fn candidate_is_full(run: &Run, gateway: &Gateway) -> bool {
        gateway.pool(&run.plan.site.pools.candidate).is_some_and(|pool| !pool.members().is_empty())
    }

    /// One that goes takes its pins along, and one that is stopped cannot be asked.
    fn unpins_old(run: &Run, found: &Cluster) -> bool {
        run.plan.site.old_cluster != OldCluster::Delete && !found.is_stopped() && !run.pinned(Side::Old).is_empty()
    }

    fn next(run: &Run, found: Cluster) -> Option<Self> {
        let wish = run.plan.site.old_cluster;
        if wish != OldCluster::Delete && tag(&found.0, RETIRED_TAG) != Some(&run.id) {
            return Some(Self::Tag(found));
        }
        let reduction = match wish {
            OldCluster::Keep => None,
            OldCluster::Stop => (!found.is_stopped()).then_some(Reduction::Stop),
            OldCluster::ScaleDown => scaled_down(&found).map(Reduction::Scale),
            OldCluster::Delete if found.is_being_deleted() => return Some(Self::Wait),
            OldCluster::Delete => Some(Reduction::Delete),
        };
        reduction.map(|reduction| Self::Reduce(found, reduction))
    }
}

/// The new cluster, while its tag does not say that it serves. A run that began before there was such a tag goes without.
async fn unsaid(run: &Run, azure: &Azure) -> Result<Option<Cluster>, StepError> {
    if run.keeps_old_rules() {
        return Ok(None);
    }
    let found = azure.cluster(&run.plan.new_slot().cluster).await?;
    Ok(found.filter(|new| new.run() == Some(&run.id) && !says(&new.0, true)))
}

/// The first of its pools that has more nodes than it must: a system pool keeps one.
fn scaled_down(found: &Cluster) -> Option<PoolSize> {
    found.pools().find_map(|pool| {
        let wanted = u64::from(pool["mode"].as_str().is_some_and(|mode| same_name(mode, "System")));
        let name = pool["name"].as_str().unwrap_or_default().to_owned();
        let is_larger = pool["count"].as_u64().unwrap_or(0) > wanted || pool["enableAutoScaling"] == true;
        is_larger.then_some(PoolSize { name, count: wanted, autoscaler: None })
    })
}

/// Whether the gateway is as this run left it, quietly, and nobody else needs the old cluster.
fn is_ours_alone(run: &Run, azure: &Azure, gateway: &Gateway) -> Option<Outcome> {
    if let Some(outcome) = not_as_left(run, gateway) {
        return Some(outcome);
    }
    let pools = gateway.pools_with(&run.plan.old_slot().addresses).into_iter();
    let foreign: Vec<_> = pools.filter(|pool| !run.plan.site.pools.is_candidate(pool)).collect();
    if !foreign.is_empty() {
        return Some(Outcome::Hold(format!("the old cluster is still in the pools {}", foreign.join(", "))));
    }
    if !run.is_quiet(azure.now()) {
        return Some(Outcome::NotYet(Waiting::because("waiting until nothing older can still act")));
    }
    run.unmarked.then(|| {
        let why = "the gateway could carry no mark of ours, so nothing proves what serves: see to it, and finish as it stands";
        Outcome::Hold(why.to_owned())
    })
}

/// The write that takes the old cluster out of the candidate pool is seen to be in force.
async fn candidate_emptied(run: &Run, azure: &Azure) -> StepResult {
    match proof(run, azure, &run.plan.retired(), Needs::Live).await? {
        Proof::Proved(mark, changed) => {
            let following = Some(ask_aside(run, azure).await?);
            let facts = changed.map(Fact::Changed).into_iter().collect();
            let waiting = Waiting::because("the candidate pool is empty");
            let waiting = Waiting { following, proved: Some(mark), facts, ..waiting };
            Ok(Outcome::NotYet(waiting))
        }
        Proof::InFlight(again) => again_in("the candidate pool is being emptied", again),
        Proof::GlassBroken(mark) => Ok(Outcome::GlassBroken(mark)),
        Proof::Overwritten(gateway, drift) => Ok(overwritten(run, &gateway, drift)),
        Proof::Missing(gateway, why) => empty_candidate(run, azure, &gateway, &why).await,
    }
}

/// Why the members that serve are no ground for an act; `None`: the gateway has just found every one healthy.
async fn serves_badly(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let why = "the gateway is asked what its probes see, before the old cluster is touched";
    let answer = match answered(run, azure, why).await? {
        Ok(answer) => answer,
        Err(waiting) => return Ok(Some(waiting)),
    };
    let Judgement { readiness, verdict, missed: _ } = judge(run, run.stage, azure, &answer).await?;
    Ok(match verdict {
        Verdict::Well => None,
        Verdict::Breached(why) => Some(Outcome::Breached(why)),
        Verdict::NoWayBack(why) => Some(Outcome::NoWayBack(readiness, why)),
        Verdict::Inconclusive(why) => Some(asked_anew(why)),
    })
}

fn asked_anew(why: String) -> Outcome {
    Outcome::NotYet(Waiting { following: Some(Following::answered_aside()), ..Waiting::because(why) })
}

/// Said, and saved, a hop before the first reducing act: from then on the way back is another one. What was seen before is
/// looked at once more.
fn announced(found: &Cluster) -> Outcome {
    let facts = vec![Fact::Reduces(Size::of(found))];
    let following = Some(Following::answered_aside());
    let why = "the old cluster is about to be reduced";
    Outcome::NotYet(Waiting { facts, following, again_in: Some(AT_ONCE), ..Waiting::because(why) })
}

async fn carry_out(act: Act, run: &Run, azure: &Azure, gateway: &Gateway) -> StepResult {
    let id = &run.plan.old_slot().cluster;
    let writer = &azure.writer;
    match act {
        Act::Unpin(side) => unpin(run, azure, side).await,
        Act::EmptyCandidate => empty_candidate(run, azure, gateway, "the old cluster is about to be retired").await,
        Act::Say(new) => {
            let (id, tags) = (&run.plan.new_slot().cluster, saying(&new.0, true));
            written("the tag that says who serves", writer.tag_cluster(azure.permit().await?, id, &new, &tags).await?)
        }
        Act::Tag(found) => {
            let tags = retired(&found.0, &run.id);
            written("the tag", writer.tag_cluster(azure.permit().await?, id, &found, &tags).await?)
        }
        Act::Reduce(found, reduction) => {
            match permit_to_reduce(run, azure, |now| is_ours_alone(run, azure, now)).await? {
                Err(outcome) => Ok(outcome),
                Ok(permit) => reduce(permit, run, azure, &found, reduction).await,
            }
        }
        Act::Wait => not_yet("the old cluster is being deleted"),
    }
}

/// What serves is looked at once more after that.
async fn unpin(run: &Run, azure: &Azure, side: Side) -> StepResult {
    match unpinned(run, azure, side, true).await? {
        Some(Outcome::NotYet(waiting)) => {
            Ok(Outcome::NotYet(Waiting { following: Some(Following::answered_aside()), ..waiting }))
        }
        outcome => Ok(outcome.unwrap_or_else(|| asked_anew("nothing is pinned any more".to_owned()))),
    }
}

async fn reduce(permit: Permit, run: &Run, azure: &Azure, found: &Cluster, reduction: Reduction) -> StepResult {
    let (id, writer) = (&run.plan.old_slot().cluster, &azure.writer);
    match reduction {
        Reduction::Stop => written("the stop", writer.stop_cluster(permit, id).await?),
        Reduction::Delete => written("the deletion", writer.delete_cluster(permit, id, found).await?),
        Reduction::Scale(pool) => {
            let scaled = writer.scale_pool(permit, id, &pool).await?;
            written(&format!("{} nodes in pool {}", pool.count, pool.name), scaled)
        }
    }
}

async fn empty_candidate(run: &Run, azure: &Azure, gateway: &Gateway, why: &str) -> StepResult {
    if let Some(outcome) = instead(run, gateway) {
        return Ok(outcome);
    }
    let members = Needs::Live.written(run, gateway, &run.plan.retired());
    write(run, azure, gateway, &members, format!("an empty candidate pool was requested ({why})")).await
}
