//! Pure: what a server finds wrong in a custom resource that is applied, before it merges it: members that the schema has not, and
//! values of another type.
use super::{Additional, List, Schema};
use crate::kubernetes::lists::key_of;
use crate::kubernetes::typed::{go_type, go_value};
use serde_json::Value;

impl Schema {
    /// The mistakes in an applied object, each with its place.
    pub fn mistakes(&self, object: &Value) -> Vec<String> {
        let mut wrong = vec![];
        for (name, value) in object.as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                self.judge_member(name, value, "", &mut wrong);
            }
        }
        wrong
    }

    fn judge_member(&self, name: &str, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let place = format!("{place}.{name}");
        match self.member(name) {
            Some(schema) => schema.judge(value, &place, wrong),
            None if self.keeps_unknown
                || matches!(self.additional, Additional::Anything)
                || self.is_embedded && matches!(name, "apiVersion" | "kind" | "metadata") => {}
            None => wrong.push(format!("{place}: field not declared in schema")),
        }
    }

    fn judge(&self, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let expected = match (self.rules.sort(), value) {
            (_, Value::Null) | (None, _) => return,
            (Some("object"), Value::Object(members)) => {
                for (name, value) in members {
                    self.judge_member(name, value, place, wrong);
                }
                return;
            }
            (Some("array"), Value::Array(items)) => return self.judge_items(items, place, wrong),
            (Some("object"), _) => format!("map, got &{{{}}}", go_value(value)),
            (Some("array"), _) => format!("list, got &{{{}}}", go_value(value)),
            (Some("integer" | "number"), Value::Number(_))
            | (Some("string"), Value::String(_))
            | (Some("boolean"), Value::Bool(_)) => return,
            (Some("integer" | "number"), _) => format!("numeric (int or float), got {}", go_type(value)),
            (Some("boolean"), _) => format!("boolean, got &{{{}}}", go_value(value)),
            (Some("string"), _) => format!("string, got &value.valueUnstructured{{Value:{}}}", go_value(value)),
            (Some(_), _) => return,
        };
        wrong.push(format!("{place}: expected {expected}"));
    }

    fn judge_items(&self, items: &[Value], place: &str, wrong: &mut Vec<String>) {
        let Some(schema) = &self.items else { return };
        let keys = match self.list {
            List::Keyed(keys) => keys,
            List::Atomic | List::Set => &[],
        };
        for (at, item) in items.iter().enumerate() {
            let key = key_of(item, keys).filter(|key| !key.is_empty()).map_or_else(
                || at.to_string(),
                |key| key.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","),
            );
            schema.judge(item, &format!("{place}[{key}]"), wrong);
        }
    }
}
