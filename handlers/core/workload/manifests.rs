//! YAML manifests to Kubernetes objects, their placeholders filled. Hostile input is an error, never an expansion.
use super::yaml::{Document, Notice, documents};
use crate::resources::answers::{shortened, text};
use crate::resources::object::describe;
use serde_json::Value;

pub use super::placeholders::Placeholders;
pub(crate) use super::placeholders::fill;

/// Lists within lists are no deeper.
const DEEPEST_LIST: usize = 4;
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
}

/// The objects of a manifest as they stand there, and what is to be said of how it is read.
///
/// # Errors
/// When it is no YAML, or has a document that is no object of Kubernetes.
pub fn read(yaml: &str) -> Result<(Vec<Placed>, Vec<Notice>), Notice> {
    let (documents, mut notices) = documents(yaml).map_err(|notice| hinted(notice, yaml))?;
    let mut objects = vec![];
    for Document { line, value } in documents {
        let mut found = vec![];
        flatten(value, 0, &mut found).map_err(|what| Notice { line, what })?;
        for mut value in found {
            if let Some(what) = clean(&mut value) {
                notices.push(Notice { line, what });
            }
            objects.push(Placed { line, value });
        }
    }
    Ok((objects, notices))
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
    let fill_in = |Placed { line, value }: Placed| match filled {
        None => Ok(value),
        Some(filled) => fill(value, filled).map_err(|why| format!("line {line}: {why}")),
    };
    let mut objects = placed.into_iter().map(fill_in).collect::<Result<Vec<_>, _>>()?;
    objects.sort_by_key(comes_late);
    Ok(objects)
}

/// Takes away what only a server may say; what was taken away, if it means that somebody exported the object.
fn clean(object: &mut Value) -> Option<String> {
    let name = describe(object);
    let mut gone = vec![];
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for member in OF_THE_SERVER {
            // Generators write `creationTimestamp: null` everywhere.
            gone.extend(metadata.shift_remove(member).filter(|value| !value.is_null()).map(|_| member));
        }
    }
    let status = object.as_object_mut().and_then(|members| members.shift_remove("status"));
    let is_of_a_definition = object["kind"] == "CustomResourceDefinition";
    gone.extend(status.filter(|_| !is_of_a_definition).map(|_| "status"));
    (!gone.is_empty()).then(|| format!("{name} was exported from a cluster: its {} are left out", gone.join(", ")))
}

/// Namespaces and definitions must exist before what needs them.
fn comes_late(object: &Value) -> bool {
    !matches!(text(object, "/kind"), "Namespace" | "CustomResourceDefinition")
}

/// Takes lists apart and looks that each object says what it is.
fn flatten(object: Value, depth: usize, objects: &mut Vec<Value>) -> Result<(), String> {
    let kind = text(&object, "/kind");
    for member in ["/apiVersion", "/kind"] {
        if text(&object, member).is_empty() {
            return Err(format!("it has no {}, so it is no object of Kubernetes", &member[1..]));
        }
    }
    // To `kubectl`, whatever has items is a list.
    if object.get("items").is_some_and(|items| items.is_array() || items.is_null()) {
        if depth == DEEPEST_LIST {
            return Err(format!("lists lie within lists more than {DEEPEST_LIST} deep"));
        }
        let mut object = object;
        let Some(Value::Array(items)) = object.get_mut("items").map(Value::take) else { return Ok(()) };
        return items.into_iter().try_for_each(|item| flatten(item, depth + 1, objects));
    }
    if text(&object, "/metadata/name").is_empty() {
        let generated = text(&object, "/metadata/generateName");
        let hint = if generated.is_empty() { "" } else { ": a generated name would make another object each time" };
        return Err(format!("the {} has no metadata.name{hint}", shortened(kind)));
    }
    objects.push(object);
    Ok(())
}
