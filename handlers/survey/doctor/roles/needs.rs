//! What the app's identity must be allowed to do, and where: of `infra/actions.json`, and with data.
use crate::plan::roles::subscriptions;
use crate::resources::answers::{is_true, list, name_of, text};
use crate::run::event::{REQUESTS, STEPS};
use crate::site::{Site, Slot};
use crate::survey::doctor::{Observed, SeenSite};
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// What the functions call, each with the functions that do; the list that the tests of permissions use.
static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../infra/actions.json")).expect("a test reads the same file")
});

#[derive(Deserialize)]
struct Action {
    action: String,
    /// The roles of `infra/` that hold it.
    roles: Vec<String>,
    #[serde(default)]
    functions: Vec<String>,
    /// Only clusters that are made so need it.
    when: Option<String>,
}

/// One right at one place.
pub(super) struct Need {
    pub(super) action: String,
    pub(super) scope: String,
    /// Whether it is about data, not about resources.
    pub(super) data: bool,
    /// The functions that need it; empty: all.
    pub(super) functions: String,
    /// The roles that give it.
    pub(super) roles: Vec<String>,
}

pub(super) fn needs(seen: &Observed) -> Vec<Need> {
    let mut needs = vec![];
    let mut data = |scope: &str, role: &str, action: &str| {
        let (action, scope, roles) = (action.to_owned(), scope.to_owned(), vec![role.to_owned()]);
        needs.push(Need { action, scope, data: true, functions: String::new(), roles });
    };
    if let Ok(Some(account)) = &seen.account {
        for verb in ["read", "write", "delete"] {
            let action = format!("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{verb}");
            data(text(account, "/id"), "Storage Blob Data Owner", &action);
        }
    }
    if let Ok(Some(namespace)) = &seen.namespace {
        let messages = "Microsoft.ServiceBus/namespaces/messages";
        for entity in [format!("topics/{STEPS}"), format!("queues/{REQUESTS}")] {
            let scope = format!("{}/{entity}", namespace.id);
            data(&scope, "Azure Service Bus Data Sender", &format!("{messages}/send/action"));
        }
        data(&namespace.id, "Azure Service Bus Data Receiver", &format!("{messages}/receive/action"));
    }
    for seen in seen.sites.iter().flatten() {
        if let (Ok(site), true) = (&seen.site, has_azure_rbac(seen)) {
            let action = "Microsoft.ContainerService/managedClusters/apps/deployments/write";
            data(group_of(&site.slots.blue.cluster), "Azure Kubernetes Service RBAC Cluster Admin", action);
        }
    }
    for Action { action, roles, functions, .. } in ACTIONS.iter().filter(|action| action.when.is_none()) {
        let mut places: Vec<_> = match &seen.namespace {
            Ok(Some(namespace)) if action.starts_with("Microsoft.ServiceBus/") => vec![namespace.id.clone()],
            _ => vec![],
        };
        for seen in seen.sites.iter().flatten() {
            places.extend(seen.site.iter().flat_map(|site| scopes(action, site, seen)));
        }
        for scope in places {
            let roles = roles.iter().map(|role| format!("{role} of infra/")).collect();
            needs.push(Need { action: action.clone(), scope, data: false, functions: functions.join(", "), roles });
        }
    }
    needs
}

fn has_azure_rbac(seen: &SeenSite) -> bool {
    let clusters = seen.clusters.iter().filter_map(|(_, cluster, _)| cluster.as_ref().ok()?.as_ref());
    clusters.into_iter().any(|cluster| is_true(cluster, "/properties/aadProfile/enableAzureRBAC"))
}

/// What hangs on a cluster, or is about it, lies below it or in its group.
const AROUND: [&str; 5] = [
    "Microsoft.AlertsManagement/",
    "Microsoft.Authorization/roleAssignments/",
    "Microsoft.EventGrid/",
    "Microsoft.Insights/",
    "Microsoft.KubernetesConfiguration/",
];

