//! What a plan knows of its surroundings: it must not change while a run is under way, so it is read once, when the plan is
//! made.
use crate::resources::answers::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What neither the site nor a cluster tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Surroundings {
    /// The cloud, by the name that go-autorest has for it: `AzurePublicCloud`. Empty in plans of older releases.
    #[serde(default)]
    pub environment: String,
    /// The site's identities, by their names there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, Identity>,
    /// The name under which the old cluster issues the tokens of its pods. Empty where it does not, and in plans of older
    /// releases.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// That of what was found in the new slot, and makes room, where the site wants identities to trust its clusters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub leftover_issuer: String,
    /// The identities that Azure made for the clusters that were there, where the site wants roles copied: their object ids,
    /// and whose they are. What is taken back from those of a cluster that is gone goes by it.
    #[serde(default, skip_serializing_if = "Principals::is_empty")]
    pub principals: Principals,
}

/// Object ids of identities that Azure made, with whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principals {
    /// The old cluster's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub old: BTreeMap<String, String>,
    /// Those of what was found in the new slot, and makes room.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leftover: BTreeMap<String, String>,
}

impl Principals {
    fn is_empty(&self) -> bool {
        self.old.is_empty() && self.leftover.is_empty()
    }
}

impl Surroundings {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// A user-assigned identity, as Resource Manager shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its client id, a GUID.
    pub client_id: String,
    /// Its object id, to which roles are assigned.
    pub principal_id: String,
    /// The id of its directory.
    pub tenant_id: String,
}

impl Identity {
    /// The identity in an answer of `Microsoft.ManagedIdentity/userAssignedIdentities`.
    ///
    /// # Errors
    /// When it has no client id, no object id or no directory.
    pub fn read(answer: &Value) -> Result<Self, String> {
        let member = |name: &str| match text(answer, &format!("/properties/{name}")) {
            "" => Err(format!("the answer for the identity {} has no properties.{name}", text(answer, "/id"))),
            found => Ok(found.to_owned()),
        };
        let tenant_id = member("tenantId")?;
        Ok(Self { client_id: member("clientId")?, principal_id: member("principalId")?, tenant_id })
    }
}
