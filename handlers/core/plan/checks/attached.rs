//! What hangs on the old cluster and is not carried: each kind is named, until the site says that others see to it.
use super::Finding;
use crate::plan::Plan;
use crate::resources::attached::Listed;

const SUBJECT: &str = "what hangs on the cluster";
/// So many of a kind are named.
const NAMED: usize = 5;

pub(super) fn check(plan: &Plan, listed: &[Listed]) -> Vec<Finding> {
    let open = listed.iter().filter(|listed| !plan.site.not_carried.contains(&listed.kind));
    open.filter_map(|listed| {
        let (_, without) = listed.kind.in_words();
        let kind = listed.kind.name();
        let remedy = match listed.found {
            Ok(_) => format!("see that others make them for each new cluster, or do without, and add {kind:?} to \"notCarried\" in the site file"),
            Err(_) => format!("give the right to look (deploy the roles of infra/ anew), or add {kind:?} to \"notCarried\" in the site file"),
        };
        Some(Finding::wrong(SUBJECT, format!("{}: without them {without}", said(listed)?), remedy))
    })
    .collect()
}

/// What was found of a kind, in words; `None`: there is nothing.
#[must_use]
pub fn said(listed: &Listed) -> Option<String> {
    let (words, _) = listed.kind.in_words();
    match &listed.found {
        Ok(names) if names.is_empty() => None,
        Ok(names) => {
            let more = names.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let names = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            Some(format!("the old cluster has {words} ({names}{more}), and the new one will not"))
        }
        Err(why) => Some(format!(
            "whether the old cluster has {words}, which the new one would not have, cannot be seen ({why})"
        )),
    }
}
