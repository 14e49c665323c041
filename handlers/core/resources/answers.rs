//! Reading what Azure answers: any member may be missing or of another type, and that is never a panic.
use serde_json::Value;

/// The text at a JSON pointer, or an empty one.
#[must_use]
pub fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The array at a JSON pointer, or an empty one.
#[must_use]
pub fn list<'a>(answer: &'a Value, pointer: &str) -> &'a [Value] {
    answer.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The whole number at a JSON pointer.
#[must_use]
pub fn number(answer: &Value, pointer: &str) -> Option<u64> {
    answer.pointer(pointer).and_then(Value::as_u64)
}

/// Whether the member at a JSON pointer is `true`.
#[must_use]
pub fn is_true(answer: &Value, pointer: &str) -> bool {
    answer.pointer(pointer) == Some(&Value::Bool(true))
}

/// Whether two resource ids name the same resource: Azure spells them in any case, and slashes too many do not count.
#[must_use]
pub fn same_id(one: &str, other: &str) -> bool {
    let parts = |id: &str| id.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
    parts(one) == parts(other)
}

/// Whether two names mean the same part of a resource, or resource of a group: Azure compares them without case.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether a resource id names this resource, or something inside it.
#[must_use]
pub fn lies_in(id: &str, scope: &str) -> bool {
    let scope = scope.trim_end_matches('/');
    match (id.get(..scope.len()), id.get(scope.len()..)) {
        (Some(start), Some(rest)) => start.eq_ignore_ascii_case(scope) && (rest.is_empty() || rest.starts_with('/')),
        _ => false,
    }
}

/// The last part of a resource id.
#[must_use]
pub fn name_of(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The resource group in an id; empty where it names none.
#[must_use]
pub fn group_of(id: &str) -> &str {
    let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case("resourceGroups"));
    parts.nth(1).unwrap_or_default()
}

/// At most 60 characters of a text that came from outside, for a message.
#[must_use]
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missing_or_foreign_member_reads_as_nothing() {
        let answer = json!({"name": 7, "values": "none", "count": -1});
        assert_eq!(text(&answer, "/name"), "");
        assert!(list(&answer, "/values").is_empty());
        assert_eq!(number(&answer, "/count"), None);
        assert!(!is_true(&answer, "/name"));
    }

    #[test]
    fn ids_are_compared_without_case_and_by_whole_parts() {
        assert!(same_id("/subscriptions/A/resourceGroups/x", "/subscriptions/a/resourcegroups//X/"));
        assert!(same_id("/groups/Äpfel", "/groups/äpfel") && !same_id("/groups/ab", "/groups/a/b"));
        assert!(lies_in("/groups/MC_shop/providers/vm", "/Groups/mc_shop"));
        assert!(!lies_in("/groups/MC_shop2/providers/vm", "/groups/MC_shop"));
        assert!(!lies_in("/groups/é", "/groups/ab"));
        assert_eq!(name_of("/a/b/c/"), "c");
    }
}
