//! The function app: itself, its settings, its host, and the roles of its identity.
use super::{Looked, refused, unread};
use crate::azure::arm::Question;
use crate::resources::answers::text;
use crate::survey::discovery::Looker;
use crate::survey::doctor::{App, SeenApp, environment, principals};
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The first that shows conditions.
const AUTHORIZATION: &str = "2022-04-01";
const CONTAINER_APPS: &str = "2026-01-01";
const WEB: &str = "2025-03-01";

impl Looker {
    pub(super) async fn app(&self, app: &App, subscriptions: &BTreeSet<String>) -> SeenApp {
        let id = app.id();
        let version = match app {
            App::Site(_) => WEB,
            App::Container(_) => CONTAINER_APPS,
        };
        let seen = self.arm.get(id, version).await.map_err(refused("Reader on the function app"));
        let seen = seen.map(|answer| answer.body);
        let (settings, host) = match app {
            App::Site(_) => (
                self.arm
                    .ask(Question::AppSettings, id, WEB)
                    .await
                    .map(|answer| answer.body)
                    .map_err(refused("Website Contributor on the function app")),
                self.host(id).await.map(Some),
            ),
            App::Container(_) => (seen.as_ref().map(environment).map_err(Clone::clone), Ok(None)),
        };
        let mut assignments = Ok(vec![]);
        for principal in seen.as_ref().map(principals).unwrap_or_default() {
            for subscription in subscriptions {
                let here = self.assignments(subscription, principal).await;
                match (here, &mut assignments) {
                    (Ok(here), Ok(all)) => all.extend(here),
                    (Err(why), _) => assignments = Err(why),
                    (Ok(_), Err(_)) => {}
                }
            }
        }
        let mut definitions = BTreeMap::new();
        for assignment in assignments.iter().flatten() {
            let id = text(assignment, "/properties/roleDefinitionId");
            if let Entry::Vacant(place) = definitions.entry(id.to_lowercase()) {
                let found = self.arm.get(id, AUTHORIZATION).await.map_err(refused("Reader on the subscription"));
                place.insert(found.map(|answer| answer.body));
            }
        }
        SeenApp { app: seen, settings, host, assignments, definitions }
    }

    /// What the Functions host says of itself: Resource Manager passes on what is asked below `hostruntime`. It is the
    /// action `Microsoft.Web/sites/hostruntime/host/read`, which Reader has.
    ///
    /// Source: `HostController.GetHostStatus` of azure-functions-host, and the list of Microsoft.Web's actions. The portal
    /// asks at `host/default/properties/status`, which has no action in that list.
    async fn host(&self, app: &str) -> Looked<Value> {
        let status = self.arm.get(&format!("{app}/hostruntime/admin/host/status"), WEB).await;
        // App Service also says `Forbidden` when the host does not answer: no role helps then.
        status.map(|answer| answer.body).map_err(|error| match error.code.as_str() {
            "AuthorizationFailed" => refused("Reader on the function app")(error),
            _ => unread(&error.to_string(), None),
        })
    }

    /// Those of its groups too, transitively: so says the documentation of the filter, for service principals as for users.
    ///
    /// <https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest>
    async fn assignments(&self, subscription: &str, principal: &str) -> Looked<Vec<Value>> {
        let id = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments");
        let url = format!("{}&$filter=assignedTo('{principal}')", self.arm.url(&id, AUTHORIZATION));
        self.arm.pages(url).await.map_err(refused("Reader on the subscription"))
    }
}
