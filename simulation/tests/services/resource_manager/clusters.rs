//! A managed cluster's PUT, PATCH and their conditions.
use super::scene::Scene;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::resource_manager::Version;

#[tokio::test(start_paused = true)]
async fn a_created_cluster_is_creating_for_minutes_and_then_has_what_the_service_computes() {
    let scene = Scene::new();
    let green = &scene.article.green;
    let started = scene.put(green, &scene.green_body()).await;
    assert_eq!((started.status, &started.body["properties"]["provisioningState"]), (201, &json!("Creating")));
    assert!(started.header("azure-asyncoperation").is_some());
    assert_eq!(started.body["properties"].get("fqdn"), None);
    scene.pass(6 * 60 + 59).await;
    assert_eq!(scene.follow(&started).await.body["status"], "InProgress");
    scene.pass(1).await;
    assert_eq!(scene.follow(&started).await.body["status"], "Succeeded");
    let cluster = scene.get(green).await.body;
    let properties = &cluster["properties"];
    let fqdn = properties["fqdn"].as_str().unwrap();
    assert!(fqdn.starts_with("shop-") && fqdn.ends_with(".hcp.westeurope.azmk8s.io"), "{fqdn}");
    assert_eq!(fqdn.split('.').next().unwrap().len(), "shop-".len() + 8);
    assert_eq!(properties["currentKubernetesVersion"], "1.34.2");
    assert_eq!(properties["powerState"]["code"], "Running");
    assert_eq!(properties["nodeResourceGroup"], "MC_rg-shop_aks-green_westeurope");
    assert!(properties["oidcIssuerProfile"]["issuerURL"].as_str().unwrap().starts_with("https://westeurope.oic."));
    assert!(properties["networkProfile"]["loadBalancerProfile"]["effectiveOutboundIPs"][0]["id"].is_string());
    assert_eq!(properties["identityProfile"]["kubeletidentity"]["resourceId"], scene.article.kubelet_identity);
    let pool = &properties["agentPoolProfiles"][0];
    assert_eq!(pool["provisioningState"], "Succeeded");
    assert_eq!(pool["currentOrchestratorVersion"], "1.34.2");
    assert!(pool["nodeImageVersion"].is_string());
    assert_ne!(cluster["eTag"], started.body["eTag"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_of_every_field_keeps_every_field() {
    let scene = Scene::new();
    let mut body: Value = serde_json::from_str(include_str!("../../fixtures/cluster-maximal.json")).unwrap();
    body["location"] = "westeurope".into();
    body["properties"]["kubernetesVersion"] = "1.34.2".into();
    let pool = &mut body["properties"]["agentPoolProfiles"][0];
    (pool["name"], pool["vnetSubnetID"]) = ("system".into(), scene.article.green_subnet.clone().into());
    let started = scene.put(&scene.article.green, &body).await;
    assert_eq!(started.status, 201, "{started:?}");
    scene.ended(&started).await;
    let shown = scene.get(&scene.article.green).await.body;
    let lost = missing("", &body, &shown);
    let secrets = [
        "/properties/servicePrincipalProfile/secret",
        "/properties/windowsProfile/adminPassword",
        "/properties/aadProfile/serverAppSecret",
    ];
    // What only the service writes is not taken from a caller.
    let computed = ["/properties/privateFQDN", "/properties/status", "/properties/agentPoolProfiles/0/status"];
    let expected: std::collections::BTreeSet<_> = secrets.into_iter().chain(computed).collect();
    assert_eq!(lost.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), expected);
}

/// The paths of `wanted` that `shown` lacks.
fn missing(path: &str, wanted: &Value, shown: &Value) -> Vec<String> {
    match (wanted, shown) {
        (Value::Object(wanted), Value::Object(shown)) => {
            let below = |(name, value): (&String, &Value)| match shown.get(name) {
                Some(shown) => missing(&format!("{path}/{name}"), value, shown),
                None => vec![format!("{path}/{name}")],
            };
            wanted.iter().flat_map(below).collect()
        }
        (Value::Array(wanted), Value::Array(shown)) => {
            let below = |(at, value)| missing(&format!("{path}/{at}"), value, shown.get(at).unwrap_or(&Value::Null));
            wanted.iter().enumerate().flat_map(below).collect()
        }
        (Value::Object(_) | Value::Array(_), _) => vec![path.into()],
        _ => vec![],
    }
}

#[tokio::test(start_paused = true)]
async fn if_none_match_never_touches_a_cluster_that_exists() {
    let scene = Scene::new();
    let only_new = [("if-none-match", "*")];
    let said = scene.call(Method::PUT, &scene.article.blue, &only_new, Some(&scene.green_body())).await;
    assert_eq!((said.status, said.code()), (412, "PreconditionFailed"));
    let said = scene.call(Method::PUT, &scene.article.green, &only_new, Some(&scene.green_body())).await;
    assert_eq!(said.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_stale_etag_is_refused_by_put_patch_and_delete() {
    let scene = Scene::new();
    let blue = &scene.article.blue;
    let body = scene.get(blue).await.body;
    let tags = json!({"tags": {"run": "7"}});
    for (method, body) in [(Method::PUT, Some(&body)), (Method::PATCH, Some(&tags)), (Method::DELETE, None)] {
        let said = scene.call(method.clone(), blue, &[("if-match", "stale")], body).await;
        assert_eq!((said.status, said.code()), (412, "PreconditionFailed"), "{method}");
    }
    let etag = body["eTag"].as_str().unwrap();
    let said = scene.call(Method::PATCH, blue, &[("if-match", etag)], Some(&tags)).await;
    assert_eq!((said.status, &said.body["tags"]["run"]), (200, &json!("7")));
    assert_ne!(said.body["eTag"], etag);
    let said = scene.call(Method::PUT, &scene.article.green, &[("if-match", etag)], Some(&body)).await;
    assert_eq!(said.status, 412, "nothing there to match");
}

#[tokio::test(start_paused = true)]
async fn a_busy_cluster_takes_no_second_operation() {
    let scene = Scene::new();
    let green = &scene.article.green;
    scene.put(green, &scene.green_body()).await;
    for said in [
        scene.put(green, &scene.green_body()).await,
        scene.delete(green).await,
        scene.post(&format!("{green}/stop")).await,
    ] {
        assert_eq!((said.status, said.code()), (409, "OperationNotAllowed"));
        assert!(said.message().starts_with("Operation is not allowed: Another operation (Creating) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_offered_is_refused() {
    let scene = Scene::new();
    scene
        .azure
        .world()
        .resource_manager
        .offer("West Europe", vec![Version::stable("1.33.5"), Version::stable("1.34.1")]);
    let mut body = scene.green_body();
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, said.code()), (400, "K8sVersionNotSupported"));
    assert!(said.message().contains("aks-green is on version 1.34.2 which is not supported in this region"));
    body["properties"]["kubernetesVersion"] = "newest".into();
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, said.code()), (400, "InvalidParameter"));
    body["properties"]["kubernetesVersion"] = "1.34".into();
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, &said.body["properties"]["kubernetesVersion"]), (201, &json!("1.34.1")));
}

#[tokio::test(start_paused = true)]
async fn an_empty_version_means_the_default() {
    let scene = Scene::new();
    let mut body = scene.green_body();
    body["properties"]["kubernetesVersion"] = "".into();
    body["properties"]["agentPoolProfiles"][0]["orchestratorVersion"] = "".into();
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, &said.body["properties"]["kubernetesVersion"]), (201, &json!("1.34.2")));
    assert_eq!(said.body["properties"]["agentPoolProfiles"][0]["orchestratorVersion"], "1.34.2");
}

