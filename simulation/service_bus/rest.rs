//! The REST face of Service Bus: sending in both formats, receiving, settling. Pure.
mod access;
mod receive;
mod send;
mod wire;

pub(crate) use wire::decoded;

use super::{Broker, Refusal};
use crate::{Ask, Reply};
use axum::body::Body;
use http::{Method, StatusCode};
use jiff::Timestamp;

impl Broker {
    /// Answers a call to `<namespace>.servicebus.…`. Receiving never waits: `timeout` is taken for 0.
    pub fn respond(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        if let Err(denial) = access::check(ask, &self.shared_access_keys, now) {
            return refuse(StatusCode::UNAUTHORIZED, &denial.to_string());
        }
        let path = decoded(ask.uri().path());
        let Some((entity, rest)) = split(&path) else {
            return refuse(
                StatusCode::NOT_FOUND,
                "The requested URI does not represent any resource served by this endpoint.",
            );
        };
        let method = ask.method();
        match rest.as_slice() {
            [] if method == Method::POST => self.take_in(ask, entity, now),
            [head] if head.eq_ignore_ascii_case("head") && method == Method::POST => {
                self.give_out(ask, entity, false, now)
            }
            [head] if head.eq_ignore_ascii_case("head") && method == Method::DELETE => {
                self.give_out(ask, entity, true, now)
            }
            [name, lock] => self.settle_by_name(method, entity, name, lock, now),
            _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed on this resource."),
        }
    }
}

/// The entity and what comes behind `/messages`.
fn split(path: &str) -> Option<(&str, Vec<&str>)> {
    let path = path.trim_matches('/');
    let at = path.to_ascii_lowercase().rfind("/messages")?;
    let rest = &path[at + "/messages".len()..];
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| (&path[..at], rest.split('/').filter(|part| !part.is_empty()).collect()))
}

fn refuse(status: StatusCode, detail: &str) -> Reply {
    let detail = detail.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!("<Error><Code>{}</Code><Detail>{detail}</Detail></Error>", status.as_u16());
    let mut reply = http::Response::new(Body::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", http::HeaderValue::from_static("application/xml; charset=utf-8"));
    reply
}

fn refused(refusal: &Refusal) -> Reply {
    let status = match refusal {
        Refusal::NoSuchEntity(_) => StatusCode::GONE,
        Refusal::TooLarge(_) => StatusCode::FORBIDDEN,
        Refusal::Malformed(_) | Refusal::NoSession => StatusCode::BAD_REQUEST,
    };
    refuse(status, &refusal.to_string())
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = http::Response::new(Body::empty());
    *reply.status_mut() = status;
    reply
}
