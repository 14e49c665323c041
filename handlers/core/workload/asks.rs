//! What pods ask of nodes, and what nodes have to give.
use crate::resources::answers::{list, text};
use kinds::quantity::amount;
use serde_json::Value;

/// So many billionths are a thousandth; a mebibyte has so many bytes.
const A_MILLI: i128 = 1_000_000;
const A_MEBIBYTE: i128 = 1_048_576 * 1_000_000_000;

/// Processors, memory and places for pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// In thousandths of a core.
    pub cpu: u64,
    /// In mebibytes.
    pub memory: u64,
    /// How many pods.
    pub pods: u64,
}

impl Amount {
    /// That of so many.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self {
            cpu: self.cpu.saturating_mul(count),
            memory: self.memory.saturating_mul(count),
            pods: self.pods.saturating_mul(count),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
            pods: self.pods.saturating_add(other.pods),
        }
    }

    /// What is more than the other one has.
    #[must_use]
    pub const fn beyond(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
            pods: self.pods.saturating_sub(other.pods),
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.cpu == 0 && self.memory == 0 && self.pods == 0
    }

    /// How many nodes with so much it takes; `None`: no number of them is enough.
    #[must_use]
    pub fn nodes_of(self, each: Self) -> Option<u64> {
        let parts = [(self.cpu, each.cpu), (self.memory, each.memory), (self.pods, each.pods)];
        parts.into_iter().try_fold(0, |most: u64, (needed, has)| match (needed, has) {
            (0, _) => Some(most),
            (_, 0) => None,
            (needed, has) => Some(most.max(needed.div_ceil(has))),
        })
    }

    fn of(resources: &Value) -> Self {
        let part = |name: &str, unit: i128| {
            let nanos = amount(&resources[name]).unwrap_or(0).max(0);
            u64::try_from((nanos + unit - 1) / unit).unwrap_or(u64::MAX)
        };
        Self { cpu: part("cpu", A_MILLI), memory: part("memory", A_MEBIBYTE), pods: 0 }
    }

    fn most(self, other: Self) -> Self {
        Self { cpu: self.cpu.max(other.cpu), memory: self.memory.max(other.memory), pods: self.pods.max(other.pods) }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = |whole: u64, of: u64| {
            let tenths = whole.saturating_mul(10).div_ceil(of);
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        let (cores, memory) = (tenths(self.cpu, 1000), tenths(self.memory, 1024));
        write!(formatter, "{cores} cores and {memory} GiB for {} pods", self.pods)
    }
}

/// What a pod of this `spec` asks for, as the scheduler counts it. One that asks for nothing counts as a pod alone.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers>
#[must_use]
pub fn of_pod(spec: &Value) -> Amount {
    let asks = |container: &Value| {
        let (asked, limits) = (&container["resources"]["requests"], &container["resources"]["limits"]);
        let or_limit = |name: &str| if asked[name].is_null() { limits[name].clone() } else { asked[name].clone() };
        Amount::of(&serde_json::json!({"cpu": or_limit("cpu"), "memory": or_limit("memory")}))
    };
    let mut beside = Amount::default();
    let mut at_start = Amount::default();
    for container in list(spec, "/initContainers") {
        let own = asks(container);
        if text(container, "/restartPolicy") == "Always" {
            beside = beside.and(own);
            at_start = at_start.most(beside);
        } else {
            at_start = at_start.most(beside.and(own));
        }
    }
    let running = list(spec, "/containers").iter().map(asks).fold(beside, Amount::and);
    let overhead = Amount::of(&spec["overhead"]);
    Amount { pods: 1, ..running.most(at_start).and(overhead) }
}

/// What a node has for pods.
#[must_use]
pub fn of_node(node: &Value) -> Amount {
    let allocatable = &node["status"]["allocatable"];
    let pods = amount(&allocatable["pods"]).unwrap_or(0).max(0) / 1_000_000_000;
    Amount { pods: u64::try_from(pods).unwrap_or(u64::MAX), ..Amount::of(allocatable) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_asks_for_its_containers_or_for_its_largest_start() {
        let of = |requests: Value| json!({"resources": {"requests": requests}});
        let two = json!({"containers": [of(json!({"cpu": "250m", "memory": "1Gi"})), of(json!({"cpu": 0.5}))]});
        assert_eq!(of_pod(&two), Amount { cpu: 750, memory: 1024, pods: 1 });
        let limits = json!({"containers": [{"resources": {"limits": {"cpu": "2", "memory": "100M"}}}]});
        assert_eq!(of_pod(&limits), Amount { cpu: 2000, memory: 96, pods: 1 });
        let sidecar = json!({"restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}});
        let started = json!({"initContainers": [sidecar, of(json!({"cpu": "3"}))], "containers": [of(json!({"cpu": "1"}))],
            "overhead": {"cpu": "100m"}});
        assert_eq!(of_pod(&started).cpu, 4100);
        assert_eq!(of_pod(&json!({"containers": [{}]})), Amount { cpu: 0, memory: 0, pods: 1 });
    }

    #[test]
    fn nodes_are_counted_by_what_is_scarcest() {
        let node = of_node(&json!({"status": {"allocatable": {"cpu": "3860m", "memory": "12Gi", "pods": "30"}}}));
        assert_eq!(node, Amount { cpu: 3860, memory: 12_288, pods: 30 });
        assert_eq!(Amount { cpu: 4000, memory: 1, pods: 1 }.nodes_of(node), Some(2));
        assert_eq!(Amount { cpu: 1, memory: 1, pods: 61 }.nodes_of(node), Some(3));
        assert_eq!(Amount { cpu: 1, ..Amount::default() }.nodes_of(Amount { pods: 9, ..Amount::default() }), None);
        assert_eq!(node.to_string(), "3.9 cores and 12.0 GiB for 30 pods");
    }
}
