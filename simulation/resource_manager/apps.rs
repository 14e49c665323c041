//! What App Service adds to an app when it shows it: host names, the tier of its plan, whether it runs on Linux. Pure.
//!
//! Source: azure-rest-api-specs, Microsoft.Web 2025-03-01, `GetWebApp.json`; the Azure CLI finds Flex Consumption by `sku`.
use super::neighbours::Neighbours;
use super::place::key;
use super::store::Store;
use serde_json::{Value, json};

/// Adds it to the body of an app.
pub(crate) fn fill_in(app: &mut Value, store: &Store, neighbours: &Neighbours) {
    let name = app["name"].as_str().unwrap_or_default().to_lowercase();
    let (host, publishing) = (format!("{name}.{}", neighbours.cloud.apps()), neighbours.publishing(&name));
    let is_linux = app["kind"].as_str().is_some_and(|kind| kind.split(',').any(|part| part == "linux"));
    let plan = app["properties"]["serverFarmId"].as_str().and_then(|id| store.get(&key(id)));
    let tier = plan.map(|plan| plan["sku"]["tier"].clone());
    let state = |name: &str, kind: &str| json!({"name": name, "sslState": "Disabled", "hostType": kind});
    let properties = &mut app["properties"];
    properties["hostNames"] = json!([host]);
    properties["enabledHostNames"] = json!([host, publishing]);
    properties["hostNameSslStates"] = json!([state(&host, "Standard"), state(&publishing, "Repository")]);
    properties["defaultHostName"] = host.into();
    properties["reserved"] = is_linux.into();
    if let Some(tier) = tier {
        properties["sku"] = tier;
    }
}
