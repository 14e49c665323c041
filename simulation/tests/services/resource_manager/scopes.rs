//! Subscriptions, groups and the lists across providers, as the Azure CLI asks for them.
use super::scene::Scene;
use http::Method;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_group_is_made_found_and_deleted_when_it_is_empty() {
    let scene = Scene::new();
    let group = format!("/subscriptions/{}/resourceGroups/rg-new", scene.article.subscription);
    assert_eq!(scene.call(Method::HEAD, &group, &[], None).await.status, 404);
    assert_eq!(scene.put(&group, &json!({"location": "westeurope"})).await.status, 201);
    assert_eq!(scene.call(Method::HEAD, &group, &[], None).await.status, 204);
    assert_eq!(scene.delete(&group).await.status, 200);
    let said = scene.delete(&group).await;
    assert_eq!((said.status, said.code()), (404, "ResourceGroupNotFound"));
    let said = scene.delete(&group.replace("rg-new", "rg-shop")).await;
    assert_eq!((said.status, said.code()), (409, "ResourceGroupNotEmpty"));
    assert_eq!(scene.get(&scene.article.gateway).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn lists_across_providers_show_what_is_there() {
    let scene = Scene::new();
    let subscription = format!("/subscriptions/{}", scene.article.subscription);
    for scope in [subscription.clone(), format!("{subscription}/RESOURCEGROUPS/rg-shop")] {
        let said = scene.get(&format!("{scope}/resources")).await;
        let all = said.body["value"].as_array().unwrap();
        let gateway = all.iter().find(|one| one["id"] == *scene.article.gateway).unwrap();
        assert_eq!((&gateway["location"], gateway.get("properties")), (&json!("westeurope"), None));
        assert!(all.iter().all(|one| one["type"] != "Microsoft.Network/virtualNetworks/subnets"), "{all:?}");
    }
    let providers = scene.get(&format!("{subscription}/providers")).await;
    assert!(providers.body["value"].as_array().unwrap().iter().all(|one| one["registrationState"] == "Registered"));
    let locations = scene.get(&format!("{subscription}/locations")).await;
    assert_eq!(locations.body["value"][0]["name"], "westeurope");
    let said = scene.get(&format!("{subscription}/nothing")).await;
    assert_eq!((said.status, said.code()), (404, "InvalidResourceType"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_an_identity_shows_no_service_principal() {
    let scene = Scene::new();
    let said = scene.get(&scene.article.blue).await;
    assert_eq!(said.body["properties"]["servicePrincipalProfile"], json!({"clientId": "msi"}));
}

#[tokio::test(start_paused = true)]
async fn a_list_across_providers_is_filtered_and_holds_no_roles() {
    let scene = Scene::new();
    let all = format!("/subscriptions/{}/resources", scene.article.subscription);
    let assignment = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/0a1b2c3d-0000-4000-8000-000000000001",
        scene.article.gateway
    );
    assert_eq!(
        scene
            .put(&assignment, &json!({"properties": {"roleDefinitionId": "/definition", "principalId": "we"}}))
            .await
            .status,
        201
    );
    let found = async |query: &str| {
        let said = scene.get(&format!("{all}?{query}")).await;
        let all = said.body["value"].as_array().unwrap_or_else(|| panic!("{query}: {said:?}")).clone();
        assert!(all.iter().all(|one| one["type"] != "Microsoft.Authorization/roleAssignments"), "{all:?}");
        all
    };
    let everything = found("a=b").await.len();
    assert!(everything > 4, "{everything}");
    assert_eq!(found("$filter=resourceGroup%20eq%20'RG-SHOP'").await.len(), everything);
    assert_eq!(found("$filter=resourceGroup%20eq%20'rg-other'").await.len(), 0);
    let kind = "resourceType%20eq%20'microsoft.network/applicationGateways'";
    let one = found(&format!("$filter=resourceGroup%20eq%20'rg-shop'%20and%20{kind}&$expand=provisioningState")).await;
    assert_eq!((one.len(), &one[0]["provisioningState"]), (1, &json!("Succeeded")));
    let said = scene.get(&format!("{all}?$filter=tagName%20eq%20'a'")).await;
    assert_eq!((said.status, said.code()), (400, "InvalidFilterInQueryString"));
}
