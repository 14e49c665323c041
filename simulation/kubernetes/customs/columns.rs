//! Pure: the columns that a definition gives the tables of its kind (`additionalPrinterColumns`).
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::tables::age;
use jiff::Timestamp;
use serde_json::{Value, json};

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

#[derive(Debug)]
pub(super) struct Column {
    definition: Value,
    sort: String,
    path: Vec<Step>,
}

/// A step of a path: `.spec`, `['a.b']`, `[0]`, `[*]`, `[?(@.type=="Ready")]`.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
    All,
    Where(Vec<String>, String),
}

/// The columns after the name's; that of the age where a definition names none.
pub(super) fn read(columns: &Value) -> Vec<Column> {
    let columns: Vec<Column> = columns.as_array().into_iter().flatten().map(column).collect();
    if !columns.is_empty() {
        return columns;
    }
    let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp", "description": AGE});
    vec![column(&age)]
}

fn column(column: &Value) -> Column {
    let text = |name: &str| column[name].as_str().unwrap_or_default();
    let path = text("jsonPath");
    let description = match text("description") {
        "" => format!("Custom resource definition column (in JSONPath format): {path}"),
        said => said.to_owned(),
    };
    Column {
        definition: json!({
            "name": text("name"), "type": text("type"), "format": text("format"), "description": description,
            "priority": column["priority"].as_i64().unwrap_or(0),
        }),
        sort: text("type").to_owned(),
        path: steps(path),
    }
}

/// A custom kind's table; `None` for Kubernetes' own kinds.
pub(in crate::kubernetes) fn table(
    kind: &Kind,
    objects: &[(&Value, Value)],
    now: Timestamp,
) -> Option<(Value, Vec<Value>)> {
    let custom = kind.custom.as_ref()?;
    let name = json!({"name": "Name", "type": "string", "format": "name", "description": NAME, "priority": 0});
    let definitions: Vec<Value> =
        std::iter::once(name).chain(custom.columns.iter().map(|column| column.definition.clone())).collect();
    let row = |(object, carried): &(&Value, Value)| {
        let cells: Vec<Value> = std::iter::once(object["metadata"]["name"].clone())
            .chain(custom.columns.iter().map(|column| cell(column, object, now)))
            .collect();
        json!({"cells": cells, "object": carried})
    };
    Some((Value::Array(definitions), objects.iter().map(row).collect()))
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let mut found = vec![object];
    for step in &column.path {
        found = found.into_iter().flat_map(|value| take(step, value)).collect();
    }
    let Some(first) = found.first() else { return Value::Null };
    match (column.sort.as_str(), *first) {
        (_, Value::Null) => Value::Null,
        ("date", moment) => json!(age(moment, now)),
        ("integer", number) => number.as_i64().map_or(Value::Null, Value::from),
        ("number", number) => number.as_f64().map_or(Value::Null, Value::from),
        ("boolean", is) => is.as_bool().map_or(Value::Null, Value::from),
        (_, _) if found.len() > 1 => json!(found.iter().map(|value| shown(value)).collect::<Vec<_>>().join(" ")),
        (_, value) => json!(shown(value)),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn take<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match step {
        Step::Member(name) => value.get(name).into_iter().collect(),
        Step::Item(at) => value.get(at).into_iter().collect(),
        Step::All => match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(members) => members.values().collect(),
            _ => vec![],
        },
        Step::Where(path, wanted) => {
            let fits = |item: &&Value| {
                let found = path.iter().try_fold(*item, |value, name| value.get(name));
                found.is_some_and(|found| shown(found) == *wanted)
            };
            value.as_array().into_iter().flatten().filter(fits).collect()
        }
    }
}

/// Reads a path; what is none of ours leads nowhere, and the column is empty.
fn steps(path: &str) -> Vec<Step> {
    let mut rest = path.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    let mut steps = vec![];
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((inside, after)) = inner.split_once(']') else { break };
            steps.push(bracket(inside));
            rest = after;
        } else {
            rest = rest.trim_start_matches('.');
            // A dot after a backslash is a part of the name.
            let mut before = ' ';
            let end = rest.find(|letter| {
                let is_end = matches!(letter, '.' | '[') && before != '\\';
                before = letter;
                is_end
            });
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            if !name.is_empty() {
                steps.push(if name == "*" { Step::All } else { Step::Member(name.replace('\\', "")) });
            }
            rest = after;
        }
    }
    steps
}

fn bracket(inside: &str) -> Step {
    let quoted = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
    if let Some((path, wanted)) = inside.strip_prefix("?(@").and_then(|test| test.split_once("==")) {
        let path = path.trim().split('.').filter(|name| !name.is_empty()).map(Into::into).collect();
        return Step::Where(path, quoted(wanted.trim_end_matches(')')));
    }
    match (inside, inside.parse()) {
        ("*", _) => Step::All,
        (_, Ok(at)) => Step::Item(at),
        (name, Err(_)) => Step::Member(quoted(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_members_items_and_what_a_test_finds() {
        let object = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Old", "status": "False"}],
            "names": {"a.b/c": 7}}});
        for (path, sort, expected) in [
            (r#".status.conditions[?(@.type=="Ready")].status"#, "string", json!("True")),
            (r#".status.conditions[?(@.type == "None")].status"#, "string", Value::Null),
            (".status.conditions[1].type", "string", json!("Old")),
            (".status.conditions[*].type", "string", json!("Ready Old")),
            (r".status.names.a\.b/c", "integer", json!(7)),
            (".status.names['a.b/c']", "string", json!("7")),
            (".status.nothing", "boolean", Value::Null),
        ] {
            let column = column(&json!({"name": "N", "type": sort, "jsonPath": path}));
            assert_eq!(cell(&column, &object, Timestamp::UNIX_EPOCH), expected, "{path}");
        }
    }
}
