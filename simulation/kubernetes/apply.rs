//! Pure: server-side apply, and who manages which field.
use super::{
    fields::{Fields, Path, differences, from_json, is_below, is_empty, leaves, remove, shown, to_json},
    kinds::Kind,
    lists::{Merge, key_in, merge_of},
    moments::second,
    reading::{self, Strictness},
    refusal::Refusal,
};
use jiff::Timestamp;
use kinds::lists::twice;
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

impl Writer<'_> {
    /// The time of its entry; one by way of a `Scale` has none.
    fn time(&self) -> Value {
        if self.subresource == "scale" { Value::Null } else { json!(second(self.now)) }
    }
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
        let using = if self.applies { String::new() } else { format!(" using {}", self.version) };
        format!("conflict with {:?}{place}{using}", self.manager)
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
        if entry.time.is_null()
            && let Some(members) = value.as_object_mut()
        {
            members.shift_remove("time");
        }
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
    leaves(kind, object).map_err(|why| untyped(kind, object, &why))
}

/// The real server wraps this in a plain error, which becomes a 500 without a reason.
fn untyped(kind: &Kind, object: &Value, why: &str) -> Refusal {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let named = if namespace.is_empty() { format!("/{name}") } else { format!("{namespace}/{name}") };
    let (group, version, kind) = (&kind.group, &kind.version, &kind.kind);
    let message = format!("failed to create typed patch object ({named}; {group}/{version}, Kind={kind}): {why}");
    Refusal::new(500, "", message)
}

/// Applies a configuration to what is there (or to an empty object). Returns the new object.
pub(super) fn apply(kind: &Kind, live: &Value, wanted: &Value, writer: &Writer, force: bool) -> Result<Value, Refusal> {
    let wants = known_leaves(kind, wanted)?;
    // Below what is one whole, and in sets, too.
    if let Some(why) = twice(&kind.api_version(), &kind.kind, wanted).first() {
        return Err(untyped(kind, wanted, why));
    }
    let mut merged = live.clone();
    overlay(kind, &mut merged, wanted, &mut vec![]);
    reading::read(kind, &mut merged).map_err(|why| unreadable(kind, wanted, &why))?;
    let changed = differences(&known_leaves(kind, live)?, &known_leaves(kind, &merged)?);
    let mut entries = entries(live);
    if entries.is_empty() && live["metadata"]["uid"].is_string() {
        entries.extend(unclaimed(kind, live, writer)?);
    }
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
        return Err(conflict(&conflicts));
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
    // An apply that changes nothing but who manages what has no time of its own.
    let time = match &before {
        Some(before) if merged == *live => before.time.clone(),
        None if merged == *live => Value::Null,
        _ => writer.time(),
    };
    let (manager, subresource) = (writer.manager.to_owned(), writer.subresource.to_owned());
    entries.push(Entry { manager, applies: true, subresource, version: kind.api_version(), time, fields });
    record(&mut merged, entries);
    Ok(merged)
}

/// Whether somebody manages a field.
pub(super) fn has_an_owner(object: &Value, path: &[&str]) -> bool {
    entries(object).iter().any(|entry| entry.fields.iter().any(|known| known == path))
}

/// A field that nobody manages belongs to whoever set it before anybody applied.
pub(super) fn before_first_apply(field: &str) -> Refusal {
    let who = "conflict with \"before-first-apply\" with subresource \"scale\" using autoscaling/v1";
    conflict(&[(who.into(), field.into())])
}

/// Records who changed what in a write that is no apply: the writer takes over what it changed.
pub(super) fn note_update(kind: &Kind, before: &Value, after: &mut Value, writer: &Writer) {
    let is_reset = |entries: &Vec<Value>| entries.iter().all(|entry| entry.as_object().is_some_and(Map::is_empty));
    let is_untracked = before["metadata"]["uid"].is_string() && before["metadata"]["managedFields"].is_null();
    if is_untracked || after["metadata"]["managedFields"].as_array().is_some_and(is_reset) {
        return record(after, vec![]);
    }
    // An object with a nameless list item keeps the records that it has.
    let (Ok(old), Ok(new)) = (leaves(kind, before), leaves(kind, after)) else { return };
    let changed = differences(&old, &new);
    let mut fields = set_in(&old, &new, &changed);
    let mut entries = entries(before);
    // What was not written, such as a zero, is not taken away either.
    let is_gone = |path: &Path| is_below(&old, path) && !is_below(&new, path);
    for entry in &mut entries {
        let is_own = entry.manager == writer.manager && !entry.applies;
        entry.fields.retain(|path| !is_gone(path) && (is_own || !changed.contains(path)));
    }
    if !fields.is_empty() {
        let at = entries.iter().position(|entry| entry.is(writer, false));
        if let Some(at) = at {
            fields.append(&mut entries.remove(at).fields);
        }
        let time = writer.time();
        let (manager, subresource) = (writer.manager.to_owned(), writer.subresource.to_owned());
        entries.push(Entry { manager, applies: false, subresource, version: kind.api_version(), time, fields });
    }
    record(after, entries);
}

