//! Pure: sets of fields, as `managedFields` records them (`fieldsV1`, with `f:`, `k:` and `v:` members).
use super::{
    kinds::Kind,
    lists::{Merge, find, key_in, merge_of},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A path to a field: `f:spec`, `f:containers`, `k:{"name":"web"}`, `f:image`.
pub(super) type Path = Vec<String>;
/// The fields that somebody manages.
pub(super) type Fields = BTreeSet<Path>;

/// Metadata that no manager owns.
const SYSTEM: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// Every field of an object that can have a manager, with its value. `Err` names a list item without its key.
pub(super) fn leaves(kind: &Kind, object: &Value) -> Result<BTreeMap<Path, Value>, String> {
    let mut found = BTreeMap::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                for (name, value) in
                    value.as_object().into_iter().flatten().filter(|(name, _)| !SYSTEM.contains(&name.as_str()))
                {
                    collect(
                        kind,
                        value,
                        &mut vec!["metadata", name],
                        &mut vec!["f:metadata".into(), format!("f:{name}")],
                        &mut found,
                    )?;
                }
            }
            _ => collect(kind, value, &mut vec![name], &mut vec![format!("f:{name}")], &mut found)?,
        }
    }
    Ok(found)
}

fn collect<'a>(
    kind: &Kind,
    value: &'a Value,
    names: &mut Vec<&'a str>,
    path: &mut Path,
    found: &mut BTreeMap<Path, Value>,
) -> Result<(), String> {
    match (merge_of(kind, names, value), value) {
        (_, Value::Null) => {
            found.insert(path.clone(), Value::Null);
        }
        (Merge::Fields, Value::Object(members)) if !members.is_empty() => {
            for (name, value) in members {
                names.push(name);
                path.push(format!("f:{name}"));
                collect(kind, value, names, path, found)?;
                path.pop();
                names.pop();
            }
        }
        (Merge::Keyed(keys), Value::Array(items)) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                let place = shown(path);
                let Some(key) = key_in(kind, item, keys) else {
                    let keys = keys.join("\", \"");
                    return Err(format!(
                        "{place}: element {at}: associative list with keys has an element that omits key field \"{keys}\""
                    ));
                };
                let is_whole = merge_of(kind, names, item) == Merge::Atomic;
                path.push(format!("k:{}", Value::Object(key)));
                if found.insert(path.clone(), if is_whole { item.clone() } else { Value::Null }).is_some() {
                    return Err(format!("{place}: duplicate entries for key {}", shown(&path[path.len() - 1..])));
                }
                for (name, value) in item.as_object().filter(|_| !is_whole).into_iter().flatten() {
                    names.push(name);
                    path.push(format!("f:{name}"));
                    collect(kind, value, names, path, found)?;
                    path.pop();
                    names.pop();
                }
                path.pop();
            }
        }
        (Merge::Set, Value::Array(items)) if !items.is_empty() => {
            for item in items {
                let mut path = path.clone();
                path.push(format!("v:{item}"));
                found.insert(path, Value::Null);
            }
        }
        _ => {
            found.insert(path.clone(), value.clone());
        }
    }
    Ok(())
}

/// The fields in which two objects differ: changed, added or removed.
pub(super) fn differences(before: &BTreeMap<Path, Value>, after: &BTreeMap<Path, Value>) -> Fields {
    let differs = |path: &&Path| before.get(*path) != after.get(*path);
    before.keys().chain(after.keys()).filter(differs).cloned().collect()
}

/// As `fieldsV1`.
pub(super) fn to_json(fields: &Fields) -> Value {
    let mut root = Map::new();
    let mut paths = fields.iter().peekable();
    while let Some(path) = paths.next() {
        // What is itself a member says so beside what is below it.
        let is_more = paths.peek().is_some_and(|next| next.starts_with(path));
        insert(&mut root, path, is_more);
    }
    Value::Object(root)
}

/// Whether something of an object is at a path or below it.
pub(super) fn is_below(leaves: &BTreeMap<Path, Value>, path: &Path) -> bool {
    leaves.range(path.clone()..).next().is_some_and(|(found, _)| found.starts_with(path))
}

fn insert(node: &mut Map<String, Value>, path: &[String], is_more: bool) {
    let Some((element, rest)) = path.split_first() else { return };
    let Value::Object(child) = node.entry(element.clone()).or_insert_with(|| json!({})) else { return };
    if rest.is_empty() && is_more {
        child.insert(".".into(), json!({}));
    }
    insert(child, rest, is_more);
}

/// From `fieldsV1`.
pub(super) fn from_json(value: &Value) -> Fields {
    let mut fields = Fields::new();
    read(value, &mut vec![], &mut fields);
    fields
}

fn read(value: &Value, path: &mut Path, fields: &mut Fields) {
    let Some(members) = value.as_object() else { return };
    if !path.is_empty() && (members.is_empty() || members.contains_key(".")) {
        fields.insert(path.clone());
    }
    for (name, value) in members.iter().filter(|(name, _)| *name != ".") {
        path.push(name.clone());
        read(value, path, fields);
        path.pop();
    }
}

/// Takes a field out of an object, and what is empty thereafter with it.
pub(super) fn remove(object: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let (sort, text) = first.split_at(2.min(first.len()));
    match (sort, object) {
        ("f:", Value::Object(members)) => {
            if rest.is_empty() {
                members.shift_remove(text);
            } else if let Some(child) = members.get_mut(text) {
                remove(child, rest);
                if is_empty(child) {
                    members.shift_remove(text);
                }
            }
        }
        ("k:", Value::Array(items)) => {
            let key: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
            match find(items, &key) {
                Some(at) if rest.is_empty() => {
                    items.remove(at);
                }
                // An item that somebody else keeps keeps its key too.
                Some(_) if matches!(rest, [only] if key.contains_key(only.trim_start_matches("f:"))) => {}
                Some(at) => remove(&mut items[at], rest),
                None => {}
            }
        }
        ("v:", Value::Array(items)) => items.retain(|item| serde_json::from_str(text).ok().as_ref() != Some(item)),
        _ => {}
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// As messages name it: `.spec.template.spec.containers[name="web"].image`.
pub(super) fn shown(path: &[String]) -> String {
    let mut text = String::new();
    for element in path {
        let (sort, rest) = element.split_at(2.min(element.len()));
        match sort {
            "k:" => {
                let key: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
                let pairs: Vec<String> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
                text += &format!("[{}]", pairs.join(","));
            }
            "v:" => text += &format!("[={rest}]"),
            _ => text += &format!(".{rest}"),
        }
    }
    text
}
