//! What else Azure looks at when clusters are made, retired and deleted: groups for nodes, locks, sizes, stops, tags.
use super::world::{assert_refused, leftover, old, refused, seen, set};
use crate::example::plan;
use bluegreen_core::plan::checks::{Seen, Verdict, check};
use bluegreen_core::plan::cluster_body::new_cluster;
use bluegreen_core::plan::{Kind, Plan};
use bluegreen_core::site::{FailedCluster, Leftover, OldCluster};
use serde_json::{Value, json};

const FINE: Verdict = Verdict::Fine { delete_leftover: false };

#[test]
fn a_group_for_nodes_of_ones_own_naming_gets_a_successor() {
    let mut seen = seen();
    set(old(&mut seen), "/properties/nodeResourceGroup", json!("rg-nodes-blue"));
    assert_refused(&plan(), &seen, "lie in rg-nodes-blue, a group of your own naming, and the new one's would in MC_");
    let mut named = plan();
    named.site.slots.green.node_resource_group = Some("rg-nodes-green".into());
    assert_eq!(check(&named, &seen), FINE);
    let body = new_cluster(old(&mut seen), &named, "shop-1").unwrap();
    assert_eq!(body["properties"]["nodeResourceGroup"], "rg-nodes-green");
    let mut by_change = plan();
    by_change.site.cluster_changes = json!({"properties": {"nodeResourceGroup": "rg-nodes-${slot.colour}"}});
    assert_eq!(check(&by_change, &seen), FINE);
    assert_eq!(seen.node_group(&by_change).unwrap().rsplit('/').next(), Some("rg-nodes-green"));
    by_change.site.cluster_changes = json!({"properties": {"nodeResourceGroup": "RG-nodes-blue"}});
    assert_refused(&by_change, &seen, "which is the old one's");
    let there = Seen { node_group_exists: Some(true), ..seen };
    assert_refused(&named, &there, "the group rg-nodes-green exists");
    // That of a leftover goes with it.
    let (mut listed, mut found) = leftover("uid-green");
    found.node_group_exists = Some(true);
    listed.site.slots.green.node_resource_group = Some("mc_UID-green".into());
    assert_eq!(check(&listed, &found), Verdict::Fine { delete_leftover: true });
}

#[test]
fn a_name_that_azure_finds_too_long_is_refused_beforehand() {
    let mut long = plan();
    let group = "rg-platform-kubernetes-production-westeurope-001-business-unit";
    let kind = "providers/Microsoft.ContainerService/managedClusters";
    long.site.slots.green.cluster =
        format!("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/{group}/{kind}/aks");
    assert_eq!(check(&long, &seen()), FINE, "MC_, 62, _aks_ and westeurope are 80");
    long.site.slots.green.cluster += "1";
    assert_refused(&long, &seen(), "of 81 letters: Azure allows 80");
    long.site.slots.green.node_resource_group = Some("rg-nodes".into());
    assert_eq!(check(&long, &seen()), FINE);
}

#[test]
fn the_placeholders_of_changes_are_filled() {
    let mut plan = plan();
    plan.site.cluster_changes = json!({"tags": {"colour": "${slot.colour}", "of": "${cluster.name}", "cost": "$${x}"}});
    let body = new_cluster(old(&mut seen()), &plan, "shop-1").unwrap();
    assert_eq!(body["tags"]["colour"], "green");
    assert_eq!((&body["tags"]["of"], &body["tags"]["cost"]), (&json!("shop-green"), &json!("${x}")));
    plan.site.cluster_changes = json!({"tags": {"colour": "${slot.color}"}});
    assert_refused(&plan, &seen(), "clusterChanges: ${slot.color} is no placeholder");
}

