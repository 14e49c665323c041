//! Who may use the REST face: whoever shows a bearer token, or a signature by a shared access key. Pure.
use super::wire;
use crate::{
    Ask,
    hosts::{CallersTime, Origin, host_of},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::collections::BTreeMap;

/// Why nothing is done, in the service's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error("MissingToken: the authorization header was not found or holds neither a bearer token nor a signature.")]
    Missing,
    #[error(
        "MalformedToken: expected SharedAccessSignature sr=<url>&sig=<signature>&se=<seconds since 1970>&skn=<policy>."
    )]
    Malformed,
    #[error("InvalidSignature: The token has an invalid signature.")]
    Signature,
    #[error("ExpiredToken: The token is expired.")]
    Expired,
    #[error("InvalidAudience: The authorization header contains a token with a wrong audience.")]
    Audience,
}

/// Whether this caller may ask this.
///
/// # Errors
/// When it shows nothing, or a signature that is broken, of another key, expired, or made for something else.
pub fn check(ask: &Ask, keys: &BTreeMap<String, String>, now: Timestamp) -> Result<(), Denial> {
    let header = ask.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
    let (kind, token) = header.split_once(' ').ok_or(Denial::Missing)?;
    if kind.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        return Ok(());
    }
    if !kind.eq_ignore_ascii_case("SharedAccessSignature") {
        return Err(Denial::Missing);
    }
    let now = ask.extensions().get().map_or(now, |CallersTime(time)| *time);
    let signed = Signed::read(token).ok_or(Denial::Malformed)?;
    if !signed.is_by(keys) {
        return Err(Denial::Signature);
    }
    if signed.expires <= now.as_second() {
        return Err(Denial::Expired);
    }
    if !covers(&wire::decoded(signed.resource), ask) {
        return Err(Denial::Audience);
    }
    Ok(())
}

/// A shared access signature, as it came: percent signs and all, for so it was signed.
struct Signed<'token> {
    resource: &'token str,
    expiry: &'token str,
    expires: i64,
    policy: String,
    signature: Vec<u8>,
}

impl<'token> Signed<'token> {
    fn read(token: &'token str) -> Option<Self> {
        let pairs: BTreeMap<_, _> = token.trim().split('&').filter_map(|pair| pair.split_once('=')).collect();
        let expiry = *pairs.get("se")?;
        Some(Self {
            resource: pairs.get("sr")?,
            expiry,
            expires: expiry.parse().ok()?,
            policy: wire::decoded(pairs.get("skn")?),
            signature: BASE64_STANDARD.decode(wire::decoded(pairs.get("sig")?)).ok()?,
        })
    }

    fn is_by(&self, keys: &BTreeMap<String, String>) -> bool {
        // The key's text is the secret, not the bytes that it seems to encode.
        let Some(Ok(mut mac)) = keys.get(&self.policy).map(|key| Hmac::<Sha256>::new_from_slice(key.as_bytes())) else {
            return false;
        };
        mac.update(format!("{}\n{}", self.resource, self.expiry).as_bytes());
        mac.verify_slice(&self.signature).is_ok()
    }
}

/// Whether the URL that was signed is the one asked for, or leads to it. Scheme, case and port are no matter.
fn covers(resource: &str, ask: &Ask) -> bool {
    let resource = resource.split_once("://").map_or(resource, |(_, rest)| rest).to_lowercase();
    let (host, path) = resource.split_once('/').unwrap_or((&resource, ""));
    let host = without_port(host);
    // Behind a door the caller knows another name than the canonical one.
    let origin = ask.extensions().get().and_then(|Origin(origin)| origin.split_once("://")).map(|(_, rest)| rest);
    let names = [Some(host_of(ask)), origin.map(|name| without_port(name.split('/').next().unwrap_or(name)))];
    let asked = wire::decoded(ask.uri().path()).to_lowercase();
    let (asked, path) = (asked.trim_matches('/'), path.split('?').next().unwrap_or(path).trim_matches('/'));
    let leads =
        asked.strip_prefix(path).is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'));
    leads && names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(host))
}

fn without_port(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}
