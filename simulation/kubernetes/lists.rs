//! Pure: how the parts of an object merge: which lists are keyed, which are sets, which parts are all or nothing.
use super::{kinds::Kind, schemas::List};
use kinds::lists::{Items, items_at};
use kinds::wholes::is_whole_at;
use serde_json::{Map, Value, json};

/// How two versions of a part are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// All or nothing.
    Atomic,
    /// A list without order: items are added and removed.
    Set,
    /// A list whose items are known by these fields.
    Keyed(&'static [&'static str]),
    /// An object, field by field.
    Fields,
}

/// How the value at a path (names of fields; list items leave no trace in it) merges: also an item of the list there.
pub(super) fn merge_of(kind: &Kind, path: &[&str], value: &Value) -> Merge {
    match value {
        Value::Array(_) => list(kind, path),
        Value::Object(_) if is_atomic_object(kind, path) => Merge::Atomic,
        Value::Object(_) => Merge::Fields,
        _ => Merge::Atomic,
    }
}

fn list(kind: &Kind, path: &[&str]) -> Merge {
    match path {
        ["metadata", "finalizers"] => return Merge::Set,
        ["metadata", "ownerReferences"] => return Merge::Keyed(&["uid"]),
        _ if !kind.built_in => {
            return match kind.custom.as_ref().map_or(List::Atomic, |custom| custom.schema.list_at(path)) {
                List::Atomic => Merge::Atomic,
                List::Set => Merge::Set,
                List::Keyed(keys) => Merge::Keyed(keys),
            };
        }
        _ => {}
    }
    match items_at(&kind.api_version(), &kind.kind, path) {
        None => Merge::Atomic,
        Some(Items::Set) => Merge::Set,
        Some(Items::Keyed(keys)) => Merge::Keyed(keys),
    }
}

fn is_atomic_object(kind: &Kind, path: &[&str]) -> bool {
    match (path, &kind.custom) {
        (["metadata", "ownerReferences"], _) => true,
        (_, Some(custom)) => custom.schema.is_atomic_at(path),
        (_, None) => is_whole_at(&kind.api_version(), &kind.kind, path),
    }
}

/// The key of a list's item: the values of its key fields. `None` if one is missing.
pub(super) fn key_of(item: &Value, keys: &[&str]) -> Option<Map<String, Value>> {
    let key = |name: &&str| match (&item[*name], *name) {
        (Value::Null, "protocol") => Some(((*name).to_owned(), json!("TCP"))),
        (Value::Null, _) => None,
        (found, _) => Some(((*name).to_owned(), found.clone())),
    };
    item.is_object().then(|| keys.iter().map(key).collect()).flatten()
}

/// As [`key_of`], in a list of this kind: where a server knows the kind by itself, a key that is missing is an empty text.
pub(super) fn key_in(kind: &Kind, item: &Value, keys: &[&str]) -> Option<Map<String, Value>> {
    let whole = |item: &Map<String, Value>| {
        let key = |name: &&str| ((*name).to_owned(), item.get(*name).cloned().unwrap_or_else(|| json!("")));
        keys.iter().map(key).collect()
    };
    key_of(item, keys).or_else(|| item.as_object().filter(|_| kind.built_in).map(whole))
}

/// The place in a list of the item with this key.
pub(super) fn find(list: &[Value], key: &Map<String, Value>) -> Option<usize> {
    let keys: Vec<&str> = key.keys().map(String::as_str).collect();
    list.iter().position(|item| key_of(item, &keys).as_ref() == Some(key))
}
