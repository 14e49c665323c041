//! The keys that sign tokens for APIs of one's own, and how they follow one another. Pure.
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// They sign for nobody outside of this simulation: everyone can read them.
const KEYS: [&[u8]; 2] = [include_bytes!("keys/one.der"), include_bytes!("keys/two.der")];

/// Which keys are published, and which of them signs: the newest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signing {
    turn: usize,
    withdrawn: bool,
}

impl Signing {
    /// The next key signs; the one before is still published, as long as tokens of it may be about.
    pub fn rotate(&mut self) {
        *self = Self { turn: self.turn + 1, withdrawn: false };
    }

    /// The next key signs, and the one before counts no more, as after a theft.
    pub fn replace(&mut self) {
        *self = Self { turn: self.turn + 1, withdrawn: true };
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn key_id(self) -> String {
        key_id(self.turn)
    }

    /// A token with these claims.
    #[must_use]
    pub fn sign(self, claims: &Value) -> String {
        self.sign_as(&self.key_id(), claims)
    }

    /// The same, by the key that signs, which is said to be this one.
    #[must_use]
    pub fn sign_as(self, key_id: &str, claims: &Value) -> String {
        let head = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::RS256) };
        encode(&head, claims, &key(self.turn)).expect("a key of ours signs, and claims are JSON")
    }

    /// What is published at `jwks_uri`. Entra ID names no `alg`.
    pub(super) fn published(self, issuer: &str) -> Value {
        let oldest = if self.withdrawn { self.turn } else { self.turn.saturating_sub(1) };
        let keys = (oldest..=self.turn).rev().map(|turn| {
            let public = Jwk::from_encoding_key(&key(turn), Algorithm::RS256).expect("a key of ours has a public half");
            let public = serde_json::to_value(public).unwrap_or_default();
            let id = key_id(turn);
            json!({"kty": "RSA", "use": "sig", "kid": id, "x5t": id, "n": public["n"], "e": public["e"], "issuer": issuer})
        });
        json!({"keys": keys.collect::<Vec<_>>()})
    }
}

fn key(turn: usize) -> EncodingKey {
    EncodingKey::from_rsa_der(KEYS[turn % KEYS.len()])
}

fn key_id(turn: usize) -> String {
    format!("simulated-key-{turn}")
}
