//! Function apps: kept and shown. Their settings are given out by an action alone, which readers may not call, and what
//! their hosts say of themselves is passed on.
use super::answers::{Answered, Refusal};
use super::desk::Desk;
use super::place::{Place, key};
use super::plain;
use crate::{Ask, answer::json, ids::hex_of};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The version of the Functions host whose behaviour was recorded.
pub(crate) const HOST_VERSION: &str = "4.1037.0.0";

/// What the Functions host of an app says of itself.
///
/// Source: `HostController.GetHostStatus` and `Models/HostStatus.cs` of azure-functions-host, and a recorded answer.
#[derive(Clone, Debug)]
pub struct HostStatus {
    /// `Running`; `Default`, `Starting` and `Initialized` before that; `Error`, `Offline`, `Stopping`, `Stopped`.
    pub state: String,
    /// The host's version, of four parts.
    pub version: String,
    /// Id and version of the extension bundle that it loaded; `None`: its `host.json` names none.
    pub extension_bundle: Option<(String, String)>,
    /// Why it does not run.
    pub errors: Vec<String>,
}

impl Default for HostStatus {
    /// As it was recorded: a host that runs, without a bundle.
    fn default() -> Self {
        let version = HOST_VERSION.to_owned();
        Self { state: "Running".into(), version, extension_bundle: None, errors: vec![] }
    }
}

/// What the Functions host of each app says, by the app's key; `None`: nobody answers for it.
#[derive(Default)]
pub(crate) struct Sites(BTreeMap<String, Option<HostStatus>>);

impl Sites {
    /// From now on the app's host says this of itself; `None`: it is down, and nobody answers for it.
    pub fn set_host_status(&mut self, app: &str, status: Option<HostStatus>) {
        self.0.insert(key(app), status);
    }

    /// A call about an app, its settings or its host.
    pub fn answer(&self, desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
        let steps: Vec<_> = place.steps.iter().skip(2).map(|step| step.to_lowercase()).collect();
        let steps: Vec<_> = steps.iter().map(String::as_str).collect();
        let group = place.group.clone().unwrap_or_default();
        let missing = || Refusal::not_found("Microsoft.Web/sites", &place.steps[1], &group);
        match (ask.method(), &steps[..]) {
            (&Method::POST, ["config", "appsettings", "list"]) => {
                let settings = desk.registry.store.get(&key(&place.before_last()));
                let mut shown = settings.ok_or_else(missing)?.clone();
                // They are no resource: nothing is provisioned.
                if let Some(properties) = shown["properties"].as_object_mut() {
                    properties.shift_remove("provisioningState");
                }
                Ok(json(200, &shown))
            }
            (&Method::GET, ["config", "appsettings"]) => Err(Refusal::method()),
            (&Method::GET, ["config"]) => Ok(json(200, &json!({"value": []}))),
            (&Method::GET, ["hostruntime", "admin", "host", "status"]) => {
                let id = place.id();
                let app = key(id.get(..id.len() - "/hostruntime/admin/host/status".len()).unwrap_or_default());
                let site = desk.registry.store.get(&app).ok_or_else(missing)?;
                let host = self.0.get(&app).cloned().unwrap_or_else(|| Some(HostStatus::default()));
                Ok(match host.filter(|_| site["properties"]["state"] != "Stopped") {
                    Some(status) => json(200, &shown(&app, &status)),
                    None => unreachable(),
                })
            }
            _ => plain::answer(desk, ask, place),
        }
    }
}

/// The host's own answer, passed on as it is: not in the form of a resource. An app that sleeps is woken by the question,
/// and its host may still be starting.
fn shown(app: &str, status: &HostStatus) -> Value {
    let HostStatus { state, version, extension_bundle, errors } = status;
    let mut shown = json!({
        "id": hex_of(app), "state": state, "version": version, "versionDetails": version,
        "platformVersion": "", "instanceId": "", "computerName": "", "processUptime": 16892,
    });
    if !errors.is_empty() {
        shown["errors"] = json!(errors);
    }
    shown["functionAppContentEditingState"] = "NotAllowed".into();
    // Only the job host knows it, and there is none yet in these states (`ScriptHostBuilderExtensions.cs`).
    let knows = !matches!(state.as_str(), "Default" | "Starting");
    if let Some((id, version)) = extension_bundle.as_ref().filter(|_| knows) {
        shown["extensionBundle"] = json!({"id": id, "version": version});
    }
    shown
}

/// How App Service says that an app's host does not answer. Its errors have no envelope.
///
/// Source: microsoft/fhir-cds-agent quotes the whole answer, for the keys of a host that was starting. For this path, and
/// for an app that is stopped, nothing is documented: some reports have `Forbidden` and `from extensions API` in it.
fn unreachable() -> crate::Reply {
    let message = "Encountered an error (ServiceUnavailable) from host runtime.";
    let details = json!([
        {"Message": message}, {"Code": "BadRequest"}, {"ErrorEntity": {"Code": "BadRequest", "Message": message}},
    ]);
    json(
        400,
        &json!({"Code": "BadRequest", "Message": message, "Target": null, "Details": details, "Innererror": null}),
    )
}
