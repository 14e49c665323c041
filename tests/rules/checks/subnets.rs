//! What hangs on the slots' subnets, which further ones there are, and where the ingress lies.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use super::world::{assert_refused, old, refused, seen, set};
use crate::example::plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check};
use bluegreen_core::plan::{Kind, Plan};
use serde_json::{Value, json};

const FINE: Verdict = Verdict::Fine { delete_leftover: false };
const TABLE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/out";

fn on(subnet: &mut Option<Value>, member: &str, value: Value) {
    subnet.as_mut().unwrap()["properties"][member] = value;
}

/// Both subnets lead to a firewall.
fn routed(hop: &Value) -> Seen {
    let mut seen = seen();
    set(old(&mut seen), "/properties/networkProfile/outboundType", json!("userDefinedRouting"));
    on(&mut seen.old_subnet, "routeTable", json!({"id": TABLE}));
    on(&mut seen.new_subnet, "routeTable", json!({"id": TABLE.to_uppercase()}));
    let default = json!({"addressPrefix": "0.0.0.0/0", "nextHopType": hop, "nextHopIpAddress": "10.0.1.4"});
    let routes =
        json!([{"properties": {"addressPrefix": "10.0.0.0/8", "nextHopType": "VnetLocal"}}, {"properties": default}]);
    seen.network = vec![json!({"id": TABLE, "properties": {"routes": routes}})];
    seen
}

#[test]
fn what_hangs_on_the_old_subnet_and_not_on_the_new_one_is_said_unless_it_is_meant() {
    for (member, value, expected) in [
        ("networkSecurityGroup", json!({"id": "/x/networkSecurityGroups/shop"}), "the network security group shop"),
        ("routeTable", json!({"id": "/x/routeTables/shop"}), "the route table shop"),
        ("natGateway", json!({"id": "/x/natGateways/shop"}), "the NAT gateway shop"),
        ("serviceEndpoints", json!([{"service": "Microsoft.Sql"}]), "the service endpoint Microsoft.Sql"),
        ("serviceEndpointPolicies", json!([{"id": "/x/serviceEndpointPolicies/p"}]), "the service endpoint policy p"),
    ] {
        let mut lacking = seen();
        on(&mut lacking.old_subnet, member, value.clone());
        assert_refused(&plan(), &lacking, expected);
        let mut meant = plan();
        meant.site.subnets_may_differ = true;
        assert_eq!(check(&meant, &lacking), FINE, "{member}");
        // Another of the same kind is fine: what it says is its owner's business.
        let other = serde_json::from_str(&value.to_string().replace("/shop", "/shop-green")).unwrap();
        on(&mut lacking.new_subnet, member, other);
        assert_eq!(check(&plan(), &lacking), FINE, "{member}");
    }
    let mut policies = seen();
    on(&mut policies.old_subnet, "privateLinkServiceNetworkPolicies", json!("Disabled"));
    assert_eq!(check(&plan(), &policies), FINE, "what is not said is not known to differ");
    on(&mut policies.new_subnet, "privateLinkServiceNetworkPolicies", json!("Enabled"));
    assert_refused(&plan(), &policies, "privateLinkServiceNetworkPolicies of the old slot's subnet are Disabled");
    // What AKS hung there itself goes with the old cluster.
    let mut made = seen();
    let table = "/subscriptions/s/resourceGroups/mc_UID-blue/providers/Microsoft.Network/routeTables/aks";
    on(&mut made.old_subnet, "routeTable", json!({"id": table}));
    assert_eq!(check(&plan(), &made), FINE);
}

