//! A pin in a cluster: the patch that places it, the annotation that it carries, and its inverse. The object alone is enough to
//! take it back.
use super::{Field, Pin};
use crate::resources::answers::{number, text};
use crate::resources::object::describe;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The annotation of what is pinned.
pub const PINNED: &str = "aks-bluegreen/pinned";

/// What the annotation says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whose pin it is.
    pub run: String,
    /// What the count was before; nothing: it was not there.
    pub before: Option<u64>,
    /// What it was raised to.
    pub to: u64,
}

/// How a pin stands in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is in force.
    Yes,
    /// It is to be written, by this merge patch.
    By(Value),
    /// It is not: somebody else has written the count since, or the object is gone. It is left to them.
    Left(String),
}

/// The pin that an object carries.
#[must_use]
pub fn marked(object: &Value) -> Option<Mark> {
    serde_json::from_str(object["metadata"]["annotations"][PINNED].as_str()?).ok()
}

/// What is to be done for a pin of a run, as the object is now.
#[must_use]
pub fn patch(pin: &Pin, live: Option<&Value>, run: &str) -> Placed {
    let Some(live) = live.filter(|live| text(live, "/metadata/uid") == pin.uid) else {
        return Placed::Left(format!("{} {}/{} is gone", pin.kind.kind(), pin.namespace, pin.name));
    };
    let member = pin.kind.member();
    let count = number(live, &format!("/spec/{member}"));
    let own = marked(live).filter(|mark| mark.run == run);
    if let Some(own) = &own {
        if count != Some(own.to) {
            return Placed::Left(not_ours(live, pin.kind, count, own.to));
        }
        if own.to >= pin.to {
            return Placed::Yes;
        }
    }
    // Whoever has raised it meanwhile has done what the pin would.
    if own.is_none() && marked(live).is_none() && count.unwrap_or(0) >= pin.to {
        return Placed::Yes;
    }
    let mark = json!({"run": run, "before": pin.before, "to": pin.to}).to_string();
    Placed::By(json!({
        "metadata": {"resourceVersion": live["metadata"]["resourceVersion"], "annotations": {PINNED: mark}},
        "spec": {member: pin.to},
    }))
}

/// How a pin is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The merge patch.
    pub patch: Value,
    /// What is done by it, for a person.
    pub what: String,
    /// The count is not set back: why, for a person.
    pub left: Option<String>,
}

/// How what an object carries is taken back; `None`: it carries no pin. Only what is still as it was pinned is set back. A
/// size is kept where the cluster serves: nothing that serves is reduced.
#[must_use]
pub fn undo(live: &Value, keeps_sizes: bool) -> Option<Undo> {
    let mark = live["metadata"]["annotations"].get(PINNED)?;
    let kind = Field::ALL.into_iter().find(|field| field.kind() == text(live, "/kind"))?;
    let member = kind.member();
    let mut patch = json!({"metadata": {
        "resourceVersion": live["metadata"]["resourceVersion"], "annotations": {PINNED: null}}});
    let Ok(mark) = serde_json::from_str::<Mark>(mark.as_str().unwrap_or_default()) else {
        let left = format!("{}: what it was pinned from cannot be read", describe(live));
        return Some(Undo { patch, what: left.clone(), left: Some(left) });
    };
    let count = number(live, &format!("/spec/{member}"));
    if count != Some(mark.to) {
        let left = not_ours(live, kind, count, mark.to);
        return Some(Undo { patch, what: left.clone(), left: Some(left) });
    }
    if kind.is_size() && keeps_sizes {
        return Some(Undo { patch, what: format!("{} keeps its {} pods", describe(live), mark.to), left: None });
    }
    patch["spec"] = json!({member: mark.before});
    let before = mark.before.map_or_else(|| "its default".to_owned(), |before| before.to_string());
    Some(Undo { patch, what: format!("{} from {} to {before}", describe(live), mark.to), left: None })
}

fn not_ours(live: &Value, kind: Field, count: Option<u64>, to: u64) -> String {
    let count = count.map_or_else(|| "not there".to_owned(), |count| count.to_string());
    format!(
        "{}: spec.{} is {count}, and not {to} as it was pinned: somebody else wrote it, and it is left",
        describe(live),
        kind.member()
    )
}
