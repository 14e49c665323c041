//! The checks of `CheckPlan`: in a world in which everything holds, each thing that can be wrong.
use super::example::plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check, kept_size};
use bluegreen_core::plan::policies::{Policy, Vaults};
use bluegreen_core::plan::{KeptSize, Kind, Plan};
use bluegreen_core::resources::cluster::Cluster;
use bluegreen_core::resources::gateway::Gateway;
use bluegreen_core::resources::size::Size;
use bluegreen_core::resources::tags::{RETIRED_TAG, RUN_TAG, SITE_TAG};
use bluegreen_core::site::Leftover;
use bluegreen_core::workload::pins::Load;
use serde_json::{Value, json};
use world::{assert_refused, leftover, old, refused, seen, set};

mod carried;
mod clusters;
mod kept_size;
mod listeners;
mod quota;
mod subnets;
pub mod world;

const FINE: Verdict = Verdict::Fine { delete_leftover: false };

#[test]
fn a_world_in_which_everything_holds_is_fine() {
    assert_eq!(check(&plan(), &seen()), FINE);
}

#[test]
fn each_thing_that_is_wrong_with_the_old_cluster_is_refused() {
    for (pointer, value, expected) in [
        ("/properties/resourceUID", json!("uid-2"), "planned with the resourceUID uid-blue, but now has uid-2"),
        ("/properties/resourceUID", json!(null), "but now has none"),
        ("/properties/provisioningState", json!("Failed"), "is expected to be Succeeded, but is \"Failed\""),
        ("/properties/powerState/code", json!("Stopped"), "its power state is \"Stopped\""),
        ("/properties/currentKubernetesVersion", json!("1.34.6"), "must go to a newer version"),
        ("/properties/currentKubernetesVersion", json!("1.34"), "cannot be read"),
        ("/properties/addonProfiles", json!({"ingressApplicationGateway": {"enabled": true}}), "(AGIC) is enabled"),
        ("/properties/servicePrincipalProfile", json!({"clientId": "abc"}), "service principal"),
        ("/properties/aadProfile", json!({"serverAppID": "abc"}), "legacy integration with Entra"),
        ("/properties/agentPoolProfiles/0/osType", json!("Windows"), "password cannot be read"),
        ("/properties/autoUpgradeProfile/upgradeChannel", json!("patch"), "the channel is \"patch\""),
        ("/properties/autoUpgradeProfile/nodeOSUpgradeChannel", json!("NodeImage"), "the channel is \"NodeImage\""),
        ("/properties/agentPoolProfiles/0/podSubnetID", json!("/subnets/pods"), "have a subnet of their own"),
        ("/identity/type", json!("SystemAssigned"), "system-assigned identity"),
        ("/properties/agentPoolProfiles/0/upgradeSettings", json!({"maxSurge": "x"}), "maxSurge of the pool system"),
    ] {
        let mut seen = seen();
        set(old(&mut seen), pointer, value);
        assert_refused(&plan(), &seen, expected);
    }
    let mut seen = seen();
    seen.old_cluster = None;
    assert_refused(&plan(), &seen, "is expected to serve, but does not exist");
}

#[test]
fn what_the_site_prepares_for_is_no_hindrance() {
    let (mut plan, mut seen) = (plan(), seen());
    set(old(&mut seen), "/identity/type", json!("SystemAssigned"));
    plan.site.grants_prepared = true;
    assert_eq!(check(&plan, &seen), FINE);
    set(old(&mut seen), "/properties/agentPoolProfiles/0/podSubnetID", json!("/subnets/pods-blue"));
    let mut pool = old(&mut seen)["properties"]["agentPoolProfiles"][0].clone();
    pool["podSubnetID"] = json!("/subnets/pods-green");
    plan.site.cluster_changes = json!({"properties": {"agentPoolProfiles": [pool]}});
    seen.network = vec![json!({"id": "/subnets/pods-green", "properties": {"addressPrefix": "10.1.64.0/24"}})];
    assert_eq!(check(&plan, &seen), FINE);
    set(old(&mut seen), "/properties/autoUpgradeProfile", json!(null));
    set(old(&mut seen), "/properties/servicePrincipalProfile", json!({"clientId": "msi"}));
    assert_eq!(check(&plan, &seen), FINE);
}

