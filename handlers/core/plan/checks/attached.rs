//! What hangs on the old cluster and is not carried: it is named, until the site says of its kind that others see to it.
use super::Finding;
use crate::plan::Plan;
use crate::resources::attached::Listed;

const SUBJECT: &str = "what hangs on the cluster";
/// So many of a kind are named.
const NAMED: usize = 3;

/// One finding for all: a run's journal is bounded, and every kind must be in it.
pub(super) fn check(plan: &Plan, listed: &[Listed]) -> Option<Finding> {
    let open: Vec<_> = listed.iter().filter(|listed| !plan.site.not_carried.contains(&listed.kind)).collect();
    let said: Vec<_> =
        open.iter().filter_map(|listed| Some(format!("{:?} ({})", listed.kind.name(), found(listed)?))).collect();
    let what = format!("the new cluster will not have what the old one has: {}", said.join(", "));
    let unseen = open.iter().any(|listed| listed.found.is_err());
    let look = if unseen {
        "; what cannot be seen wants the right to look (deploy infra/ anew), or the same consent"
    } else {
        ""
    };
    let remedy = format!(
        "see that others make it for each new cluster, or nobody needs it, and add these names to \"notCarried\" in the site \
         file{look}"
    );
    (!said.is_empty()).then(|| Finding::wrong(SUBJECT, what, remedy))
}

/// What was found of a kind, or that it cannot be seen; `None`: there is nothing.
#[must_use]
pub fn found(listed: &Listed) -> Option<String> {
    match &listed.found {
        Ok(names) if names.is_empty() => None,
        Ok(names) => {
            let more = names.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            Some(names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ") + &more)
        }
        Err(why) => Some(format!("cannot be seen: {why}")),
    }
}
