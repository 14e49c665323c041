//! Pure: what a server lets in beside what is well formed: quotas, standards for pods, the namespace of an event.
mod pod_security;
mod quantities;
mod quotas;

pub(super) use quotas::run;

use super::{events, kinds::Kind, objects::Objects, refusal::Refusal};
use serde_json::Value;

/// Refuses a write that a policy does not allow; what it warns of is kept for the answer.
pub(super) fn admit(objects: &mut Objects, kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    if !kind.built_in {
        return if before.is_none() { quotas::hold(objects, kind, object) } else { Ok(()) };
    }
    if kind.kind == "Event" {
        events::check(kind, object)?;
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    pod_security::hold(objects, kind, before, object).map_err(|why| Refusal::forbidden(kind, name, &why))?;
    if before.is_none() { quotas::hold(objects, kind, object) } else { Ok(()) }
}

/// Why a controller may not make a pod, if it may not.
pub(super) fn keeps_out(objects: &mut Objects, space: &str, pod: &Value) -> Option<String> {
    let quotas = objects.store.all("resourcequotas").any(|((own, _), _)| own == space);
    let labels = objects.store.get("namespaces", "", space).map(|space| &space["metadata"]["labels"]);
    if !quotas && labels.is_none_or(|labels| labels["pod-security.kubernetes.io/enforce"].is_null()) {
        return None;
    }
    let kind = objects.kind_of("pods").cloned()?;
    let warned = objects.warnings.len();
    let verdict = admit(objects, &kind, None, pod);
    // Nobody reads what a controller is warned of.
    objects.warnings.truncate(warned);
    verdict.err().map(|refusal| refusal.message)
}
