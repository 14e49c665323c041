//! Pure: the options of a write, as its query names them: what they may be, and what a server says of others.
use super::{place::Query, reading::Strictness, refusal::Refusal};
use http::Method;

/// More bytes than this a field manager's name may not have.
const LONGEST_MANAGER: usize = 128;

type Cause = (String, &'static str, String);

/// Looks at the options of a write. The answer says what to do about fields that the kind has not.
pub(super) fn check(method: &Method, query: &Query, is_apply: bool) -> Result<Strictness, Refusal> {
    let kind = match *method {
        Method::POST => "CreateOptions",
        Method::PUT => "UpdateOptions",
        Method::PATCH => "PatchOptions",
        Method::DELETE => "DeleteOptions",
        _ => return Ok(Strictness::default()),
    };
    let mut causes: Vec<Cause> = vec![];
    let mut wrong = |field: &str, reason, words: String| causes.push((field.into(), reason, words));
    let (manager, is_patch) = (query.text("fieldManager"), *method == Method::PATCH);
    if is_patch && !is_apply && !query.text("force").is_empty() {
        wrong("force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch".into());
    }
    if is_patch && is_apply && manager.is_empty() {
        wrong("fieldManager", "FieldValueRequired", "Required value: is required for apply patch".into());
    }
    if manager.len() > LONGEST_MANAGER {
        let words = format!("Too long: may not be more than {LONGEST_MANAGER} bytes");
        wrong("fieldManager", "FieldValueTooLong", words);
    }
    if let Some((at, letter)) = manager.char_indices().find(|(_, letter)| letter.is_control()) {
        let words =
            format!("Invalid value: {manager:?}: invalid character U+{:04X} (at position {at})", u32::from(letter));
        wrong("fieldManager", "FieldValueInvalid", words);
    }
    let dry = query.text("dryRun");
    if !matches!(dry, "" | "All") {
        let words = format!("Unsupported value: [{dry:?}]: supported values: \"All\"");
        wrong("dryRun", "FieldValueNotSupported", words);
    }
    let strictness = match query.text("fieldValidation") {
        "" | "Warn" => Strictness::Warn,
        "Ignore" => Strictness::Ignore,
        "Strict" => Strictness::Strict,
        other => {
            let words =
                format!("Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
            wrong("fieldValidation", "FieldValueNotSupported", words);
            Strictness::Warn
        }
    };
    if causes.is_empty() { Ok(strictness) } else { Err(Refusal::invalid_as(kind, "meta.k8s.io", "", &causes)) }
}
