//! The gateway runs, nobody else writes it, and its pools hold what they must before traffic is touched.
use super::{Finding, Seen, listener};
use crate::plan::Plan;
use crate::resources::answers::{shortened, text};
use crate::resources::gateway::{Foreign, Gateway, Pool};
use crate::resources::tags::{AGIC_TAG, is_run_of};
use std::net::Ipv4Addr;

const SUBJECT: &str = "gateway";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    let id = &plan.site.gateway;
    let Some(gateway) = &seen.gateway else {
        let what = format!("{id} is expected, but does not exist");
        return vec![Finding::wrong(SUBJECT, what, "correct the gateway in the site file")];
    };
    let mut findings: Vec<_> = running(id, gateway).into_iter().chain(writers(id, gateway)).collect();
    let state = text(&gateway.0, "/properties/provisioningState");
    if state != "Succeeded" {
        let what = format!("the provisioning state of {id} is expected to be Succeeded, but is {:?}", shortened(state));
        let remedy = "waiting; a state of Failed ends when a good configuration is written once more";
        findings.push(Finding::unsettled(SUBJECT, what, remedy));
        // What it shows meanwhile may be neither the old nor the new.
        return findings;
    }
    findings.extend(room(id, gateway));
    findings.extend(live_pools(plan, gateway));
    findings.extend(candidate(plan, gateway, seen));
    if findings.is_empty() {
        findings.extend(elsewhere(plan, gateway, seen.new_cluster.is_some()));
    }
    findings
}

/// Who else sends users to a cluster does not follow when the traffic moves, and keeps it from being deleted.
/// What a leftover serves is judged with it.
fn elsewhere(plan: &Plan, gateway: &Gateway, has_leftover: bool) -> Vec<Finding> {
    let slots: Vec<_> = [plan.old_slot()].into_iter().chain((!has_leftover).then(|| plan.new_slot())).collect();
    let foreign = gateway.pools().filter(|pool| !plan.site.pools.is_ours(pool.name()));
    let judge = |pool: Pool<'_>| {
        let held = slots.iter().find_map(|slot| pool.first_of(&slot.addresses))?;
        let what = format!(
            "the pool {} of somebody else is expected to hold no address of the slots, but holds {held}",
            shortened(pool.name())
        );
        let remedy = "take the address out of it, or name the pool among the site's live pools";
        Some(Finding::wrong(SUBJECT, what, remedy))
    };
    foreign.filter_map(judge).collect()
}

fn running(id: &str, gateway: &Gateway) -> Option<Finding> {
    let state = text(&gateway.0, "/properties/operationalState");
    let what = format!("{id} is expected to be Running, but is {:?}", shortened(state));
    match state {
        "Running" => None,
        "Starting" => Some(Finding::unsettled(SUBJECT, what, "waiting until it has started")),
        // Our first write would start it, and with it what somebody stopped on purpose.
        _ => Some(Finding::wrong(SUBJECT, what, "start it, and see that it serves")),
    }
}

fn writers(id: &str, gateway: &Gateway) -> Option<Finding> {
    if !gateway.is_written_by_agic() {
        return None;
    }
    let what = format!("{id} has the tag {AGIC_TAG}: an AGIC writes it, and would overwrite the pools");
    let remedy = format!(
        "AGIC mode is not offered yet: scale AGIC away on both clusters, bring the workload behind internal addresses, \
         and remove the tag {AGIC_TAG}"
    );
    Some(Finding::wrong(SUBJECT, what, remedy))
}

fn room(id: &str, gateway: &Gateway) -> Option<Finding> {
    let what = format!("{id} has as many tags as a resource can have, and none is left for our mark");
    (!gateway.has_room_for_a_mark()).then(|| Finding::wrong(SUBJECT, what, "take a tag off that nobody needs"))
}

fn live_pools(plan: &Plan, gateway: &Gateway) -> Vec<Finding> {
    let expected = &plan.old_slot().addresses;
    let judge = |name: &String| {
        let Some(pool) = gateway.pool(name) else { return Some(missing(plan, name)) };
        if pool.holds_exactly(expected) {
            return None;
        }
        let what = format!(
            "the live pool {name} is expected to hold exactly the {} slot's addresses {}, but holds {}",
            plan.old.name(),
            expected.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", "),
            pool.in_words()
        );
        Some(Finding::wrong(SUBJECT, what, remedy(pool)))
    };
    plan.site.pools.live.iter().filter_map(judge).collect()
}

/// A share of traffic is made of whole addresses, which the slots name.
fn remedy(pool: Pool<'_>) -> &'static str {
    match pool.foreign() {
        Some(Foreign::Interface) => {
            "nodes or machines are members there by their network interfaces, and those of a new cluster are not known \
             beforehand: bring the workload behind an internal load balancer, and put its addresses in their place"
        }
        Some(Foreign::Name) => {
            "a name cannot be shared out between two clusters, and a gateway keeps what it once stood for: put the internal \
             addresses of the ingress, to which the name leads, in its place"
        }
        None => "correct the pool, or the slot's addresses in the site file",
    }
}

fn candidate(plan: &Plan, gateway: &Gateway, seen: &Seen) -> Vec<Finding> {
    let name = &plan.site.pools.candidate;
    let Some(pool) = gateway.pool(name) else { return vec![missing(plan, name)] };
    let mut findings = listener::check(plan, &gateway.0, seen);
    if !pool.members().is_empty() && !is_left_over(plan, gateway, pool) {
        let what = format!("the candidate pool {name} is expected to be empty, but holds {}", pool.in_words());
        findings.push(Finding::wrong(SUBJECT, what, "see who put them there, and empty the pool"));
    }
    findings
}

/// Whether a run of the site, which a person finished as it stood, has left one of the slots there. No user is led there, and
/// the run that comes writes over it.
#[must_use]
pub fn is_left_over(plan: &Plan, gateway: &Gateway, pool: Pool<'_>) -> bool {
    let of_a_run = |mark: &str| is_run_of(&plan.site.name, mark) || gateway.is_glass_broken();
    let slots = [plan.old_slot(), plan.new_slot()];
    let is_ours = |address: &Ipv4Addr| slots.iter().any(|slot| slot.addresses.contains(address));
    plan.site.pools.is_candidate(pool.name())
        && gateway.mark().is_some_and(of_a_run)
        && pool.foreign().is_none()
        && pool.addresses().all(|address| is_ours(&address))
}

fn missing(plan: &Plan, name: &str) -> Finding {
    let what = format!("the pool {name} is expected at {}, but does not exist", plan.site.gateway);
    Finding::wrong(SUBJECT, what, "make the pool, or correct the pools in the site file")
}
