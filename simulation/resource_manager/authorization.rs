//! Who may do what: what a test allows, and role assignments and definitions, as they are listed and as they are enforced.
use super::answers::{Answered, Refusal, empty, filter, refuse};
use super::desk::Desk;
use super::kinds::{ASSIGNMENTS, DEFINITIONS, PERMISSIONS};
use super::permissions::{action, covered, lies_within};
use super::place::{Place, key};
use super::store::Store;
use super::{assignments, plain, roles};
use crate::entra::{Groups, claims};
use crate::{Ask, answer::json};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What decides whether a call is let in. The assignments themselves lie in the store.
#[derive(Default)]
pub(crate) struct Authorization {
    /// Pairs of a scope's id and what everybody may do there; `None`: everything.
    allowed: Option<Vec<(String, Vec<String>)>>,
    pub enforces_roles: bool,
    /// Whether nodes pull from the registries of this world only what they may.
    pub enforces_pulls: bool,
    groups: Groups,
}

impl Authorization {
    pub fn allow_only_at(&mut self, grants: Vec<(String, Vec<String>)>) {
        self.allowed = Some(grants);
    }

    /// Takes over who belongs to which group.
    pub fn learn(&mut self, groups: &Groups) {
        self.groups = groups.clone();
    }

    /// Refuses a call that its caller may not make. `counts`: what was assigned by then counts.
    pub fn hold(&self, store: &Store, ask: &Ask, place: &Place, counts: Timestamp) -> Result<(), Refusal> {
        if self.allowed.is_none() && !self.enforces_roles {
            return Ok(());
        }
        let Some(action) = action(ask.method(), place) else { return Ok(()) };
        let scope = if ask.method() == Method::POST { place.before_last() } else { place.id() };
        let may = |(at, actions): &(String, Vec<String>)| lies_within(&scope, at) && covered(actions, &action);
        let is_scripted = self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(may));
        if is_scripted && (!self.enforces_roles || assigned(store, ask, &scope, &action, counts)) {
            return Ok(());
        }
        Err(refuse(
            403,
            "AuthorizationFailed",
            format!(
                "The client 'bluegreen' with object id '22222222-2222-4222-8222-222222222222' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
            ),
        ))
    }

    /// A list of assignments goes up and down from where it is asked, unless the filter says `atScope()`; the rest is
    /// only kept and shown.
    pub fn answer(&self, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
        let kind = place.kind();
        let is = |wanted: &str| kind.eq_ignore_ascii_case(wanted);
        if ask.method() == Method::DELETE && place.names_a_resource() && (is(ASSIGNMENTS) || is(DEFINITIONS)) {
            // With what was deleted (RoleAssignments_DeleteById): the SDKs read it.
            return Ok(desk
                .registry
                .store
                .remove(&key(&place.id()))
                .map_or_else(|| empty(204), |gone| json(200, &gone)));
        }
        if ask.method() == Method::PUT && place.names_a_resource() && is(ASSIGNMENTS) {
            return assignments::put(desk, ask, place);
        }
        let is_list = is(ASSIGNMENTS) && !place.names_a_resource();
        let asks_for_role = is(DEFINITIONS) && ask.method() == Method::GET;
        if let Some(role) = roles::built_in(&place.id()).filter(|_| asks_for_role) {
            return Ok(json(200, &role));
        }
        if ask.method() == Method::GET && is(PERMISSIONS) && !place.names_a_resource() {
            return Ok(json(200, &json!({"value": self.permissions(desk, ask, &place.before_last())})));
        }
        if ask.method() != Method::GET || !is_list {
            return plain::answer(desk, ask, place);
        }
        let id = place.id().to_lowercase();
        let asked = id.rsplit_once("/providers/").map_or("", |(scope, _)| scope);
        let filter = filter(ask);
        let whose = self.whose(&filter);
        let is_wanted = |body: &&Value| {
            let scope = body["properties"]["scope"].as_str().unwrap_or_default();
            let above = lies_within(asked, scope);
            let inside = !filter.starts_with("atScope()") && lies_within(scope, asked);
            let principal = body["properties"]["principalId"].as_str().unwrap_or_default();
            (above || inside) && whose.as_ref().is_none_or(|whose| whose.contains(principal))
        };
        let found: Vec<_> = desk.registry.store.of_kind("/", ASSIGNMENTS).filter(is_wanted).cloned().collect();
        Ok(json(200, &json!({"value": found})))
    }

    /// What the caller may do at a scope, which is asked below it: `…/providers/Microsoft.Authorization/permissions`. A condition
    /// is not shown.
    ///
    /// <https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource>
    fn permissions(&self, desk: &Desk<'_>, ask: &Ask, asked: &str) -> Vec<Value> {
        let scope = asked.to_lowercase();
        let scope = scope.rsplit_once("/providers/").map_or("", |(scope, _)| scope);
        let given =
            |actions: &[String]| json!({"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []});
        if self.enforces_roles {
            let principal = caller(ask).unwrap_or_default();
            let theirs = roles_at(&desk.registry.store, &principal, scope, desk.now);
            return theirs.into_iter().flat_map(|role| of_role(&role)).collect();
        }
        match &self.allowed {
            None => vec![given(&["*".to_owned()])],
            Some(all) => {
                all.iter().filter(|(at, _)| lies_within(scope, at)).map(|(_, actions)| given(actions)).collect()
            }
        }
    }

    /// The principals that a filter asks for: `principalId eq` one alone, `assignedTo()` one with all its groups. `None`:
    /// everybody's.
    ///
    /// <https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest>
    fn whose<'a>(&'a self, filter: &'a str) -> Option<BTreeSet<&'a str>> {
        let principal = filter.split('\'').nth(1)?;
        let mut whose = match filter.contains("assignedTo(") {
            true => self.groups.of(principal),
            false => BTreeSet::new(),
        };
        whose.insert(principal);
        Some(whose)
    }
}

/// Whether an assignment of the caller, at the scope or above it, has a role with this action.
fn assigned(store: &Store, ask: &Ask, scope: &str, action: &str, counts: Timestamp) -> bool {
    caller(ask).is_some_and(|principal| may(store, &principal, scope, action, counts))
}

fn caller(ask: &Ask) -> Option<Value> {
    let token = ask.headers().get("authorization").and_then(|value| value.to_str().ok()?.split_once(' '));
    token.and_then(|(_, token)| claims(token)).map(|caller| Value::from(caller.principal))
}

/// The same of a principal. An assignment that was there from the beginning does not say when it was made.
pub(super) fn may(store: &Store, principal: &Value, scope: &str, action: &str, counts: Timestamp) -> bool {
    let texts = |permission: &Value, field: &str| -> Vec<String> {
        let all = permission[field].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    roles_at(store, principal, scope, counts).iter().any(|role| {
        of_role(role)
            .iter()
            .any(|it| covered(&texts(it, "actions"), action) && !covered(&texts(it, "notActions"), action))
    })
}

/// The definitions of a principal's roles at a scope or above it.
fn roles_at(store: &Store, principal: &Value, scope: &str, counts: Timestamp) -> Vec<Value> {
    let is_in_force = |assignment: &Value| {
        let made = assignment["createdOn"].as_str().and_then(|made| made.parse::<Timestamp>().ok());
        made.is_none_or(|made| made <= counts)
    };
    let theirs = store.of_kind("/", ASSIGNMENTS).map(|body| &body["properties"]).filter(|assignment| {
        let at = assignment["scope"].as_str().unwrap_or_default();
        assignment["principalId"] == *principal && lies_within(scope, at) && is_in_force(assignment)
    });
    let ids = theirs.filter_map(|assignment| assignment["roleDefinitionId"].as_str());
    ids.map(|id| store.get(&key(id)).cloned().or_else(|| roles::built_in(id)).unwrap_or_default()).collect()
}

fn of_role(definition: &Value) -> Vec<Value> {
    definition["properties"]["permissions"].as_array().cloned().unwrap_or_default()
}
