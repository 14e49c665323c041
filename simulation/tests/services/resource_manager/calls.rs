//! What every call goes through: authentication, versions, rights, ids, and the operations' URLs.
use super::scene::Scene;
use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use simulated_azure::Cloud;
use simulated_azure::article::Options;

#[tokio::test(start_paused = true)]
async fn a_call_without_a_token_is_challenged() {
    let scene = Scene::new();
    let url = format!("https://management.azure.com{}?api-version=2026-03-01", scene.article.gateway);
    let said = scene.send(Request::get(url).body(Body::empty()).unwrap()).await;
    assert_eq!((said.status, said.code()), (401, "AuthenticationFailed"));
    assert!(said.header("www-authenticate").unwrap().starts_with("Bearer authorization_uri="));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_api_version_is_refused() {
    let scene = Scene::new();
    let said = scene.get(&format!("https://management.azure.com{}", scene.article.gateway)).await;
    assert_eq!((said.status, said.code()), (400, "MissingApiVersionParameter"));
}

#[tokio::test(start_paused = true)]
async fn any_api_version_and_any_casing_finds_the_resource_as_it_was_first_written() {
    let scene = Scene::new();
    let url = format!(
        "https://management.azure.com/{}?API-VERSION=1999-01-01",
        scene.article.blue.to_uppercase().replace("SUBSCRIPTIONS", "subscriptions")
    );
    let said = scene.get(&url).await;
    assert_eq!(said.status, 200);
    assert_eq!(said.body["id"], scene.article.blue);
    assert_eq!(said.body["type"], "Microsoft.ContainerService/managedClusters");
}

#[tokio::test(start_paused = true)]
async fn every_answer_can_be_found_again_and_echoes_the_correlation() {
    let scene = Scene::new();
    let id = scene.article.gateway.clone();
    let said = scene.call(Method::GET, &id, &[("x-ms-correlation-request-id", "upgrade-7")], None).await;
    assert_eq!(said.header("x-ms-correlation-request-id"), Some("upgrade-7"));
    let other = scene.get(&format!("{id}x")).await;
    assert_eq!(other.status, 404);
    assert_ne!(said.header("x-ms-request-id").unwrap(), other.header("x-ms-request-id").unwrap());
    assert!(other.header("x-ms-routing-request-id").is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_named() {
    let scene = Scene::new();
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    for (id, code) in [
        (format!("{}x", scene.article.gateway), "ResourceNotFound"),
        (format!("{}x", scene.article.blue), "ResourceNotFound"),
        (scene.article.gateway.replace("rg-shop", "rg-other"), "ResourceGroupNotFound"),
        (format!("{subscription}/resourceGroups/rg-other"), "ResourceGroupNotFound"),
        (scene.article.gateway.replace("33333333", "99999999"), "SubscriptionNotFound"),
        ("/nothing/here".into(), "MissingSubscription"),
    ] {
        let said = scene.get(&id).await;
        assert_eq!((said.status, said.code()), (404, code), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_a_gateway_cannot_be_written_alone() {
    let scene = Scene::new();
    let id = format!("{}/backendAddressPools/live", scene.article.gateway);
    let said = scene.put(&id, &json!({"properties": {"backendAddresses": []}})).await;
    assert_eq!(said.status, 405);
}

#[tokio::test(start_paused = true)]
async fn whoever_lacks_a_right_is_told_which() {
    let scene = Scene::new();
    let may = ["microsoft.network/*/READ".into(), "Microsoft.ContainerService/managedClusters/write".into()];
    scene.azure.world().resource_manager.allow_only(may.into());
    assert_eq!(scene.get(&scene.article.gateway).await.status, 200);
    let started = scene.put(&scene.article.green, &scene.green_body()).await;
    assert_eq!(started.status, 201);
    let followed = scene.follow(&started).await;
    assert_eq!((followed.status, followed.code()), (403, "AuthorizationFailed"));
    assert!(followed.message().contains("'Microsoft.ContainerService/locations/operations/read'"), "{followed:?}");
    let said = scene.post(&format!("{}/backendhealth", scene.article.gateway)).await;
    assert!(said.message().contains("'Microsoft.Network/applicationGateways/backendhealth/action'"), "{said:?}");
    assert!(said.message().contains(&format!("over scope '{}'", scene.article.gateway)), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn rights_on_a_group_do_not_reach_the_operations_of_what_is_in_it() {
    let scene = Scene::new();
    let (subscription, group) = (&scene.article.subscription, &scene.article.resource_group);
    let group = format!("/subscriptions/{subscription}/resourceGroups/{}", group.to_uppercase());
    scene.azure.world().resource_manager.allow_only_at(vec![(group.clone(), vec!["*".into()])]);
    let started = scene.put(&scene.article.green, &scene.green_body()).await;
    assert_eq!(started.status, 201);
    assert_eq!(scene.follow(&started).await.code(), "AuthorizationFailed");
    let neighbour = format!("{group}-2/providers/Microsoft.Network/virtualNetworks/other");
    assert_eq!(scene.get(&neighbour).await.code(), "AuthorizationFailed", "a name that only begins alike");
    let location = format!("/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations");
    scene
        .azure
        .world()
        .resource_manager
        .allow_only_at(vec![(group, vec!["*".into()]), (location, vec!["*/read".into()])]);
    assert_eq!(scene.follow(&started).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn every_call_is_recorded_with_the_action_that_it_needs() {
    let scene = Scene::new();
    let article = &scene.article;
    let regional =
        format!("/subscriptions/{}/providers/Microsoft.ContainerService/locations/westeurope", article.subscription);
    scene.get(&format!("{regional}/kubernetesVersions")).await;
    scene.get(&format!("{regional}/usages")).await;
    scene.post(&format!("{}/listClusterUserCredential", article.blue.to_lowercase())).await;
    scene.get(&format!("{}/agentPools/system", article.blue)).await;
    scene.delete(&article.green).await;
    scene.get(&format!("{}/providers/Microsoft.Authorization/locks", article.gateway)).await;
    scene.get(&article.blue_subnet).await;
    scene.get(&format!("/subscriptions/{}/providers/Microsoft.Network", article.subscription)).await;
    let health = scene.post(&format!("{}/backendhealth", article.gateway)).await;
    scene.follow(&health).await;
    let actions: Vec<_> = scene.azure.world().calls.iter().map(|call| call.action.clone().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "Microsoft.ContainerService/locations/kubernetesversions/read",
            "Microsoft.ContainerService/locations/usages/read",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/agentPools/read",
            "Microsoft.ContainerService/managedClusters/delete",
            "Microsoft.Authorization/locks/read",
            "Microsoft.Network/virtualNetworks/subnets/read",
            "Microsoft.Resources/subscriptions/providers/read",
            "Microsoft.Network/applicationGateways/backendhealth/action",
            "Microsoft.Network/locations/operationresults/read",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_forgotten_after_a_day() {
    let scene = Scene::new();
    let started = scene.delete(&scene.article.blue).await;
    let ended = scene.ended(&started).await;
    assert_eq!(ended.body["status"], "Succeeded");
    assert!(ended.body["endTime"].is_string());
    scene.pass(24 * 3600 + 10).await;
    assert_eq!(scene.follow(&started).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn retry_after_can_be_set_and_can_be_missing() {
    let scene = Scene::new();
    scene.azure.world().resource_manager.timings.retry_after = Some(17);
    let started = scene.put(&scene.article.green, &scene.green_body()).await;
    assert_eq!(started.header("retry-after"), Some("17"));
    assert_eq!(scene.follow(&started).await.header("retry-after"), Some("17"));
    scene.azure.world().resource_manager.timings.retry_after = None;
    assert_eq!(scene.follow(&started).await.header("retry-after"), None);
}

#[tokio::test(start_paused = true)]
async fn a_china_call_is_sent_back_to_the_china_host() {
    let scene = Scene::with(&Options { cloud: Cloud::China, ..Options::default() });
    let url = format!("https://management.chinacloudapi.cn{}?api-version=1", scene.article.blue);
    let started = scene.call(Method::DELETE, &url, &[], None).await;
    let follow = started.header("azure-asyncoperation").unwrap();
    assert!(follow.starts_with("https://management.chinacloudapi.cn/subscriptions/"), "{follow}");
    assert_eq!(scene.follow(&started).await.body["status"], "InProgress");
}

#[tokio::test(start_paused = true)]
async fn of_many_calls_the_latest_are_kept_and_all_are_counted() {
    let scene = Scene::new();
    scene.azure.world().most_calls_kept = Some(4);
    for number in 0..20 {
        scene.get(&format!("/subscriptions/{}/providers/Number{number}", scene.article.subscription)).await;
    }
    let world = scene.azure.world();
    assert_eq!(world.call_count, 20);
    assert!((4..=8).contains(&world.calls.len()), "{}", world.calls.len());
    assert!(world.calls.last().unwrap().path.contains("Number19"));
}
