//! A gateway's whole-object PUT: what is kept, what is filled in, what is refused, when it takes effect.
use super::scene::Scene;
use http::Method;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_write_keeps_every_field_of_a_maximal_gateway() {
    let scene = Scene::new();
    let id = scene.article.gateway.replace("gw-shop", "gw-maximal");
    let mut body: Value = serde_json::from_str(include_str!("../../fixtures/gateway-maximal.json")).unwrap();
    body["location"] = "westeurope".into();
    let started = scene.put(&id, &body).await;
    assert_eq!(started.status, 201, "{started:?}");
    scene.ended(&started).await;
    let first = scene.get(&id).await.body;
    let started = scene.put(&id, &first).await;
    assert_eq!(started.status, 200);
    scene.ended(&started).await;
    assert_eq!(without_states(&scene.get(&id).await.body), without_states(&first));
    // The private part of a certificate goes in and never comes out; everything else is there.
    let (sent, shown) = (leaves("", &body), leaves("", &first));
    let lost: Vec<_> = sent.difference(&shown).collect();
    let secrets =
        ["/properties/sslCertificates/0/properties/data", "/properties/sslCertificates/0/properties/password"];
    assert_eq!(lost, secrets);
    assert!(sent.len() > 800, "{}", sent.len());
}

fn leaves(path: &str, value: &Value) -> std::collections::BTreeSet<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| leaves(&format!("{path}/{name}"), value)).collect()
        }
        Value::Array(values) => {
            values.iter().enumerate().flat_map(|(at, value)| leaves(&format!("{path}/{at}"), value)).collect()
        }
        _ => [path.to_owned()].into(),
    }
}

