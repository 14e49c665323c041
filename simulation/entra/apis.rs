//! APIs of one's own, as applications of the directory: tokens for them are signed, and carry the roles that somebody has.
//! Pure.
//! <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
use super::{Claims, Entra};
use crate::ids::{TENANT, guid_of};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The Azure CLI, with which people ask for tokens.
const CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// An application that others ask tokens for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its client id: the audience of its tokens of version 2.
    pub client: String,
    /// Its App ID URI: the audience of its tokens of version 1.
    pub uri: String,
    /// Whether it takes tokens of version 2 (`requestedAccessTokenVersion`).
    pub takes_version_2: bool,
}

/// Which APIs there are, and who has which of their roles.
#[derive(Clone, Debug, Default)]
pub struct Apis {
    all: Vec<Api>,
    assigned: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Apis {
    fn of(&self, audience: &str) -> Option<&Api> {
        self.all.iter().find(|api| api.client == audience || api.uri == audience)
    }

    fn roles(&self, api: &Api, principal: &str) -> Vec<&String> {
        let assigned = self.assigned.get(&(api.client.clone(), principal.to_owned()));
        assigned.into_iter().flatten().collect()
    }
}

impl Entra {
    /// Makes an API known; one with its client id is replaced.
    pub fn expose(&mut self, api: Api) {
        self.apis.all.retain(|known| known.client != api.client);
        self.apis.all.push(api);
    }

    /// Assigns a role of an API, by its client id or URI, to somebody. Of an unknown API there is nothing to assign.
    pub fn assign(&mut self, api: &str, principal: &str, role: &str) {
        let client = self.apis.of(api).map(|api| api.client.clone());
        if let Some(client) = client {
            self.apis.assigned.entry((client, principal.to_owned())).or_default().insert(role.to_owned());
        }
    }

    /// What a token of a person for an API says, who signed in by the Azure CLI; `None`: there is no such API. The
    /// person's object id is `principal_of` their name.
    #[must_use]
    pub fn claims_of(&self, person: &str, api: &str, authority: &str, now: Timestamp) -> Option<Value> {
        let api = self.apis.of(api)?;
        let principal = guid_of(person);
        let mut claims = self.claims_for(api, &principal, authority, now);
        let own = if api.takes_version_2 {
            json!({"azp": CLI, "azpacr": "0", "preferred_username": person})
        } else {
            json!({"appid": CLI, "appidacr": "0", "unique_name": person, "upn": person})
        };
        add(&mut claims, &own);
        add(&mut claims, &json!({"name": person, "scp": "user_impersonation"}));
        Some(claims)
    }

    /// A token of a person for an API.
    #[must_use]
    pub fn token_of(&self, person: &str, api: &str, authority: &str, now: Timestamp) -> Option<String> {
        Some(self.signing.sign(&self.claims_of(person, api, authority, now)?))
    }

    /// A token of an application for an API; `None`: the audience is none of them.
    pub(super) fn application_token(&self, of: &Claims, authority: &str, now: Timestamp) -> Option<String> {
        let api = self.apis.of(&of.audience)?;
        let mut claims = self.claims_for(api, &of.principal, authority, now);
        let named = if api.takes_version_2 { "azp" } else { "appid" };
        add(
            &mut claims,
            &json!({named: of.application, format!("{named}acr"): "1", "idtyp": "app", "exp": of.expires}),
        );
        Some(self.signing.sign(&claims))
    }

    fn claims_for(&self, api: &Api, principal: &str, authority: &str, now: Timestamp) -> Value {
        let now = now.as_second();
        let (audience, issuer, version) = if api.takes_version_2 {
            (&api.client, format!("{authority}/{TENANT}/v2.0"), "2.0")
        } else {
            (&api.uri, super::old_issuer(TENANT), "1.0")
        };
        let mut claims = json!({"aud": audience, "iss": issuer, "iat": now, "nbf": now, "exp": now + 4500,
            "oid": principal, "sub": principal, "tid": TENANT, "uti": "simulated", "ver": version});
        let roles = self.apis.roles(api, principal);
        // Whoever has none has no such claim.
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        claims
    }
}

fn add(claims: &mut Value, more: &Value) {
    if let (Some(claims), Some(more)) = (claims.as_object_mut(), more.as_object()) {
        claims.extend(more.clone());
    }
}
