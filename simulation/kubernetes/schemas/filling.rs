//! Pure: what a server does to a custom resource that it reads: it drops what the schema does not know and fills in its defaults.
use super::{Additional, Schema};
use serde_json::{Map, Value};

/// What every object, and each one that is embedded in another, has.
const OF_OBJECTS: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Schema {
    /// Drops what an object may not have, and names it.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut unknown = vec![];
        self.drop_unknown(object, "", true, &mut unknown);
        unknown.into_iter().map(|path| format!("unknown field {path:?}")).collect()
    }

    fn drop_unknown(&self, value: &mut Value, path: &str, is_root: bool, unknown: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                let is_free = |name: &str| {
                    self.keeps_unknown
                        || matches!(self.additional, Additional::Anything)
                        || (is_root || self.is_embedded) && OF_OBJECTS.contains(&name)
                };
                members.retain(|name, value| {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    match self.member(name) {
                        // An object's own metadata is not for schemas to judge.
                        Some(_) if is_root && name == "metadata" => {}
                        Some(schema) => schema.drop_unknown(value, &path, false, unknown),
                        None if is_free(name) => {}
                        None => {
                            unknown.push(path);
                            return false;
                        }
                    }
                    true
                });
            }
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    for (at, item) in items.iter_mut().enumerate() {
                        schema.drop_unknown(item, &format!("{path}[{at}]"), false, unknown);
                    }
                }
            }
            _ => {}
        }
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
