//! What may run in one cluster only.
use crate::resources::answers::text;
use crate::resources::object::group;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something in the site's manifests that may run in one cluster only: a schedule, a consumer, a leader. It is applied suspended
/// to the new cluster, and handed over when that carries all traffic: stopped in the old one, seen stopped, started in the new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Singleton {
    /// Its kind.
    pub kind: SingletonKind,
    /// Its namespace. `${slot.colour}` and `${cluster.name}` can be in it, as in the manifests.
    pub namespace: String,
    /// Its name; likewise.
    pub name: String,
}

/// What can be in its name and its namespace: they are then others in each slot's cluster.
const OF_SLOTS: [&str; 2] = ["${slot.colour}", "${cluster.name}"];

/// The kinds that can be stopped and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SingletonKind {
    /// By `spec.suspend`; its Jobs run to their end.
    CronJob,
    /// Of Argo Workflows, by `spec.suspend`; its workflows run to their end.
    CronWorkflow,
    /// By its count.
    Deployment,
    /// Of KEDA, by the annotation `autoscaling.keda.sh/paused`; its Jobs run to their end.
    ScaledJob,
    /// Of KEDA, by the annotation `autoscaling.keda.sh/paused-replicas`: what it scales goes to 0.
    ScaledObject,
    /// By its count.
    StatefulSet,
}

/// A name as it is in the cluster of a slot, of this colour and name.
#[must_use]
pub fn in_slot(name: &str, colour: &str, cluster: &str) -> String {
    name.replace(OF_SLOTS[0], colour).replace(OF_SLOTS[1], cluster)
}

impl SingletonKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::CronJob, Self::CronWorkflow, Self::Deployment, Self::ScaledJob, Self::ScaledObject, Self::StatefulSet];

    /// The kind, as Kubernetes writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::CronWorkflow => "CronWorkflow",
            Self::Deployment => "Deployment",
            Self::ScaledJob => "ScaledJob",
            Self::ScaledObject => "ScaledObject",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// Its `apiVersion`.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::CronJob => "batch/v1",
            Self::CronWorkflow => "argoproj.io/v1alpha1",
            Self::Deployment | Self::StatefulSet => "apps/v1",
            Self::ScaledJob | Self::ScaledObject => "keda.sh/v1alpha1",
        }
    }
}

impl Singleton {
    /// By the names that it has in the cluster of a slot, of this colour and name.
    #[must_use]
    pub fn in_slot(&self, colour: &str, cluster: &str) -> Self {
        let of_it = |text: &str| in_slot(text, colour, cluster);
        Self { kind: self.kind, namespace: of_it(&self.namespace), name: of_it(&self.name) }
    }

    /// Whether it names this object. What says no namespace lies in `default`.
    #[must_use]
    pub fn is(&self, object: &Value) -> bool {
        let namespace = match text(object, "/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        };
        text(object, "/kind") == self.kind.name()
            && group(text(object, "/apiVersion")) == group(self.kind.api_version())
            && text(object, "/metadata/name") == self.name
            && namespace == self.namespace
    }

    /// Enough of the object to find it.
    #[must_use]
    pub fn object(&self) -> Value {
        json!({"apiVersion": self.kind.api_version(), "kind": self.kind.name(),
            "metadata": {"namespace": self.namespace, "name": self.name}})
    }
}

impl std::fmt::Display for Singleton {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}