#[test]
fn a_pool_in_another_subnet_than_the_slots_is_noticed() {
    let mut seen = seen();
    set(old(&mut seen), "/properties/agentPoolProfiles/0/vnetSubnetID", json!("/subnets/other"));
    let findings = refused(&plan(), &seen);
    assert!(findings[0].what.contains("no node pool of"), "{findings:#?}");
    set(old(&mut seen), "/properties/agentPoolProfiles/0/vnetSubnetID", json!(null));
    assert_refused(&plan(), &seen, "lies in a network that AKS made for it alone");
}

#[test]
fn the_version_must_be_offered_and_fit_the_kind() {
    let with = |kind: Kind, version: &str| Plan { kind, version: version.parse().unwrap(), ..plan() };
    assert_eq!(check(&with(Kind::Replace, "1.33.2"), &seen()), FINE);
    assert_refused(&with(Kind::Replace, "1.34.6"), &seen(), "a replacement keeps the version");
    assert_refused(
        &with(Kind::Upgrade, "1.34.7"),
        &seen(),
        "1.34.7 is expected to be offered in westeurope, but is not",
    );
    assert_refused(&with(Kind::Upgrade, "1.35.0"), &seen(), "1.35.0 is a preview in westeurope");
    let mut long_term = seen();
    set(old(&mut long_term), "/properties/currentKubernetesVersion", json!("1.30.8"));
    assert_refused(&with(Kind::Upgrade, "1.30.9"), &long_term, "for long-term support only");
    set(old(&mut long_term), "/properties/supportPlan", json!("AKSLongTermSupport"));
    assert_eq!(check(&with(Kind::Upgrade, "1.30.9"), &long_term), FINE);
    let mut preview = seen();
    set(old(&mut preview), "/properties/currentKubernetesVersion", json!("1.35.0"));
    assert_eq!(check(&with(Kind::Replace, "1.35.0"), &preview), FINE);
    let silent = Seen { offered: json!({}), ..seen() };
    assert!(matches!(check(&plan(), &silent), Verdict::NotYet(why) if why.contains("kubernetesVersions")));
}

#[test]
fn each_thing_that_is_wrong_with_the_gateway_is_refused() {
    let id = plan().site.gateway;
    let pool = |name: &str| json!({"id": format!("{id}/backendAddressPools/{name}")});
    for (pointer, value, expected) in [
        ("/properties/operationalState", json!("Stopped"), "is expected to be Running, but is \"Stopped\""),
        ("/tags", json!({"managed-by-k8s-ingress": "1.9"}), "AGIC mode is not offered yet"),
        ("/properties/backendAddressPools/0/name", json!("lively"), "the pool live is expected"),
        ("/properties/backendAddressPools/1/name", json!("x"), "the pool candidate is expected"),
        (
            "/properties/backendAddressPools/0/properties/backendAddresses/0",
            json!({"ipAddress": "10.1.31.1"}),
            "expected to hold exactly the blue slot's addresses 10.1.15.1, 10.1.15.2, 10.1.15.3, 10.1.15.4, but holds",
        ),
        (
            "/properties/backendAddressPools/0/properties/backendAddresses/0",
            json!({"fqdn": "x.example.com"}),
            "x.example.com",
        ),
        ("/properties/backendAddressPools/0/properties/backendAddresses", json!([]), "but holds nothing"),
        (
            "/properties/backendAddressPools/1/properties/backendAddresses",
            json!([{"ipAddress": "10.1.15.1"}]),
            "the candidate pool candidate is expected to be empty, but holds 10.1.15.1",
        ),
        (
            "/properties/httpListeners/1/properties/hostName",
            json!("c.example.com"),
            "the listener live leads it to live",
        ),
        ("/properties/httpListeners", json!([]), "no listener answers it"),
        ("/properties/frontendPorts/0/properties/port", json!(81), "no listener answers it"),
        ("/properties/requestRoutingRules/1/properties/backendAddressPool", pool("live"), "leads it to live"),
        (
            "/properties/requestRoutingRules/1/properties/httpListener/id",
            json!("x"),
            "the listener candidate has no rule",
        ),
    ] {
        let mut seen = seen();
        set(&mut seen.gateway.as_mut().unwrap().0, pointer, value);
        assert_refused(&plan(), &seen, expected);
    }
    let mut seen = seen();
    seen.gateway = None;
    assert_refused(&plan(), &seen, "applicationGateways/shop-gateway is expected, but does not exist");
}

