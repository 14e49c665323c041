//! What can go wrong in a story, and the names under which it is counted.
use super::glass::Side;
use super::strangers::Edit;
use super::trouble::Trouble;
use bluegreen::run::verbs::Verb;
use std::time::Duration;

/// What can go wrong. Every variant has a name, under which its hits are counted.
#[derive(Clone, Debug)]
pub enum What {
    /// A call after `skip` others: the calling process dies before or after it, the answer is lost or slow, ….
    Call { fault: CallFault, skip: u32 },
    /// For a while nobody answers at `host`, or it answers 503.
    Outage { at: Place, refuses: bool, lasts: Duration },
    /// The next operation of this kind is accepted and ends Failed.
    OperationFails(Doomed),
    /// Somebody else writes the gateway.
    Stranger(Edit),
    /// An event is delivered once more: the present one or one of the last hops.
    Redelivered { back: usize },
    /// The next event that is published is lost.
    LostEvent,
    /// The child that serves the step exits.
    Exit(i32),
    /// The sweep, and the whole look at all runs, does not come for a while.
    LateSweep(Duration),
    /// A person says this.
    Order(Verb),
    /// The new cluster's workloads fail, for good or for a while.
    GreenFallsIll(Option<Duration>),
    /// Something befalls the old cluster, or both.
    Trouble(Trouble),
    /// A person uses the emergency way back.
    GlassBroken(Side),
    /// For a while the gateway has as many tags as it may have.
    FullTags(Duration),
}

#[derive(Clone, Copy, Debug)]
pub enum CallFault {
    CrashBefore,
    CrashAfter,
    LostAnswer,
    Throttled(u32),
    Error500,
    Error503,
    SlowCall(Duration),
    SlowAnswer(Duration),
    /// A resource is read, and a page is answered.
    Page,
    /// The gateway is asked for its backends' health, and a page is answered.
    PageForHealth,
    /// A resource is read, and it is said not to be there.
    NotFound,
    /// A resource is read, and what comes never ends.
    Endless,
    /// The store tells a time that is so many hours ahead.
    Jump(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum Place {
    Store,
    Bus,
    Arm,
    Kubernetes,
    Everything,
    /// Only the old cluster cannot be read, whatever else can.
    OldCluster,
}

#[derive(Clone, Copy, Debug)]
pub enum Doomed {
    GatewayWrite,
    ClusterDeletion,
    ClusterCreation,
}

/// Every name under which hits are counted.
pub const NAMES: [&str; 52] = [
    "crash-before",
    "crash-after",
    "lost-answer",
    "throttled",
    "error-500",
    "error-503",
    "slow-call",
    "slow-answer",
    "unreadable-answer",
    "page-for-health",
    "not-found-once",
    "endless-answer",
    "date-jumps",
    "store-refuses",
    "store-outage",
    "bus-refuses",
    "bus-outage",
    "arm-refuses",
    "arm-outage",
    "kubernetes-refuses",
    "kubernetes-outage",
    "everything-refuses",
    "everything-outage",
    "old-unreadable",
    "gateway-write-fails",
    "cluster-deletion-fails",
    "cluster-creation-fails",
    "stranger-keeps-ours",
    "stranger-drops-mark",
    "stranger-drops-member",
    "stranger-template",
    "stranger-drops-candidate",
    "stranger-fills-candidate",
    "stranger-changes-setting",
    "stranger-takes-address",
    "redelivered-event",
    "lost-event",
    "instance-exits",
    "late-sweep",
    "pause",
    "roll_back",
    "green-falls-ill",
    "old-is-stopped",
    "old-is-started-again",
    "old-is-deleted",
    "old-falls-ill-in-part",
    "old-falls-ill",
    "old-heals",
    "both-fall-ill",
    "glass-to-the-old",
    "glass-to-the-new",
    "tags-are-full",
];

impl What {
    /// The name of the fault.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Call { fault, .. } => match fault {
                CallFault::CrashBefore => "crash-before",
                CallFault::CrashAfter => "crash-after",
                CallFault::LostAnswer => "lost-answer",
                CallFault::Throttled(_) => "throttled",
                CallFault::Error500 => "error-500",
                CallFault::Error503 => "error-503",
                CallFault::SlowCall(_) => "slow-call",
                CallFault::SlowAnswer(_) => "slow-answer",
                CallFault::Page => "unreadable-answer",
                CallFault::PageForHealth => "page-for-health",
                CallFault::NotFound => "not-found-once",
                CallFault::Endless => "endless-answer",
                CallFault::Jump(_) => "date-jumps",
            },
            Self::Outage { at, refuses, .. } => match (at, refuses) {
                (Place::Store, true) => "store-refuses",
                (Place::Store, false) => "store-outage",
                (Place::Bus, true) => "bus-refuses",
                (Place::Bus, false) => "bus-outage",
                (Place::Arm, true) => "arm-refuses",
                (Place::Arm, false) => "arm-outage",
                (Place::Kubernetes, true) => "kubernetes-refuses",
                (Place::Kubernetes, false) => "kubernetes-outage",
                (Place::Everything, true) => "everything-refuses",
                (Place::Everything, false) => "everything-outage",
                (Place::OldCluster, _) => "old-unreadable",
            },
            Self::OperationFails(doomed) => match doomed {
                Doomed::GatewayWrite => "gateway-write-fails",
                Doomed::ClusterDeletion => "cluster-deletion-fails",
                Doomed::ClusterCreation => "cluster-creation-fails",
            },
            Self::Stranger(edit) => edit.name(),
            Self::Redelivered { .. } => "redelivered-event",
            Self::LostEvent => "lost-event",
            Self::Exit(_) => "instance-exits",
            Self::LateSweep(_) => "late-sweep",
            Self::Order(Verb::RollBack) => "roll_back",
            Self::Order(_) => "pause",
            Self::GreenFallsIll(_) => "green-falls-ill",
            Self::Trouble(trouble) => trouble.name(),
            Self::GlassBroken(Side::Old) => "glass-to-the-old",
            Self::GlassBroken(Side::New) => "glass-to-the-new",
            Self::FullTags(_) => "tags-are-full",
        }
    }
}
