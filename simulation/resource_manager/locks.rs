//! Management locks, which refuse what they forbid to whoever asks. The locks themselves lie in the store.
use super::answers::{Refusal, refuse};
use super::permissions::lies_within;
use super::place::Place;
use super::store::Store;
use http::Method;
use serde_json::Value;

const LOCKS: &str = "Microsoft.Authorization/locks";

/// Refuses a call that a lock forbids: read-only holds for everything below it, actions included; a lock against deletion for
/// what it lies on, below it, and for whatever would take it along.
///
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>
pub(super) fn hold(store: &Store, method: &Method, place: &Place) -> Result<(), Refusal> {
    if *method == Method::GET || *method == Method::HEAD || place.lower_kind().starts_with("microsoft.authorization") {
        return Ok(());
    }
    let id = if *method == Method::POST { place.before_last() } else { place.id() };
    // What a gateway is asked of its backends changes nothing, and is an action all the same.
    let forbids = |lock: &&Value| {
        let scope = scope(lock);
        let is_read_only =
            lock["properties"]["level"].as_str().is_some_and(|level| level.eq_ignore_ascii_case("ReadOnly"));
        let deletes = *method == Method::DELETE;
        lies_within(&id, scope) && (is_read_only || deletes) || deletes && lies_within(scope, &id)
    };
    let Some(lock) = store.of_kind("/", LOCKS).find(forbids) else { return Ok(()) };
    let verb = if *method == Method::DELETE { "delete" } else { "write" };
    let scope = scope(lock);
    let message = format!(
        "The scope '{id}' cannot perform {verb} operation because following scope(s) are locked: '{scope}'. Please remove the lock and try again."
    );
    Err(refuse(409, "ScopeLocked", message))
}

fn scope(lock: &Value) -> &str {
    let id = lock["id"].as_str().unwrap_or_default();
    let at = id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/locks/");
    at.map_or("/", |at| &id[..at])
}