fn without_states(body: &Value) -> Value {
    let text = body.to_string();
    let etag = body["etag"].to_string();
    serde_json::from_str(&text.replace(&etag, "null")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn parts_get_id_etag_and_state() {
    let scene = Scene::new();
    let body = scene.get(&scene.article.gateway).await.body;
    let pool = &body["properties"]["backendAddressPools"][0];
    assert_eq!(pool["id"], format!("{}/backendAddressPools/live", scene.article.gateway));
    assert_eq!(pool["type"], "Microsoft.Network/applicationGateways/backendAddressPools");
    assert_eq!(pool["etag"], body["etag"]);
    assert_eq!(pool["properties"]["provisioningState"], "Succeeded");
    let rule = &body["properties"]["urlPathMaps"][0]["properties"]["pathRules"][0];
    assert_eq!(rule["id"], format!("{}/urlPathMaps/payments/pathRules/shop-api", scene.article.gateway));
    assert!(body["properties"]["resourceGuid"].is_string());
    assert_eq!(body["properties"]["operationalState"], "Running");
    assert_eq!(body["properties"]["aSettingOfNextYear"], json!({"keep": ["me", 1, 2.5, null]}));
}

pub fn with_live_members(mut body: Value, members: &[&str]) -> Value {
    let members: Vec<_> = members.iter().map(|address| json!({"ipAddress": address})).collect();
    body["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"] = members.into();
    body
}

#[tokio::test(start_paused = true)]
async fn the_body_shows_at_once_and_members_serve_after_the_operation() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let before = scene.get(gateway).await.body;
    let started = scene.put(gateway, &with_live_members(before.clone(), &["10.1.31.1"])).await;
    assert_eq!((started.status, &started.body["properties"]["provisioningState"]), (200, &json!("Updating")));
    assert_eq!(started.header("location"), None);
    let shown = scene.get(gateway).await.body;
    assert_eq!(
        shown["properties"]["backendAddressPools"][0]["properties"]["backendAddresses"][0]["ipAddress"],
        "10.1.31.1"
    );
    assert_eq!(scene.live_members().await, scene.article.blue_addresses);
    scene.pass(6).await;
    let lying = scene.get(gateway).await.body;
    assert_eq!(lying["properties"]["provisioningState"], "Succeeded", "though the operation runs");
    assert_eq!(scene.follow(&started).await.body["status"], "InProgress");
    scene.pass(34).await;
    assert_eq!(scene.follow(&started).await.body["status"], "Succeeded");
    assert_eq!(scene.live_members().await, scene.article.blue_addresses, "and still not the instances");
    scene.pass(3).await;
    assert_eq!(scene.live_members().await, ["10.1.31.1"]);
    let etags = [&before, &shown, &scene.get(gateway).await.body].map(|body| body["etag"].to_string());
    assert!(etags[0] != etags[1] && etags[1] != etags[2], "{etags:?}");
}

#[tokio::test(start_paused = true)]
async fn if_match_is_ignored_unless_the_world_honours_it() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let body = scene.get(gateway).await.body;
    let stale = [("if-match", "W/\"stale\"")];
    assert_eq!(scene.call(Method::PUT, gateway, &stale, Some(&body)).await.status, 200);
    scene.azure.world().resource_manager.honour_if_match = true;
    let said = scene.call(Method::PUT, gateway, &stale, Some(&body)).await;
    assert_eq!((said.status, said.code()), (412, "PreconditionFailed"));
    let etag = scene.get(gateway).await.body["etag"].as_str().unwrap().to_owned();
    assert_eq!(scene.call(Method::PUT, gateway, &[("if-match", &etag)], Some(&body)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_nothing_and_a_name_twice_are_refused() {
    let scene = Scene::new();
    let body = scene.get(&scene.article.gateway).await.body;
    let mut dangling = body.clone();
    dangling["properties"]["backendAddressPools"].as_array_mut().unwrap().remove(0);
    let said = scene.put(&scene.article.gateway, &dangling).await;
    assert_eq!((said.status, said.code()), (400, "InvalidResourceReference"));
    let mut doubled = body.clone();
    let pools = doubled["properties"]["backendAddressPools"].as_array_mut().unwrap();
    pools.push(pools[0].clone());
    let said = scene.put(&scene.article.gateway, &doubled).await;
    assert_eq!((said.status, said.code()), (400, "DuplicateResourceName"));
    assert_eq!(scene.get(&scene.article.gateway).await.body, body, "a refused write changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_scripted_refusal_changes_nothing_and_is_used_up() {
    let scene = Scene::new();
    let code = "ApplicationGatewayWafConfigurationCannotBeChangedWithWafPolicy";
    scene.azure.world().resource_manager.refuse_next("PUT …/gw-shop", 400, code, "No.");
    let body = scene.get(&scene.article.gateway).await.body;
    let said = scene.put(&scene.article.gateway, &body).await;
    assert_eq!((said.status, said.code()), (400, code));
    assert_eq!(scene.put(&scene.article.gateway, &body).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_leaves_the_traffic_and_is_repaired_by_the_next() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    scene.azure.world().resource_manager.fail_next_operation(
        "PUT …/gw-shop",
        "InternalServerError",
        "An error occurred.",
    );
    let body = with_live_members(scene.get(gateway).await.body, &["10.1.31.1"]);
    let started = scene.put(gateway, &body).await;
    assert_eq!(scene.ended(&started).await.body["error"]["code"], "InternalServerError");
    assert_eq!(scene.get(gateway).await.body["properties"]["provisioningState"], "Failed");
    scene.pass(60).await;
    assert_eq!(scene.live_members().await, scene.article.blue_addresses);
    let started = scene.put(gateway, &body).await;
    scene.ended(&started).await;
    scene.pass(5).await;
    assert_eq!(scene.live_members().await, ["10.1.31.1"]);
    assert_eq!(scene.get(gateway).await.body["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn tags_are_patched_without_an_operation() {
    let scene = Scene::new();
    let tags = json!({"tags": {"mark": "r1/1"}, "properties": {"backendAddressPools": []}});
    let said = scene.call(Method::PATCH, &scene.article.gateway, &[], Some(&tags)).await;
    assert_eq!((said.status, said.header("azure-asyncoperation")), (200, None));
    assert_eq!(said.body["tags"], json!({"mark": "r1/1"}));
    assert_eq!(said.body["properties"]["backendAddressPools"].as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_starts_a_stopped_gateway() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    let stopped = scene.post(&format!("{gateway}/stop")).await;
    let busy = scene.put(gateway, &scene.get(gateway).await.body).await;
    assert_eq!((busy.status, busy.code()), (409, "AnotherOperationInProgress"));
    scene.ended(&stopped).await;
    let body = scene.get(gateway).await.body;
    assert_eq!(body["properties"]["operationalState"], "Stopped");
    let started = scene.put(gateway, &body).await;
    assert_eq!(started.body["properties"]["operationalState"], "Starting");
    scene.ended(&started).await;
    assert_eq!(scene.get(gateway).await.body["properties"]["operationalState"], "Running");
}

#[tokio::test(start_paused = true)]
async fn a_deaf_gateway_says_yes_and_changes_nothing() {
    let scene = Scene::new();
    let gateway = &scene.article.gateway;
    scene.azure.world().resource_manager.make_deaf(gateway, true);
    let started = scene.put(gateway, &with_live_members(scene.get(gateway).await.body, &["10.1.31.1"])).await;
    assert_eq!(scene.ended(&started).await.body["status"], "Succeeded");
    scene.pass(600).await;
    assert_eq!(scene.live_members().await, scene.article.blue_addresses);
}
