//! YAML manifests to Kubernetes objects, their placeholders filled. Hostile input is an error, never an expansion.
use super::yaml::{Document, Notice, documents};
use crate::resources::answers::{shortened, text};
use crate::resources::object::describe;
use serde_json::{Map, Value};
use std::net::Ipv4Addr;

/// Lists within lists are no deeper.
const DEEPEST_LIST: usize = 4;
/// What a server fills in, and refuses or ignores when it is sent: exported objects are full of it.
const OF_THE_SERVER: [&str; 7] =
    ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// What the placeholders of a manifest stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholders {
    /// `${cluster.name}`: the new cluster's name.
    pub cluster_name: String,
    /// `${cluster.version}`: its exact version.
    pub cluster_version: String,
    /// `${slot.colour}`: `blue` or `green`.
    pub slot_colour: String,
    /// `${slot.address.N}`: the slot's ingress addresses, from 0.
    pub slot_addresses: Vec<Ipv4Addr>,
    /// `${oidc.issuer}`: the cluster's issuer of tokens, if it has one.
    pub oidc_issuer: Option<String>,
    /// `${run.id}`: the run's id.
    pub run_id: String,
}

impl Placeholders {
    /// Before there is a cluster, for slots with so many addresses.
    #[must_use]
    pub fn of_the_desk(addresses: usize) -> Self {
        let none = String::new;
        Self {
            cluster_name: none(),
            cluster_version: none(),
            slot_colour: none(),
            slot_addresses: vec![Ipv4Addr::UNSPECIFIED; addresses],
            oidc_issuer: Some(none()),
            run_id: none(),
        }
    }

    /// Whether every placeholder of this object is one that is filled.
    ///
    /// # Errors
    /// The first that is not.
    pub fn fills(&self, object: &Value) -> Result<(), String> {
        fill(object.clone(), self).map(drop)
    }
}

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

/// Fills the placeholders in every text, the names of members included.
pub(crate) fn fill(value: Value, filled: &Placeholders) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(&text, filled)?),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| fill(item, filled)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let fill_member = |(name, member): (String, Value)| Ok((fill_text(&name, filled)?, fill(member, filled)?));
            Value::Object(members.into_iter().map(fill_member).collect::<Result<Map<_, _>, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    })
}

fn fill_text(text: &str, filled: &Placeholders) -> Result<String, String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            done.push_str(before);
            done.push_str("${");
            rest = &from[2..];
            continue;
        }
        done.push_str(before);
        let Some((name, after)) = from[2..].split_once('}') else {
            return Err(format!("the placeholder {} does not end; write $${{ for a plain ${{", shortened(from)));
        };
        done.push_str(&meaning(name, filled)?);
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

fn meaning(name: &str, filled: &Placeholders) -> Result<String, String> {
    if let Some(index) = name.strip_prefix("slot.address.") {
        let address = index.parse().ok().and_then(|index: usize| filled.slot_addresses.get(index));
        let count = filled.slot_addresses.len();
        return address.map(ToString::to_string).ok_or_else(|| {
            format!("${{{}}} names none of the slot's {count} addresses, which count from 0", shortened(name))
        });
    }
    Ok(match name {
        "cluster.name" => filled.cluster_name.clone(),
        "cluster.version" => filled.cluster_version.clone(),
        "slot.colour" => filled.slot_colour.clone(),
        "run.id" => filled.run_id.clone(),
        "oidc.issuer" => filled
            .oidc_issuer
            .clone()
            .ok_or("${oidc.issuer} is used, but the cluster has no issuer: switch oidcIssuerProfile on")?,
        _ => {
            let name = shortened(name);
            return Err(format!("${{{name}}} is no placeholder that we know; write $${{{name}}} for the plain text"));
        }
    })
}
