//! What a server refuses of objects whose members it knows (its answer 422): by the rules of the crate `kinds`.
use crate::resources::answers::{list, text};
use crate::resources::object::group;
use crate::workload::members::{self, Mistake};
use kinds::rules::{Findings, Whose, definitions, of_members, of_metadata};
use serde_json::Value;

/// So many broken rules are said of one object.
const MOST: usize = 10;
/// So much is shown of what a server says: it names whole objects, and every name that it would take.
const LONGEST: usize = 300;

/// The rules that this object breaks, in words.
#[must_use]
pub fn broken(object: &Value) -> Vec<String> {
    let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let group = group(api_version);
    let (whose, mut filled) = (Whose { group, api_version, kind, is_own: true }, without_nothing(object));
    kinds::defaults::fill_in(api_version, kind, &mut filled);
    let mut findings = Findings::default();
    of_metadata(whose, &filled, &mut findings);
    of_members(whose, &filled, &mut findings);
    if kind == "CustomResourceDefinition" {
        findings.causes.extend(definitions::check(&filled));
    }
    let (told, doubles) = (told(object), !kinds::lists::twice(api_version, kind, object).is_empty());
    let mut said = vec![];
    for (field, reason, words) in &findings.causes {
        let is_double = doubles && (*reason == "FieldValueDuplicate" || words.ends_with("must be unique"));
        let is_said = is_said_elsewhere(field, reason, words) || told.contains(field) || is_double;
        let what = format!("{field}: {}", in_short(words));
        if !is_said && !hangs_on_a_placeholder(object, field, words) && !said.contains(&what) {
            said.push(what);
        }
    }
    said.truncate(MOST);
    said
}

/// A server takes nothing for what is absent.
fn without_nothing(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let there = members.iter().filter(|(_, value)| !value.is_null());
            there.map(|(name, value)| (name.clone(), without_nothing(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nothing).collect(),
        other => other.clone(),
    }
}

/// The members of which something is said already: that they are missing, or of another type.
fn told(object: &Value) -> Vec<String> {
    let of = |Mistake { place, what, .. }: Mistake| match what.strip_suffix(" is missing") {
        Some(name) if place.is_empty() => name.to_owned(),
        Some(name) => format!("{place}.{name}"),
        None => place,
    };
    members::mistakes(object).unwrap_or_default().into_iter().map(of).collect()
}

/// The desk judges names and sizes of objects of every kind.
fn is_said_elsewhere(field: &str, reason: &str, words: &str) -> bool {
    (field == "metadata.name" && words.contains("RFC 1123 subdomain"))
        || (field == "metadata.annotations" && reason == "FieldValueTooLong")
}

/// Without the examples and the pattern of what would be right.
fn in_short(words: &str) -> String {
    let words = match words.split_once(" (e.g.") {
        Some((before, after)) => format!("{before}{}", after.rsplit_once(')').map_or("", |(_, rest)| rest)),
        None => words.to_owned(),
    };
    if words.len() <= LONGEST {
        return words;
    }
    // What is wrong stands at the end.
    let begin: String = words.chars().take(LONGEST / 3).collect();
    format!("{begin}… {}", words.rsplit_once(": ").map_or("", |(_, end)| end))
}

/// What a placeholder stands for is not known yet.
fn hangs_on_a_placeholder(object: &Value, field: &str, words: &str) -> bool {
    let holds = |value: &Value| value.to_string().contains("${");
    let pod = field.split(".containers[").next().and_then(|pod| pod.split(".initContainers[").next());
    let pod = object.pointer(&format!("/{}", pod.unwrap_or_default().replace('.', "/"))).unwrap_or(&Value::Null);
    let named = |volume: &Value| holds(&volume["name"]);
    words.contains("${")
        || field.contains("${")
        || (words.starts_with("Not found") && list(pod, "/volumes").iter().any(named))
        || (field.ends_with("template.metadata.labels") && holds(&object["spec"]["selector"]))
        || (field.starts_with("data[.dockerc") && holds(object))
        || (field == "metadata.name" && holds(&object["spec"]["names"]))
}
