//! Pure: what a CustomResourceDefinition must keep, and what a server fills in.
use crate::kubernetes::schemas::Causes;
use serde_json::{Value, json};

/// Fills in names, conversion and the status of a definition that is new.
pub(in crate::kubernetes) fn fill_in(definition: &mut Value) {
    let spec = &mut definition["spec"];
    if !spec.is_object() {
        return;
    }
    if spec["conversion"].is_null() {
        spec["conversion"] = json!({"strategy": "None"});
    }
    if let Some(kind) = spec["names"]["kind"].as_str().map(ToOwned::to_owned) {
        for (name, default) in [("listKind", format!("{kind}List")), ("singular", kind.to_lowercase())] {
            if spec["names"][name].as_str().is_none_or(str::is_empty) {
                spec["names"][name] = json!(default);
            }
        }
    }
    if definition["status"].is_null() {
        let versions = definition["spec"]["versions"].as_array();
        let stored = versions.into_iter().flatten().filter(|version| version["storage"] == true);
        let stored: Vec<_> = stored.map(|version| version["name"].clone()).take(1).collect();
        definition["status"] =
            json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": stored});
    }
}

/// What a definition breaks; `before` is what it replaces.
pub(in crate::kubernetes) fn check(before: Option<&Value>, definition: &Value) -> Causes {
    let mut causes = kinds::rules::definitions::check(definition);
    if let Some(before) = before {
        check_unchanged(before, definition, &mut causes);
    }
    causes
}

fn check_unchanged(before: &Value, definition: &Value, causes: &mut Causes) {
    for field in ["/spec/group", "/spec/scope", "/spec/names/plural"] {
        let (old, new) = (before.pointer(field), definition.pointer(field));
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            let wrong = format!("Invalid value: {new}: field is immutable");
            causes.push((field.trim_start_matches('/').replace('/', "."), "FieldValueInvalid", wrong));
        }
    }
}
