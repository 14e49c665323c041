//! Token endpoints: managed identity (IMDS and App Service) and Entra ID. Pure.
mod apis;
mod groups;
mod login;
mod signing;
mod tokens;

pub use crate::ids::TENANT;
pub use apis::{Api, Apis};
pub use groups::Groups;
pub use signing::Signing;
pub use tokens::{Claims, claims, principal_of};

use crate::{Ask, Reply, answer::json};
use axum::extract::Query;
use http::{Method, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who got which token, and how long tokens last.
pub struct Entra {
    /// How long a managed identity's token is valid (24 h unless changed).
    pub managed_identity_lifetime: SignedDuration,
    /// How long an application's token is valid (1 h unless changed).
    pub application_lifetime: SignedDuration,
    /// Who belongs to which group.
    pub groups: Groups,
    /// The keys that sign tokens for APIs of one's own.
    pub signing: Signing,
    apis: Apis,
    issued: Vec<Claims>,
}

impl Default for Entra {
    fn default() -> Self {
        Self {
            managed_identity_lifetime: SignedDuration::from_hours(24),
            application_lifetime: SignedDuration::from_hours(1),
            groups: Groups::default(),
            signing: Signing::default(),
            apis: Apis::default(),
            issued: Vec::new(),
        }
    }
}

impl Entra {
    /// Answers a call to a token endpoint.
    pub fn respond(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        match ask.uri().path().trim_end_matches('/') {
            "/metadata/identity/oauth2/token" => self.instance_metadata(ask, now),
            "/msi/token" => self.app_service(ask, now),
            _ => self.login(ask, now),
        }
    }

    /// Every token so far, the oldest first.
    #[must_use]
    pub fn issued(&self) -> &[Claims] {
        &self.issued
    }

    /// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>
    fn instance_metadata(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        let said = ask.headers().get("metadata").and_then(|value| value.to_str().ok());
        if !said.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || ask.headers().contains_key("x-forwarded-for")
        {
            return refuse(400, "Required metadata header not specified");
        }
        self.managed_identity(ask, now)
    }

    /// <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>
    fn app_service(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        // The header proves that the caller can read the environment of the app. Its value is the app's own affair.
        if ask.headers().get("x-identity-header").is_none_or(http::HeaderValue::is_empty) {
            return refuse(401, "The X-IDENTITY-HEADER header is missing");
        }
        self.managed_identity(ask, now)
    }

    fn managed_identity(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        if ask.method() != Method::GET {
            return json(405, &Value::Null);
        }
        let query = pairs(ask.uri());
        let asked = |name: &str| query.get(name).filter(|value| !value.is_empty());
        if asked("api-version").is_none() {
            return refuse(400, "Required query variable 'api-version' is missing");
        }
        let Some(resource) = asked("resource") else {
            return refuse(400, "Required query variable 'resource' is missing");
        };
        let names = ["client_id", "object_id", "principal_id", "msi_res_id", "mi_res_id"];
        let Some(identity) = names.into_iter().find_map(asked) else {
            // There is no system-assigned identity here: the product runs with one of its own.
            return refuse(400, "Identity not found");
        };
        let claims = Claims::new(TENANT, identity, resource, now, self.managed_identity_lifetime);
        let token = self.issue(claims.clone());
        let left = (claims.expires - claims.issued).to_string();
        // Numbers as text: the SDKs insist on it.
        json(
            200,
            &json!({
                "access_token": token,
                "client_id": claims.application,
                "expires_in": left,
                "expires_on": claims.expires.to_string(),
                "ext_expires_in": left,
                "not_before": claims.issued.to_string(),
                "resource": resource,
                "token_type": "Bearer",
            }),
        )
    }

    fn issue(&mut self, claims: Claims) -> String {
        // A counter keeps two tokens of the same second apart.
        let token = claims.token(self.issued.len());
        self.issued.push(claims);
        token
    }
}

/// The issuer of tokens of version 1.
fn old_issuer(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

fn refuse(status: u16, description: &str) -> Reply {
    json(status, &json!({"error": "invalid_request", "error_description": description}))
}

/// The decoded pairs of a query; none when it cannot be read.
fn pairs(uri: &Uri) -> BTreeMap<String, String> {
    Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}
