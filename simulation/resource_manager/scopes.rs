//! Subscriptions and resource groups, and the lists that go across providers.
use super::answers::{Answered, Refusal, body_of, empty, filter, parameter, refuse};
use super::desk::Desk;
use super::place::{Place, key};
use super::providers;
use super::store::Store;
use super::subscriptions::Subscriptions;
use crate::{Ask, answer::json, ids::TENANT};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A path below a subscription that names no provider.
pub(crate) fn answer(subscriptions: &mut Subscriptions, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let store = &mut desk.registry.store;
    let subscription = place.subscription.clone().unwrap_or_default();
    let mut scope = format!("/subscriptions/{subscription}");
    match place.group.as_deref() {
        None => {}
        Some("") => return groups(store, ask, &scope),
        Some(group) => scope = format!("{scope}/resourceGroups/{group}"),
    }
    let id = place.id();
    let rest = id.get(scope.len()..).unwrap_or_default().to_lowercase();
    match (ask.method(), rest.as_str(), place.group.as_deref()) {
        (&Method::GET, "", None) => Ok(json(200, &self::subscription(&subscription))),
        (_, "", Some(group)) => group_of(subscriptions, store, ask, &scope, group),
        (&Method::GET, "/resources", _) => Ok(json(200, &json!({"value": resources(store, ask, &scope)?}))),
        (&Method::GET, "/providers", None) => {
            let all = providers::PROVIDERS
                .iter()
                .map(|(name, ..)| providers::shown(name, &format!("{scope}/providers/{name}")));
            Ok(json(200, &json!({"value": all.collect::<Vec<_>>()})))
        }
        (&Method::GET, "/locations", None) => Ok(json(200, &json!({"value": locations(store, &scope)}))),
        (&Method::GET, "/tagnames", None) => Ok(json(200, &json!({"value": []}))),
        (_, "", None) => Err(Refusal::method()),
        _ => Err(refuse(404, "InvalidResourceType", "The resource type could not be found.")),
    }
}

fn groups(store: &Store, ask: &Ask, subscription: &str) -> Answered {
    if ask.method() != Method::GET {
        return Err(Refusal::method());
    }
    let scope = format!("{subscription}/resourcegroups/").to_lowercase();
    let groups: Vec<_> = store.of_kind(&scope, "Microsoft.Resources/resourceGroups").collect();
    Ok(json(200, &json!({"value": groups})))
}

fn group_of(subscriptions: &mut Subscriptions, store: &mut Store, ask: &Ask, id: &str, name: &str) -> Answered {
    let found = store.get(&key(id)).is_some();
    let missing = || refuse(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."));
    match *ask.method() {
        Method::HEAD => Ok(empty(if found { 204 } else { 404 })),
        Method::GET => Ok(json(200, store.get(&key(id)).ok_or_else(missing)?)),
        Method::PUT => {
            let body = body_of(ask)?;
            let Some(location) = body["location"].as_str() else {
                return Err(refuse(400, "LocationRequired", "The location property is required for this definition."));
            };
            let subscription = Place::of(id).subscription.unwrap_or_default();
            subscriptions.add_group(store, &subscription, name, location);
            store.retag(&key(id), &body);
            Ok(json(if found { 200 } else { 201 }, store.get(&key(id)).unwrap_or(&Value::Null)))
        }
        Method::DELETE if !found => Err(missing()),
        Method::DELETE if store.below(&format!("{}/", key(id))).next().is_some() => {
            let message = "The simulated Azure deletes empty resource groups only: delete what is in this one first.";
            Err(refuse(409, "ResourceGroupNotEmpty", message))
        }
        Method::DELETE => {
            store.remove(&key(id));
            Ok(empty(200))
        }
        _ => Err(Refusal::method()),
    }
}

/// The resources below a subscription or a group, as lists across providers show them: without their properties.
fn resources(store: &Store, ask: &Ask, scope: &str) -> Result<Vec<Value>, Refusal> {
    let conditions = conditions(&filter(ask))?;
    let with_state = parameter(ask, "$expand").is_some_and(|names| names.contains("provisioningState"));
    let scope = format!("{}/", scope.to_lowercase());
    let below = store.below(&scope).map(|(_, body)| body);
    // A child has more than a provider and one type; what extends another resource has two providers.
    let is_own = |body: &&Value| {
        let (id, kind) = (body["id"].as_str().unwrap_or_default(), body["type"].as_str().unwrap_or_default());
        let listed = kind != "Microsoft.Resources/resourceGroups" && !kind.starts_with("Microsoft.Authorization/");
        listed && kind.matches('/').count() == 1 && id.to_lowercase().matches("/providers/").count() == 1
    };
    let wanted = |body: &&Value| {
        let group = Place::of(body["id"].as_str().unwrap_or_default()).group.unwrap_or_default();
        conditions.iter().all(|(field, value)| {
            let found = match field.as_str() {
                "resourceGroup" => group.as_str(),
                "resourceType" => body["type"].as_str().unwrap_or_default(),
                field => body[field].as_str().unwrap_or_default(),
            };
            found.eq_ignore_ascii_case(value)
        })
    };
    let shown = |body: &Value| {
        let fields = ["id", "name", "type", "kind", "location", "tags", "sku", "identity", "zones"];
        let mut shown: Value =
            fields.iter().filter_map(|field| Some(((*field).to_owned(), body.get(*field)?.clone()))).collect();
        if let Some(state) = body["properties"].get("provisioningState").filter(|_| with_state) {
            shown["provisioningState"] = state.clone();
        }
        shown
    };
    Ok(below.filter(is_own).filter(wanted).map(shown).collect())
}

/// A filter like `resourceGroup eq 'a' and name eq 'b'` as pairs. Others are refused: to pass over one would be to lie.
fn conditions(filter: &str) -> Result<Vec<(String, String)>, Refusal> {
    let known = ["resourceGroup", "resourceType", "name", "location"];
    let parse = |part: &str| {
        let (field, value) = part.trim().split_once(" eq ")?;
        let field = known.iter().find(|name| name.eq_ignore_ascii_case(field.trim()))?;
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some(((*field).to_owned(), value.to_owned()))
    };
    let parts = filter.split(" and ").filter(|part| !part.trim().is_empty());
    parts.map(parse).collect::<Option<_>>().ok_or_else(|| {
        let message =
            format!("The simulated Azure filters by {} with eq and and alone, found {filter:?}.", known.join(", "));
        refuse(400, "InvalidFilterInQueryString", message)
    })
}

/// The locations that something is in.
fn locations(store: &Store, scope: &str) -> Vec<Value> {
    let prefix = format!("{}/", scope.to_lowercase());
    let found: BTreeSet<&str> = store.below(&prefix).filter_map(|(_, body)| body["location"].as_str()).collect();
    let shown = |name: &&str| {
        json!({
            "id": format!("{scope}/locations/{name}"), "name": name, "type": "Region", "displayName": name,
            "regionalDisplayName": name, "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        })
    };
    found.iter().map(shown).collect()
}

/// A subscription, as it is shown.
pub(crate) fn subscription(id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"), "subscriptionId": id, "displayName": "simulated", "state": "Enabled",
        "tenantId": TENANT, "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
    })
}
