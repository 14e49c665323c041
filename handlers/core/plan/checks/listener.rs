//! The candidate pool is behind the listener that the smoke tests ask, so that they test the new cluster.
use super::{Finding, Seen};
use crate::plan::Plan;
use crate::resources::answers::{list, name_of, same_name, shortened, text};
use crate::resources::gateway::Gateway;
use crate::resources::listening::{Asked, Leads, Way};
use crate::site::{SmokeTest, address_of};
use serde_json::Value;

const SUBJECT: &str = "candidate listener";

pub(super) fn check(plan: &Plan, gateway: &Value, seen: &Seen) -> Vec<Finding> {
    let public: Vec<_> = seen.network.iter().collect();
    let tests = plan.site.smoke_tests.iter();
    let wrong = tests.filter_map(|test| judge(plan, gateway, &public, test));
    wrong.map(|(what, remedy)| Finding::wrong(SUBJECT, what, remedy)).collect()
}

/// The ids of the gateway's public addresses, without which nobody knows where a request arrives.
#[must_use]
pub fn public_addresses(gateway: &Gateway) -> Vec<String> {
    let frontends = list(&gateway.0, "/properties/frontendIPConfigurations").iter();
    let ids = frontends.map(|frontend| text(frontend, "/properties/publicIPAddress/id").to_owned());
    ids.filter(|id| !id.is_empty()).collect()
}

/// Why the smoke tests of a plan prove nothing at this gateway; `None`: each of them reaches the candidate pool. `public`
/// are GETs of its public addresses, as far as they are known.
#[must_use]
pub fn unproved(plan: &Plan, gateway: &Gateway, public: &[Value]) -> Option<String> {
    let public: Vec<_> = public.iter().collect();
    plan.site.smoke_tests.iter().find_map(|test| judge(plan, &gateway.0, &public, test)).map(|(what, _)| what)
}

fn judge(plan: &Plan, gateway: &Value, public: &[&Value], test: &SmokeTest) -> Option<(String, String)> {
    let candidate = &plan.site.pools.candidate;
    let url = &test.url;
    let asked = Asked::read(url, test.connect_to.as_deref().and_then(address_of))?;
    let ways = asked.ways(gateway, public);
    let is_candidates = |way: &&Way<'_>| matches!(way.to, Leads::Pool(id) if same_name(name_of(id), candidate));
    let bind = || format!("bind the pool {candidate} to a listener of its own, and let the smoke tests ask that one");
    let Some(astray) = ways.iter().find(|way| !is_candidates(way)) else {
        let what = format!("{url} is expected to reach the gateway, but no listener answers it");
        return ways.is_empty().then(|| (what, bind()));
    };
    let Way { frontend, listener, to } = astray;
    let leads = match to {
        Leads::Pool(id) => format!("leads it to {}", name_of(id)),
        Leads::Away => "redirects it".to_owned(),
        Leads::Nowhere => "has no rule".to_owned(),
    };
    let Some(right) = ways.iter().find(is_candidates) else {
        let what = format!("{url} is expected to reach the pool {candidate}, but the listener {listener} {leads}");
        return Some((what, bind()));
    };
    let what = format!(
        "{url} is expected to reach the pool {candidate} by the listener {} at the frontend {}, but it may as well arrive at \
         the frontend {}, where the listener {listener} {leads}",
        right.listener,
        shortened(right.frontend),
        shortened(frontend)
    );
    let remedy = format!(
        "say at which it arrives: \"connectTo\" with the frontend's address for an http URL; or give the listener {} a port \
         or host name that no other frontend has",
        right.listener
    );
    Some((what, remedy))
}
