//! The new cluster's body from the old one's: nothing of the user's is lost, nothing that is the old cluster's is taken.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use super::example::plan;
use bluegreen_core::plan::Plan;
use bluegreen_core::plan::cluster_body::{NOT_CARRIED, READ_ONLY, new_cluster, pools};
use bluegreen_core::resources::tags::{MARK_TAG, RETIRED_TAG, RUN_TAG, SERVING_TAG, SITE_TAG, tag};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../specs/managedCluster-2026-08-01.schema.json");
const MAXIMAL: &str = include_str!("../specs/managedCluster-maximal-2026-08-01.json");
const NODE_GROUP: &str =
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/MC_shop_shop-blue_westeurope";

fn with_changes(changes: Value) -> Plan {
    let mut plan = plan();
    plan.site.cluster_changes = changes;
    plan
}

/// A cluster with every property, in the blue slot.
fn maximal() -> Value {
    let mut old: Value = serde_json::from_str(MAXIMAL).unwrap();
    old["properties"]["agentPoolProfiles"][0]["vnetSubnetID"] = json!(plan().site.slots.blue.subnet.to_uppercase());
    old["properties"]["hostedSystemProfile"]["nodeSubnetID"] = json!(plan().site.slots.blue.subnet);
    old["properties"]["nodeResourceGroup"] = json!("MC_shop_shop-blue_westeurope");
    old
}

/// A cluster as most are.
fn plain() -> Value {
    json!({
        "id": plan().site.slots.blue.cluster, "name": "shop-blue", "location": "westeurope",
        "tags": {"team": "shop", "AKS-bluegreen-run": "shop-0", RETIRED_TAG: "shop-0", MARK_TAG: "shop-0/1"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/ids/shop": {"clientId": "c", "principalId": "p"}}},
        "properties": {
            "kubernetesVersion": "1.33.2", "currentKubernetesVersion": "1.33.2", "dnsPrefix": "shop", "resourceUID": "uid-blue",
            "nodeResourceGroup": "MC_shop_shop-blue_westeurope",
            "servicePrincipalProfile": {"clientId": "msi"},
            "windowsProfile": {"adminUsername": "azureuser"},
            "identityProfile": {"kubeletidentity": {
                "resourceId": format!("{NODE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop-blue-agentpool"),
                "clientId": "c", "objectId": "o"}},
            "networkProfile": {"networkPlugin": "azure", "outboundType": "loadBalancer", "loadBalancerProfile": {
                "managedOutboundIPs": {"count": 2},
                "effectiveOutboundIPs": [{"id": format!("{NODE_GROUP}/providers/Microsoft.Network/publicIPAddresses/x")}]}},
            "agentPoolProfiles": [
                {"name": "system", "mode": "System", "osType": "Linux", "count": 3, "orchestratorVersion": "1.33.2",
                 "vnetSubnetID": plan().site.slots.blue.subnet, "nodeImageVersion": "AKSUbuntu-1"},
                {"name": "work", "osType": "Linux", "count": 7, "minCount": 2, "maxCount": 9, "enableAutoScaling": true,
                 "vnetSubnetID": plan().site.slots.blue.subnet.to_lowercase(), "orchestratorVersion": "1.33.2"},
                {"name": "batch", "osType": "Linux", "count": 1, "vnetSubnetID": "/elsewhere/subnets/batch"},
            ],
            "somethingNew": {"kept": [1, null]},
        },
    })
}

fn made(old: &Value, plan: &Plan) -> Value {
    new_cluster(old, plan, "shop-1").unwrap()
}

#[test]
fn the_list_of_read_only_members_is_that_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = BTreeSet::new();
    collect_read_only(&schema, &json!({"$ref": "#/$defs/ManagedCluster"}), "", &mut found);
    let listed: BTreeSet<String> = READ_ONLY.iter().map(ToString::to_string).collect();
    assert_eq!(listed, found);
}

fn collect_read_only(schema: &Value, at: &Value, path: &str, found: &mut BTreeSet<String>) {
    if at["readOnly"] == json!(true) {
        found.insert(path.to_owned());
        return;
    }
    if let Some(reference) = at["$ref"].as_str() {
        return collect_read_only(schema, schema.pointer(&reference[1..]).unwrap(), path, found);
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, member) in at["properties"].as_object().into_iter().flatten() {
        collect_read_only(schema, member, &below(name), found);
    }
    for each in ["items", "additionalProperties"] {
        if at[each].is_object() {
            collect_read_only(schema, &at[each], &below("*"), found);
        }
    }
}

#[test]
fn a_cluster_with_every_property_becomes_a_valid_body() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let body = made(&maximal(), &plan());
    let wrong: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!validator.is_valid(&json!({"location": 7})), "the schema judges nothing");
}

