//! The roles of the old cluster's identities that the run gives the new one's: which, and what it cannot.
use super::{Finding, Seen};
use crate::plan::policies;
use crate::plan::roles::{Fate, GIVES, Hanging, fates, made_anew};
use crate::plan::{Kind, Plan};
use crate::resources::permissions::allow;
use std::collections::BTreeSet;

const SUBJECT: &str = "roles";
/// The add-on that fetches secrets, in lower case.
const VAULTS: &str = "azurekeyvaultsecretsprovider";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    if plan.site.copy_roles.is_none() {
        return vec![];
    }
    if seen.roles.is_none() {
        let what = "the roles of the old cluster's identities may not be read";
        let remedy = "give the functions the right to read role assignments in each subscription that the site names (the role \
                      \"role reader\" of infra/), or take \"copyRoles\" out";
        return vec![Finding::wrong(SUBJECT, what, remedy)];
    }
    let mut findings = may_not_give(plan, seen);
    if plan.site.grants_prepared {
        return findings;
    }
    let wrong = |fate| match fate {
        Fate::Left { why, command } => Some(Finding::wrong(SUBJECT, why, by_hand(&command))),
        Fate::Given(_) | Fate::Dropped(_) => None,
    };
    findings.extend(becomes(plan, seen).into_iter().filter_map(wrong));
    findings
}

/// Where roles will be given.
pub(super) fn gives_at(plan: &Plan, seen: &Seen) -> Vec<String> {
    let nodes = seen.node_group(plan);
    let scopes = becomes(plan, seen).into_iter().filter_map(|fate| match fate {
        Fate::Given(grant) if nodes.as_ref() == Some(&grant.scope) => {
            grant.scope.split('/').nth(2).map(|subscription| format!("/subscriptions/{subscription}"))
        }
        Fate::Given(grant) => Some(grant.scope),
        Fate::Dropped(_) | Fate::Left { .. } => None,
    });
    scopes.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What will be given, for people.
pub(super) fn given(plan: &Plan, seen: &Seen) -> Vec<String> {
    if plan.site.copy_roles.is_none() || plan.kind == Kind::Return {
        return vec![];
    }
    let words = |fate| if let Fate::Given(grant) = fate { Some(grant.words()) } else { None };
    becomes(plan, seen).into_iter().filter_map(words).collect()
}

/// Where the functions may not give what the run will give. A right that was just given takes some time to count, so it is waited
/// for. Whether a condition lets the roles through is not said there: that shows when they are given.
fn may_not_give(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let lacks = |scope: &String| {
        let permissions = seen.may_give.get(scope)?.as_ref()?;
        let missing: Vec<_> = GIVES.into_iter().filter(|action| !allow(permissions, action, false)).collect();
        let remedy = "name its resource group in copiedRoleGroupIds of infra/ and deploy (it takes up to 30 min to count); or take \
                      \"copyRoles\" out, let somebody give the roles, and set \"grantsPrepared\": true";
        let what =
            format!("the functions may not give and take back roles on {scope}: they lack {}", missing.join(" and "));
        (!missing.is_empty()).then(|| Finding::unsettled(SUBJECT, what, remedy))
    };
    gives_at(plan, seen).iter().filter_map(lacks).collect()
}

/// What is given is listed, and so is what is not.
pub(super) fn warn(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    if plan.site.copy_roles.is_none() || plan.kind == Kind::Return {
        return vec![];
    }
    let nodes = seen.node_group(plan);
    let said = |fate| match fate {
        Fate::Given(grant) if nodes.as_ref().is_some_and(|nodes| *nodes == grant.scope) => {
            let remedy = "there the functions may give it only with that right on the subscription";
            Finding::warning(SUBJECT, grant.words(), remedy)
        }
        Fate::Given(grant) => {
            Finding::warning(SUBJECT, grant.words(), "the new cluster's gets it before anything runs there")
        }
        Fate::Dropped(why) => Finding::warning(SUBJECT, why, "nothing is to be done"),
        Fate::Left { why, command } => Finding::warning(SUBJECT, why, by_hand(&command)),
    };
    let unseen = gives_at(plan, seen).into_iter().filter(|scope| seen.may_give.get(scope).is_some_and(Option::is_none));
    let unseen = unseen.map(|scope| {
        let what = format!("whether the functions may give roles on {scope} cannot be told");
        Finding::warning(SUBJECT, what, "InstallControllers shows it, and waits for the right for half an hour")
    });
    becomes(plan, seen).into_iter().map(said).chain(vault(plan, seen)).chain(unread(plan, seen)).chain(unseen).collect()
}

fn becomes(plan: &Plan, seen: &Seen) -> Vec<Fate> {
    let Some(old) = &seen.old_cluster else { return vec![] };
    let held = seen.roles.as_deref().unwrap_or_default();
    let hanging = Hanging::on(plan, |id| seen.subnet(plan, id));
    let mut fates = fates(plan, old, held, seen.node_group(plan).as_deref(), &hanging);
    fates.extend(policies::left(plan, old, &seen.vaults.policies));
    fates
}

fn by_hand(command: &str) -> String {
    format!(
        "see that somebody gives it to the new one before SyncWorkloads ({command}), and set \"grantsPrepared\": true"
    )
}

/// Access policies that nobody could see.
fn unread(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let said = |subscription: &String| {
        let what = format!(
            "the vaults of the subscription {subscription} may not be read: an access policy that lets an identity of the old cluster \
             in is not copied, and not named"
        );
        let remedy = format!(
            "deploy infra/ anew, whose role reader has {} there; or look at them yourself: az keyvault list --subscription {subscription}",
            policies::READS
        );
        Finding::warning(SUBJECT, what, remedy)
    };
    let unread = if plan.site.grants_prepared { &[][..] } else { &seen.vaults.unread };
    unread.iter().map(said).collect()
}

/// Whoever fetches secrets without a role may be on a vault's own list, where none was seen.
fn vault(plan: &Plan, seen: &Seen) -> Option<Finding> {
    let (old, held) = (seen.old_cluster.as_ref()?, seen.roles.as_deref()?);
    let made = made_anew(plan, old).into_iter().find(|made| made.query().to_lowercase().contains(VAULTS))?;
    if held.iter().any(|held| held.made == made) || seen.vaults.policies.iter().any(|policy| policy.lets_in(&made)) {
        return None;
    }
    let what = format!(
        "{} has no role, and no access policy of a vault that could be read lets it in; if one elsewhere does, that is not copied",
        made.whose
    );
    let remedy = format!(
        "az keyvault set-policy --name VAULT --secret-permissions get --object-id {}",
        made.whom(&plan.new_slot().cluster)
    );
    Some(Finding::warning(SUBJECT, what, remedy))
}
