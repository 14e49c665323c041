//! Whether a Job that is there makes room for another of its name: its template keeps its first value, so that what says another
//! one can only be made anew.
use super::further::condition;
use super::seen::{APPLIED, MANAGER};
use crate::resources::answers::{list, text};
use crate::resources::object::describe;
use serde_json::Value;

/// When Helm deletes what it runs as a hook; without it, before the next is made.
///
/// <https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies>
const POLICY: &str = "helm.sh/hook-delete-policy";

/// What becomes of the Job that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
    /// It has ended, and is ours: it is deleted.
    Made,
    /// It will be: why not yet.
    Later(String),
    /// It stays, and why.
    Never(String),
}

/// Whether the Job that is there makes room for this one.
#[must_use]
pub fn room(wanted: &Value, live: &Value) -> Room {
    let name = describe(live);
    let is_anothers = |entry: &&Value| text(entry, "/operation") == "Apply" && text(entry, "/manager") != MANAGER;
    let managers = list(live, "/metadata/managedFields");
    let applied =
        managers.iter().any(|entry| text(entry, "/operation") == "Apply" && text(entry, "/manager") == MANAGER);
    let others = managers.iter().find(is_anothers).map(|entry| text(entry, "/manager"));
    if !applied || live["metadata"]["annotations"][APPLIED].is_null() || others.is_some() {
        let whose = others.map_or_else(String::new, |other| format!(" ({other} has)"));
        return Room::Never(format!(
            "{name} is there with another template, and this site's runs have not made it alone{whose}: delete it, or give \
             yours another name"
        ));
    }
    if !text(live, "/metadata/deletionTimestamp").is_empty() {
        return Room::Later(format!("{name}, of earlier manifests, is being deleted"));
    }
    let (complete, failed) =
        (condition(live, "Complete", "True").is_some(), condition(live, "Failed", "True").is_some());
    if !complete && !failed {
        return Room::Later(format!("{name}, of earlier manifests, has not ended, and is made anew when it has"));
    }
    let policies = wanted["metadata"]["annotations"][POLICY].as_str().unwrap_or_default();
    let mut policies = policies.split(',').map(str::trim).filter(|policy| !policy.is_empty()).peekable();
    let goes = |policy: &str| match policy {
        "hook-succeeded" => complete,
        "hook-failed" => failed,
        _ => policy == "before-hook-creation",
    };
    if policies.peek().is_none() || policies.any(goes) {
        return Room::Made;
    }
    Room::Never(format!(
        "{name} is there with another template, and its {POLICY} keeps it: delete it, or add before-hook-creation"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(manager: &str, condition: &str) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "shop",
            "annotations": {APPLIED: "0"}, "managedFields": [{"manager": manager, "operation": "Apply"},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"}]},
            "status": {"conditions": [{"type": condition, "status": "True"}]}})
    }

    #[test]
    fn only_ours_and_only_what_has_ended_makes_room() {
        let wanted = json!({});
        for ended in ["Complete", "Failed"] {
            assert_eq!(room(&wanted, &job(MANAGER, ended)), Room::Made);
        }
        assert!(matches!(room(&wanted, &job(MANAGER, "Suspended")), Room::Later(why) if why.contains("has not ended")));
        assert!(matches!(room(&wanted, &job("argocd", "Complete")), Room::Never(why) if why.contains("(argocd has)")));
        let mut both = job(MANAGER, "Complete");
        both["metadata"]["managedFields"][1]["operation"] = "Apply".into();
        assert!(matches!(room(&wanted, &both), Room::Never(_)));
        let mut going = job(MANAGER, "Complete");
        going["metadata"]["deletionTimestamp"] = "2026-11-30T12:00:00Z".into();
        assert!(matches!(room(&wanted, &going), Room::Later(_)));
    }

    #[test]
    fn a_hooks_own_policy_counts() {
        for (policy, ended, goes) in [
            ("before-hook-creation", "Failed", true),
            ("hook-succeeded", "Complete", true),
            ("hook-succeeded", "Failed", false),
            ("hook-failed, hook-succeeded", "Failed", true),
        ] {
            let wanted = json!({"metadata": {"annotations": {POLICY: policy}}});
            assert_eq!(room(&wanted, &job(MANAGER, ended)) == Room::Made, goes, "{policy} {ended}");
        }
    }
}
