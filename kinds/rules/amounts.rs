//! Pure: what a container asks for that is not shared out in parts: devices, huge pages, claims.
use super::{
    findings::{Findings, items},
    texts::qualified,
};
use crate::quantity::{amount, canonical};
use serde_json::{Map, Value, json};

const ONE: i128 = 1_000_000_000;

/// Whether there are whole ones alone, and nobody gets more than was asked for.
pub(super) fn is_whole(name: &str) -> bool {
    name.starts_with("hugepages-") || (name.contains('/') && !name.contains("kubernetes.io/"))
}

/// What a container of this pod asks for.
pub(super) fn of_a_container(container: &Value, pod: &Map<String, Value>, findings: &mut Findings) {
    let resources = &container["resources"];
    let parts = |list: &str| resources[list].as_object().into_iter().flatten();
    findings.within("resources", |findings| {
        for list in ["limits", "requests"] {
            for (name, value) in parts(list) {
                let member = format!("{list}[{name}]");
                qualified(name).iter().for_each(|why| findings.invalid(&member, &json!(name), why));
                let asked = amount(value).unwrap_or(0);
                if !is_whole(name) {
                    continue;
                }
                match name.strip_prefix("hugepages-").map(|size| (size, amount(&json!(size)))) {
                    Some((size, Some(page))) if page > 0 && asked % page != 0 => {
                        let why = format!("{} is not positive integer multiple of hugepages-{size}", shown(value));
                        findings.invalid(&member, value, &why);
                    }
                    None if asked % ONE != 0 => findings.invalid(&member, value, "must be an integer"),
                    _ => {}
                }
            }
        }
        for (name, value) in parts("requests").filter(|(name, _)| is_whole(name)) {
            match &resources["limits"][name] {
                Value::Null => findings.required("limits", "Limit must be set for non overcommitable resources"),
                limit if amount(limit) != amount(value) => {
                    let why = format!("must be equal to {name} limit of {}", shown(limit));
                    findings.invalid("requests", value, &why);
                }
                _ => {}
            }
        }
        let asks = |wanted: fn(&str) -> bool| {
            parts("limits").chain(parts("requests")).any(|(name, value)| wanted(name) && amount(value) != Some(0))
        };
        let is_plain = asks(|name| matches!(name, "cpu" | "memory")) || pod.get("resources").is_some();
        if asks(|name| name.starts_with("hugepages-")) && !is_plain {
            findings.forbidden("", "HugePages require cpu or memory");
        }
        let claims = items(pod.get("resourceClaims"));
        for (at, claim) in items(resources.get("claims")).iter().enumerate() {
            if !claims.iter().any(|known| known["name"] == claim["name"]) {
                let rest = if claims.is_empty() { " which is empty" } else { "" };
                let wrong =
                    format!("Not found: {}: must be one of the names in pod.spec.resourceClaims{rest}", claim["name"]);
                findings.note(&format!("claims[{at}]"), "FieldValueNotFound", wrong);
            }
        }
    });
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    canonical(&text).unwrap_or(text)
}
