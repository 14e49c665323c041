//! Receiving and settling by REST. Pure.
use super::{empty, refuse, wire};
use crate::{
    Ask, Reply,
    service_bus::{Broker, Delivery, LockLost, LockToken},
};
use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

/// REST has no way to hold a session.
const NEEDS_SESSION: &str =
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.";

impl Broker {
    pub(super) fn give_out(&mut self, ask: &Ask, entity: &str, destructively: bool, now: Timestamp) -> Reply {
        if !self.has(entity) {
            return refuse(StatusCode::GONE, &format!("The messaging entity '{entity}' could not be found."));
        }
        if self.queue_options(entity).is_some_and(|options| options.receive_disabled) {
            return refuse(StatusCode::FORBIDDEN, &format!("Messaging entity '{entity}' is currently disabled."));
        }
        if self.requires_session(entity) {
            return refuse(StatusCode::BAD_REQUEST, NEEDS_SESSION);
        }
        let Some(delivery) = self.receive(entity, now) else { return empty(StatusCode::NO_CONTENT) };
        if !destructively {
            return given(StatusCode::CREATED, ask, entity, &delivery);
        }
        match self.complete(entity, delivery.lock_token, now) {
            Ok(()) => given(StatusCode::OK, ask, entity, &delivery),
            Err(LockLost) => empty(StatusCode::NO_CONTENT),
        }
    }

    pub(super) fn settle_by_name(
        &mut self,
        method: &Method,
        entity: &str,
        name: &str,
        lock: &str,
        now: Timestamp,
    ) -> Reply {
        let lost = || refuse(StatusCode::GONE, &LockLost.to_string());
        let Some(lock) = LockToken::parse(lock) else { return lost() };
        match self.held(entity, now) {
            Ok(queue) if queue.is_named(lock, name) => {}
            _ => return lost(),
        }
        let settled = match *method {
            Method::DELETE => self.complete(entity, lock, now),
            Method::PUT => self.abandon(entity, lock, now),
            Method::POST => self.renew(entity, lock, now).map(|_| ()),
            _ => return refuse(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed on this resource."),
        };
        settled.map_or_else(|LockLost| lost(), |()| empty(StatusCode::OK))
    }
}

fn given(status: StatusCode, ask: &Ask, entity: &str, delivery: &Delivery) -> Reply {
    let mut reply = http::Response::new(Body::from(delivery.message.body.clone()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    for (name, value) in &delivery.message.properties {
        // JSON's own escapes keep what a header cannot carry: text stays in double quotes, as it must.
        set(name, &wire::ascii(value));
    }
    set("content-type", delivery.message.content_type.as_deref().unwrap_or("application/octet-stream"));
    set("brokerproperties", &wire::ascii(&Value::Object(wire::broker_properties(delivery))));
    let (base, number, lock) = (crate::hosts::origin_of(ask), delivery.sequence_number, delivery.lock_token);
    set("location", &format!("{base}/{entity}/messages/{number}/{lock}"));
    reply
}
