//! Pure: Services.
use super::findings::{Findings, items};
use super::registered::is_a_balancers_class;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::net::IpAddr;

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
    } else if !matches!(address, "" | "None") {
        let wrong = super::texts::address(address);
        wrong.iter().for_each(|why| findings.invalid("clusterIPs[0]", &json!(address), why));
    }
    if sort != "LoadBalancer" {
        let why = "may only be used when `type` is 'LoadBalancer'";
        if !items(spec.get("loadBalancerSourceRanges")).is_empty() {
            findings.forbidden("LoadBalancerSourceRanges", why);
        }
        if !text("loadBalancerClass").is_empty() {
            findings.forbidden("loadBalancerClass", why);
        }
        if spec.get("allocateLoadBalancerNodePorts").is_some_and(|value| !value.is_null()) {
            findings.forbidden("allocateLoadBalancerNodePorts", why);
        }
    }
    if sort == "LoadBalancer" && !text("loadBalancerClass").is_empty() {
        is_a_balancers_class(&spec["loadBalancerClass"], findings);
    }
    if sort == "LoadBalancer" {
        for (at, range) in items(spec.get("loadBalancerSourceRanges")).iter().enumerate() {
            let wrong = super::texts::range(range.as_str().unwrap_or_default().trim());
            let member = format!("LoadBalancerSourceRanges[{at}]");
            wrong.iter().for_each(|why| findings.invalid(&member, range, why));
        }
    }
    outside(items(spec.get("externalIPs")), findings);
    families(items(spec.get("ipFamilies")), findings);
    let policy = text("externalTrafficPolicy");
    let is_open = matches!(sort, "LoadBalancer" | "NodePort") || !items(spec.get("externalIPs")).is_empty();
    if !policy.is_empty() && !is_open {
        let why = "may only be set for externally-accessible services";
        findings.invalid("externalTrafficPolicy", &json!(policy), why);
    }
}

/// Addresses of its own that others lead to it.
fn outside(addresses: &[Value], findings: &mut Findings) {
    for (at, address) in addresses.iter().enumerate() {
        let (text, member) = (address.as_str().unwrap_or_default(), format!("externalIPs[{at}]"));
        let Ok(parsed) = text.parse::<IpAddr>() else {
            super::texts::address(text).iter().for_each(|why| findings.invalid(&member, address, why));
            continue;
        };
        if parsed.is_loopback() {
            findings.invalid(&member, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        } else if parsed.is_unspecified() {
            findings.invalid(&member, address, &format!("may not be unspecified ({text})"));
        }
    }
}

fn families(families: &[Value], findings: &mut Findings) {
    let known = ["IPv4", "IPv6"];
    for (at, family) in families.iter().enumerate() {
        let member = format!("ipFamilies[{at}]");
        if !known.iter().any(|known| family == known) {
            findings.unsupported(&member, family, &known);
        } else if families[..at].contains(family) {
            findings.duplicate(&member, family);
        }
    }
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
