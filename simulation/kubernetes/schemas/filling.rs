//! Pure: what a server does to a custom resource that it reads: it drops what the schema does not know and fills in its defaults.
use super::{Additional, List, Schema, below, item_of};
use serde_json::{Map, Value};

/// What every object, and each one that is embedded in another, has.
const OF_OBJECTS: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Schema {
    /// Drops what an object may not have, and names it.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = vec![];
        self.drop_unknown(object, &mut String::new(), &mut unknown);
        unknown
    }

    fn drop_unknown(&self, value: &mut Value, path: &mut String, unknown: &mut Vec<String>) {
        let is_root = path.is_empty();
        match value {
            Value::Object(members) => members.retain(|name, value| {
                match self.member(name) {
                    // An object's own metadata is not for schemas to judge.
                    Some(_) if is_root && name == "metadata" => true,
                    Some(schema) => {
                        below(path, name, |path| schema.drop_unknown(value, path, unknown));
                        true
                    }
                    None if (is_root || self.is_embedded) && OF_OBJECTS.contains(&name.as_str()) => true,
                    None if self.keeps_unknown || matches!(self.additional, Additional::Anything) => true,
                    None => {
                        below(path, name, |path| unknown.push(format!("unknown field {path:?}")));
                        false
                    }
                }
            }),
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    for (at, item) in items.iter_mut().enumerate() {
                        item_of(path, at, |path| schema.drop_unknown(item, path, unknown));
                    }
                }
            }
            _ => {}
        }
    }

    /// Fills in the defaults of the keys by which items of lists are known: a list merges by them.
    pub fn fill_in_keys(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if let Some(schema) = self.member(name) {
                        schema.fill_in_keys(value);
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = &self.items else { return };
                let keys = if let List::Keyed(keys) = self.list { keys } else { &[] };
                for item in items {
                    for key in keys {
                        if let (Some(default), true, true) =
                            (schema.default_of(key), item.is_object(), item[*key].is_null())
                        {
                            item[*key] = default.clone();
                        }
                    }
                    schema.fill_in_keys(item);
                }
            }
            _ => {}
        }
    }

    pub(super) fn default_of(&self, name: &str) -> Option<&Value> {
        self.member(name)?.default.as_ref()
    }

    /// Fills in the defaults of all that is there; a null that may not be one counts as nothing.
    pub fn fill_in(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                self.fill_in_members(members);
                for (name, value) in members {
                    if let Some(schema) = self.member(name) {
                        schema.fill_in(value);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.fill_in(item));
                }
            }
            _ => {}
        }
    }

    fn fill_in_members(&self, members: &mut Map<String, Value>) {
        members.retain(|name, value| {
            !value.is_null() || self.member(name).is_none_or(|schema| schema.is_nullable || schema.keeps_unknown)
        });
        for (name, schema) in &self.properties {
            if let Some(default) = &schema.default
                && !members.contains_key(name)
            {
                members.insert(name.clone(), default.clone());
            }
        }
    }
}
