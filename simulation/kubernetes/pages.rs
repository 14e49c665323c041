//! Pure: lists in pages, as `limit` and `continue` ask for them.
use super::{place::Query, refusal::Refusal, store::Name};
use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::general_purpose::{GeneralPurpose, NO_PAD},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// As Go reads it: bits that are left over at the end do not matter.
const TOKENS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// One page of a list.
pub(super) struct Page {
    /// So many objects; none: all.
    limit: Option<usize>,
    /// The object before the page.
    after: Option<Name>,
}

impl Page {
    /// What a call asks for.
    pub fn asked(query: &Query) -> Result<Self, Refusal> {
        let limit = query.text("limit").parse().ok().filter(|limit| *limit > 0);
        let after = match query.text("continue") {
            "" => None,
            token => {
                let wrong = |why: &str| {
                    Refusal::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
                };
                let bytes = TOKENS.decode(token.trim_end_matches('=')).map_err(|why| wrong(&unread(&why)))?;
                let read: Value = serde_json::from_slice(&bytes).map_err(|_| wrong(&unparsed(&bytes)))?;
                let part = |at: usize| read["after"][at].as_str().map(ToOwned::to_owned);
                let wrong = || wrong("unexpected end of JSON input");
                Some((part(0).ok_or_else(wrong)?, part(1).ok_or_else(wrong)?))
            }
        };
        Ok(Self { limit, after })
    }

    /// The objects of the page, and the list's `metadata` at a version. How many are left is not counted where a selector
    /// chooses.
    pub fn of<'object>(
        &self,
        chosen: bool,
        objects: impl Iterator<Item = (&'object Name, &'object Arc<Value>)>,
        version: &str,
    ) -> (Vec<&'object Value>, Value) {
        let mut rest = objects.skip_while(|(name, _)| self.after.as_ref().is_some_and(|after| *name <= after));
        let page: Vec<_> = rest.by_ref().take(self.limit.unwrap_or(usize::MAX)).collect();
        let mut metadata = json!({"resourceVersion": version});
        let left = rest.count();
        if let (Some((last, _)), true) = (page.last(), left > 0) {
            let token = json!({"v": "meta.k8s.io/v1", "rv": version, "after": [last.0, last.1]});
            metadata["continue"] = json!(TOKENS.encode(token.to_string()));
            if !chosen {
                metadata["remainingItemCount"] = json!(left);
            }
        }
        (page.into_iter().map(|(_, object)| &**object).collect(), metadata)
    }
}

/// As Go's `encoding/base64` says it.
fn unread(why: &base64::DecodeError) -> String {
    let at = match why {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLength(at) => *at,
        base64::DecodeError::InvalidLastSymbol { offset, .. } => *offset,
        base64::DecodeError::InvalidPadding => 0,
    };
    format!("illegal base64 data at input byte {at}")
}

/// As Go's `encoding/json` says it.
fn unparsed(bytes: &[u8]) -> String {
    match bytes.first().map(|byte| char::from(*byte)) {
        None => "unexpected end of JSON input".into(),
        Some(letter) if letter.is_ascii_graphic() => {
            format!("invalid character '{letter}' looking for beginning of value")
        }
        Some(letter) => format!("invalid character '\\u{:04x}' looking for beginning of value", u32::from(letter)),
    }
}
