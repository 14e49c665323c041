//! What an object gets wrong of the members of Kubernetes' own kinds.
use crate::resources::answers::{shortened, text};
use crate::workload::placeholders::{has_placeholder, in_form};
use crate::workload::yaml::GO;
use base64::Engine;
use kinds::{Members, Shape, Type};
use serde_json::{Map, Value};

/// Required by the schema, while the server takes nothing for its zero.
const ZERO_WILL_DO: [(&str, &str); 4] = [
    ("networking.v1.NetworkPolicySpec", "podSelector"),
    ("scheduling.v1.PriorityClass", "value"),
    ("core.v1.LimitRangeSpec", "limits"),
    ("core.v1.PreferredSchedulingTerm", "preference"),
];

/// Something that an object gets wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `spec.template.spec.containers[0].env[1].value`.
    pub place: String,
    /// What was expected, and what came.
    pub what: String,
    /// A member that the kind does not have, at least not in [`KNOWN`]: a later version may.
    pub is_unknown_member: bool,
    /// It is a text where no text can stand: neither as it is, nor when a placeholder in it is filled.
    pub is_of_another_type: bool,
}

/// Whether the kind of an object is one of Kubernetes' own.
#[must_use]
pub fn is_known(object: &Value) -> bool {
    type_of(object).is_some()
}

/// What an object gets wrong; `None`: its kind is not known here.
#[must_use]
pub fn mistakes(object: &Value) -> Option<Vec<Mistake>> {
    let mut found = vec![];
    walk(object, type_of(object)?, &mut String::new(), &mut found);
    Some(found)
}

fn type_of(object: &Value) -> Option<Type> {
    Type::of(text(object, "/apiVersion"), text(object, "/kind"))
}

fn walk(value: &Value, of: Type, place: &mut String, found: &mut Vec<Mistake>) {
    // A server takes nothing for what is absent.
    if value.is_null() {
        return;
    }
    let expected = match (of.shape(), value) {
        (Shape::IntegerOrText, Value::String(text)) if of.is_quantity() && !is_quantity(text) => {
            "a quantity, as 500m or 1Gi"
        }
        (Shape::Any, _)
        | (Shape::Text | Shape::Time, Value::String(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::IntegerOrText, Value::String(_) | Value::Number(_)) => return,
        (Shape::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => return,
        (Shape::Base64, Value::String(text)) if is_base64(text) => return,
        (Shape::List(item), Value::Array(items)) => {
            return items.iter().enumerate().for_each(|(index, value)| {
                within(place, &format!("[{index}]"), |place| walk(value, item, place, found));
            });
        }
        (Shape::Map(item), Value::Object(members)) => {
            return members.iter().for_each(|(name, value)| {
                within(place, &format!(".{name}"), |place| walk(value, item, place, found));
            });
        }
        (Shape::Object(members), Value::Object(object)) => return of_type(object, of, members, place, found),
        (shape, _) => plainly(shape),
    };
    let is_text_at_all =
        matches!(of.shape(), Shape::Text | Shape::Time | Shape::IntegerOrText | Shape::Base64 | Shape::Any);
    let is_of_another_type = value.is_string() && !is_text_at_all;
    let hint = match of.shape() {
        _ if !value.as_str().is_some_and(has_placeholder) => "",
        Shape::Base64 => {
            ": what a placeholder stands for is plain: put it into stringData, or into data of a ConfigMap"
        }
        _ => ": a placeholder fills a text, and can be nothing else: write it out",
    };
    found.push(Mistake {
        place: place.trim_start_matches('.').to_owned(),
        what: format!("expected {expected}, found {}{hint}", shortened(&value.to_string())),
        is_unknown_member: false,
        is_of_another_type,
    });
}

fn of_type(object: &Map<String, Value>, of: Type, members: &Members, place: &mut String, found: &mut Vec<Mistake>) {
    for (name, value) in object {
        within(place, &format!(".{name}"), |place| match members.get(name.as_str()) {
            Some(member) => walk(value, member.of, place, found),
            None => found.push(Mistake {
                place: place.trim_start_matches('.').to_owned(),
                what: format!("there is no such member{}", hint(name, members)),
                is_unknown_member: true,
                is_of_another_type: false,
            }),
        });
    }
    let is_there = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let mut missing: Vec<_> =
        members.iter().filter(|(name, member)| member.is_required && !is_there(name)).map(|(name, _)| *name).collect();
    missing.retain(|name| !ZERO_WILL_DO.contains(&(of.name(), name)));
    missing.sort_unstable();
    found.extend(missing.into_iter().map(|name| Mistake {
        place: place.trim_start_matches('.').to_owned(),
        what: format!("{name} is missing"),
        is_unknown_member: false,
        is_of_another_type: false,
    }));
}

fn within<Answer>(place: &mut String, step: &str, look: impl FnOnce(&mut String) -> Answer) -> Answer {
    let before = place.len();
    place.push_str(step);
    let answer = look(place);
    place.truncate(before);
    answer
}

/// The member that may be meant.
fn hint(name: &str, members: &Members) -> String {
    let near = |known: &&&str| {
        let (known, name) = (known.to_lowercase(), name.to_lowercase());
        known == name
            || known.trim_end_matches('s') == name.trim_end_matches('s')
            || (known.len() == name.len() && known.bytes().zip(name.bytes()).filter(|(a, b)| a != b).count() <= 2)
    };
    let meant = members.keys().filter(near).min();
    meant.map_or_else(|| ": is it misspelt, or indented wrongly?".into(), |meant| format!(": is {meant} meant?"))
}

fn is_base64(text: &str) -> bool {
    is_as_far_as_known(text, |text| GO.decode(text.replace(['\n', '\r'], "")).is_ok())
}

fn is_quantity(text: &str) -> bool {
    is_as_far_as_known(text, |text| kinds::quantity::in_nanos(text).is_some())
}

/// Whether a text is this, whatever its placeholders come to.
fn is_as_far_as_known(text: &str, is: impl Fn(&str) -> bool) -> bool {
    if !text.contains("${") {
        return is(text);
    }
    in_form(text).is_none_or(|text| is(&text))
}

const fn plainly(shape: Shape) -> &'static str {
    match shape {
        Shape::Integer => "a whole number",
        Shape::Number => "a number",
        Shape::Boolean => "true or false",
        Shape::IntegerOrText => "a number or a text",
        Shape::Base64 => "a text in base64",
        Shape::Time => "a time, as 2026-11-25T12:00:00Z",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "an object",
        Shape::Any | Shape::Text => "a text (in quotes)",
    }
}
