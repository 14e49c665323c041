//! Pure: tokens of ServiceAccounts, in the form of JSON Web Tokens, with a digest where the signature would be.
use super::{AUTHENTICATED, User};
use crate::kubernetes::{front::ISSUER, store::Store};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A token of a ServiceAccount that ends at a moment.
pub(super) fn issue(account: &Value, audiences: &Value, now: Timestamp, ends: Timestamp) -> String {
    let metadata = &account["metadata"];
    let (space, name) = (&metadata["namespace"], &metadata["name"]);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({"alg": "RS256", "kid": "simulated"}));
    let body = part(&json!({
        "aud": audiences, "exp": ends.as_second(), "iat": now.as_second(), "nbf": now.as_second(), "iss": ISSUER,
        "kubernetes.io": {"namespace": space, "serviceaccount": {"name": name, "uid": metadata["uid"]}},
        "sub": format!("system:serviceaccount:{}:{}", space.as_str().unwrap_or_default(), name.as_str().unwrap_or_default()),
    }));
    let signed = format!("{head}.{body}");
    let digest = digest(&signed);
    format!("{signed}.{digest}")
}

/// The ServiceAccount whose token it is, while that is there and the token has not ended.
pub(super) fn account(store: &Store, token: &str, now: Timestamp) -> Option<User> {
    let (signed, given) = token.rsplit_once('.')?;
    let (_, body) = signed.split_once('.')?;
    let says: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    if says["iss"] != ISSUER || says["exp"].as_i64()? <= now.as_second() || given != digest(signed) {
        return None;
    }
    let name = says["sub"].as_str()?;
    let (space, account) = account_of(name)?;
    let uid = &store.get("serviceaccounts", space, account)?["metadata"]["uid"];
    (*uid == says["kubernetes.io"]["serviceaccount"]["uid"]).then(|| User {
        name: name.into(),
        uid: uid.as_str().unwrap_or_default().into(),
        groups: groups_of(name),
        of_azure: false,
    })
}

/// The namespace and the name of the ServiceAccount that a user is.
pub(super) fn account_of(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The groups that a user has by its name.
pub(super) fn groups_of(user: &str) -> Vec<String> {
    let Some((space, _)) = account_of(user) else { return vec![] };
    vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{space}"), AUTHENTICATED.into()]
}

fn digest(signed: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("serviceaccount {signed}")))
}
