//! What surrounds an answer: in which form it is wanted, warnings, and the headers that every answer has.
use super::{kinds::Kind, refusal::Refusal};
use crate::{Ask, Reply, ids::guid_of};
use axum::body::Body;
use futures::FutureExt;
use http::HeaderValue;
use http_body_util::BodyExt;
use serde_json::Value;

/// What the caller accepts.
pub(super) fn accept(ask: &Ask) -> &str {
    ask.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether YAML is wanted, of what this server can give.
fn wants_yaml(ask: &Ask) -> Option<bool> {
    let accept = accept(ask);
    if accept.is_empty() {
        return Some(false);
    }
    let mut sorts: Vec<(f32, &str)> = accept
        .split(',')
        .map(|sort| {
            let weight = sort.split(';').find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
            (weight.unwrap_or(1.0), sort.split(';').next().unwrap_or_default().trim())
        })
        .collect();
    sorts.sort_by(|one, other| other.0.total_cmp(&one.0));
    sorts.into_iter().find_map(|(_, sort)| match sort {
        "application/yaml" => Some(true),
        "application/json" | "*/*" | "application/*" => Some(false),
        _ => None,
    })
}

/// Refuses forms of answers of which there is none here.
pub(super) fn acceptable(ask: &Ask) -> Result<(), Refusal> {
    wants_yaml(ask).map(drop).ok_or_else(Refusal::not_acceptable)
}

/// Adds a warning, as kubectl prints it.
pub(super) fn warned(mut reply: Reply, warning: Option<String>) -> Reply {
    let Some(text) = warning else { return reply };
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
        reply.headers_mut().append("warning", value);
    }
    reply
}

/// What is said with each answer about a kind that has had its day.
pub(super) fn deprecated(kind: &Kind, version: &str) -> Option<String> {
    let minor: u32 = version.trim_start_matches('v').split('.').nth(1)?.parse().ok()?;
    let old = kind.built_in && kind.group.is_empty() && kind.kind == "Endpoints" && minor >= 33;
    old.then(|| "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".into())
}

/// The answer in the form that is wanted, with the headers that all have.
pub(super) fn finish(ask: &Ask, reply: Reply) -> Reply {
    let is_json = |reply: &Reply| {
        reply.headers().get("content-type").is_some_and(|sort| sort == "application/json; charset=utf-8")
    };
    let mut reply = reply;
    if is_json(&reply) {
        reply.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        if reply.status().is_success() && wants_yaml(ask) == Some(true) {
            reply = in_yaml(reply);
        }
    }
    let id = guid_of(&format!("{} {}", ask.method(), ask.uri()));
    let own = [("audit-id", id), ("cache-control", "no-cache, private".into())];
    let flow = ["x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"].map(|name| (name, FLOW.into()));
    for (name, value) in own.into_iter().chain(flow) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

const FLOW: &str = "9d6a1b5f-0c0e-4d0c-8f4e-5b8f3f1a2c3d";

fn in_yaml(reply: Reply) -> Reply {
    let (mut head, body) = reply.into_parts();
    let bytes =
        body.collect().now_or_never().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = serde_json::from_slice::<Value>(&bytes).ok().and_then(|value| serde_saphyr::to_string(&value).ok());
    match text {
        Some(text) => {
            head.headers.insert("content-type", HeaderValue::from_static("application/yaml"));
            Reply::from_parts(head, Body::from(text))
        }
        None => Reply::from_parts(head, Body::from(bytes)),
    }
}