#[tokio::test(start_paused = true)]
async fn a_subnet_must_exist_and_have_room() {
    let scene = Scene::new();
    let mut body = scene.green_body();
    body["properties"]["agentPoolProfiles"][0]["vnetSubnetID"] =
        format!("{}/subnets/red", scene.article.network).into();
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, said.code()), (400, "GetSubnetError"));
    assert!(said.message().starts_with("Could not find subnet red in vnet vnet-shop from resource group rg-shop"));
    let pool = &mut body["properties"]["agentPoolProfiles"][0];
    pool["vnetSubnetID"] = scene.article.gateway_subnet.clone().into();
    (pool["count"], pool["maxPods"]) = (5.into(), 100.into());
    let said = scene.put(&scene.article.green, &body).await;
    assert_eq!((said.status, said.code()), (400, "InsufficientSubnetSize"));
    assert_eq!(said.message(), "Pre-allocated IPs 505 exceeds IPs available in Subnet 251");
}

#[tokio::test(start_paused = true)]
async fn a_region_lists_what_it_offers() {
    let scene = Scene::new();
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions",
        scene.article.subscription
    );
    let said = scene.get(&id).await;
    let minors: Vec<_> =
        said.body["values"].as_array().unwrap().iter().map(|minor| minor["version"].as_str().unwrap()).collect();
    assert_eq!(minors, ["1.36", "1.35", "1.34", "1.33"]);
    assert_eq!(said.body["values"][0]["isPreview"], true);
    assert_eq!(said.body["values"][2]["isDefault"], true);
    assert_eq!(said.body["values"][2]["patchVersions"]["1.34.1"]["upgrades"], json!(["1.34.2", "1.35.0", "1.35.1"]));
    let profile = scene.get(&format!("{}/upgradeProfiles/default", scene.article.blue)).await.body;
    let upgrades = profile["properties"]["controlPlaneProfile"]["upgrades"].as_array().unwrap();
    assert_eq!(
        upgrades.iter().map(|one| one["kubernetesVersion"].as_str().unwrap()).collect::<Vec<_>>(),
        ["1.33.6", "1.34.1", "1.34.2"]
    );
}

#[tokio::test(start_paused = true)]
async fn clusters_are_listed_in_group_and_subscription() {
    let scene = Scene::new();
    scene.put(&scene.article.green, &scene.green_body()).await;
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    for scope in [format!("{subscription}/resourceGroups/RG-SHOP"), subscription] {
        let said = scene.get(&format!("{scope}/providers/microsoft.containerservice/managedclusters")).await;
        let names: Vec<_> =
            said.body["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["aks-blue", "aks-green"]);
    }
}
