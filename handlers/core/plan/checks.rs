//! The checks of `CheckPlan`: everything that the plan needs, judged from raw answers of Azure. One file a subject.
use crate::plan::{Kind, Plan};
use serde_json::Value;

mod addresses;
mod agic;
mod attached;
mod features;
mod federation;
mod gateway;
mod identities;
mod idle_slot;
mod issuer;
mod judging;
mod kept_size;
mod listener;
mod locks;
mod node_group;
mod old_cluster;
mod outbound;
mod presets;
mod quota;
mod retiring;
mod roles;
mod routes;
mod seen;
mod sizes;
mod slots;
mod subnets;
mod version;

pub use agic::without_pod_identity;
pub use attached::found;
pub use idle_slot::IdleSlot;
pub use issuer::gives_identities;
pub use kept_size::{Fits, KeptSize, kept_size, unknown_size};
pub use listener::{public_addresses, unproved};
pub use retiring::cannot_stop;
pub use routes::goes_out_by_routes;
pub use seen::Seen;

/// What every upgrade or replacement of a cluster would be refused for while it is as it is.
#[must_use]
pub fn refused(cluster: &Value) -> Vec<Finding> {
    features::refused(cluster)
}

/// One thing that is not as the plan needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `version`, `gateway`, ….
    pub subject: &'static str,
    /// What was expected, and what came.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Whether it may pass by itself.
    pub passing: Passing,
}

/// Whether a finding may pass by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// It stays until somebody does something: the plan is refused.
    Wrong,
    /// Something is under way: look again.
    Unsettled,
    /// It hinders nothing.
    Warned,
}

impl Finding {
    fn wrong(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, what: what.into(), remedy: remedy.into(), passing: Passing::Wrong }
    }

    fn unsettled(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { passing: Passing::Unsettled, ..Self::wrong(subject, what, remedy) }
    }

    fn warning(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { passing: Passing::Warned, ..Self::wrong(subject, what, remedy) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}; {}", self.subject, self.what, self.remedy)
    }
}

/// What all checks together say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds.
    Fine {
        /// With the leftover that the plan lists taken as gone: it must be deleted before the new cluster is made, and then
        /// everything looked at again.
        delete_leftover: bool,
    },
    /// Something is under way: why, for a person.
    NotYet(String),
    /// The plan cannot be carried out. Every reason at once.
    Refused(Vec<Finding>),
}

/// What keeps no plan from being carried out, and should be known before: said when everything else holds.
#[must_use]
pub fn warnings(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    judging::warn(plan, seen)
        .into_iter()
        .chain(quota::warn(plan, seen))
        .chain(presets::warn(plan))
        .chain(roles::warn(plan, seen))
        .chain(federation::warn(plan, seen))
        .collect()
}

/// Judges a plan by what was seen. What is wrong is said at once, even while something else is under way.
#[must_use]
pub fn check(plan: &Plan, seen: &Seen) -> Verdict {
    let mut findings = slots::check(&plan.site);
    findings.extend(old_cluster::check(plan, seen.old_cluster.as_ref()));
    findings.extend(version::check(plan, seen));
    findings.extend(gateway::check(plan, seen));
    findings.extend(locks::check(plan, seen));
    findings.extend(retiring::check(plan, seen));
    let idle_slot = IdleSlot::of(plan, seen);
    if let IdleSlot::No(finding) = &idle_slot {
        findings.push(finding.clone());
    }
    if let Some(old) = &seen.old_cluster {
        if plan.kind != Kind::Return {
            findings.extend(features::check(plan, old));
            findings.extend(identities::check(plan, old));
            findings.extend(roles::check(plan, seen));
            findings.extend(issuer::check(plan, old));
            findings.extend(federation::check(plan, seen));
            findings.extend(attached::check(plan, &seen.attached));
            findings.extend(presets::check(plan, seen));
        } else {
            findings.extend(features::of_a_return(old, seen.new_cluster.as_ref()));
        }
        findings.extend(addresses::check(plan, seen));
        findings.extend(subnets::check(plan, seen));
        findings.extend(node_group::check(plan, seen));
        findings.extend(outbound::check(plan, seen));
        findings.extend(quota::check(plan, seen));
        findings.extend(sizes::check(plan, seen));
    }
    let (wrong, unsettled): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.passing == Passing::Wrong);
    if !wrong.is_empty() {
        return Verdict::Refused(wrong);
    }
    if !unsettled.is_empty() {
        return Verdict::NotYet(unsettled.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    Verdict::Fine { delete_leftover: idle_slot == IdleSlot::LeftoverToDelete }
}
