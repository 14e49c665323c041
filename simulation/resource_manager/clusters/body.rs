//! A cluster's body: what the service fills in, keeps and leaves out. Pure.
use super::super::filled;
use super::super::place::{Place, squeezed};
use super::super::versions;
use crate::Cloud;
use crate::ids::{TENANT, guid_of, hex_of};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields below `properties` that only the service writes.
const COMPUTED: &[&str] = &[
    "currentKubernetesVersion",
    "fqdn",
    "privateFQDN",
    "azurePortalFQDN",
    "maxAgentPools",
    "powerState",
    "resourceUID",
    "status",
];
/// Fields of a pool that only the service writes.
const COMPUTED_IN_POOL: &[&str] =
    &["currentOrchestratorVersion", "eTag", "nodeImageVersion", "provisioningState", "status"];

/// Add-ons for which AKS makes an identity in the group of the nodes.
const ADD_ONS_WITH_IDENTITY: [&str; 5] =
    ["azureKeyvaultSecretsProvider", "omsagent", "azurepolicy", "aciConnectorLinux", "ingressApplicationGateway"];

/// Whom the tokens of the simulation stand for.
const CALLER: &str = "22222222-2222-4222-8222-222222222222";

/// The body that is stored when a PUT is accepted.
pub(super) fn accepted(
    place: &Place,
    mut wanted: Value,
    existing: Option<&Value>,
    version: &str,
    uid: &str,
    etag: &str,
    now: Timestamp,
) -> Value {
    let name = place.name();
    wanted["eTag"] = etag.into();
    let created = existing.map_or_else(|| now.to_string().into(), |body| body["systemData"]["createdAt"].clone());
    wanted["systemData"] = json!({
        "createdBy": CALLER, "createdByType": "Application", "createdAt": created,
        "lastModifiedBy": CALLER, "lastModifiedByType": "Application", "lastModifiedAt": now.to_string(),
    });
    let old = existing.and_then(|body| body["properties"].as_object());
    if let Some(properties) = wanted["properties"].as_object_mut() {
        for field in COMPUTED {
            match old.and_then(|old| old.get(*field)).filter(|_| *field != "status") {
                Some(value) => properties.insert((*field).into(), value.clone()),
                None => properties.shift_remove(*field),
            };
        }
        let nodes = format!("MC_{}_{name}_{}", place.group.as_deref().unwrap_or_default(), "LOCATION");
        let kept = old.and_then(|old| old.get("nodeResourceGroup")).cloned();
        properties.entry("nodeResourceGroup").or_insert_with(|| kept.unwrap_or_else(|| nodes.into()));
        properties.entry("resourceUID").or_insert_with(|| uid.into());
        properties.entry("powerState").or_insert_with(|| json!({"code": "Running"}));
        properties.entry("maxAgentPools").or_insert_with(|| 100.into());
        properties.insert("kubernetesVersion".into(), version.into());
        properties.insert("provisioningState".into(), if existing.is_some() { "Updating" } else { "Creating" }.into());
        without_secrets(properties);
    }
    let location = squeezed(wanted["location"].as_str().unwrap_or_default());
    if let Some(group) =
        wanted["properties"]["nodeResourceGroup"].as_str().map(|group| group.replace("LOCATION", &location))
    {
        wanted["properties"]["nodeResourceGroup"] = group.into();
    }
    let old_pools = existing.and_then(|body| body["properties"]["agentPoolProfiles"].as_array());
    for pool in wanted["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
        let old = old_pools.and_then(|pools| pools.iter().find(|old| old["name"] == pool["name"]));
        accept_pool(pool, old, version);
        pool["provisioningState"] = if old.is_some() { "Updating" } else { "Creating" }.into();
    }
    wanted
}

/// Gives a pool what the service adds; keeps what it had computed.
pub(super) fn accept_pool(pool: &mut Value, old: Option<&Value>, version: &str) {
    let Some(fields) = pool.as_object_mut() else { return };
    for field in COMPUTED_IN_POOL {
        match old.and_then(|old| old.get(*field)) {
            Some(value) => fields.insert((*field).into(), value.clone()),
            None => fields.shift_remove(*field),
        };
    }
    for (field, value) in [
        ("count", json!(1)),
        ("mode", json!("User")),
        ("osType", json!("Linux")),
        ("osSKU", json!("Ubuntu")),
        ("orchestratorVersion", json!(version)),
        ("powerState", json!({"code": "Running"})),
        ("type", json!("VirtualMachineScaleSets")),
    ] {
        // The Azure CLI sends empty texts for what it was not told.
        if fields.get(field).is_none_or(|given| given == "") {
            fields.insert(field.into(), value);
        }
    }
}

fn without_secrets(properties: &mut Map<String, Value>) {
    for (profile, secret) in
        [("servicePrincipalProfile", "secret"), ("windowsProfile", "adminPassword"), ("aadProfile", "serverAppSecret")]
    {
        if let Some(profile) = properties.get_mut(profile).and_then(Value::as_object_mut) {
            profile.shift_remove(secret);
        }
    }
}

