//! What these tests have in common: an app folder with the obedient handler, its journal, and waiting.
use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use simulated_azure::{
    Clock, SimulatedAzure,
    functions_host::{FunctionsHost, Handler, HostOptions, Instances, Line},
    service_bus::{Message, QueueOptions},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How an app is hosted, and what its `host.json` says beyond the usual.
pub struct Set {
    pub name: &'static str,
    pub speed: u32,
    pub instances: Instances,
    pub host: Value,
    pub functions: Value,
    pub settings: Vec<(&'static str, String)>,
    pub options: HostOptions,
}

/// One instance at speed 1, with a function on the queue `a`. `name` must be unique among the tests.
pub fn set(name: &'static str) -> Set {
    Set {
        name,
        speed: 1,
        instances: Instances::One,
        host: json!({}),
        functions: json!({"Step": on_queue("a")}),
        settings: vec![],
        options: HostOptions::default(),
    }
}

pub struct Stage {
    pub azure: SimulatedAzure,
    pub host: Arc<FunctionsHost>,
    pub folder: PathBuf,
    lines: Arc<Mutex<Vec<Line>>>,
}

pub fn on_queue(queue: &str) -> Value {
    json!({"bindings": [{"type": "serviceBusTrigger", "direction": "in", "name": "message", "queueName": queue,
        "connection": "Bus", "dataType": "binary"}]})
}

pub fn on_http(route: &str, level: &str) -> Value {
    json!({"bindings": [
        {"type": "httpTrigger", "direction": "in", "name": "req", "route": route, "authLevel": level},
        {"type": "http", "direction": "out", "name": "res"}]})
}

/// An app folder with the handler in it, under the name `handler`.
pub fn folder(name: &str, host: &Value, functions: &Value) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("executable").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let description = json!({"defaultExecutablePath": "handler", "arguments": ["serve"]});
    let mut whole = json!({"functionTimeout": "00:05:00", "customHandler": {"description": description,
        "enableProxyingHttpRequest": true}, "extensions": {"serviceBus": {"maxConcurrentCalls": 4}}});
    for (name, value) in host.as_object().unwrap() {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(member, value)| whole[name][member] = value.clone());
            }
            value => whole[name] = value.clone(),
        }
    }
    std::fs::write(folder.join("host.json"), whole.to_string()).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_obedient-handler"), folder.join("handler")).unwrap();
    for (function, definition) in functions.as_object().unwrap() {
        std::fs::create_dir_all(folder.join(function)).unwrap();
        std::fs::write(folder.join(function).join("function.json"), definition.to_string()).unwrap();
    }
    folder
}

impl Set {
    pub fn stage(mut self) -> Stage {
        let folder = folder(self.name, &self.host, &self.functions);
        let azure = SimulatedAzure::new(Clock::running_at("2026-11-23T08:04:35Z".parse().unwrap(), self.speed));
        for queue in ["a", "b"] {
            let options = QueueOptions { lock_duration: Duration::from_secs(300), ..QueueOptions::default() };
            azure.world().service_bus.add_queue(queue, options);
        }
        let journal = folder.join("journal").to_string_lossy().into_owned();
        self.settings.push(("JOURNAL", journal));
        for (name, value) in self.settings {
            self.options.settings.insert(name.into(), value);
        }
        let options = HostOptions { instances: self.instances, ..self.options };
        let lines = Arc::new(Mutex::new(vec![]));
        let sink = lines.clone();
        let handler = Handler::Executable(Arc::new(move |line| sink.lock().unwrap().push(line)));
        let host = FunctionsHost::start(azure.clone(), &folder, options, handler).unwrap();
        Stage { azure, host: Arc::new(host), folder, lines }
    }

    pub async fn ready(self) -> Stage {
        let stage = self.stage();
        stage.host.ready().await;
        stage
    }
}

impl Stage {
    pub fn send(&self, queue: &str, order: &str) {
        let message = Message::new(order.to_owned());
        self.azure.world().service_bus.send(queue, message, self.azure.clock().now()).unwrap();
        self.azure.touch();
    }

    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("journal")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The starts of children.
    pub fn starts(&self) -> Vec<Value> {
        self.journal().into_iter().filter(|line| line["arguments"].is_array()).collect()
    }

    /// What children were asked, but for their readiness.
    pub fn asked(&self) -> Vec<Value> {
        self.journal().into_iter().filter(|line| line["target"].is_string() && line["target"] != "/").collect()
    }

    pub fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }

    pub fn is_at_rest(&self) -> bool {
        self.azure.world().service_bus.is_at_rest(self.azure.clock().now())
    }

    pub fn dead(&self, queue: &str) -> usize {
        self.azure.world().service_bus.counts(queue, self.azure.clock().now()).dead_lettered
    }

    pub fn pid(&self, function: &str) -> u32 {
        let serves = |functions: &[String]| functions.iter().any(|name| name == function);
        self.host.children().into_iter().find(|child| serves(&child.functions)).unwrap().pid.unwrap()
    }

    /// Status and body of a request to the app's own address, over a socket.
    pub async fn http(&self, request: http::request::Builder, body: &str) -> (u16, http::HeaderMap, String) {
        let reply = self.host.answer(request.body(Body::from(body.to_owned())).unwrap()).await;
        let (parts, body) = reply.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Waits until something holds. Half a minute is far more than any of it takes.
pub async fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "not within half a minute");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process is there and not only waits to be reaped.
pub fn lives(pid: u32) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}
