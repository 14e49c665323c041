//! The article's base, and short ways to call it.
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use simulated_azure::article::{Article, Options};
use simulated_azure::{Clock, Process, SimulatedAzure};
use std::time::Duration;

pub struct Scene {
    pub azure: SimulatedAzure,
    pub article: Article,
    process: Process,
}

#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Said {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

impl Scene {
    pub fn new() -> Self {
        Self::with(&Options::default())
    }

    pub fn with(options: &Options) -> Self {
        let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
        let article = Article::set_up(&mut azure.world(), options, azure.clock().now());
        Self { azure, article, process: Process::new("test") }
    }

    /// The body with which green is created.
    pub fn green_body(&self) -> Value {
        let options = Options { version: "1.34.2".into(), ..Options::default() };
        self.article.cluster(&self.article.green_subnet, &options)
    }

    pub async fn send(&self, request: Request<Body>) -> Said {
        let reply = self.azure.call(&self.process, request).await.unwrap();
        let (parts, body) = reply.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Said { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn call(&self, method: Method, id: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Said {
        let url = if id.starts_with("https:") {
            id.to_owned()
        } else {
            let and = if id.contains('?') { '&' } else { '?' };
            format!("https://management.azure.com{id}{and}api-version=2026-08-01")
        };
        let mut request = Request::builder().method(method).uri(url).header("authorization", "Bearer token");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()).await
    }

    pub async fn get(&self, id: &str) -> Said {
        self.call(Method::GET, id, &[], None).await
    }

    pub async fn put(&self, id: &str, body: &Value) -> Said {
        self.call(Method::PUT, id, &[], Some(body)).await
    }

    pub async fn post(&self, id: &str) -> Said {
        self.call(Method::POST, id, &[], None).await
    }

    pub async fn delete(&self, id: &str) -> Said {
        self.call(Method::DELETE, id, &[], None).await
    }

    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// What the operation's URL says.
    pub async fn follow(&self, started: &Said) -> Said {
        let url = started.header("azure-asyncoperation").or(started.header("location")).unwrap().to_owned();
        self.get(&url).await
    }

    /// Lets the operation end, and gives its last answer.
    pub async fn ended(&self, started: &Said) -> Said {
        for _ in 0..1_000 {
            let seen = self.follow(started).await;
            if seen.status != 202 && seen.body["status"] != "InProgress" {
                return seen;
            }
            self.pass(5).await;
        }
        panic!("the operation never ends");
    }

    pub async fn live_members(&self) -> Vec<String> {
        let now = self.azure.clock().now();
        let mut world = self.azure.world();
        let world = &mut *world;
        world.resource_manager.advance(&mut world.kubernetes, now);
        world.resource_manager.effective_members(&self.article.gateway, "live")
    }
}
