//! Pure: an object of a kind that a server knows by itself, as Go reads it and writes it again: members that the kind has not are
//! dropped and told, empty lists and maps vanish, quantities get their one form.
pub(super) mod doubles;

use super::{kinds::Kind, refusal::Refusal};
use base64::{Engine, engine::general_purpose::STANDARD};
use kinds::quantity::{NO_QUANTITY, canonical};
use kinds::zeros::is_left_out;
use kinds::{Members, Shape, Type};
use serde_json::{Map, Value};
use std::fmt::Write;

pub(super) use kinds::quantity::in_nanos;

/// What to do about members that a kind has not (`fieldValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Strictness {
    /// They are dropped without a word.
    Ignore,
    /// They are dropped, and the answer warns of them.
    #[default]
    Warn,
    /// They are refused.
    Strict,
}

/// Reads an object in place. The answer names the members that were dropped; `Err` says what cannot be read.
pub(super) fn read(kind: &Kind, object: &mut Value) -> Result<Vec<String>, String> {
    if let Some(custom) = &kind.custom {
        return Ok(custom.schema.prune(object));
    }
    // Events are kept in the words of the older group.
    let api_version = if kind.group == "events.k8s.io" { "v1".to_owned() } else { kind.api_version() };
    let Some(of) = Type::of(&api_version, &kind.kind).filter(|_| kind.built_in) else { return Ok(vec![]) };
    let mut walk = Walk { place: String::new(), names: String::new(), unknown: vec![], wrong: None };
    walk.value(object, of, Type::name(of));
    walk.wrong.map_or(Ok(walk.unknown), Err)
}

/// Reads the body of a create or of a replacement. The answer is what to warn of.
pub(super) fn read_body(kind: &Kind, object: &mut Value, strictness: Strictness) -> Result<Vec<String>, Refusal> {
    let cannot = |why: &str| {
        let (version, kind) = (&kind.version, &kind.kind);
        Refusal::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
    };
    let unknown = read(kind, object).map_err(|why| cannot(&why))?;
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            Err(cannot(&format!("strict decoding error: {}", unknown.join(", "))))
        }
        Strictness::Ignore => Ok(vec![]),
        Strictness::Strict | Strictness::Warn => Ok(unknown),
    }
}

/// Reads what a patch has made of an object.
pub(super) fn read_patched(kind: &Kind, object: &mut Value, strictness: Strictness) -> Result<Vec<String>, Refusal> {
    let cannot = |shown: &str, why: &str| {
        let wrong = format!("Invalid value: {shown:?}: {why}");
        Refusal::invalid_as("", "", "", &[("patch".into(), "FieldValueInvalid", wrong)])
    };
    let shown = if strictness == Strictness::Strict { object.to_string() } else { String::new() };
    let unknown = read(kind, object).map_err(|why| cannot(&object.to_string(), &why))?;
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            Err(cannot(&shown, &format!("strict decoding error: {}", unknown.join(", "))))
        }
        Strictness::Ignore => Ok(vec![]),
        Strictness::Strict | Strictness::Warn => Ok(unknown),
    }
}

struct Walk {
    /// With the indexes of lists and the keys of maps.
    place: String,
    /// The names of members alone.
    names: String,
    unknown: Vec<String>,
    wrong: Option<String>,
}

