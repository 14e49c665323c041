//! What a site changes in its clusters' bodies: changes that could not come true, as the run sets these itself.
use super::manifests::has_user;
use super::{Mistake, mistake};
use crate::resources::add_on::starts_agic;
use crate::resources::answers::{list, shortened};
use crate::resources::tags::OURS;
use crate::workload::manifests::Placeholders;
use crate::workload::spelling::meant;
use serde_json::Value;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let everywhere = ["", "/slots/blue", "/slots/green"];
    everywhere.iter().flat_map(|of| at(file, &format!("{of}/clusterChanges"))).collect()
}

/// The names of a site file's identities.
pub(super) fn identities(file: &Value) -> impl Iterator<Item = &str> {
    file.get("identities").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
}

fn at(file: &Value, place: &str) -> Vec<Mistake> {
    let Some(changes) = file.pointer(place).filter(|changes| !changes.is_null()) else { return Vec::new() };
    if !changes.is_object() {
        return vec![mistake(place, "expected an object: a merge patch for the cluster's body")];
    }
    let mut mistakes = Vec::new();
    // What is known only of a cluster that exists cannot be in the body that makes it.
    let addresses = ["blue", "green"].map(|colour| list(file, &format!("/slots/{colour}/addresses")).len());
    let addresses = addresses.into_iter().min().unwrap_or_default();
    let desk = Placeholders::of_the_desk_for_a_body(addresses, identities(file));
    if let Err(why) = desk.fills(changes) {
        mistakes.push(mistake(place, why));
    }
    mistakes.extend(shape(changes, place));
    mistakes.extend(starts_agic(changes).map(|member| {
        let what = "the add-on (AGIC) would take the gateway as soon as the new cluster is there: leave it out, and let \
                    \"controllers\" bring the preset agic, which waits";
        mistake(format!("{place}{member}"), what)
    }));
    for member in ["/location", "/name", "/id", "/properties/kubernetesVersion"] {
        if changes.pointer(member).is_some() {
            mistakes.push(mistake(format!("{place}{member}"), "the run sets this itself"));
        }
    }
    let tags = changes.get("tags").and_then(Value::as_object);
    for name in tags
        .into_iter()
        .flat_map(|tags| tags.keys())
        .filter(|name| OURS.iter().any(|our| our.eq_ignore_ascii_case(name)))
    {
        mistakes.push(mistake(format!("{place}/tags/{name}"), "the run sets this tag itself"));
    }
    for secret in SECRETS {
        if changes.pointer(secret).is_some() {
            mistakes.push(mistake(format!("{place}{secret}"), "a site file holds no secrets"));
        }
    }
    mistakes.extend(passwords(changes, place));
    mistakes
}

/// The members of a cluster's body that hold secrets: those that Azure's API takes and never shows.
const SECRETS: [&str; 3] = [
    "/properties/aadProfile/serverAppSecret",
    "/properties/servicePrincipalProfile/secret",
    "/properties/windowsProfile/adminPassword",
];

/// Addresses with a password in them, as that of a proxy may be: the old cluster's goes over without being written down here.
fn passwords(value: &Value, place: &str) -> Vec<Mistake> {
    match value {
        Value::String(text) if has_user(text) => {
            let what = "a site file holds no secrets: an address here has no user and no password. What the old cluster has \
                        goes over to the new one";
            vec![mistake(place, what)]
        }
        Value::Array(items) => {
            let each = items.iter().enumerate();
            each.flat_map(|(index, item)| passwords(item, &format!("{place}/{index}"))).collect()
        }
        Value::Object(members) => {
            members.iter().flat_map(|(name, member)| passwords(member, &format!("{place}/{}", escaped(name)))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    }
}

fn escaped(name: &str) -> String {
    shortened(name).replace('~', "~0").replace('/', "~1")
}

/// The members of a cluster's body that a change may name.
const MEMBERS: [&str; 6] = ["extendedLocation", "identity", "kind", "properties", "sku", "tags"];
/// Those of its properties, as far as they are known: a newer version of Azure's API has more.
const PROPERTIES: [&str; 38] = [
    "aadProfile",
    "addonProfiles",
    "agentPoolProfiles",
    "aiToolchainOperatorProfile",
    "apiServerAccessProfile",
    "autoScalerProfile",
    "autoUpgradeProfile",
    "azureMonitorProfile",
    "bootstrapProfile",
    "disableLocalAccounts",
    "diskEncryptionSetID",
    "dnsPrefix",
    "enableFIPS",
    "enableRBAC",
    "fqdnSubdomain",
    "hostedSystemProfile",
    "httpProxyConfig",
    "identityProfile",
    "ingressProfile",
    "linuxProfile",
    "metricsProfile",
    "networkProfile",
    "nodeProvisioningProfile",
    "nodeResourceGroup",
    "nodeResourceGroupProfile",
    "oidcIssuerProfile",
    "podIdentityProfile",
    "privateLinkResources",
    "publicNetworkAccess",
    "schedulerProfile",
    "securityProfile",
    "serviceMeshProfile",
    "servicePrincipalProfile",
    "storageProfile",
    "supportPlan",
    "upgradeSettings",
    "windowsProfile",
    "workloadAutoScalerProfile",
];

/// What can be no change of a cluster's body.
fn shape(changes: &Value, place: &str) -> Vec<Mistake> {
    let mut mistakes = vec![];
    let ours = ["location", "name", "id"];
    for name in changes.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
        if !MEMBERS.contains(&name) && !ours.contains(&name) {
            let what = match meant(name, MEMBERS) {
                Some(meant) => format!("is {meant:?} meant?"),
                None => format!("a cluster's body has no such member: expected one of {}", MEMBERS.join(", ")),
            };
            mistakes.push(mistake(format!("{place}/{}", shortened(name)), what));
        }
    }
    for member in ["properties", "tags"] {
        if changes.get(member).is_some_and(|found| !found.is_object()) {
            mistakes.push(mistake(format!("{place}/{member}"), "expected an object"));
        }
    }
    for (name, value) in changes["tags"].as_object().into_iter().flatten() {
        if !value.is_string() && !value.is_null() {
            let what = format!("a tag is a text, found {}: put it into quotes", shortened(&value.to_string()));
            mistakes.push(mistake(format!("{place}/tags/{}", shortened(name)), what));
        }
    }
    for name in changes["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
        if let Some(meant) = meant(name, PROPERTIES).filter(|_| !PROPERTIES.contains(&name)) {
            let what = format!("is {meant:?} meant?");
            mistakes.push(mistake(format!("{place}/properties/{}", shortened(name)), what));
        }
    }
    mistakes.extend(pools(changes, place));
    mistakes
}

/// A merge patch replaces a list as a whole. Whether it has what the old cluster's has is CheckPlan's.
fn pools(changes: &Value, place: &str) -> Option<Mistake> {
    let pools = changes.pointer("/properties/agentPoolProfiles")?;
    let has_pools = pools.as_array().is_some_and(|pools| !pools.is_empty() && pools.iter().all(Value::is_object));
    let what = "a change replaces the whole list: expected all the pools that the new cluster is to have";
    (!has_pools).then(|| mistake(format!("{place}/properties/agentPoolProfiles"), what))
}
