//! Pure: objects as rows, as `kubectl get` prints them (`meta.k8s.io/v1`, `Table`).
mod ages;
mod cells;
mod columns;

pub(super) use ages::age;

use super::{customs, kinds::Kind};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A table of objects, each with what its row carries of it.
pub(super) fn table(kind: &Kind, objects: &[(&Value, Value)], version: &str, now: Timestamp) -> Value {
    if let Some((definitions, rows)) = customs::table(kind, objects, now) {
        return json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
            "columnDefinitions": definitions, "rows": rows,
        });
    }
    let rows: Vec<Value> = objects
        .iter()
        .map(|(object, carried)| {
            let cells = cells::cells(kind, object, now);
            json!({"cells": cells, "object": carried})
        })
        .collect();
    let definitions = columns::definitions(kind);
    // The server's own printer, which knows no more of a kind than its age, writes no list where there is nothing.
    let unprinted = rows.is_empty() && definitions.iter().any(|column| column["name"] == "Created At");
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions, "rows": if unprinted { Value::Null } else { json!(rows) },
    })
}
