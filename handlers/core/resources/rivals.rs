//! Listeners that take requests away from others without touching them: at the same frontend and port, for a host name that
//! the others have too, with a rule that counts first.
//!
//! <https://learn.microsoft.com/azure/application-gateway/multiple-site-overview#request-routing-rules-evaluation-order>
use crate::resources::answers::{name_of, same_name, text};
use crate::resources::gateway::Gateway;
use crate::resources::listening::{host_names, priority};
use serde_json::Value;
use std::collections::BTreeSet;
use wildmatch::WildMatch;

impl Gateway {
    /// Who comes before the listeners of these names, in words, in the order of their names.
    pub(super) fn rivals(&self, ours: &BTreeSet<String>) -> Vec<String> {
        let is_ours = |listener: &&Value| ours.contains(&text(listener, "/name").to_lowercase());
        let (ours, others): (Vec<_>, Vec<_>) = self.parts("httpListeners").iter().partition(is_ours);
        let comes_first = |rival: &&Value| {
            let place = self.place(rival);
            place.is_some() && ours.iter().any(|own| meets(own, rival) && place < self.place(own))
        };
        let mut rivals: Vec<_> = others.into_iter().filter(comes_first).map(in_words).collect();
        rivals.sort_unstable();
        rivals
    }

    /// Where a listener stands in the order in which they are asked: the lower the earlier. `None`: it has no rule, and takes
    /// nothing.
    fn place(&self, listener: &Value) -> Option<(u64, usize)> {
        let name = text(listener, "/name");
        let of = |rule: &&Value| same_name(name_of(text(rule, "/properties/httpListener/id")), name);
        let rules = self.parts("requestRoutingRules").iter().filter(of);
        let first = rules.map(priority).min();
        first.map(|first| (first, vagueness(listener)))
    }
}

/// Exact names come before patterns, and these before none.
fn vagueness(listener: &Value) -> usize {
    let names = host_names(listener);
    if names.is_empty() { 2 } else { usize::from(names.iter().all(|name| name.contains(['*', '?']))) }
}

/// Whether a request may be for both.
fn meets(one: &Value, other: &Value) -> bool {
    let same = |pointer: &str| same_name(name_of(text(one, pointer)), name_of(text(other, pointer)));
    let (ones, others) = (host_names(one), host_names(other));
    let fits = |pattern: &str, name: &str| WildMatch::new_case_insensitive(pattern).matches(name);
    let share = ones.is_empty()
        || others.is_empty()
        || ones.iter().any(|one| others.iter().any(|other| fits(one, other) || fits(other, one)));
    share && same("/properties/frontendPort/id") && same("/properties/frontendIPConfiguration/id")
}

fn in_words(listener: &Value) -> String {
    let (name, names) = (text(listener, "/name"), host_names(listener));
    if names.is_empty() { name.to_owned() } else { format!("{name} for {}", names.join(", ")) }
}
