//! The part of an answer that is compared: pure.
use super::play::Step;
use serde_json::{Value, json};

const WHOLE: [&str; 4] = ["status", "type", "warning", "body"];

/// Of an answer what the step shows.
pub fn shown(step: &Step, mut answer: Value) -> Value {
    if let Some(names) = &step.only {
        for (list, name) in [("items", "/metadata/name"), ("rows", "/cells/0")] {
            if let Some(items) = answer["body"].get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| {
                    let named = item.pointer(name).and_then(Value::as_str).unwrap_or_default();
                    names.iter().any(|name| name == named)
                });
            }
        }
    }
    let whole = || WHOLE.iter().map(|name| vec![*name]).collect();
    let paths = step
        .shows
        .as_ref()
        .map_or_else(whole, |paths| paths.iter().map(|path| path.split('/').collect()).collect::<Vec<Vec<_>>>());
    part(&answer, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// What these paths lead to. Where one leads no further, a value is left as it is, so that it differs.
fn part(value: &Value, paths: &[&[&str]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value.clone();
    }
    let below = |name: &str, value: &Value| {
        let paths = paths.iter().filter(|path| ["*", name].contains(&path[0]));
        let paths: Vec<_> = paths.map(|path| &path[1..]).collect();
        (!paths.is_empty()).then(|| part(value, &paths))
    };
    match value {
        Value::Object(members) => {
            members.iter().filter_map(|(name, member)| Some((name.clone(), below(name, member)?))).collect()
        }
        Value::Array(items) => items.iter().enumerate().filter_map(|(at, item)| below(&at.to_string(), item)).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_step_shows_only_what_it_names() {
    let step = |shows: &[&str], only: Option<&[&str]>| {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Step { shows: Some(owned(shows)), only: only.map(owned), ..Step::default() }
    };
    let item = |name: &str| json!({"kind": "Pod", "metadata": {"name": name, "uid": "u"}});
    let answer =
        json!({"status": 200, "headers": {"date": true}, "body": {"items": [item("a"), item("b")], "more": 1}});
    let names = step(&["status", "body/items/*/metadata/name"], Some(&["b"]));
    let named = json!({"status": 200, "body": {"items": [{"metadata": {"name": "b"}}]}});
    assert_eq!(shown(&names, answer.clone()), named);
    assert_eq!(shown(&step(&["body/items/*/"], None), answer.clone()), json!({"body": {"items": [{}, {}]}}));
    assert_eq!(
        shown(&step(&["body/items/1/kind"], None), answer.clone()),
        json!({"body": {"items": [{"kind": "Pod"}]}})
    );
    // Another sort of answer is not taken for nothing.
    assert_eq!(shown(&names, json!({"status": 200, "body": "a text"})), json!({"status": 200, "body": "a text"}));
    assert_eq!(shown(&Step::default(), answer.clone()), json!({"status": 200, "body": answer["body"]}));
}
