//! Pure: what an object must be like, by the rules of the crate `kinds`, and what of it may be changed.
pub(super) mod changes;

use super::{kinds::Kind, refusal::Refusal};
use ::kinds::rules::{Findings, Whose, of_members, of_metadata};
use serde_json::Value;

/// Refuses an object that the real server would refuse, with every reason; `before` is what it replaces.
pub(super) fn check(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (mut findings, api_version) = (Findings::default(), kind.api_version());
    let whose = Whose { group: &kind.group, api_version: &api_version, kind: &kind.kind, is_own: kind.built_in };
    of_metadata(whose, object, &mut findings);
    if kind.built_in {
        let known = findings.causes.len();
        if let Some(before) = before {
            changes::check(kind, before, object, &mut findings);
        }
        // What may not be changed at all is said alone.
        if findings.causes.len() == known {
            of_members(whose, object, &mut findings);
        }
    }
    if findings.causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_for(kind, name, &findings.causes)) }
}
