//! Users' requests: through a gateway's listener, rule and effective pool members to a cluster's workload.
use crate::{Reply, World, world::json};
use jiff::Timestamp;

/// Round-robin places and probe results of the gateways.
#[derive(Default)]
pub struct Traffic;

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
}

/// A user's request to a host name. `None`: no gateway has a listener for it.
pub fn visit(_world: &mut World, _host: &str, _path: &str, _now: Timestamp) -> Option<Answer> {
    None
}
