//! What a site changes in its clusters' bodies: changes that could not come true, as the run sets these itself.
use super::{Mistake, mistake};
use crate::resources::answers::list;
use crate::resources::tags::{MARK_TAG, RETIRED_TAG, RUN_TAG, SITE_TAG};
use crate::workload::manifests::Placeholders;
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
    for member in ["/location", "/name", "/id", "/properties/kubernetesVersion"] {
        if changes.pointer(member).is_some() {
            mistakes.push(mistake(format!("{place}{member}"), "the run sets this itself"));
        }
    }
    let ours = [RUN_TAG, SITE_TAG, RETIRED_TAG, MARK_TAG];
    let tags = changes.get("tags").and_then(Value::as_object);
    for name in tags
        .into_iter()
        .flat_map(|tags| tags.keys())
        .filter(|name| ours.iter().any(|our| our.eq_ignore_ascii_case(name)))
    {
        mistakes.push(mistake(format!("{place}/tags/{name}"), "the run sets this tag itself"));
    }
    for secret in ["/properties/windowsProfile/adminPassword", "/properties/servicePrincipalProfile/secret"] {
        if changes.pointer(secret).is_some() {
            mistakes.push(mistake(format!("{place}{secret}"), "a site file holds no secrets"));
        }
    }
    mistakes
}
