//! Pure: Services.
use super::findings::{Findings, items};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// A Service's specification.
pub(super) fn is_a_service(spec: &Map<String, Value>, findings: &mut Findings) {
    let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sort, ports) = (text("type"), items(spec.get("ports")));
    if ports.is_empty() && sort != "ExternalName" && text("clusterIP") != "None" {
        findings.required("ports", "");
    }
    if sort == "ExternalName" {
        match text("externalName").trim_end_matches('.') {
            "" => findings.required("externalName", ""),
            name => {
                let wrong = super::texts::subdomain(name);
                wrong.iter().for_each(|why| findings.invalid("externalName", &json!(name), why));
            }
        }
    }
    if matches!(sort, "NodePort" | "LoadBalancer") && text("clusterIP") == "None" {
        let why = format!("may not be set to 'None' for {sort} services");
        findings.invalid("clusterIPs[0]", &json!("None"), &why);
    }
    of_type(spec, sort, findings);
    node_ports(ports, findings);
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for (at, port) in ports.iter().enumerate() {
        findings.within(&format!("ports[{at}]"), |findings| {
            match port["name"].as_str().unwrap_or_default() {
                "" if ports.len() > 1 => findings.required("name", ""),
                "" => {}
                name if !names.insert(name) => findings.duplicate("name", &port["name"]),
                _ => {}
            }
            if sort == "ClusterIP" && !port["nodePort"].is_null() && port["nodePort"] != 0 {
                findings.forbidden("nodePort", "may not be used when `type` is 'ClusterIP'");
            }
        });
        if !numbers.insert((port["port"].as_i64(), port["protocol"].as_str())) {
            let value = json!({"protocol": port["protocol"], "port": port["port"]});
            findings.duplicate(&format!("ports[{at}]"), &value);
        }
    }
    for (key, value) in spec.get("selector").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        super::texts::label_value(value).iter().for_each(|why| findings.invalid("selector", &json!(value), why));
        super::texts::qualified(key).iter().for_each(|why| findings.invalid("selector", &json!(key), why));
    }
}

/// What a Service of one type may have and one of another may not.
fn of_type(spec: &Map<String, Value>, sort: &str, findings: &mut Findings) {
    let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
    let address = text("clusterIP");
    if sort == "ExternalName" {
        if !address.is_empty() {
            findings.forbidden("clusterIPs", "may not be set for ExternalName services");
        }
    } else if !matches!(address, "" | "None") && !is_address(address) {
        let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        findings.invalid("clusterIPs[0]", &json!(address), why);
    }
    if sort != "LoadBalancer" {
        let why = "may only be used when `type` is 'LoadBalancer'";
        if !items(spec.get("loadBalancerSourceRanges")).is_empty() {
            findings.forbidden("LoadBalancerSourceRanges", why);
        }
        if spec.get("allocateLoadBalancerNodePorts").is_some_and(|value| !value.is_null()) {
            findings.forbidden("allocateLoadBalancerNodePorts", why);
        }
    }
    let policy = text("externalTrafficPolicy");
    let is_open = matches!(sort, "LoadBalancer" | "NodePort") || !items(spec.get("externalIPs")).is_empty();
    if !policy.is_empty() && !is_open {
        let why = "may only be set for externally-accessible services";
        findings.invalid("externalTrafficPolicy", &json!(policy), why);
    }
}

/// Whether it is one, or looks like one of older days, with zeros before its numbers.
fn is_address(text: &str) -> bool {
    let is_old = || text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    text.parse::<std::net::IpAddr>().is_ok() || is_old()
}

fn node_ports(ports: &[Value], findings: &mut Findings) {
    let mut taken = HashSet::new();
    for (at, port) in ports.iter().enumerate() {
        let Some(number) = port["nodePort"].as_i64().filter(|number| *number != 0) else { continue };
        if !taken.insert((number, port["protocol"].as_str())) {
            findings.duplicate(&format!("ports[{at}].nodePort"), &port["nodePort"]);
        }
    }
}
