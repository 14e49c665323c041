//! Pure: definitions of custom kinds.
use super::findings::Causes;
use serde_json::{Value, json};

/// What a definition breaks; `structure` looks at the schema of a version, and is told where that stands.
pub fn check(definition: &Value, structure: &dyn Fn(&Value, &str, &mut Causes)) -> Causes {
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
    check_versions(definition, structure, &mut causes);
    causes
}

fn check_versions(definition: &Value, structure: &dyn Fn(&Value, &str, &mut Causes), causes: &mut Causes) {
    let versions = definition["spec"]["versions"].as_array();
    let Some(list) = versions.filter(|list| !list.is_empty()) else {
        let wrong = "Required value: must have exactly one version marked as storage version";
        return causes.push(("spec.versions".into(), "FieldValueRequired", wrong.into()));
    };
    for (at, version) in list.iter().enumerate() {
        let path = format!("spec.versions[{at}].schema.openAPIV3Schema");
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_object() {
            structure(schema, &path, causes);
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
