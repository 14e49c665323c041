//! YAML manifests to Kubernetes objects, their placeholders filled. Hostile input is an error, never an expansion.
use super::yaml::{Document, Notice, documents_of_json, documents_until};
use crate::resources::answers::{shortened, text};
use crate::resources::object::describe;
use serde_json::Value;

pub use super::placeholders::Placeholders;
pub(crate) use super::placeholders::fill;

/// Lists within lists are no deeper.
const DEEPEST_LIST: usize = 4;
/// So many documents that are no objects are told of.
const MOST_MISTAKES: usize = 100;
/// What a server fills in, and refuses or ignores when it is sent: exported objects are full of it.
const OF_THE_SERVER: [&str; 7] =
    ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// An object of a manifest, before its placeholders are filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The line at which its document begins, from 1.
    pub line: usize,
    /// The object.
    pub value: Value,
    /// It bore marks that only a server gives: somebody exported it from a cluster.
    pub exported: bool,
}

/// A manifest as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Its objects.
    pub objects: Vec<Placed>,
    /// What is to be said of how it is read.
    pub notices: Vec<Notice>,
    /// Documents that are no objects of Kubernetes.
    pub mistakes: Vec<Notice>,
    /// Where it ends to be YAML, and why: what stands behind is unknown.
    pub broken: Option<Notice>,
}

/// The objects of a manifest as they stand there, and what is to be said of how it is read.
///
/// # Errors
/// When it is no YAML, or has a document that is no object of Kubernetes.
pub fn read(yaml: &str) -> Result<(Vec<Placed>, Vec<Notice>), Notice> {
    let Reading { objects, notices, mistakes, broken } = read_all(yaml);
    let first = broken.into_iter().chain(mistakes).next();
    first.map_or(Ok((objects, notices)), Err)
}

/// The same, with every mistake at once.
#[must_use]
pub fn read_all(yaml: &str) -> Reading {
    let (mut documents, mut notices, mut broken) = documents_until(yaml);
    if broken.is_some()
        && let Some(in_json) = documents_of_json(yaml)
    {
        (documents, notices, broken) = (in_json, vec![], None);
    }
    let broken = broken.map(|notice| hinted(notice, yaml));
    let mut reading = Reading { notices, broken, ..Reading::default() };
    for Document { line, value } in documents {
        if reading.mistakes.len() >= MOST_MISTAKES {
            break;
        }
        let (mut found, mut mistakes) = (vec![], vec![]);
        flatten(value, 0, &mut found, &mut mistakes);
        reading.mistakes.extend(mistakes.into_iter().map(|what| Notice { line, what }));
        for mut value in found {
            let (said, exported) = clean(&mut value);
            reading.notices.extend(said.map(|what| Notice { line, what }));
            reading.objects.push(Placed { line, value, exported });
        }
    }
    reading
}

fn hinted(notice: Notice, yaml: &str) -> Notice {
    let hint = if yaml.contains("{{") { ". Is it a template? Render it first, as with helm template" } else { "" };
    Notice { what: notice.what + hint, ..notice }
}

/// The objects of a manifest of several documents, in their order, but namespaces and resource definitions first. Without
/// `filled` every text stays as it is.
///
/// # Errors
/// When it is no YAML, has a document that is no object of Kubernetes, or a placeholder that we do not know. `$${` stands
/// for `${`.
pub fn objects(yaml: &str, filled: Option<&Placeholders>) -> Result<Vec<Value>, String> {
    let (placed, _) = read(yaml).map_err(|notice| notice.to_string())?;
    let fill_in = |Placed { line, value, .. }: Placed| match filled {
        None => Ok(value),
        Some(filled) => fill(value, filled).map_err(|why| format!("line {line}: {why}")),
    };
    let mut objects = placed.into_iter().map(fill_in).collect::<Result<Vec<_>, _>>()?;
    objects.sort_by_key(comes_late);
    Ok(objects)
}

/// The same, each by itself: what cannot be filled is named, with why, and keeps no other from being.
///
/// # Errors
/// When it is no YAML, or has a document that is no object of Kubernetes.
pub fn each_object(yaml: &str, filled: Option<&Placeholders>) -> Result<Vec<Result<Value, String>>, String> {
    let (mut placed, _) = read(yaml).map_err(|notice| notice.to_string())?;
    placed.sort_by_key(|placed| comes_late(&placed.value));
    let fill_in = |Placed { value, .. }: Placed| {
        let name = describe(&value);
        match filled {
            None => Ok(value),
            Some(filled) => fill(value, filled).map_err(|why| format!("{name} ({why})")),
        }
    };
    Ok(placed.into_iter().map(fill_in).collect())
}

