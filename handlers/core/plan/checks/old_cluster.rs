//! The old cluster is the one that the plan means, and it serves and is healthy.
use super::Finding;
use crate::plan::Plan;
use crate::resources::answers::{list, same_id, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "old cluster";

pub(super) fn check(plan: &Plan, cluster: Option<&Value>) -> Vec<Finding> {
    let slot = plan.old_slot();
    let Some(cluster) = cluster else {
        let what = format!("{} is expected to serve, but does not exist", slot.cluster);
        return vec![Finding::wrong(SUBJECT, what, "correct the slot in the site file")];
    };
    let mut findings = Vec::new();
    let uid = text(cluster, "/properties/resourceUID");
    if uid != plan.old_uid {
        let what = format!(
            "{} was planned with the resourceUID {}, but now has {}: it was deleted and made again",
            slot.cluster,
            plan.old_uid,
            if uid.is_empty() { "none".to_owned() } else { shortened(uid) }
        );
        findings.push(Finding::wrong(SUBJECT, what, "request the upgrade again, so that it is planned anew"));
    }
    findings.extend(settled(SUBJECT, &slot.cluster, cluster));
    let power = text(cluster, "/properties/powerState/code");
    if power != "Running" {
        let what = format!("{} is expected to run, but its power state is {:?}", slot.cluster, shortened(power));
        findings.push(Finding::wrong(SUBJECT, what, "start it, and see that it serves"));
    }
    let pools = list(cluster, "/properties/agentPoolProfiles");
    if !pools.is_empty() && pools.iter().all(|pool| text(pool, "/vnetSubnetID").is_empty()) {
        let what = format!("{} lies in a network that AKS made for it alone", slot.cluster);
        let remedy = "a second cluster cannot lie beside it: make a cluster in a network of your own once by hand, with a \
                      subnet for each slot";
        findings.push(Finding::wrong(SUBJECT, what, remedy));
    } else if !pools.iter().any(|pool| same_id(text(pool, "/vnetSubnetID"), &slot.subnet)) {
        let what = format!("no node pool of {} lies in the slot's subnet {}", slot.cluster, slot.subnet);
        findings.push(Finding::wrong(SUBJECT, what, "correct the slot's subnet in the site file"));
    }
    findings
}

/// A cluster's provisioning has ended well.
pub(super) fn settled(subject: &'static str, id: &str, cluster: &Value) -> Option<Finding> {
    let state = text(cluster, "/properties/provisioningState");
    let what = format!("the provisioning state of {id} is expected to be Succeeded, but is {:?}", shortened(state));
    match state {
        "Succeeded" => None,
        "Failed" | "Canceled" | "" => {
            let remedy = "look at the cluster's last operation, put it right (az aks update) and try again";
            Some(Finding::wrong(subject, what, remedy))
        }
        _ => Some(Finding::unsettled(subject, what, "waiting until that operation has ended")),
    }
}