/// What an object has that was written when nobody's fields were noted. With the first apply it has an owner.
fn unclaimed(kind: &Kind, live: &Value, writer: &Writer) -> Result<Option<Entry>, Refusal> {
    let (nothing, all) = (BTreeMap::new(), known_leaves(kind, live)?);
    let fields = set_in(&nothing, &all, &differences(&nothing, &all));
    let entry = Entry {
        manager: "before-first-apply".into(),
        applies: false,
        subresource: String::new(),
        version: kind.api_version(),
        time: writer.time(),
        fields,
    };
    Ok(Some(entry).filter(|entry| !entry.fields.is_empty()))
}

/// What a write has set: the changed leaves that are there now, and what is new above them.
fn set_in(old: &BTreeMap<Path, Value>, new: &BTreeMap<Path, Value>, changed: &Fields) -> Fields {
    let mut fields = Fields::new();
    for path in changed.iter().filter(|path| new.contains_key(*path)) {
        for length in 1..path.len() {
            let above = &path[..length];
            if !fields.contains(above) && !is_always_there(above) && !is_below(old, &above.to_vec()) {
                fields.insert(above.to_vec());
            }
        }
        fields.insert(path.clone());
    }
    fields
}

/// Whether Go writes a part even of an empty object, so that it belongs to nobody.
fn is_always_there(path: &[String]) -> bool {
    const PARTS: &[&str] = &[
        "f:metadata",
        "f:spec",
        "f:status",
        "f:strategy",
        "f:updateStrategy",
        "f:template",
        "f:jobTemplate",
        "f:containers",
    ];
    path.iter().all(|part| !part.starts_with("k:")) && path.last().is_some_and(|part| PARTS.contains(&part.as_str()))
}

fn conflict(conflicts: &[(String, String)]) -> Refusal {
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
    refusal.details = json!({"causes": causes});
    refusal
}

/// An object that fits the schema, but has a value that Go cannot read.
fn unreadable(kind: &Kind, wanted: &Value, why: &str) -> Refusal {
    let text = |member: &str| wanted["metadata"][member].as_str().unwrap_or_default();
    let (group, version, sort) = (&kind.group, &kind.version, &kind.kind);
    let message = format!(
        "failed to convert new object ({}/{}; {group}/{version}, Kind={sort}) to proper version: unable to convert unstructured \
         object to {group}/{version}, Kind={sort}: error decoding from json: {why}",
        text("namespace"),
        text("name")
    );
    Refusal::new(500, "", message)
}

/// Lays a configuration over an object, lists by their keys.
fn overlay<'a>(kind: &Kind, base: &mut Value, over: &'a Value, names: &mut Vec<&'a str>) {
    match (merge_of(kind, names, over), over) {
        (Merge::Fields, Value::Object(over)) => {
            if !base.is_object() {
                *base = Value::Object(Map::new());
            }
            for (name, value) in over {
                names.push(name);
                overlay(kind, &mut base[name.as_str()], value, names);
                names.pop();
            }
        }
        (Merge::Keyed(keys), Value::Array(over)) => {
            let live = as_list(base).map(std::mem::take).unwrap_or_default();
            let mut merged = vec![];
            for (mut item, over) in interleave(kind, live, over, keys) {
                if let Some(over) = over {
                    overlay(kind, &mut item, over, names);
                }
                merged.push(item);
            }
            *base = Value::Array(merged);
        }
        (Merge::Set, Value::Array(over)) => {
            let Some(items) = as_list(base) else { return };
            over.iter().for_each(|item| {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            });
        }
        // No value takes a value away, but not what others have below it.
        (_, Value::Null) if merge_of(kind, names, base) != Merge::Atomic && !is_empty(base) => {}
        _ => *base = over.clone(),
    }
}

/// The items of two keyed lists in the order that an apply gives them: the applied ones in their order, each of the others where
/// it was between those that both have.
fn interleave<'a>(kind: &Kind, live: Vec<Value>, over: &'a [Value], keys: &[&str]) -> Vec<(Value, Option<&'a Value>)> {
    let of_over: Vec<_> = over.iter().map(|item| key_in(kind, item, keys)).collect();
    let place = |item: &Value| {
        let key = key_in(kind, item, keys)?;
        of_over.iter().position(|applied| applied.as_ref() == Some(&key))
    };
    let mut live: Vec<(Option<usize>, Value)> = live.into_iter().map(|item| (place(&item), item)).collect();
    let mut shared: Vec<usize> = live.iter().filter_map(|(at, _)| *at).collect();
    shared.sort_unstable();
    let (mut merged, mut left, mut right, mut next) = (vec![], 0, 0, shared.into_iter().peekable());
    while left < live.len() || right < over.len() {
        if let Some((at, item)) = live.get_mut(left) {
            match *at {
                None => {
                    merged.push((item.take(), None));
                    left += 1;
                    continue;
                }
                // It has had, or will have, its place elsewhere.
                Some(at) if at != right && (at < right || next.peek().is_some_and(|next| *next != at)) => {
                    left += 1;
                    continue;
                }
                Some(_) => {}
            }
        }
        let Some(applied) = over.get(right) else { break };
        let known = live.iter_mut().find(|(at, _)| *at == Some(right));
        merged.push((known.map_or_else(|| json!({}), |(_, item)| item.take()), Some(applied)));
        if next.peek() == Some(&right) {
            next.next();
        }
        right += 1;
    }
    merged
}

fn as_list(value: &mut Value) -> Option<&mut Vec<Value>> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut()
}
