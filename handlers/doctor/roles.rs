//! PURE. The app's identity may do what it must, where it must: its role assignments against `infra/actions.json`.
use super::{Looked, Observed, Row, SeenApp, SeenSite, Unread};
use crate::answers::{is_true, lies_in, list, name_of, text};
use crate::event::{REQUESTS, STEPS};
use crate::site::Site;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const CHECK: &str = "roles";

/// What the functions call, each with the functions that do; the list that the tests of permissions use.
static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../infra/actions.json")).expect("a test reads the same file")
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

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let Some(app) = &seen.app else { return vec![] };
    let assignments = match &app.assignments {
        Ok(assignments) => assignments,
        Err(unread) => return vec![Row::unread(CHECK, unread)],
    };
    let unread: Vec<_> = app.definitions.values().filter_map(|definition| definition.as_ref().err()).collect();
    if let Some(unread) = unread.first() {
        return vec![Row::unread(CHECK, unread)];
    }
    let mut lacking: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    let needs = needs(seen);
    let asked = needs.len();
    for Need { action, scope, data, functions, roles } in needs {
        if !granted(app, assignments, &scope, &action, data) {
            let for_whom = if functions.is_empty() { String::new() } else { format!(" ({functions})") };
            let (actions, of_roles) = lacking.entry(scope).or_default();
            actions.insert(format!("{action}{for_whom}"));
            of_roles.extend(roles);
        }
    }
    if lacking.is_empty() {
        let what = format!("the app's identity has all {asked} rights that it needs, where it needs them");
        return vec![Row::well(CHECK, what)];
    }
    let joined = |all: &BTreeSet<String>, by: &str| all.iter().map(String::as_str).collect::<Vec<_>>().join(by);
    let row = |(scope, (actions, roles)): (&String, &(BTreeSet<String>, BTreeSet<String>))| {
        let what = format!("on {scope} the app's identity lacks {}", joined(actions, "; "));
        let remedy = format!(
            "assign there: {}. It takes up to 30 min until it counts; a role through a group is not seen here",
            joined(roles, " and ")
        );
        Row::finding(CHECK, what, remedy)
    };
    lacking.iter().map(row).collect()
}

/// One right at one place.
struct Need {
    action: String,
    scope: String,
    /// Whether it is about data, not about resources.
    data: bool,
    functions: String,
    /// The roles that give it.
    roles: Vec<String>,
}

fn needs(seen: &Observed) -> Vec<Need> {
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
            let entity = format!("{}/{entity}", namespace.id);
            data(&entity, "Azure Service Bus Data Sender", &format!("{messages}/send/action"));
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

/// Where a right is needed: what Azure checks it on.
fn scopes(action: &str, site: &Site, seen: &SeenSite) -> Vec<String> {
    let gateway = seen.gateway.as_ref().ok().and_then(Option::as_ref);
    let parts = |at: &str, id: &str| -> Vec<String> {
        let parts = gateway.map(|gateway| list(gateway, at)).unwrap_or_default();
        parts.iter().map(|part| text(part, id).to_owned()).filter(|id| !id.is_empty()).collect()
    };
    let is = |part: &str| action.contains(part);
    let (blue, green) = (&site.slots.blue, &site.slots.green);
    let mut scopes = if is("/locations/") || is("/skus/") {
        let clusters = format!("/subscriptions/{}", blue.cluster.split('/').nth(2).unwrap_or_default());
        vec![if is("Microsoft.Network") { format!("/subscriptions/{}", site.subscription()) } else { clusters }]
    } else if is("/managedClusters/") {
        vec![group_of(&blue.cluster).to_owned(), group_of(&green.cluster).to_owned()]
    } else if is("/applicationGateways/") {
        vec![site.gateway.clone()]
    } else if is("/subnets/join") {
        let mut subnets = parts("/properties/gatewayIPConfigurations", "/properties/subnet/id");
        subnets.extend([blue.subnet.clone(), green.subnet.clone()]);
        subnets
    } else if is("/subnets/") {
        vec![blue.subnet.clone(), green.subnet.clone()]
    } else if is("/publicIPAddresses/") {
        parts("/properties/frontendIPConfigurations", "/properties/publicIPAddress/id")
    } else if is("/ApplicationGatewayWebApplicationFirewallPolicies/") {
        let policy = gateway.map_or("", |gateway| text(gateway, "/properties/firewallPolicy/id"));
        Some(policy.to_owned()).filter(|policy| !policy.is_empty()).into_iter().collect()
    } else if is("/userAssignedIdentities/") {
        identities(seen, gateway)
    } else {
        vec![]
    };
    scopes.sort_unstable();
    scopes.dedup();
    scopes
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
    id.to_lowercase().find("/providers/").map_or(id, |at| &id[..at])
}

/// Whether an assignment at the place, or above it, has a role with this right.
fn granted(app: &SeenApp, assignments: &[Value], scope: &str, action: &str, data: bool) -> bool {
    let above = assignments.iter().filter(|assignment| lies_in(scope, text(assignment, "/properties/scope")));
    let mut definitions = above.filter_map(|assignment| {
        let id = text(assignment, "/properties/roleDefinitionId").to_lowercase();
        let found: &Looked<Value> = app.definitions.get(&id)?;
        found.as_ref().map_err(|unread: &Unread| unread).ok()
    });
    definitions.any(|definition| allows(definition, action, data))
}

fn allows(definition: &Value, action: &str, data: bool) -> bool {
    let (yes, no) = if data { ("/dataActions", "/notDataActions") } else { ("/actions", "/notActions") };
    let covers = |permission: &Value, at: &str| {
        let patterns = list(permission, at).iter().filter_map(Value::as_str);
        patterns.into_iter().any(|pattern| fits(&pattern.to_lowercase(), &action.to_lowercase()))
    };
    let permissions = list(definition, "/properties/permissions");
    permissions.iter().any(|permission| covers(permission, yes) && !covers(permission, no))
}

/// Whether a text fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text
            .strip_prefix(head)
            .is_some_and(|text| (0..=text.len()).any(|at| text.get(at..).is_some_and(|tail| fits(rest, tail)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_role_allows_what_its_patterns_cover_and_no_exception_does() {
        let role = json!({"properties": {"permissions": [
            {"actions": ["Microsoft.Network/*/read", "Microsoft.Compute/*"], "notActions": ["Microsoft.Compute/*/delete"],
             "dataActions": ["Microsoft.Storage/*"]}]}});
        for (action, data, allowed) in [
            ("Microsoft.Network/virtualNetworks/subnets/READ", false, true),
            ("Microsoft.Network/virtualNetworks/subnets/join/action", false, false),
            ("Microsoft.Compute/skus/read", false, true),
            ("Microsoft.Compute/disks/delete", false, false),
            ("Microsoft.Storage/x/read", false, false),
            ("Microsoft.Storage/x/read", true, true),
        ] {
            assert_eq!(allows(&role, action, data), allowed, "{action}");
        }
    }

    #[test]
    fn a_group_is_what_stands_before_the_provider() {
        assert_eq!(group_of("/subscriptions/s/resourceGroups/G/Providers/x/y/z"), "/subscriptions/s/resourceGroups/G");
    }
}
