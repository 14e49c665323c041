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
    for shared in blue.addresses.iter().filter(|address| green.addresses.contains(address)) {
        findings.push(wrong(format!("both slots have the address {shared}")));
    }
    findings
}
