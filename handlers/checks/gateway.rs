//! PURE. The gateway runs, nobody else writes it, and its pools hold what they must before traffic is touched.
use super::{Finding, listener};
use crate::answers::{list, shortened, text};
use crate::plan::Plan;
use crate::tags::tag;
use serde_json::Value;
use std::net::Ipv4Addr;

const SUBJECT: &str = "gateway";
/// The ingress controller AGIC tags each gateway that it writes.
const AGIC_TAG: &str = "managed-by-k8s-ingress";

pub(super) fn check(plan: &Plan, gateway: Option<&Value>) -> Vec<Finding> {
    let id = &plan.site.gateway;
    let Some(gateway) = gateway else {
        let what = format!("{id} is expected, but does not exist");
        return vec![Finding::wrong(SUBJECT, what, "correct the gateway in the site file")];
    };
    let mut findings: Vec<_> = running(id, gateway).into_iter().chain(writers(id, gateway)).collect();
    let state = text(gateway, "/properties/provisioningState");
    if state != "Succeeded" {
        let what = format!("the provisioning state of {id} is expected to be Succeeded, but is {:?}", shortened(state));
        let remedy = "waiting; a state of Failed ends when a good configuration is written once more";
        findings.push(Finding::unsettled(SUBJECT, what, remedy));
        // What it shows meanwhile may be neither the old nor the new.
        return findings;
    }
    findings.extend(live_pools(plan, gateway));
    findings.extend(candidate(plan, gateway));
    findings
}

fn running(id: &str, gateway: &Value) -> Option<Finding> {
    let state = text(gateway, "/properties/operationalState");
    let what = format!("{id} is expected to be Running, but is {:?}", shortened(state));
    match state {
        "Running" => None,
        "Starting" => Some(Finding::unsettled(SUBJECT, what, "waiting until it has started")),
        // Our first write would start it, and with it what somebody stopped on purpose.
        _ => Some(Finding::wrong(SUBJECT, what, "start it, and see that it serves")),
    }
}

fn writers(id: &str, gateway: &Value) -> Option<Finding> {
    tag(gateway, AGIC_TAG)?;
    let what = format!("{id} has the tag {AGIC_TAG}: an AGIC writes it, and would overwrite the pools");
    let remedy = format!(
        "AGIC mode is not offered yet: scale AGIC away on both clusters, bring the workload behind internal addresses, \
         and remove the tag {AGIC_TAG}"
    );
    Some(Finding::wrong(SUBJECT, what, remedy))
}

fn live_pools(plan: &Plan, gateway: &Value) -> Vec<Finding> {
    let mut expected: Vec<_> = plan.old_slot().addresses.iter().map(ToString::to_string).collect();
    expected.sort_unstable();
    let judge = |name: &String| {
        let Some(pool) = pool(gateway, name) else { return Some(missing(plan, name)) };
        let mut held = members(pool);
        held.sort_unstable();
        if held == expected {
            return None;
        }
        let what = format!(
            "the live pool {name} is expected to hold exactly the {} slot's addresses {}, but holds {}",
            plan.old.name(),
            in_words(&expected),
            in_words(&held)
        );
        let remedy = "correct the pool, or the slot's addresses in the site file";
        Some(Finding::wrong(SUBJECT, what, remedy))
    };
    plan.site.pools.live.iter().filter_map(judge).collect()
}

fn candidate(plan: &Plan, gateway: &Value) -> Vec<Finding> {
    let name = &plan.site.pools.candidate;
    let Some(pool) = pool(gateway, name) else { return vec![missing(plan, name)] };
    let held = members(pool);
    let mut findings = listener::check(plan, gateway);
    if !held.is_empty() {
        let what = format!("the candidate pool {name} is expected to be empty, but holds {}", in_words(&held));
        findings.push(Finding::wrong(SUBJECT, what, "see who put them there, and empty the pool"));
    }
    findings
}

fn missing(plan: &Plan, name: &str) -> Finding {
    let what = format!("the pool {name} is expected at {}, but does not exist", plan.site.gateway);
    Finding::wrong(SUBJECT, what, "make the pool, or correct the pools in the site file")
}

/// The gateway's backend pool of this name.
fn pool<'a>(gateway: &'a Value, name: &str) -> Option<&'a Value> {
    let pools = list(gateway, "/properties/backendAddressPools");
    pools.iter().find(|pool| text(pool, "/name").eq_ignore_ascii_case(name))
}

/// The members of a pool, addresses or names, as they are written.
fn members(pool: &Value) -> Vec<String> {
    let member = |member: &Value| {
        let (address, name) = (text(member, "/ipAddress"), text(member, "/fqdn"));
        shortened(if address.is_empty() { name } else { address })
    };
    list(pool, "/properties/backendAddresses").iter().map(member).collect()
}

/// The first pool of the gateway that holds one of these addresses, ours or not, and the address.
pub(super) fn holder(gateway: &Value, addresses: &[Ipv4Addr]) -> Option<(String, Ipv4Addr)> {
    list(gateway, "/properties/backendAddressPools").iter().find_map(|pool| {
        let held = members(pool).iter().filter_map(|member| member.parse().ok()).find(|held| addresses.contains(held));
        held.map(|address| (shortened(text(pool, "/name")), address))
    })
}

fn in_words(members: &[String]) -> String {
    if members.is_empty() { "nothing".to_owned() } else { members.join(", ") }
}
