//! Role assignments and definitions, as they are listed. Who may call is scripted beside it (`allow_only`).
use super::answers::{Answered, empty, filter};
use super::place::{Place, key};
use super::{ResourceManager, plain};
use crate::{Ask, answer::json};
use http::Method;
use serde_json::{Value, json};

pub(crate) const NAMESPACE: &str = "microsoft.authorization";
const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
const DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";

impl ResourceManager {
    /// A list of assignments goes up and down from where it is asked, unless the filter says `atScope()`; the rest is
    /// only kept and shown.
    pub(crate) fn answer_authorization(&mut self, ask: &Ask, place: &Place) -> Answered {
        let is_role = [ASSIGNMENTS, DEFINITIONS].iter().any(|kind| place.kind().eq_ignore_ascii_case(kind));
        if ask.method() == Method::DELETE && place.names_a_resource() && is_role {
            // With what was deleted (RoleAssignments_DeleteById): the SDKs read it.
            return Ok(self.store.remove(&key(&place.id())).map_or_else(|| empty(204), |gone| json(200, &gone)));
        }
        let is_list = place.kind().eq_ignore_ascii_case(ASSIGNMENTS) && !place.names_a_resource();
        if ask.method() != Method::GET || !is_list {
            return plain::answer(self, ask, place);
        }
        let id = place.id().to_lowercase();
        let asked = id.rsplit_once("/providers/").map_or("", |(scope, _)| scope);
        let filter = filter(ask);
        let principal = filter.split('\'').nth(1);
        let is_wanted = |body: &&Value| {
            let scope = body["properties"]["scope"].as_str().unwrap_or_default().to_lowercase();
            let above = lies_in(asked, &scope);
            let inside = !filter.starts_with("atScope()") && lies_in(&scope, asked);
            (above || inside) && principal.is_none_or(|id| body["properties"]["principalId"] == id)
        };
        let found: Vec<_> = self.store.of_kind("/", ASSIGNMENTS).filter(is_wanted).cloned().collect();
        Ok(json(200, &json!({"value": found})))
    }
}

fn lies_in(id: &str, scope: &str) -> bool {
    id.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
