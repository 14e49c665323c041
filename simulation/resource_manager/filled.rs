//! What providers fill in when a resource is made. Pure.
use super::place::{Place, key};
use crate::Cloud;
use crate::entra::principal_of;
use crate::ids::{TENANT, guid_of, hex_of};
use serde_json::{Map, Value, json};

/// Adds to a new body what its provider does. What the body says itself stays.
pub(crate) fn fill(place: &Place, body: &mut Value, cloud: Cloud) {
    identities(body);
    let (id, name) = (place.id(), place.name().to_owned());
    if !body["properties"].is_object() {
        body["properties"] = json!({});
    }
    let computed = match place.lower_kind().as_str() {
        "microsoft.managedidentity/userassignedidentities" => {
            let own = body["properties"]["clientId"].as_str().map(ToOwned::to_owned);
            let client = own.unwrap_or_else(|| client_of(&id));
            json!({"tenantId": TENANT, "principalId": principal_of(&client), "clientId": client})
        }
        "microsoft.network/publicipaddresses" => json!({"ipAddress": address(&id)}),
        "microsoft.storage/storageaccounts" => {
            let at = |service: &str| format!("https://{name}.{service}.{}/", cloud.storage());
            let services = ["blob", "queue", "table", "file", "dfs", "web"];
            let endpoints: Map<_, _> = services.iter().map(|it| ((*it).to_owned(), at(it).into())).collect();
            json!({"primaryEndpoints": endpoints})
        }
        "microsoft.servicebus/namespaces" => {
            json!({"status": "Active", "serviceBusEndpoint": format!("https://{name}.{}:443/", cloud.bus())})
        }
        "microsoft.containerregistry/registries" => json!({"loginServer": format!("{name}.azurecr.io")}),
        "microsoft.web/sites" => json!({"state": "Running"}),
        "microsoft.insights/components" => {
            let instrumentation = guid_of(&key(&id));
            json!({
                "ConnectionString": format!("InstrumentationKey={instrumentation};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/"),
                "InstrumentationKey": instrumentation,
            })
        }
        "microsoft.authorization/roleassignments" => {
            json!({"scope": id.rsplit_once("/providers/").map_or("", |(scope, _)| scope)})
        }
        _ => json!({}),
    };
    let (Some(properties), Value::Object(computed)) = (body["properties"].as_object_mut(), computed) else { return };
    for (field, value) in computed {
        properties.entry(field).or_insert(value);
    }
}

/// Who each user-assigned identity of a resource is.
pub(crate) fn identities(body: &mut Value) {
    let users = body.get_mut("identity").and_then(|identity| identity.get_mut("userAssignedIdentities"));
    for (user, shown) in users.and_then(Value::as_object_mut).into_iter().flatten() {
        let client = shown["clientId"].as_str().map_or_else(|| client_of(user), ToOwned::to_owned);
        *shown = json!({"principalId": principal_of(&client), "clientId": client});
    }
}

fn client_of(identity: &str) -> String {
    guid_of(&format!("{}#client", key(identity)))
}

fn address(id: &str) -> String {
    let hex = hex_of(&key(id));
    let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(1);
    format!("20.{}.{}.{}", part(0), part(2), part(4))
}
