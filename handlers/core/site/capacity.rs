//! Whether both clusters are kept as large as the load wants, from before the first share moves.
use super::Site;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether both clusters are kept as large as the load wants while traffic moves: autoscalers may grow them meanwhile, and not
/// shrink them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Capacity {
    /// The minimum of each autoscaler is raised to what the old cluster has now, or had within the last hour, in both clusters;
    /// and taken back later. Needs the right to patch them, and Deployments and StatefulSets, in both.
    #[serde(default = "Capacity::pins", skip_serializing_if = "super::is_true")]
    #[schemars(extend("default" = true))]
    pub pin: bool,
    /// Only in these namespaces. Without it: in all but those of Kubernetes and Azure themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("default" = []))]
    pub namespaces: Vec<String>,
    /// What becomes of minima that a reconciler (Flux, Argo CD, an operator) owns, and would set back.
    #[serde(default, skip_serializing_if = "Reconciled::is_refused")]
    #[schemars(extend("default" = "refuse"))]
    pub reconciled: Reconciled,
}

/// What becomes of minima that a reconciler owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reconciled {
    /// `CheckPlan` refuses the plan, with the lines for their repository.
    #[default]
    Refuse,
    /// They are left as they are, and named.
    Leave,
}

impl Reconciled {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

impl Site {
    /// How it keeps both clusters large, if it does.
    #[must_use]
    pub fn pins(&self) -> Option<&Capacity> {
        self.capacity.as_ref().filter(|capacity| capacity.pin)
    }
}

/// Namespaces of Kubernetes and Azure themselves.
const OTHERS: [&str; 8] = [
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "gatekeeper-system",
    "aks-command",
    "calico-system",
    "tigera-operator",
    "dataprotection-microsoft",
];

impl Capacity {
    const fn pins() -> bool {
        true
    }

    /// Whether it speaks of this namespace.
    #[must_use]
    pub fn covers(&self, namespace: &str) -> bool {
        match self.namespaces.is_empty() {
            true => !OTHERS.contains(&namespace),
            false => self.namespaces.iter().any(|named| named == namespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_all_but_the_clusters_own() {
        let all: Capacity = serde_json::from_str("{}").unwrap();
        assert!(all.pin && all.covers("shop") && !all.covers("kube-system"));
        assert_eq!(serde_json::to_string(&all).unwrap(), "{}");
        let one = Capacity { namespaces: vec!["shop".into()], ..all };
        assert!(one.covers("shop") && !one.covers("other"));
    }
}
