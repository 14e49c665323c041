//! Pure: definitions of custom kinds.
use super::{findings::Causes, structure};
use serde_json::{Value, json};

/// What a group of the Kubernetes project needs from it.
const APPROVED: &str = "api-approved.kubernetes.io";

/// What a definition breaks.
pub fn check(definition: &Value) -> Causes {
    let mut causes = vec![];
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&definition["metadata"]["name"]);
    if name != format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"])) {
        let wrong = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
        causes.push(("metadata.name".into(), "FieldValueInvalid", wrong));
    }
    for (field, value) in [
        ("spec.group", &spec["group"]),
        ("spec.names.plural", &spec["names"]["plural"]),
        ("spec.names.kind", &spec["names"]["kind"]),
    ] {
        if text(value).is_empty() {
            causes.push((field.into(), "FieldValueRequired", "Required value".into()));
        }
    }
    match spec["scope"].as_str() {
        Some("Cluster" | "Namespaced") => {}
        None | Some("") => causes.push(("spec.scope".into(), "FieldValueRequired", "Required value".into())),
        Some(other) => {
            let wrong = format!("Unsupported value: {other:?}: supported values: \"Cluster\", \"Namespaced\"");
            causes.push(("spec.scope".into(), "FieldValueNotSupported", wrong));
        }
    }
    if spec["preserveUnknownFields"] == true {
        let wrong = "Invalid value: true: must be false in order to use defaults in the schema";
        causes.push(("spec.preserveUnknownFields".into(), "FieldValueInvalid", wrong.into()));
    }
    check_approval(definition, &mut causes);
    check_versions(definition, &mut causes);
    causes
}

fn check_approval(definition: &Value, causes: &mut Causes) {
    let group = definition["spec"]["group"].as_str().unwrap_or_default();
    let of_the_project =
        ["k8s.io", "kubernetes.io"].iter().any(|own| group == *own || group.ends_with(&format!(".{own}")));
    let (field, annotation) =
        (format!("metadata.annotations[{APPROVED}]"), &definition["metadata"]["annotations"][APPROVED]);
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    match annotation.as_str().filter(|text| !text.is_empty()) {
        _ if !of_the_project => {}
        None => {
            let wrong = format!("Required value: protected groups must have approval annotation {APPROVED:?}, {see}");
            causes.push((field, "FieldValueRequired", wrong));
        }
        Some(text) if text.starts_with("unapproved") || text.contains("://") => {}
        Some(text) => {
            let why = "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a \
                       reason starting with \"unapproved\"";
            causes.push((field, "FieldValueInvalid", format!("Invalid value: {text:?}: {why}, {see}")));
        }
    }
}

fn check_versions(definition: &Value, causes: &mut Causes) {
    let versions = definition["spec"]["versions"].as_array();
    let Some(list) = versions.filter(|list| !list.is_empty()) else {
        let wrong = "Required value: must have exactly one version marked as storage version";
        return causes.push(("spec.versions".into(), "FieldValueRequired", wrong.into()));
    };
    for (at, version) in list.iter().enumerate() {
        let path = format!("spec.versions[{at}].schema.openAPIV3Schema");
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_object() {
            structure::check(schema, &path, causes);
        } else {
            causes.push((path, "FieldValueRequired", "Required value".into()));
        }
        let again = list[..at].iter().any(|other| other["name"] == version["name"]);
        if again {
            let wrong = "Invalid value: must contain unique version names";
            causes.push(("spec.versions".into(), "FieldValueInvalid", wrong.into()));
        }
    }
    if stored(versions).count() != 1 {
        let shown: Vec<String> = list.iter().map(as_go_shows).collect();
        let wrong =
            format!("Invalid value: [{}]: must have exactly one version marked as storage version", shown.join(","));
        causes.push(("spec.versions".into(), "FieldValueInvalid", wrong));
    }
    let (kept, wanted) = (&definition["status"]["storedVersions"], stored(versions).last().map(|last| &last["name"]));
    if let (Some(kept), Some(Value::String(wanted))) = (kept.as_array(), wanted)
        && !kept.iter().any(|name| name == wanted)
    {
        let wrong = format!("Invalid value: {}: must have the storage version {wanted}", json!(kept));
        causes.push(("status.storedVersions".into(), "FieldValueInvalid", wrong));
    }
}

/// As Go prints the internal form, in which what all versions share stands elsewhere.
fn as_go_shows(version: &Value) -> String {
    let is = |name: &str| version[name] == true;
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":null,\
         \"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
        version["name"],
        is("served"),
        is("storage"),
        is("deprecated"),
        version["deprecationWarning"]
    )
}

fn stored(versions: Option<&Vec<Value>>) -> impl Iterator<Item = &Value> {
    versions.into_iter().flatten().filter(|version| version["storage"] == true)
}
