//! What Resource Manager answers above subscriptions: the cloud's endpoints, tenants, subscriptions.
use super::answers::{Answered, Refusal, parameter, refuse};
use super::neighbours::Neighbours;
use super::place::Place;
use super::scopes;
use super::subscriptions::Subscriptions;
use crate::{Ask, answer::json, hosts::origin_of, ids::TENANT};
use http::Method;
use serde_json::{Value, json};

/// The cloud's endpoints, which everybody may read without a token. `None`: the path is another one.
///
/// Source: azure-cli, `azure.cli.core.cloud`; the older version is a list of clouds.
pub(crate) fn metadata(neighbours: &Neighbours, ask: &Ask, place: &Place) -> Option<Answered> {
    if !place.id().eq_ignore_ascii_case("/metadata/endpoints") {
        return None;
    }
    if ask.method() != Method::GET {
        return Some(Err(Refusal::method()));
    }
    let cloud = cloud(neighbours, &origin_of(ask));
    let is_list = parameter(ask, "api-version").is_some_and(|version| version < "2022-09-01");
    Some(Ok(json(200, &if is_list { json!([cloud]) } else { cloud })))
}

fn cloud(neighbours: &Neighbours, origin: &str) -> Value {
    let login = &neighbours.login;
    json!({
        "name": "SimulatedAzure",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": login,
            "audiences": neighbours.cloud.audiences(),
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": format!("{origin}/"),
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "appServiceResourceId": "https://appservice.azure.com",
        "microsoftGraphResourceId": format!("{}/", neighbours.graph),
        "gallery": "https://gallery.azure.com/",
        "media": "https://rest.media.azure.net",
        "batch": "https://batch.core.windows.net/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "suffixes": {
            "storage": neighbours.cloud.storage(), "keyVaultDns": "vault.azure.net", "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io", "storageSyncEndpointSuffix": "afs.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com", "postgresqlServerEndpoint": "postgres.database.azure.com",
        },
    })
}

/// A path without a subscription.
pub(crate) fn above_subscriptions(subscriptions: &Subscriptions, ask: &Ask, place: &Place) -> Answered {
    let read = ask.method() == Method::GET;
    match place.id().to_lowercase().as_str() {
        "/tenants" if read => Ok(json(200, &json!({"value": [tenant()]}))),
        "/subscriptions" if read => {
            let all: Vec<_> = subscriptions.all().map(scopes::subscription).collect();
            Ok(json(200, &json!({"count": {"type": "Total", "value": all.len()}, "value": all})))
        }
        // The Azure CLI asks before it publishes; an app's handler here is an executable, of no language.
        path if read && path.starts_with("/providers/microsoft.web/") && path.ends_with("/functionappstacks") => {
            Ok(json(200, &json!({"value": []})))
        }
        "/" => Err(refuse(404, "InvalidResourceType", "The resource type could not be found.")),
        _ => Err(refuse(
            404,
            "MissingSubscription",
            "The request did not have a subscription or a valid tenant level resource provider.",
        )),
    }
}

fn tenant() -> Value {
    json!({
        "id": format!("/tenants/{}", TENANT), "tenantId": TENANT, "countryCode": "NL",
        "displayName": "Simulated", "domains": ["simulated.example"], "tenantCategory": "Home",
        "defaultDomain": "simulated.example", "tenantType": "AAD",
    })
}
