//! What each service answers at its door, and which URLs its answers carry.
use crate::caller::House;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::time::Duration;

fn header<'answer>(answer: &'answer http::Response<bytes::Bytes>, name: &str) -> &'answer str {
    answer.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn a_door_takes_tls_and_plain_http() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    assert!(base.starts_with("https://localhost:"), "{base}");
    for base in [base.clone(), base.replace("https", "http"), base.replace("localhost", "127.0.0.1")] {
        let (status, said) = house.get(&format!("{base}//metadata/endpoints?api-version=2022-09-01")).await;
        assert_eq!((status, &said["resourceManager"]), (200, &json!(format!("{base}/"))));
        assert_eq!(said["authentication"]["loginEndpoint"], *house.doors.endpoints.login.authority);
        let (_, list) = house.get(&format!("{base}/metadata/endpoints?api-version=2019-05-01")).await;
        assert_eq!(list, json!([said]));
    }
}

#[tokio::test]
async fn an_operation_is_followed_through_the_door() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let gateway = format!("{base}{}?api-version=2026-03-01", house.article.gateway);
    let (_, body) = house.get(&gateway).await;
    let answer = house.ask("PUT", &gateway, &body.to_string()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let operation = header(&answer, "azure-asyncoperation").to_owned();
    assert!(operation.starts_with(&format!("{base}/subscriptions/")), "{operation}");
    loop {
        let (status, said) = house.get(&operation).await;
        assert_eq!(status, 200);
        if said["status"] == "Succeeded" {
            break;
        }
        assert_eq!(said["status"], "InProgress");
    }
    let health = format!("{base}{}/backendhealth?api-version=2026-03-01", house.article.gateway);
    let mut answer = house.ask("POST", &health, "").await.unwrap();
    while answer.status() == 202 {
        let location = header(&answer, "location").to_owned();
        assert!(location.starts_with(&format!("{base}/subscriptions/")), "{location}");
        answer = house.ask("GET", &location, "").await.unwrap();
    }
    let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert!(said["backendAddressPools"].is_array(), "{said}");
}

#[tokio::test]
async fn tenants_and_subscriptions_are_listed() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let (_, tenants) = house.get(&format!("{base}/tenants?api-version=2022-12-01")).await;
    let (_, subscriptions) = house.get(&format!("{base}/subscriptions?api-version=2022-12-01")).await;
    assert_eq!(tenants["value"][0]["tenantId"], *house.doors.endpoints.login.tenant);
    assert_eq!(subscriptions["value"][0]["subscriptionId"], *house.article.subscription);
}

#[tokio::test]
async fn entra_answers_for_its_own_door() {
    let house = House::open().await;
    let login = &house.doors.endpoints.login.authority;
    let (_, said) = house.get(&format!("{login}/t/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(said["token_endpoint"], format!("{login}/t/oauth2/v2.0/token"));
    let identity = &house.doors.endpoints.identity;
    let asked = format!("{}?api-version=2019-08-01&resource=r&client_id={}", identity.endpoint, identity.client_id);
    let (status, said) = house.get(&asked).await;
    assert_eq!((status, said["token_type"].as_str()), (200, Some("Bearer")));
}

#[tokio::test]
async fn accounts_are_in_the_path_of_the_blobs_door() {
    let house = House::open().await;
    let service = &house.doors.endpoints.blobs.service;
    house.azure.world().blobs.put("bluegreen", "runs", "a/b.json", b"{}", house.azure.clock().now());
    let (status, said) = house.get(&format!("{service}/runs/a%2Fb.json")).await;
    assert_eq!((status, said), (200, json!({})));
    let listed = house.ask("GET", &format!("{service}/runs?restype=container&comp=list"), "").await.unwrap();
    let text = String::from_utf8(listed.body().to_vec()).unwrap();
    assert!(text.contains(&format!("ServiceEndpoint=\"{service}/\"")), "{text}");
    let (status, said) = house.get(&service.replace("/bluegreen", "/No.Account/x")).await;
    assert_eq!((status, said["error"]["code"].as_str()), (404, Some("NotFound")));
}

#[tokio::test]
async fn a_message_goes_in_and_out_by_rest() {
    let house = House::open().await;
    house.azure.world().service_bus.add_queue("requests", Default::default());
    let queue = format!("https://{}/requests/messages", house.doors.endpoints.service_bus.rest);
    assert_eq!(house.ask("POST", &queue, "hello").await.unwrap().status(), 201);
    let given = house.ask("POST", &format!("{queue}/head"), "").await.unwrap();
    assert_eq!((given.status().as_u16(), given.body().as_ref()), (201, b"hello".as_ref()));
    let lock = header(&given, "location").to_owned();
    assert!(lock.starts_with(&queue), "{lock}");
    assert_eq!(house.ask("DELETE", &lock, "").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_signature_is_good_as_long_as_the_callers_clock_says_so() {
    let house = House::open().await;
    house.azure.world().service_bus.add_queue("requests", Default::default());
    let policy = "RootManageSharedAccessKey";
    let key = house.azure.world().service_bus.shared_access_keys[policy].clone();
    let rest = house.doors.endpoints.service_bus.rest.clone();
    let resource = format!("https%3A%2F%2F{}", rest.replace(':', "%3A"));
    let clock = house.azure.clock();
    let good_until = |seconds: i64| {
        let expiry = clock.began().as_second() + seconds;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes()).replace('+', "%2B").replace('=', "%3D");
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={policy}")
    };
    let queue = format!("https://{rest}/requests/messages");
    let send = async |token: String| house.ask_with(&token, "POST", &queue, "hello").await.unwrap().status().as_u16();
    assert_eq!(send(good_until(0)).await, 401);
    // In the world the hour is over after four seconds; for the caller it has hardly begun.
    clock.sleep(Duration::from_secs(3601)).await;
    assert_eq!(send(good_until(3600)).await, 201);
}

#[tokio::test]
async fn what_an_app_is_published_at_is_a_door_that_takes_no_package() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg-shop/providers/Microsoft.Web/sites/app",
        house.article.subscription
    );
    let app = format!("{base}{id}?api-version=2025-03-01");
    assert_eq!(house.ask("PUT", &app, "{\"location\": \"westeurope\"}").await.unwrap().status(), 201);
    let (_, said) = house.get(&app).await;
    let publishing = said["properties"]["hostNameSslStates"][1]["name"].as_str().unwrap();
    assert_eq!(format!("https://{publishing}"), format!("{base}/scm/app"));
    // Larger than what Resource Manager itself takes.
    let package = "x".repeat(9 * 1024 * 1024);
    let answer = house.ask("POST", &format!("{base}/scm/app/api/publish?RemoteBuild=false"), &package).await.unwrap();
    assert_eq!(answer.status(), 501);
    let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(said["error"]["code"], "PublishingNotSimulated");
    assert!(said["error"]["message"].as_str().unwrap().contains("publishes no packages"), "{said}");
    let answer = house.ask("GET", &format!("{base}/scm/a.b/api"), "").await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn the_directory_is_asked_here_and_shows_nothing() {
    let house = House::open().await;
    let base = &house.doors.endpoints.resource_manager;
    let (_, cloud) = house.get(&format!("{base}/metadata/endpoints?api-version=2022-09-01")).await;
    let graph = cloud["microsoftGraphResourceId"].as_str().unwrap();
    assert_eq!(graph, format!("{}/", house.doors.endpoints.login.authority));
    let (status, said) = house.get(&format!("{graph}v1.0/servicePrincipals")).await;
    assert_eq!((status, said["error"]["code"].as_str()), (403, Some("Authorization_RequestDenied")));
}
