//! PURE. The function app's settings: complete, and for the same store and bus as the operator's.
use super::{Observed, Row};
use serde_json::Value;

const CHECK: &str = "settings";
/// Settings that the host or we cannot do without.
const NEEDED: [&str; 9] = [
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "ServiceBusConnection__fullyQualifiedNamespace",
    "ServiceBusConnection__credential",
    "ServiceBusConnection__clientId",
    "AZURE_CLIENT_ID",
];

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let Some(app) = &seen.app else { return vec![] };
    let settings = match &app.settings {
        Ok(settings) => settings,
        Err(unread) => return vec![Row::unread(CHECK, unread)],
    };
    let mut rows = missing(settings);
    rows.extend(same(settings, "AzureWebJobsStorage__blobServiceUri", &seen.store));
    rows.extend(same(settings, "ServiceBusConnection__fullyQualifiedNamespace", &seen.bus));
    rows.extend(clients(settings));
    rows.extend(secrets(settings));
    if rows.is_empty() {
        rows.push(Row::well(CHECK, format!("the app has all {} that it needs", NEEDED.len())));
    }
    let package = "host.json and its extension bundle lie in the package, which Resource Manager does not show";
    rows.push(Row::skipped(CHECK, package, "expected is Microsoft.Azure.Functions.ExtensionBundle [4.31.0, 5.0.0)"));
    rows
}

fn value<'a>(settings: &'a Value, name: &str) -> &'a str {
    let all = settings.get("properties").and_then(Value::as_object);
    let found = all.into_iter().flatten().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str()).unwrap_or_default()
}

fn missing(settings: &Value) -> Vec<Row> {
    let missing = NEEDED.into_iter().filter(|name| value(settings, name).is_empty());
    missing
        .map(|name| {
            Row::finding(CHECK, format!("the app's setting {name} is missing"), "see local.settings.example.json")
        })
        .collect()
}

fn same(settings: &Value, name: &str, ours: &str) -> Option<Row> {
    let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
    let theirs = value(settings, name);
    if theirs.is_empty() || bare(theirs) == bare(ours) {
        return None;
    }
    let what = format!("{name} is {ours:?} here, and {theirs:?} in the app");
    Some(Row::finding(CHECK, what, "use the app's: what is published or requested here would never be seen there"))
}

/// The host and we act as the same identity: it is the one that has the roles.
fn clients(settings: &Value) -> Option<Row> {
    let names = ["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId", "ServiceBusConnection__clientId"];
    let ids = names.map(|name| value(settings, name)).into_iter().filter(|id| !id.is_empty());
    let ids: std::collections::BTreeSet<_> = ids.map(str::to_lowercase).collect();
    (ids.len() > 1).then(|| {
        let what = format!("{} do not name the same identity", names.join(", "));
        Row::finding(CHECK, what, "let all three be the client id of the identity that has the roles")
    })
}

/// A connection string would be used in place of the identity.
fn secrets(settings: &Value) -> Option<Row> {
    let names = ["AzureWebJobsStorage", "ServiceBusConnection"];
    let found: Vec<_> = names.into_iter().filter(|name| !value(settings, name).is_empty()).collect();
    (!found.is_empty()).then(|| {
        let what = format!("the app has a connection string in {}", found.join(" and "));
        Row::finding(CHECK, what, "delete it: identities are used, and it would go first")
    })
}
