//! Answers without what differs from call to call, and how two of them differ.
use super::{play::Step, shown::shown};
use serde_json::{Map, Value, json};
use std::fmt;

/// One difference between two answers.
pub struct Difference {
    /// Where.
    pub place: String,
    real: Value,
    ours: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |value: &Value| value.to_string().chars().take(200).collect::<String>();
        write!(f, "{}: real {} ours {}", self.place, cut(&self.real), cut(&self.ours))
    }
}

/// How our answer to a step differs from the real one.
pub fn differences(step: &Step, ours: &Value) -> Vec<Difference> {
    let mut found = vec![];
    let (real, ours) = (plain(&step.answer, ""), shown(step, plain(ours, "")));
    walk(&real, &ours, String::new(), &mut found);
    found
}

fn walk(real: &Value, ours: &Value, place: String, found: &mut Vec<Difference>) {
    match (real, ours) {
        (Value::Object(one), Value::Object(other)) => {
            for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
                let absent = Value::Null;
                let (real, ours) = (one.get(name).unwrap_or(&absent), other.get(name).unwrap_or(&absent));
                walk(real, ours, format!("{place}.{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (real, ours)) in one.iter().zip(other).enumerate() {
                walk(real, ours, format!("{place}[{at}]"), found);
            }
        }
        _ if real == ours || is_noise(&place) => {}
        _ => found.push(Difference { place, real: real.clone(), ours: ours.clone() }),
    }
}

/// What depends on whether a kubelet runs, and on the moment: pods are never ready on a server without nodes.
fn is_noise(place: &str) -> bool {
    let of_status = [
        "observedGeneration",
        "replicas",
        "unavailableReplicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
    ];
    place.contains(".fieldsV1")
        || place.contains("status.conditions")
        || place.contains("deployment.kubernetes.io/revision")
        || of_status.iter().any(|name| place.ends_with(&format!("status.{name}")))
}

/// An answer without ids, versions, times and addresses.
fn plain(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), plain(value, name)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items)
            if matches!(name, "groups" | "resources") && items.iter().all(|item| item["name"].is_string()) =>
        {
            let named =
                items.iter().map(|item| (item["name"].as_str().unwrap_or_default().to_owned(), plain(item, "")));
            Value::Object(named.collect())
        }
        Value::Array(items) => {
            let of = match name {
                "clusterIPs" => "clusterIP",
                "cells" => "cell",
                _ => "",
            };
            let mut items: Vec<_> = items.iter().map(|item| plain(item, of)).collect();
            if name == "managedFields" {
                let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                items.sort_by_key(|entry| {
                    ["manager", "operation", "apiVersion", "subresource"].map(|name| text(entry, name))
                });
            }
            Value::Array(items)
        }
        Value::String(text) => match name {
            "resourceVersion" if !text.is_empty() => json!("<rv>"),
            "continue" if !text.is_empty() => json!("<continue>"),
            "token" => json!("<token>"),
            "clusterIP" if !matches!(text.as_str(), "" | "None") => json!("<ip>"),
            "cell" => json!(cell(&without_moments(text))),
            _ => json!(without_moments(text)),
        },
        Value::Number(_) if name == "remainingItemCount" => json!("<n>"),
        Value::Number(_) if matches!(name, "nodePort" | "healthCheckNodePort") => json!("<nodePort>"),
        other => other.clone(),
    }
}

/// A cell of a table without ages, addresses, and ports of nodes.
fn cell(text: &str) -> String {
    let units = ['s', 'm', 'h', 'd'];
    let is_count = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_age =
        !text.is_empty() && text.split_inclusive(units).all(|part| part.strip_suffix(units).is_some_and(is_count));
    if is_age {
        return "<age>".into();
    }
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return "<ip>".into();
    }
    let port = |port: &str| match (port.split_once(':'), port.split_once('/')) {
        (Some((own, _)), Some((_, protocol))) => format!("{own}:<nodePort>/{protocol}"),
        _ => port.to_owned(),
    };
    if text.ends_with("/TCP") || text.ends_with("/UDP") {
        return text.split(',').map(port).collect::<Vec<_>>().join(",");
    }
    text.to_owned()
}

/// A text without ids and moments.
fn without_moments(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = uuid(rest) {
            plain.push_str("<uid>");
            rest = &rest[length..];
        } else if let Some(length) = moment(rest) {
            plain.push_str("<time>");
            rest = &rest[length..];
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    // Conflicts named the version until 1.35.
    plain.replace(" using v1", "").replace(" using apps/v1", "")
}

fn shaped(text: &str, shape: &str, digit: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= shape.len()
        && shape.bytes().zip(bytes).all(|(want, have)| if want == b'0' { digit(*have) } else { want == *have })
}

fn uuid(text: &str) -> Option<usize> {
    let shape = "00000000-0000-0000-0000-000000000000";
    shaped(text, shape, |byte| byte.is_ascii_hexdigit()).then_some(shape.len())
}

fn moment(text: &str) -> Option<usize> {
    let shape = "0000-00-00T00:00:00";
    if !shaped(text, shape, |byte| byte.is_ascii_digit()) {
        return None;
    }
    let rest = &text[shape.len()..];
    let fraction = rest.strip_prefix('.').map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
    rest[fraction..].starts_with('Z').then_some(shape.len() + fraction + 1)
}