#[test]
fn a_smoke_test_follows_the_path_rules_of_its_listener() {
    let id = plan().site.gateway;
    let pool = |name: &str| json!({"id": format!("{id}/backendAddressPools/{name}")});
    for (path, default, expected) in
        [("/health*", "live", true), ("/other/*", "live", false), ("/other/*", "candidate", true)]
    {
        let mut seen = seen();
        let gateway = &mut seen.gateway.as_mut().unwrap().0;
        set(
            gateway,
            "/properties/requestRoutingRules/1/properties/urlPathMap",
            json!({"id": format!("{id}/urlPathMaps/m")}),
        );
        set(
            gateway,
            "/properties/urlPathMaps",
            json!([{"id": format!("{id}/urlPathMaps/M"), "properties": {
            "defaultBackendAddressPool": pool(default),
            "pathRules": [{"properties": {"paths": [path], "backendAddressPool": pool("candidate")}}]}}]),
        );
        assert_eq!(check(&plan(), &seen) == FINE, expected, "{path} {default}");
    }
}

#[test]
fn what_is_under_way_is_waited_for() {
    for state in ["Updating", "Upgrading", "Starting"] {
        let mut seen = seen();
        set(old(&mut seen), "/properties/provisioningState", json!(state));
        assert!(matches!(check(&plan(), &seen), Verdict::NotYet(why) if why.contains(state)));
    }
    for (pointer, value) in
        [("provisioningState", "Updating"), ("provisioningState", "Failed"), ("operationalState", "Starting")]
    {
        let mut seen = seen();
        set(&mut seen.gateway.as_mut().unwrap().0, &format!("/properties/{pointer}"), json!(value));
        assert!(matches!(check(&plan(), &seen), Verdict::NotYet(why) if why.contains(value)), "{value}");
    }
    // What is wrong for good is said at once.
    let mut both = seen();
    set(&mut both.gateway.as_mut().unwrap().0, "/properties/provisioningState", json!("Updating"));
    set(old(&mut both), "/properties/resourceUID", json!("uid-2"));
    assert_refused(&plan(), &both, "uid-2");
}

#[test]
fn a_leftover_is_deleted_only_if_it_is_ours_listed_allowed_and_serves_nothing() {
    let (plan, fine) = leftover("uid-green");
    assert_eq!(check(&plan, &fine), Verdict::Fine { delete_leftover: true });
    let tagged = |tags: Value| {
        let mut seen = fine.clone();
        seen.new_cluster.as_mut().unwrap()["tags"] = tags;
        seen
    };
    assert_eq!(check(&plan, &tagged(json!({RETIRED_TAG: "shop-0"}))), Verdict::Fine { delete_leftover: true });
    for tags in [json!(null), json!({"team": "x"}), json!({RUN_TAG: "shop-0"}), json!({SITE_TAG: "shop"})] {
        assert_refused(&plan, &tagged(tags), "holds a cluster that is not ours");
    }
    let taken = json!({RUN_TAG: "somebody", SITE_TAG: "shop"});
    assert_refused(&plan, &tagged(taken), "names no run of the site: a person has taken it over");
    let other = json!({RUN_TAG: "x", SITE_TAG: "other", RETIRED_TAG: "x"});
    assert_refused(&plan, &tagged(other), "holds a cluster of the site \"other\"");
    assert_refused(&plan, &leftover("uid-new").1, "has the resourceUID \"uid-new\", but the plan lists uid-green");
    assert_refused(&Plan { found_uid: None, ..plan.clone() }, &fine, "but the plan lists nothing there");

    let mut careful = plan.clone();
    careful.site.leftover = Leftover::Refuse;
    assert_refused(&careful, &fine, "does not allow to delete");

    let mut serving = fine.clone();
    let place = "/properties/backendAddressPools/2/properties/backendAddresses";
    set(&mut serving.gateway.as_mut().unwrap().0, place, json!([{"ipAddress": "10.1.31.2"}]));
    assert_refused(&plan, &serving, "the gateway's pool other holds its address 10.1.31.2");

    let mut going = fine.clone();
    set(going.new_cluster.as_mut().unwrap(), "/properties/provisioningState", json!("Deleting"));
    assert!(matches!(check(&plan, &going), Verdict::NotYet(why) if why.contains("Deleting")));
    let gone = Seen { new_cluster: None, ..fine };
    assert_eq!(check(&plan, &gone), FINE);
}