#[test]
fn where_azure_makes_no_cluster_no_consent_helps() {
    let mut meant = plan();
    meant.site.subnets_may_differ = true;
    let mut delegated = seen();
    on(&mut delegated.new_subnet, "delegations", json!([{"properties": {"serviceName": "Microsoft.Web/serverFarms"}}]));
    assert_refused(&meant, &delegated, "is delegated to microsoft.web/serverfarms");
    let mut gateways = seen();
    let place = json!([{"properties": {"subnet": {"id": meant.site.slots.green.subnet.to_lowercase()}}}]);
    set(&mut gateways.gateway.as_mut().unwrap().0, "/properties/gatewayIPConfigurations", place);
    assert_refused(&meant, &gateways, "is the gateway's own");
    let mut overlapping = seen();
    set(old(&mut overlapping), "/properties/networkProfile/serviceCidr", json!("10.1.16.0/24"));
    assert_refused(&meant, &overlapping, "overlaps the cluster's serviceCidr 10.1.16.0/24");
    let mut kept = meant.clone();
    kept.site.slots.green.subnet = kept.site.slots.green.subnet.replace("/green", "/GatewaySubnet");
    assert_refused(&kept, &seen(), "Azure keeps the name GatewaySubnet");
    let returning = Plan { kind: Kind::Return, ..meant };
    let said = refused(&returning, &delegated);
    assert!(
        said.iter().all(|finding| finding.subject != "subnet"),
        "a kept cluster lies where it always did: {said:#?}"
    );
}

#[test]
fn routes_to_a_firewall_are_looked_at_and_not_assumed() {
    let mut strict = plan();
    strict.site.partners_know_outbound_address = false;
    for hop in ["VirtualAppliance", "virtualNetworkGateway"] {
        assert_eq!(check(&strict, &routed(&json!(hop))), FINE);
    }
    assert_refused(&plan(), &routed(&json!("Internet")), "leads to \"Internet\"");
    let mut without = routed(&json!("VirtualAppliance"));
    on(&mut without.new_subnet, "routeTable", json!(null));
    let mut meant = plan();
    meant.site.subnets_may_differ = true;
    assert_refused(&meant, &without, "has no route table");
    let mut empty = routed(&json!("VirtualAppliance"));
    empty.network[0]["properties"]["routes"] = json!([]);
    assert_refused(&plan(), &empty, "has no route 0.0.0.0/0");
    let unseen = Seen { network: vec![], ..routed(&json!("VirtualAppliance")) };
    assert_refused(&plan(), &unseen, "cannot be seen");
    // Another firewall has another address.
    let mut another = routed(&json!("VirtualAppliance"));
    let mut table = another.network[0].clone();
    table["id"] = json!("/x/routeTables/other");
    table["properties"]["routes"][1]["properties"]["nextHopIpAddress"] = json!("10.9.9.9");
    another.network.push(table);
    on(&mut another.new_subnet, "routeTable", json!({"id": "/x/routeTables/other"}));
    assert_refused(&strict, &another, "the new one by the routes of its subnet to VirtualAppliance 10.9.9.9");
    assert_eq!(check(&plan(), &another), FINE);
}

#[test]
fn with_kubenet_no_two_clusters_share_a_route_table() {
    let mut shared = routed(&json!("VirtualAppliance"));
    set(old(&mut shared), "/properties/networkProfile/networkPlugin", json!("kubenet"));
    assert_refused(&plan(), &shared, "with kubenet each cluster needs a route table of its own");
}

/// The old cluster has a second pool in a subnet of its own.
fn with_second_pool() -> (Seen, String, String) {
    let mut seen = seen();
    let network = plan().site.slots.blue.subnet.replace("/blue", "");
    let (blue, green) = (format!("{network}/user-blue"), format!("{network}/user-green"));
    let pool =
        json!({"name": "user", "osType": "Linux", "count": 2, "maxPods": 30, "vnetSubnetID": blue.to_uppercase()});
    old(&mut seen)["properties"]["agentPoolProfiles"].as_array_mut().unwrap().push(pool);
    seen.network = vec![
        json!({"id": blue, "properties": {"addressPrefix": "10.1.64.0/24"}}),
        json!({"id": green, "properties": {"addressPrefix": "10.1.65.0/24"}}),
    ];
    (seen, blue, green)
}