#[test]
fn everything_else_of_a_cluster_with_every_property_survives() {
    let (old, body) = (maximal(), made(&maximal(), &plan()));
    let mut lost = BTreeSet::new();
    compare(&old, &body, "", &mut lost);
    let expected: BTreeSet<String> = READ_ONLY.iter().chain(NOT_CARRIED).map(ToString::to_string).collect();
    let covered =
        |path: &String| expected.iter().any(|listed| path == listed || path.starts_with(&format!("{listed}.")));
    let surprising: Vec<_> = lost.iter().filter(|path| !covered(path)).collect();
    // No Windows pool needs its administrator.
    assert_eq!(surprising, ["properties.windowsProfile"]);
    for secret in ["/properties/servicePrincipalProfile/secret", "/properties/aadProfile/serverAppSecret"] {
        assert_eq!(body.pointer(secret), None);
    }
}

/// The paths that are in `old` and not in `body`, with `*` for each element or key that stands for any.
fn compare(old: &Value, body: &Value, path: &str, lost: &mut BTreeSet<String>) {
    let below = |name: &str| {
        let name = if name.starts_with("key") { "*" } else { name };
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    };
    match old {
        Value::Object(members) => {
            for (name, member) in members {
                match body.get(name) {
                    Some(kept) => compare(member, kept, &below(name), lost),
                    None => _ = lost.insert(below(name)),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                match body.get(index) {
                    Some(kept) => compare(item, kept, &below("*"), lost),
                    None => _ = lost.insert(below("*")),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_version_is_the_plans_in_every_pool() {
    let body = made(&plain(), &plan());
    assert_eq!(body["properties"]["kubernetesVersion"], "1.34.6");
    assert!(pools(&body).iter().all(|pool| pool["orchestratorVersion"] == "1.34.6"));
    assert_eq!(body["properties"].get("currentKubernetesVersion"), None);
    assert_eq!(pools(&body)[0].get("nodeImageVersion"), None);
}

#[test]
fn what_lies_in_the_old_slots_subnet_moves_and_nothing_else() {
    let body = made(&plain(), &plan());
    let green = plan().site.slots.green.subnet;
    let subnets: Vec<_> = pools(&body).iter().map(|pool| pool["vnetSubnetID"].as_str().unwrap()).collect();
    assert_eq!(subnets, [&green, &green, "/elsewhere/subnets/batch"]);
    let body = made(&maximal(), &plan());
    assert_eq!(body["properties"]["hostedSystemProfile"]["nodeSubnetID"], json!(green));
    assert_eq!(pools(&body)[0]["vnetSubnetID"], json!(green));
}

#[test]
fn names_that_two_clusters_cannot_share_are_new_and_repeatable() {
    let mut old = plain();
    let body = made(&old, &plan());
    let prefix = body["properties"]["dnsPrefix"].as_str().unwrap();
    assert!(prefix.starts_with("shop-green-") && prefix.len() <= 54, "{prefix}");
    assert_eq!(body, made(&old, &plan()));
    old["properties"].as_object_mut().unwrap().shift_remove("dnsPrefix");
    old["properties"]["fqdnSubdomain"] = json!("shop");
    let body = made(&old, &plan());
    assert_eq!(body["properties"]["fqdnSubdomain"], prefix);
    assert_eq!(body["properties"].get("dnsPrefix"), None, "a cluster has either");

    let mut other_group = plan();
    other_group.site.slots.green.cluster =
        other_group.site.slots.green.cluster.replace("resourceGroups/shop", "resourceGroups/other");
    assert_ne!(made(&plain(), &other_group)["properties"]["dnsPrefix"], prefix);
    let mut odd = plan();
    odd.site.slots.green.cluster = format!("/x/_-{}_", "Ä_".repeat(40));
    assert!(made(&plain(), &odd)["properties"]["dnsPrefix"].as_str().unwrap().starts_with("aks-"));
}

#[test]
fn what_was_made_for_the_old_cluster_stays_with_it() {
    let body = made(&plain(), &plan());
    let properties = &body["properties"];
    assert_eq!(properties["identityProfile"], json!({}));
    for member in ["nodeResourceGroup", "servicePrincipalProfile", "windowsProfile", "resourceUID"] {
        assert_eq!(properties.get(member), None, "{member}");
    }
    assert_eq!(properties["networkProfile"]["loadBalancerProfile"], json!({"managedOutboundIPs": {"count": 2}}));
    assert!(!body.to_string().contains("MC_shop"), "{body}");

    let mut own = plain();
    let identity = json!({"resourceId": "/subscriptions/s/resourceGroups/shop/kubelet", "clientId": "c"});
    own["properties"]["identityProfile"]["kubeletidentity"] = identity.clone();
    own["properties"]["agentPoolProfiles"][2]["osType"] = json!("Windows");
    let body = made(&own, &plan());
    assert_eq!(body["properties"]["identityProfile"]["kubeletidentity"], identity);
    assert_eq!(body["properties"]["windowsProfile"], json!({"adminUsername": "azureuser"}));
    assert_eq!(body["identity"]["userAssignedIdentities"], json!({"/ids/shop": {}}));
}

#[test]
fn what_we_do_not_know_and_what_the_autoscaler_set_are_kept() {
    let body = made(&plain(), &plan());
    assert_eq!(body["properties"]["somethingNew"], json!({"kept": [1, null]}));
    assert_eq!(pools(&body)[1]["count"], 7);
    assert_eq!(body["location"], "westeurope");
    assert_eq!(body.get("name"), None);
}

#[test]
fn tags_are_the_old_ones_and_ours_of_this_run() {
    let body = made(&plain(), &plan());
    assert_eq!(body["tags"], json!({"team": "shop", RUN_TAG: "shop-1", SITE_TAG: "shop", SERVING_TAG: "false"}));
    let mut many = plain();
    for number in 0..47 {
        many["tags"][format!("t{number}")] = json!("x");
    }
    assert_eq!(made(&many, &plan())["tags"].as_object().unwrap().len(), 50);
    many["tags"]["one more"] = json!("x");
    assert!(new_cluster(&many, &plan(), "shop-1").unwrap_err().contains("49 tags besides ours, Azure allows 48"));
}

#[test]
fn automatic_upgrades_are_off_even_where_nothing_was_said() {
    let body = made(&plain(), &plan());
    let off = json!({"upgradeChannel": "none", "nodeOSUpgradeChannel": "None"});
    assert_eq!(body["properties"]["autoUpgradeProfile"], off);
    let mut patched = plain();
    patched["properties"]["autoUpgradeProfile"] =
        json!({"upgradeChannel": "none", "nodeOSUpgradeChannel": "SecurityPatch"});
    assert_eq!(made(&patched, &plan())["properties"]["autoUpgradeProfile"]["nodeOSUpgradeChannel"], "SecurityPatch");
}

#[test]
fn changes_of_the_site_are_laid_over_but_not_over_what_is_the_runs() {
    let plan = with_changes(json!({
        "location": "elsewhere", "id": "x", "tags": {"team": null, "cost": "7", RUN_TAG: "mine", RETIRED_TAG: "yes"},
        "properties": {
            "kubernetesVersion": "1.1.1", "supportPlan": "AKSLongTermSupport", "networkProfile": {"outboundType": "none"},
            "agentPoolProfiles": [
                {"name": "system", "mode": "System", "vnetSubnetID": plan().site.slots.blue.subnet, "orchestratorVersion": "1.1.1"},
                {"name": "work", "vnetSubnetID": "/elsewhere/subnets/work"},
                {"name": "new"},
                {"name": "other", "vnetSubnetID": "/elsewhere/subnets/other"},
            ],
        },
    }));
    let body = made(&plain(), &plan);
    let green = &plan.site.slots.green.subnet;
    assert_eq!(body["tags"], json!({"cost": "7", RUN_TAG: "shop-1", SITE_TAG: "shop", SERVING_TAG: "false"}));
    assert_eq!((&body["location"], body.get("id")), (&json!("westeurope"), None));
    assert_eq!(body["properties"]["kubernetesVersion"], "1.34.6");
    assert_eq!(body["properties"]["supportPlan"], "AKSLongTermSupport");
    assert_eq!(body["properties"]["networkProfile"]["networkPlugin"], "azure");
    assert!(pools(&body).iter().all(|pool| pool["orchestratorVersion"] == "1.34.6"));
    let subnets: Vec<_> = pools(&body).iter().map(|pool| pool["vnetSubnetID"].as_str().unwrap()).collect();
    assert_eq!(subnets, [green, green, green, "/elsewhere/subnets/other"]);
}

#[test]
fn the_body_of_the_body_back_again_differs_in_slot_and_names_only() {
    let there = made(&plain(), &plan());
    let mut back = plan();
    back.old = back.old.other();
    let again = made(&there, &back);
    assert_eq!(pools(&again)[0]["vnetSubnetID"], json!(back.site.slots.blue.subnet));
    assert_eq!(tag(&again, RUN_TAG), Some("shop-1"));
    assert_ne!(again["properties"]["dnsPrefix"], there["properties"]["dnsPrefix"]);
}

#[test]
fn an_answer_that_is_no_cluster_is_an_error_and_hostile_ones_no_panic() {
    for wrong in [json!(null), json!([]), json!({}), json!({"location": "x"}), json!({"properties": {}}), json!("x")] {
        assert!(new_cluster(&wrong, &plan(), "shop-1").unwrap_err().contains("is no cluster"), "{wrong}");
    }
    for odd in [
        json!([]),
        json!("x"),
        json!({"agentPoolProfiles": {"a": 1}, "autoUpgradeProfile": 7}),
        json!({"agentPoolProfiles": [7]}),
    ] {
        let old = json!({"location": "x", "properties": odd, "tags": [1], "identity": 7});
        _ = new_cluster(&old, &plan(), "shop-1");
        _ = new_cluster(&old, &with_changes(json!({"properties": "x"})), "shop-1");
        _ = new_cluster(&old, &with_changes(json!({"properties": null})), "shop-1");
    }
}
