//! Who looks, and as whom the function app acts.
use super::{Observed, Row};
use crate::resources::answers::text;
use serde_json::Value;

const CHECK: &str = "identity";

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let caller = match &seen.caller {
        Ok(claims) => Row::well(CHECK, format!("you are {}", who(claims))),
        Err(unread) => {
            Row::finding(CHECK, &unread.what, "sign in with `az login`, and choose the tenant with --tenant")
        }
    };
    let app = match seen.app.as_ref().map(|app| &app.app) {
        None => Row::skipped(CHECK, "no function app was named", "name it with --app RESOURCE-ID"),
        Some(Err(unread)) => Row::unread(CHECK, unread),
        Some(Ok(app)) => of_app(app),
    };
    vec![caller, app]
}

fn who(claims: &Value) -> String {
    let names = ["/upn", "/unique_name", "/preferred_username", "/app_displayname", "/appid", "/oid"];
    let name = names.iter().map(|name| text(claims, name)).find(|name| !name.is_empty()).unwrap_or("somebody");
    format!("{name} (object id {}) of the tenant {}", text(claims, "/oid"), text(claims, "/tid"))
}

fn of_app(app: &Value) -> Row {
    let name = text(app, "/name");
    let remedy = "give it the user-assigned identity that has the roles (az functionapp identity assign)";
    match principals(app)[..] {
        [] => Row::finding(CHECK, format!("the function app {name} has no identity"), remedy),
        ref all => Row::well(CHECK, format!("the function app {name} acts as {}", all.join(", "))),
    }
}

/// The object ids of the app's identities: the user-assigned ones, else its own.
#[must_use]
pub fn principals(app: &Value) -> Vec<&str> {
    let assigned = app.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    let assigned: Vec<_> = assigned.into_iter().flatten().map(|(_, identity)| text(identity, "/principalId")).collect();
    if !assigned.is_empty() {
        return assigned;
    }
    Some(text(app, "/identity/principalId")).filter(|id| !id.is_empty()).into_iter().collect()
}
