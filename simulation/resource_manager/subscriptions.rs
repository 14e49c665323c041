//! Which subscriptions and resource groups there are.
use super::answers::{Refusal, refuse};
use super::place::{Place, key};
use super::store::Store;
use serde_json::json;
use std::collections::BTreeSet;

/// The subscriptions' ids in lower case. Their groups lie in the store.
#[derive(Default)]
pub(crate) struct Subscriptions(BTreeSet<String>);

impl Subscriptions {
    /// A subscription, empty if it is new.
    pub fn add(&mut self, id: &str) {
        self.0.insert(id.to_lowercase());
    }

    /// A resource group, with its subscription if that is new.
    pub fn add_group(&mut self, store: &mut Store, subscription: &str, name: &str, location: &str) {
        self.add(subscription);
        let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
        let body = json!({"location": location, "properties": {"provisioningState": "Succeeded"}});
        store.put(&id, body);
        if let Some(body) = store.get_mut(&key(&id)) {
            body["type"] = "Microsoft.Resources/resourceGroups".into();
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Refuses what lies in no known subscription or group.
    pub fn hold(&self, store: &Store, place: &Place) -> Result<(), Refusal> {
        let Some(subscription) = &place.subscription else { return Ok(()) };
        if !self.0.contains(&subscription.to_lowercase()) {
            let message = format!("The subscription '{subscription}' could not be found.");
            return Err(refuse(404, "SubscriptionNotFound", message));
        }
        let Some(group) = place.group.as_ref().filter(|_| place.namespace.is_some()) else { return Ok(()) };
        if store.get(&key(&format!("/subscriptions/{subscription}/resourceGroups/{group}"))).is_none() {
            let message = format!("Resource group '{group}' could not be found.");
            return Err(refuse(404, "ResourceGroupNotFound", message));
        }
        Ok(())
    }
}
