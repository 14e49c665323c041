//! The site's identities trust the new cluster's pods for whom they trust the old one's, before anything runs there that needs
//! a token; and trust no more a cluster that is proved to be gone. Nothing is removed that others made.
use super::acting::Azure;
use super::again_in;
use super::gone::Left;
use crate::azure::federation::Federated;
use crate::plan::federation::{Credential, Gone, MOST, count_with, issuer, missing, near_misses};
use crate::run::{Outcome, Run, StepError, StepResult, Waiting};
use std::time::Duration;

/// One invocation makes so many: each takes a second or two, one after the other.
const AT_A_LOOK: usize = 10;
/// Until what was made is known wherever tokens are given out.
const REPLICATED: Duration = Duration::from_secs(60);
const BUSY: Duration = Duration::from_secs(5);

/// `None`: whoever gets tokens by the old cluster gets them by the new one.
///
/// # Errors
/// When it cannot be seen, when an identity would have too many credentials, or a write was not accepted.
pub async fn federated(run: &Run, azure: &Azure) -> Result<Option<Outcome>, StepError> {
    let site = &run.plan.site;
    if site.federate.is_empty() {
        return Ok(None);
    }
    let (old, new) = (&run.plan.old_slot().cluster, &run.plan.new_slot().cluster);
    let (old_cluster, new_cluster) = (azure.cluster(old).await?, azure.cluster(new).await?);
    let (Some(old_cluster), Some(new_cluster)) = (old_cluster, new_cluster) else {
        return again_in("whose tokens the identities trust: a cluster was not found", None).map(Some);
    };
    let old_issuer = issuer(&old_cluster.0);
    let Some(new_issuer) = issuer(&new_cluster.0) else {
        // Where the old one had none either, nobody is trusted by it.
        return old_issuer
            .map_or(Ok(None), |_| again_in("the new cluster has no issuer of tokens yet", None).map(Some));
    };
    let (mut made, mut misses) = (vec![], String::new());
    for (name, identity) in run.plan.site.federated() {
        let Some(there) = azure.federated(identity).await? else { return Ok(Some(not_allowed(name, "read"))) };
        let lacking = missing(&run.plan, name, &there, old_issuer, new_issuer);
        let count = count_with(&there, &lacking);
        if count > MOST {
            return super::terminal(too_many(name, count));
        }
        for credential in lacking.iter().take(AT_A_LOOK - made.len()) {
            let written = azure.writer.federate(azure.permit().await?, identity, credential).await?;
            if written == Federated::Taken {
                return taken(name, &there, credential).map(Some);
            }
            if let Some(waiting) = not_done(name, &written) {
                return Ok(Some(waiting));
            }
            made.push(format!("{} at {name}", credential.subject));
        }
        misses.extend(near_misses(&there, new_issuer).map(|what| format!("; at {name} {what}")));
        if made.len() == AT_A_LOOK {
            break;
        }
    }
    if made.is_empty() {
        return Ok(None);
    }
    let why = format!(
        "the new cluster's tokens are now trusted for {}; that takes a minute to be known{misses}",
        made.join(", ")
    );
    again_in(why, Some(REPLICATED)).map(Some)
}

/// Clusters are proved to be gone, and no identity of the site trusts them any more, as far as we made it so.
///
/// # Errors
/// When it cannot be seen, or a write was not accepted.
pub async fn forgotten(run: &Run, azure: &Azure, gone: &[Gone<'_>]) -> Result<Result<Left, Outcome>, StepError> {
    if gone.is_empty() {
        return Ok(Ok(Left::default()));
    }
    let (mut removed, mut ours, mut others) = (0, vec![], vec![]);
    for (name, identity) in run.plan.site.federated() {
        let Some(there) = azure.federated(identity).await? else {
            let clusters: Vec<_> = gone.iter().map(|gone| gone.cluster).collect();
            let clusters = clusters.join(", ");
            ours.push(format!("federated credentials of {name} for {clusters}, which may not be read"));
            continue;
        };
        let goes = |one: &Credential| gone.iter().any(|gone| gone.takes(one));
        for credential in there.iter().filter(|one| goes(one)) {
            if removed == AT_A_LOOK {
                return again_in("the identities stop trusting the deleted cluster", Some(BUSY)).map(Err);
            }
            match azure.writer.unfederate(azure.permit().await?, identity, &credential.name).await? {
                Federated::Done => removed += 1,
                Federated::Busy | Federated::Taken => return again_in(busy(name), Some(BUSY)).map(Err),
                Federated::NotAllowed(why) => ours.push(format!("{}: {why}", of_identity(name, credential))),
            }
        }
        let of_others = there.iter().filter(|one| !goes(one) && gone.iter().any(|gone| gone.is_meant_by(one)));
        others.extend(of_others.map(|one| format!("{} is for a cluster that is gone", of_identity(name, one))));
    }
    Ok(Ok(Left { ours, others }))
}

/// The identity has one for the same pods under another name, which `missing` did not take for it: for another audience. Where
/// it was not there a moment ago, the next look sees it.
fn taken(name: &str, there: &[Credential], wanted: &Credential) -> StepResult {
    let Some(other) = there.iter().find(|one| one.is_in_the_way_of(wanted)) else {
        return again_in(busy(name), Some(BUSY));
    };
    super::terminal(format!(
        "the identity {name} takes one credential for an issuer and a subject, and {} has those of {}, for {} in place of {}: \
         write that into it, or remove it",
        other.name,
        wanted.subject,
        other.audiences.join(", "),
        wanted.audiences.join(", ")
    ))
}

fn of_identity(name: &str, credential: &Credential) -> String {
    format!("the federated credential {} of {name} for {}", credential.name, credential.subject)
}

fn not_done(name: &str, written: &Federated) -> Option<Outcome> {
    match written {
        Federated::Done => None,
        Federated::Busy | Federated::Taken => {
            Some(Outcome::NotYet(Waiting { again_in: Some(BUSY), ..Waiting::because(busy(name)) }))
        }
        Federated::NotAllowed(_) => Some(not_allowed(name, "write")),
    }
}

fn busy(name: &str) -> String {
    format!("somebody else writes federated credentials of the identity {name}, which takes one write at a time")
}

fn not_allowed(name: &str, verb: &str) -> Outcome {
    Outcome::NotYet(Waiting::because(format!(
        "the functions may not {verb} the federated credentials of the identity {name}: it needs Microsoft.ManagedIdentity/\
         userAssignedIdentities/federatedIdentityCredentials/{verb} there, and takes up to 30 min to count"
    )))
}

fn too_many(name: &str, count: usize) -> String {
    format!("the identity {name} would have {count} federated credentials, and takes {MOST}: remove what is not needed")
}
