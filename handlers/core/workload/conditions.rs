//! Whether an object of somebody's own kind is ready, by the conditions that its operator sets: as `kstatus` reads them, and
//! by the Gateway API's own rules.
//!
//! <https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md>,
//! <https://gateway-api.sigs.k8s.io/geps/gep-1364/>
use crate::resources::answers::{list, shortened, text};
use crate::resources::object::describe;
use serde_json::Value;

/// The annotation by which a manifest says that nobody needs to wait for an object: `ignore`.
pub const WAIT: &str = "aks-bluegreen/ready";

/// Why this object is not ready; `None` when it is, when its operator says nothing of it, or when nobody is to wait for it.
#[must_use]
pub fn unready(object: &Value) -> Option<String> {
    if object["metadata"]["annotations"][WAIT] == "ignore" {
        return None;
    }
    let name = describe(object);
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Some(format!("{name} is being deleted"));
    }
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    if number("/status/observedGeneration").is_some_and(|seen| Some(seen) < number("/metadata/generation")) {
        return Some(format!("{name} was not looked at by its controller yet"));
    }
    let why = match group(object) {
        "gateway.networking.k8s.io" => of_the_gateway_api(object),
        "argoproj.io" if object["kind"] == "Application" => health(object),
        _ => of_any(list(object, "/status/conditions")),
    };
    why.map(|why| format!("{name} {why}"))
}

fn group(object: &Value) -> &str {
    text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group)
}

fn of_any(conditions: &[Value]) -> Option<String> {
    let is = |name: &str, status: &str| conditions.iter().find(|it| it["type"] == name && it["status"] == status);
    if let Some(stalled) = is("Stalled", "True") {
        return Some(format!("is stalled{}", words(stalled)));
    }
    if let Some(working) = is("Reconciling", "True") {
        return Some(format!("is being reconciled{}", words(working)));
    }
    wants("Ready", conditions, "is not ready")
}

/// A condition that is there and not true.
fn wants(name: &str, conditions: &[Value], otherwise: &str) -> Option<String> {
    let found = conditions.iter().find(|it| it["type"] == name && it["status"] != "True")?;
    Some(format!("{otherwise}{}", words(found)))
}

fn words(condition: &Value) -> String {
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    let said: Vec<_> = [reason, message].into_iter().filter(|said| !said.is_empty()).map(shortened).collect();
    if said.is_empty() { String::new() } else { format!(": {}", said.join(": ")) }
}

/// Its definitions give a new object conditions that say "unknown": somebody must have taken it.
fn of_the_gateway_api(object: &Value) -> Option<String> {
    let own = list(object, "/status/conditions");
    let listeners = list(object, "/status/listeners").iter().map(|it| (text(it, "/name"), list(it, "/conditions")));
    let parents = list(object, "/status/parents");
    match text(object, "/kind") {
        "GatewayClass" => wants("Accepted", own, "is not accepted"),
        "Gateway" => {
            let whole =
                wants("Accepted", own, "is not accepted").or_else(|| wants("Programmed", own, "is not programmed"));
            let one = |(name, conditions): (&str, &[Value])| {
                let why = wants("ResolvedRefs", conditions, "does not find what it refers to");
                why.map(|why| format!("has a listener {} that {why}", shortened(name)))
            };
            whole.or_else(|| listeners.into_iter().find_map(one))
        }
        kind if kind.ends_with("Route") && parents.is_empty() => Some("was taken by no gateway yet".into()),
        kind if kind.ends_with("Route") => parents.iter().find_map(|parent| {
            let conditions = list(parent, "/conditions");
            wants("Accepted", conditions, "is not accepted")
                .or_else(|| wants("ResolvedRefs", conditions, "does not find what it refers to"))
        }),
        _ => of_any(own),
    }
}

fn health(application: &Value) -> Option<String> {
    let health = text(application, "/status/health/status");
    (!health.is_empty() && health != "Healthy").then(|| format!("is {}", shortened(health)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(api_version: &str, kind: &str, status: &Value) -> String {
        let object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": "it", "generation": 2}, "status": status});
        unready(&object).unwrap_or_default()
    }

    fn conditions(all: &[(&str, &str)]) -> Value {
        all.iter().map(|(name, status)| json!({"type": name, "status": status, "reason": "Because"})).collect()
    }

    #[test]
    fn an_operators_own_words_are_heard() {
        let certificate =
            |all: &[(&str, &str)]| said("cert-manager.io/v1", "Certificate", &json!({"conditions": conditions(all)}));
        assert_eq!(certificate(&[]), "", "nobody says anything of it");
        assert_eq!(certificate(&[("Ready", "True"), ("Issuing", "False")]), "");
        assert_eq!(certificate(&[("Ready", "False")]), "Certificate it is not ready: Because");
        assert_eq!(certificate(&[("Ready", "Unknown")]), "Certificate it is not ready: Because");
        let release = |all: &[(&str, &str)]| {
            said("helm.toolkit.fluxcd.io/v2", "HelmRelease", &json!({"conditions": conditions(all)}))
        };
        assert_eq!(
            release(&[("Reconciling", "True"), ("Ready", "True")]),
            "HelmRelease it is being reconciled: Because"
        );
        assert_eq!(release(&[("Stalled", "True"), ("Reconciling", "False")]), "HelmRelease it is stalled: Because");
        let old = json!({"observedGeneration": 1, "conditions": conditions(&[("Ready", "True")])});
        assert_eq!(said("x.example/v1", "Thing", &old), "Thing it was not looked at by its controller yet");
        let sick = json!({"health": {"status": "Degraded"}});
        assert_eq!(said("argoproj.io/v1alpha1", "Application", &sick), "Application it is Degraded");
    }

    #[test]
    fn the_gateway_api_has_rules_of_its_own() {
        let api = "gateway.networking.k8s.io/v1";
        let fresh = json!({"conditions": conditions(&[("Accepted", "Unknown"), ("Programmed", "Unknown")])});
        assert_eq!(said(api, "Gateway", &fresh), "Gateway it is not accepted: Because");
        let mut good = json!({"conditions": conditions(&[("Accepted", "True"), ("Programmed", "True")]),
            "listeners": [{"name": "web", "conditions": conditions(&[("ResolvedRefs", "False")])}]});
        assert_eq!(
            said(api, "Gateway", &good),
            "Gateway it has a listener web that does not find what it refers to: Because"
        );
        good["listeners"][0]["conditions"] = conditions(&[("ResolvedRefs", "True")]);
        assert_eq!(said(api, "Gateway", &good), "");
        assert_eq!(said(api, "HTTPRoute", &json!({"parents": []})), "HTTPRoute it was taken by no gateway yet");
        let route = |all: &[(&str, &str)]| json!({"parents": [{"conditions": conditions(all)}]});
        assert_eq!(said(api, "GRPCRoute", &route(&[("Accepted", "True"), ("ResolvedRefs", "True")])), "");
        assert!(said(api, "TLSRoute", &route(&[("Accepted", "False")])).contains("is not accepted"));
    }

    #[test]
    fn who_says_so_is_not_waited_for() {
        let mut object = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "it"},
            "status": {"conditions": conditions(&[("Ready", "False")])}});
        assert!(unready(&object).is_some());
        object["metadata"]["annotations"] = json!({WAIT: "ignore"});
        assert_eq!(unready(&object), None);
    }
}
