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
    /// One of `matchExpressions`.
    fn of(expression: &Value) -> Option<Self> {
        let key = expression["key"].as_str()?.to_owned();
        let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut values = values.map(ToOwned::to_owned);
        Some(match expression["operator"].as_str()? {
            "In" => Self::In(key, values.collect()),
            "NotIn" => Self::NotIn(key, values.collect()),
            "Exists" => Self::Exists(key),
            "DoesNotExist" => Self::Missing(key),
            "Gt" => Self::Above(key, values.next()?.parse().ok()?),
            "Lt" => Self::Below(key, values.next()?.parse().ok()?),
            _ => return None,
        })
    }

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

/// Whether a selector with `matchLabels` and `matchExpressions` chooses what has these labels.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let nothing = Map::new();
    let pairs = selector["matchLabels"].as_object().unwrap_or(&nothing);
    contains_labels(labels.as_object().unwrap_or(&nothing), pairs) && all_hold(&selector["matchExpressions"], labels)
}

/// Whether labels meet all of these expressions; what cannot be read is met by none.
pub(super) fn all_hold(expressions: &Value, labels: &Value) -> bool {
    let nothing = Map::new();
    let labels = labels.as_object().unwrap_or(&nothing);
    let mut all = expressions.as_array().into_iter().flatten();
    all.all(|one| Requirement::of(one).is_some_and(|requirement| requirement.holds(labels)))
}

/// Whether labels contain all pairs of a plain selector, such as a Service's.
pub(super) fn contains_labels(labels: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
