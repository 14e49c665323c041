//! Pure: ConfigMaps and Secrets.
use super::{findings::Findings, texts::data_key};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Bytes that the data of a ConfigMap or a Secret may have in all.
const MOST_DATA: usize = 1024 * 1024;

/// What a Secret of a type must have.
const TYPES: &[(&str, &[&str])] = &[
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

fn members<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object[name].as_object().into_iter().flatten()
}

fn keys(object: &Value, name: &str, findings: &mut Findings) {
    for (key, _) in members(object, name) {
        let field = format!("{name}[{key}]");
        data_key(key).iter().for_each(|why| findings.invalid(&field, &json!(key), why));
    }
}

/// A ConfigMap as a whole.
pub(super) fn is_a_config_map(object: &Value, findings: &mut Findings) {
    keys(object, "data", findings);
    for (key, _) in members(object, "data").filter(|(key, _)| object["binaryData"].get(key.as_str()).is_some()) {
        findings.invalid(&format!("data[{key}]"), &json!(key), "duplicate of key present in binaryData");
    }
    keys(object, "binaryData", findings);
    let texts: usize = members(object, "data").map(|(_, value)| length(value)).sum();
    let bytes: usize = members(object, "binaryData").map(|(_, value)| length(value) / 4 * 3).sum();
    if texts + bytes > MOST_DATA {
        findings.too_long("[]", MOST_DATA);
    }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

/// A Secret as a whole.
pub(super) fn is_a_secret(object: &Value, findings: &mut Findings) {
    keys(object, "data", findings);
    if members(object, "data").map(|(_, value)| length(value) / 4 * 3).sum::<usize>() > MOST_DATA {
        findings.too_long("data", MOST_DATA);
    }
    let sort = object["type"].as_str().unwrap_or_default();
    let needed = TYPES.iter().find(|(known, _)| *known == sort).map_or(&[] as &[_], |(_, keys)| keys);
    for key in needed.iter().filter(|key| object["data"].get(**key).is_none()) {
        findings.required(&format!("data[{key}]"), "");
    }
    for key in needed.iter().filter(|key| key.starts_with(".dockerc")) {
        let text = object["data"][*key].as_str().and_then(|text| STANDARD.decode(text).ok());
        if text.is_some_and(|text| serde_json::from_slice::<Map<String, Value>>(&text).is_err()) {
            let why = "must be a JSON object";
            findings.invalid(&format!("data[{key}]"), &json!("<secret contents redacted>"), why);
        }
    }
    if sort == "kubernetes.io/basic-auth"
        && ["username", "password"].iter().all(|key| object["data"].get(*key).is_none())
    {
        findings.required("data[username]", "");
        findings.required("data[password]", "");
    }
    let account = "kubernetes.io/service-account.name";
    if sort == "kubernetes.io/service-account-token" && length(&object["metadata"]["annotations"][account]) == 0 {
        findings.required(&format!("metadata.annotations[{account}]"), "");
    }
}
