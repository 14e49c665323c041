//! Plays recorded calls on a simulated API server.
use super::super::{HOST, at, fleet};
use axum::body::Body;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};
use simulated_azure::kubernetes::Fleet;
use std::collections::BTreeMap;

/// Who made the recorded calls: a server makes the name of a field manager of it.
const CALLER: &str = "python-requests/2.34.2";

/// A line of the recording.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// What it is about.
    pub section: String,
    /// What it tries.
    pub name: String,
    /// The call.
    pub method: String,
    pub path: String,
    /// None: without a token.
    pub token: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    /// What of the answer is compared, by paths: `*` stands for each member or item, and behind a last `/` nothing is compared
    /// but that something is there. None: all but the names of the headers.
    pub shows: Option<Vec<String>>,
    /// Of a list or a table only what has these names.
    pub only: Option<Vec<String>>,
    /// What the real server answered.
    pub answer: Value,
    /// A GET of this path is repeated, for so many seconds, until its status is this.
    pub wait: Option<String>,
    pub status: Option<u16>,
    pub seconds: i64,
}

/// Each call with our answer. What a call takes from an earlier answer is `⟦number of the step/pointer⟧`; `⟦x*9⟧` stands for so many
/// letters.
pub async fn play(recorded: &str) -> Vec<(Step, Value)> {
    let (mut fleet, mut now, mut answers, mut played) = (fleet(2), 600_000, vec![], vec![]);
    for line in recorded.lines() {
        let step: Step = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        now += 20;
        if let Some(path) = &step.wait {
            let until = now + step.seconds * 1000;
            let (method, token) = ("GET".into(), Some("operator".into()));
            let get = Step { method, path: path.clone(), token, ..Step::default() };
            while now < until && ask(&mut fleet, &get, &[], now).await["status"] != json!(step.status) {
                now += 300;
            }
            answers.push(Value::Null);
            continue;
        }
        if step.method.is_empty() {
            now += step.seconds * 1000;
            answers.push(Value::Null);
            continue;
        }
        let asked = tokio::time::Instant::now();
        let answer = ask(&mut fleet, &step, &answers, now).await;
        // A watch takes its time.
        now += i64::try_from(asked.elapsed().as_millis()).unwrap();
        answers.push(answer.clone());
        // Some calls only prepare others.
        if !step.answer.is_null() {
            played.push((step, answer));
        }
    }
    played
}

async fn ask(fleet: &mut Fleet, step: &Step, answers: &[Value], milliseconds: i64) -> Value {
    let fill = |text: &str| filled(text, answers);
    let mut request =
        http::Request::builder().method(step.method.as_str()).uri(format!("https://{HOST}{}", fill(&step.path)));
    if let Some(token) = &step.token {
        request = request.header("authorization", format!("Bearer {}", fill(token)));
    }
    if !step.headers.contains_key("user-agent") {
        request = request.header("user-agent", CALLER);
    }
    for (name, value) in &step.headers {
        request = request.header(name, value);
    }
    let body = bytes::Bytes::from(step.body.as_deref().map(fill).unwrap_or_default());
    let now = at(0) + jiff::SignedDuration::from_millis(milliseconds);
    let reply = fleet.respond(HOST, &request.body(body).unwrap(), now).unwrap();
    let header = |name: &str| reply.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let headers: BTreeMap<_, _> = reply.headers().keys().map(|name| (name.to_string(), true)).collect();
    let (status, sort, warning) = (reply.status().as_u16(), header("content-type"), header("warning"));
    let sort = sort.map(|sort| sort.replace("; charset=utf-8", "").replace(";charset=utf-8", ""));
    json!({"status": status, "type": sort, "warning": warning, "headers": headers, "body": read(reply.into_body()).await})
}

/// The events of a watch, JSON, or the beginning of a text.
async fn read(body: Body) -> Value {
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let events =
        text.lines().map(|line| serde_json::from_str(line).ok().filter(|event: &Value| event["object"].is_object()));
    match events.collect::<Option<Vec<_>>>() {
        Some(events) if !events.is_empty() => json!(events),
        _ => serde_json::from_str(&text).unwrap_or_else(|_| json!(text.chars().take(3000).collect::<String>())),
    }
}

fn filled(text: &str, answers: &[Value]) -> String {
    let mut parts = text.split('⟦');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once('⟧').unwrap_or((part, ""));
        if let Some((letter, count)) = reference.split_once('*') {
            filled += &letter.repeat(count.parse().unwrap());
            filled += rest;
            continue;
        }
        let (number, pointer) = reference.split_at(reference.find('/').unwrap_or(reference.len()));
        let answer = number.parse().ok().and_then(|number: usize| answers.get(number));
        filled += answer.and_then(|answer| answer["body"].pointer(pointer)?.as_str()).unwrap_or("unknown");
        filled += rest;
    }
    filled
}
