//! Pure: server-side apply, and who manages which field.
use super::{
    fields::{Fields, Path, differences, from_json, leaves, remove, shown, to_json},
    kinds::Kind,
    lists::{Merge, find, key_of, merge_of},
    moments::second,
    reading::Strictness,
    refusal::Refusal,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who writes, in which way.
#[derive(Clone, Debug)]
pub(super) struct Writer<'a> {
    pub manager: &'a str,
    pub subresource: &'a str,
    pub now: Timestamp,
    /// What to do about members that the kind has not.
    pub strictness: Strictness,
}

/// One entry of `managedFields`.
struct Entry {
    manager: String,
    applies: bool,
    subresource: String,
    version: String,
    time: Value,
    fields: Fields,
}

impl Entry {
    fn is(&self, writer: &Writer, applies: bool) -> bool {
        self.manager == writer.manager && self.subresource == writer.subresource && self.applies == applies
    }

    fn name(&self) -> String {
        let place = if self.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {:?}", self.subresource)
        };
        let at = if self.applies { String::new() } else { format!(" at {}", self.time.as_str().unwrap_or_default()) };
        format!("conflict with {:?}{place} using {}{at}", self.manager, self.version)
    }
}

fn entries(object: &Value) -> Vec<Entry> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    list.map(|entry| Entry {
        manager: text(&entry["manager"]),
        applies: entry["operation"] == "Apply",
        subresource: text(&entry["subresource"]),
        version: text(&entry["apiVersion"]),
        time: entry["time"].clone(),
        fields: from_json(&entry["fieldsV1"]),
    })
    .collect()
}

fn record(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by_key(|entry| !entry.applies);
    let list = entries.iter().map(|entry| {
        let operation = if entry.applies { "Apply" } else { "Update" };
        let mut value = json!({
            "manager": entry.manager, "operation": operation, "apiVersion": entry.version, "time": entry.time,
            "fieldsType": "FieldsV1", "fieldsV1": to_json(&entry.fields),
        });
        if !entry.subresource.is_empty() {
            value["subresource"] = json!(entry.subresource);
        }
        value
    });
    let list: Vec<Value> = list.collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
        if !list.is_empty() {
            metadata.insert("managedFields".into(), Value::Array(list));
        }
    }
}

fn known_leaves(kind: &Kind, object: &Value) -> Result<BTreeMap<Path, Value>, Refusal> {
    leaves(kind, object).map_err(|why| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let version = kind.api_version();
        // The real server wraps this in a plain error, which becomes a 500 without a reason.
        let named = if namespace.is_empty() { format!("/{name}") } else { format!("{namespace}/{name}") };
        Refusal::new(
            500,
            "",
            format!("failed to create typed patch object ({named}; {version}, Kind={}): {why}", kind.kind),
        )
    })
}

/// Applies a configuration to what is there (or to an empty object). Returns the new object.
pub(super) fn apply(kind: &Kind, live: &Value, wanted: &Value, writer: &Writer, force: bool) -> Result<Value, Refusal> {
    let wants = known_leaves(kind, wanted)?;
    let mut merged = live.clone();
    overlay(kind, &mut merged, wanted, &mut vec![]);
    let changed = differences(&known_leaves(kind, live)?, &known_leaves(kind, &merged)?);
    let mut entries = entries(live);
    let mut conflicts = vec![];
    for entry in entries.iter_mut().filter(|entry| !entry.is(writer, true)) {
        let taken: Vec<Path> =
            entry.fields.intersection(&changed).filter(|path| wants.contains_key(*path)).cloned().collect();
        if force {
            entry.fields.retain(|path| !taken.contains(path));
        } else {
            let name = entry.name();
            conflicts.extend(taken.into_iter().map(|path| (name.clone(), shown(&path))));
        }
    }
    if !conflicts.is_empty() {
        return Err(conflict(kind, wanted, &conflicts));
    }
    let fields: Fields = wants.into_keys().collect();
    let before = entries.iter().position(|entry| entry.is(writer, true)).map(|at| entries.remove(at));
    if let Some(before) = &before {
        let kept = |path: &Path| {
            let below = |other: &Path| other.starts_with(path);
            fields.iter().any(below) || entries.iter().any(|entry| entry.fields.iter().any(below))
        };
        for path in before.fields.iter().filter(|path| !kept(path)) {
            remove(&mut merged, path);
        }
    }
    let time = match &before {
        Some(before) if before.fields == fields && merged == *live => before.time.clone(),
        _ => json!(second(writer.now)),
    };
    let (manager, subresource) = (writer.manager.to_owned(), writer.subresource.to_owned());
    entries.push(Entry { manager, applies: true, subresource, version: kind.api_version(), time, fields });
    record(&mut merged, entries);
    Ok(merged)
}

