//! The identities at which the run makes federated credentials for the new cluster have room for them.
use super::{Finding, Seen};
use crate::plan::federation::{Credential, MOST, count_with, issuer, missing, near_misses};
use crate::plan::{Kind, Plan};
use crate::resources::permissions::allow;
use serde_json::Value;

const SUBJECT: &str = "federated credentials";
/// What is done with them.
const WRITES: [&str; 2] = [
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
];
/// The new cluster's issuer is known when it is there.
const TO_COME: &str = "https://the-new-cluster.invalid/";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let old = seen.old_cluster.as_ref().and_then(issuer);
    let judge = |(name, there): (&String, &Option<_>)| {
        let Some(there): &Option<Vec<_>> = there else {
            let what = format!("the federated credentials of the identity {name} may not be read");
            let remedy = "give the functions the right to read and write them at this identity (the role \"identity federator\" \
                          of infra/), or take it out of \"federate\"";
            return Some(Finding::wrong(SUBJECT, what, remedy));
        };
        let wanted = missing(plan, name, there, old, TO_COME);
        if let Some((one, other)) = twice(&wanted) {
            let (subject, audiences) =
                (&one.subject, [&one.audiences[..], &other.audiences[..]].concat().join(" and for "));
            let what = format!("the identity {name} would be trusted twice for {subject}, for {audiences}");
            let remedy = "an identity takes one for an issuer and a subject: write one audience into the old cluster's";
            return Some(Finding::wrong(SUBJECT, what, remedy));
        }
        let count = count_with(there, &wanted);
        (count > MOST).then(|| {
            let what = format!("the identity {name} has {}, would have {count}, and takes {MOST}", there.len());
            Finding::wrong(
                SUBJECT,
                what,
                "remove those of clusters that are gone, or spread the pods over more identities",
            )
        })
    };
    seen.federated.iter().filter_map(judge).chain(may_not_write(plan, seen)).collect()
}

/// Where the functions may not make what the run will make, and remove with the cluster. A right that was just given takes some
/// time to count, so it is waited for.
fn may_not_write(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let old = seen.old_cluster.as_ref().and_then(issuer);
    let lacks = |(name, may): (&String, &Option<Vec<Value>>)| {
        let there = seen.federated.get(name)?.as_deref().unwrap_or_default();
        let permissions = may.as_ref().filter(|_| !missing(plan, name, there, old, TO_COME).is_empty())?;
        let lacking: Vec<_> = WRITES.into_iter().filter(|action| !allow(permissions, action, false)).collect();
        let what = format!(
            "the functions may not write federated credentials of the identity {name}: they lack {}",
            lacking.join(" and ")
        );
        let remedy = "name the identity in federatedIdentityIds of infra/ and deploy (it takes up to 30 min to count), or take \
                      it out of \"federate\"";
        (!lacking.is_empty()).then(|| Finding::unsettled(SUBJECT, what, remedy))
    };
    seen.may_federate.iter().filter_map(lacks).collect()
}

/// The first two for the same pods.
fn twice(wanted: &[Credential]) -> Option<(&Credential, &Credential)> {
    wanted.iter().find_map(|one| Some((one, wanted.iter().find(|other| one.is_in_the_way_of(other))?)))
}

/// Whom the identities will trust in the new cluster, for people.
pub(super) fn made(plan: &Plan, seen: &Seen) -> Vec<String> {
    let old = seen.old_cluster.as_ref().and_then(issuer);
    let new = seen.new_cluster.as_ref().filter(|_| plan.kind == Kind::Return).and_then(issuer).unwrap_or(TO_COME);
    let of = |(name, there): (&String, &Option<Vec<_>>)| {
        let missing = missing(plan, name, there.as_deref().unwrap_or_default(), old, new);
        missing.into_iter().map(|one| format!("{} by the identity {name}", one.subject)).collect::<Vec<_>>()
    };
    seen.federated.iter().flat_map(of).collect()
}

/// Credentials that were meant for the old cluster, and never let any of its pods in.
pub(super) fn warn(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let Some(old) = seen.old_cluster.as_ref().and_then(issuer).filter(|_| !plan.site.federate.is_empty()) else {
        return vec![];
    };
    let warning = |(name, there): (&String, &Option<Vec<_>>)| {
        let what = format!("at the identity {name} {}", near_misses(there.as_ref()?, old)?);
        Some(Finding::warning(SUBJECT, what, "write the issuer letter by letter, its last slash, too, or remove them"))
    };
    seen.federated.iter().filter_map(warning).collect()
}