#[test]
fn no_add_on_that_writes_the_gateway_comes_into_being() {
    let add_on = |name: &str| json!({"addonProfiles": {name: {"enabled": true}}});
    let mut changed = plan();
    changed.site.slots.green.cluster_changes = json!({"properties": add_on("ingressApplicationGateway")});
    assert_refused(&changed, &seen(), "\"clusterChanges\" enable the add-on ingressApplicationGateway");
    let mut carried = seen();
    set(old(&mut carried), "/properties/addonProfiles", add_on("INGRESSAPPLICATIONGATEWAY")["addonProfiles"].clone());
    assert_refused(&plan(), &carried, "(AGIC) is enabled");
    let (mut listed, mut kept) = leftover("uid-green");
    listed.kind = Kind::Return;
    kept.new_cluster.as_mut().unwrap()["properties"]["addonProfiles"] =
        add_on("ingressApplicationGateway")["addonProfiles"].clone();
    let Verdict::Refused(findings) = check(&listed, &kept) else { panic!("it is expected to be refused") };
    assert!(findings.iter().any(|finding| finding.what.contains("the kept cluster has the add-on")), "{findings:?}");
}

#[test]
fn clusters_that_azure_does_not_stop_are_not_to_be_stopped() {
    let with = |wish: OldCluster, pointer: &str, value: Value| {
        let (mut plan, mut seen) = (plan(), seen());
        plan.site.old_cluster = wish;
        set(old(&mut seen), pointer, value);
        (plan, seen)
    };
    let pool = "/properties/agentPoolProfiles/0/type";
    for (pointer, value, expected) in [
        ("/properties/nodeProvisioningProfile", json!({"mode": "Auto"}), "provisions by itself"),
        (pool, json!("AvailabilitySet"), "with a pool of the type AvailabilitySet, as system is"),
        (pool, json!("virtualMachines"), "with a pool of the type VirtualMachines, as system is"),
    ] {
        let (plan, seen) = with(OldCluster::Stop, pointer, value.clone());
        assert_refused(&plan, &seen, expected);
        let (plan, seen) = with(OldCluster::Delete, pointer, value);
        assert_eq!(check(&plan, &seen), FINE);
    }
    let (plan, seen) = with(OldCluster::Stop, "/properties/nodeProvisioningProfile", json!({"mode": "Manual"}));
    assert_eq!(check(&plan, &seen), FINE);
    let (plan, seen) = with(OldCluster::ScaleDown, pool, json!("VirtualMachines"));
    assert_refused(&plan, &seen, "the pool system is of single machines");
    let (plan, mut seen) = with(OldCluster::Keep, pool, json!("VirtualMachineScaleSets"));
    old(&mut seen)["sku"] = json!({"name": "Automatic", "tier": "Standard"});
    set(old(&mut seen), "/properties/autoUpgradeProfile/upgradeChannel", json!("stable"));
    assert_refused(&plan, &seen, "the cluster is AKS Automatic");
}

fn lock(level: &str, on: &str) -> Seen {
    let id = format!("{on}/providers/Microsoft.Authorization/locks/careful");
    Seen { locks: vec![json!({"id": id, "name": "careful", "properties": {"level": level}})], ..seen() }
}

