//! The members of Kubernetes' own kinds, and what an object gets wrong of them. They lie in `kinds.txt`, which a test writes
//! from the types of `k8s-openapi` and compares with them: types in the binary itself cost megabytes and minutes.
use crate::resources::answers::{shortened, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The minor version of Kubernetes whose kinds these are.
pub const KNOWN: u16 = 37;

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
}

struct Member {
    of: &'static str,
    is_required: bool,
}

#[derive(Default)]
struct Kinds {
    roots: HashMap<(&'static str, &'static str), &'static str>,
    groups: HashSet<&'static str>,
    types: HashMap<&'static str, HashMap<&'static str, Member>>,
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let (mut kinds, mut current) = (Kinds::default(), "");
    for line in include_str!("kinds.txt").lines() {
        if let Some((root, name)) = line.split_once(" = ") {
            let (api, kind) = root.split_once(' ').unwrap_or((root, ""));
            kinds.roots.insert((api, kind), name);
            kinds.groups.insert(api.rsplit_once('/').map_or("", |(group, _)| group));
        } else if let Some(member) = line.strip_prefix(' ') {
            let (name, of) = member.split_once(' ').unwrap_or((member, "any"));
            let (name, is_required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            kinds.types.entry(current).or_default().insert(name, Member { of, is_required });
        } else {
            current = line;
            kinds.types.entry(line).or_default();
        }
    }
    kinds
});

/// Whether a group is one of Kubernetes' own, all stable kinds of which are known here.
#[must_use]
pub fn is_own_group(group: &str) -> bool {
    KINDS.groups.contains(group)
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

fn type_of(object: &Value) -> Option<&'static str> {
    KINDS.roots.get(&(text(object, "/apiVersion"), text(object, "/kind"))).copied()
}

fn walk(value: &Value, of: &str, place: &mut String, found: &mut Vec<Mistake>) {
    // A server takes nothing for what is absent.
    if value.is_null() {
        return;
    }
    let expected = match (of, value) {
        ("any", _) => return,
        ("string" | "time", Value::String(_)) | ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => return,
        ("int-or-string", Value::String(_) | Value::Number(_)) => return,
        ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => return,
        ("base64", Value::String(text)) if is_base64(text) => return,
        _ => match (of.split_at_checked(2), value) {
            (Some(("[]", item)), Value::Array(items)) => {
                return items.iter().enumerate().for_each(|(index, value)| {
                    within(place, &format!("[{index}]"), |place| walk(value, item, place, found));
                });
            }
            (Some(("{}", item)), Value::Object(members)) => {
                return members.iter().for_each(|(name, value)| {
                    within(place, &format!(".{name}"), |place| walk(value, item, place, found));
                });
            }
            (Some(("[]", _)), _) => "a list",
            (Some(("{}", _)), _) => "an object",
            _ => match (KINDS.types.get(of), value) {
                (Some(members), Value::Object(object)) => return of_type(object, of, members, place, found),
                (Some(_), _) => "an object",
                (None, _) => plainly(of),
            },
        },
    };
    found.push(Mistake {
        place: place.trim_start_matches('.').to_owned(),
        what: format!("expected {expected}, found {}", shortened(&value.to_string())),
        is_unknown_member: false,
    });
}

fn of_type(
    object: &Map<String, Value>,
    of: &str,
    members: &HashMap<&str, Member>,
    place: &mut String,
    found: &mut Vec<Mistake>,
) {
    for (name, value) in object {
        within(place, &format!(".{name}"), |place| match members.get(name.as_str()) {
            Some(member) => walk(value, member.of, place, found),
            None => found.push(Mistake {
                place: place.trim_start_matches('.').to_owned(),
                what: format!("there is no such member{}", hint(name, members)),
                is_unknown_member: true,
            }),
        });
    }
    let is_there = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let mut missing: Vec<_> =
        members.iter().filter(|(name, member)| member.is_required && !is_there(name)).map(|(name, _)| *name).collect();
    missing.retain(|name| !ZERO_WILL_DO.contains(&(of, name)));
    missing.sort_unstable();
    found.extend(missing.into_iter().map(|name| Mistake {
        place: place.trim_start_matches('.').to_owned(),
        what: format!("{name} is missing"),
        is_unknown_member: false,
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
fn hint(name: &str, members: &HashMap<&str, Member>) -> String {
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
    text.contains("${") || STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok()
}

fn plainly(of: &str) -> &'static str {
    match of {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "int-or-string" => "a number or a text",
        "base64" => "a text in base64",
        "time" => "a time, as 2026-11-25T12:00:00Z",
        _ => "a text (in quotes)",
    }
}
