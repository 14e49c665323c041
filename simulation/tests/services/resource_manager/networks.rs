//! Networks, addresses, identities, quota, groups.
use super::scene::Scene;
use http::Method;
use serde_json::json;
use simulated_azure::article::Options;

#[tokio::test(start_paused = true)]
async fn a_subnet_lists_the_addresses_that_the_nodes_and_their_pods_hold() {
    let scene = Scene::new();
    let subnet = scene.get(&scene.article.blue_subnet).await.body;
    assert_eq!(subnet["properties"]["addressPrefix"], "10.1.0.0/20");
    assert_eq!(subnet["properties"]["ipConfigurations"].as_array().unwrap().len(), 3 * 31);
    assert_eq!(scene.get(&scene.article.green_subnet).await.body["properties"].get("ipConfigurations"), None);
    let network = scene.get(&scene.article.network).await.body;
    let names: Vec<_> =
        network["properties"]["subnets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["blue", "gateway", "green"]);
}

#[tokio::test(start_paused = true)]
async fn with_overlay_only_the_nodes_hold_addresses() {
    let scene = Scene::with(&Options { overlay: true, ..Options::default() });
    let subnet = scene.get(&scene.article.blue_subnet).await.body;
    assert_eq!(subnet["properties"]["ipConfigurations"].as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn anything_can_be_put_and_got_with_its_unknown_fields() {
    let scene = Scene::new();
    let id = scene.article.public_address.replace("publicIPAddresses/pip-shop", "natGateways/nat");
    let said = scene.put(&id, &json!({"location": "westeurope", "properties": {"nat64": "None", "future": [1]}})).await;
    assert_eq!(
        (said.status, &said.body["name"], &said.body["properties"]["future"]),
        (201, &json!("nat"), &json!([1]))
    );
    assert_eq!(said.body["properties"]["provisioningState"], "Succeeded");
    let said = scene.call(Method::PATCH, &id, &[], Some(&json!({"tags": {"a": "b"}}))).await;
    assert_eq!((said.status, &said.body["tags"]["a"]), (200, &json!("b")));
    assert_eq!(scene.delete(&id).await.status, 200);
    assert_eq!(scene.get(&id).await.status, 404);
    assert_eq!(scene.delete(&id).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_child_needs_its_parent() {
    let scene = Scene::new();
    let id = format!("{}x/subnets/a", scene.article.network);
    let said = scene.put(&id, &json!({"properties": {"addressPrefix": "10.7.0.0/24"}})).await;
    assert_eq!((said.status, said.code()), (404, "ParentResourceNotFound"));
}

#[tokio::test(start_paused = true)]
async fn identities_and_addresses_get_what_azure_gives_them() {
    let scene = Scene::new();
    let identity = scene.get(&scene.article.kubelet_identity).await.body;
    assert!(identity["properties"]["principalId"].is_string() && identity["properties"]["clientId"].is_string());
    let blue = scene.get(&scene.article.blue).await.body;
    let control = scene.get(&scene.article.control_plane_identity).await.body;
    let users = &blue["identity"]["userAssignedIdentities"][&scene.article.control_plane_identity];
    assert_eq!(users["principalId"], control["properties"]["principalId"]);
    let address = scene.get(&scene.article.public_address).await.body;
    assert!(address["properties"]["ipAddress"].as_str().unwrap().parse::<std::net::IpAddr>().is_ok());
}

#[tokio::test(start_paused = true)]
async fn quota_is_what_the_test_sets() {
    let scene = Scene::new();
    scene.azure.world().resource_manager.set_usage("Microsoft.Compute", "westeurope", "cores", 95, 100);
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.Compute/locations/WestEurope/usages",
        scene.article.subscription
    );
    let usages = scene.get(&id).await.body;
    let cores = usages["value"].as_array().unwrap().iter().find(|usage| usage["name"]["value"] == "cores").unwrap();
    assert_eq!((&cores["currentValue"], &cores["limit"]), (&json!(95), &json!(100)));
    let network = scene.get(&id.replace("Compute", "Network")).await.body;
    assert!(!network["value"].as_array().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn groups_and_providers_are_shown() {
    let scene = Scene::new();
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    let group = scene.get(&format!("{subscription}/resourcegroups/RG-shop")).await.body;
    assert_eq!((&group["name"], &group["location"]), (&json!("rg-shop"), &json!("westeurope")));
    let made = scene.put(&format!("{subscription}/resourceGroups/other"), &json!({"location": "westeurope"})).await;
    assert_eq!(made.status, 201);
    let groups = scene.get(&format!("{subscription}/resourceGroups")).await.body;
    assert_eq!(groups["value"].as_array().unwrap().len(), 2);
    let provider = scene.get(&format!("{subscription}/providers/Microsoft.ContainerService")).await.body;
    assert_eq!(provider["resourceTypes"][0]["apiVersions"][0], "2026-08-01");
}
