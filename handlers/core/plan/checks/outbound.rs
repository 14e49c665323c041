//! The new cluster speaks to the outside from another address: partners who filter by it must know.
use super::addresses::planned_cluster;
use super::routes::default_route;
use super::{Finding, Seen};
use crate::plan::Plan;
use crate::resources::answers::{same_id, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "outbound address";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Option<Finding> {
    if plan.site.partners_know_outbound_address {
        return None;
    }
    let (old, new) = (seen.old_cluster.as_ref()?, planned_cluster(plan, seen)?);
    let (before, after) = (way_out(old, seen.old_subnet.as_ref(), seen), way_out(&new, seen.new_subnet.as_ref(), seen));
    // That a subnet lacks what the cluster needs is said of the subnet.
    if before.is_same_as(&after) || after.is_missing() {
        return None;
    }
    let what = format!("the old cluster goes out {before}, the new one {after}: its address will be another");
    let remedy = "tell the partners who filter by source address the new one, if there are any, and set \
                  \"partnersKnowOutboundAddress\": true in the site file; or send both clusters through one NAT gateway \
                  or firewall";
    Some(Finding::wrong(SUBJECT, what, remedy))
}

/// How a cluster reaches the outside.
enum WayOut<'a> {
    /// By the routes of its subnet, to a firewall: this is the next hop, where it is known.
    Routes(Option<(&'a str, &'a str)>),
    /// Through the NAT gateway of its subnet.
    SharedNat(&'a str),
    /// Not at all.
    Nowhere,
    /// Through addresses of its own.
    Own,
}

fn way_out<'a>(cluster: &Value, subnet: Option<&'a Value>, seen: &'a Seen) -> WayOut<'a> {
    match text(cluster, "/properties/networkProfile/outboundType") {
        "userDefinedRouting" => {
            let table = subnet.and_then(|subnet| seen.part(text(subnet, "/properties/routeTable/id")));
            WayOut::Routes(table.and_then(default_route))
        }
        "none" => WayOut::Nowhere,
        "userAssignedNATGateway" => {
            WayOut::SharedNat(subnet.map_or("", |subnet| text(subnet, "/properties/natGateway/id")))
        }
        _ => WayOut::Own,
    }
}

impl WayOut<'_> {
    fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Routes(one), Self::Routes(other)) => one.is_some() && one == other,
            (Self::Nowhere, Self::Nowhere) => true,
            (Self::SharedNat(one), Self::SharedNat(other)) => !one.is_empty() && same_id(one, other),
            (Self::Routes(_) | Self::SharedNat(_) | Self::Nowhere | Self::Own, _) => false,
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Self::Routes(None) | Self::SharedNat(""))
    }
}

impl std::fmt::Display for WayOut<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Routes(None) => formatter.write_str("by routes of its subnet that cannot be seen"),
            Self::Routes(Some((hop, address))) => {
                write!(formatter, "by the routes of its subnet to {} {}", shortened(hop), shortened(address))
            }
            Self::SharedNat("") => formatter.write_str("through a NAT gateway that its subnet does not name"),
            Self::SharedNat(id) => write!(formatter, "through the NAT gateway {id}"),
            Self::Nowhere => formatter.write_str("nowhere"),
            Self::Own => formatter.write_str("through addresses of its own"),
        }
    }
}
