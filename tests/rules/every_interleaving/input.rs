//! What a look of the steps from `ShiftTraffic` on reads, and what it can lead to. Pure, and shared: `steps` answers from
//! this alone, and tests/upgrades/every_look.rs puts the real steps before the same.
use bluegreen_core::step::Step;
use serde::{Deserialize, Serialize};

/// Everything that a look reads of a state, of the time and of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub step: Step,
    pub stage: u8,
    pub operation: Option<Ours>,
    pub in_force: Option<Ours>,
    /// It has said that it reduces the old cluster.
    pub reducing: bool,
    pub shown: Members,
    pub newest: Newest,
    pub old_cluster: bool,
    pub new_cluster: bool,
    /// The run was quiet when it was loaded.
    pub quiet: bool,
    /// The plan keeps both clusters: the retired one, and a new one that was turned back.
    pub keeps_clusters: bool,
    /// What others have made of the world, and what the run knows of it. Nothing: nobody else does anything, and what the
    /// probes say is left open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkind: Option<Unkind>,
}

/// What others have made of the world, and what the run knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unkind {
    pub old: Condition,
    pub new_is_ill: bool,
    pub candidate: Candidate,
    pub mark: Mark,
    /// A GET of the old cluster says 404.
    pub not_found: bool,
    /// The run missed the old cluster a minute ago.
    pub missed: bool,
    pub readiness: Option<Known>,
    /// A person has dealt with the emergency way back whose mark the gateway carries.
    pub knows_glass: bool,
    pub repairing: bool,
    pub retiring: bool,
}

/// How the old cluster is, while it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    Well,
    Ill,
    Stopped,
}

/// What the candidate pool is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Candidate {
    Judges,
    /// Its probe finds nobody of the old cluster healthy: another host, another certificate.
    Misjudges,
    /// Somebody has taken the pool away.
    Gone,
}

/// Whose mark the gateway carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    OfTheRun,
    /// A stranger's write dropped it.
    Nobodys,
    /// A person used the emergency way back.
    Glass,
}

/// What the run knows of the old cluster's readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// `None`: nobody can tell.
    pub is_ready: Option<bool>,
    /// It was healthy since the traffic moved.
    pub was_healthy: bool,
}

/// One look: a line of the files in `looks/`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    pub input: Input,
    pub leads_to: Vec<Next>,
}

/// Whose addresses our pools hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Members {
    Old,
    Mixed,
    /// The new cluster has all traffic, and the candidate pool holds the old one.
    New,
    /// The same, and the candidate pool is empty.
    Retired,
}

/// What became of the newest write of the gateway. GET shows its members and mark from the moment that it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Newest {
    InFlight,
    Landed,
    Failed,
}

/// What became of one write of ours. That it is the newest is all that comparing marks can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ours {
    Newest,
    /// It had landed before a newer one came.
    Landed,
    /// A newer one superseded it, or it had failed.
    Canceled,
}

/// What an invocation does next after its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Next {
    Act(Act),
    Say(Saw),
}

/// The one thing that an invocation does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    Write(Members),
    DeleteOld,
    DeleteNew,
    /// What this run was about to reduce, and does not run, is started.
    StartOld,
}

/// What an invocation will tell `decide`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Saw {
    Done,
    NotYet,
    /// Not yet, and this write was just requested.
    Requested(Ours),
    Drifted,
    Breached,
    /// Not yet: the candidate pool is empty, which was proved.
    Emptied,
    /// Not yet: from now on the old cluster is reduced.
    WillReduce,
    /// A person must see to it: there is no cluster to go back to, or the old one is ill.
    Stuck,
    /// Our members are in force, and our mark is gone.
    MarkLost,
    GlassBroken,
    /// Not yet: the old cluster was not found.
    Missed,
    /// Not yet: this is known of the old cluster now, which was not found or was.
    Knows {
        known: Known,
        missed: bool,
    },
    /// The new cluster is ill, or the soak would end, and going back would help nobody.
    NoWayBack(Known),
    /// No answer, or none that can be read.
    NoAnswer,
}
