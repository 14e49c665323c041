//! The idle slot is free, or holds what the plan says, which is ours and serves nothing.
use super::gateway::is_left_over;
use super::{Finding, Passing, Seen};
use crate::plan::{Kind, Plan};
use crate::resources::answers::{shortened, text};
use crate::resources::tags::{RETIRED_TAG, RUN_TAG, SITE_TAG, is_run_of, tag};
use crate::site::Leftover;
use serde_json::Value;

const SUBJECT: &str = "idle slot";

/// What lies in the slot of the new cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdleSlot {
    /// Nothing.
    Empty,
    /// A leftover of ours that serves nothing, that the plan lists and the site allows to delete.
    LeftoverToDelete,
    /// The kept cluster to which a plan of kind `return` goes.
    Kept,
    /// It cannot be used, or not yet.
    No(Finding),
}

impl IdleSlot {
    /// Judges the slot.
    #[must_use]
    pub fn of(plan: &Plan, seen: &Seen) -> Self {
        match (&seen.new_cluster, plan.kind) {
            (None, Kind::Return) => {
                let what = format!("the kept cluster {} is expected, but does not exist", plan.new_slot().cluster);
                Self::wrong(what, "only an upgrade or a replacement is possible now")
            }
            (None, Kind::Upgrade | Kind::Replace) => Self::Empty,
            (Some(found), kind) => Self::holding(found, kind, plan, seen).unwrap_or_else(Self::No),
        }
    }

    fn wrong(what: String, remedy: &str) -> Self {
        Self::No(Finding::wrong(SUBJECT, what, remedy))
    }

    fn holding(found: &Value, kind: Kind, plan: &Plan, seen: &Seen) -> Result<Self, Finding> {
        let id = &plan.new_slot().cluster;
        let wrong = |what: String, remedy: &str| Err(Finding::wrong(SUBJECT, what, remedy));
        let by_hand = "see what it is; move or delete it by hand, or correct the slot in the site file";
        if let Some(under_way) = super::old_cluster::settled(SUBJECT, id, found)
            && under_way.passing == Passing::Unsettled
        {
            return Err(under_way);
        }
        if let Some(foreign) = foreign(found, &plan.site.name) {
            return wrong(format!("{id} is expected to be free, but holds a cluster {foreign}"), by_hand);
        }
        let uid = text(found, "/properties/resourceUID");
        if uid.is_empty() || plan.found_uid.as_deref() != Some(uid) {
            let planned = plan.found_uid.as_deref().unwrap_or("nothing there");
            let what = format!("{id} has the resourceUID {:?}, but the plan lists {planned}", shortened(uid));
            return wrong(what, "request it again, so that it is planned with what is there now");
        }
        let Some(gateway) = &seen.gateway else {
            return wrong(
                format!("whether {id} serves cannot be seen without the gateway"),
                "restore the gateway first",
            );
        };
        let ours = &plan.new_slot().addresses;
        let mut serving = gateway.pools().filter(|pool| !is_left_over(plan, gateway, *pool));
        let holder = serving.find_map(|pool| Some((pool.name(), pool.first_of(ours)?)));
        if let Some((pool, address)) = holder {
            let pool = shortened(pool);
            let what = format!("{id} still serves: the gateway's pool {pool} holds its address {address}");
            return wrong(what, "take the address out of the pool when it is certain that nobody needs it");
        }
        match kind {
            Kind::Return => match super::old_cluster::settled(SUBJECT, id, found) {
                Some(failed) => Err(failed),
                None => Ok(Self::Kept),
            },
            Kind::Upgrade | Kind::Replace if plan.site.leftover == Leftover::Delete => Ok(Self::LeftoverToDelete),
            Kind::Upgrade | Kind::Replace => wrong(
                format!("{id} holds a leftover of ours, which the site does not allow to delete"),
                "delete it by hand, or set \"leftover\": \"delete\" in the site file",
            ),
        }
    }
}

/// Why a cluster is not ours to touch.
fn foreign(cluster: &Value, site: &str) -> Option<String> {
    match tag(cluster, SITE_TAG) {
        Some(other) if other != site => Some(format!("of the site {:?}", shortened(other))),
        Some(_) if tag(cluster, RUN_TAG).is_some_and(|run| is_run_of(site, run)) => None,
        Some(_) if tag(cluster, RUN_TAG).is_some() => {
            Some(format!("whose tag {RUN_TAG} names no run of the site: a person has taken it over"))
        }
        _ if tag(cluster, RETIRED_TAG).is_some() => None,
        _ => Some(format!("that is not ours: it has no tag {RUN_TAG} with {SITE_TAG}, and no tag {RETIRED_TAG}")),
    }
}
