//! How large the workloads of a cluster are kept, and what that asks of nodes.
use super::planned::{Wishes, planned};
use super::scaled::{Scaled, replicas};
use crate::resources::answers::number;
use crate::resources::object::describe;
use crate::workload::asks::{Amount, of_node, of_pod};
use crate::workload::fence::is_fenced;
use serde_json::Value;

/// A workload, and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// `Deployment shop/web`.
    pub name: String,
    /// How many pods it has.
    pub now: u64,
    /// How many it is kept at.
    pub kept: u64,
    /// Whether an autoscaler rules it: then its minimum is what is kept.
    pub is_ruled: bool,
    /// What one pod asks for.
    pub each: Amount,
}

/// What the workloads of the old cluster ask for, and what its nodes have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The workloads that run.
    pub held: Vec<Held>,
    /// What pods on every node ask for, of each node.
    pub on_each: Amount,
    /// The sizes of its nodes' machines, each with what one of them has for pods.
    pub sizes: Vec<(String, Amount)>,
}

impl Load {
    /// What the pods ask for that do not run on every node.
    #[must_use]
    pub fn asks(&self) -> Amount {
        self.held.iter().map(|one| one.each.times(one.kept)).fold(Amount::default(), Amount::and)
    }

    /// What a node of this size has for pods, where the old cluster has one.
    #[must_use]
    pub fn of_size(&self, size: &str) -> Option<Amount> {
        self.sizes.iter().find(|(known, _)| known.eq_ignore_ascii_case(size)).map(|(_, amount)| *amount)
    }
}

/// What the old cluster's workloads will ask for as large as they are kept. `daemons`, `nodes`: its DaemonSets and nodes.
#[must_use]
pub fn load(old: &Scaled, wishes: &Wishes, daemons: &[Value], nodes: &[Value]) -> Load {
    let pins = planned(old, wishes, "", false).pins;
    let others = old.others.iter().filter(|object| object["spec"]["template"]["spec"].is_object());
    let all = old.deployments.iter().chain(&old.stateful_sets).chain(others);
    let held = all.filter(|object| !is_fenced(object)).filter_map(|object| {
        let pin = pins.iter().find(|pin| pin.keeps(object));
        let now = replicas(object);
        let kept = pin.map_or(now, |pin| pin.to.max(now));
        let each = of_pod(&object["spec"]["template"]["spec"]);
        (kept > 0).then(|| Held { name: describe(object), now, kept, is_ruled: pin.is_some(), each })
    });
    // Nodes of others than machines (virtual ones) have no size.
    let machines: Vec<_> = nodes.iter().filter(|node| !size(node).is_empty()).collect();
    let mut sizes: Vec<(String, Amount)> = vec![];
    for node in &machines {
        if !sizes.iter().any(|(known, _)| known == size(node)) {
            sizes.push((size(node).to_owned(), of_node(node)));
        }
    }
    let count = u64::try_from(machines.len()).unwrap_or(u64::MAX).max(1);
    let everywhere = daemons.iter().map(|set| {
        let each = of_pod(&set["spec"]["template"]["spec"]);
        each.times(number(set, "/status/desiredNumberScheduled").unwrap_or(0))
    });
    let all = everywhere.fold(Amount::default(), Amount::and);
    // Rounded down: what is said to be too much must be.
    let on_each = Amount { cpu: all.cpu / count, memory: all.memory / count, pods: all.pods / count };
    Load { held: held.collect(), on_each, sizes }
}

fn size(node: &Value) -> &str {
    node["metadata"]["labels"]["node.kubernetes.io/instance-type"].as_str().unwrap_or_default()
}
