//! What lies twice in a list of a custom resource, by the definition beside it: a server refuses it when it is applied.
use kinds::lists::{repeated, shown};
use serde_json::{Map, Value};

/// What lies twice, and what has no key, in the words of a server.
pub(super) fn twice(value: &Value, schema: &Value) -> Vec<String> {
    let mut found = vec![];
    walk(value, schema, "", &mut found);
    found
}

fn walk(value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let of = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                walk(value, of, &format!("{place}.{name}"), found);
            }
        }
        Value::Array(items) => {
            let of = &schema["items"];
            let key = |item: &Value| match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => Some(shown(item)),
                Some("map") => key(item, schema).map(|key| shown(&key)),
                _ => None,
            };
            found.extend(repeated(place, items, key));
            for (at, item) in items.iter().enumerate() {
                let step = key(item).unwrap_or_else(|| format!("[{at}]"));
                walk(item, of, &format!("{place}{step}"), found);
            }
            if schema["x-kubernetes-list-type"] == "map" {
                let nameless = items.iter().position(|item| item.is_object() && key(item).is_none());
                let keys: Vec<_> = keys(schema).into_iter().map(|key| format!("{key:?}")).collect();
                let what = "associative list with keys has an element that omits key field";
                found.extend(nameless.map(|at| format!("{place}: element {at}: {what} {}", keys.join(", "))));
            }
        }
        _ => {}
    }
}

fn keys(schema: &Value) -> Vec<&str> {
    let mut keys: Vec<_> =
        schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    keys.sort_unstable();
    keys
}

/// The key of an item: what is absent has its default.
fn key(item: &Value, schema: &Value) -> Option<Value> {
    let of = |name: &str| {
        let value = item.get(name).filter(|value| !value.is_null());
        let value = value.or_else(|| schema["items"]["properties"][name].get("default"))?;
        Some((name.to_owned(), value.clone()))
    };
    let key = keys(schema).into_iter().map(of).collect::<Option<Map<_, _>>>()?;
    Some(Value::Object(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_of_a_definition_have_no_item_twice() {
        let keyed = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "mode"], "items": {
            "type": "object", "properties": {"port": {"type": "integer"}, "mode": {"type": "string", "default": "a"},
                "names": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}}});
        let schema =
            json!({"type": "object", "properties": {"spec": {"type": "object", "additionalProperties": keyed}}});
        let said = |list: Value| twice(&json!({"spec": {"a": list}}), &schema);
        assert_eq!(said(json!([{"port": 1}, {"port": 1, "mode": "b"}, {"port": 2}])), [""; 0]);
        assert_eq!(
            said(json!([{"port": 1}, {"port": 1, "mode": "a"}])),
            [".spec.a: duplicate entries for key [mode=\"a\",port=1]"]
        );
        let nameless =
            ".spec.a: element 1: associative list with keys has an element that omits key field \"mode\", \"port\"";
        assert_eq!(said(json!([{"port": 1}, {"mode": "a"}])), [nameless]);
        let set = ".spec.a[mode=\"a\",port=1].names: duplicate entries for key [=\"x\"]";
        assert_eq!(said(json!([{"port": 1, "names": ["x", "y", "x"]}])), [set]);
        assert_eq!(twice(&json!({"spec": {"a": ["x", "x"]}, "list": ["x", "x"]}), &json!({})), [""; 0]);
    }
}
