//! `upgradeProfiles/default`: the in-place upgrades of a cluster. Pure.
use super::super::versions::Versions;
use serde_json::{Value, json};

pub(super) fn upgrades(cluster: &Value, versions: &Versions) -> Value {
    let location = cluster["location"].as_str().unwrap_or_default();
    let id = cluster["id"].as_str().unwrap_or_default();
    let listed = |from: &Value| {
        let upgrades = versions.upgrades(location, from.as_str().unwrap_or_default()).into_iter().map(|version| {
            let mut shown = json!({"kubernetesVersion": version.number});
            if version.preview {
                shown["isPreview"] = true.into();
            }
            shown
        });
        upgrades.collect::<Vec<_>>()
    };
    let current = &cluster["properties"]["currentKubernetesVersion"];
    let pools = cluster["properties"]["agentPoolProfiles"].as_array().into_iter().flatten();
    let pools = pools.map(|pool| {
        let version = &pool["currentOrchestratorVersion"];
        json!({"name": pool["name"], "kubernetesVersion": version, "osType": pool["osType"], "upgrades": listed(version)})
    });
    json!({
        "id": format!("{id}/upgradeprofiles/default"), "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": {"kubernetesVersion": current, "osType": "Linux", "upgrades": listed(current)},
            "agentPoolProfiles": pools.collect::<Vec<_>>(),
        },
    })
}
