//! In which form a caller wants to see objects: whole, their metadata alone, or as rows of a table (kubectl). Pure.
use super::events;
use super::kinds::Kind;
use super::place::Query;
use super::tables;
use crate::Ask;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A form of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Whole,
    Metadata,
    /// With so much of the object in each row.
    Table(Include),
}

/// What a table's row carries of its object (`includeObject`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl View {
    /// What the `Accept` header asks for. The first form in it that is known counts, as in the real server.
    pub fn asked(ask: &Ask, query: &Query) -> Self {
        let accept = ask.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let include = match query.text("includeObject") {
            "None" => Include::Nothing,
            "Object" => Include::Object,
            _ => Include::Metadata,
        };
        let form = |sort: &str| match sort {
            sort if sort.contains("as=PartialObjectMetadata") => Some(Self::Metadata),
            sort if sort.contains("as=Table") && sort.contains("v=v1;") => Some(Self::Table(include)),
            sort if sort.contains("as=Table") && sort.ends_with("v=v1") => Some(Self::Table(include)),
            sort if sort.contains("as=") => None,
            _ => Some(Self::Whole),
        };
        accept.split(',').map(str::trim).find_map(form).unwrap_or(Self::Whole)
    }

    /// One object.
    pub fn of(self, kind: &Kind, object: &Value, now: Timestamp) -> Value {
        match self {
            Self::Whole => shown(kind, object),
            Self::Metadata => partial(object),
            Self::Table(include) => {
                let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
                tables::table(kind, &[(object, carried(kind, object, include))], version, now)
            }
        }
    }

    /// A list of objects with its `metadata`. What items of Kubernetes' own kinds are is said by the list alone.
    pub fn list(self, kind: &Kind, objects: Vec<&Value>, metadata: Value, now: Timestamp) -> Value {
        let objects = objects.into_iter();
        let (sort, api_version, items): (_, _, Vec<Value>) = match self {
            Self::Whole => (list_kind(kind), kind.api_version(), objects.map(|one| item(kind, one)).collect()),
            Self::Metadata => {
                ("PartialObjectMetadataList".into(), "meta.k8s.io/v1".into(), objects.map(partial).collect())
            }
            Self::Table(include) => {
                let rows: Vec<_> = objects.map(|object| (object, carried(kind, object, include))).collect();
                let mut table = tables::table(kind, &rows, "", now);
                table["metadata"] = metadata;
                return table;
            }
        };
        json!({"kind": sort, "apiVersion": api_version, "metadata": metadata, "items": items})
    }
}

fn list_kind(kind: &Kind) -> String {
    kind.custom.as_ref().map_or_else(|| format!("{}List", kind.kind), |custom| custom.list_kind.clone())
}

/// An object in a list: custom resources alone say what they are.
fn item(kind: &Kind, object: &Value) -> Value {
    let mut item = shown(kind, object);
    if kind.built_in
        && let Some(members) = item.as_object_mut()
    {
        members.shift_remove("apiVersion");
        members.shift_remove("kind");
    }
    item
}

/// An object as this version of its kind.
pub(super) fn shown(kind: &Kind, object: &Value) -> Value {
    let mut shown = object.clone();
    events::as_shown(kind, &mut shown);
    shown["apiVersion"] = json!(kind.api_version());
    shown["kind"] = json!(kind.kind);
    shown
}

fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn carried(kind: &Kind, object: &Value, include: Include) -> Value {
    match include {
        Include::Nothing => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => shown(kind, object),
    }
}

/// An object's size, as `/scale` shows it.
pub(super) fn scale_of(kind: &Kind, object: &Value) -> Value {
    let metadata = &object["metadata"];
    let labels = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let selector: Vec<String> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let mut kept = json!({});
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        kept[name] = metadata[name].clone();
    }
    if let Some((spec, status)) = kind.custom.as_ref().and_then(|custom| custom.scale_of(object)) {
        return json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept, "spec": spec, "status": status});
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept,
        "spec": {"replicas": object["spec"]["replicas"]},
        "status": {"replicas": object["status"]["replicas"].as_u64().unwrap_or(0), "selector": selector.join(",")},
    })
}
