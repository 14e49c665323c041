//! What the Functions host sends and what it needs back: replies of every route to good, bad and hostile input.
use crate::stage::{Stage, answer, as_text, event, said, takes_messages};
use axum::body::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use bluegreen::functions::app::App;
use bluegreen::functions::host::router;
use bluegreen::process::config::Config;
use bluegreen::process::wire::Wire;
use bluegreen::step::Step;
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What no function can do anything with, and what the refusal must say.
fn nonsense() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let within = |message: &Value| as_text(message).into_bytes();
    vec![
        ("empty", vec![], "expected the Functions host's JSON envelope"),
        ("no JSON", b"hello".to_vec(), "expected the Functions host's JSON envelope"),
        ("no UTF-8", b"{\"Data\":{\"message\":\"\xff\xfe\"}}".to_vec(), "expected the Functions host's JSON envelope"),
        ("an array", b"[1]".to_vec(), "expected an object with a member Data"),
        ("no Data", b"{\"Metadata\":{}}".to_vec(), "expected an object with a member Data"),
        ("Data of another type", b"{\"Data\":7}".to_vec(), "expected an object with a member Data"),
        ("no message", b"{\"Data\":{}}".to_vec(), "expected Data with one message"),
        ("a number", b"{\"Data\":{\"message\":7}}".to_vec(), "expected Data with one message"),
        ("a text", within(&json!("hello")), "expected a JSON object"),
        ("null", within(&Value::Null), "expected a JSON object"),
        ("base64 of no UTF-8", b"{\"Data\":{\"message\":\"//4AQcM=\"}}".to_vec(), "expected a JSON object"),
        ("deep", deep.clone().into_bytes(), "expected the Functions host's JSON envelope"),
        ("a deep message", json!({"Data": {"message": deep}}).to_string().into_bytes(), "expected a JSON object"),
        ("2 MB", vec![b' '; 2 * 1024 * 1024], "expected at most 1048576 bytes"),
        ("an empty object", within(&json!({})), "expected a"),
        ("an empty array", within(&json!([7])), "expected a"),
        ("wrong types", within(&json!({"format": "1", "site": 7, "eventType": 7})), "expected a"),
    ]
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_refused_and_told_what_was_expected() {
    let stage = Stage::set();
    for function in takes_messages() {
        for (name, body, expected) in nonsense() {
            let (status, answer) = stage.post(&format!("/{function}"), body).await;
            // Whoever asked by a message finds its refusal; what comes of the host or of us ends in the dead letters.
            let recorded = matches!(&function[..], "RequestUpgrade" | "VersionAvailable")
                && said(&answer).starts_with("refused: ");
            assert_eq!(status, if recorded { 200 } else { 400 }, "{function}: {name}: {answer}");
            assert!(said(&answer).contains(expected), "{function}: {name}: {answer}");
            assert!(said(&answer).len() < 400, "{function}: {name}: what came is not repeated at length: {answer}");
        }
    }
    assert!(stage.shop.run().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_and_a_timer_are_dealt_with_whatever_comes() {
    let stage = Stage::set();
    let run = stage.begin().await;
    let events = [
        event(&run, &json!({})),
        event(&run, &json!({"site": "../../etc", "hop": 7})),
        event(&run, &json!({"site": "x".repeat(5000)})),
    ];
    let events = events.iter().map(|event| ("an event", as_text(event).into_bytes(), ""));
    for function in ["DeadLetter", "CanaryCheck", "VersionCheck"] {
        for (name, body, _) in nonsense().into_iter().chain(events.clone()) {
            let (status, answer) = stage.post(&format!("/{function}"), body).await;
            assert_eq!(status, 200, "{function}: {name}: {answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_refused_when_it_never_fits_and_done_when_it_is_late() {
    let stage = Stage::set();
    let run = stage.begin().await;
    assert_eq!((run.step, run.hop), (Step::CheckPlan, 1));
    let huge = "x".repeat(300_000);
    for (changes, status, expected) in [
        (json!({"hop": 2}), 400, "the event is of hop 2"),
        (json!({"hop": -1}), 400, "expected an event with format, site, run, step and hop"),
        (json!({"hop": 4_294_967_296_u64}), 400, "expected an event"),
        (json!({"format": 4}), 400, "understands up to 3"),
        (json!({"step": "Soak"}), 400, "an event for Soak was sent to CheckPlan"),
        (json!({"step": "Dance"}), 400, "expected an event"),
        (json!({"run": "shop-another"}), 200, "another run"),
        (json!({"site": "nowhere"}), 200, "there is no such run"),
        (json!({"site": ""}), 400, "expected the name of a site"),
        (json!({"site": "../../sites/shop"}), 400, "expected the name of a site"),
        (json!({"site": "SHOP"}), 400, "expected the name of a site"),
        (json!({"site": huge}), 400, "expected the name of a site"),
        (json!({"run": huge}), 200, "another run"),
        (json!({"later": {"unknown": true}}), 200, "hop 2"),
        (json!({}), 200, "late: its successor was published again"),
    ] {
        let (code, answer) = stage.post("/CheckPlan", as_text(&event(&run, &changes))).await;
        let changes: String = changes.to_string().chars().take(100).collect();
        assert_eq!(code, status, "{changes}: {answer}");
        assert!(said(&answer).contains(expected), "{changes}: {answer}");
    }
    let now = stage.run();
    assert_eq!(now.hop, 2, "one event, one hop");
    let wrong_step = event(&now, &json!({"step": "Soak"}));
    let (code, answer) = stage.post("/Soak", as_text(&wrong_step)).await;
    assert!(code == 400 && said(&answer).contains("the event of the same hop says Soak"), "{answer}");
    assert_eq!(stage.run(), now);
}

#[tokio::test(start_paused = true)]
async fn a_request_for_a_site_with_an_impossible_name_is_refused() {
    let stage = Stage::set();
    for site in ["../runs/active/shop", "", "a/b", "sh op", &"x".repeat(5000)] {
        let request = json!({"id": "odd", "site": site, "version": "latest-stable"});
        let (status, answer) = stage.post("/RequestUpgrade", as_text(&request)).await;
        assert_eq!(status, 200, "{site:.50}: {answer}");
        assert!(said(&answer).contains("is no site's name: 1 to 40"), "{site:.50}: {answer}");
    }
    let unknown = json!({"id": "odd", "site": "nowhere", "version": "latest-stable"});
    let (status, answer) = stage.post("/RequestUpgrade", as_text(&unknown)).await;
    assert_eq!(status, 200, "a name that a site could have is no nonsense: {answer}");
    let world = stage.shop.azure.world();
    let kept = world.blobs.names("shopupgrader", "runs", "refusals/").into_iter();
    let kept = kept.filter_map(|name| world.blobs.get("shopupgrader", "runs", &name).map(String::from_utf8_lossy));
    assert!(kept.into_iter().any(|kept| kept.contains("there is no site")), "and `status` shows why");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_function_is_not_found_and_every_method_is_answered() {
    let stage = Stage::set();
    for path in ["/Nope", "/checkplan", "/a/b/c", "/%ff", "/CheckPlan/", "//", "/Upgrades2"] {
        let (status, answer) = stage.post(path, as_text(&json!({}))).await;
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(said(&answer).contains("no such function"), "{path}: {answer}");
    }
    let methods = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"];
    for method in methods.map(|method| Method::from_bytes(method.as_bytes()).unwrap()) {
        for path in ["/CheckPlan", "/DeadLetter", "/Upgrades", "/nowhere/at/all", "/upgrades/shop"] {
            let (status, answer) = stage.ask(method.clone(), path, "").await;
            assert!(status.is_client_error(), "{method} {path}: {status} {answer}");
        }
    }
    assert_eq!(stage.ask(Method::POST, "/", "").await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_what_is_wrong() {
    let stage = Stage::set();
    let huge = "x".repeat(2 * 1024 * 1024);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (method, path, body, status, expected) in [
        (Method::GET, "/upgrades", "", 200, ""),
        (Method::GET, "/upgrades/", "", 200, ""),
        (Method::GET, "/upgrades/shop", "", 404, "has no run"),
        (Method::GET, "/upgrades/..%2f..", "", 404, "a site's name is"),
        (Method::GET, "/upgrades/%ff", "", 404, "a site's name is"),
        (Method::POST, "/upgrades", "{}", 400, "site is missing"),
        (Method::POST, "/upgrades/shop", "", 400, "expected a JSON object"),
        (Method::POST, "/upgrades/shop", "[]", 400, "expected one request"),
        (Method::POST, "/upgrades/shop", &deep, 400, "expected a JSON object"),
        (Method::POST, "/upgrades/shop", &huge, 413, "expected at most 1048576 bytes"),
        (Method::POST, "/upgrades/shop", "{\"versoin\": \"1\"}", 400, "is no member of a request"),
        (Method::POST, "/upgrades/shop", "{\"version\": 7}", 400, "put it into quotes"),
        (Method::POST, "/upgrades/shop/dance", "{}", 404, "expected pause, resume"),
        (Method::POST, "/upgrades/shop/pause", "7", 400, "expected a JSON object"),
        (Method::POST, "/upgrades/shop/pause", "{}", 428, "or run, step and stage in the body"),
        (Method::POST, "/upgrades/shop/pause", "{\"run\": \"r\", \"stage\": \"x\"}", 400, "expected run, step, stage"),
        (Method::POST, "/upgrades/shop/pause", "{\"run\": \"r\", \"by\": \"b\"}", 404, "has no run"),
        (Method::POST, "/upgrades/shop/pause/now", "{}", 404, "expected GET /upgrades"),
        (Method::PUT, "/upgrades/shop", "{}", 405, "expected GET or POST"),
    ] {
        let (code, answer) = stage.ask(method.clone(), path, body.to_owned()).await;
        assert_eq!(code, status, "{method} {path}: {answer}");
        assert!(said(&answer).contains(expected), "{method} {path}: {answer}");
        // The other mode: the same answer inside an envelope that is always 200.
        let call = json!({"Data": {"req": {"Url": format!("http://x{path}"), "Method": method.as_str(), "Body": body,
                "Headers": {"Content-Type": ["application/json"], "X-Bluegreen-Intent": ["act"]}}}});
        let (code, enveloped) = stage.post("/Upgrades", call.to_string()).await;
        if status != 413 {
            assert_eq!((code.as_u16(), &enveloped["Outputs"]["res"]["statusCode"]), (200, &json!(status)), "{path}");
            assert_eq!(enveloped["Outputs"]["res"]["body"], answer, "{path}");
        }
    }
    for (name, body, _) in nonsense() {
        let (status, answer) = stage.post("/Upgrades", body).await;
        assert_eq!(status, 400, "{name}: {answer}");
    }
}

/// A transport behind which nobody ever answers, or that panics.
#[derive(Debug)]
enum Broken {
    Silent,
    Panics,
}

#[async_trait::async_trait]
impl HttpClient for Broken {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        match self {
            Self::Silent => std::future::pending().await,
            Self::Panics => panic!("a bug"),
        }
    }
}

fn broken(how: Broken) -> axum::Router {
    let http: Arc<dyn HttpClient> = Arc::new(how);
    let wire = Wire::new(&http, Arc::new(|_| Err(anyhow::anyhow!("no cluster"))));
    let setting = |name: &str| match name {
        "AzureWebJobsStorage__blobServiceUri" => Some("https://a.blob.core.windows.net/".into()),
        "ServiceBusConnection__fullyQualifiedNamespace" => Some("b.servicebus.windows.net".into()),
        "API_FUNCTION_KEY" => Some("act".into()),
        _ => None,
    };
    let credential = bluegreen::azure::identity::managed(Some("client"), &wire.http).unwrap();
    router(App::new(&Config::read(setting).unwrap(), &credential, &wire).unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_host_sees_at_once_that_we_listen() {
    let router = broken(Broken::Silent);
    let ready = timeout(Duration::from_millis(1), answer(&router, Method::GET, "/", Body::empty())).await;
    assert_eq!(ready.expect("no client is waited for").0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_answered_and_its_neighbours_live() {
    let router = broken(Broken::Panics);
    let event = json!({"format": 1, "site": "shop", "run": "shop-1", "step": "CheckPlan", "hop": 0});
    let request = json!({"site": "shop", "version": "latest-stable"});
    let grid = json!({"eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable", "topic": "/x"});
    for (method, path, body, status) in [
        (Method::POST, "/CheckPlan", as_text(&event), 503),
        (Method::POST, "/RequestUpgrade", as_text(&request), 503),
        (Method::POST, "/VersionAvailable", as_text(&grid), 503),
        (Method::POST, "/CanaryCheck", String::new(), 503),
        (Method::POST, "/VersionCheck", String::new(), 503),
        (Method::POST, "/DeadLetter", as_text(&event), 200),
        (Method::GET, "/upgrades/shop", String::new(), 500),
        (Method::POST, "/upgrades/shop", "{\"version\": \"latest-stable\"}".into(), 500),
    ] {
        let (code, answered) = answer(&router, method, path, body.into()).await;
        assert_eq!(code, status, "{path}: {answered}");
        assert_eq!(answer(&router, Method::GET, "/", Body::empty()).await.0, 200, "the process lives on");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_over_before_its_lock_however_silent_the_store_is() {
    let router = broken(Broken::Silent);
    let event = json!({"format": 1, "site": "shop", "run": "shop-1", "step": "CheckPlan", "hop": 0});
    let silent = answer(&router, Method::POST, "/CheckPlan", as_text(&event).into());
    let (status, answer) = timeout(Duration::from_secs(101), silent).await.expect("it is bounded");
    assert!(status == 503 && said(&answer).contains("longer than 100 s"), "{answer}");
}