/// It has 12 of the 24 cores; each pool of three machines with four cores wants 12.
#[test]
fn what_runs_in_the_slot_has_its_cores_already() {
    let (mut plan, mut seen) = leftover("uid-green");
    let full = json!({"value": [{"name": {"value": "cores"}, "currentValue": 24, "limit": 24}]});
    seen.usages = Some(full);
    assert_refused(&plan, &seen, "needs 12 cores of cores, but 24 of 24 are in use");
    set(seen.new_cluster.as_mut().unwrap(), "/properties/powerState/code", json!("Running"));
    assert_eq!(check(&plan, &seen), Verdict::Fine { delete_leftover: true });
    let gone = Seen { new_cluster: None, ..seen.clone() };
    assert_refused(&plan, &gone, "24 of 24 are in use");

    plan.kind = Kind::Return;
    plan.version = "1.33.2".parse().unwrap();
    assert_eq!(check(&plan, &seen), FINE);
    // Scaled down to one node, it wants the other two back.
    let whole = Size::of(&Cluster(seen.new_cluster.clone().unwrap()));
    set(seen.new_cluster.as_mut().unwrap(), "/properties/agentPoolProfiles/0/count", json!(1));
    let found = Size::of(&Cluster(seen.new_cluster.clone().unwrap()));
    plan.kept = Some(KeptSize { found, before: whole });
    assert_refused(&plan, &seen, "needs 8 cores of cores, but 24 of 24 are in use");
}

#[test]
fn a_return_goes_to_the_kept_cluster_whatever_the_region_offers() {
    let (mut plan, seen) = leftover("uid-green");
    plan.kind = Kind::Return;
    plan.version = "1.33.2".parse().unwrap();
    plan.site.leftover = Leftover::Refuse;
    assert_eq!(check(&plan, &Seen { offered: json!({}), ..seen.clone() }), FINE);
    let other = Plan { version: "1.32.0".parse().unwrap(), ..plan.clone() };
    assert_refused(&other, &seen, "planned to /subscriptions");
    assert_refused(&plan, &Seen { new_cluster: None, ..seen.clone() }, "the kept cluster");
    let mut failed = seen;
    set(failed.new_cluster.as_mut().unwrap(), "/properties/provisioningState", json!("Failed"));
    assert_refused(&plan, &failed, "\"Failed\"");
}

#[test]
fn addresses_are_counted_to_the_last_one() {
    // 3 nodes + 1 surge, each with 30 pods; 4 load balancers; 5 of Azure: 4 × 31 + 9 = 133.
    let with = |prefix: &str, used: usize, group: &str| {
        let mut seen = seen();
        let id = format!("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/{group}/x");
        let used = vec![json!({"id": id}); used];
        seen.new_subnet = Some(json!({"properties": {"addressPrefix": prefix, "ipConfigurations": used}}));
        seen
    };
    let mut plan = plan();
    plan.site.slots.green.addresses.truncate(1);
    plan.site.slots.green.addresses[0] = [10, 1, 16, 9].into();
    assert_eq!(check(&plan, &with("10.1.16.0/24", 256 - 133, "other")), FINE);
    assert_refused(&plan, &with("10.1.16.0/24", 257 - 133, "other"), "needs 133 addresses (3 nodes + 1 more");
    assert_refused(&plan, &with("10.1.16.0/25", 0, "other"), "has 128, of which 0 are in use");
    // Each address of the slot is a load balancer's, whatever the site file counts.
    let mut several = plan.clone();
    several.site.internal_load_balancers = 0;
    several.site.slots.green.addresses = (9..13).map(|host| [10, 1, 16, host].into()).collect();
    assert_refused(&several, &with("10.1.16.0/24", 257 - 133, "other"), "needs 133 addresses");
    let mut overlay = with("10.1.16.0/28", 16 - 13, "other");
    set(old(&mut overlay), "/properties/networkProfile/networkPluginMode", json!("overlay"));
    assert_eq!(check(&plan, &overlay), FINE);
    // What the leftover uses is free once it is deleted.
    let (listed, found) = leftover("uid-green");
    plan.found_uid = listed.found_uid;
    let mut crowded = with("10.1.16.0/24", 200, "mc_UID-green");
    crowded.new_cluster = found.new_cluster;
    assert_eq!(check(&plan, &crowded), Verdict::Fine { delete_leftover: true });
    let mut scaled = with("10.1.16.0/24", 0, "other");
    let pool = json!({"name": "work", "enableAutoScaling": true, "count": 1, "maxCount": 5,
        "vnetSubnetID": plan.site.slots.blue.subnet, "maxPods": 30, "osType": "Linux"});
    old(&mut scaled)["properties"]["agentPoolProfiles"].as_array_mut().unwrap().push(pool);
    assert_refused(&plan, &scaled, "8 nodes + 2 more");
}

