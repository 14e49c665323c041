//! YAML manifests to Kubernetes objects, their placeholders filled. Hostile input is an error, never an expansion.
use crate::resources::answers::{shortened, text};
use serde_json::{Map, Value};
use std::net::Ipv4Addr;

/// A manifest is never larger, in bytes: rendered charts with their resource definitions have up to 2 MB.
const LARGEST: usize = 4 * 1024 * 1024;
/// So many events may come from aliases: an alias bomb has billions.
const MOST_REPLAYED_EVENTS: usize = 100_000;
/// So many nodes a manifest has at most.
const MOST_NODES: usize = 250_000;
/// Lists within lists are no deeper.
const DEEPEST_LIST: usize = 4;

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

/// The objects of a manifest of several documents, in their order, but namespaces and resource definitions first.
///
/// # Errors
/// When it is too large, no YAML, has a document that is no object of Kubernetes, or a placeholder that we do not know.
/// `$${` stands for `${`.
pub fn objects(yaml: &str, filled: &Placeholders) -> Result<Vec<Value>, String> {
    if yaml.len() > LARGEST {
        return Err(format!("the manifest has {} bytes, at most {LARGEST} are allowed", yaml.len()));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: MOST_NODES, max_documents: 10_000, },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_REPLAYED_EVENTS, },
        with_snippet: false,
        // As in YAML 1.2, a bare `yes` or `on` is a text.
        strict_booleans: true,
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(yaml, options)
        .map_err(|error| format!("the manifest is no YAML that can be read: {}", in_one_line(&error.to_string())))?;
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let document = fill(document, filled).map_err(|why| format!("document {}: {why}", index + 1))?;
        flatten(document, 0, &mut objects).map_err(|why| format!("document {}: {why}", index + 1))?;
    }
    objects.sort_by_key(comes_late);
    Ok(objects)
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
    if kind.ends_with("List") && object.get("items").is_some_and(Value::is_array) {
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
fn fill(value: Value, filled: &Placeholders) -> Result<Value, String> {
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

fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
