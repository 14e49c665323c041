//! Pure: what is registered for the whole cluster: APIs, classes, bindings of policies.
use super::{
    findings::{Findings, items},
    texts::{qualified, subdomain},
};
use serde_json::{Map, Value, json};

/// An API of another server, as a whole.
pub(super) fn is_an_api(object: &Value, findings: &mut Findings) {
    let (spec, name) = (&object["spec"], &object["metadata"]["name"]);
    let text = |member: &str| spec[member].as_str().unwrap_or_default();
    let wanted = format!("{}.{}", text("version"), text("group"));
    if *name != json!(wanted) {
        findings.invalid("metadata.name", name, &format!("must be `spec.version+\".\"+spec.group`: {wanted:?}"));
    }
    for (member, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let value = &spec[member];
        if value.as_i64().is_none_or(|value| value < 1 || value > most) {
            let value = if value.is_null() { &json!(0) } else { value };
            findings.invalid(&format!("spec.{member}"), value, &format!("must be positive and less than {most}"));
        }
    }
    if let Some(service) = spec["service"].as_object() {
        for member in ["namespace", "name"] {
            if service.get(member).and_then(Value::as_str).is_none_or(str::is_empty) {
                findings.required(&format!("spec.service.{member}"), "");
            }
        }
    }
    if spec["insecureSkipTLSVerify"] == true && spec["caBundle"].as_str().is_some_and(|bundle| !bundle.is_empty()) {
        findings.invalid("spec.insecureSkipTLSVerify", &json!(true), "may not be true if caBundle is present");
    }
}

/// The class of an ingress controller.
pub(super) fn is_a_class(spec: &Map<String, Value>, findings: &mut Findings) {
    let controller = spec.get("controller").unwrap_or(&Value::Null);
    let text = controller.as_str().unwrap_or_default();
    if text.len() > 250 {
        findings.too_long("controller", 250);
    }
    is_a_path_of_a_domain("controller", controller, findings);
}

/// `acme.io/foo`: who looks after something.
pub(super) fn is_a_path_of_a_domain(member: &str, value: &Value, findings: &mut Findings) {
    match value.as_str().map(|text| text.split_once('/')) {
        None => {}
        Some(_) if value == "" => {}
        Some(Some((domain, path))) if !domain.is_empty() && !path.is_empty() => {
            subdomain(domain).iter().for_each(|why| findings.invalid(member, &json!(domain), why));
        }
        Some(_) => findings.invalid(member, value, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}

/// The class of a load balancer.
pub(super) fn is_a_balancers_class(class: &Value, findings: &mut Findings) {
    let text = class.as_str().unwrap_or_default();
    qualified(text).iter().for_each(|why| findings.invalid("loadBalancerClass", class, why));
}

/// What a binding does with what a policy finds.
pub(super) fn is_a_binding_of_a_policy(spec: &Map<String, Value>, findings: &mut Findings) {
    let (actions, known) = (items(spec.get("validationActions")), ["Audit", "Deny", "Warn"]);
    for (at, action) in actions.iter().enumerate().filter(|(_, action)| !known.iter().any(|known| *action == known)) {
        findings.unsupported(&format!("validationActions[{at}]"), action, &known);
    }
    if ["Deny", "Warn"].iter().all(|both| actions.iter().any(|action| action == both)) {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response \
                   and headers serves no purpose)";
        findings.invalid("validationActions", &json!(actions), why);
    }
}

/// A class of storage as a whole.
pub(super) fn is_a_class_of_storage(object: &Value, findings: &mut Findings) {
    if object["parameters"].get("").is_some() {
        findings.invalid("parameters", &json!(""), "field can not be empty.");
    }
}
