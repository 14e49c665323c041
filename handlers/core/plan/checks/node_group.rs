//! The new cluster's nodes get a resource group of their own, of a name that Azure takes and nobody has.
use super::addresses::planned_cluster;
use super::{Finding, Seen};
use crate::plan::{Kind, Plan};
use crate::resources::answers::{name_of, same_name, shortened, text};
use serde_json::Value;

const SUBJECT: &str = "group for nodes";
/// Azure refuses longer ones, in letters.
const LONGEST: usize = 80;
/// The names that AKS gives begin so.
const USUAL: &str = "MC_";

pub(super) fn check(plan: &Plan, seen: &Seen) -> Option<Finding> {
    let old = seen.old_cluster.as_ref()?;
    let (name, is_usual) = name(plan, seen)?;
    let length = name.chars().count();
    let name_it =
        format!("name one as \"nodeResourceGroup\" of the {} slot in the site file", plan.new_colour().name());
    if length > LONGEST {
        let what =
            format!("the new cluster's nodes would get the group {name}, of {length} letters: Azure allows {LONGEST}");
        return Some(Finding::wrong(SUBJECT, what, format!("{name_it}, or choose shorter names")));
    }
    let olds = text(old, "/properties/nodeResourceGroup");
    let begins = olds.get(..USUAL.len()).is_some_and(|start| same_name(start, USUAL));
    if is_usual && !olds.is_empty() && !begins {
        let olds = shortened(olds);
        let what = format!(
            "the old cluster's nodes lie in {olds}, a group of your own naming, and the new one's would in {name}"
        );
        return Some(Finding::wrong(SUBJECT, what, format!("{name_it}: another, or this one, if it is meant")));
    }
    if same_name(&name, olds) {
        let what = format!("the new cluster's nodes would get the group {}, which is the old one's", shortened(&name));
        return Some(Finding::wrong(
            SUBJECT,
            what,
            format!("{name_it}, or use ${{slot.colour}} in \"clusterChanges\""),
        ));
    }
    // A leftover is deleted first, and its group with it.
    let leftovers = seen.new_cluster.as_ref().map_or("", |found| text(found, "/properties/nodeResourceGroup"));
    (seen.node_group_exists == Some(true) && !same_name(&name, leftovers)).then(|| {
        let what = format!(
            "the group {} exists: AKS makes the group for nodes, and refuses one that is there",
            shortened(&name)
        );
        Finding::wrong(SUBJECT, what, format!("delete it, or {name_it}"))
    })
}

/// The id of the group that the new cluster's nodes will get; `None`: no cluster is made, or nobody can tell.
pub(super) fn id(plan: &Plan, seen: &Seen) -> Option<String> {
    let (name, _) = name(plan, seen)?;
    let subscription = plan.new_slot().cluster.split('/').nth(2)?;
    Some(format!("/subscriptions/{subscription}/resourceGroups/{name}"))
}

/// Its name, and whether AKS gives it.
fn name(plan: &Plan, seen: &Seen) -> Option<(String, bool)> {
    if plan.kind == Kind::Return {
        return None;
    }
    let planned = planned_cluster(plan, seen)?;
    let named = text(&planned, "/properties/nodeResourceGroup");
    if !named.is_empty() {
        return Some((named.to_owned(), false));
    }
    let cluster = &plan.new_slot().cluster;
    let group = cluster.split('/').nth(4)?;
    Some((format!("{USUAL}{group}_{}_{}", name_of(cluster), region(&planned)), true))
}

fn region(cluster: &Value) -> String {
    text(cluster, "/location").replace(' ', "").to_lowercase()
}