#[test]
fn the_slots_addresses_must_be_usable_in_its_subnet() {
    let mut plan = plan();
    for (address, why) in [([10, 1, 15, 9], "outside it lie"), ([10, 1, 16, 3], "Azure keeps for itself")] {
        plan.site.slots.green.addresses[0] = address.into();
        assert_refused(&plan, &seen(), why);
    }
    let nowhere = Seen { new_subnet: None, ..seen() };
    assert_refused(&self::plan(), &nowhere, "subnets/green is expected, but does not exist");
}

#[test]
fn another_outbound_address_needs_partners_that_know() {
    let mut plan = plan();
    plan.site.partners_know_outbound_address = false;
    assert_refused(&plan, &seen(), "the old cluster goes out through addresses of its own");
    let with = |way: &str| {
        let mut seen = seen();
        set(old(&mut seen), "/properties/networkProfile/outboundType", json!(way));
        seen
    };
    let mut nat = with("userAssignedNATGateway");
    assert_refused(&plan, &nat, "goes out through the NAT gateway of its subnet, but");
    for subnet in [&mut nat.old_subnet, &mut nat.new_subnet] {
        subnet.as_mut().unwrap()["properties"]["natGateway"] = json!({"id": "/natGateways/shop"});
    }
    assert_eq!(check(&plan, &nat), FINE);
    nat.new_subnet.as_mut().unwrap()["properties"]["natGateway"] = json!({"id": "/natGateways/other"});
    assert_refused(&plan, &nat, "through the NAT gateway /natGateways/other");
}

#[test]
fn slots_that_share_anything_are_refused_with_every_reason_at_once() {
    let mut plan = plan();
    plan.site.slots.green = plan.site.slots.blue.clone();
    let findings = refused(&plan, &seen());
    assert_eq!(findings.iter().filter(|finding| finding.subject == "slots").count(), 3, "{findings:#?}");
}

#[test]
fn hostile_answers_are_findings_and_never_a_panic() {
    for odd in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"properties": []}),
        json!({"properties": {"agentPoolProfiles":
        [7, {"count": u64::MAX, "maxPods": u64::MAX, "vnetSubnetID": plan().site.slots.green.subnet}],
        "backendAddressPools": [7], "httpListeners": [[]], "addressPrefix": "0.0.0.0/0", "ipConfigurations": [null]}}),
    ] {
        for kind in [Kind::Upgrade, Kind::Replace, Kind::Return] {
            let all = Some(odd.clone());
            let seen = Seen {
                old_cluster: all.clone(),
                new_cluster: all.clone(),
                gateway: all.clone().map(Gateway),
                offered: odd.clone(),
                old_subnet: all.clone(),
                new_subnet: all.clone(),
                usages: all.clone(),
                sizes: all,
                network: vec![odd.clone()],
                locks: vec![odd.clone()],
                node_group_exists: Some(true),
                attached: vec![],
                federated: [("till".to_owned(), Some(vec![]))].into(),
                roles: Some(vec![]),
                vaults: Vaults { policies: Policy::of(&odd), unread: vec![] },
                may_give: [("/".to_owned(), Some(vec![odd.clone()]))].into(),
                may_federate: [("till".to_owned(), Some(vec![odd.clone()]))].into(),
            };
            let plan = Plan { kind, ..plan() };
            assert!(!refused(&plan, &seen).is_empty());
            kept_size(&plan, &seen, &Load::default()).ok();
        }
    }
}