/// What a cluster shows once it is provisioned.
pub(super) fn provisioned(body: &mut Value, etag: &str, cloud: Cloud) {
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let place = Place::of(&id);
    let location = squeezed(body["location"].as_str().unwrap_or_default());
    let uid = body["properties"]["resourceUID"].as_str().unwrap_or_default().to_owned();
    let subscription = place.subscription.clone().unwrap_or_default();
    fill_identity(body, &uid);
    body["eTag"] = etag.into();
    let has_identity = body["identity"].is_object();
    let properties = &mut body["properties"];
    let prefix =
        properties["dnsPrefix"].as_str().or(properties["fqdnSubdomain"].as_str()).unwrap_or(place.name()).to_owned();
    let domain = format!("{prefix}-{}", &hex_of(&uid)[..8]);
    let nodes = properties["nodeResourceGroup"].as_str().unwrap_or_default().to_owned();
    let in_nodes = |what: &str| format!("/subscriptions/{subscription}/resourceGroups/{nodes}/providers/{what}");
    let version = properties["kubernetesVersion"].clone();
    if properties["fqdn"].as_str().is_none() {
        let below = format!("hcp.{location}.{}", cloud.api_servers());
        properties["fqdn"] = format!("{domain}.{below}").into();
        properties["azurePortalFQDN"] = format!("{domain}.portal.{below}").into();
    }
    if has_identity && properties["servicePrincipalProfile"].is_null() {
        properties["servicePrincipalProfile"] = json!({"clientId": "msi"});
    }
    properties["currentKubernetesVersion"] = version.clone();
    properties["provisioningState"] = "Succeeded".into();
    if properties["oidcIssuerProfile"]["enabled"] == true {
        properties["oidcIssuerProfile"]["issuerURL"] =
            format!("https://{location}.oic.prod-aks.azure.com/{}/{}/", TENANT, guid_of(&uid)).into();
    }
    let network = &mut properties["networkProfile"];
    if network["outboundType"].as_str().unwrap_or("loadBalancer").eq_ignore_ascii_case("loadBalancer") {
        let address = in_nodes(&format!("Microsoft.Network/publicIPAddresses/{}", guid_of(&format!("{uid} outbound"))));
        network["outboundType"] = "loadBalancer".into();
        network["loadBalancerProfile"]["effectiveOutboundIPs"] = json!([{"id": address}]);
    }
    if properties["identityProfile"]["kubeletidentity"].is_null() {
        let identity =
            in_nodes(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{}-agentpool", place.name()));
        properties["identityProfile"]["kubeletidentity"] = json!({
            "resourceId": identity, "clientId": guid_of(&format!("{uid} client")), "objectId": guid_of(&format!("{uid} object")),
        });
    }
    for add_on in ADD_ONS_WITH_IDENTITY {
        let made = in_nodes(&format!(
            "Microsoft.ManagedIdentity/userAssignedIdentities/{}-{}",
            add_on.to_lowercase(),
            place.name()
        ));
        let profiles = properties.get_mut("addonProfiles").and_then(Value::as_object_mut).into_iter().flatten();
        let enabled =
            profiles.filter(|(name, profile)| name.eq_ignore_ascii_case(add_on) && profile["enabled"] == true);
        for (_, profile) in enabled.filter(|(_, profile)| profile["identity"].is_null()) {
            let id = |what: &str| guid_of(&format!("{uid} {add_on} {what}"));
            profile["identity"] = json!({"resourceId": made, "clientId": id("client"), "objectId": id("object")});
        }
    }
    for pool in properties["agentPoolProfiles"].as_array_mut().into_iter().flatten() {
        pool_provisioned(pool, version.as_str().unwrap_or_default(), etag);
    }
}

/// What a pool shows once it is provisioned.
pub(super) fn pool_provisioned(pool: &mut Value, version: &str, etag: &str) {
    let own = pool["orchestratorVersion"]
        .as_str()
        .filter(|own| versions::numbers(own).is_some())
        .unwrap_or(version)
        .to_owned();
    pool["provisioningState"] = "Succeeded".into();
    pool["eTag"] = etag.into();
    pool["currentOrchestratorVersion"] = own.into();
    if pool["nodeImageVersion"].is_null() {
        pool["nodeImageVersion"] = "AKSUbuntu-2404gen2containerd-202611.02.0".into();
    }
}

fn fill_identity(body: &mut Value, uid: &str) {
    let Some(identity) = body.get_mut("identity").and_then(Value::as_object_mut) else { return };
    if identity.get("type").and_then(Value::as_str).is_some_and(|kind| kind.to_lowercase().contains("systemassigned")) {
        identity.insert("principalId".into(), guid_of(&format!("{uid} principal")).into());
        identity.insert("tenantId".into(), TENANT.into());
    }
    filled::identities(body);
}
