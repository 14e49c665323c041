//! The identities that a new cluster gets anew, because Azure made the old one's: they have none of its roles.
use super::Finding;
use crate::plan::Plan;
use crate::plan::roles::made_anew;
use crate::resources::made::Made;
use serde_json::Value;

const SUBJECT: &str = "identities";

/// One finding for all: a run's journal is bounded, and every identity must be in it. Where the run gives them roles itself,
/// it is judged role by role.
pub(super) fn check(plan: &Plan, old: &Value) -> Option<Finding> {
    let made = made_anew(plan, old);
    if plan.site.grants_prepared || plan.site.copy_roles.is_some() || made.is_empty() {
        return None;
    }
    let named: Vec<_> = made.iter().map(|Made { whose, roles, .. }| format!("{whose} ({roles})")).collect();
    let what = format!(
        "Azure made identities for the old cluster, and others for the new one, without the roles that they usually need: {}",
        named.join(", ")
    );
    let better: Vec<_> = made.iter().map(|made| made.better).filter(|better| !better.is_empty()).collect();
    let better = if better.is_empty() { String::new() } else { format!("{}, or ", better.join(" and ")) };
    let remedy = format!(
        "{better}let the run give them the old ones' (\"copyRoles\": {{}}), or see that somebody gives each new cluster's their \
         roles before SyncWorkloads, and set \"grantsPrepared\": true in the site file"
    );
    Some(Finding::wrong(SUBJECT, what, remedy))
}
