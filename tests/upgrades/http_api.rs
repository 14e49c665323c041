//! The HTTP API, in each mode in which the Functions host may pass a request on.
use crate::{ask, quick, story, until};
use axum::body::Body;
use bluegreen::functions::host::router;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Run;
use bluegreen::step::Step;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap()
}

/// A request with a function key, which the shop lets act, as whoever means to change something sends it.
pub fn request(method: &str, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("x-ms-client-principal-name", "alice");
    let request = request.header("content-type", "application/json").header("x-bluegreen-intent", "act");
    request.body(Body::from(body.to_owned())).unwrap()
}

/// The status and the body of an answer.
pub async fn read(answer: Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// A call as the deployed host makes it: proxied.
pub async fn call(shop: &Shop, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    read(shop.host.http(request(method, path, &body)).await).await
}

/// Calls, and expects this status and this text in the error.
async fn refused(shop: &Shop, method: &str, path: &str, body: Value, status: u16, why: &str) {
    let (came, answer) = call(shop, method, path, &body).await;
    let said = answer["error"].as_str().unwrap_or_default();
    assert!(came == status && said.contains(why), "{method} {path} {body}: {came} {answer}");
}

fn place(run: &Run) -> Value {
    json!({"run": run.id, "step": run.step, "stage": run.stage, "reason": "a test"})
}

#[test]
fn a_caller_lists_shows_and_starts() {
    story(|| async {
        let shop = open();
        let (status, empty) = call(&shop, "GET", "/upgrades", &Value::Null).await;
        assert_eq!((status, empty), (200, json!({"runs": [], "refusals": [], "waiting": []})));
        for (method, path, body, status, why) in [
            ("GET", "/upgrades/shop", Value::Null, 404, "the site shop has no run"),
            ("GET", "/upgrades/Shop!", Value::Null, 404, "1 to 40 lower-case letters"),
            ("POST", "/upgrades/Shop!", json!({}), 404, "1 to 40 lower-case letters"),
            ("GET", "/upgrades/shop/pause", Value::Null, 404, "expected GET /upgrades, GET /upgrades/<site>"),
            ("POST", "/upgrades", json!({}), 400, "site is missing"),
            ("POST", "/upgrades/shop", Value::Null, 400, "expected a JSON object like {\"version\": \"1.34.6\"}"),
            ("POST", "/upgrades/shop", json!([1]), 400, "expected a JSON object with site"),
            ("POST", "/upgrades/shop", json!({"colour": 1}), 400, "is no member of a request"),
            ("POST", "/upgrades/shop", json!({"version": "1.2.3"}), 409, "the region offers no version 1.2.3"),
            ("POST", "/upgrades/nowhere", json!({"version": "latest-patch"}), 409, "publish it first"),
            ("POST", "/upgrades/shop/pause", json!({"run": "x"}), 404, "the site shop has no run"),
        ] {
            refused(&shop, method, path, body, status, why).await;
        }
        let (status, started) =
            call(&shop, "POST", "/upgrades/shop", &json!({"version": "latest-stable", "id": "one"})).await;
        assert_eq!((status, &started["request"]), (202, &json!("one")), "{started}");
        let run = shop.run().unwrap();
        assert_eq!(started["run"], run.id.as_str());
        let again = call(&shop, "POST", "/upgrades/shop", &json!({"version": "latest-stable", "id": "one"})).await;
        assert_eq!(again, (202, started), "the same request is the same run");
        refused(&shop, "POST", "/upgrades/shop", json!({"version": "latest-patch"}), 409, "is under way").await;
        ask(&shop, "loser", Kind::Upgrade, Some("latest-patch"));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (_, list) = call(&shop, "GET", "/upgrades", &Value::Null).await;
        let [refusal] = &list["refusals"].as_array().unwrap()[..] else { panic!("one refusal: {list}") };
        assert!(refusal["why"].as_str().unwrap().ends_with("of this site is under way"), "{refusal}");
        assert_eq!((&list["runs"][0]["site"], &list["runs"][0]["version"]), (&json!("shop"), &json!("1.34.2")));
        let (status, shown) = call(&shop, "GET", "/upgrades/shop", &Value::Null).await;
        assert_eq!((status, &shown["run"]), (200, &json!(run.id)));
        assert_eq!(shown["journal"][0]["what"], "requested (alice, unverified)");
    });
}

#[test]
fn a_caller_orders_and_is_told_why_not() {
    story(|| async {
        let shop = open();
        let (status, _) = call(&shop, "POST", "/upgrades/shop", &json!({"version": "latest-stable"})).await;
        assert_eq!(status, 202);
        let run = until(&shop, |run| run.step == Step::CreateCluster && run.following.is_some()).await;
        let elsewhere = json!({"run": run.id, "step": "Soak", "stage": 0});
        for (verb, body, status, why) in [
            ("dance", json!({}), 404, "expected pause, resume, approve, promote, abort, roll-back or finish"),
            ("pause", Value::Null, 428, "say what the order was decided on"),
            ("pause", json!({"step": "Soak"}), 428, "If-Match with the ETag"),
            ("pause", json!([1]), 400, "expected a JSON object"),
            ("pause", json!({"run": 5}), 400, "expected run, step, stage, by, reason"),
            ("pause", json!({"run": "another"}), 412, "the site's run is "),
            ("abort", json!({"run": run.id}), 412, "the order must name them"),
            ("abort", elsewhere, 412, "the run is at step CreateCluster, stage 0"),
            ("resume", place(&run), 409, "it is not held"),
            ("approve", place(&run), 409, "no gate waits for an approval"),
            ("promote", place(&run), 409, "only a watch or a soak under way can be promoted"),
            ("finish", place(&run), 409, "it is not held: pause it first"),
        ] {
            refused(&shop, "POST", &format!("/upgrades/shop/{verb}"), body, status, why).await;
        }
        let (status, paused) = call(&shop, "POST", "/upgrades/shop/pause", &json!({"run": run.id})).await;
        assert_eq!((status, &paused["held"]["paused"]), (200, &json!(true)), "{paused}");
        refused(&shop, "POST", "/upgrades/shop/pause", json!({"run": run.id}), 409, "it is held already").await;
        let (status, resumed) = call(&shop, "POST", "/upgrades/shop/resume", &place(&run)).await;
        assert_eq!((status, &resumed["held"]), (200, &Value::Null), "{resumed}");
        let (status, back) = call(&shop, "POST", "/upgrades/shop/roll_back", &json!({"run": run.id})).await;
        assert_eq!((status, &back["step"]), (200, &json!("DeleteNewCluster")), "{back}");
        let now = shop.run().unwrap();
        refused(&shop, "POST", "/upgrades/shop/abort", place(&now), 409, "it is on its way back already").await;
        let ended = until(&shop, |run| run.ending.is_some()).await;
        assert!(ended.journal.iter().any(|entry| entry.who == "person:alice, unverified"), "{:?}", ended.journal);
        let (status, answer) = call(&shop, "POST", "/upgrades/shop/pause", &json!({"run": run.id})).await;
        assert_eq!(
            (status, &answer["error"], &answer["ending"]),
            (409, &json!("the run has ended"), &json!("rolledBack"))
        );
    });
}

#[test]
fn the_same_is_answered_in_every_mode_of_the_host() {
    story(|| async {
        let shop = open();
        let forwarded = router(shop.operator.clone());
        let send = |request: Request<Body>| {
            let router = forwarded.clone();
            async move { read(router.oneshot(request).await.unwrap()).await }
        };
        let why = "the site shop has no run";
        let missing = json!({"type": "urn:bluegreen:problem:not-found", "title": "There is no such thing", "status": 404,
            "detail": why, "error": why});
        assert_eq!(send(request("GET", "/upgrades/shop", "")).await, (404, missing.clone()));
        assert_eq!(send(request("GET", "/api/upgrades/shop", "")).await.0, 404, "no prefix is configured");
        let (status, refused) = send(request("DELETE", "/upgrades/shop", "")).await;
        assert_eq!((status, &refused["error"]), (405, &json!("DELETE is not allowed: expected GET or POST")));
        let enveloped = |method: &str, path: &str, body: Value| {
            let call = json!({"Url": format!("https://app.example.com{path}"), "Method": method, "Body": body,
                "Headers": {"X-MS-CLIENT-PRINCIPAL-NAME": ["bob"], "Content-Type": ["application/json"],
                "X-Bluegreen-Intent": ["act"], "Origin": ["https://app.example.com"]}, "Query": {}, "Params": {}});
            request("POST", "/Upgrades", &json!({"Data": {"req": call}, "Metadata": {}}).to_string())
        };
        let (status, answer) = send(enveloped("GET", "/upgrades/shop", Value::Null)).await;
        assert_eq!((status, &answer["Outputs"]["res"]["statusCode"]), (200, &json!(404)), "our own answer is 200");
        assert_eq!(answer["Outputs"]["res"]["body"], missing);
        let body = json!({"version": "latest-stable"}).to_string();
        let (_, answer) = send(enveloped("POST", "/api/upgrades/shop?code=secret", json!(body))).await;
        assert_eq!(answer["Outputs"]["res"]["statusCode"], 202, "{answer}");
        let run = shop.run().unwrap();
        assert_eq!(run.journal[0].what, "requested (bob, unverified)");
        let (status, shown) = send(request("GET", "/upgrades/shop", "")).await;
        assert_eq!((status, &shown["run"]), (200, &json!(run.id)));
        let (status, answer) = send(request("POST", "/Upgrades", "hello")).await;
        assert!(status == 400 && answer["Outputs"].is_object(), "{status} {answer}");
    });
}
