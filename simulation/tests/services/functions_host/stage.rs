//! What the tests of the host have in common: an app folder, a child that does as it is told, and a record of its calls.
use axum::{Router, body::Body, extract::Request, response::Response};
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulated_azure::{
    Clock, Process, SimulatedAzure,
    functions_host::{FunctionsHost, HostOptions, Start},
    service_bus::{Message, QueueOptions},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// One request that a child got.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Milliseconds since the stage was set.
    pub at: i64,
    pub method: String,
    pub target: String,
    pub headers: http::HeaderMap,
    pub body: String,
    /// The child's name.
    pub child: String,
}

impl Seen {
    pub fn envelope(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn delivery_count(&self) -> String {
        self.envelope()["Metadata"]["DeliveryCount"].as_str().unwrap().into()
    }
}

pub type Handler = Arc<dyn Fn(Seen, SimulatedAzure, Process) -> BoxFuture<'static, Response> + Send + Sync>;

pub struct Stage {
    pub azure: SimulatedAzure,
    pub host: FunctionsHost,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// An app folder with this `host.json` and these functions; `name` must be unique among the tests.
pub fn folder(name: &str, host: &Value, functions: &Value) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("functions_host").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("host.json"), host.to_string()).unwrap();
    for (function, definition) in functions.as_object().unwrap() {
        std::fs::create_dir_all(folder.join(function)).unwrap();
        std::fs::write(folder.join(function).join("function.json"), definition.to_string()).unwrap();
    }
    folder
}

/// A function on the queue of its own name, with binary payloads.
pub fn on_queue(queue: &str) -> Value {
    json!({"bindings": [{"type": "serviceBusTrigger", "direction": "in", "name": "message", "queueName": queue,
        "connection": "Bus", "dataType": "binary"}]})
}

pub fn on_timer(schedule: &str) -> Value {
    json!({"bindings": [{"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule}]})
}

/// A handler that gives this answer to every invocation.
pub fn always(answer: fn() -> Response) -> Handler {
    Arc::new(move |_, _, _| Box::pin(async move { answer() }))
}

pub fn done() -> Response {
    Response::builder().header("content-type", "application/json").body(Body::from("{}")).unwrap()
}

pub fn status(status: u16) -> Response {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

impl Stage {
    /// Hosts the functions; each queue `a`, `b`, `c` is there, with locks of 30 s and 10 deliveries.
    pub fn set(name: &str, host: &Value, functions: &Value, options: HostOptions, handler: Handler) -> Self {
        Self::set_at(1, name, host, functions, options, handler)
    }

    /// The same in a world that goes `speed` times as fast.
    pub fn set_at(
        speed: u32,
        name: &str,
        host: &Value,
        functions: &Value,
        options: HostOptions,
        handler: Handler,
    ) -> Self {
        let began: Timestamp = "2026-11-23T08:04:35Z".parse().unwrap();
        let azure = SimulatedAzure::new(Clock::running_at(began, speed));
        for queue in ["a", "b", "c"] {
            let options = QueueOptions { lock_duration: Duration::from_secs(30), ..QueueOptions::default() };
            azure.world().service_bus.add_queue(queue, options);
        }
        let seen = Arc::new(Mutex::new(vec![]));
        let start = children(&azure, &seen, handler);
        let host = FunctionsHost::start(azure.clone(), &folder(name, host, functions), options, start).unwrap();
        Self { azure, host, seen }
    }

    pub fn send(&self, queue: &str, message: Message) {
        self.azure.world().service_bus.send(queue, message, self.azure.clock().now()).unwrap();
        self.azure.touch();
    }

    /// Everything that children got so far, but for their readiness.
    pub fn seen(&self) -> Vec<Seen> {
        self.everything().into_iter().filter(|seen| seen.target != "/").collect()
    }

    pub fn everything(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn times(&self) -> Vec<i64> {
        self.seen().iter().map(|seen| seen.at).collect()
    }

    pub fn is_at_rest(&self) -> bool {
        self.azure.world().service_bus.is_at_rest(self.azure.clock().now())
    }

    pub fn dead(&self, queue: &str) -> usize {
        self.azure.world().service_bus.counts(queue, self.azure.clock().now()).dead_lettered
    }
}

fn children(azure: &SimulatedAzure, record: &Arc<Mutex<Vec<Seen>>>, handler: Handler) -> Start {
    let (azure, record) = (azure.clone(), record.clone());
    Arc::new(move |process| {
        let (azure, record, handler) = (azure.clone(), record.clone(), handler.clone());
        Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let clock = azure.clock();
            let seen = Seen {
                at: clock.now().duration_since(clock.began()).as_millis().try_into().unwrap(),
                method: parts.method.to_string(),
                target: parts.uri.to_string(),
                headers: parts.headers,
                body,
                child: process.name().into(),
            };
            record.lock().unwrap().push(seen.clone());
            if seen.target == "/" { status(404) } else { handler(seen, azure, process).await }
        })
    })
}

/// Lets so many seconds of the simulated time pass.
pub async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
