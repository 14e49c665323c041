//! Role assignments and definitions, as they are listed. Who may call is scripted beside it (`allow_only`).
use super::answers::{Answered, empty, filter};
use super::permissions::lies_within;
use super::place::{Place, key};
use super::{ResourceManager, plain, roles};
use crate::{Ask, answer::json, entra::Groups};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const NAMESPACE: &str = "microsoft.authorization";
pub(crate) const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
pub(crate) const DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";

impl ResourceManager {
    /// Takes over who belongs to which group.
    pub(crate) fn learn(&mut self, groups: &Groups) {
        self.groups = groups.clone();
    }

    /// A list of assignments goes up and down from where it is asked, unless the filter says `atScope()`; the rest is
    /// only kept and shown.
    pub(crate) fn answer_authorization(&mut self, ask: &Ask, place: &Place) -> Answered {
        let kind = place.kind();
        let is = |wanted: &str| kind.eq_ignore_ascii_case(wanted);
        if ask.method() == Method::DELETE && place.names_a_resource() && (is(ASSIGNMENTS) || is(DEFINITIONS)) {
            // With what was deleted (RoleAssignments_DeleteById): the SDKs read it.
            return Ok(self.store.remove(&key(&place.id())).map_or_else(|| empty(204), |gone| json(200, &gone)));
        }
        let is_list = is(ASSIGNMENTS) && !place.names_a_resource();
        let asks_for_role = is(DEFINITIONS) && ask.method() == Method::GET;
        if let Some(role) = roles::built_in(&place.id()).filter(|_| asks_for_role) {
            return Ok(json(200, &role));
        }
        if ask.method() != Method::GET || !is_list {
            return plain::answer(self, ask, place);
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
        let found: Vec<_> = self.store.of_kind("/", ASSIGNMENTS).filter(is_wanted).cloned().collect();
        Ok(json(200, &json!({"value": found})))
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
