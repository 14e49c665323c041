//! Pure: the rules that an object must keep.
use super::{kinds::Kind, refusal::Refusal, selectors::label_selector_matches};
use serde_json::Value;

/// An object whose rules are looked at.
struct Candidate<'a> {
    kind: &'a Kind,
    name: &'a str,
    /// What it replaces.
    before: Option<&'a Value>,
    spec: &'a Value,
}

/// Refuses an object that the real server would refuse; `before` is what it replaces.
pub(super) fn check(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let (name, spec) = (object["metadata"]["name"].as_str().unwrap_or_default(), &object["spec"]);
    let candidate = Candidate { kind, name, before, spec };
    candidate.has_a_name()?;
    check_texts(&object["metadata"]["labels"], "metadata.labels")?;
    check_texts(&object["metadata"]["annotations"], "metadata.annotations")?;
    if !kind.built_in {
        return Ok(());
    }
    match kind.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => candidate.is_a_workload(),
        "Job" => candidate.is_a_job(),
        "Pod" => check_pod(kind, name, spec, "spec"),
        "Service" => candidate.is_a_service(),
        "ConfigMap" | "Secret" => check_texts(&object["data"], "data"),
        _ => Ok(()),
    }
}

impl Candidate<'_> {
    fn refuse(&self, field: &str, reason: &'static str, wrong: &str) -> Result<(), Refusal> {
        Err(Refusal::invalid(self.kind, self.name, field, reason, wrong))
    }

    fn has_a_name(&self) -> Result<(), Refusal> {
        let name = self.name;
        if name.is_empty() {
            let wrong = "Required value: name or generateName is required";
            return self.refuse("metadata.name", "FieldValueRequired", wrong);
        }
        let relaxed = self.kind.group == "rbac.authorization.k8s.io";
        let ends = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let letters = |letter: char| ends(letter) || matches!(letter, '-' | '.');
        let longest = if matches!(self.kind.kind.as_str(), "Namespace" | "Service") { 63 } else { 253 };
        if name.len() > longest
            || name.contains('/')
            || !(relaxed || name.chars().all(letters) && name.starts_with(ends) && name.ends_with(ends))
        {
            let wrong = format!(
                "Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
            );
            return self.refuse("metadata.name", "FieldValueInvalid", &wrong);
        }
        Ok(())
    }

    fn is_a_workload(&self) -> Result<(), Refusal> {
        let spec = self.spec;
        if !spec["replicas"].is_null() && spec["replicas"].as_u64().is_none_or(|count| count > i32::MAX as u64) {
            let wrong = format!("Invalid value: {}: must be greater than or equal to 0", spec["replicas"]);
            return self.refuse("spec.replicas", "FieldValueInvalid", &wrong);
        }
        if !spec["selector"].is_object() {
            return self.refuse("spec.selector", "FieldValueRequired", "Required value");
        }
        let labels = &spec["template"]["metadata"]["labels"];
        if !label_selector_matches(&spec["selector"], labels) {
            let wrong = format!("Invalid value: {labels}: `selector` does not match template `labels`");
            return self.refuse("spec.template.metadata.labels", "FieldValueInvalid", &wrong);
        }
        if self.before.is_some_and(|before| before["spec"]["selector"] != spec["selector"]) {
            let wrong = format!("Invalid value: {}: field is immutable", spec["selector"]);
            return self.refuse("spec.selector", "FieldValueInvalid", &wrong);
        }
        check_texts(&spec["selector"]["matchLabels"], "spec.selector.matchLabels")?;
        self.has_a_template()
    }

    fn is_a_job(&self) -> Result<(), Refusal> {
        if self.before.is_some_and(|before| before["spec"]["template"] != self.spec["template"]) {
            return self.refuse("spec.template", "FieldValueInvalid", "Invalid value: field is immutable");
        }
        self.has_a_template()
    }

    fn has_a_template(&self) -> Result<(), Refusal> {
        check_template(&self.spec["template"])?;
        check_pod(self.kind, self.name, &self.spec["template"]["spec"], "spec.template.spec")
    }

    fn is_a_service(&self) -> Result<(), Refusal> {
        let spec = self.spec;
        let needs_ports = spec["type"] != "ExternalName" && spec["clusterIP"] != "None";
        if needs_ports && spec["ports"].as_array().is_none_or(Vec::is_empty) {
            return self.refuse("spec.ports", "FieldValueRequired", "Required value");
        }
        Ok(())
    }
}

fn check_texts(texts: &Value, field: &str) -> Result<(), Refusal> {
    let wrong = match texts {
        Value::Null => None,
        Value::Object(members) => members.values().find(|value| !value.is_string() && !value.is_null()),
        other => Some(other),
    };
    wrong.map_or(Ok(()), |wrong| {
        Err(Refusal::bad_request(format!(
            "json: cannot unmarshal {} into Go struct field .{field} of type string",
            sort_of(wrong)
        )))
    })
}

fn check_template(template: &Value) -> Result<(), Refusal> {
    if !template["metadata"].is_object() && !template["metadata"].is_null() {
        return check_texts(&template["metadata"], "spec.template.metadata");
    }
    check_texts(&template["metadata"]["labels"], "spec.template.metadata.labels")?;
    check_texts(&template["metadata"]["annotations"], "spec.template.metadata.annotations")
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check_pod(kind: &Kind, name: &str, spec: &Value, at: &str) -> Result<(), Refusal> {
    let required = |field: &str| {
        Err(Refusal::invalid(kind, name, &format!("{at}.{field}"), "FieldValueRequired", "Required value"))
    };
    let containers = spec["containers"].as_array().filter(|list| !list.is_empty());
    let Some(containers) = containers else { return required("containers") };
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                return required(&format!("containers[{index}].{field}"));
            }
        }
    }
    for (index, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        for source in ["configMap", "secret", "projected", "downwardAPI"] {
            let mode = &volume[source]["defaultMode"];
            if mode.as_i64().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
                let field = format!("{at}.volumes[{index}].{source}.defaultMode");
                let wrong =
                    format!("Invalid value: {mode}: must be a number between 0 and 0777 (octal), both inclusive");
                return Err(Refusal::invalid(kind, name, &field, "FieldValueInvalid", &wrong));
            }
        }
    }
    Ok(())
}
