//! Function apps: kept and shown. Their settings are given out by an action alone, which readers may not call.
use super::answers::{Answered, Refusal};
use super::place::{Place, key};
use super::{ResourceManager, plain};
use crate::{Ask, answer::json};
use http::Method;
use serde_json::json;

pub(crate) const KIND: &str = "microsoft.web/sites";

impl ResourceManager {
    pub(crate) fn answer_site(&mut self, ask: &Ask, place: &Place) -> Answered {
        let steps: Vec<_> = place.steps.iter().skip(2).map(|step| step.to_lowercase()).collect();
        let steps: Vec<_> = steps.iter().map(String::as_str).collect();
        match (ask.method(), &steps[..]) {
            (&Method::POST, ["config", "appsettings", "list"]) => {
                let settings = self.store.get(&key(&place.before_last()));
                let group = place.group.clone().unwrap_or_default();
                let missing = || Refusal::not_found("Microsoft.Web/sites", &place.steps[1], &group);
                let mut shown = settings.ok_or_else(missing)?.clone();
                // They are no resource: nothing is provisioned.
                if let Some(properties) = shown["properties"].as_object_mut() {
                    properties.shift_remove("provisioningState");
                }
                Ok(json(200, &shown))
            }
            (&Method::GET, ["config", "appsettings"]) => Err(Refusal::method()),
            (&Method::GET, ["config"]) => Ok(json(200, &json!({"value": []}))),
            _ => plain::answer(self, ask, place),
        }
    }
}
