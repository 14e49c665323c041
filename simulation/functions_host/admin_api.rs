//! The administrator's API over HTTP, below `/admin/`: status, ping, invocations by hand, draining.
use super::{FunctionsHost, http_reply::bare, keys::Access, version::VERSION};
use axum::body::Body;
use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

/// The largest input of an invocation by hand, in bytes.
const LARGEST: usize = 1024 * 1024;

impl FunctionsHost {
    /// Answers a request for what stands behind `/admin/`. Everything but the ping asks for the master key.
    pub(super) async fn administer(&self, asked: &str, request: &Parts, body: Body) -> Response<Body> {
        if self.is_stopped() {
            return bare(StatusCode::SERVICE_UNAVAILABLE);
        }
        let asked: Vec<&str> = asked.trim_end_matches('/').split('/').collect();
        if asked == ["host", "ping"] {
            return ping();
        }
        let options = &self.shared.options;
        if !Access::Admin.lets_in(Access::shown(request, options), options) {
            let mut answer = bare(StatusCode::UNAUTHORIZED);
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return answer;
        }
        match (&request.method, asked.as_slice()) {
            (&Method::GET, ["host", "status"]) => json_of(&self.status()),
            (&Method::POST, ["host", "drain"]) => {
                self.drain();
                bare(StatusCode::ACCEPTED)
            }
            (&Method::GET, ["host", "drain", "status"]) => json_of(&self.drain_status()),
            (&Method::GET, ["functions", name, "status"]) if self.instance_of(name).is_some() => json_of(&json!({})),
            (&Method::POST, ["functions", name]) => match input(body).await {
                Some(input) => bare(self.admin_invoke(name, &input)),
                None => bare(StatusCode::BAD_REQUEST),
            },
            _ => bare(StatusCode::NOT_FOUND),
        }
    }

    /// Lets what is in flight end, and begins nothing that a message or a schedule would begin. What somebody asks for,
    /// by HTTP or by hand, is still done. It holds until the platform starts the host again.
    pub fn drain(&self) {
        self.instances.iter().for_each(|instance| instance.drain(true));
    }

    /// `Running` whatever the children do: the real host does not look at them.
    fn status(&self) -> Value {
        let uptime = self.shared.azure.clock().now().duration_since(self.began);
        json!({
            "id": "simulated", "state": "Running", "version": VERSION, "versionDetails": VERSION,
            "platformVersion": "", "instanceId": "", "computerName": "",
            "processUptime": i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX),
            "functionAppContentEditingState": "Unknown",
        })
    }

    fn drain_status(&self) -> Value {
        let outstanding = self.shared.count.outstanding();
        let state = match self.instances.iter().any(|instance| *instance.draining().borrow()) {
            false => "Disabled",
            true if outstanding > 0 => "InProgress",
            true => "Completed",
        };
        // Recorded before it drained: nothing is counted until then.
        let outstanding = if state == "Disabled" { 0 } else { outstanding };
        json!({"state": state, "outstandingInvocations": outstanding, "outstandingRetries": 0})
    }
}

/// The `input` of an invocation by hand; nothing at all is an empty one. `None`: it is no JSON object with a text.
async fn input(body: Body) -> Option<String> {
    let body = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes();
    if body.trim_ascii().is_empty() {
        return Some(String::new());
    }
    let Value::Object(members) = serde_json::from_slice(&body).ok()? else { return None };
    match members.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("input")) {
        None | Some((_, Value::Null)) => Some(String::new()),
        Some((_, Value::String(input))) => Some(input),
        Some(_) => None,
    }
}

fn ping() -> Response<Body> {
    let mut answer = bare(StatusCode::OK);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store,no-cache"));
    answer.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

fn json_of(value: &Value) -> Response<Body> {
    crate::answer::json(200, value)
}
