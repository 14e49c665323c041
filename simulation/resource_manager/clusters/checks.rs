//! What AKS refuses at once when a cluster is PUT.
use super::super::answers::{Refusal, refuse};
use super::super::place::{Place, key, squeezed};
use super::super::store::Store;
use super::super::versions::{Versions, numbers};
use super::subnets;
use serde_json::Value;

/// Refuses what AKS refuses at once; gives the exact version that the cluster will have.
pub(super) fn checked(
    store: &Store,
    versions: &Versions,
    place: &Place,
    wanted: &Value,
    existing: Option<&Value>,
) -> Result<String, Refusal> {
    let Some(location) = wanted["location"].as_str() else {
        return Err(refuse(400, "LocationRequired", "The location property is required for this definition."));
    };
    let properties = &wanted["properties"];
    well_formed(wanted)?;
    if let Some(existing) = existing {
        unchanged(wanted, existing)?;
    } else if properties["dnsPrefix"].as_str().or(properties["fqdnSubdomain"].as_str()).is_none_or(str::is_empty) {
        return Err(invalid("Required parameter dnsPrefix is missing (null).", "dnsPrefix"));
    }
    short_enough(place, wanted, location)?;
    let pools = properties["agentPoolProfiles"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !pools.iter().any(|pool| pool["mode"].as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("System"))) {
        let message = "Must define at least one system pool.";
        return Err(invalid(message, "properties.agentPoolProfiles"));
    }
    for pool in pools {
        pool_checked(store, place, pool, properties)?;
    }
    let current = existing.and_then(|body| body["properties"]["currentKubernetesVersion"].as_str());
    // The Azure CLI sends an empty one when it was not told any.
    let asked = match properties["kubernetesVersion"].as_str().filter(|asked| !asked.is_empty()) {
        Some(asked) => asked.to_owned(),
        None => current.map(ToOwned::to_owned).or_else(|| versions.default_at(location)).unwrap_or_default(),
    };
    if current.is_some_and(|current| current == asked || current.starts_with(&format!("{asked}."))) {
        return Ok(current.unwrap_or_default().into());
    }
    let is_version = numbers(&asked).is_some() || numbers(&format!("{asked}.0")).is_some();
    let resolved = versions.resolve(location, &asked);
    resolved.ok_or_else(|| {
        let trouble = if is_version { "is on version" } else { "has invalid version" };
        let which = if is_version { " which is not supported in this region" } else { "" };
        let message = format!(
            "Managed cluster {} {trouble} {asked}{which}. Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list",
            place.name()
        );
        refuse(400, if is_version { "K8sVersionNotSupported" } else { "InvalidParameter" }, message)
            .about("properties.kubernetesVersion")
    })
}

/// The name of the group for nodes, given or made, is one, and has 80 letters at most.
fn short_enough(place: &Place, wanted: &Value, location: &str) -> Result<(), Refusal> {
    let given = wanted["properties"]["nodeResourceGroup"].as_str().map(ToOwned::to_owned);
    let group = place.group.as_deref().unwrap_or_default();
    let name = given.unwrap_or_else(|| format!("MC_{group}_{}_{}", place.name(), squeezed(location)));
    let is_allowed = |letter: char| letter.is_alphanumeric() || "_-.()".contains(letter);
    if !name.chars().all(is_allowed) || name.ends_with('.') {
        let message = format!(
            "The name of the node resource group '{name}' is invalid. It may have letters, digits, underscores, hyphens, periods and parentheses, and does not end with a period."
        );
        return Err(invalid(&message, "nodeResourceGroup"));
    }
    let length = name.chars().count();
    if length <= 80 {
        return Ok(());
    }
    let message = format!(
        "The length of the node resource group name is too long. The maximum length is 80 and the length of the value provided is {length}. Please see https://aka.ms/aks-naming-rules for more details."
    );
    Err(invalid(&message, "nodeResourceGroup"))
}

