//! What a user got. Pure.
use crate::{Reply, answer::json};

/// What a user got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: the workload's, or the gateway's own 502.
    pub status: u16,
    /// The cluster that answered; `None` when the gateway itself did.
    pub cluster: Option<String>,
    /// That cluster's Kubernetes version.
    pub version: Option<String>,
}

impl Answer {
    /// As an HTTP answer: a JSON body with cluster and version.
    #[must_use]
    pub fn into_reply(self) -> Reply {
        json(self.status, &serde_json::json!({"cluster": self.cluster, "version": self.version}))
    }

    pub(super) fn of_the_gateway(status: u16) -> Self {
        Self { status, cluster: None, version: None }
    }
}
