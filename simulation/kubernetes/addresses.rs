//! What a server gives a Service: its address inside the cluster, and ports on the nodes.
use super::{defaults::list_of, kinds::Kind, objects::Objects, refusal::Refusal};
use serde_json::{Map, Value, json};

/// What goes when a Service is no more of the type that needs it.
const OF_NODE_PORTS: &[&str] = &["externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts"];

/// Gives a Service what it needs and has not; what it had before it keeps.
pub(super) fn give(
    objects: &mut Objects,
    kind: &Kind,
    before: Option<&Value>,
    service: &mut Value,
) -> Result<(), Refusal> {
    let name = service["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let is_balanced = service["spec"]["type"] == "LoadBalancer";
    if let Some(before) = before {
        keep(before, service);
    }
    let mut causes = vec![];
    if service["spec"]["type"] != "ExternalName" {
        let spec = &mut service["spec"];
        match spec["clusterIP"].as_str().filter(|address| !address.is_empty()) {
            None => {
                let number = objects.issue();
                spec["clusterIP"] = json!(format!("10.0.{}.{}", number % 255 + 1, number / 256 % 254 + 1));
            }
            Some(address) if before.is_none() && is_taken(objects, |spec| spec["clusterIP"] == address) => {
                let wrong = format!(
                    "Invalid value: [\"{address}\"]: failed to allocate IP {address}: provided IP is already allocated"
                );
                causes.push(("spec.clusterIPs".into(), "FieldValueInvalid", wrong));
            }
            Some(_) => {}
        }
        spec["clusterIPs"] = json!([spec["clusterIP"]]);
        for (member, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
            if spec[member].is_null() {
                spec[member] = value;
            }
        }
        let wants_ports = is_balanced && spec["allocateLoadBalancerNodePorts"] != false || spec["type"] == "NodePort";
        if wants_ports {
            node_ports(objects, before, spec, &mut causes);
        }
        if is_balanced && spec["externalTrafficPolicy"] == "Local" && spec["healthCheckNodePort"].is_null() {
            spec["healthCheckNodePort"] = json!(30_000 + objects.issue() % 2_768);
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_for(kind, &name, &causes)) }
}

fn is_taken(objects: &Objects, has: impl Fn(&Value) -> bool) -> bool {
    let address = |spec: &Value| spec["clusterIP"] != "None";
    objects.store.all("services").any(|(_, service)| address(&service["spec"]) && has(&service["spec"]))
}

fn node_ports(
    objects: &mut Objects,
    before: Option<&Value>,
    spec: &mut Value,
    causes: &mut Vec<(String, &'static str, String)>,
) {
    for (at, port) in list_of(spec, "ports").iter_mut().enumerate() {
        let number = port["nodePort"].as_u64().filter(|number| *number != 0);
        match number {
            None if port.is_object() => port["nodePort"] = json!(30_000 + objects.issue() % 2_768),
            Some(number) if before.is_none() => {
                let has = |spec: &Value| {
                    spec["ports"].as_array().into_iter().flatten().any(|port| port["nodePort"] == number)
                };
                if is_taken(objects, has) {
                    let wrong = format!("Invalid value: {number}: provided port is already allocated");
                    causes.push((format!("spec.ports[{at}].nodePort"), "FieldValueInvalid", wrong));
                }
            }
            _ => {}
        }
    }
}

/// Keeps what was given before, and takes off what the Service's type has no more.
fn keep(before: &Value, service: &mut Value) {
    let (old, spec) = (&before["spec"], &mut service["spec"]);
    let needs_ports = |spec: &Value| spec["type"] == "NodePort" || spec["type"] == "LoadBalancer";
    if spec["type"] != "ExternalName" {
        for member in ["clusterIP", "ipFamilies", "ipFamilyPolicy"] {
            if spec[member].as_str().is_none_or(str::is_empty) && spec[member].as_array().is_none() {
                restore(spec, member, &old[member]);
            }
        }
    } else if spec["clusterIP"] == old["clusterIP"] {
        ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"].iter().for_each(|member| drop(take(spec, member)));
    }
    let stays = needs_ports(spec);
    for port in list_of(spec, "ports") {
        let mut same = old["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|known| known["port"] == port["port"] && known["protocol"] == port["protocol"]);
        let had = same.next().map_or(&Value::Null, |known| &known["nodePort"]);
        if stays && port["nodePort"].is_null() {
            restore(port, "nodePort", had);
        } else if !stays && needs_ports(old) && port["nodePort"] == *had {
            take(port, "nodePort");
        }
    }
    for member in OF_NODE_PORTS {
        if stays && spec[*member].is_null() && *member == "healthCheckNodePort" {
            restore(spec, member, &old[*member]);
        } else if !stays && spec[*member] == old[*member] {
            take(spec, member);
        }
    }
}

fn restore(object: &mut Value, member: &str, value: &Value) {
    if !value.is_null() {
        object[member] = value.clone();
    }
}

fn take(object: &mut Value, member: &str) -> Option<Value> {
    object.as_object_mut().and_then(|members: &mut Map<String, Value>| members.shift_remove(member))
}