/// Where a right is needed: what Azure checks it on.
fn scopes(action: &str, site: &Site, seen: &SeenSite) -> Vec<String> {
    let gateway = seen.gateway.as_ref().ok().and_then(Option::as_ref).map(|gateway| &gateway.0);
    let parts = |at: &str, id: &str| -> Vec<String> {
        let parts = gateway.map(|gateway| list(gateway, at)).unwrap_or_default();
        parts.iter().map(|part| text(part, id).to_owned()).filter(|id| !id.is_empty()).collect()
    };
    let is = |part: &str| action.contains(part);
    let (blue, green) = (&site.slots.blue, &site.slots.green);
    let mut scopes = if is("/locations/") || is("/skus/") || is("/locks/") || is("/resourceGroups/") {
        let clusters = format!("/subscriptions/{}", blue.cluster.split('/').nth(2).unwrap_or_default());
        vec![if is("Microsoft.Network") { format!("/subscriptions/{}", site.subscription()) } else { clusters }]
    } else if is("/roleAssignments/") && !action.ends_with("/read") {
        // Where roles are given is known by the plan alone.
        vec![]
    } else if is("/roleAssignments/") && site.copy_roles.is_some() {
        looked_through(site)
    } else if is("/managedClusters/") || AROUND.iter().any(|part| is(part)) {
        vec![group_of(&blue.cluster).to_owned(), group_of(&green.cluster).to_owned()]
    } else if is("/applicationGateways/") {
        vec![site.gateway.clone()]
    } else if is("/subnets/join") {
        let mut subnets = parts("/properties/gatewayIPConfigurations", "/properties/subnet/id");
        subnets.extend([blue, green].into_iter().flat_map(Slot::all_subnets));
        subnets
    } else if is("/subnets/") {
        [blue, green].into_iter().flat_map(Slot::all_subnets).collect()
    } else if is("/routeTables/") {
        seen.routes.clone()
    } else if is("/publicIPAddresses/") {
        parts("/properties/frontendIPConfigurations", "/properties/publicIPAddress/id")
    } else if is("/ApplicationGatewayWebApplicationFirewallPolicies/") {
        let policy = gateway.map_or("", |gateway| text(gateway, "/properties/firewallPolicy/id"));
        Some(policy.to_owned()).filter(|policy| !policy.is_empty()).into_iter().collect()
    } else if is("/federatedIdentityCredentials/") {
        site.federated().map(|(_, id)| id.clone()).collect()
    } else if is("/userAssignedIdentities/") {
        identities(seen, gateway)
    } else {
        vec![]
    };
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// The subscriptions in which the old cluster's identities may have roles.
fn looked_through(site: &Site) -> Vec<String> {
    subscriptions(site).into_iter().map(|subscription| format!("/subscriptions/{subscription}")).collect()
}

/// The identities that the clusters and the gateway carry.
fn identities(seen: &SeenSite, gateway: Option<&Value>) -> Vec<String> {
    let clusters = seen.clusters.iter().filter_map(|(_, cluster, _)| cluster.as_ref().ok()?.as_ref());
    let mut found = vec![];
    for resource in clusters.chain(gateway) {
        let assigned = resource.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
        found.extend(assigned.into_iter().flatten().map(|(id, _)| id.clone()));
        let kubelet = text(resource, "/properties/identityProfile/kubeletidentity/resourceId");
        // One that the cluster made for itself lies in the group of its nodes, and nobody assigns it.
        let nodes = text(resource, "/properties/nodeResourceGroup");
        if !kubelet.is_empty() && !name_of(group_of(kubelet)).eq_ignore_ascii_case(nodes) {
            found.push(kubelet.to_owned());
        }
    }
    found
}

fn group_of(id: &str) -> &str {
    id.to_ascii_lowercase().find("/providers/").map_or(id, |at| &id[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_what_stands_before_the_provider() {
        // The Kelvin sign is shorter in lower case.
        for group in ["G", "\u{212a}", "\u{130}"] {
            let group = format!("/subscriptions/s/resourceGroups/{group}");
            assert_eq!(group_of(&format!("{group}/Providers/x/y/z")), group);
        }
    }
}
