//! Every resource by its id, in any case; unknown fields stay. Pure.
use super::place::{Place, key};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The resources' bodies. Each carries its `id`, `name` and `type` as they were first written.
#[derive(Default)]
pub(crate) struct Store {
    bodies: BTreeMap<String, Stored>,
}

struct Stored {
    body: Value,
    /// The body as it is sent: written once a change, for it is asked for far more often.
    text: OnceLock<Bytes>,
}

impl Store {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.bodies.get(key).map(|stored| &stored.body)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.bodies.get_mut(key).map(|stored| {
            stored.text = OnceLock::new();
            &mut stored.body
        })
    }

    /// A resource's body as JSON text.
    pub fn text(&self, key: &str) -> Option<Bytes> {
        let Stored { body, text } = self.bodies.get(key)?;
        Some(text.get_or_init(|| body.to_string().into()).clone())
    }

    /// Stores a body under an id. The first spelling of an id stays.
    pub fn put(&mut self, id: &str, mut body: Value) {
        let (key, place) = (key(id), Place::of(id));
        let first = self.bodies.get(&key);
        let shown = |field: &str, given: String| {
            first.and_then(|first| first.body[field].as_str()).map_or(given, ToOwned::to_owned)
        };
        let (id, name, kind) = (shown("id", place.id()), shown("name", place.name().into()), place.kind());
        if let Value::Object(fields) = &mut body {
            for (field, value) in [("type", kind), ("name", name), ("id", id)] {
                fields.shift_remove(field);
                fields.shift_insert(0, field.into(), value.into());
            }
        }
        self.bodies.insert(key, Stored { body, text: OnceLock::new() });
    }

    /// Replaces the tags of a resource by the ones of a body, if it has some.
    pub fn retag(&mut self, key: &str, body: &Value) {
        if let (Some(stored), Some(tags)) = (self.get_mut(key), body.get("tags")) {
            stored["tags"] = tags.clone();
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let below = format!("{key}/");
        self.bodies.retain(|other, _| !other.starts_with(&below));
        self.bodies.remove(key).map(|stored| stored.body)
    }

    /// Every resource whose key begins so.
    pub fn below<'store>(&'store self, prefix: &'store str) -> impl Iterator<Item = (&'store str, &'store Value)> {
        let from = self.bodies.range(prefix.to_owned()..);
        from.take_while(move |(key, _)| key.starts_with(prefix)).map(|(key, stored)| (key.as_str(), &stored.body))
    }

    /// Every resource of a kind (any case) whose key begins so.
    pub fn of_kind<'store>(
        &'store self,
        prefix: &'store str,
        kind: &'store str,
    ) -> impl Iterator<Item = &'store Value> {
        self.below(prefix)
            .filter(move |(_, body)| body["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind)))
            .map(|(_, body)| body)
    }
}