/// Records who changed what in a write that is no apply: the writer takes over what it changed.
pub(super) fn note_update(kind: &Kind, before: &Value, after: &mut Value, writer: &Writer) {
    // An object with a nameless list item keeps the records that it has.
    let (Ok(old), Ok(new)) = (leaves(kind, before), leaves(kind, after)) else { return };
    let changed = differences(&old, &new);
    let mut entries = entries(before);
    for entry in &mut entries {
        entry.fields.retain(|path| {
            new.contains_key(path) && (!changed.contains(path) || entry.manager == writer.manager && !entry.applies)
        });
    }
    let fields: Fields = changed.into_iter().filter(|path| new.contains_key(path)).collect();
    if !fields.is_empty() {
        let at = entries.iter().position(|entry| entry.is(writer, false));
        let mut fields = fields;
        if let Some(at) = at {
            fields.append(&mut entries.remove(at).fields);
        }
        let time = json!(second(writer.now));
        let (manager, subresource) = (writer.manager.to_owned(), writer.subresource.to_owned());
        entries.push(Entry { manager, applies: false, subresource, version: kind.api_version(), time, fields });
    }
    record(after, entries);
}

fn conflict(kind: &Kind, wanted: &Value, conflicts: &[(String, String)]) -> Refusal {
    let count = conflicts.len();
    let message = match conflicts {
        [(name, field)] => format!("Apply failed with 1 conflict: {name}: {field}"),
        _ => {
            let mut by_manager: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            conflicts.iter().for_each(|(name, field)| by_manager.entry(name).or_default().push(field));
            let parts = by_manager.iter().map(|(name, fields)| {
                format!("{}:\n- {}", name.replacen("conflict", "conflicts", 1), fields.join("\n- "))
            });
            format!("Apply failed with {count} conflicts: {}", parts.collect::<Vec<_>>().join("\n"))
        }
    };
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(name, field)| json!({"reason": "FieldManagerConflict", "message": name, "field": field}))
        .collect();
    let mut refusal = Refusal::new(409, "Conflict", message);
    refusal.details =
        json!({"name": wanted["metadata"]["name"], "group": kind.group, "kind": kind.plural, "causes": causes});
    refusal
}

/// Lays a configuration over an object, lists by their keys.
fn overlay<'a>(kind: &Kind, base: &mut Value, over: &'a Value, names: &mut Vec<&'a str>) {
    match (merge_of(kind, names, over), over) {
        (Merge::Fields, Value::Object(over)) => {
            if !base.is_object() {
                *base = Value::Object(Map::new());
            }
            for (name, value) in over.iter().filter(|(_, value)| !value.is_null()) {
                names.push(name);
                overlay(kind, &mut base[name.as_str()], value, names);
                names.pop();
            }
        }
        (Merge::Keyed(keys), Value::Array(over)) => {
            let Some(items) = as_list(base) else { return };
            for item in over {
                let at = key_of(item, keys).and_then(|key| find(items, &key));
                let at = at.unwrap_or_else(|| {
                    items.push(json!({}));
                    items.len() - 1
                });
                overlay(kind, &mut items[at], item, names);
            }
        }
        (Merge::Set, Value::Array(over)) => {
            let Some(items) = as_list(base) else { return };
            over.iter().for_each(|item| {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            });
        }
        _ => *base = over.clone(),
    }
}

fn as_list(value: &mut Value) -> Option<&mut Vec<Value>> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut()
}
