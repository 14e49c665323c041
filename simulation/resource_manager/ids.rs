//! Ids that look drawn by lot and are the same in every run. Pure.
use sha2::{Digest, Sha256};

/// Makes one id after the other.
#[derive(Debug, Default)]
pub(crate) struct Ids(u64);

impl Ids {
    /// A new GUID.
    pub fn guid(&mut self) -> String {
        self.0 += 1;
        guid_of(&format!("resource manager {}", self.0))
    }
}

/// The GUID that belongs to a text.
pub(crate) fn guid_of(text: &str) -> String {
    let hex = hex_of(text);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// The SHA-256 of a text as 64 hex digits.
pub(crate) fn hex_of(text: &str) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    Sha256::digest(text.as_bytes()).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
