//! What keeps both clusters from being as large as the load wants, as far as that is known before there is a new one.
use super::judged::Judged;
use crate::run::Run;
use crate::site::Reconciled;
use crate::text::few;
use crate::workload::pins::{Counts, Planned, Scaled, planned, wishes};

/// So many workloads are named.
const NAMED: usize = 8;

/// What is to be said of how large both clusters will be kept: `of_old` is what sizes workloads in the serving cluster, `hour`
/// their largest counts within the last hour, `of_manifests` what will size them in the new one.
#[must_use]
pub fn judged(run: &Run, of_old: &Scaled, hour: &Counts, of_manifests: &Scaled) -> Judged {
    let Some(capacity) = run.plan.site.pins() else { return Judged::default() };
    let wanted = wishes(of_old, hour, |space| capacity.covers(space));
    let mut old = planned(of_old, &wanted, &run.id, false);
    old.beyond.extend(of_old.left_alone(|space| capacity.covers(space)).map(|(_, why)| why));
    let short = planned(of_manifests, &wanted, &run.id, true).short;
    let mut judged = Judged { refused: None, warnings: warnings(&old) };
    let mut refused = vec![];
    if !short.is_empty() {
        let remedy = "mend that in the manifests and publish the site, or lower the old cluster's maximum";
        refused.push(format!("the manifests allow fewer pods than users need now: {}; {remedy}", list(&short)));
    }
    if !old.reconciled.is_empty() {
        let what = "these minima should be larger until the upgrade is over, and their reconcilers would set them back";
        let what = format!("{what}: {}", old.reconciled.join("; "));
        match capacity.reconciled {
            Reconciled::Refuse => refused.push(format!(
                "{what}; put these lines into their repository, or \"reconciled\": \"leave\" into \"capacity\" in the site file"
            )),
            Reconciled::Leave => {
                judged.warnings.push(format!("capacity: {what}; they are left as they are, as the site says"));
            }
        }
    }
    judged.refused = (!refused.is_empty()).then(|| format!("capacity: {}", refused.join("; and ")));
    judged
}

/// What a person should know of the old cluster's own.
fn warnings(old: &Planned) -> Vec<String> {
    let mut warnings = vec![];
    if !old.short.is_empty() {
        warnings.push(format!("capacity: the old cluster may shrink while it is the way back: {}", list(&old.short)));
    }
    if !old.beyond.is_empty() {
        warnings.push(format!("capacity: not all is kept large: {}", list(&old.beyond)));
    }
    if !old.released.is_empty() {
        let what = "capacity: these minima are raised until the upgrade is over, and an upgrade of the Helm release that owns \
                    them would set them back";
        let remedy = "wait with it until then, or put these lines into its values";
        warnings.push(format!("{what}: {}; {remedy}", list(&old.released)));
    }
    warnings
}

fn list(lines: &[String]) -> String {
    few(lines, NAMED, "; ")
}