#[test]
fn a_second_pool_needs_a_subnet_in_each_slot() {
    let (mut seen, blue, green) = with_second_pool();
    assert_refused(&plan(), &seen, "the nodes of the pool user have a subnet of their own, ");
    let mut named = plan();
    named.site.slots.blue.subnets.insert("user".into(), blue);
    named.site.slots.green.subnets.insert("user".into(), green.clone());
    assert_eq!(check(&named, &seen), FINE);
    // Its room is counted: 3 nodes with 30 pods each, and what Azure keeps.
    seen.network[1]["properties"]["addressPrefix"] = json!("10.1.65.0/26");
    assert_refused(&named, &seen, "needs 98 addresses (2 nodes + 1 more while nodes are upgraded + 90 for their pods");
    seen.network[1]["properties"]["addressPrefix"] = json!("10.1.65.0/24");
    seen.network[0]["properties"]["networkSecurityGroup"] = json!({"id": "/x/networkSecurityGroups/user"});
    assert_refused(&named, &seen, "the network security group user");
    seen.network.truncate(1);
    assert_refused(&named, &seen, "user-green is expected, but does not exist, or cannot be seen");
}

#[test]
fn pods_in_a_subnet_of_their_own_move_to_the_other_slots() {
    let mut seen = seen();
    set(old(&mut seen), "/properties/agentPoolProfiles/0/podSubnetID", json!("/subnets/pods-blue"));
    let mut named = plan();
    named.site.slots.blue.subnets.insert("pods".into(), "/subnets/pods-blue".into());
    named.site.slots.green.subnets.insert("pods".into(), "/subnets/pods-green".into());
    let with = |prefix: &str| {
        let subnet = json!({"id": "/subnets/Pods-Green", "properties": {"addressPrefix": prefix}});
        Seen { network: vec![subnet], ..seen.clone() }
    };
    assert_eq!(check(&named, &with("10.1.64.0/24")), FINE);
    assert_refused(&named, &with("10.1.64.0/26"), "0 nodes + 0 more while nodes are upgraded + 120 for their pods");
}

#[test]
fn an_ingress_may_lie_in_a_subnet_of_its_own() {
    let mut apart = plan();
    let id = apart.site.slots.green.subnet.replace("/green", "/ingress-green");
    apart.site.slots.green.addresses = vec![[10, 1, 64, 20].into()];
    assert_refused(&apart, &seen(), "the slot's addresses are expected in the subnet");
    assert!(refused(&apart, &seen())[0].remedy.contains("name that as \"ingressSubnet\" of both slots"));
    apart.site.slots.green.ingress_subnet = Some(id.clone());
    let with = |prefix: &str, used: usize| {
        let used = vec![json!({"id": "/x"}); used];
        let subnet = json!({"id": id, "properties": {"addressPrefix": prefix, "ipConfigurations": used}});
        Seen { network: vec![subnet], ..seen() }
    };
    assert_eq!(check(&apart, &with("10.1.64.16/28", 10)), FINE);
    assert_refused(&apart, &with("10.1.64.16/28", 11), "1 internal load balancers + 5 of Azure");
    assert_refused(&apart, &with("10.1.65.16/28", 0), "outside it lie");
    assert_refused(&apart, &Seen { network: vec![], ..seen() }, "ingress-green is expected, but does not exist");
}

#[test]
fn what_must_be_looked_at_is_named_once_and_without_case() {
    let (mut seen, blue, green) = with_second_pool();
    seen.network.clear();
    let mut named = plan();
    named.site.slots.blue.subnets.insert("user".into(), blue.clone());
    named.site.slots.green.subnets.insert("user".into(), green.clone());
    let frontends =
        json!([{"name": "public", "properties": {"publicIPAddress": {"id": "/x/pip"}}}, {"name": "private"}]);
    set(&mut seen.gateway.as_mut().unwrap().0, "/properties/frontendIPConfigurations", frontends);
    assert_eq!(seen.named(&named), [blue, green, "/x/pip".to_owned()]);
    assert!(routed(&json!("VirtualAppliance")).named(&plan()).is_empty(), "what is there is not asked for again");
}
