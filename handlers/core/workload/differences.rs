//! What differs between two manifests, object by object.
use super::manifests::read;
use crate::resources::answers::text;
use crate::resources::object::{describe, group};
use serde_json::Value;
use std::collections::BTreeMap;

/// So many places of an object are named.
const NAMED: usize = 4;

/// What the second has otherwise than the first: a line an object. What cannot be read has no objects.
#[must_use]
pub fn differences(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (objects(before), objects(after));
    let mut lines = vec![];
    for (key, object) in &after {
        let name = || told(key, [&before, &after]);
        match before.get(key) {
            None => lines.push(format!("new: {}", name())),
            Some(old) if old == object => {}
            Some(old) => {
                let mut places = vec![];
                compare(old, object, "", &mut places);
                let rest = places.len().saturating_sub(NAMED);
                places.truncate(NAMED);
                let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
                lines.push(format!("changed: {} at {}{rest}", name(), places.join(", ")));
            }
        }
    }
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    lines.extend(gone.map(|key| format!("gone: {}", told(key, [&before, &after]))));
    lines
}

/// What tells objects apart: kind, namespace and name in one text, and the group, in which another kind has the same name.
type Key = (String, String);

/// What an object is called; with its group where another group has one of that name, too.
fn told(key: &Key, among: [&BTreeMap<Key, Value>; 2]) -> String {
    let (name, of) = key;
    let is_alone = among.iter().flat_map(|objects| objects.keys()).all(|(other, group)| other != name || group == of);
    match of.as_str() {
        _ if is_alone => name.clone(),
        "" => format!("{name} (v1)"),
        of => format!("{name} ({of})"),
    }
}

fn objects(manifest: &str) -> BTreeMap<Key, Value> {
    let placed = read(manifest).map(|(placed, _)| placed).unwrap_or_default();
    let key = |object: &Value| (describe(object), group(text(object, "/apiVersion")).to_owned());
    placed.into_iter().map(|placed| (key(&placed.value), placed.value)).collect()
}

/// The places at which two values differ, as pointers.
fn compare(one: &Value, other: &Value, at: &str, places: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let added = others.keys().filter(|name| !ones.contains_key(*name));
            for name in ones.keys().chain(added) {
                compare(&one[name], &other[name], &format!("{at}/{name}"), places);
            }
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            for (index, (one, other)) in ones.iter().zip(others).enumerate() {
                compare(one, other, &format!("{at}/{index}"), places);
            }
        }
        _ if one == other => {}
        _ => places.push(at.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_that_differs_is_a_line_with_its_places() {
        let config = |name: &str, one: &str| {
            format!(
                "---\n{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"{name}\"}}, \"data\": {{\"a\": \"{one}\"}}}}\n"
            )
        };
        let before = config("same", "1") + &config("other", "1") + &config("old", "1");
        let after = config("other", "2") + &config("same", "1") + &config("young", "1");
        assert_eq!(
            differences(&before, &after),
            ["changed: ConfigMap other at /data/a", "new: ConfigMap young", "gone: ConfigMap old"]
        );
        assert_eq!(differences(&before, &before), [""; 0]);
    }

    #[test]
    fn two_groups_may_have_a_kind_of_the_same_name() {
        let service = |api: &str, one: &str| {
            format!(
                "---\n{{\"apiVersion\": \"{api}\", \"kind\": \"Service\", \"metadata\": {{\"name\": \"a\"}}, \"spec\": {{\"a\": \"{one}\"}}}}\n"
            )
        };
        let of = |one: &str| service("v1", one) + &service("serving.knative.dev/v1", "1");
        assert_eq!(differences(&of("1"), &of("2")), ["changed: Service a (v1) at /spec/a"]);
        assert_eq!(differences(&of("1"), &service("v1", "1")), ["gone: Service a (serving.knative.dev)"]);
    }
}
