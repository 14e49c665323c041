//! The new cluster issues the tokens of its pods under another name: whoever trusts the old name does not trust it yet.
use super::Finding;
use crate::plan::Plan;
use crate::plan::cluster_body::new_cluster;
use crate::resources::answers::is_true;
use serde_json::Value;

const SUBJECT: &str = "workload identity";

pub(super) fn check(plan: &Plan, old: &Value) -> Option<Finding> {
    let stays = new_cluster(old, plan, "planned").map_or(true, |planned| gives_identities(&planned));
    if plan.site.federation_prepared || !plan.site.federate.is_empty() || !gives_identities(old) || !stays {
        return None;
    }
    let what = "pods get identities of Entra by their cluster's own issuer, and the new cluster has another: without federated \
                credentials for it they get ready, and then no token";
    let remedy = "name the identities in \"federate\", and the run makes them; or see that somebody does before traffic moves \
                  (a gate before SyncWorkloads), and set \"federationPrepared\": true";
    Some(Finding::wrong(SUBJECT, what, remedy))
}

/// Whether pods of a cluster get identities by its issuer.
#[must_use]
pub fn gives_identities(cluster: &Value) -> bool {
    is_true(cluster, "/properties/oidcIssuerProfile/enabled")
        && is_true(cluster, "/properties/securityProfile/workloadIdentity/enabled")
}
