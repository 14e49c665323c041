//! What an upgrade would write, in its order. Pure.
use crate::plan::checks::{Seen, Verdict};
use crate::plan::{Kind, Plan};
use crate::resources::answers::name_of;
use crate::site::{FailedCluster, OldCluster, Preset};
use crate::text::{few, plain};
use std::fmt::Write;

/// So many of a kind are named.
const NAMED: usize = 8;

/// Writes it as lines. Times are those that docs/fit.md gives.
pub(super) fn writes(text: &mut String, plan: &Plan, seen: &Seen, verdict: &Verdict) {
    let (new, old) = (name_of(&plan.new_slot().cluster), name_of(&plan.old_slot().cluster));
    let mut order = before_traffic(plan, seen, verdict);
    order.push(format!("{new} goes into the candidate pool {} (10 to 90 s)", plan.site.pools.candidate));
    let last = plan.stages.len().saturating_sub(1);
    for (index, stage) in plan.stages.iter().enumerate() {
        let behind = if index == last {
            format!(
                "; from then on the candidate pool, and whoever asks at its listener, has {old}, until RetireOldCluster"
            )
        } else {
            String::new()
        };
        order.push(format!("{} % of the traffic goes to {new} (10 to 90 s){behind}", stage.share));
    }
    let singletons: Vec<_> = plan.site.singletons_in(plan.old).iter().map(ToString::to_string).collect();
    if !singletons.is_empty() {
        order.push(format!(
            "what may run in one cluster only is stopped in {old}, then started in {new}: {}",
            some(&singletons)
        ));
    }
    order.push("the candidate pool is emptied".to_owned());
    order.push(match plan.site.old_cluster {
        OldCluster::Keep => format!("{old} runs on as it is"),
        OldCluster::ScaleDown => format!("{old} is scaled down"),
        OldCluster::Stop => format!("{old} is stopped"),
        OldCluster::Delete => format!("{old} is DELETED"),
    });
    for (index, what) in order.iter().enumerate() {
        let _ = writeln!(text, "{:<9} {}. {what}", if index == 0 { "writes" } else { "" }, index + 1);
    }
    let failed = match plan.site.failed_cluster {
        FailedCluster::Delete => "deleted",
        FailedCluster::Keep => "kept for diagnosis",
    };
    let _ = writeln!(text, "back      one write of the gateway (10 to 90 s); then {new} is {failed}");
}

fn before_traffic(plan: &Plan, seen: &Seen, verdict: &Verdict) -> Vec<String> {
    let new = name_of(&plan.new_slot().cluster);
    let mut order = vec![];
    if matches!(verdict, Verdict::Fine { delete_leftover: true }) {
        order.push(format!("the leftover {new} is deleted"));
    }
    order.push(match plan.kind {
        Kind::Return => format!("{new} is tagged, started and scaled up"),
        Kind::Upgrade | Kind::Replace => format!("{new} is made (5 to 20 min)"),
    });
    let (given, trusted) = (seen.given(plan), seen.trusted(plan));
    if !given.is_empty() {
        order.push(format!("roles are given to the identities of {new}: {}", some(&given)));
    }
    if !trusted.is_empty() {
        order.push(format!("federated credentials are made for {new}: {}", some(&trusted)));
    }
    order.push(format!("controllers and workloads are applied to {new}"));
    if plan.site.manifests().any(|manifest| manifest.preset == Some(Preset::Agic)) {
        order.push(
            "AGIC, the preset, is applied with 0 replicas and stays so: no step of this release starts it".to_owned(),
        );
    }
    if plan.site.prune && plan.kind == Kind::Return {
        order.push(format!("what earlier manifests have left in {new} is deleted there"));
    }
    order
}

fn some(texts: &[String]) -> String {
    plain(&few(texts, NAMED, "; ")).into_owned()
}
