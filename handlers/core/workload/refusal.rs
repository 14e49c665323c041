//! What an API server's refusal of an object means: never, or not yet; in one sentence for a person.
mod own;
mod rights;
mod words;

pub use own::is_own;
use serde_json::Value;
use words::{first_sentence, owners};

/// An API server's refusal, as it worded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 where the answer was no `Status`.
    pub code: u16,
    /// What a person reads.
    pub message: String,
    /// What it was refused for, if the server says so in parts.
    pub causes: Vec<Cause>,
}

/// One part of what an object was refused for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable reason.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// The field's path.
    pub field: String,
}

/// What a refusal means for what follows. Each carries the words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The same object is refused again, whatever comes.
    Never(String),
    /// It may pass later: something else is missing still, a role is on its way.
    Later(String),
    /// The server, or a webhook that it asks, is ill: others of the same kind will fare no better now.
    Ill(String),
}

/// The annotation in a manifest by which fields of this object that others own are taken from them.
pub const TAKE_OVER: &str = "aks-bluegreen/take-over";

/// Whether the manifest says that this object's fields are taken from whoever owns them.
#[must_use]
pub fn takes_over(object: &Value) -> bool {
    object["metadata"]["annotations"][TAKE_OVER] == "true"
}

/// Whether an object lies in a cluster because AKS, or its add-on manager, has made it: every new cluster has it, too.
#[must_use]
pub fn is_made_by_aks(object: &Value) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["addonmanager.kubernetes.io/mode"].is_string() || labels["kubernetes.azure.com/managedby"] == "aks"
}

/// The field manager of counts that are pinned: no apply owns them.
pub const PIN: &str = "aks-bluegreen-pin";

/// Whether an apply was refused for counts alone that a pin of ours has written last: whoever takes a pin back owns the count
/// from then on, and nobody minds if it is written.
#[must_use]
pub fn is_own_pin(refusal: &Refusal) -> bool {
    let is_pin = |cause: &Cause| cause.message.contains(&format!("{PIN:?}"));
    refusal.code == 409 && !refusal.causes.is_empty() && refusal.causes.iter().all(is_pin)
}

/// What this refusal of an applied object means. `young`: its kind is a custom one whose definition changed within the
/// last minute, so that the server may judge by the one before.
#[must_use]
pub fn meaning(refusal: &Refusal, young: bool) -> Meaning {
    let said = first_sentence(&refusal.message);
    let message = &refusal.message;
    let is_policy = message.contains("denied the request") || message.contains("denied request");
    match refusal.code {
        403 => Meaning::Later(in_words(refusal)),
        409 if message.starts_with("Apply failed with") => Meaning::Never(owners(refusal)),
        404 | 408 | 409 | 410 | 425 | 429 => Meaning::Later(said),
        // A policy may be mended, or excepted from, by what is applied behind this object.
        400..500 if is_policy => Meaning::Later(said),
        400 | 422 | 500 if young => Meaning::Later(format!("{said}; its definition has just changed")),
        400..500 if is_immutable(refusal) => Meaning::Never(format!(
            "{said}: nobody can change that of an object that is there; give yours another name, or leave it out"
        )),
        400..500 => Meaning::Never(said),
        500 if is_typed(message) => Meaning::Never(said),
        _ => Meaning::Ill(said),
    }
}

/// Whether it was refused for a field that keeps its first value.
#[must_use]
pub fn is_immutable(refusal: &Refusal) -> bool {
    let keeps = |said: &str| said.contains("immutable") || (said.contains("updates to ") && said.contains("forbidden"));
    refusal.code == 422 && (keeps(&refusal.message) || refusal.causes.iter().any(|cause| keeps(&cause.message)))
}

/// Whether it was refused for ports of nodes or addresses alone that another Service of this cluster has.
#[must_use]
pub fn is_given_away(refusal: &Refusal) -> bool {
    let is_it = |cause: &Cause| {
        let given = ["provided port is already allocated", "provided IP is already allocated"];
        given.iter().any(|said| cause.message.contains(said))
    };
    refusal.code == 422 && !refusal.causes.is_empty() && refusal.causes.iter().all(is_it)
}

/// A refusal of whatever was asked, for a person: what right is missing, and what to do, where that is it.
#[must_use]
pub fn in_words(refusal: &Refusal) -> String {
    rights::missing(refusal).unwrap_or_else(|| first_sentence(&refusal.message))
}

/// A kind that the server does not serve. One of Kubernetes' own comes with no definition: a server of this version never
/// serves it.
#[must_use]
pub fn not_served(object: &Value, version: impl std::fmt::Display) -> Meaning {
    let text = |member: &str| object[member].as_str().unwrap_or_default();
    let (api, kind) = (text("apiVersion"), text("kind"));
    if is_own(api) {
        return Meaning::Never(format!("Kubernetes {version} does not serve {kind} of {api}"));
    }
    Meaning::Later(format!("{kind} of {api} is not served yet: its definition is missing, or new"))
}

/// What a server says of members that a kind has not, or that are of another type: a 500 without a reason.
#[must_use]
pub fn is_typed(message: &str) -> bool {
    ["failed to create typed patch object", "failed to convert new object"]
        .iter()
        .any(|begins| message.starts_with(begins))
}

#[cfg(test)]
mod tests;
