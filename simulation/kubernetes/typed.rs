//! Pure: the members of the kinds that are applied most, by the types of `k8s-openapi`. A real server answers an apply that has
//! others with 500 and without a reason, whatever `fieldValidation` says.
use super::{kinds::Kind, refusal::Refusal};
use k8s_openapi::api::{
    apps::v1 as apps, autoscaling::v2 as autoscaling, batch::v1 as batch, core::v1 as core,
    networking::v1 as networking, policy::v1 as policy, rbac::v1 as rbac, storage::v1 as storage,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Refuses an applied object that has a member which its kind has not, or one of another type.
pub(super) fn check(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let Some(read) = reader(&kind.api_version(), &kind.kind) else { return Ok(()) };
    let Some(wrong) = read(object) else { return Ok(()) };
    let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default();
    let (namespace, name, version) = (text("namespace"), text("name"), &kind.version);
    let message = format!(
        "failed to create typed patch object ({namespace}/{name}; {}/{version}, Kind={}): .{wrong}",
        kind.group, kind.kind
    );
    Err(Refusal::new(500, "", message))
}

type Read = fn(&Value) -> Option<String>;

/// What is wrong with an object as this type.
fn wrong<T: DeserializeOwned>(object: &Value) -> Option<String> {
    let mut unknown = None;
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(object, &mut track);
    let read = serde_ignored::deserialize::<_, _, T>(tracked, |path| {
        let path: Vec<_> = path.to_string().split('.').filter(|part| *part != "?").map(ToOwned::to_owned).collect();
        unknown.get_or_insert(path.join("."));
    });
    match (read, unknown) {
        (Err(error), _) => Some(format!("{}: {}", track.path(), as_servers_say(&error.to_string()))),
        (Ok(_), unknown) => unknown.map(|path| format!("{path}: field not declared in schema")),
    }
}

/// `invalid type: string "yes", expected a boolean`, as a server says it.
fn as_servers_say(why: &str) -> String {
    let (got, expected) = why.split_once(", expected ").unwrap_or((why, ""));
    let expected = match expected {
        "a string" => "string",
        "a boolean" => "boolean",
        "i32" | "i64" | "f64" | "u32" | "u64" => "numeric (int or float)",
        "a sequence" => "list",
        _ => "map",
    };
    let got = got.trim_start_matches("invalid type: ");
    format!("expected {expected}, got {}", got.split(' ').next().unwrap_or_default())
}

macro_rules! kinds {
    ($api:expr, $kind:expr; $($version:literal: $($type:path),+;)+) => {
        match $api {
            $($version => match $kind {
                $(kind if kind == <$type as k8s_openapi::Resource>::KIND => Some(wrong::<$type> as Read),)+
                _ => None,
            },)+
            _ => None,
        }
    };
}

fn reader(api: &str, kind: &str) -> Option<Read> {
    kinds! { api, kind;
        "v1": core::ConfigMap, core::Namespace, core::PersistentVolumeClaim, core::Pod, core::Secret, core::Service,
            core::ServiceAccount;
        "apps/v1": apps::DaemonSet, apps::Deployment, apps::StatefulSet;
        "autoscaling/v2": autoscaling::HorizontalPodAutoscaler;
        "batch/v1": batch::CronJob, batch::Job;
        "networking.k8s.io/v1": networking::Ingress, networking::NetworkPolicy;
        "policy/v1": policy::PodDisruptionBudget;
        "rbac.authorization.k8s.io/v1": rbac::ClusterRole, rbac::ClusterRoleBinding, rbac::Role, rbac::RoleBinding;
        "storage.k8s.io/v1": storage::StorageClass;
    }
}
