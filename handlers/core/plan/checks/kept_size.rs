//! Whether the new cluster has nodes for its workloads as large as both clusters are kept. The figures are the old cluster's, so
//! what they come to is said, and refuses nothing: the new manifests may ask for less, and taints and zones for more.
use super::addresses::{most_nodes, planned_cluster};
use super::quota::short;
use super::sizes::{find, machines};
use super::{Finding, Seen};
use crate::plan::Plan;
use crate::plan::cluster_body::pools;
use crate::resources::answers::{is_true, list, number, same_name, shortened, text};
use crate::workload::asks::Amount;
use crate::workload::pins::Load;
use serde_json::Value;

const SUBJECT: &str = "capacity";

/// What the new cluster offers, and whether that is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSize {
    /// What all pods will ask for.
    pub asks: Amount,
    /// How many nodes it begins with, and what they have for pods.
    pub begins: (u64, Amount),
    /// The same, as many as its pools may have.
    pub most: (u64, Amount),
    /// What follows.
    pub fits: Fits,
}

/// Whether it is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fits {
    /// The nodes that it begins with are.
    Begins,
    /// With so many nodes more, at least, in this pool, which its autoscaler adds; the quotas that have too little left for them.
    Grows(u64, String, Vec<String>),
    /// Azure makes nodes as pods need them.
    Provisioned,
    /// Not with all nodes that its pools may have.
    TooSmall,
}

/// Whether the new cluster is large enough.
///
/// # Errors
/// Why nobody can tell.
pub fn kept_size(plan: &Plan, seen: &Seen, load: &Load) -> Result<KeptSize, String> {
    let cluster = planned_cluster(plan, seen).ok_or("its body cannot be planned")?;
    let (mut begins, mut most) = ((0_u64, Amount::default()), (0_u64, Amount::default()));
    let mut grows: Option<(u64, Amount, &Value)> = None;
    for pool in pools(&cluster) {
        let mut of_pool = Amount::default();
        for (size, count) in machines(pool) {
            let each = offers(size, seen, load)?.beyond(load.on_each);
            begins = (begins.0.saturating_add(count), begins.1.and(each.times(count)));
            of_pool = each;
        }
        let (now, may) = (number(pool, "/count").unwrap_or(0), most_nodes(pool));
        let more = may.saturating_sub(now);
        most = (most.0.saturating_add(more), most.1.and(of_pool.times(more)));
        if more > 0 && grows.as_ref().is_none_or(|(_, known, _)| of_pool.cpu > known.cpu) {
            grows = Some((more, of_pool, pool));
        }
    }
    most = (begins.0.saturating_add(most.0), begins.1.and(most.1));
    let asks = load.asks();
    let lacks = asks.beyond(begins.1);
    let fits = if lacks.is_none() {
        Fits::Begins
    } else if makes_nodes(&cluster) {
        Fits::Provisioned
    } else if !asks.beyond(most.1).is_none() {
        Fits::TooSmall
    } else if let Some((more, each, pool)) = grows {
        let nodes = lacks.nodes_of(each).unwrap_or(more).min(more);
        let name = text(pool, "/name").to_owned();
        let short = short(plan, seen, &grown(&cluster, &name, nodes), machines);
        Fits::Grows(nodes, name, short)
    } else {
        Fits::TooSmall
    };
    Ok(KeptSize { asks, begins, most, fits })
}

/// What a node of this size has for pods: as the old cluster's have; where it has none, all of its machine, which is more.
fn offers(size: &str, seen: &Seen, load: &Load) -> Result<Amount, String> {
    if let Some(known) = load.of_size(size) {
        return Ok(known);
    }
    let unknown = || format!("what a machine of the size {} has is not known", shortened(size));
    let found = seen.sizes.as_ref().and_then(|sizes| find(sizes, size)).ok_or_else(unknown)?;
    let capability = |name: &str| {
        let found = list(found, "/capabilities").iter().find(|one| text(one, "/name") == name)?;
        text(found, "/value").parse::<f64>().ok().filter(|value| (0.0..1e9).contains(value))
    };
    let (cores, memory) = (capability("vCPUs").ok_or_else(unknown)?, capability("MemoryGB").ok_or_else(unknown)?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are looked at above")]
    let whole = |value: f64| value.ceil() as u64;
    Ok(Amount { cpu: whole(cores * 1000.0), memory: whole(memory * 1024.0), pods: 250 })
}

/// Whether nodes come that no pool has.
fn makes_nodes(cluster: &Value) -> bool {
    let provisions = same_name(text(cluster, "/properties/nodeProvisioningProfile/mode"), "Auto");
    provisions || is_true(cluster, "/properties/addonProfiles/aciConnectorLinux/enabled")
}

fn grown(cluster: &Value, pool: &str, nodes: u64) -> Value {
    let mut cluster = cluster.clone();
    let pools = cluster["properties"]["agentPoolProfiles"].as_array_mut().into_iter().flatten();
    for found in pools.filter(|found| found["name"] == pool) {
        found["count"] = number(found, "/count").unwrap_or(0).saturating_add(nodes).into();
    }
    cluster
}

impl KeptSize {
    /// What a person should know before.
    #[must_use]
    pub fn warning(&self) -> Option<Finding> {
        let Self { asks, most, fits, .. } = self;
        match fits {
            Fits::Begins | Fits::Provisioned => None,
            Fits::Grows(_, _, short) if short.is_empty() => None,
            Fits::Grows(nodes, pool, short) => Some(Finding::warning(
                SUBJECT,
                format!(
                    "as large as both clusters are kept, the new one needs {nodes} nodes more of the pool {}, and with them {}",
                    shortened(pool),
                    short.join("; ")
                ),
                "ask for a higher quota before, or ValidateHealth will wait in vain for their pods",
            )),
            Fits::TooSmall => Some(Finding::warning(
                SUBJECT,
                format!(
                    "as large as both clusters are kept, the old one's pods ask for {asks}, and all {} nodes that the new one's \
                     pools may have offer {}",
                    most.0, most.1
                ),
                "raise \"maxCount\", or \"count\", of a pool, at the old cluster or in \"clusterChanges\", or the pods will have no \
                 node, and ValidateHealth will turn back",
            )),
        }
    }

    /// The verdict, for a person.
    #[must_use]
    pub fn words(&self) -> String {
        let (nodes, offers) = self.begins;
        let begins = format!("all pods ask for {}; the {nodes} nodes that it begins with offer {offers}", self.asks);
        let verdict = match &self.fits {
            Fits::Begins => "it fits".to_owned(),
            Fits::Provisioned => "Azure makes further nodes as pods need them".to_owned(),
            Fits::Grows(nodes, pool, short) => {
                let quota = if short.is_empty() { "" } else { ", for which the quota has too little left" };
                format!("at least {nodes} nodes more of the pool {} come by its autoscaler{quota}", shortened(pool))
            }
            Fits::TooSmall => {
                format!("it does NOT fit, with all {} nodes that its pools may have neither", self.most.0)
            }
        };
        format!("{begins}: {verdict}")
    }
}

/// That nobody can tell.
#[must_use]
pub fn unknown_size(why: &str) -> Finding {
    let what =
        format!("whether the new cluster has nodes for its workloads as large as both are kept cannot be told: {why}");
    Finding::warning(SUBJECT, what, "look at its pools yourself (docs/operate.md)")
}
