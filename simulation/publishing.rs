//! The publishing site of an app (`<app>.scm.azurewebsites.net`): it takes no package. Pure.
use crate::{Ask, Reply, answer::json};
use serde_json::json;

/// The code of the refusal.
pub(crate) const CODE: &str = "PublishingNotSimulated";
/// A package that is taken and never started would be a lie.
pub(crate) const MESSAGE: &str = "The simulated Azure publishes no packages: it has no function app that would start this one. A Functions host runs an unpacked one.";

/// Refuses whatever is asked.
pub(crate) fn respond(ask: &Ask) -> Reply {
    if !ask.headers().contains_key("authorization") {
        return json(401, &json!({"error": {"code": "Unauthorized", "message": "expected the header Authorization"}}));
    }
    json(501, &json!({"error": {"code": CODE, "message": MESSAGE}}))
}
