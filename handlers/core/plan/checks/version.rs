//! The region offers the version, and the kind of replacement allows it.
use super::{Finding, Seen};
use crate::plan::versions::{Offered, Support};
use crate::plan::{Kind, Plan, Version};
use crate::resources::answers::{shortened, text};
use serde_json::Value;

const SUBJECT: &str = "version";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Vec<Finding> {
    // A cluster that exists need not be created: its version may have left the list long ago.
    let Some(old) = &seen.old_cluster else { return Vec::new() };
    let by_kind = match plan.kind {
        Kind::Return => return kept(plan, seen.new_cluster.as_ref()).into_iter().collect(),
        Kind::Upgrade | Kind::Replace => compared(plan, old),
    };
    by_kind.into_iter().chain(offered(plan, seen, old)).collect()
}

fn version_of(cluster: &Value) -> Result<Version, String> {
    let current = text(cluster, "/properties/currentKubernetesVersion");
    // Clusters of old api-versions answer only what was asked for.
    let asked = text(cluster, "/properties/kubernetesVersion");
    if current.is_empty() { asked.parse() } else { current.parse() }
}

fn compared(plan: &Plan, old: &Value) -> Option<Finding> {
    let (id, wanted) = (&plan.old_slot().cluster, plan.version);
    let old = match version_of(old) {
        Ok(old) => old,
        Err(why) => {
            let what = format!("the version of {id} cannot be read: {why}");
            return Some(Finding::wrong(SUBJECT, what, "look at the cluster's currentKubernetesVersion"));
        }
    };
    match plan.kind {
        Kind::Upgrade if wanted <= old => {
            let what = format!("an upgrade must go to a newer version, but {id} has {old} and the plan says {wanted}");
            let remedy = "choose a newer version, or the kind \"replace\" for a new cluster of the same version";
            Some(Finding::wrong(SUBJECT, what, remedy))
        }
        Kind::Replace if wanted != old => {
            let what = format!("a replacement keeps the version, but {id} has {old} and the plan says {wanted}");
            Some(Finding::wrong(SUBJECT, what, "request the same version, or the kind \"upgrade\" for a newer one"))
        }
        Kind::Upgrade | Kind::Replace | Kind::Return => None,
    }
}

fn kept(plan: &Plan, kept: Option<&Value>) -> Option<Finding> {
    let version = version_of(kept?);
    if version.as_ref() == Ok(&plan.version) {
        return None;
    }
    let has = version.map_or_else(|why| why, |version| version.to_string());
    let (id, planned) = (&plan.new_slot().cluster, plan.version);
    let what = format!("the way back was planned to {id} with version {planned}, but it has {has}");
    Some(Finding::wrong(SUBJECT, what, "request the return again, so that it is planned anew"))
}

fn offered(plan: &Plan, seen: &Seen, old: &Value) -> Option<Finding> {
    let offered = match Offered::read(&seen.offered) {
        Ok(offered) => offered,
        Err(why) => return Some(Finding::unsettled(SUBJECT, why, "asking again")),
    };
    let version = plan.version;
    let region = shortened(text(old, "/location"));
    let choose = |rest: &str| format!("choose one of {}{rest}", offered.in_words());
    let Some(found) = offered.find(version) else {
        let what = format!("{version} is expected to be offered in {region}, but is not");
        return Some(Finding::wrong(SUBJECT, what, choose("")));
    };
    // A cluster that is a preview already may be replaced by another.
    let old_is_preview = version_of(old).ok().and_then(|old| offered.find(old)).is_some_and(|old| old.preview);
    if found.preview && !old_is_preview {
        let what = format!("{version} is a preview in {region}, and the old cluster is none");
        return Some(Finding::wrong(SUBJECT, what, choose(" that is no preview")));
    }
    let support = Support::after(old, &plan.site.changes(plan.new_colour()));
    if found.long_term_only && support == Support::Usual {
        let what =
            format!("{version} is offered in {region} for long-term support only, which the old cluster has not");
        return Some(Finding::wrong(SUBJECT, what, choose(", or switch long-term support on at the old cluster")));
    }
    (found.no_long_term && support == Support::LongTerm).then(|| {
        let what =
            format!("{version} is offered in {region} without long-term support, which the new cluster would have");
        let remedy = choose(", or set \"supportPlan\": \"KubernetesOfficial\" in \"clusterChanges\"");
        Finding::wrong(SUBJECT, what, remedy)
    })
}
