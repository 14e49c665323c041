//! Custom resources whose definition lies in the site's own files: judged by its schema, as a server would.
use super::typed::with_its_end;
use super::{Finding, Found, Weight, lists};
use crate::resources::answers::{list, shortened, text};
use crate::workload::cut;
use crate::workload::placeholders::has_placeholder;
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// So many mistakes are said of one object.
const MOST: usize = 10;

/// What the definitions among the files say against the objects of their kinds.
#[must_use]
pub fn mistakes(all: &[Found<'_>]) -> Vec<Finding> {
    let definitions = all.iter().filter(|found| text(&found.value, "/kind") == "CustomResourceDefinition");
    let mut versions: BTreeMap<(String, &str), &Value> = BTreeMap::new();
    let mut defined: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for definition in definitions {
        let (group, kind) = (text(&definition.value, "/spec/group"), text(&definition.value, "/spec/names/kind"));
        let served = defined.entry((group, kind)).or_default();
        // An old definition, which has one version without a list, is judged as gone.
        served.extend(Some(text(&definition.value, "/spec/version")).filter(|version| !version.is_empty()));
        for version in list(&definition.value, "/spec/versions") {
            served.extend(Some(text(version, "/name")).filter(|_| version["served"] != false));
            versions.insert((format!("{group}/{}", text(version, "/name")), kind), version);
        }
    }
    let mut validators: BTreeMap<(String, &str), Option<Validator>> = BTreeMap::new();
    let mut findings = vec![];
    for found in all {
        let key = (text(&found.value, "/apiVersion").to_owned(), text(&found.value, "/kind"));
        let (group, named) = key.0.rsplit_once('/').unwrap_or_default();
        let Some(served) = defined.get(&(group, key.1)) else { continue };
        if !served.contains(&named) && !named.contains("${") && !served.iter().any(|known| known.contains("${")) {
            let known = if served.is_empty() { "nothing".to_owned() } else { served.join(", ") };
            let what = format!("its definition does not serve {}: it serves {}", key.0, shortened(&known));
            findings.push(found.finding(Weight::Refuses, &what));
            continue;
        }
        let Some(version) = versions.get(&key) else { continue };
        let make = || jsonschema::validator_for(&schema(version.pointer("/schema/openAPIV3Schema")?)).ok();
        if let Some(validator) = validators.entry(key).or_insert_with(make) {
            let twice = version.pointer("/schema/openAPIV3Schema").map(|schema| lists::twice(&found.value, schema));
            let twice = twice.into_iter().flatten().map(|what| cut(what.trim_start_matches('.')));
            let mistakes = validator.iter_errors(&found.value).filter_map(|error| in_words(&error)).chain(twice);
            findings.extend(mistakes.take(MOST).map(|what| found.finding(Weight::Refuses, &what)));
        }
    }
    findings
}

fn in_words(error: &jsonschema::ValidationError<'_>) -> Option<String> {
    // What a placeholder stands for is not known yet, but that it is a text.
    let placeholder = error.instance().as_str().filter(|text| text.contains("${"));
    if placeholder.is_some() && !matches!(error.kind(), Kind::Type { .. }) {
        return None;
    }
    let place = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    let place = if place.is_empty() { String::new() } else { format!("{}: ", with_its_end(&place)) };
    Some(match error.kind() {
        Kind::Type { .. } if placeholder.is_some_and(has_placeholder) => {
            cut(&format!("{place}{error}: a placeholder fills a text, and can be nothing else: write it out"))
        }
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            let what = shortened(&error.instance().to_string());
            format!("{place}{what} fits none of the forms that its definition has for it")
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("{place}{} is not in its definition: is it misspelt?", shortened(&unexpected.join(", ")))
        }
        _ => cut(&format!("{place}{error}")),
    })
}

/// The schema of a definition as JSON Schema has it: what is not named is not there, what has a default may be absent, what
/// may be null may be so.
fn schema(structural: &Value) -> Value {
    let mut schema = closed(structural);
    // A server looks after these itself.
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for member in ["apiVersion", "kind", "metadata", "status"] {
            properties.insert(member.into(), json!({}));
        }
    }
    schema
}

