//! Pure: what a pod says of itself to its containers, and the files of its volumes.
use super::{
    findings::{Findings, items},
    texts::{path_below, qualified},
};
use crate::quantity::amount;
use serde_json::{Map, Value, json};

/// What a variable may say of its pod.
const OF_VARIABLES: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// What a file may.
const OF_FILES: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Both know these words, and one of them takes each; others are no field at all.
const ELSEWHERE: [&str; 3] = ["spec.restartPolicy", "spec.schedulerName", "status.phase"];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const PARTS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Where a variable's value comes from.
pub(super) fn is_a_source(source: &Map<String, Value>, findings: &mut Findings) {
    if let Some(field) = source.get("fieldRef").filter(|field| field.is_object()) {
        findings.within("fieldRef", |findings| field_of(field, &OF_VARIABLES, findings));
    }
    if let Some(field) = source.get("resourceFieldRef").filter(|field| field.is_object()) {
        findings.within("resourceFieldRef", |findings| resource(field, findings));
    }
}

fn field_of(field: &Value, known: &[&str], findings: &mut Findings) {
    let path = field["fieldPath"].as_str().unwrap_or_default();
    if path.is_empty() || known.contains(&path) {
        return;
    }
    let subscript = path.split_once("['").and_then(|(map, key)| Some((map, key.strip_suffix("']")?)));
    match subscript {
        Some(("metadata.labels", key)) => {
            qualified(key).iter().for_each(|why| findings.invalid("", &json!(key), why));
        }
        Some(("metadata.annotations", key)) => {
            let wrong = qualified(&key.to_ascii_lowercase());
            wrong.iter().for_each(|why| findings.invalid("", &json!(key), why));
        }
        Some(_) => {
            let why = format!("error converting fieldPath: field label does not support subscript: {path}");
            findings.invalid("fieldPath", &json!(path), &why);
        }
        None if [&OF_VARIABLES[..], &OF_FILES, &ELSEWHERE].iter().any(|all| all.contains(&path)) => {
            findings.unsupported("fieldPath", &json!(path), known);
        }
        None => {
            let why = format!("error converting fieldPath: field label not supported: {path}");
            findings.invalid("fieldPath", &json!(path), &why);
        }
    }
}

fn resource(field: &Value, findings: &mut Findings) {
    let name = field["resource"].as_str().unwrap_or_default();
    let is_huge = ["limits.hugepages-", "requests.hugepages-"].iter().any(|begin| name.starts_with(begin));
    if !name.is_empty() && !is_huge && !RESOURCES.contains(&name) {
        findings.unsupported("resource", &json!(name), &RESOURCES);
    }
    let (divisor, of) = (&field["divisor"], name.rsplit('.').next().unwrap_or_default());
    let is = |known: &[&str]| known.iter().any(|known| amount(&json!(known)) == amount(divisor));
    let is_none = amount(divisor).is_none_or(|amount| amount == 0);
    match of {
        _ if is_none => {}
        "cpu" if !is(&["1m", "1"]) => {
            let why = "only divisor's values 1m and 1 are supported with the cpu resource";
            findings.invalid("divisor", &json!(name), why);
        }
        "memory" | "ephemeral-storage" if !is(&PARTS) => {
            let why = format!("only divisor's values {} are supported with the {of} resource", PARTS.join(", "));
            findings.invalid("divisor", &json!(name), &why);
        }
        _ => {}
    }
}

/// Files that say something of their pod.
pub(super) fn are_files(source: &Map<String, Value>, findings: &mut Findings) {
    for file in items(source.get("items")) {
        match file["path"].as_str().unwrap_or_default() {
            "" => findings.required("path", ""),
            path => path_below(path).iter().for_each(|why| findings.invalid("path", &file["path"], why)),
        }
        match (file["fieldRef"].is_object(), file["resourceFieldRef"].is_object()) {
            (true, true) => {
                let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                findings.invalid("", &json!("resource"), why);
            }
            (true, false) => findings.within("fieldRef", |findings| field_of(&file["fieldRef"], &OF_FILES, findings)),
            (false, true) => {
                if file["resourceFieldRef"]["containerName"].as_str().is_none_or(str::is_empty) {
                    findings.required("resourceFieldRef.containerName", "");
                }
                findings.within("resourceFieldRef", |findings| resource(&file["resourceFieldRef"], findings));
            }
            (false, false) => findings.required("", "one of fieldRef and resourceFieldRef is required"),
        }
    }
}

/// A key of a ConfigMap or a Secret, as a file.
pub(super) fn is_a_file(item: &Map<String, Value>, findings: &mut Findings) {
    let path = item.get("path").unwrap_or(&Value::Null);
    path_below(path.as_str().unwrap_or_default()).iter().for_each(|why| findings.invalid("path", path, why));
}

/// Several sources in one folder.
pub(super) fn are_projected(source: &Map<String, Value>, findings: &mut Findings) {
    for (at, part) in items(source.get("sources")).iter().enumerate() {
        let kinds: Vec<_> = part
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        if kinds.len() > 1 {
            findings.forbidden(&format!("sources[{at}]"), "may not specify more than 1 volume type per source");
        }
        for kind in ["configMap", "secret"].into_iter().filter(|kind| part[*kind].is_object()) {
            if part[kind]["name"].as_str().is_none_or(str::is_empty) {
                findings.required(&format!("sources[{at}].{kind}.name"), "");
            }
        }
        if let Some(token) = part["serviceAccountToken"].as_object() {
            match token.get("path").and_then(Value::as_str).unwrap_or_default() {
                "" => findings.required("path", ""),
                path => path_below(path).iter().for_each(|why| findings.invalid("path", &json!(path), why)),
            }
        }
    }
}
