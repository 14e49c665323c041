//! The function app's settings: complete, and for the same store and bus as the operator's.
use super::{Observed, Row};
use crate::process::targets::targets;
use crate::resources::answers::{list, text};
use serde_json::{Map, Value, json};

const CHECK: &str = "settings";
/// Settings that the host or we cannot do without.
const NEEDED: [&str; 10] = [
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "ServiceBusConnection__fullyQualifiedNamespace",
    "ServiceBusConnection__credential",
    "ServiceBusConnection__clientId",
    "AZURE_CLIENT_ID",
    "SERVICE_BUS_RESOURCE_ID",
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
    rows.extend(unseen(settings));
    rows.push(told(settings));
    rows
}

/// Whom the functions tell over webhooks.
fn told(settings: &Value) -> Row {
    let look = "see that it is there, and that the functions' identity may read it";
    if is_secret(settings, "TELL") {
        return Row::skipped(CHECK, "whom the functions tell over webhooks (TELL) lies in a secret".to_owned(), look);
    }
    let given = |name| Some(value(settings, name)).filter(|value| !value.is_empty());
    match targets(given("TELL"), given("TELL_HOSTS")) {
        Err(wrong) => Row::finding(
            CHECK,
            format!("nobody is told over webhooks: {wrong}"),
            "see docs/operate.md, Who is told, and how",
        ),
        Ok(targets) if targets.is_empty() => {
            Row::well(CHECK, "nobody is told over webhooks (TELL): alert rules alone call people".to_owned())
        }
        Ok(targets) => {
            let hosts: Vec<_> = targets.iter().filter_map(|target| target.url.host_str()).collect();
            Row::well(CHECK, format!("people are told over webhooks at {}", hosts.join(", ")))
        }
    }
}

/// The settings of a function app on Container Apps: the environment of its container, in the form in which App Service
/// gives settings out. What refers to a secret of the app keeps its `secretRef` in place of the value.
#[must_use]
pub fn environment(app: &Value) -> Value {
    let container = list(app, "/properties/template/containers").first().unwrap_or(&Value::Null);
    let setting = |variable: &Value| {
        let value = match text(variable, "/secretRef") {
            "" => text(variable, "/value").into(),
            secret => json!({"secretRef": secret}),
        };
        (text(variable, "/name").to_owned(), value)
    };
    json!({"properties": list(container, "/env").iter().map(setting).collect::<Map<_, _>>()})
}

fn setting<'a>(settings: &'a Value, name: &str) -> Option<&'a Value> {
    let all = settings.get("properties").and_then(Value::as_object);
    Some(all?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1)
}

fn value<'a>(settings: &'a Value, name: &str) -> &'a str {
    setting(settings, name).filter(|setting| !is_reference(setting)).and_then(Value::as_str).unwrap_or_default()
}

fn is_secret(settings: &Value, name: &str) -> bool {
    setting(settings, name).is_some_and(is_reference)
}

/// Whether a setting only says where its value lies: in a secret of the container app, or in a key vault.
///
/// <https://learn.microsoft.com/azure/app-service/app-service-key-vault-references>
fn is_reference(setting: &Value) -> bool {
    setting.is_object() || setting.as_str().is_some_and(|text| text.starts_with("@Microsoft.KeyVault("))
}

fn missing(settings: &Value) -> Vec<Row> {
    let missing = NEEDED.into_iter().filter(|name| value(settings, name).is_empty() && !is_secret(settings, name));
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

/// What a secret stands for is there, and cannot be judged.
fn unseen(settings: &Value) -> Option<Row> {
    let unseen: Vec<_> = NEEDED.into_iter().filter(|name| is_secret(settings, name)).collect();
    (!unseen.is_empty()).then(|| {
        let what = format!("secrets, whose values are not shown, stand for {}", unseen.join(", "));
        Row::skipped(CHECK, what, "give it as a plain value: it is no secret")
    })
}

/// A connection string would be used in place of the identity.
fn secrets(settings: &Value) -> Option<Row> {
    let names = ["AzureWebJobsStorage", "ServiceBusConnection"];
    let is_given = |name: &&str| !value(settings, name).is_empty() || is_secret(settings, name);
    let found: Vec<_> = names.into_iter().filter(is_given).collect();
    (!found.is_empty()).then(|| {
        let what = format!("the app has a connection string in {}", found.join(" and "));
        Row::finding(CHECK, what, "delete it: identities are used, and it would go first")
    })
}
