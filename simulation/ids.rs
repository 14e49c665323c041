//! Ids that several services know, and how ids are made of a text: the same in every run. Pure.
use sha2::{Digest, Sha256};

/// The one directory of this world: what is in Resource Manager and every identity belong to it.
pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";

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
