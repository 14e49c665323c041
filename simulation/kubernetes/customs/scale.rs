//! Pure: where a custom resource keeps its size.
use crate::kubernetes::schemas::Causes;
use serde_json::{Value, json};

/// Paths such as `.spec.replicas`, as JSON pointers.
#[derive(Debug)]
pub(super) struct ScalePaths {
    wanted: String,
    there: String,
    selector: Option<String>,
}

impl ScalePaths {
    pub fn read(scale: &Value) -> Option<Self> {
        let pointer = |name: &str| scale[name].as_str().map(|path| path.replace('.', "/"));
        Some(Self {
            wanted: pointer("specReplicasPath")?,
            there: pointer("statusReplicasPath")?,
            selector: pointer("labelSelectorPath"),
        })
    }

    /// The spec and the status of a scale.
    pub fn of(&self, object: &Value) -> (Value, Value) {
        let count = |path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or(0);
        let mut status = json!({"replicas": count(&self.there)});
        if let Some(selector) = self.selector.as_deref().and_then(|path| object.pointer(path)) {
            status["selector"] = selector.clone();
        }
        (json!({"replicas": count(&self.wanted)}), status)
    }

    pub fn set(&self, object: &mut Value, replicas: &Value) {
        let mut place = object;
        for name in self.wanted.split('/').filter(|name| !name.is_empty()) {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[name];
        }
        *place = replicas.clone();
    }

    /// Adds what is no size.
    pub fn check(&self, object: &Value, causes: &mut Causes) {
        for path in [&self.wanted, &self.there] {
            let field = path.replace('/', ".");
            let wrong = match object.pointer(path) {
                None | Some(Value::Null) => continue,
                Some(Value::Number(number)) if number.is_i64() => match number.as_i64() {
                    Some(..0) => format!("Invalid value: {number}: should be a non-negative integer"),
                    _ => continue,
                },
                Some(other) => {
                    let shown = other.as_str().map_or_else(|| other.to_string(), ToOwned::to_owned);
                    let sort = crate::kubernetes::typed::go_type(other);
                    format!("Invalid value: 0: {field} accessor error: {shown} is of the type {sort}, expected int64")
                }
            };
            causes.push((field, "FieldValueInvalid", wrong));
        }
    }
}
