//! Pure: the rows of what leads to pods, or keeps from them.
use super::{labels, none, or_none, text};
use crate::kubernetes::kinds::Kind;
use serde_json::{Value, json};

/// The cells of such a kind; `None`: it is another.
pub(super) fn cells(kind: &Kind, object: &Value, name: &str, age: &str) -> Option<Vec<Value>> {
    let spec = &object["spec"];
    let (name, age) = (json!(name), json!(age));
    Some(match kind.kind.as_str() {
        "Endpoints" => vec![name, json!(addresses(object)), age],
        "EndpointSlice" => slice(object, name, age),
        "IngressClass" => {
            let parameters = &spec["parameters"];
            let shown = if parameters.is_null() {
                none()
            } else {
                let group = parameters["apiGroup"].as_str().map(|group| format!(".{group}")).unwrap_or_default();
                format!("{}{group}/{}", text(&parameters["kind"]), text(&parameters["name"]))
            };
            vec![name, json!(text(&spec["controller"])), json!(shown), age]
        }
        "NetworkPolicy" => vec![name, json!(labels(&spec["podSelector"]["matchLabels"])), age],
        "APIService" => api_service(object, name, age),
        _ => return None,
    })
}

/// The first three of a list, and how many more there are.
fn first_three(all: &[String]) -> String {
    match all {
        [] => none(),
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first},{second},{third} + {} more...", rest.len())
        }
        few => few.join(","),
    }
}

fn addresses(object: &Value) -> String {
    let mut all = vec![];
    for subset in object["subsets"].as_array().into_iter().flatten() {
        let ports: Vec<String> =
            subset["ports"].as_array().into_iter().flatten().map(|port| port["port"].to_string()).collect();
        for address in subset["addresses"].as_array().into_iter().flatten() {
            let address = text(&address["ip"]);
            if ports.is_empty() {
                all.push(address.clone());
            }
            all.extend(ports.iter().map(|port| format!("{address}:{port}")));
        }
    }
    first_three(&all)
}

fn slice(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let ports = object["ports"].as_array().into_iter().flatten();
    let ports: Vec<String> =
        ports.map(|port| if port["port"].is_null() { "*".into() } else { port["port"].to_string() }).collect();
    let ports = if ports.is_empty() { "<unset>".into() } else { first_three(&ports) };
    let ends = object["endpoints"].as_array().into_iter().flatten();
    let ends = ends.flat_map(|one| one["addresses"].as_array().into_iter().flatten()).map(text);
    let ends = ends.collect::<Vec<_>>();
    let ends = if ends.is_empty() { "<unset>".into() } else { first_three(&ends) };
    vec![name, json!(text(&object["addressType"])), json!(ports), json!(ends), age]
}

fn api_service(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let service = &object["spec"]["service"];
    let service = if service.is_null() {
        "Local".into()
    } else {
        format!("{}/{}", text(&service["namespace"]), text(&service["name"]))
    };
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let available = conditions.find(|one| one["type"] == "Available");
    let available = available.map_or_else(
        || "Unknown".into(),
        |one| match (one["status"].as_str(), one["reason"].as_str()) {
            (Some("True"), _) => "True".into(),
            (Some(state), Some(reason)) => format!("{state} ({reason})"),
            (state, _) => or_none(&json!(state)),
        },
    );
    vec![name, json!(service), json!(available), age]
}
