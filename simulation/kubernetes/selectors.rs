//! Pure: label and field selectors.
mod fields;
mod labels;

use super::{kinds::Kind, refusal::Refusal};
use serde_json::{Map, Value};

/// Which objects a list or a watch is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    namespace: String,
    labels: Vec<Requirement>,
    fields: Vec<fields::Field>,
}

#[derive(Clone, Debug)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
    Above(String, i64),
    Below(String, i64),
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; an empty namespace means all.
    pub fn read(kind: &Kind, namespace: &str, labels: &str, wanted: &str) -> Result<Self, Refusal> {
        let labels = labels::read(labels).map_err(Refusal::bad_request)?;
        Ok(Self { namespace: namespace.into(), labels, fields: fields::read(kind, wanted)? })
    }

    /// Whether it leaves anything out but other namespaces.
    pub fn chooses(&self) -> bool {
        !self.labels.is_empty() || !self.fields.is_empty()
    }

    pub fn matches(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let nothing = Map::new();
        let labels = metadata["labels"].as_object().unwrap_or(&nothing);
        (self.namespace.is_empty() || metadata["namespace"] == self.namespace.as_str())
            && self.labels.iter().all(|requirement| requirement.holds(labels))
            && self.fields.iter().all(|field| field.holds(object))
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
            Self::Above(key, than) => {
                text(key).and_then(|found| found.parse::<i64>().ok()).is_some_and(|found| found > *than)
            }
            Self::Below(key, than) => {
                text(key).and_then(|found| found.parse::<i64>().ok()).is_some_and(|found| found < *than)
            }
        }
    }
}

/// Whether labels contain all pairs of a plain selector, such as a Service's.
pub(super) fn contains_labels(labels: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
