//! Pure: an object as a server reads it: members that its kind has not are dropped and told.
use super::{kinds::Kind, refusal::Refusal};
use serde_json::Value;

/// What to do about members that a kind has not (`fieldValidation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Strictness {
    /// They are dropped without a word.
    Ignore,
    /// They are dropped, and the answer warns of them.
    #[default]
    Warn,
    /// They are refused.
    Strict,
}

/// Reads an object in place. The answer names the members that were dropped; `Err` says what cannot be read.
pub(super) fn read(kind: &Kind, object: &mut Value) -> Result<Vec<String>, String> {
    Ok(kind.custom.as_ref().map_or_else(Vec::new, |custom| custom.schema.prune(object)))
}

/// Reads the body of a create or of a replacement. The answer is what to warn of.
pub(super) fn read_body(kind: &Kind, object: &mut Value, strictness: Strictness) -> Result<Vec<String>, Refusal> {
    let cannot = |why: &str| {
        let (version, kind) = (&kind.version, &kind.kind);
        Refusal::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
    };
    let unknown = read(kind, object).map_err(|why| cannot(&why))?;
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            Err(cannot(&format!("strict decoding error: {}", unknown.join(", "))))
        }
        Strictness::Ignore => Ok(vec![]),
        Strictness::Strict | Strictness::Warn => Ok(unknown),
    }
}
