//! Which action a call needs, and whether it is allowed. Pure.
use super::place::{Place, key};
use crate::{Ask, hosts::host_of};
use http::Method;
use wildmatch::WildMatchPattern;

/// A pattern of actions: `*` stands for any text. What would stand for one letter is a sign that no action has.
type Pattern = WildMatchPattern<'*', '\0'>;

/// The action that a call needs (`Microsoft.Network/applicationGateways/write`); `None` when it is no Resource Manager call.
///
/// Only the call's own action: the linked ones (`subnets/join/action` of a gateway's PUT) are not known here.
#[must_use]
pub fn action_of(ask: &Ask) -> Option<String> {
    if !host_of(ask).to_lowercase().starts_with("management.") {
        return None;
    }
    action(ask.method(), &Place::of(ask.uri().path()))
}

pub(crate) fn action(method: &Method, place: &Place) -> Option<String> {
    let verb = match *method {
        Method::GET | Method::HEAD => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        Method::POST => "action",
        _ => return None,
    };
    place.subscription.as_ref()?;
    let Some(namespace) = &place.namespace else {
        let what = if place.group.is_some() { "subscriptions/resourceGroups" } else { "subscriptions" };
        return Some(format!("Microsoft.Resources/{what}/{verb}"));
    };
    if place.steps.is_empty() {
        return Some(format!("Microsoft.Resources/subscriptions/providers/{verb}"));
    }
    // The activity log is read through a path that is not made like the others.
    if namespace.eq_ignore_ascii_case("Microsoft.Insights") && place.steps[0].eq_ignore_ascii_case("eventtypes") {
        return Some("Microsoft.Insights/eventtypes/values/read".into());
    }
    Some(format!("{}/{verb}", place.kind()))
}

/// Whether one of the patterns covers the action: `*` stands for any text, case does not count.
pub(crate) fn covered(patterns: &[String], action: &str) -> bool {
    let action = action.to_lowercase();
    patterns.iter().any(|pattern| Pattern::new(&pattern.to_lowercase()).matches(&action))
}

/// Whether an id is this scope or lies below it. What is followed below a subscription's locations lies in no group.
pub(crate) fn lies_within(id: &str, scope: &str) -> bool {
    let (id, scope) = (key(id), key(scope));
    scope == "/" || id.strip_prefix(&scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