#[test]
fn locks_that_would_stop_the_run_on_its_way_are_found_before_it_begins() {
    let mut plan = plan();
    let site = plan.site.clone();
    let subscription = "/subscriptions/00000000-0000-0000-0000-000000000001".to_owned();
    let group = |id: &str| id.to_lowercase().split("/providers/").next().unwrap().to_owned();
    for on in [&site.gateway, &site.slots.green.cluster, &site.slots.green.subnet, &site.slots.blue.cluster] {
        let findings = refused(&plan, &lock("ReadOnly", &on.to_uppercase()));
        assert!(findings[0].to_string().contains(&format!("makes {on} read-only")), "{findings:#?}");
    }
    assert!(!refused(&plan, &lock("ReadOnly", &subscription)).is_empty());
    for on in [&subscription, &group(&site.slots.green.cluster), &site.slots.green.cluster] {
        assert_refused(&plan, &lock("CanNotDelete", on), "a new cluster that is turned back is deleted");
    }
    plan.site.failed_cluster = FailedCluster::Keep;
    plan.site.leftover = Leftover::Refuse;
    assert_eq!(check(&plan, &lock("CanNotDelete", &subscription)), FINE, "nothing is deleted");
    let nodes = format!("{subscription}/resourceGroups/MC_uid-blue");
    assert_eq!(check(&plan, &lock("CanNotDelete", &nodes)), FINE);
    plan.site.old_cluster = OldCluster::Delete;
    for on in [&subscription, &site.slots.blue.cluster, &nodes] {
        assert_refused(&plan, &lock("CanNotDelete", on), "deletes the old cluster after the soak");
    }
    let beside = format!("{subscription}/resourceGroups/other");
    assert_eq!(check(&plan, &lock("CanNotDelete", &beside)), FINE);
    assert_eq!(check(&plan, &lock("ReadOnly", &beside)), FINE);
}

#[test]
fn a_lock_on_a_leftover_is_in_the_way_of_its_deletion() {
    let (mut plan, seen) = leftover("uid-green");
    plan.site.failed_cluster = FailedCluster::Keep;
    let nodes = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/MC_uid-green";
    let locked = Seen { locks: lock("CanNotDelete", nodes).locks, ..seen };
    assert_refused(&plan, &locked, "the leftover there must make room");
}

#[test]
fn sizes_that_the_subscription_cannot_have_here_are_found() {
    let restricted = |restriction: Value| {
        let mut seen = seen();
        set(old(&mut seen), "/properties/agentPoolProfiles/0/availabilityZones", json!(["1", "2"]));
        set(seen.sizes.as_mut().unwrap(), "/value/0/restrictions", json!([restriction]));
        seen
    };
    let why = "NotAvailableForSubscription";
    let region = json!({"type": "Location", "values": ["westeurope"], "reasonCode": why});
    assert_refused(
        &plan(),
        &restricted(region),
        "the size Standard_D4s_v5, which this subscription cannot have in this",
    );
    let zone = |zone: &str| json!({"type": "Zone", "restrictionInfo": {"zones": [zone]}, "reasonCode": why});
    assert_refused(&plan(), &restricted(zone("2")), "cannot have in the zone 2");
    assert_eq!(check(&plan(), &restricted(zone("3"))), FINE);
    // Of a pool of single machines each size counts.
    let mut machines = seen();
    set(old(&mut machines), "/properties/agentPoolProfiles/0/vmSize", json!(""));
    let scale = json!({"scale": {"manual": [{"size": "standard_d4S_v5", "count": 4}]}});
    set(old(&mut machines), "/properties/agentPoolProfiles/0/virtualMachinesProfile", scale);
    machines.usages = Some(json!({"value": [{"name": {"value": "cores"}, "currentValue": 12, "limit": 27}]}));
    assert_refused(&plan(), &machines, "needs 16 cores of cores, but 12 of 27 are in use");
}

#[test]
fn every_resource_that_we_tag_has_room_for_our_tag() {
    let many = |count: usize| (0..count).map(|at| (format!("t{at}"), json!("x"))).collect::<Value>();
    let mut full = seen();
    old(&mut full)["tags"] = many(50);
    let said = refused(&plan(), &full);
    assert!(said.iter().any(|finding| finding.what.contains("has 50 tags, as many as")), "{said:#?}");
    let (mut plan, mut seen) = leftover("uid-green");
    plan = Plan { kind: Kind::Return, version: "1.33.2".parse().unwrap(), ..plan };
    let kept = seen.new_cluster.as_mut().unwrap();
    let mut tags = many(49);
    tags["aks-bluegreen-retired"] = json!("shop-0");
    kept["tags"] = tags;
    assert_refused(&plan, &seen, "none is left for our aks-bluegreen-run");
}
