//! Pure: the structural schemas of custom resources, compiled once for each definition: what its objects may hold, what is filled
//! in, and how their parts merge. <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>
mod duplicates;
mod filling;
mod formats;
mod rules;
mod typed;

use rules::Rules;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// What is wrong with an object: the field's path, the machine's reason, and a person's words.
pub(super) type Causes = Vec<(String, &'static str, String)>;

/// What a value must be.
#[derive(Debug, Default)]
pub(super) struct Schema {
    properties: BTreeMap<String, Schema>,
    /// What members that are not named must be.
    additional: Additional,
    items: Option<Box<Schema>>,
    default: Option<Value>,
    list: List,
    /// An object that is all or nothing.
    is_atomic: bool,
    keeps_unknown: bool,
    is_int_or_string: bool,
    is_embedded: bool,
    is_nullable: bool,
    rules: Rules,
}

#[derive(Debug, Default)]
enum Additional {
    #[default]
    Nothing,
    Anything,
    Schema(Box<Schema>),
}

/// How a list merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum List {
    #[default]
    Atomic,
    Set,
    Keyed(&'static [&'static str]),
}

impl Schema {
    /// Compiles what stands under `openAPIV3Schema`.
    pub fn compile(schema: &Value) -> Self {
        let has = |name: &str| schema[name] == true;
        let members = schema["properties"].as_object().into_iter().flatten();
        let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
        Self {
            properties: members.map(|(name, schema)| (name.clone(), Self::compile(schema))).collect(),
            additional: match &schema["additionalProperties"] {
                Value::Object(_) => Additional::Schema(Box::new(Self::compile(&schema["additionalProperties"]))),
                Value::Bool(true) => Additional::Anything,
                _ => Additional::Nothing,
            },
            items: schema["items"].is_object().then(|| Box::new(Self::compile(&schema["items"]))),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            list: match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => List::Set,
                Some("map") => List::Keyed(kept(keys.filter_map(Value::as_str).collect())),
                _ => List::Atomic,
            },
            is_atomic: schema["x-kubernetes-map-type"] == "atomic",
            keeps_unknown: has("x-kubernetes-preserve-unknown-fields"),
            is_int_or_string: has("x-kubernetes-int-or-string"),
            is_embedded: has("x-kubernetes-embedded-resource"),
            is_nullable: has("nullable"),
            rules: Rules::compile(schema),
        }
    }

    /// The schema of a member; `None`: nothing is said of it.
    fn member(&self, name: &str) -> Option<&Self> {
        match (self.properties.get(name), &self.additional) {
            (Some(schema), _) => Some(schema),
            (None, Additional::Schema(schema)) => Some(schema),
            (None, Additional::Anything | Additional::Nothing) => None,
        }
    }

    /// The schema at a path of names, in which the items of lists leave no trace.
    fn at(&self, path: &[&str]) -> Option<&Self> {
        let mut schema = self;
        for name in path {
            while let Some(items) = &schema.items {
                schema = items;
            }
            schema = schema.member(name)?;
        }
        Some(schema)
    }

    /// How the list at this path merges.
    pub fn list_at(&self, path: &[&str]) -> List {
        self.at(path).map_or(List::Atomic, |schema| schema.list)
    }

    /// Whether the object at this path, or each item of the list there, is all or nothing.
    pub fn is_atomic_at(&self, path: &[&str]) -> bool {
        let mut schema = self.at(path);
        while let Some(items) = schema.and_then(|schema| schema.items.as_deref()) {
            schema = Some(items);
        }
        schema.is_some_and(|schema| schema.is_atomic)
    }

    /// What an object breaks, in the words of a real server.
    pub fn check(&self, object: &Value) -> Causes {
        let mut causes = vec![];
        self.check_value(object, &mut String::new(), &mut causes);
        duplicates::check(self, object, &mut String::new(), &mut causes);
        causes
    }
}

/// Looks at a member with its path.
fn below(path: &mut String, name: &str, look: impl FnOnce(&mut String)) {
    let before = path.len();
    if before > 0 {
        path.push('.');
    }
    path.push_str(name);
    look(path);
    path.truncate(before);
}

/// Looks at a list's item with its path.
fn item_of(path: &mut String, at: usize, look: impl FnOnce(&mut String)) {
    let before = path.len();
    // Writing to a text cannot fail.
    let _ = write!(path, "[{at}]");
    look(path);
    path.truncate(before);
}

/// A list of keys that is never given back: there are few, and definitions repeat them.
fn kept(keys: Vec<&str>) -> &'static [&'static str] {
    static KEPT: Mutex<BTreeSet<&'static [&'static str]>> = Mutex::new(BTreeSet::new());
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.iter().find(|known| **known == keys) {
        return known;
    }
    let keys: Vec<&'static str> = keys.into_iter().map(|key| &*Box::leak(key.to_owned().into_boxed_str())).collect();
    let keys: &'static [&'static str] = Box::leak(keys.into_boxed_slice());
    all.insert(keys);
    keys
}