/// Takes away what only a server may say; what was taken away, and whether it means that somebody exported the object.
/// What a run applies is read so, too: whatever else an exported object says is left out before it is published.
fn clean(object: &mut Value) -> (Option<String>, bool) {
    let name = describe(object);
    let mut gone = vec![];
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for member in OF_THE_SERVER {
            // Generators write `creationTimestamp: null` everywhere.
            gone.extend(metadata.shift_remove(member).filter(|value| !value.is_null()).map(|_| member));
        }
    }
    // Generators write `status: {}`, too.
    let exported = !gone.is_empty();
    let status = object.as_object_mut().and_then(|members| members.shift_remove("status"));
    let status = status.filter(says_something);
    let is_of_a_definition = object["kind"] == "CustomResourceDefinition";
    gone.extend(status.filter(|_| !is_of_a_definition).map(|_| "status"));
    let what = || format!("{name} was exported from a cluster: its {} are left out", gone.join(", "));
    ((!gone.is_empty()).then(what), exported)
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => members.values().any(says_something),
        Value::Array(items) => items.iter().any(says_something),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Namespaces and definitions must exist before what needs them.
fn comes_late(object: &Value) -> bool {
    !matches!(text(object, "/kind"), "Namespace" | "CustomResourceDefinition")
}

/// Takes lists apart and looks that each object says what it is.
fn flatten(mut object: Value, depth: usize, objects: &mut Vec<Value>, mistakes: &mut Vec<String>) {
    if mistakes.len() == MOST_MISTAKES {
        return;
    }
    if let Some(mistake) = ["/apiVersion", "/kind"].iter().find_map(|member| no_text(&object, member)) {
        mistakes.push(format!("it has {mistake}, so it is no object of Kubernetes"));
        return;
    }
    if text(&object, "/apiVersion").starts_with("kustomize.config.k8s.io/") {
        mistakes.push(
            "it is a file of kustomize: build it first with kubectl kustomize, and name what that makes".to_owned(),
        );
        return;
    }
    // To `kubectl`, whatever has items is a list.
    if object.get("items").is_some_and(|items| items.is_array() || items.is_null()) {
        if depth == DEEPEST_LIST {
            mistakes.push(format!("lists lie within lists more than {DEEPEST_LIST} deep"));
        } else if let Some(Value::Array(items)) = object.get_mut("items").map(Value::take) {
            let of = of_items(&object);
            items.into_iter().for_each(|item| flatten(with_a_kind(item, of.as_ref()), depth + 1, objects, mistakes));
        }
        return;
    }
    if let Some(mistake) = no_text(&object, "/metadata/name") {
        let generated = text(&object, "/metadata/generateName");
        let hint = if generated.is_empty() { "" } else { ": a generated name would make another object each time" };
        mistakes.push(format!("the {} has {mistake}{hint}", shortened(text(&object, "/kind"))));
        return;
    }
    objects.push(object);
}

/// Why a member is no text that says something: it is absent, or what YAML takes for something else.
fn no_text(object: &Value, member: &str) -> Option<String> {
    let name = member[1..].replace('/', ".");
    match object.pointer(member) {
        Some(Value::String(text)) if !text.is_empty() => None,
        None | Some(Value::Null | Value::String(_)) => Some(format!("no {name}")),
        Some(other @ (Value::Bool(_) | Value::Number(_))) => {
            Some(format!("the {name} {other}, which is no text: write it in quotes"))
        }
        Some(Value::Array(_) | Value::Object(_)) => Some(format!("a {name} that is no text")),
    }
}

/// What items of a list of one kind are that say neither: its `apiVersion`, and its kind without `List`.
fn of_items(list: &Value) -> Option<(Value, Value)> {
    let kind = text(list, "/kind").strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some((list["apiVersion"].clone(), Value::from(kind)))
}

fn with_a_kind(mut item: Value, of: Option<&(Value, Value)>) -> Value {
    if let (Some((api, kind)), Some(members)) = (of, item.as_object_mut())
        && ["kind", "apiVersion"].iter().all(|member| members.get(*member).is_none_or(|it| it.is_null() || it == ""))
    {
        members.insert("apiVersion".into(), api.clone());
        members.insert("kind".into(), kind.clone());
    }
    item
}
