//! The members of a cluster that a new one cannot take over, by path. `*` is each element or member.
use serde_json::Value;

/// Members that the API marks as read-only: it ignores or refuses them. A test compares this with its schema.
#[rustfmt::skip]
pub const READ_ONLY: &[&str] = &[
    "id", "name", "type", "systemData", "eTag",
    "identity.principalId",
    "identity.tenantId",
    "identity.userAssignedIdentities.*.clientId",
    "identity.userAssignedIdentities.*.principalId",
    "properties.addonProfiles.*.identity",
    "properties.agentPoolProfiles.*.currentOrchestratorVersion",
    "properties.agentPoolProfiles.*.eTag",
    "properties.agentPoolProfiles.*.localDNSProfile.state",
    "properties.agentPoolProfiles.*.provisioningState",
    "properties.agentPoolProfiles.*.status.provisioningError",
    "properties.azurePortalFQDN",
    "properties.currentKubernetesVersion",
    "properties.fqdn",
    "properties.ingressProfile.webAppRouting.identity",
    "properties.maxAgentPools",
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
    "properties.oidcIssuerProfile.issuerURL",
    "properties.podIdentityProfile.userAssignedIdentities.*.provisioningInfo",
    "properties.podIdentityProfile.userAssignedIdentities.*.provisioningState",
    "properties.powerState",
    "properties.privateFQDN",
    "properties.privateLinkResources.*.privateLinkServiceID",
    "properties.provisioningState",
    "properties.resourceUID",
    "properties.status.provisioningError",
];

/// Members that may be written, but are the old cluster's alone.
pub const NOT_CARRIED: &[&str] = &[
    // AKS makes the group, and refuses one that exists: a slot names its own.
    "properties.nodeResourceGroup",
    // Addresses can be bound to one load balancer or gateway only.
    "properties.networkProfile.loadBalancerProfile.outboundIPs",
    "properties.networkProfile.loadBalancerProfile.outboundIPPrefixes",
    "properties.networkProfile.natGatewayProfile.outboundIPs",
    "properties.networkProfile.natGatewayProfile.outboundIPPrefixes",
    // The endpoints of the old API server.
    "properties.privateLinkResources",
    // Zone that the add-on made for the old cluster.
    "properties.addonProfiles.httpApplicationRouting.config.HTTPApplicationRoutingZoneName",
    // A node image belongs to a version, and so does a snapshot.
    "properties.agentPoolProfiles.*.nodeImageVersion",
    "properties.agentPoolProfiles.*.creationData",
    // What was observed. A pool cannot be created stopped.
    "properties.agentPoolProfiles.*.powerState",
    "properties.agentPoolProfiles.*.status",
    "properties.agentPoolProfiles.*.virtualMachineNodesStatus",
    "properties.status",
    // An override for upgrades in place, until a date.
    "properties.upgradeSettings.overrideSettings",
    // Secrets. A GET does not answer them.
    "properties.windowsProfile.adminPassword",
    "properties.servicePrincipalProfile.secret",
    "properties.aadProfile.serverAppSecret",
];

/// Removes each of these members.
pub(super) fn remove_all(value: &mut Value, paths: &[&str]) {
    for path in paths {
        remove(value, path);
    }
}

/// Removes what lies at a path, if anything does.
pub(super) fn remove(value: &mut Value, path: &str) {
    let Some((first, rest)) = path.split_once('.') else {
        if let Some(members) = value.as_object_mut() {
            members.shift_remove(path);
        }
        return;
    };
    match value {
        Value::Array(items) if first == "*" => items.iter_mut().for_each(|item| remove(item, rest)),
        Value::Object(members) if first == "*" => members.values_mut().for_each(|member| remove(member, rest)),
        Value::Object(members) => {
            if let Some(member) = members.get_mut(first) {
                remove(member, rest);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
