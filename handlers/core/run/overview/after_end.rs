//! What to do after a run has ended. Pure.
use super::next::{Beside, Next, asked};
use super::serving::Serves;
use crate::run::{Ending, Run};
use crate::site::{Colour, OldCluster};

pub(super) fn after_end(site: &str, run: &Run, ending: Ending, beside: Beside) -> Vec<Next> {
    let show = Next::new(format!("bluegreen show {}", run.id), "what happened");
    let serving = Next::new(format!("bluegreen serving {site}"), "where to deploy from now on");
    let (old, new) = (run.plan.old, run.plan.new_colour());
    let serves_new = beside.serves.is_none_or(|serves| serves.alone() == Some(new));
    let returns = way_back_after(run, ending).filter(|_| serves_new && beside.old_exists != Some(false));
    let returns = returns.map(|command| Next::new(command, format!("back to {}, which was kept", old.name())));
    let is_new = match beside.serves {
        Some(Serves::Both | Serves::Neither) if ending != Ending::Upgraded => {
            let why = "neither colour serves alone and no run is under way, so none can start: all traffic goes there";
            let glass = |to: Colour| Next::new(format!("bluegreen break-glass {site} --to {}", to.name()), why);
            let both = [Some(glass(old)), run.moved.then(|| glass(new)), Some(show)];
            return both.into_iter().flatten().collect();
        }
        Some(serves) => serves.alone() == Some(new),
        None => run.moved && !run.step.undoes(),
    };
    if ending == Ending::Upgraded || is_new {
        return [Some(serving), returns, Some(show)].into_iter().flatten().collect();
    }
    let kind = asked(run.plan.kind, &run.plan.version.to_string());
    vec![show, Next::new(format!("bluegreen start {site}{kind}"), "again, once the cause is mended")]
}

/// The command that leads back after a run that ended so on the new cluster, where the old one was kept.
#[must_use]
pub fn way_back_after(run: &Run, ending: Ending) -> Option<String> {
    let leads_back = match ending {
        Ending::Upgraded => true,
        Ending::Finished => run.moved && !run.step.undoes(),
        Ending::Rejected | Ending::RolledBack => false,
    };
    let is_kept = run.plan.site.old_cluster != OldCluster::Delete;
    (leads_back && is_kept).then(|| format!("bluegreen start {} --kind return", run.plan.site.name))
}
