//! One invocation: the request that the child gets, and what its reply means.
use super::{
    definition::Function,
    failure::Failure,
    instance::{Child, Instance},
    shared::Shared,
    version::{PRODUCT, VERSION},
};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use serde_json::{Map, Value};
use std::{pin::pin, time::Duration};
use tokio::time::timeout;

/// From an invocation's timeout to the kill.
const GRACE: Duration = Duration::from_secs(2);
/// When a socket breaks, its process may have died: the system says so a little later. Real time.
const POST_MORTEM: Duration = Duration::from_millis(250);

/// What a good reply says.
#[derive(Debug)]
pub(super) struct Answer {
    pub outputs: Map<String, Value>,
    pub return_value: Value,
}

/// Invokes a function by the envelope and judges the reply.
pub(super) async fn invoke(
    shared: &Shared,
    instance: &Instance,
    function: &Function,
    envelope: &Value,
) -> Result<Answer, Failure> {
    // The child's own port comes into this place when it is known.
    let request = Request::post(format!("/{}", function.name)).header(header::HOST, "127.0.0.1");
    let mut request = request.body(Body::from(envelope.to_string())).map_err(|_| Failure::Invalid)?;
    let headers = request.headers_mut();
    mark(shared, headers);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(PRODUCT));
    headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let judged = call(shared, instance, function, request, true).await.and_then(|reply| judge(&reply));
    if judged.is_err() {
        shared.count.function(&function.name, |counts| counts.failures += 1);
    }
    judged
}

/// The two headers that the host adds to everything it sends to its child.
pub(super) fn mark(shared: &Shared, headers: &mut HeaderMap) {
    headers.insert("x-azure-functions-hostversion", HeaderValue::from_static(VERSION));
    if let Ok(id) = HeaderValue::try_from(shared.count.guid()) {
        headers.insert("x-azure-functions-invocationid", id);
    }
}

/// One request to the child, waited for as long as an invocation may take. With `enveloped`, a reply without content
/// is no reply: the host waits on.
pub(super) async fn call(
    shared: &Shared,
    instance: &Instance,
    function: &Function,
    mut request: Request<Body>,
    enveloped: bool,
) -> Result<Response<Bytes>, Failure> {
    let _in_flight = shared.count.in_flight();
    let child = instance.child().await;
    shared.count.function(&function.name, |counts| counts.invocations += 1);
    let (process, port) = match child {
        Child::Ready(process, port) if !process.is_dead() => (process, port),
        Child::Ready(..) => return Err(Failure::Broken),
        Child::Gone | Child::Starting => return Err(Failure::Refused),
        Child::HostStopped => return Err(Failure::HostStopped),
    };
    if enveloped {
        request.headers_mut().insert(header::HOST, port.authority());
    }
    let clock = shared.azure.clock();
    let reply = async {
        let reply = port.ask(request).await;
        if port.is_socket() && reply.is_err() {
            // Otherwise the next delivery would find the dead one's port before its successor is awaited.
            let _ = timeout(POST_MORTEM, process.dead()).await;
        }
        let reply = reply?;
        if enveloped && says_nothing(&reply) {
            return std::future::pending().await;
        }
        Ok(reply)
    };
    let mut reply = pin!(reply);
    tokio::select! {
        biased;
        () = process.dead() => return Err(Failure::Broken),
        // A child that died while it answered has not answered.
        reply = &mut reply => return if process.is_dead() { Err(Failure::Broken) } else { reply },
        () = clock.sleep(shared.app.function_timeout) => {}
    }
    // Nobody tells the child: it goes on until it is killed, and a reply comes too late.
    let late = async {
        let _ = reply.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = process.dead() => {}
        () = late => {}
        () = clock.sleep(GRACE) => instance.time_out(&process),
    }
    Err(Failure::TimedOut)
}

/// A 2xx whose body is empty or `null` deserializes to nothing, and then the real host sets no result.
fn says_nothing(reply: &Response<Bytes>) -> bool {
    let body = reply.body().trim_ascii();
    reply.status().is_success() && (body.is_empty() || (body == b"null" && is_json(reply.headers())))
}

fn judge(reply: &Response<Bytes>) -> Result<Answer, Failure> {
    if !reply.status().is_success() {
        return Err(Failure::Status);
    }
    if !is_json(reply.headers()) {
        return Err(Failure::Invalid);
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(reply.body()) else { return Err(Failure::Invalid) };
    let (mut outputs, mut return_value) = (Map::new(), Value::Null);
    for (name, value) in members {
        match (name.to_lowercase().as_str(), value) {
            ("outputs", Value::Object(object)) => outputs = object,
            ("outputs" | "logs", Value::Null) => {}
            ("logs", Value::Array(lines)) if !lines.iter().any(|line| line.is_object() || line.is_array()) => {}
            ("outputs" | "logs", _) => return Err(Failure::Invalid),
            ("returnvalue", value) => return_value = value,
            _ => {}
        }
    }
    Ok(Answer { outputs, return_value })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("text/json")
}
