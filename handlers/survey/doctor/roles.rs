//! The app's identity may do what it must, where it must: its role assignments against `infra/actions.json`.
use super::{Observed, Row, SeenApp, SeenSite};
use crate::plan::roles::GIVES;
use crate::resources::answers::{lies_in, list, shortened, text};
use crate::resources::permissions::allow;
use needs::{Need, needs};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

mod needs;

const CHECK: &str = "roles";

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let Some(app) = &seen.app else { return vec![] };
    let assignments = match &app.assignments {
        Ok(assignments) => assignments,
        Err(unread) => return vec![Row::unread(CHECK, unread)],
    };
    let unread: Vec<_> = app.definitions.values().filter_map(|definition| definition.as_ref().err()).collect();
    if let Some(unread) = unread.first() {
        return vec![Row::unread(CHECK, unread)];
    }
    let mut lacking: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    let mut conditional: BTreeMap<&str, (&Value, BTreeSet<String>)> = BTreeMap::new();
    let needs = needs(seen);
    let (asked, mut unsure) = (needs.len(), 0);
    for need in needs {
        let giving = giving(app, assignments, &need);
        let Need { action, scope, functions, roles, .. } = need;
        let Some(first) = giving.first() else {
            let for_whom = if functions.is_empty() { String::new() } else { format!(" ({functions})") };
            let (actions, of_roles) = lacking.entry(scope).or_default();
            actions.insert(format!("{action}{for_whom}"));
            of_roles.extend(roles);
            continue;
        };
        if giving.iter().all(|assignment| has_condition(assignment)) {
            unsure += 1;
            conditional.entry(text(first, "/id")).or_insert((first, BTreeSet::new())).1.insert(action);
        }
    }
    let mut rows: Vec<_> =
        lacking.iter().map(|(scope, (actions, roles))| self::lacking(scope, actions, roles)).collect();
    if rows.is_empty() {
        let so_far = if unsure > 0 { format!(", {unsure} of them under a condition") } else { String::new() };
        let what = format!("the app's identity has all {asked} rights that it needs, where it needs them{so_far}");
        rows.push(Row::well(CHECK, what));
    }
    rows.extend(conditional.values().map(|(assignment, actions)| unsure_of(app, assignment, actions)));
    rows.extend(gives_nowhere(seen, app, assignments));
    rows
}

/// Sites whose runs give roles, where the functions may give none anywhere. Whether they may where it is needed the plan alone
/// knows: `CheckPlan` asks.
fn gives_nowhere(seen: &Observed, app: &SeenApp, assignments: &[Value]) -> Option<Row> {
    let wants = |seen: &&SeenSite| seen.site.as_ref().is_ok_and(|site| site.copy_roles.is_some());
    let names: Vec<_> = seen.sites.iter().flatten().filter(wants).map(|seen| seen.name.as_str()).collect();
    let gives = |assignment: &Value| {
        let id = text(assignment, "/properties/roleDefinitionId").to_lowercase();
        let definition = app.definitions.get(&id).and_then(|found| found.as_ref().ok());
        definition.is_some_and(|definition| GIVES.iter().all(|action| allows(definition, action, false)))
    };
    let lacks = !names.is_empty() && !assignments.iter().any(gives);
    lacks.then(|| {
        let what = format!("{}: \"copyRoles\" is wanted, and the app's identity may give roles nowhere", names.join(", "));
        let remedy = "name the groups of what the old cluster's identities use in copiedRoleGroupIds of infra/, and deploy; or \
                      take \"copyRoles\" out";
        Row::finding(CHECK, what, remedy)
    })
}

fn joined(all: &BTreeSet<String>, by: &str) -> String {
    all.iter().map(String::as_str).collect::<Vec<_>>().join(by)
}

fn lacking(scope: &str, actions: &BTreeSet<String>, roles: &BTreeSet<String>) -> Row {
    let what = format!("on {scope} the app's identity lacks {}", joined(actions, "; "));
    // A managed identity's token lives for a day, and says to which groups it belonged when it was issued.
    let wait = "It takes up to 30 min until it counts, and through a group up to a day";
    Row::finding(CHECK, what, format!("assign there: {}. {wait}", joined(roles, " and ")))
}

/// A condition is a program about the single call: what it lets through can only be known from the call.
fn unsure_of(app: &SeenApp, assignment: &Value, actions: &BTreeSet<String>) -> Row {
    let at = |member: &str| text(assignment, &format!("/properties/{member}"));
    let definition = app.definitions.get(&at("roleDefinitionId").to_lowercase());
    let role =
        definition.and_then(|found| found.as_ref().ok()).map_or("the role", |role| text(role, "/properties/roleName"));
    let what = format!(
        "on {} the app's identity has {} only where a condition holds, which is not judged here: {}",
        at("scope"),
        joined(actions, "; "),
        shortened(at("condition"))
    );
    Row::skipped(CHECK, what, format!("see that the condition lets this through, or assign {role} without one"))
}

fn has_condition(assignment: &Value) -> bool {
    !text(assignment, "/properties/condition").is_empty()
}

/// The assignments at the place, or above it, whose role has this right.
fn giving<'a>(app: &SeenApp, assignments: &'a [Value], need: &Need) -> Vec<&'a Value> {
    let above = assignments.iter().filter(|assignment| reaches(text(assignment, "/properties/scope"), &need.scope));
    let gives = |assignment: &&Value| {
        let id = text(assignment, "/properties/roleDefinitionId").to_lowercase();
        let definition = app.definitions.get(&id).and_then(|found| found.as_ref().ok());
        definition.is_some_and(|definition| allows(definition, &need.action, need.data))
    };
    above.filter(gives).collect()
}

/// Whether what is given at a scope counts here. A management group lies above the subscription that listed it.
fn reaches(scope: &str, here: &str) -> bool {
    lies_in(here, scope) || lies_in(scope, "/providers/Microsoft.Management/managementGroups")
}

fn allows(definition: &Value, action: &str, data: bool) -> bool {
    allow(list(definition, "/properties/permissions"), action, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_above_counts_and_what_is_given_elsewhere_does_not() {
        let here = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw";
        for (scope, counts) in [
            ("/", true),
            ("/providers/Microsoft.Management/managementGroups/landing-zone", true),
            ("/SUBSCRIPTIONS/s", true),
            ("/subscriptions/s/resourceGroups/g", true),
            ("/subscriptions/s/resourceGroups/g2", false),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw-2", false),
        ] {
            assert_eq!(reaches(scope, here), counts, "{scope}");
        }
    }
}
