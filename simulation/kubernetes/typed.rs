//! Pure: the members of the kinds that a server knows by itself. A real server answers an apply that has others with 500 and
//! without a reason, whatever `fieldValidation` says; one that it cannot read, likewise.
use super::lists::{Merge, key_of, merge_of};
use super::{kinds::Kind, reading::first_bad_byte, refusal::Refusal};
use kinds::{Members, Shape, Type};
use serde_json::{Map, Value};
use std::fmt::Write;

/// Refuses an applied object that has a member which its kind has not, or one of another type.
pub(super) fn check(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    if let Some(custom) = &kind.custom {
        return custom.check_applied(kind, object);
    }
    let Some(of) = Type::of(&kind.api_version(), &kind.kind) else { return Ok(()) };
    let mut walk = Walk { kind, names: vec![], place: String::new(), wrong: vec![], unreadable: None };
    walk.value(object, of);
    let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default();
    let (namespace, name, version) = (text("namespace"), text("name"), &kind.version);
    let whose = format!("({namespace}/{name}; {}/{version}, Kind={})", kind.group, kind.kind);
    let message = match (walk.wrong.as_slice(), walk.unreadable) {
        ([], None) => return Ok(()),
        ([], Some(why)) => format!(
            "failed to convert new object {whose} to proper version: unable to convert unstructured object to {}/{version}, \
             Kind={}: error decoding from json: {why}",
            kind.group, kind.kind
        ),
        ([one], _) => format!("failed to create typed patch object {whose}: {one}"),
        (several, _) => format!("failed to create typed patch object {whose}: errors:\n  {}", several.join("\n  ")),
    };
    Err(Refusal::new(500, "", message))
}

struct Walk<'a> {
    kind: &'a Kind,
    /// The members on the way, without what lists add.
    names: Vec<&'a str>,
    place: String,
    wrong: Vec<String>,
    /// What fits the schema and is no value all the same.
    unreadable: Option<String>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &'a Value, of: Type) {
        let expected = match (of.shape(), value) {
            (_, Value::Null)
            | (Shape::Any, _)
            | (Shape::Text | Shape::Time, Value::String(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::IntegerOrText, Value::String(_) | Value::Number(_)) => return,
            (Shape::Integer, Value::Number(number)) => {
                if !number.is_i64() && !number.is_u64() {
                    self.unreadable(format!("json: cannot unmarshal number {number} into Go value of type int64"));
                }
                return;
            }
            (Shape::Base64, Value::String(text)) => {
                if let Some(at) = first_bad_byte(text) {
                    self.unreadable(format!("illegal base64 data at input byte {at}"));
                }
                return;
            }
            (Shape::List(item), Value::Array(items)) => return self.items(value, items, item),
            (Shape::Map(item), Value::Object(members)) => {
                for (name, value) in members {
                    self.within(name, |walk| walk.value(value, item));
                }
                return;
            }
            (Shape::Object(members), Value::Object(object)) => return self.members(object, members),
            (Shape::Integer | Shape::Number, _) => format!("numeric (int or float), got {}", go_type(value)),
            (Shape::Boolean, _) => format!("boolean, got &{{{}}}", go_value(value)),
            (Shape::List(_), _) => format!("list, got &{{{}}}", go_value(value)),
            (Shape::Map(_) | Shape::Object(_), _) => format!("map, got &{{{}}}", go_value(value)),
            (Shape::IntegerOrText, _) => format!("any scalar, got &{{{}}}", go_value(value)),
            (Shape::Text | Shape::Base64 | Shape::Time, _) => {
                format!("string, got &value.valueUnstructured{{Value:{}}}", go_value(value))
            }
        };
        self.wrong.push(format!("{}: expected {expected}", self.place));
    }

    fn members(&mut self, object: &'a Map<String, Value>, members: &Members) {
        for (name, value) in object {
            self.within(name, |walk| match members.get(name.as_str()) {
                Some(member) => walk.value(value, member.of),
                None => walk.wrong.push(format!("{}: field not declared in schema", walk.place)),
            });
        }
    }

    fn items(&mut self, list: &Value, items: &'a [Value], of: Type) {
        let keys = match merge_of(self.kind, &self.names, list) {
            Merge::Keyed(keys) => keys,
            Merge::Atomic | Merge::Set | Merge::Fields => &[],
        };
        for (at, item) in items.iter().enumerate() {
            let before = self.place.len();
            match key_of(item, keys).filter(|key| !key.is_empty()) {
                Some(key) => {
                    let key: Vec<_> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    let _ = write!(self.place, "[{}]", key.join(","));
                }
                None => {
                    let _ = write!(self.place, "[{at}]");
                }
            }
            self.value(item, of);
            self.place.truncate(before);
        }
    }

    fn within(&mut self, name: &'a str, look: impl FnOnce(&mut Self)) {
        let before = self.place.len();
        self.place.push('.');
        self.place.push_str(name);
        self.names.push(name);
        look(self);
        self.names.pop();
        self.place.truncate(before);
    }

    fn unreadable(&mut self, why: String) {
        self.unreadable.get_or_insert(why);
    }
}

pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        Value::Number(_) | Value::Null => "int64",
    }
}

pub(super) fn go_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{}", go_value(value))).collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}
