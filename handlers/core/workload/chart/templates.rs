//! The templates of a chart, as far as it must be known what they ask. Pure.
use serde_json::Value;

/// Asks the cluster.
pub const LOOKUP: &str = "lookup";
/// Asks what time it is; `htmlDate` and its like do so only of what they are given.
pub const NOW: &str = "now";

/// Whether a template asks this: the word stands in one of its actions as a function's.
#[must_use]
pub fn asks(template: &str, function: &str) -> bool {
    template.split("{{").skip(1).any(|action| calls(action, function))
}

/// The same of the texts among a chart's values, which it may take for templates.
#[must_use]
pub fn value_asks(value: &Value, function: &str) -> bool {
    match value {
        Value::String(text) => asks(text, function),
        Value::Array(items) => items.iter().any(|item| value_asks(item, function)),
        Value::Object(members) => members.values().any(|member| value_asks(member, function)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a function is called before the action ends. Texts and comments in it are none of its words.
fn calls(action: &str, function: &str) -> bool {
    let mut rest = action;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("}}") {
            return false;
        }
        let length = match first {
            '"' => quoted(rest),
            '`' => rest[1..].find('`').map_or(rest.len(), |end| end + 2),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if is_of_a_word(first) => rest.find(|letter| !is_of_a_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        // `.lookup` is a member, `$lookup` a variable.
        if &rest[..length] == function && !matches!(before, '.' | '$') {
            return true;
        }
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    false
}

fn is_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The length of a text in quotes, with them.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_is_found_however_it_is_written() {
        for template in [
            r#"{{- $old := lookup "v1" "Secret" .Release.Namespace "x" }}"#,
            "{{ lookup $kind $name }}",
            r#"{{ (lookup (printf "%s" "v1") "Secret" "a" "b").data }}"#,
            "{{- if\n  lookup `v1` `Secret` `a` `b` }}",
            "{{ `}}` | lookup }}",
            "{{ x }}{{-lookup 1 }}",
            r#"{{ printf "\"}}" | lookup }}"#,
        ] {
            assert!(asks(template, LOOKUP), "{template}");
        }
    }

    #[test]
    fn the_time_is_asked_for_in_values_too() {
        let values = serde_json::json!({"a": [1, {"b": "{{ date \"2006\" now }}"}]});
        assert!(value_asks(&values, NOW) && !value_asks(&values, LOOKUP));
        assert!(asks("{{ now | unixEpoch }}", NOW) && !asks("{{ .Values.now }} now {{ \"now\" }}", NOW));
    }

    #[test]
    fn the_word_alone_asks_nobody() {
        for plain in [
            "lookup \"v1\"",
            "{{ .Values.lookup }} lookup x",
            "{{ $lookup := 1 }}{{ $lookup }}",
            "{{/* lookup \"v1\" is not used here */}}",
            r#"{{ include "edge.lookup" . }}"#,
            r#"{{ fail "no lookup here" }}"#,
            "{{ lookups }}",
            "{{ if",
            "",
        ] {
            assert!(!asks(plain, LOOKUP), "{plain}");
        }
    }
}
