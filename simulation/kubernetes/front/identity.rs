//! Pure: what others need to check the tokens of a cluster's ServiceAccounts.
use crate::ids::hex_of;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Whom tokens of ServiceAccounts are from and for.
pub(in crate::kubernetes) const ISSUER: &str = "https://kubernetes.default.svc";

/// `/.well-known/openid-configuration`.
pub(super) fn configuration(host: &str) -> Value {
    json!({
        "issuer": ISSUER, "jwks_uri": format!("https://{host}:443/openid/v1/jwks"),
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// `/openid/v1/jwks`: a key of the right form. A digest stands where its tokens' signature would be.
pub(super) fn keys(host: &str) -> Value {
    let modulus: String = (0..8).map(|part| hex_of(&format!("{host} key {part}"))).collect();
    let (modulus, id) = (&modulus.as_bytes()[..256], hex_of(&format!("{host} key")));
    json!({"keys": [{
        "use": "sig", "kty": "RSA", "kid": URL_SAFE_NO_PAD.encode(&id.as_bytes()[..32]), "alg": "RS256",
        "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB",
    }]})
}
