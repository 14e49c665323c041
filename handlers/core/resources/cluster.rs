//! A managed cluster as raw JSON: what we read of it.
use crate::resources::tags::{RUN_TAG, tag};
use serde_json::Value;

/// A managed cluster as a GET showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster(pub Value);

impl Cluster {
    /// The run that created it, or started it again.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        tag(&self.0, RUN_TAG)
    }

    /// The version of what was read.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.0["eTag"].as_str()
    }

    /// The id that no other cluster has, of the same name or not.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.text("/properties/resourceUID")
    }

    /// `Succeeded`, `Creating`, `Failed`, …
    #[must_use]
    pub fn state(&self) -> &str {
        self.text("/properties/provisioningState")
    }

    /// Whether its last operation succeeded.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.state().eq_ignore_ascii_case("Succeeded")
    }

    /// Whether its last operation failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        ["Failed", "Canceled"].iter().any(|state| self.state().eq_ignore_ascii_case(state))
    }

    /// Whether it is stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.text("/properties/powerState/code").eq_ignore_ascii_case("Stopped")
    }

    /// Whether it is on its way out.
    #[must_use]
    pub fn is_being_deleted(&self) -> bool {
        self.state().eq_ignore_ascii_case("Deleting")
    }

    /// Why it cannot serve: it is stopped, or is just being made, stopped, started or deleted.
    #[must_use]
    pub fn cannot_serve(&self) -> Option<&str> {
        // One that is made or started is said to run from the beginning on.
        let states = ["Creating", "Deleting", "Stopping", "Starting"];
        let goes = states.iter().any(|state| self.state().eq_ignore_ascii_case(state));
        match (goes, self.is_stopped()) {
            (true, _) => Some(self.state()),
            (false, true) => Some("Stopped"),
            (false, false) => None,
        }
    }

    /// The exact Kubernetes version that it runs.
    #[must_use]
    pub fn version(&self) -> &str {
        let current = self.text("/properties/currentKubernetesVersion");
        if current.is_empty() { self.text("/properties/kubernetesVersion") } else { current }
    }

    /// Its region.
    #[must_use]
    pub fn location(&self) -> &str {
        self.text("/location")
    }

    /// Its agent pools.
    pub fn pools(&self) -> impl Iterator<Item = &Value> {
        self.0["properties"]["agentPoolProfiles"].as_array().into_iter().flatten()
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}
