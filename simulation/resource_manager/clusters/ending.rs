//! What the end of an operation leaves of a cluster's body. Pure.
use super::super::operations::ClusterChange;
use super::body;
use crate::Cloud;
use serde_json::{Value, json};

/// The operation went wrong, with this code and message.
pub(super) fn failed(body: &mut Value, change: &ClusterChange, code: &str, message: &str) {
    // How a failed cluster shows why: the error of the operation that made it so.
    body["properties"]["status"] = json!({"provisioningError": {"code": code, "message": message}});
    let failed = |pool: &Value| match change {
        ClusterChange::PutPool(name) | ClusterChange::DeletePool(name) => pool["name"] == name.as_str(),
        _ => pool["provisioningState"] != "Succeeded",
    };
    for pool in pools(body).filter(|pool| failed(pool)) {
        pool["provisioningState"] = "Failed".into();
    }
}

/// The operation, which is no deletion, went well.
pub(super) fn succeeded(stored: &mut Value, change: &ClusterChange, etag: &str, cloud: Cloud) {
    if let Some(properties) = stored["properties"].as_object_mut() {
        properties.shift_remove("status");
    }
    match change {
        ClusterChange::Put => body::provisioned(stored, etag, cloud),
        ClusterChange::Start => show_power(stored, "Running"),
        ClusterChange::Stop => show_power(stored, "Stopped"),
        ClusterChange::PutPool(name) => {
            let version = stored["properties"]["currentKubernetesVersion"].as_str().unwrap_or_default().to_owned();
            let meant = pools(stored).filter(|pool| is_named(pool, name));
            meant.for_each(|pool| body::pool_provisioned(pool, &version, etag));
        }
        ClusterChange::DeletePool(name) => {
            if let Some(pools) = stored["properties"]["agentPoolProfiles"].as_array_mut() {
                pools.retain(|pool| !is_named(pool, name));
            }
        }
        ClusterChange::Tag | ClusterChange::Delete => {}
    }
}

/// How many nodes all pools have.
pub(super) fn nodes(body: &Value) -> u32 {
    let pools = body["properties"]["agentPoolProfiles"].as_array().into_iter().flatten();
    let counts = pools.map(|pool| pool["count"].as_u64().unwrap_or(1));
    u32::try_from(counts.sum::<u64>()).unwrap_or(u32::MAX)
}

fn show_power(body: &mut Value, code: &str) {
    body["properties"]["powerState"] = json!({"code": code});
    for pool in pools(body) {
        pool["powerState"] = json!({"code": code});
    }
}

fn pools(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    body["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten()
}

fn is_named(pool: &Value, name: &str) -> bool {
    pool["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
}
