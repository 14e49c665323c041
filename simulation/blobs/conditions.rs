//! Conditional headers: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since. Pure.
//! <https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations>
use super::{Blob, answers::Refusal};
use crate::{Ask, clock::http_date};
use http::header::{self, HeaderName};
use jiff::{Timestamp, fmt::rfc2822};

/// Whether a blob may be read: else 412, or 304 when the caller has it already.
pub fn check_read(ask: &Ask, blob: &Blob) -> Result<(), Refusal> {
    let (modified, unmodified) = (since(ask, header::IF_MODIFIED_SINCE)?, since(ask, header::IF_UNMODIFIED_SINCE)?);
    if value(ask, header::IF_NONE_MATCH)? == Some("*") {
        let message = "The request includes an unsatisfiable condition for this operation.";
        return Err(Refusal::new(400, "UnsatisfiableCondition", message));
    }
    if value(ask, header::IF_MATCH)?.is_some_and(|wanted| !matches(wanted, Some(blob)))
        || unmodified.is_some_and(|date| whole_seconds(blob.modified) > date)
    {
        return Err(Refusal::condition_not_met());
    }
    let has_it = match value(ask, header::IF_NONE_MATCH)? {
        Some(known) => matches(known, Some(blob)),
        None => modified.is_some_and(|date| whole_seconds(blob.modified) <= date),
    };
    if has_it {
        let message = "The condition specified using HTTP conditional header(s) is not met.";
        let refusal = Refusal::new(304, "ConditionNotMet", message).with("etag", blob.etag.clone());
        return Err(refusal.with("last-modified", http_date(blob.modified)));
    }
    Ok(())
}

/// Whether what is there (`None`: nothing) may be replaced or deleted.
pub fn check_write(ask: &Ask, present: Option<&Blob>) -> Result<(), Refusal> {
    let (modified, unmodified) = (since(ask, header::IF_MODIFIED_SINCE)?, since(ask, header::IF_UNMODIFIED_SINCE)?);
    let unwanted = value(ask, header::IF_NONE_MATCH)?;
    if unwanted == Some("*") && present.is_some() {
        // Not 412: the service names what is in the way.
        return Err(Refusal::new(409, "BlobAlreadyExists", "The specified blob already exists."));
    }
    let met = value(ask, header::IF_MATCH)?.is_none_or(|wanted| matches(wanted, present))
        && unwanted.is_none_or(|etags| !matches(etags, present))
        && modified.is_none_or(|date| present.is_none_or(|blob| whole_seconds(blob.modified) > date))
        && unmodified.is_none_or(|date| present.is_none_or(|blob| whole_seconds(blob.modified) <= date));
    if met { Ok(()) } else { Err(Refusal::condition_not_met()) }
}

fn matches(etags: &str, present: Option<&Blob>) -> bool {
    let Some(blob) = present else { return false };
    etags.split(',').map(str::trim).any(|etag| etag == "*" || etag.trim_matches('"') == blob.etag.trim_matches('"'))
}

fn value(ask: &Ask, name: HeaderName) -> Result<Option<&str>, Refusal> {
    let Some(value) = ask.headers().get(name) else { return Ok(None) };
    value.to_str().map(|value| Some(value.trim())).map_err(|_| Refusal::bad_header())
}

fn since(ask: &Ask, name: HeaderName) -> Result<Option<i64>, Refusal> {
    let Some(date) = value(ask, name)? else { return Ok(None) };
    let moment = rfc2822::DateTimeParser::new().parse_timestamp(date).map_err(|_| Refusal::bad_header())?;
    Ok(Some(moment.as_second()))
}

/// HTTP dates have no fractions.
fn whole_seconds(moment: Timestamp) -> i64 {
    moment.as_second()
}
