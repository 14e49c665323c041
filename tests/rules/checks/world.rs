//! A world in which the plan for the example site holds, and ways to spoil it.
#![expect(clippy::unwrap_used, reason = "it is a part of a test")]
use crate::example::plan;
use bluegreen_core::plan::Plan;
use bluegreen_core::plan::checks::{Finding, Passing, Seen, Verdict, check};
use bluegreen_core::resources::gateway::Gateway;
use bluegreen_core::resources::tags::{RUN_TAG, SITE_TAG};
use serde_json::{Value, json};

fn cluster(uid: &str, subnet: &str) -> Value {
    json!({
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/ids/shop": {}}},
        "properties": {
            "provisioningState": "Succeeded", "powerState": {"code": "Running"}, "resourceUID": uid,
            "kubernetesVersion": "1.33.2", "currentKubernetesVersion": "1.33.2", "nodeResourceGroup": format!("MC_{uid}"),
            "networkProfile": {"networkPlugin": "azure", "outboundType": "loadBalancer"},
            "autoUpgradeProfile": {"upgradeChannel": "none", "nodeOSUpgradeChannel": "SecurityPatch"},
            "agentPoolProfiles": [{"name": "system", "osType": "Linux", "count": 3, "maxPods": 30, "vmSize": "Standard_D4s_v5",
                "vnetSubnetID": subnet}],
        },
    })
}

fn gateway() -> Value {
    let id = plan().site.gateway;
    let member = |address: &str| json!({"ipAddress": address});
    let rule = |name: &str| {
        json!({"name": name, "properties": {
        "httpListener": {"id": format!("{id}/httpListeners/{name}")},
        "backendAddressPool": {"id": format!("{id}/backendAddressPools/{name}")}}})
    };
    json!({"id": id, "properties": {
        "provisioningState": "Succeeded", "operationalState": "Running",
        "backendAddressPools": [
            {"name": "live", "properties": {"backendAddresses":
                [member("10.1.15.4"), member("10.1.15.1"), member("10.1.15.3"), member("10.1.15.2")]}},
            {"name": "candidate", "properties": {"backendAddresses": []}},
            {"name": "other", "properties": {"backendAddresses": [{"fqdn": "other.example.com"}]}},
        ],
        "frontendPorts": [{"id": format!("{id}/frontendPorts/http"), "name": "http", "properties": {"port": 80}}],
        "httpListeners": [
            {"id": format!("{id}/httpListeners/live"), "name": "live", "properties": {"protocol": "Http",
                "frontendPort": {"id": format!("{id}/frontendPorts/http")}, "hostNames": ["*.shop.example.com"]}},
            {"id": format!("{id}/httpListeners/candidate"), "name": "candidate", "properties": {"protocol": "Http",
                "frontendPort": {"id": format!("{id}/frontendPorts/http")}, "hostName": "candidate.shop.example.com"}},
        ],
        "requestRoutingRules": [rule("live"), rule("candidate")],
        "urlPathMaps": [],
    }})
}

/// Everything holds.
pub fn seen() -> Seen {
    let site = plan().site;
    Seen {
        old_cluster: Some(cluster("uid-blue", &site.slots.blue.subnet)),
        new_cluster: None,
        gateway: Some(Gateway(gateway())),
        old_subnet: Some(json!({"properties": {"addressPrefix": "10.1.0.0/20"}})),
        new_subnet: Some(json!({"properties": {"addressPrefixes": ["10.1.16.0/20"]}})),
        offered: json!({"values": [
            {"version": "1.35", "isPreview": true, "patchVersions": {"1.35.0": {}}},
            {"version": "1.34", "patchVersions": {"1.34.6": {}}}, {"version": "1.33", "patchVersions": {"1.33.2": {}}},
            {"version": "1.30", "capabilities": {"supportPlan": ["AKSLongTermSupport"]}, "patchVersions": {"1.30.9": {}}},
        ]}),
        usages: Some(json!({"value": [{"name": {"value": "cores"}, "currentValue": 12, "limit": 24},
            {"name": {"value": "standardDSv5Family"}, "currentValue": 12, "limit": 24}]})),
        sizes: Some(json!({"value": [{"resourceType": "virtualMachines", "name": "Standard_D4s_v5",
            "family": "standardDSv5Family", "capabilities": [{"name": "vCPUs", "value": "4"}]}]})),
        ..Seen::default()
    }
}

/// Sets what lies at a pointer; `null` takes it away.
pub fn set(value: &mut Value, pointer: &str, new: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}")) {
        Value::Object(members) if new.is_null() => _ = members.shift_remove(name),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = new,
        parent => parent[name] = new,
    }
}

pub fn old(seen: &mut Seen) -> &mut Value {
    seen.old_cluster.as_mut().unwrap()
}

pub fn refused(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    match check(plan, seen) {
        Verdict::Refused(findings) => findings,
        other => panic!("not refused: {other:?}"),
    }
}

/// One finding, that says this.
pub fn assert_refused(plan: &Plan, seen: &Seen, expected: &str) {
    let findings = refused(plan, seen);
    assert_eq!(findings.len(), 1, "{expected}: {findings:#?}");
    assert!(findings[0].to_string().contains(expected), "{expected}: {}", findings[0]);
    assert!(findings[0].passing == Passing::Wrong && !findings[0].remedy.is_empty());
}

/// A leftover of ours lies in the green slot, and the plan lists it.
pub fn leftover(uid: &str) -> (Plan, Seen) {
    let (mut plan, mut seen) = (plan(), seen());
    let mut found = cluster(uid, &plan.site.slots.green.subnet);
    found["tags"] = json!({RUN_TAG: "shop-0", SITE_TAG: "shop"});
    found["properties"]["powerState"]["code"] = json!("Stopped");
    seen.new_cluster = Some(found);
    plan.found_uid = Some("uid-green".to_owned());
    (plan, seen)
}
