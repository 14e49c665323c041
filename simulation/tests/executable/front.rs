//! The app's own address over a socket: keys and the administrator's API.
use crate::stage::{Stage, on_http, on_queue, set, until};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn keyed(name: &'static str) -> Stage {
    let mut set = set(name);
    set.functions = json!({"Open": on_http("open", "anonymous"), "Keyed": on_http("keyed", "function"),
        "Admin": on_http("private", "admin"), "Step": on_queue("a")});
    set.options.function_key = Some("functionkey".into());
    set.options.master_key = Some("masterkey".into());
    set.ready().await
}

#[tokio::test]
async fn a_function_opens_to_its_key_and_to_the_master_key() {
    let stage = keyed("keys").await;
    for (path, key, expected) in [
        ("/api/open", "", 200),
        ("/api/open", "wrong", 200),
        ("/api/keyed", "", 401),
        ("/api/keyed", "wrong", 401),
        ("/api/keyed", "functionkey", 200),
        ("/api/keyed", "masterkey", 200),
        ("/api/private", "functionkey", 401),
        ("/api/private", "masterkey", 200),
        ("/api/nothing", "masterkey", 404),
    ] {
        let by_header = stage.http(http::Request::post(path).header("x-functions-key", key), "answer").await.0;
        let by_query = stage.http(http::Request::post(format!("{path}?code={key}")), "answer").await.0;
        assert_eq!((by_header, by_query), (expected, expected), "{path} with {key:?}");
    }
}

#[tokio::test]
async fn the_administrators_api_asks_for_the_master_key_but_for_the_ping() {
    let stage = keyed("admin").await;
    let master = |request: http::request::Builder| request.header("x-functions-key", "masterkey");
    for method in ["GET", "POST"] {
        let (status, headers, body) =
            stage.http(http::Request::builder().method(method).uri("/admin/host/ping"), "").await;
        assert_eq!((status, body.as_str(), headers["cache-control"].to_str().unwrap()), (200, "", "no-store,no-cache"));
    }
    for (method, path) in
        [("GET", "/admin/host/status"), ("POST", "/admin/functions/Step"), ("POST", "/admin/host/drain")]
    {
        for key in ["", "functionkey"] {
            let request = http::Request::builder().method(method).uri(path).header("x-functions-key", key);
            let (status, headers, _) = stage.http(request, "{}").await;
            assert_eq!((status, headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"), "{path} with {key:?}");
        }
    }
    let (status, _, body) = stage.http(master(http::Request::get("/admin/host/status")), "").await;
    let shown: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &shown["state"], &shown["version"]), (200, &json!("Running"), &json!("4.1037.0.0")));
    for (path, body, expected) in [
        ("/admin/functions/step", "{\"input\":\"answer by hand\"}", 202),
        ("/admin/functions/Open", "{}", 202),
        ("/admin/functions/none", "{}", 404),
        ("/admin/functions/Step", "{\"input\":", 400),
        ("/admin/functions/Step", "[]", 400),
        ("/admin/nonsense", "", 404),
    ] {
        assert_eq!(stage.http(master(http::Request::post(path)), body).await.0, expected, "{path} {body}");
    }
    until(|| !stage.asked().is_empty()).await;
    let envelope: Value = serde_json::from_str(stage.asked()[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(envelope["Metadata"]["message"], "\"answer by hand\"");
    assert_eq!(envelope["Metadata"].get("MessageId"), None);
    assert_eq!(stage.http(http::Request::get("/"), "").await.0, 200, "the page of a running app");
}

#[tokio::test]
async fn a_drained_host_ends_what_it_has_and_takes_no_more_messages() {
    let stage = set("drain").ready().await;
    let state = async |stage: &Stage| {
        let (_, _, body) = stage.http(http::Request::get("/admin/host/drain/status"), "").await;
        serde_json::from_str::<Value>(&body).unwrap()
    };
    stage.send("a", "slow 700");
    until(|| stage.asked().len() == 1).await;
    assert_eq!(state(&stage).await, json!({"state": "Disabled", "outstandingInvocations": 0, "outstandingRetries": 0}));
    assert_eq!(stage.http(http::Request::post("/admin/host/drain"), "").await.0, 202);
    stage.send("a", "answer");
    assert_eq!(
        state(&stage).await,
        json!({"state": "InProgress", "outstandingInvocations": 1, "outstandingRetries": 0})
    );
    while state(&stage).await["state"] != "Completed" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let counts = stage.azure.world().service_bus.counts("a", stage.azure.clock().now());
    assert_eq!((counts.active, counts.locked, stage.asked().len()), (1, 0, 1), "the second message is still there");
}

#[tokio::test]
async fn the_app_is_served_on_a_socket_and_an_invocation_outlives_its_caller() {
    let stage = keyed("socket").await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, stage.host.router()).into_future());
    let send = async |order: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /api/keyed?code=functionkey HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{order}",
            order.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut answer = String::new();
    send("answer").await.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("/api/keyed?code=functionkey"), "{answer}");
    let gone = send("slow 300").await;
    until(|| stage.asked().len() == 2).await;
    drop(gone);
    let mut outstanding = json!(1);
    stage.host.drain();
    while outstanding != 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let request = http::Request::get("/admin/host/drain/status").header("x-functions-key", "masterkey");
        let body = stage.http(request, "").await.2;
        outstanding = serde_json::from_str::<Value>(&body).unwrap()["outstandingInvocations"].clone();
    }
    assert_eq!(stage.host.counters().functions["Keyed"].failures, 0);
    server.abort();
}
