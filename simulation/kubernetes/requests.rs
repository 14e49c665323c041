//! One call to an API server: who may ask, what is meant, and which answer it gets.
use super::{
    apply::Writer,
    bodies::{body, parse},
    discovery,
    kinds::Kind,
    merge, openapi,
    pages::Page,
    place::{Place, Query},
    reading::Strictness,
    refusal::Refusal,
    selectors::Selector,
    server::Server,
    view::{View, scale_of, shown},
    watching::Watch,
    writes::{self, Target, applying, deleting},
};
use crate::{Ask, Reply, answer::json as reply};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A larger body is refused.
const LARGEST_BODY: usize = 3 * 1024 * 1024;
const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

/// What a call leads to.
pub(super) enum Answer {
    Reply(Reply),
    /// A stream of changes, which the caller of this module gives a body to.
    Watch(Watch),
}

type Answered = Result<Answer, Refusal>;

impl Server {
    pub(super) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        self.advance(now);
        self.objects.warnings.clear();
        let answer = self.route(ask, now).unwrap_or_else(|refusal| Answer::Reply(refusal.reply()));
        let warnings = std::mem::take(&mut self.objects.warnings);
        if let Answer::Reply(reply) = answer { Answer::Reply(warned(reply, &warnings)) } else { answer }
    }

    fn route(&mut self, ask: &Ask, now: Timestamp) -> Answered {
        let token = ask
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("Bearer "));
        if token.is_none_or(|token| token.trim().is_empty()) {
            return Err(Refusal::new(401, "Unauthorized", "Unauthorized"));
        }
        if ask.body().len() > LARGEST_BODY {
            let message = format!("Request entity too large: limit is {LARGEST_BODY}");
            return Err(Refusal::new(413, "RequestEntityTooLarge", message));
        }
        let path = ask.uri().path().trim_end_matches('/');
        let known = match path {
            "/version" => Some(discovery::version(&self.shape().version)),
            "/api" => Some(discovery::core_versions(&self.objects.host)),
            "/apis" => Some(discovery::groups(&self.objects.kinds)),
            "/openapi/v3" => Some(openapi::index(&self.objects.kinds)),
            _ => path
                .strip_prefix("/openapi/v3/")
                .and_then(|path| openapi::document(&self.objects.kinds, path, &self.shape().version))
                .or_else(|| self.group(path)),
        };
        if let Some(known) = known {
            return if ask.method() == Method::GET { Ok(ok(&known)) } else { Err(Refusal::method_not_allowed()) };
        }
        if matches!(path, "/healthz" | "/livez" | "/readyz") {
            return Ok(Answer::Reply(http::Response::new("ok".into())));
        }
        let place = Place::read(path)?;
        if place.plural.is_empty() {
            return discovery::resources(&self.objects.kinds, &place.group, &place.version)
                .map(|list| ok(&list))
                .ok_or_else(Refusal::no_such_resource);
        }
        let found = self
            .objects
            .kinds
            .iter()
            .find(|kind| kind.group == place.group && kind.version == place.version && kind.plural == place.plural);
        let kind = found.cloned().ok_or_else(Refusal::no_such_resource)?;
        if !kind.namespaced && !place.namespace.is_empty()
            || kind.namespaced && place.namespace.is_empty() && place.name.is_some()
        {
            return Err(Refusal::no_such_resource());
        }
        let query = Query::read(ask.uri().query().unwrap_or_default());
        match place.name.clone() {
            None => self.collection(ask, &kind, &place, &query, now),
            Some(name) => self.one(ask, &kind, &place, &name, &query, now),
        }
    }

    fn group(&self, path: &str) -> Option<Value> {
        let group = path.strip_prefix("/apis/").filter(|group| !group.contains('/'))?;
        discovery::one_group(&self.objects.kinds, group)
    }

    fn collection(&mut self, ask: &Ask, kind: &Kind, place: &Place, query: &Query, now: Timestamp) -> Answered {
        let selector = Selector::read(&place.namespace, query.text("labelSelector"), query.text("fieldSelector"))?;
        let view = View::asked(ask, query);
        let resource = kind.resource();
        match *ask.method() {
            Method::GET if query.is_true("watch") => {
                let version = query.text("resourceVersion");
                let from = if version.is_empty() { Some(0) } else { version.parse().ok() };
                let Some(from) = from else {
                    return Err(Refusal::bad_request(format!("invalid resourceVersion: {version:?}")));
                };
                Ok(Answer::Watch(Watch::new(kind, selector, from, query, view)))
            }
            Method::GET => {
                let matching = self.objects.store.all(&resource).filter(|(_, object)| selector.matches(object));
                let version = self.objects.store.version().to_string();
                let (objects, metadata) = Page::asked(query)?.of(matching, &version);
                Ok(ok(&view.list(kind, objects, metadata, now)))
            }
            Method::POST => {
                let object = body(ask)?;
                let target =
                    Target { kind, namespace: &place.namespace, name: "", subresource: "", dry_run: query.dry_run() };
                let written = writes::create(&mut self.objects, &target, object, &writer(ask, query, "", now))?;
                let created = self.settled(&target, written, now);
                Ok(Answer::Reply(reply(201, &view.of(kind, &created, now))))
            }
            Method::DELETE => {
                let options = if ask.body().is_empty() { json!({}) } else { body(ask)? };
                let names = self
                    .objects
                    .store
                    .all(&resource)
                    .filter(|(_, object)| selector.matches(object))
                    .map(|(name, _)| name.clone());
                for (namespace, name) in names.collect::<Vec<_>>() {
                    let target =
                        Target { kind, namespace: &namespace, name: &name, subresource: "", dry_run: query.dry_run() };
                    self.delete(&target, &options, now)?;
                }
                Ok(ok(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn one(&mut self, ask: &Ask, kind: &Kind, place: &Place, name: &str, query: &Query, now: Timestamp) -> Answered {
        let subresource = place.subresource.as_deref().unwrap_or_default();
        let served = match subresource {
            "" => true,
            "status" => kind.status,
            "scale" => kind.scale,
            "finalize" => kind.kind == "Namespace",
            _ => false,
        };
        if kind.kind == "Pod" && matches!(subresource, "log" | "exec" | "attach" | "portforward" | "proxy") {
            return Err(Refusal::no_containers());
        }
        if !served {
            return Err(Refusal::no_such_resource());
        }
        let target = Target { kind, namespace: &place.namespace, name, subresource, dry_run: query.dry_run() };
        let writer = writer(ask, query, subresource, now);
        match *ask.method() {
            Method::GET => {
                let object = writes::find(&self.objects, &target)?;
                Ok(ok(&if subresource == "scale" {
                    scale_of(kind, &object)
                } else {
                    View::asked(ask, query).of(kind, &object, now)
                }))
            }
            Method::PUT => {
                let object = body(ask)?;
                let written = writes::replace(&mut self.objects, &target, object, &writer)?;
                let object = self.settled(&target, written, now);
                Ok(shown_as(kind, &object, subresource, 200))
            }
            Method::PATCH => self.patch_call(ask, &target, query, &writer),
            Method::DELETE if subresource.is_empty() => {
                let mut options = if ask.body().is_empty() { json!({}) } else { body(ask)? };
                if options["propagationPolicy"].is_null() && !query.text("propagationPolicy").is_empty() {
                    options["propagationPolicy"] = json!(query.text("propagationPolicy"));
                }
                Ok(ok(&self.delete(&target, &options, now)?))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn delete(&mut self, target: &Target, options: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let answer = deleting::delete(&mut self.objects, target, options, now)?;
        if !target.dry_run {
            self.settle(now);
        }
        Ok(answer)
    }

    fn patch_call(&mut self, ask: &Ask, target: &Target, query: &Query, writer: &Writer) -> Answered {
        let sort = ask.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let sort = sort.split(';').next().unwrap_or_default().trim();
        let kind = target.kind;
        match sort {
            "application/apply-patch+yaml" => {
                if query.text("fieldManager").is_empty() {
                    let wrong = "Required value: is required for apply patch";
                    let mut refusal = Refusal::invalid(kind, "", "fieldManager", "FieldValueRequired", wrong);
                    refusal.message = format!("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: {wrong}");
                    return Err(refusal);
                }
                let wanted = body(ask)?;
                let (written, new) =
                    applying::apply_call(&mut self.objects, target, wanted, writer, query.is_true("force"))?;
                let object = self.settled(target, written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, if new { 201 } else { 200 }))
            }
            "application/merge-patch+json" => {
                let patch = body(ask)?;
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    let mut object = object.clone();
                    merge::merge_patch(&mut object, &patch);
                    Ok(object)
                })?;
                let object = self.settled(target, written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            "application/strategic-merge-patch+json" if kind.built_in => {
                let patch = body(ask)?;
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    let mut object = object.clone();
                    merge::strategic_patch(kind, &mut object, &patch, &mut vec![]);
                    Ok(object)
                })?;
                let object = self.settled(target, written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            "application/json-patch+json" => {
                let patch = parse(ask)?;
                let wrong = |why| Refusal::new(422, "Invalid", why);
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    merge::json_patch(object, &patch).map_err(wrong)
                })?;
                let object = self.settled(target, written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            _ if kind.built_in => Err(Refusal::unsupported_media_type(PATCHES)),
            _ => Err(Refusal::unsupported_media_type(&PATCHES.replace("application/strategic-merge-patch+json, ", ""))),
        }
    }
}

fn ok(value: &Value) -> Answer {
    Answer::Reply(reply(200, value))
}

fn shown_as(kind: &Kind, object: &Value, subresource: &str, status: u16) -> Answer {
    Answer::Reply(reply(status, &if subresource == "scale" { scale_of(kind, object) } else { shown(kind, object) }))
}

/// An answer with the server's warnings.
fn warned(mut reply: Reply, warnings: &[String]) -> Reply {
    for warning in warnings {
        if let Ok(value) = format!("299 - {warning:?}").parse() {
            reply.headers_mut().append("warning", value);
        }
    }
    reply
}

fn writer<'a>(ask: &'a Ask, query: &'a Query, subresource: &'a str, now: Timestamp) -> Writer<'a> {
    let agent =
        ask.headers().get("user-agent").and_then(|value| value.to_str().ok()).and_then(|agent| agent.split('/').next());
    let manager = match query.text("fieldManager") {
        "" => agent.unwrap_or("unknown"),
        named => named,
    };
    // Scaling writes the object's own fields.
    let strictness = match query.text("fieldValidation") {
        "Ignore" => Strictness::Ignore,
        "Strict" => Strictness::Strict,
        _ => Strictness::Warn,
    };
    Writer { manager, subresource, now, strictness }
}
