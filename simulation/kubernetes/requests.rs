//! One call to an API server: who may ask, what is meant, and which answer it gets.
use super::{
    access::{self, Attributes, User},
    apply::Writer,
    bodies, discovery, events,
    front::{self, Front},
    headers,
    kinds::Kind,
    merge,
    options::{self, Listing},
    pages::Page,
    parts::deletion,
    place::{Place, Query},
    reading::Strictness,
    refusal::Refusal,
    selectors::Selector,
    server::Server,
    view::{View, scale_of, shown},
    watching::Watch,
    write_options,
    writes::{self, Target, applying, deleting},
};
use crate::{Ask, Reply, answer::json as reply};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// A larger body is refused.
const LARGEST_BODY: usize = 3 * 1024 * 1024;
const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
const APPLY: &str = "application/apply-patch+yaml";

/// What a call leads to.
pub(super) enum Answer {
    Reply(Reply),
    /// A stream of changes, which the caller of this module gives a body to.
    Watch(Watch),
}

pub(super) type Answered = Result<Answer, Refusal>;

impl Server {
    pub(super) fn answer(&mut self, ask: &Ask, now: Timestamp) -> Answer {
        self.advance(now);
        self.objects.warnings.clear();
        let answer = self.route(ask, now).unwrap_or_else(|refusal| Answer::Reply(refusal.reply()));
        match answer {
            Answer::Reply(reply) => {
                let warnings = std::mem::take(&mut self.objects.warnings);
                let reply = warnings.into_iter().fold(reply, |reply, text| headers::warned(reply, Some(text)));
                Answer::Reply(headers::finish(ask, reply))
            }
            watch @ Answer::Watch(_) => watch,
        }
    }

    fn route(&mut self, ask: &Ask, now: Timestamp) -> Answered {
        let user = self.access.who(&self.objects.store, ask, now)?;
        if ask.body().len() > LARGEST_BODY {
            let message = format!("Request entity too large: limit is {LARGEST_BODY}");
            return Err(Refusal::new(413, "RequestEntityTooLarge", message));
        }
        let whole = ask.uri().path();
        let path = if whole == "/" { whole } else { whole.strip_suffix('/').unwrap_or(whole) };
        let place = Place::read(path).ok().filter(|place| !place.plural.is_empty());
        let Some(place) = place else {
            self.access.hold(&self.objects.store, &user, &Attributes::at(ask.method(), path))?;
            return self.page(ask, path);
        };
        let query = Query::read(ask.uri().query().unwrap_or_default());
        let asked = Attributes::of(ask.method(), &place, &query);
        self.access.hold(&self.objects.store, &user, &asked)?;
        headers::acceptable(ask)?;
        if discovery::is_review(&place.group, &place.version, &place.plural) {
            return self.review(ask, &user, &place, &query, now);
        }
        let found = self
            .objects
            .kinds
            .iter()
            .find(|kind| kind.group == place.group && kind.version == place.version && kind.plural == place.plural);
        let Some(kind) = found.cloned() else {
            let json = front::speaks_json(&self.objects.kinds, path);
            return if json { Err(Refusal::no_such_resource()) } else { Ok(Answer::Reply(front::nothing())) };
        };
        if !kind.namespaced && !place.namespace.is_empty()
            || kind.namespaced && place.namespace.is_empty() && place.name.is_some()
        {
            return Err(Refusal::no_such_resource());
        }
        if asked.verb == "patch" && is_apply(ask) && writes::is_missing(&self.objects, &kind, &place) {
            let creates = Attributes { verb: "create".into(), ..asked };
            self.access.hold(&self.objects.store, &user, &creates)?;
        }
        match place.name.clone() {
            None => self.collection(ask, &kind, &place, &query, now),
            Some(name) => self.one(ask, &kind, &place, &name, &query, now),
        }
    }

    /// What leads to no object.
    fn page(&self, ask: &Ask, path: &str) -> Answered {
        let store = &self.objects.store;
        let front = Front {
            host: &self.objects.host,
            kinds: &self.objects.kinds,
            version: &self.shape().version,
            counts: &|| {
                self.objects
                    .kinds
                    .iter()
                    .map(Kind::resource)
                    .map(|kind| (kind.clone(), store.all(&kind).count()))
                    .collect()
            },
        };
        let accept = headers::accept(ask);
        match front.page(path, ask.uri().query().unwrap_or_default(), accept) {
            Some(_) if ask.method() != Method::GET => Err(Refusal::method_not_allowed()),
            Some(reply) => Ok(Answer::Reply(reply)),
            None if front::speaks_json(&self.objects.kinds, path) => Err(Refusal::no_such_resource()),
            None => Ok(Answer::Reply(front::nothing())),
        }
    }

