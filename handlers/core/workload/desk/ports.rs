//! Probes and hooks at a port by a name that their container gives to none.
use crate::resources::answers::{list, shortened, text};
use crate::workload::pods::{containers, pod_of};
use serde_json::Value;

const ASKED: [&str; 5] =
    ["/livenessProbe", "/readinessProbe", "/startupProbe", "/lifecycle/preStop", "/lifecycle/postStart"];
const WAYS: [&str; 2] = ["/httpGet/port", "/tcpSocket/port"];

/// What asks for a port that nobody has.
pub(super) fn of_nobody(object: &Value) -> Vec<String> {
    let Some(pod) = pod_of(object) else { return vec![] };
    let of_container = |container| {
        let names = || list(container, "/ports").iter().filter_map(|port| port["name"].as_str());
        let asked = ASKED.iter().flat_map(|asks| WAYS.iter().map(move |way| format!("{asks}{way}")));
        let wrong = asked.filter_map(move |place| {
            let port = container.pointer(&place)?.as_str().filter(|port| is_name(port))?;
            let known: Vec<_> = names().collect();
            let known = if known.is_empty() { "no port with a name".to_owned() } else { shortened(&known.join(", ")) };
            let asks = place.split('/').nth_back(2).unwrap_or_default();
            let what = format!("{asks} of container {} asks its port {}", text(container, "/name"), shortened(port));
            (!names().any(|name| name == port)).then(|| format!("{what}, and it has {known}"))
        });
        wrong.collect::<Vec<_>>()
    };
    containers(pod).flat_map(of_container).collect()
}

/// Whether a port is said by its name: a number may be a text, too.
pub(super) fn is_name(port: &str) -> bool {
    !port.is_empty() && !port.contains("${") && !port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(container: &Value) -> Vec<String> {
        of_nobody(&json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}}))
    }

    #[test]
    fn a_probe_at_a_port_that_nobody_has_is_said() {
        for (asks, way) in [("readinessProbe", "httpGet"), ("livenessProbe", "tcpSocket"), ("startupProbe", "httpGet")]
        {
            let mut container = json!({"name": "web", "ports": [{"name": "web", "containerPort": 80}]});
            container[asks] = json!({way: {"port": "http"}});
            assert_eq!(said(&container), [format!("{asks} of container web asks its port http, and it has web")]);
            for port in [json!("web"), json!(80), json!("80"), json!("${a}")] {
                container[asks] = json!({way: {"port": port}});
                assert_eq!(said(&container), [""; 0], "{port}");
            }
        }
        let hook = json!({"name": "a", "lifecycle": {"preStop": {"httpGet": {"port": "http"}}}});
        assert_eq!(said(&hook), ["preStop of container a asks its port http, and it has no port with a name"]);
    }
}
