//! Pure: label and field selectors.
use super::refusal::Refusal;
use serde_json::{Map, Value};

/// Which objects a list or a watch is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    namespace: String,
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "status.phase",
    "reason",
    "type",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "spec.unschedulable",
];

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; an empty namespace means all.
    pub fn read(namespace: &str, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let labels = split(labels).into_iter().map(requirement).collect::<Result<_, _>>()?;
        let mut wanted = vec![];
        for part in fields.split(',').filter(|part| !part.is_empty()) {
            let (field, equal, text) = match part.split_once("!=") {
                Some((field, text)) => (field, false, text),
                None => match part.split_once('=') {
                    Some((field, text)) => (field, true, text.trim_start_matches('=')),
                    None => {
                        return Err(Refusal::bad_request(format!(
                            "invalid selector: {part:?}; can't understand {part:?}"
                        )));
                    }
                },
            };
            if !FIELDS.contains(&field) {
                return Err(Refusal::bad_request(format!("field label not supported: {field}")));
            }
            wanted.push((field.to_owned(), equal, text.to_owned()));
        }
        Ok(Self { namespace: namespace.into(), labels, fields: wanted })
    }

    pub fn matches(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let nothing = Map::new();
        let labels = metadata["labels"].as_object().unwrap_or(&nothing);
        (self.namespace.is_empty() || metadata["namespace"] == self.namespace.as_str())
            && self.labels.iter().all(|requirement| requirement.holds(labels))
            && self.fields.iter().all(|(path, equal, text)| {
                let found = path.split('.').fold(object, |value, name| &value[name]);
                let found = found
                    .as_str()
                    .map_or_else(|| if found.is_null() { String::new() } else { found.to_string() }, Into::into);
                (found == *text) == *equal
            })
    }
}

impl Requirement {
    fn holds(&self, labels: &Map<String, Value>) -> bool {
        let text = |key: &str| labels.get(key).and_then(Value::as_str);
        match self {
            Self::In(key, values) => text(key).is_some_and(|found| values.iter().any(|value| value == found)),
            Self::NotIn(key, values) => text(key).is_none_or(|found| values.iter().all(|value| value != found)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
        }
    }
}

/// Whether a `LabelSelector` object (matchLabels and matchExpressions) matches labels. An empty one matches nothing here.
pub(super) fn label_selector_matches(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    if wanted.is_none_or(Map::is_empty) && expressions.is_none_or(Vec::is_empty) {
        return false;
    }
    let nothing = Map::new();
    let labels = labels.as_object().unwrap_or(&nothing);
    let expressions_hold = expressions.into_iter().flatten().all(|expression| {
        let key = expression["key"].as_str().unwrap_or_default().to_owned();
        let values =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
        match expression["operator"].as_str() {
            Some("In") => Requirement::In(key, values).holds(labels),
            Some("NotIn") => Requirement::NotIn(key, values).holds(labels),
            Some("Exists") => Requirement::Exists(key).holds(labels),
            Some("DoesNotExist") => Requirement::Missing(key).holds(labels),
            _ => false,
        }
    });
    wanted.is_none_or(|wanted| contains_labels(labels, wanted)) && expressions_hold
}

/// Whether labels contain all pairs of a plain selector, such as a Service's.
pub(super) fn contains_labels(labels: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (vec![], 0_i32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn requirement(part: &str) -> Result<Requirement, Refusal> {
    let not_understood = || {
        Refusal::bad_request(format!("unable to parse requirement: found {part:?}, expected: ',' or 'end of string'"))
    };
    if let Some(list) = part.strip_suffix(')') {
        let (left, list) = list.split_once('(').ok_or_else(not_understood)?;
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        return match left.split_whitespace().collect::<Vec<_>>()[..] {
            [key, "in"] => Ok(Requirement::In(key.into(), values)),
            [key, "notin"] => Ok(Requirement::NotIn(key.into(), values)),
            _ => Err(not_understood()),
        };
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key.trim().into(), vec![value.trim().into()]));
    }
    if let Some((key, value)) = part.split_once('=') {
        return Ok(Requirement::In(key.trim().into(), vec![value.trim_start_matches('=').trim().into()]));
    }
    match part.strip_prefix('!') {
        Some(key) => Ok(Requirement::Missing(key.trim().into())),
        None if part.contains(char::is_whitespace) => Err(not_understood()),
        None => Ok(Requirement::Exists(part.into())),
    }
}