    /// Questions that are sent as objects.
    fn review(&self, ask: &Ask, user: &User, place: &Place, query: &Query, now: Timestamp) -> Answered {
        if ask.method() != Method::POST || place.name.is_some() {
            return Err(Refusal::method_not_allowed());
        }
        let kind = discovery::kind_of_review(&place.group, &place.version, &place.plural);
        let kind = kind.filter(|_| place.group.starts_with("auth")).ok_or_else(Refusal::no_such_resource)?;
        let writer = writer(ask, query, "", now, Strictness::Ignore);
        let answer = access::review(&self.access, &self.objects.store, user, &kind, bodies::body(ask)?, &writer)?;
        Ok(Answer::Reply(reply(201, &answer)))
    }

    fn collection(&mut self, ask: &Ask, kind: &Kind, place: &Place, query: &Query, now: Timestamp) -> Answered {
        if kind.namespaced && place.namespace.is_empty() && ask.method() != Method::GET {
            return Err(Refusal::method_not_allowed());
        }
        match *ask.method() {
            Method::GET if query.is_true("watch") || place.watches => {
                let selector = selector(kind, place, query)?;
                let listing = Listing::of_watch(query)?;
                Ok(Answer::Watch(Watch::new(kind, selector, &listing, query, View::asked(ask, query))))
            }
            Method::GET => self.list(ask, kind, place, query, now),
            Method::POST => {
                let strictness = write_options::check(ask.method(), query, false)?;
                let object = events::as_stored(kind, self.object_in(ask, kind, strictness)?);
                let target =
                    Target { kind, namespace: &place.namespace, name: "", subresource: "", dry_run: query.dry_run() };
                let writer = writer(ask, query, "", now, strictness);
                let written = writes::create(&mut self.objects, &target, object, &writer)?;
                let created = self.settled(written, now);
                let created = View::asked(ask, query).of(kind, &created, now);
                Ok(Answer::Reply(reply(201, &created)))
            }
            Method::DELETE if kind.kind == "Namespace" && kind.built_in => Err(Refusal::method_not_allowed()),
            Method::DELETE => self.delete_all(ask, kind, place, query, now),
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn list(&mut self, ask: &Ask, kind: &Kind, place: &Place, query: &Query, now: Timestamp) -> Answered {
        let selector = selector(kind, place, query)?;
        let listing = Listing::of_list(query)?;
        let (store, resource, view) = (&self.objects.store, kind.resource(), View::asked(ask, query));
        listing.not_of_the_future(store.version())?;
        let page = Page::asked(query)?;
        if let Some(version) = listing.version.filter(|_| listing.exact) {
            let then = store.at(version, &resource).map_err(|oldest| Refusal::expired(version, oldest))?;
            let matching = then.iter().filter(|(_, object)| selector.matches(object));
            let (objects, metadata) = page.of(selector.chooses(), matching, &version.to_string());
            return Ok(ok(&view.list(kind, objects, metadata, now)));
        }
        let matching = store.all(&resource).filter(|(_, object)| selector.matches(object));
        let (objects, metadata) = page.of(selector.chooses(), matching, &store.version().to_string());
        let answer = reply(200, &view.list(kind, objects, metadata, now));
        Ok(Answer::Reply(headers::warned(answer, headers::deprecated(kind, &self.shape().version))))
    }

    fn delete_all(&mut self, ask: &Ask, kind: &Kind, place: &Place, query: &Query, now: Timestamp) -> Answered {
        let options = deletion(ask, query)?;
        let selector = selector(kind, place, query)?;
        let resource = kind.resource();
        let matching = self.objects.store.all(&resource).filter(|(_, object)| selector.matches(object));
        let found: Vec<_> = matching.map(|(name, object)| (name.clone(), Arc::clone(object))).collect();
        for ((namespace, name), _) in &found {
            let dry_run = deleting::is_dry(&options, query);
            let target = Target { kind, namespace, name, subresource: "", dry_run };
            self.delete(&target, &options, now)?;
        }
        let version = self.objects.store.version().to_string();
        let objects = found.iter().map(|(_, object)| &**object).collect();
        Ok(ok(&View::Whole.list(kind, objects, json!({"resourceVersion": version}), now)))
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
        if !served {
            let verbs = discovery::part(&kind.group, &kind.plural, subresource).filter(|_| kind.built_in);
            verbs.ok_or_else(Refusal::no_such_resource)?;
            return self.part(ask, kind, place, name, query, now);
        }
        let target = Target { kind, namespace: &place.namespace, name, subresource, dry_run: query.dry_run() };
        let is_apply = sort_of_patch(ask) == APPLY;
        let strictness = write_options::check(ask.method(), query, is_apply)?;
        let writer = writer(ask, query, subresource, now, strictness);
        match *ask.method() {
            Method::GET => {
                options::of_get(query)?.not_of_the_future(self.objects.store.version())?;
                let object = writes::find(&self.objects, &target)?;
                let warning = headers::deprecated(kind, &self.shape().version);
                Ok(warned(
                    &if subresource == "scale" {
                        scale_of(kind, &object)
                    } else {
                        View::asked(ask, query).of(kind, &object, now)
                    },
                    warning,
                ))
            }
            Method::PUT => {
                let object = events::as_stored(kind, self.object_in(ask, kind, strictness)?);
                let written = writes::replace(&mut self.objects, &target, object, &writer)?;
                let object = self.settled(written, now);
                Ok(shown_as(kind, &object, subresource, 200))
            }
            Method::PATCH => self.patch_call(ask, &target, query, &writer),
            Method::DELETE if subresource.is_empty() => {
                let options = deletion(ask, query)?;
                let target = Target { dry_run: deleting::is_dry(&options, query), ..target };
                Ok(ok(&self.delete(&target, &options, now)?))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    /// The object in a body, and a warning of each member that it has twice.
    fn object_in(&mut self, ask: &Ask, kind: &Kind, strictness: Strictness) -> Result<Value, Refusal> {
        let (object, doubles) = bodies::object(ask, kind, strictness)?;
        self.objects.warnings.extend(doubles);
        Ok(object)
    }

    fn delete(&mut self, target: &Target, options: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let answer = deleting::delete(&mut self.objects, target, options, now)?;
        if !target.dry_run {
            self.settle(now);
        }
        Ok(answer)
    }

    fn patch_call(&mut self, ask: &Ask, target: &Target, query: &Query, writer: &Writer) -> Answered {
        let kind = target.kind;
        match sort_of_patch(ask) {
            APPLY => {
                let (wanted, doubles) = bodies::applied(ask, writer.strictness)?;
                self.objects.warnings.extend(doubles);
                let (written, new) =
                    applying::apply_call(&mut self.objects, target, wanted, writer, query.is_true("force"))?;
                let object = self.settled(written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, if new { 201 } else { 200 }))
            }
            "application/merge-patch+json" => {
                let patch = bodies::patch(ask, Value::is_object, "map[string]interface {}")?;
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    let mut object = object.clone();
                    merge::merge_patch(&mut object, &patch);
                    Ok(object)
                })?;
                let object = self.settled(written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            "application/strategic-merge-patch+json" if kind.built_in => {
                let patch = bodies::patch(ask, Value::is_object, "map[string]interface {}")?;
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    let mut object = object.clone();
                    merge::strategic_patch(kind, &mut object, &patch, &mut vec![]);
                    Ok(object)
                })?;
                let object = self.settled(written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            "application/json-patch+json" => {
                let patch = bodies::patch(ask, Value::is_array, "[]handlers.jsonPatchOp")?;
                // The real server does not say which operation it was either.
                let wrong =
                    |_| Refusal::bare(422, "Invalid", "the server rejected our request due to an error in our request");
                let written = writes::change(&mut self.objects, target, writer, |object| {
                    merge::json_patch(object, &patch).map_err(wrong)
                })?;
                let object = self.settled(written, writer.now);
                Ok(shown_as(kind, &object, target.subresource, 200))
            }
            "application/strategic-merge-patch+json" => {
                Err(Refusal::unsupported_media_type(&PATCHES.replace("application/strategic-merge-patch+json, ", "")))
            }
            _ => Err(Refusal::bare(415, "UnsupportedMediaType", "415: Unsupported Media Type")),
        }
    }
}

fn selector(kind: &Kind, place: &Place, query: &Query) -> Result<Selector, Refusal> {
    Selector::read(kind, &place.namespace, query.text("labelSelector"), query.text("fieldSelector"))
}

fn is_apply(ask: &Ask) -> bool {
    let sort = ask.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    sort.starts_with("application/apply-patch")
}

pub(super) fn created(value: &Value) -> Answer {
    Answer::Reply(reply(201, value))
}

fn warned(value: &Value, warning: Option<String>) -> Answer {
    Answer::Reply(headers::warned(reply(200, value), warning))
}

pub(super) fn ok(value: &Value) -> Answer {
    Answer::Reply(reply(200, value))
}

fn shown_as(kind: &Kind, object: &Value, subresource: &str, status: u16) -> Answer {
    Answer::Reply(reply(status, &if subresource == "scale" { scale_of(kind, object) } else { shown(kind, object) }))
}

fn sort_of_patch(ask: &Ask) -> &str {
    let sort = ask.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    sort.split(';').next().unwrap_or_default().trim()
}

pub(super) fn writer<'a>(
    ask: &'a Ask,
    query: &'a Query,
    subresource: &'a str,
    now: Timestamp,
    strictness: Strictness,
) -> Writer<'a> {
    let agent =
        ask.headers().get("user-agent").and_then(|value| value.to_str().ok()).and_then(|agent| agent.split('/').next());
    let manager = match query.text("fieldManager") {
        "" => agent.unwrap_or("unknown"),
        named => named,
    };
    // Scaling writes the object's own fields.
    Writer { manager, subresource, now, strictness }
}
