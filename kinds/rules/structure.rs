//! Pure: whether a definition's schema is structural: it says of everything what it is.
use super::findings::Causes;
use regex::Regex;
use serde_json::Value;

/// Adds what is wrong in a definition's schema.
pub(super) fn check(schema: &Value, path: &str, causes: &mut Causes) {
    if schema["type"] != "object" {
        let wrong = match schema["type"].as_str() {
            Some(sort) => ("FieldValueInvalid", format!("Invalid value: {sort:?}: must be object at the root")),
            None => ("FieldValueRequired", "Required value: must not be empty at the root".into()),
        };
        causes.push((format!("{path}.type"), wrong.0, wrong.1));
    }
    check_inner(schema, path, causes);
}

fn check_inner(schema: &Value, path: &str, causes: &mut Causes) {
    if schema["$ref"].as_str().is_some_and(|to| !to.is_empty()) {
        causes.push((format!("{path}.$ref"), "FieldValueForbidden", "Forbidden: $ref is not supported".into()));
    }
    if let Some(pattern) = schema["pattern"].as_str().filter(|pattern| is_broken(pattern)) {
        let wrong = format!("Invalid value: {pattern:?}: must be a valid regular expression, but isn't");
        causes.push((format!("{path}.pattern"), "FieldValueInvalid", wrong));
    }
    check_default(schema, path, causes);
    let (list, keys) = (&schema["x-kubernetes-list-type"], &schema["x-kubernetes-list-map-keys"]);
    if list == "map" {
        if keys.as_array().is_none_or(Vec::is_empty) {
            let wrong = "Required value: must not be empty if x-kubernetes-list-type is map";
            causes.push((format!("{path}.x-kubernetes-list-map-keys"), "FieldValueRequired", wrong.into()));
        }
        for (at, key) in keys.as_array().into_iter().flatten().enumerate() {
            if schema["items"]["properties"][key.as_str().unwrap_or_default()].is_null() {
                let wrong = format!("Invalid value: {key}: entries must all be names of item properties");
                causes.push((format!("{path}.x-kubernetes-list-map-keys[{at}]"), "FieldValueInvalid", wrong));
            }
        }
    }
    if schema["x-kubernetes-embedded-resource"] == true
        && schema["x-kubernetes-preserve-unknown-fields"] != true
        && schema["properties"].as_object().is_none_or(serde_json::Map::is_empty)
    {
        let wrong = "Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        causes.push((format!("{path}.properties"), "FieldValueRequired", wrong.into()));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        typed(member, &format!("{path}.properties[{name}]"), "object fields", causes);
    }
    if schema["additionalProperties"].is_object() {
        typed(&schema["additionalProperties"], &format!("{path}.additionalProperties"), "object fields", causes);
    }
    if schema["items"].is_object() {
        typed(&schema["items"], &format!("{path}.items"), "array items", causes);
    } else if schema["type"] == "array" {
        let wrong = "Required value: must be specified";
        causes.push((format!("{path}.items"), "FieldValueRequired", wrong.into()));
    }
}

/// What is in an object or in a list has a type, unless it may be anything.
fn typed(schema: &Value, path: &str, of: &str, causes: &mut Causes) {
    let is_free = |name: &str| schema[name] == true;
    if schema["type"].as_str().is_none_or(str::is_empty)
        && !is_free("x-kubernetes-preserve-unknown-fields")
        && !is_free("x-kubernetes-int-or-string")
    {
        let wrong = format!("Required value: must not be empty for specified {of}");
        causes.push((format!("{path}.type"), "FieldValueRequired", wrong));
    }
    check_inner(schema, path, causes);
}

/// A default is what its schema says.
fn check_default(schema: &Value, path: &str, causes: &mut Causes) {
    let (default, sort) = (&schema["default"], schema["type"].as_str().unwrap_or_default());
    let (found, fits) = match default {
        Value::Null => return,
        Value::Bool(_) => ("boolean", sort == "boolean"),
        Value::Number(number) => ("number", sort == "number" || (sort == "integer" && !number.is_f64())),
        Value::String(_) => ("string", sort == "string"),
        Value::Array(_) => ("array", sort == "array"),
        Value::Object(_) => ("object", sort == "object"),
    };
    if !fits && !sort.is_empty() && schema["x-kubernetes-int-or-string"] != true {
        let wrong = format!("Invalid value: {found:?}:  in body must be of type {sort}: {found:?}");
        causes.push((format!("{path}.default"), "FieldValueInvalid", wrong));
    }
}

/// Of what is wrong with a pattern, what is wrong in Go's syntax, too.
const IN_GO: [&str; 5] = [
    "unclosed group",
    "unopened group",
    "unclosed character class",
    "repetition operator missing expression",
    "look-around, including look-ahead and look-behind, is not supported",
];

/// Whether a pattern is none. Where Go takes more, it is not said.
fn is_broken(pattern: &str) -> bool {
    let (mut plain, mut within, mut letters) =
        (String::with_capacity(pattern.len()), false, pattern.chars().peekable());
    let mut first = false;
    while let Some(letter) = letters.next() {
        if within && letter == '[' && letters.peek() == Some(&':') {
            plain.push(letter);
            plain.extend(letters.by_ref().take_while(|letter| *letter != ']').chain([']']));
            first = false;
            continue;
        }
        // In a class of Go's, these are plain letters.
        let is_plain = within && matches!(letter, '[' | '&' | '~');
        let begins = !within && letter == '[';
        first = begins || (first && letter == '^');
        within = begins || (within && (letter != ']' || first));
        plain.extend(is_plain.then_some('\\'));
        plain.push(letter);
        if letter == '\\' {
            plain.extend(letters.next());
        }
    }
    let why = Regex::new(&plain).err().map(|error| error.to_string()).unwrap_or_default();
    IN_GO.iter().any(|known| why.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a server of 1.36 judged each.
    #[test]
    fn a_pattern_is_judged_as_go_does() {
        for pattern in [
            r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z]+)*$",
            r#"^[^()<>@,;:\"/[\]?={} \t\x7f\x00-\x1f]+$"#,
            r"^[[:alpha:]&&~~[]+$",
            r"^[\[\]]$",
            r"a{b",
            r"^[[]$",
        ] {
            assert!(!is_broken(pattern), "{pattern}");
        }
        for pattern in ["([", "(a", "a)", "[a", "*a", "(?=a)", "(?!a)b", r"[\]"] {
            assert!(is_broken(pattern), "{pattern}");
        }
    }
}
