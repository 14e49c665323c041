//! Pure: the three kinds of patches that are no apply.
use super::{
    kinds::Kind,
    lists::{Merge, merge_of},
};
use serde_json::{Map, Value, json};

const MOST_OPERATIONS: usize = 10_000;
/// Bytes that the copies of one JSON patch may have in all, as in the real server.
const MOST_COPIED: usize = 3 * 1024 * 1024;

/// A JSON merge patch (RFC 7396). Not `json_patch::merge`: it fills the gap of a member that goes with the last one
/// (`Map::remove`), so that members would change their order on the wire.
pub(super) fn merge_patch(base: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *base = patch.clone();
        return;
    };
    if !base.is_object() {
        *base = json!({});
    }
    let Value::Object(base) = base else { return };
    for (name, value) in patch {
        if value.is_null() {
            base.shift_remove(name);
        } else {
            merge_patch(base.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// A strategic merge patch: as a merge patch, but lists merge by their keys, and `$patch` deletes or replaces.
pub(super) fn strategic_patch<'a>(kind: &Kind, base: &mut Value, patch: &'a Value, names: &mut Vec<&'a str>) {
    match (merge_of(kind, names, patch), patch) {
        (_, Value::Object(patch)) => {
            if !base.is_object() || patch.get("$patch").is_some_and(|directive| directive == "replace") {
                *base = json!({});
            }
            let Value::Object(base) = base else { return };
            for (name, value) in patch {
                if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
                    if let (Some(items), Some(gone)) =
                        (base.get_mut(list).and_then(Value::as_array_mut), value.as_array())
                    {
                        items.retain(|item| !gone.contains(item));
                    }
                } else if value.is_null() {
                    base.shift_remove(name);
                } else if !name.starts_with('$') {
                    names.push(name);
                    strategic_patch(kind, base.entry(name.clone()).or_insert(Value::Null), value, names);
                    names.pop();
                }
            }
        }
        (Merge::Keyed(keys), Value::Array(patch)) => patch_list(kind, base, patch, keys, names),
        (Merge::Set, Value::Array(patch)) if base.is_array() => {
            for item in patch {
                if let Value::Array(items) = &mut *base
                    && !items.contains(item)
                {
                    items.push(item.clone());
                }
            }
        }
        _ => *base = patch.clone(),
    }
}

fn patch_list<'a>(kind: &Kind, base: &mut Value, patch: &'a [Value], keys: &[&str], names: &mut Vec<&'a str>) {
    // Unlike an apply, a strategic patch knows an item by its first key alone.
    let Some(key) = keys.first().copied() else { return };
    if !base.is_array() {
        *base = json!([]);
    }
    let Value::Array(items) = base else { return };
    if patch.iter().any(|item| item["$patch"] == "replace") {
        *items = patch.iter().filter(|item| item["$patch"] != "replace").cloned().collect();
        return;
    }
    let live: Vec<Value> = items.iter().map(|item| item[key].clone()).collect();
    for item in patch {
        let at = items.iter().position(|present| present[key] == item[key]);
        match (at, item["$patch"] == "delete") {
            (Some(at), true) => drop(items.remove(at)),
            (None, true) => {}
            (Some(at), false) => strategic_patch(kind, &mut items[at], item, names),
            (None, false) => {
                let mut new = json!({});
                strategic_patch(kind, &mut new, item, names);
                items.push(new);
            }
        }
    }
    *items = ordered(std::mem::take(items), patch, &live, key);
}

/// The items of a patched list: those of the patch in its order, the others in theirs, each of them before the first of the patch
/// that came after it before.
fn ordered(items: Vec<Value>, patch: &[Value], live: &[Value], key: &str) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| list.iter().position(|known| *known == item[key]);
    let keys: Vec<Value> = patch.iter().map(|item| item[key].clone()).collect();
    let (mut patched, others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(&keys, item).is_some());
    patched.sort_by_key(|item| place(&keys, item));
    let (mut patched, mut merged) = (patched.into_iter().peekable(), vec![]);
    for other in others {
        let was = place(live, &other);
        while let Some(next) = patched.next_if(|next| place(live, next).is_none_or(|at| was.is_none_or(|was| was > at)))
        {
            merged.push(next);
        }
        merged.push(other);
    }
    merged.extend(patched);
    merged
}

/// A JSON patch (RFC 6902). `Err` says which operation cannot be done.
pub(super) fn json_patch(base: &Value, patch: &Value) -> Result<Value, String> {
    let operations = patch.as_array().ok_or("a JSON patch is a list of operations")?;
    let mut object = base.clone();
    let mut copied = 0;
    if operations.len() > MOST_OPERATIONS {
        return Err(format!(
            "the allowed maximum of operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        ));
    }
    for operation in operations {
        let path = operation["path"].as_str().ok_or("an operation of a JSON patch has no path")?;
        let wrong = || {
            format!(
                "the {} operation does not apply: doc is missing path: {path:?}",
                operation["op"].as_str().unwrap_or_default()
            )
        };
        let from =
            |object: &Value| object.pointer(operation["from"].as_str().unwrap_or("?")).cloned().ok_or_else(wrong);
        match operation["op"].as_str() {
            Some("add") => set(&mut object, path, operation["value"].clone(), true).ok_or_else(wrong)?,
            Some("replace") => set(&mut object, path, operation["value"].clone(), false).ok_or_else(wrong)?,
            Some("remove") => drop(take(&mut object, path).ok_or_else(wrong)?),
            Some("copy") => {
                let value = from(&object)?;
                // Copies of copies would double with each operation.
                copied += value.to_string().len();
                if copied > MOST_COPIED {
                    return Err("the accumulated size of the copies exceeds the limit".into());
                }
                set(&mut object, path, value, true).ok_or_else(wrong)?;
            }
            Some("move") => {
                let value = from(&object)?;
                take(&mut object, operation["from"].as_str().unwrap_or_default());
                set(&mut object, path, value, true).ok_or_else(wrong)?;
            }
            Some("test") if object.pointer(path) == Some(&operation["value"]) => {}
            Some("test") => return Err(format!("testing value {path} failed")),
            _ => return Err("an operation of a JSON patch is unknown".into()),
        }
    }
    Ok(object)
}

fn parent<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, name) = path.rsplit_once('/')?;
    Some((object.pointer_mut(parent)?, name.replace("~1", "/").replace("~0", "~")))
}

fn set(object: &mut Value, path: &str, value: Value, add: bool) -> Option<()> {
    if path.is_empty() {
        *object = value;
        return Some(());
    }
    match parent(object, path)? {
        (Value::Object(members), name) if add || members.contains_key(&name) => drop(members.insert(name, value)),
        (Value::Array(items), name) if add && name == "-" => items.push(value),
        (Value::Array(items), name) => {
            let at: usize = name.parse().ok()?;
            if add && at <= items.len() {
                items.insert(at, value);
            } else {
                *items.get_mut(at).filter(|_| !add)? = value;
            }
        }
        _ => return None,
    }
    Some(())
}

fn take(object: &mut Value, path: &str) -> Option<Value> {
    match parent(object, path)? {
        (Value::Object(members), name) => Map::shift_remove(members, &name),
        (Value::Array(items), name) => {
            name.parse().ok().filter(|at: &usize| *at < items.len()).map(|at| items.remove(at))
        }
        _ => None,
    }
}
