//! Tokens in the shape of JSON Web Tokens, with a digest where the signature would be. Pure.
use crate::ids::guid_of;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Whom it is for (`aud`): `https://management.azure.com`.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The directory (`tid`).
    #[serde(rename = "tid")]
    pub tenant: String,
    /// The client id of the identity (`appid`).
    #[serde(rename = "appid")]
    pub application: String,
    /// The identity's object id (`oid`), to which roles are assigned.
    #[serde(rename = "oid")]
    pub principal: String,
    /// When it was issued (`iat`), seconds since 1970.
    #[serde(rename = "iat")]
    pub issued: i64,
    /// When it ends (`exp`), seconds since 1970.
    #[serde(rename = "exp")]
    pub expires: i64,
}

impl Claims {
    pub(super) fn new(tenant: &str, application: &str, audience: &str, now: Timestamp, valid: SignedDuration) -> Self {
        Self {
            audience: audience.to_owned(),
            tenant: tenant.to_owned(),
            application: application.to_owned(),
            principal: principal_of(application),
            issued: now.as_second(),
            expires: now.as_second().saturating_add(valid.as_secs()),
        }
    }

    pub(super) fn token(&self, serial: usize) -> String {
        let head = part(&json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"}));
        let body = part(&json!({
            "aud": self.audience,
            "iss": super::old_issuer(&self.tenant),
            "iat": self.issued,
            "nbf": self.issued,
            "exp": self.expires,
            "appid": self.application,
            "idtyp": "app",
            "oid": self.principal,
            "sub": self.principal,
            "tid": self.tenant,
            "uti": format!("{serial:022}"),
            "ver": "1.0",
        }));
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{head}.{body}")));
        format!("{head}.{body}.{digest}")
    }
}

/// What a token of this simulation says; `None` for any other text.
#[must_use]
pub fn claims(token: &str) -> Option<Claims> {
    let (signed, digest) = token.rsplit_once('.')?;
    if BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(signed)) != digest {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()
}

/// The object id of the identity with this client id: always the same.
#[must_use]
pub fn principal_of(application: &str) -> String {
    guid_of(application)
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}
