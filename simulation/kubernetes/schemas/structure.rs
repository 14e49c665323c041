//! Pure: whether a definition's schema is structural: it says of everything what it is.
use super::Causes;
use serde_json::Value;

/// Adds what is wrong in a definition's schema.
pub(in crate::kubernetes) fn check(schema: &Value, path: &str, causes: &mut Causes) {
    if schema["type"] != "object" {
        let wrong = match schema["type"].as_str() {
            Some(sort) => ("FieldValueInvalid", format!("Invalid value: {sort:?}: must be object at the root")),
            None => ("FieldValueRequired", "Required value: must not be empty at the root".into()),
        };
        causes.push((format!("{path}.type"), wrong.0, wrong.1));
    }
    check_inner(schema, path, causes);
}

fn check_inner(schema: &Value, path: &str, causes: &mut Causes) {
    let (list, keys) = (&schema["x-kubernetes-list-type"], &schema["x-kubernetes-list-map-keys"]);
    if list == "map" {
        if keys.as_array().is_none_or(Vec::is_empty) {
            let wrong = "Required value: must not be empty if x-kubernetes-list-type is map";
            causes.push((format!("{path}.x-kubernetes-list-map-keys"), "FieldValueRequired", wrong.into()));
        }
        for (at, key) in keys.as_array().into_iter().flatten().enumerate() {
            if schema["items"]["properties"][key.as_str().unwrap_or_default()].is_null() {
                let wrong = format!("Invalid value: {key}: entries must all be names of item properties");
                causes.push((format!("{path}.x-kubernetes-list-map-keys[{at}]"), "FieldValueInvalid", wrong));
            }
        }
    }
    if schema["x-kubernetes-embedded-resource"] == true
        && schema["x-kubernetes-preserve-unknown-fields"] != true
        && schema["properties"].as_object().is_none_or(serde_json::Map::is_empty)
    {
        let wrong = "Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        causes.push((format!("{path}.properties"), "FieldValueRequired", wrong.into()));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        typed(member, &format!("{path}.properties[{name}]"), "object fields", causes);
    }
    if schema["additionalProperties"].is_object() {
        typed(&schema["additionalProperties"], &format!("{path}.additionalProperties"), "object fields", causes);
    }
    if schema["items"].is_object() {
        typed(&schema["items"], &format!("{path}.items"), "array items", causes);
    } else if schema["type"] == "array" {
        let wrong = "Required value: must be specified";
        causes.push((format!("{path}.items"), "FieldValueRequired", wrong.into()));
    }
}

/// What is in an object or in a list has a type, unless it may be anything.
fn typed(schema: &Value, path: &str, of: &str, causes: &mut Causes) {
    let is_free = |name: &str| schema[name] == true;
    if schema["type"].as_str().is_none_or(str::is_empty)
        && !is_free("x-kubernetes-preserve-unknown-fields")
        && !is_free("x-kubernetes-int-or-string")
    {
        let wrong = format!("Required value: must not be empty for specified {of}");
        causes.push((format!("{path}.type"), "FieldValueRequired", wrong));
    }
    check_inner(schema, path, causes);
}
