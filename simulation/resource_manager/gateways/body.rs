//! A gateway's body: what a PUT must satisfy and what the service fills in. Unknown fields stay. Pure.
use super::super::answers::{Refusal, refuse};
use super::super::place::squeezed;
use crate::ids::hex_of;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Collections inside of sub-resources whose members are sub-resources themselves.
const NESTED: &[&str] = &["pathRules", "advancedRoutingRules", "loadDistributionTargets"];

/// Collections that a gateway always shows: clients generated from its description rely on them.
const ALWAYS: &[&str] = &[
    "authenticationCertificates",
    "backendSettingsCollection",
    "customErrorConfigurations",
    "listeners",
    "loadDistributionPolicies",
    "privateLinkConfigurations",
    "probes",
    "redirectConfigurations",
    "rewriteRuleSets",
    "routingRules",
    "sslCertificates",
    "sslProfiles",
    "trustedClientCertificates",
    "trustedRootCertificates",
    "urlPathMaps",
];

/// Refuses what the service refuses at once.
pub(super) fn checked(id: &str, wanted: &Value, existing: Option<&Value>) -> Result<(), Refusal> {
    let Some(location) = wanted["location"].as_str() else {
        return Err(refuse(400, "LocationRequired", "The location property is required for this definition."));
    };
    if let Some(old) = existing.and_then(|body| body["location"].as_str())
        && squeezed(old) != squeezed(location)
    {
        let message = format!(
            "The resource already exists in location '{old}'. A resource with the same name cannot be created in location '{location}'. Please select a new resource name."
        );
        return Err(refuse(409, "InvalidResourceLocation", message));
    }
    let Some(properties) = wanted["properties"].as_object() else {
        return Err(refuse(400, "InvalidRequestFormat", "Cannot parse the request."));
    };
    let mut known = BTreeSet::new();
    for (collection, members) in collections(properties) {
        for member in members {
            let name = member["name"].as_str().unwrap_or_default();
            if !known.insert(format!("{id}/{collection}/{name}").to_lowercase()) {
                let message = format!("Resource {id} has two child resources with the same name ({name}).");
                return Err(refuse(400, "DuplicateResourceName", message));
            }
            let certificate = &member["properties"];
            let known_before = || names(existing, collection).any(|old| old == name);
            if collection == "sslCertificates"
                && certificate["data"].is_null()
                && certificate["keyVaultSecretId"].is_null()
                && !known_before()
            {
                let message =
                    format!("Data or KeyVaultSecretId must be specified for Certificate {id}/sslCertificates/{name}.");
                return Err(refuse(
                    400,
                    "ApplicationGatewaySslCertificateDataOrKeyVaultSecretIdMustBeSpecified",
                    message,
                ));
            }
        }
    }
    references_hold(id, wanted, &known)
}

fn names<'body>(body: Option<&'body Value>, collection: &str) -> impl Iterator<Item = &'body str> {
    let members = body.and_then(|body| body["properties"][collection].as_array()).into_iter().flatten();
    members.filter_map(|member| member["name"].as_str())
}

/// Every reference to a part of this gateway finds it.
fn references_hold(id: &str, value: &Value, known: &BTreeSet<String>) -> Result<(), Refusal> {
    match value {
        Value::Object(fields) => {
            // A reference has an id and nothing else; what has a name is the part itself.
            if let (1, Some(target)) = (fields.len(), fields.get("id").and_then(Value::as_str)) {
                let lower = target.to_lowercase();
                let inside = lower.strip_prefix(&format!("{}/", id.to_lowercase()));
                if inside.is_some_and(|rest| rest.split('/').count() == 2) && !known.contains(&lower) {
                    let message = format!(
                        "Resource {target} referenced by resource {id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
                    );
                    return Err(refuse(400, "InvalidResourceReference", message));
                }
            }
            fields.values().try_for_each(|value| references_hold(id, value, known))
        }
        Value::Array(values) => values.iter().try_for_each(|value| references_hold(id, value, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn collections(properties: &Map<String, Value>) -> impl Iterator<Item = (&str, &Vec<Value>)> {
    let named = |members: &Vec<Value>| !members.is_empty() && members.iter().all(|member| member["name"].is_string());
    properties
        .iter()
        .filter_map(move |(name, value)| Some((name.as_str(), value.as_array().filter(|members| named(members))?)))
}

/// The body that is stored when a PUT is accepted.
pub(super) fn accepted(id: &str, mut wanted: Value, etag: &str, state: &str, guid: &str) -> Value {
    if !wanted["properties"].is_object() {
        wanted["properties"] = Value::Object(Map::new());
    }
    let properties = &mut wanted["properties"];
    properties["provisioningState"] = "Updating".into();
    properties["operationalState"] = state.into();
    properties["resourceGuid"] = guid.into();
    if properties["defaultPredefinedSslPolicy"].is_null() {
        properties["defaultPredefinedSslPolicy"] = "AppGwSslPolicy20220101".into();
    }
    if let Some(properties) = properties.as_object_mut() {
        for always in ALWAYS {
            let shown = properties.entry(*always).or_insert(Value::Null);
            if shown.is_null() {
                *shown = Value::Array(vec![]);
            }
        }
        for (collection, value) in properties.iter_mut() {
            fill(value, &format!("{id}/{collection}"), &format!("Microsoft.Network/applicationGateways/{collection}"));
        }
    }
    let certificates = wanted["properties"].get_mut("sslCertificates").and_then(Value::as_array_mut);
    for properties in certificates.into_iter().flatten().filter_map(|one| one.get_mut("properties")?.as_object_mut()) {
        // The private part goes in and never comes out.
        let given = properties.shift_remove("data");
        properties.shift_remove("password");
        if let Some(given) = given.filter(|_| !properties.contains_key("publicCertData")) {
            properties.insert("publicCertData".into(), hex_of(&given.to_string()).into());
        }
    }
    stamp(&mut wanted, etag);
    wanted
}

fn fill(value: &mut Value, id: &str, kind: &str) {
    let Some(members) = value.as_array_mut() else { return };
    if !members.iter().all(|member| member["name"].is_string()) {
        return;
    }
    for member in members {
        let own = format!("{id}/{}", member["name"].as_str().unwrap_or_default());
        let Some(fields) = member.as_object_mut() else { continue };
        fields.insert("id".into(), own.clone().into());
        fields.insert("etag".into(), Value::Null);
        fields.insert("type".into(), kind.into());
        let properties = fields.entry("properties").or_insert_with(|| Value::Object(Map::new()));
        let Some(properties) = properties.as_object_mut() else { continue };
        properties.insert("provisioningState".into(), "Succeeded".into());
        for (collection, nested) in
            properties.iter_mut().filter(|(collection, _)| NESTED.contains(&collection.as_str()))
        {
            fill(nested, &format!("{own}/{collection}"), &format!("{kind}/{collection}"));
        }
    }
}

/// Gives the gateway and each of its parts a new etag.
pub(super) fn stamp(body: &mut Value, etag: &str) {
    body["etag"] = etag.into();
    let Some(properties) = body["properties"].as_object_mut() else { return };
    for value in properties.values_mut() {
        stamp_members(value, etag);
    }
}

fn stamp_members(value: &mut Value, etag: &str) {
    for member in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if member.contains_key("etag") {
            member.insert("etag".into(), etag.into());
        }
        let nested = member.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        nested.filter(|(name, _)| NESTED.contains(&name.as_str())).for_each(|(_, value)| stamp_members(value, etag));
    }
}