/// Refuses a pool whose subnet is missing, of another service, without the routes that it needs, or too small.
pub(super) fn pool_checked(store: &Store, cluster: &Place, pool: &Value, properties: &Value) -> Result<(), Refusal> {
    let name = pool["name"].as_str().unwrap_or_default();
    let proper = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 12
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    if !proper {
        return Err(invalid(
            "The value of parameter agentPoolProfile.name is invalid. Please see https://aka.ms/aks-naming-rules for more details.",
            "agentPoolProfile.name",
        ));
    }
    if pool.get("count").is_some_and(|count| count.as_u64().is_none_or(|count| count > 1000)) {
        return Err(invalid(
            "The value of parameter agentPoolProfile.count is invalid. It must be between 0 and 1000.",
            "agentPoolProfile.count",
        ));
    }
    let Some(subnet) = pool["vnetSubnetID"].as_str() else { return Ok(()) };
    if !subnet.starts_with("/subscriptions/") {
        let message = format!(
            "Property id '{subnet}' at path 'properties.agentPoolProfiles[0].vnetSubnetID' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{{subscriptionId}}' or '/providers/{{resourceProviderNamespace}}/'."
        );
        return Err(refuse(400, "LinkedInvalidPropertyId", message));
    }
    let place = Place::of(subnet);
    let Some(found) = store.get(&key(subnet)) else {
        let network = Place::of(&place.parent().unwrap_or_default());
        let message = format!(
            "Could not find subnet {} in vnet {} from resource group {} of subscription {}.",
            place.name(),
            network.name(),
            place.group.as_deref().unwrap_or_default(),
            place.subscription.as_deref().unwrap_or_default()
        );
        return Err(refuse(400, "GetSubnetError", message).about("agentPoolProfile.vnetSubnetID"));
    };
    subnets::usable(store, found, properties)?;
    let size = subnets::size(found);
    let others = subnets::in_use(store, &key(subnet), &key(&cluster.id()), name);
    let (needed, free) = (subnets::needed(pool, properties), size.saturating_sub(5).saturating_sub(others));
    if needed > free {
        let message = format!("Pre-allocated IPs {needed} exceeds IPs available in Subnet {free}");
        return Err(refuse(400, "InsufficientSubnetSize", message).about("agentPoolProfile.count"));
    }
    Ok(())
}

/// The profiles that the service reads and completes are objects.
fn well_formed(wanted: &Value) -> Result<(), Refusal> {
    let properties = &wanted["properties"];
    let profiles = ["networkProfile", "identityProfile", "oidcIssuerProfile", "aadProfile", "powerState"];
    let inner = &properties["networkProfile"]["loadBalancerProfile"];
    let values = profiles.iter().map(|name| (*name, &properties[*name]));
    let values =
        values.chain([("loadBalancerProfile", inner), ("identity", &wanted["identity"]), ("tags", &wanted["tags"])]);
    match values.into_iter().find(|(_, value)| !value.is_null() && !value.is_object()) {
        Some((name, _)) => {
            let message =
                format!("Unmarshal entity encountered error: cannot unmarshal the value of {name} into an object.");
            Err(refuse(400, "UnmarshalError", message).about(name))
        }
        None => Ok(()),
    }
}

fn invalid(message: &str, target: &str) -> Refusal {
    refuse(400, "InvalidParameter", message).about(target)
}

fn unchanged(wanted: &Value, existing: &Value) -> Result<(), Refusal> {
    let location = |body: &Value| squeezed(body["location"].as_str().unwrap_or_default());
    if location(wanted) != location(existing) {
        let message = "The resource already exists in another location. A resource with the same name cannot be created in this one. Please select a new resource name.";
        return Err(refuse(409, "InvalidResourceLocation", message));
    }
    for field in ["dnsPrefix", "nodeResourceGroup"] {
        let (new, old) = (&wanted["properties"][field], &existing["properties"][field]);
        if !new.is_null() && new != old {
            let message = format!("Changing property '{field}' is not allowed.");
            return Err(refuse(400, "PropertyChangeNotAllowed", message).about(field));
        }
    }
    Ok(())
}
