//! The checks of a plan on what is there now: by `CheckPlan`, and once more by `CreateCluster` around the deletion of a
//! leftover.
use super::acting::Azure;
use super::presence::{is_missed, look_again};
use crate::azure::Reader;
use crate::plan::checks::{Finding, Seen, Verdict, check, warnings};
use crate::plan::{Kind, Plan};
use crate::resources::attached::Attached;
use crate::resources::cluster::Cluster;
use crate::run::{Outcome, Run, StepError, Waiting};
use std::borrow::Cow;

/// What the checks say.
pub enum Checked {
    /// Everything holds.
    Fine {
        /// What must make room first, if there is something, as it was judged.
        leftover: Option<Cluster>,
        /// What a person should know all the same.
        warnings: Vec<String>,
        /// What it was judged by.
        seen: Box<Seen>,
    },
    /// Not yet, and why.
    Wait(Outcome),
    /// The plan cannot be carried out, and why.
    Refused(String),
}

/// Looks at everything that the plan needs, and judges it as if the leftover that it lists were gone.
pub async fn checked(run: &Run, azure: &Azure) -> Result<Checked, StepError> {
    let asked = asked(run);
    let plan = asked.as_ref();
    let mut seen = look(plan, azure).await?;
    // Whoever looks at a plan without being the functions has other rights.
    if plan.kind != Kind::Return {
        for scope in seen.gives_at(plan) {
            let may = azure.permissions(&scope).await?;
            seen.may_give.insert(scope, may);
        }
    }
    for (name, identity) in plan.site.federated() {
        seen.may_federate.insert(name.clone(), azure.permissions(identity).await?);
    }
    if let Some(mark) = seen.gateway.as_ref().and_then(|gateway| run.new_glass(gateway)) {
        return Ok(Checked::Wait(Outcome::GlassBroken(mark)));
    }
    if let Some(missed) = first_missed(run, azure, &seen) {
        let why = format!("{missed}, which the plan needs, was not found");
        return look_again(missed, &why).map(Checked::Wait);
    }
    Ok(match check(plan, &seen) {
        Verdict::NotYet(why) => Checked::Wait(Outcome::NotYet(Waiting::because(why))),
        Verdict::Refused(findings) => Checked::Refused(in_words(&findings)),
        Verdict::Fine { delete_leftover } => {
            let warnings = warnings(plan, &seen).iter().map(ToString::to_string).collect();
            let leftover = seen.new_cluster.clone().filter(|_| delete_leftover).map(Cluster);
            Checked::Fine { leftover, warnings, seen: Box::new(seen) }
        }
    })
}

/// The plan; of a run of format 1 as if its site had consented to everything, for it was published when nobody asked.
fn asked(run: &Run) -> Cow<'_, Plan> {
    let plan = &run.plan;
    if !run.keeps_old_rules() {
        return Cow::Borrowed(plan);
    }
    let mut site = plan.site.clone();
    (site.grants_prepared, site.federation_prepared) = (true, true);
    site.not_carried = Attached::ALL.to_vec();
    Cow::Owned(Plan { site, ..Plan::clone(plan) })
}

/// Looks at everything that a plan needs. Nothing is written.
///
/// # Errors
/// When something cannot be looked at.
pub async fn look(plan: &Plan, azure: &Reader) -> Result<Seen, StepError> {
    let (old, new) = (plan.old_slot(), plan.new_slot());
    let old_cluster = azure.cluster(&old.cluster).await?;
    let location = old_cluster.as_ref().map_or("", |cluster| cluster.location()).to_owned();
    let subscription = plan.site.subscription();
    let mut seen = Seen {
        old_cluster: old_cluster.map(|cluster| cluster.0),
        new_cluster: azure.cluster(&new.cluster).await?.map(|cluster| cluster.0),
        gateway: azure.find_gateway(&plan.site.gateway).await?,
        old_subnet: azure.network(&old.subnet).await?,
        new_subnet: azure.network(&new.subnet).await?,
        ..Seen::default()
    };
    // Without the old cluster there is no region to ask for.
    if !location.is_empty() {
        seen.offered = azure.versions(subscription, &location).await?;
        seen.usages = azure.usages(subscription, &location).await?;
        seen.sizes = azure.sizes(subscription, &location).await?;
    }
    // What was named first names more: a further subnet its route table.
    for _ in 0..2 {
        seen.network.extend(azure.parts(&seen.named(plan)).await?);
    }
    for subscription in Seen::locked(plan) {
        seen.locks.extend(azure.locks(&subscription).await?.into_iter().flatten());
    }
    if let Some(group) = seen.node_group(plan) {
        seen.node_group_exists = azure.group_exists(&group).await?;
    }
    if plan.kind != Kind::Return
        && let Some(old) = &seen.old_cluster
    {
        seen.attached = azure.attached(old, &plan.site.not_carried).await?;
        if plan.site.copy_roles.is_some() {
            seen.roles = azure.held(plan, old).await?;
            seen.vaults = azure.vaults(plan, old).await?;
        }
        for (name, identity) in plan.site.federated() {
            seen.federated.insert(name.clone(), azure.federated(identity).await?);
        }
    }
    Ok(seen)
}

/// Something that the plan needs and that one look did not find: that is no ground to refuse.
fn first_missed(run: &Run, azure: &Azure, seen: &Seen) -> Option<String> {
    let plan = &run.plan;
    let (old, new) = (plan.old_slot(), plan.new_slot());
    let missing = [
        (seen.gateway.is_none(), &plan.site.gateway),
        (seen.old_cluster.is_none(), &old.cluster),
        (seen.new_cluster.is_none() && plan.kind == Kind::Return, &new.cluster),
        (seen.old_subnet.is_none(), &old.subnet),
        (seen.new_subnet.is_none(), &new.subnet),
    ];
    let first = missing.into_iter().find(|(is_missing, id)| *is_missing && !is_missed(run, azure, id));
    first.map(|(_, id)| id.clone())
}

fn in_words(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
