//! Once all traffic is on the new cluster, the old one waits in the candidate pool, where the gateway's probes say whether it
//! could take the traffic back. They must ask there what they ask in the live pools, or they cannot tell.
use super::{Finding, Seen};
use crate::plan::Plan;

const SUBJECT: &str = "way back";

pub(super) fn warn(plan: &Plan, seen: &Seen) -> Option<Finding> {
    let gateway = seen.gateway.as_ref()?;
    let pools = &plan.site.pools;
    let (live, candidate) = (gateway.asks(&pools.live), gateway.asks(std::slice::from_ref(&pools.candidate)));
    let beside: Vec<_> = candidate.difference(&live).map(String::as_str).collect();
    if live.is_empty() || beside.is_empty() {
        return None;
    }
    let what = format!(
        "members of the candidate pool {} are asked for {}, and those of the live pools for {}: the old cluster, which waits \
         there, may be called unhealthy, and its readiness stay unknown",
        pools.candidate,
        beside.join(", "),
        live.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    );
    let remedy = "give the rules of both the same settings and probe; unknown hinders no way back, but the deletion";
    Some(Finding::warning(SUBJECT, what, remedy))
}