fn closed(structural: &Value) -> Value {
    let Some(members) = structural.as_object() else { return json!({}) };
    let is_set = |name: &str| members.get(name) == Some(&Value::Bool(true));
    let mut made = Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            "properties" => each(value, closed),
            "items" | "not" => closed(value),
            "additionalProperties" if value.is_object() => closed(value),
            "allOf" | "anyOf" | "oneOf" => Value::Array(value.as_array().into_iter().flatten().map(open).collect()),
            "required" => Value::Array(without_defaults(value, members.get("properties"))),
            "pattern" | "enum" | "maxItems" | "minItems" | "maxLength" | "minLength" | "maxProperties"
            | "minProperties" | "multipleOf" | "uniqueItems" => value.clone(),
            // `exclusiveMinimum` is a mark beside `minimum` here, and a bound of its own in JSON Schema.
            "minimum" if !is_set("exclusiveMinimum") => value.clone(),
            "maximum" if !is_set("exclusiveMaximum") => value.clone(),
            "type" if !is_set("x-kubernetes-int-or-string") => json!([value]),
            _ => continue,
        };
        made.insert(name.clone(), value);
    }
    if is_set("x-kubernetes-int-or-string") {
        made.remove("anyOf");
        made.insert("type".into(), json!(["integer", "string"]));
    }
    if is_set("nullable")
        && let Some(types) = made.get_mut("type").and_then(Value::as_array_mut)
    {
        types.push("null".into());
    }
    let is_open = is_set("x-kubernetes-preserve-unknown-fields") || is_set("x-kubernetes-embedded-resource");
    if made.contains_key("properties") && !made.contains_key("additionalProperties") && !is_open {
        made.insert("additionalProperties".into(), Value::Bool(false));
    }
    made.into()
}

/// Within a choice, members are named that stand elsewhere.
fn open(structural: &Value) -> Value {
    let mut made = closed(structural);
    if let Some(made) = made.as_object_mut() {
        made.remove("additionalProperties");
        if let Some(properties) = structural.get("properties") {
            made.insert("properties".into(), each(properties, open));
        }
    }
    made
}

fn each(members: &Value, make: fn(&Value) -> Value) -> Value {
    members.as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), make(schema))).collect()
}

fn without_defaults(required: &Value, properties: Option<&Value>) -> Vec<Value> {
    let has_default = |name: &Value| {
        name.as_str().is_some_and(|name| properties.is_some_and(|all| all[name].get("default").is_some()))
    };
    required.as_array().into_iter().flatten().filter(|name| !has_default(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: Value) -> Found<'static> {
        Found { file: "crds.yaml", line: 1, value }
    }

    fn definition() -> Found<'static> {
        found(json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"group": "example.com", "names": {"kind": "Thing"}, "versions": [
                {"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                    "metadata": {"type": "object"}, "spec": {"type": "object", "required": ["size", "mode"], "properties": {
                        "size": {"type": "integer", "minimum": 1}, "mode": {"type": "string", "default": "a", "enum": ["a", "b"]},
                        "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                        "when": {"type": "string", "nullable": true},
                        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "string"}}}}}}}}},
                {"name": "v1alpha1", "served": false}]}}))
    }

    fn said(spec: &Value) -> String {
        let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x", "labels": {}}, "spec": spec});
        let findings = mistakes(&[definition(), found(thing)]);
        findings.iter().map(|finding| finding.what.clone()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_object_is_judged_by_the_definition_beside_it() {
        assert_eq!(said(&json!({"size": 1, "port": "http", "when": null, "any": {"b": 1}})), "");
        assert_eq!(said(&json!({"size": 2, "port": 80, "mode": "${slot.colour}"})), "");
        for (spec, words) in [
            (json!({"size": 0}), "spec.size: 0 is less than the minimum of 1"),
            (json!({"size": "2"}), "spec.size"),
            (json!({}), "spec: \"size\" is a required property"),
            (json!({"size": 1, "sice": 2}), "spec: sice is not in its definition"),
            (json!({"size": 1, "mode": "c"}), "spec.mode"),
            (json!({"size": 1, "port": true}), "spec.port"),
            (json!({"size": "${slot.address.0}"}), "a placeholder fills a text"),
        ] {
            assert!(said(&spec).contains(words), "{words}: {}", said(&spec));
        }
        let old = found(json!({"apiVersion": "example.com/v1alpha1", "kind": "Thing", "metadata": {"name": "x"}}));
        assert!(mistakes(&[definition(), old])[0].what.contains("does not serve example.com/v1alpha1: it serves v1"));
    }

    #[test]
    fn a_version_that_the_definition_does_not_have_is_refused_and_another_kind_is_not() {
        let of = |api: &str, kind: &str| found(json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}}));
        for version in ["v2", "v1beta1", "V1"] {
            let said = mistakes(&[definition(), of(&format!("example.com/{version}"), "Thing")]);
            assert!(
                said.len() == 1 && said[0].weight == Weight::Refuses && said[0].what.contains("it serves v1"),
                "{said:?}"
            );
        }
        for (api, kind) in [("example.com/v2", "Other"), ("example.org/v2", "Thing"), ("v1", "Thing")] {
            assert_eq!(mistakes(&[definition(), of(api, kind)]), [], "{api} {kind}");
        }
    }
}