impl Walk {
    /// `owner` is the struct that the value is in.
    fn value(&mut self, value: &mut Value, of: Type, owner: &str) {
        match (of.shape(), &mut *value) {
            (Shape::Any, _)
            | (_, Value::Null)
            | (Shape::Text | Shape::Time, Value::String(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Number, Value::Number(_)) => {}
            (Shape::Base64, Value::String(text)) => {
                if let Some(at) = first_bad_byte(text) {
                    self.refuse(format!("illegal base64 data at input byte {at}"));
                }
            }
            (Shape::IntegerOrText, Value::String(_) | Value::Number(_)) if of.is_quantity() => {
                let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
                match canonical(&text) {
                    Some(text) => *value = Value::String(text),
                    None => self.refuse(NO_QUANTITY.into()),
                }
            }
            (Shape::IntegerOrText, Value::String(_)) => {}
            (Shape::Integer | Shape::IntegerOrText, Value::Number(number)) => {
                let short = of.is_short_integer() || !matches!(of.shape(), Shape::Integer);
                let fits = number.as_i64().is_some_and(|number| !short || i32::try_from(number).is_ok());
                if !fits {
                    let sort = if short { "int32" } else { "int64" };
                    self.mismatch(&format!("number {number}"), owner, sort);
                }
            }
            (Shape::List(item), Value::Array(items)) => {
                for (at, value) in items.iter_mut().enumerate() {
                    let before = self.place.len();
                    let _ = write!(self.place, "[{at}]");
                    self.value(value, item, owner);
                    self.place.truncate(before);
                }
            }
            (Shape::Map(item), Value::Object(members)) => {
                for (name, value) in members {
                    if value.is_null() && matches!(item.shape(), Shape::Text | Shape::Base64) {
                        *value = Value::String(String::new());
                    }
                    let before = self.place.len();
                    let _ = write!(self.place, ".{name}");
                    self.value(value, item, owner);
                    self.place.truncate(before);
                }
            }
            (Shape::Object(members), Value::Object(object)) => self.members(object, members, of),
            (_, found) => {
                let sort = sort_of(found);
                let sort = if found.is_number() && !matches!(of.shape(), Shape::Text) {
                    format!("{sort} {found}")
                } else {
                    sort.into()
                };
                self.mismatch(&sort, owner, &go_type(of));
            }
        }
    }

    fn members(&mut self, object: &mut Map<String, Value>, members: &Members, of: Type) {
        object.retain(|name, value| {
            let Some(member) = members.get(name.as_str()) else {
                let dot = if self.place.is_empty() { "" } else { "." };
                self.unknown.push(format!("unknown field \"{}{dot}{name}\"", self.place));
                return false;
            };
            if value.is_null() {
                return false;
            }
            let (place, names) = (self.place.len(), self.names.len());
            for path in [&mut self.place, &mut self.names] {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            self.value(value, member.of, of.name());
            self.place.truncate(place);
            self.names.truncate(names);
            !vanishes(value, *member, of, name)
        });
    }

    fn mismatch(&mut self, found: &str, owner: &str, wanted: &str) {
        let owner = owner.rsplit('.').next().unwrap_or_default();
        let names = &self.names;
        self.refuse(format!("json: cannot unmarshal {found} into Go struct field {owner}.{names} of type {wanted}"));
    }

    fn refuse(&mut self, why: String) {
        self.wrong.get_or_insert(why);
    }
}

/// What Go leaves out when it writes: empty lists and maps, and zeros of members that are no pointers.
fn vanishes(value: &Value, member: kinds::Member, of: Type, name: &str) -> bool {
    match value {
        Value::Array(items) => items.is_empty() && !member.is_required,
        Value::Object(members) => {
            members.is_empty() && !member.is_required && matches!(member.of.shape(), Shape::Map(_))
        }
        _ => is_left_out(of, name, value),
    }
}

/// As Go's `encoding/base64` counts.
pub(super) fn first_bad_byte(text: &str) -> Option<usize> {
    let text = text.replace(['\n', '\r'], "");
    match STANDARD.decode(&text) {
        Ok(_) => None,
        Err(base64::DecodeError::InvalidByte(at, _)) => Some(at),
        Err(base64::DecodeError::InvalidLastSymbol { offset, .. }) => Some(offset),
        Err(base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding) => Some(text.len() / 4 * 4),
    }
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// How Go names a type in messages.
fn go_type(of: Type) -> String {
    match of.shape() {
        Shape::Text | Shape::Time => "string".into(),
        Shape::Boolean => "bool".into(),
        Shape::Integer if of.is_short_integer() => "int32".into(),
        Shape::Integer => "int64".into(),
        Shape::Number => "float64".into(),
        Shape::Base64 => "[]uint8".into(),
        Shape::List(item) => format!("[]{}", go_type(item)),
        Shape::Map(item) => format!("map[string]{}", go_type(item)),
        Shape::Any | Shape::IntegerOrText | Shape::Object(_) => {
            let mut parts = of.name().rsplitn(3, '.');
            let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            format!("{version}.{name}")
        }
    }
}
