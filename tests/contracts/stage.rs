//! The handlers' router in the world of the shop, without a Functions host: the test is the host.
use axum::Router;
use axum::body::Body;
use bluegreen::functions::host::router;
use bluegreen::local::shop::{Options, Shop, app_of};
use bluegreen::run::Run;
use bluegreen::step::Step;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use simulated_azure::Process;
use std::path::PathBuf;
use tower::ServiceExt;

/// The shop's world and the router of one process in it.
pub struct Stage {
    pub shop: Shop,
    router: Router,
}

impl Stage {
    pub fn set() -> Self {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        shop.host.stop();
        let router = router(app_of(&shop.azure, &Process::new("handlers")).unwrap());
        Self { shop, router }
    }

    /// What a call is answered.
    pub async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        answer(&self.router, method, path, body.into()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        self.ask(Method::POST, path, body).await
    }

    /// What a request with headers of its own is answered.
    pub async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        judged(&self.router, request).await
    }

    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Begins a run as a message does, and gives it.
    pub async fn begin(&self) -> Run {
        let request = json!({"id": "first", "site": "shop", "version": "latest-stable"});
        let (status, said) = self.post("/RequestUpgrade", as_text(&request)).await;
        assert_eq!(status, 200, "{said}");
        self.shop.run().expect("a run has begun")
    }

    pub fn run(&self) -> Run {
        self.shop.run().expect("a run has begun")
    }
}

/// What this router answers. Whatever it is, it is a JSON object and says so: with less the host would wait.
pub async fn answer(router: &Router, method: Method, path: &str, body: Body) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    judged(router, request.header("x-bluegreen-intent", "act").body(body).unwrap()).await
}

async fn judged(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let (method, path) = (request.method().clone(), request.uri().clone());
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let is_problem = path.path().starts_with("/upgrades") && parts.status.as_u16() >= 400;
    let kind = if is_problem { "application/problem+json" } else { "application/json" };
    assert_eq!(parts.headers["content-type"], kind, "{method} {path}");
    let bytes = body.collect().await.unwrap().to_bytes();
    // HTTP forbids a body in the answer to HEAD; its length is the one that GET would have.
    if method == Method::HEAD && bytes.is_empty() {
        assert_ne!(parts.headers["content-length"], "0", "{method} {path}");
        return (parts.status, Value::Null);
    }
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{method} {path}: {bytes:?}"));
    assert!(value.as_object().is_some_and(|members| !members.is_empty()), "{method} {path}: {value}");
    (parts.status, value)
}

/// The event of a run's present hop, with some members changed.
pub fn event(run: &Run, changes: &Value) -> Value {
    let mut event = json!({"format": 1, "site": "shop", "run": run.id, "step": run.step, "hop": run.hop});
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

/// An envelope with this message and no metadata.
pub fn as_text(message: &Value) -> String {
    json!({"Data": {"message": message.to_string()}, "Metadata": {}}).to_string()
}

/// What the answer says.
pub fn said(answer: &Value) -> String {
    let texts = [&answer["Logs"][0], &answer["error"]];
    texts.iter().find_map(|text| text.as_str()).unwrap_or_default().to_owned()
}

/// Every function that takes a message.
pub fn takes_messages() -> Vec<String> {
    let steps = Step::ALL.iter().map(|step| step.name().to_owned());
    steps.chain(["RequestUpgrade", "VersionAvailable"].map(str::to_owned)).collect()
}

/// Recordings of a real host whose names begin so: name and content.
pub fn recordings(prefix: &str) -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/host-transcripts");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    let names = names.into_iter().map(|name| name.into_string().unwrap()).filter(|name| name.starts_with(prefix));
    let read = |name: String| {
        let recording: Value = serde_json::from_str(&std::fs::read_to_string(folder.join(&name)).unwrap()).unwrap();
        (name, recording)
    };
    let found: Vec<_> = names.map(read).filter(|(_, it)| it["requests"][0]["body"].is_string()).collect();
    assert!(!found.is_empty(), "{prefix}");
    found
}
