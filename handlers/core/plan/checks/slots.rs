//! The slots are two: nothing of the one is the other's.
use super::Finding;
use crate::resources::answers::same_id;
use crate::site::Site;

pub(super) fn check(site: &Site) -> Vec<Finding> {
    let (blue, green) = (&site.slots.blue, &site.slots.green);
    let wrong = |what: String| Finding::wrong("slots", what, "give each slot its own in the site file");
    let mut findings = Vec::new();
    if same_id(&blue.cluster, &green.cluster) {
        findings.push(wrong(format!("both slots have the cluster {}", blue.cluster)));
    }
    if same_id(&blue.subnet, &green.subnet) {
        findings.push(wrong(format!("both slots have the subnet {}", blue.subnet)));
    }
    let shared = blue.addresses.iter().filter(|address| green.addresses.contains(address));
    let shared: Vec<_> = shared.map(ToString::to_string).collect();
    if !shared.is_empty() {
        findings.push(wrong(format!("both slots have {}", shared.join(", "))));
    }
    findings
}
