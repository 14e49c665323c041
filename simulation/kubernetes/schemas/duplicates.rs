//! Pure: items that a list may hold only once: those of sets, and those with the same keys.
use super::{Causes, List, Schema, below, item_of};
use serde_json::{Map, Value};

pub(super) fn check(schema: &Schema, value: &Value, path: &mut String, causes: &mut Causes) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(schema) = schema.member(name) {
                    below(path, name, |path| check(schema, value, path, causes));
                }
            }
        }
        Value::Array(items) => {
            let Some(of) = &schema.items else { return };
            let keys: Vec<Value> = match schema.list {
                List::Atomic => vec![],
                List::Set => items.clone(),
                List::Keyed(keys) => items.iter().map(|item| key_of(of, item, keys)).collect(),
            };
            for (at, key) in keys.iter().enumerate().filter(|(at, key)| keys[..*at].contains(key)) {
                causes.push((format!("{path}[{at}]"), "FieldValueDuplicate", format!("Duplicate value: {key}")));
            }
            for (at, item) in items.iter().enumerate() {
                item_of(path, at, |path| check(of, item, path, causes));
            }
        }
        _ => {}
    }
}

fn key_of(schema: &Schema, item: &Value, keys: &[&str]) -> Value {
    let key = |name: &&str| Some(((*name).to_owned(), item.get(*name).or_else(|| schema.default_of(name))?.clone()));
    Value::Object(keys.iter().filter_map(key).collect::<Map<_, _>>())
}
