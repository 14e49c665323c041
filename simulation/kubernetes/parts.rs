//! Parts of objects that are no objects: evictions, tokens of ServiceAccounts, and what only a kubelet could answer.
use super::{
    access,
    bodies::{body, options as options_body},
    discovery, disruptions,
    kinds::Kind,
    options,
    place::{Place, Query},
    reading::Strictness,
    refusal::Refusal,
    requests::{Answered, ok, writer},
    server::Server,
    view::View,
    writes::{self, Target, deleting},
};
use crate::Ask;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

impl Server {
    /// Answers a call to a part of an object that is served, but kept nowhere.
    pub(super) fn part(
        &mut self,
        ask: &Ask,
        kind: &Kind,
        place: &Place,
        name: &str,
        query: &Query,
        now: Timestamp,
    ) -> Answered {
        let part = place.subresource.as_deref().unwrap_or_default();
        let target = Target { kind, namespace: &place.namespace, name, subresource: "", dry_run: query.dry_run() };
        let verbs = discovery::part(&kind.group, &kind.plural, part).unwrap_or_default();
        let verb = match *ask.method() {
            Method::GET => "get",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "",
        };
        if !verbs.split(',').any(|served| served == verb) {
            return Err(Refusal::method_not_allowed());
        }
        match (part, verb) {
            ("eviction", _) => self.evict(ask, &target, query, now),
            ("token", _) => {
                let account = writes::find(&self.objects, &target)?;
                let kind = discovery::kind_of("authentication.k8s.io", "v1", "TokenRequest");
                let writer = writer(ask, query, "token", now, Strictness::Ignore);
                let answer = access::token_request(&account, &kind, body(ask)?, &writer)?;
                Ok(super::requests::created(&answer))
            }
            ("binding", _) => {
                writes::find(&self.objects, &target)?;
                let why = format!("pod {name} is already assigned to node");
                Err(Refusal::conflict(kind, &format!("{name}/binding"), &why))
            }
            ("ephemeralcontainers" | "resize", "get") => {
                let object = writes::find(&self.objects, &target)?;
                Ok(ok(&View::Whole.of(kind, &object, now)))
            }
            _ => {
                writes::find(&self.objects, &target)?;
                Err(Refusal::no_containers())
            }
        }
    }

    /// Ends a pod, if every budget allows it.
    fn evict(&mut self, ask: &Ask, target: &Target, query: &Query, now: Timestamp) -> Answered {
        let sent = body(ask)?;
        let asked =
            options::of_deletion(Some(sent["deleteOptions"].clone()).filter(Value::is_object), &Query::default())?;
        let pod = writes::find(&self.objects, target)?;
        let target = Target { dry_run: deleting::is_dry(&asked, query), ..*target };
        disruptions::allow(&mut self.objects, &pod, target.dry_run)?;
        if !target.dry_run {
            deleting::delete(&mut self.objects, &target, &asked, now)?;
            self.settle(now);
        }
        Ok(super::requests::created(&json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        })))
    }
}

/// The options of a deletion: what was sent, or what the query says.
pub(super) fn deletion(ask: &Ask, query: &Query) -> Result<Value, Refusal> {
    let sent = if ask.body().is_empty() { None } else { Some(options_body(ask)?) };
    options::of_deletion(sent, query)
}
