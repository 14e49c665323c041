//! Pure: addresses behind a Service that a person writes down.
use super::{
    findings::{Findings, items},
    texts::address,
};
use serde_json::Value;
use std::net::IpAddr;

/// A slice of endpoints as a whole.
pub(super) fn is_a_slice(object: &Value, findings: &mut Findings) {
    let sort = object["addressType"].as_str().unwrap_or_default();
    for (at, endpoint) in items(object.get("endpoints")).iter().enumerate() {
        let addresses = items(endpoint.get("addresses"));
        if addresses.is_empty() {
            findings.required(&format!("endpoints[{at}].addresses"), "must contain at least 1 address");
        }
        for (address_at, address) in addresses.iter().enumerate().filter(|_| matches!(sort, "IPv4" | "IPv6")) {
            let field = format!("endpoints[{at}].addresses[{address_at}]");
            is_reached(address, &field, findings);
            let parsed = address.as_str().and_then(|text| text.parse::<IpAddr>().ok());
            if parsed.is_some_and(|parsed| parsed.is_ipv4() != (sort == "IPv4")) {
                let an = if sort == "IPv4" { "an IPv4" } else { "an IPv6" };
                findings.invalid(&format!("endpoints[{at}].addresses"), address, &format!("must be {an} address"));
            }
        }
    }
}

/// Endpoints as a whole.
pub(super) fn are_endpoints(object: &Value, findings: &mut Findings) {
    for (at, subset) in items(object.get("subsets")).iter().enumerate() {
        let lists = ["addresses", "notReadyAddresses"];
        if lists.iter().all(|list| items(subset.get(list)).is_empty()) {
            findings.required(&format!("subsets[{at}]"), "must specify `addresses` or `notReadyAddresses`");
        }
        for list in lists {
            for (address_at, address) in items(subset.get(list)).iter().enumerate() {
                is_reached(&address["ip"], &format!("subsets[{at}].{list}[{address_at}].ip"), findings);
            }
        }
    }
}

/// Whether a cluster leads traffic to an address.
fn is_reached(text: &Value, field: &str, findings: &mut Findings) {
    let wrong = address(text.as_str().unwrap_or_default());
    wrong.iter().for_each(|why| findings.invalid(field, text, why));
    let parsed = text.as_str().and_then(|text| text.parse::<IpAddr>().ok());
    if parsed.is_some_and(|parsed| parsed.is_loopback()) {
        findings.invalid(field, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
}
