//! Pure: lists in pages, as `limit` and `continue` ask for them.
use super::{place::Query, refusal::Refusal, store::Name};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;

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
                let wrong = || Refusal::bad_request("invalid continue token: continue key is not valid");
                let read = URL_SAFE_NO_PAD.decode(token).ok();
                let read = read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).ok_or_else(wrong)?;
                let part = |at: usize| read["after"][at].as_str().map(ToOwned::to_owned);
                Some((part(0).ok_or_else(wrong)?, part(1).ok_or_else(wrong)?))
            }
        };
        Ok(Self { limit, after })
    }

    /// The objects of the page, and the list's `metadata` at a version.
    pub fn of<'object>(
        &self,
        objects: impl Iterator<Item = (&'object Name, &'object Arc<Value>)>,
        version: &str,
    ) -> (Vec<&'object Value>, Value) {
        let mut rest = objects.skip_while(|(name, _)| self.after.as_ref().is_some_and(|after| *name <= after));
        let page: Vec<_> = rest.by_ref().take(self.limit.unwrap_or(usize::MAX)).collect();
        let mut metadata = json!({"resourceVersion": version});
        let left = rest.count();
        if let (Some((last, _)), true) = (page.last(), left > 0) {
            let token = json!({"v": "meta.k8s.io/v1", "rv": version, "after": [last.0, last.1]});
            metadata["continue"] = json!(URL_SAFE_NO_PAD.encode(token.to_string()));
            metadata["remainingItemCount"] = json!(left);
        }
        (page.into_iter().map(|(_, object)| &**object).collect(), metadata)
    }
}
