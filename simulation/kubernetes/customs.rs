//! Pure: what a CustomResourceDefinition says of its kind in one version beside its names, read once when it is written.
mod columns;
pub(super) mod definition;
mod scale;

pub(super) use columns::table;

use super::schemas::{Causes, Schema};
use super::{kinds::Kind, refusal::Refusal};
use columns::Column;
use scale::ScalePaths;
use serde_json::Value;

/// A custom kind's schema, columns and places.
#[derive(Debug)]
pub(super) struct Custom {
    pub schema: Schema,
    pub list_kind: String,
    pub categories: Vec<String>,
    /// Whether a part of the schema has rules in CEL, which nobody here evaluates.
    has_expressions: bool,
    columns: Vec<Column>,
    scale: Option<ScalePaths>,
}

/// Each definition is read anew when it changes: two are the same only if they are one.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Custom {}

impl Custom {
    pub fn read(definition: &Value, version: &Value) -> Self {
        let names = &definition["spec"]["names"];
        let categories = names["categories"].as_array().into_iter().flatten();
        let list_kind = names["listKind"].as_str().map(ToOwned::to_owned);
        let schema = &version["schema"]["openAPIV3Schema"];
        Self {
            schema: Schema::compile(schema),
            list_kind: list_kind.unwrap_or_else(|| format!("{}List", names["kind"].as_str().unwrap_or_default())),
            categories: categories.filter_map(Value::as_str).map(Into::into).collect(),
            has_expressions: has_expressions(schema),
            columns: columns::read(&version["additionalPrinterColumns"]),
            scale: ScalePaths::read(&version["subresources"]["scale"]),
        }
    }

    /// What is done to an object before it is stored: unknown members go, defaults come, rules are kept.
    pub fn finish(&self, kind: &Kind, before: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
        self.schema.prune(object);
        self.schema.fill_in(object);
        let mut causes = self.broken(object);
        // What a newer schema does not allow may stay as it was.
        if let Some(before) = before.filter(|_| !causes.is_empty()) {
            let old = self.broken(before);
            causes.retain(|cause| !old.contains(cause));
        }
        let stops = |reason: &str| {
            matches!(
                reason,
                "FieldValueNotSupported" | "FieldValueRequired" | "FieldValueTooLong" | "FieldValueTooMany"
            ) || reason == "FieldValueTypeInvalid"
        };
        if self.has_expressions && causes.iter().any(|(_, reason, _)| stops(reason)) {
            let wrong = "Invalid value: null: some validation rules were not checked because the object was invalid; \
                         correct the existing errors to complete validation";
            causes.push(("<nil>".into(), "FieldValueInvalid", wrong.into()));
        }
        refuse(kind, object, &causes)
    }

    fn broken(&self, object: &Value) -> Causes {
        let mut causes = self.schema.check(object);
        if let Some(scale) = &self.scale {
            scale.check(object, &mut causes);
        }
        causes
    }

    /// Refuses an applied object that does not fit the schema.
    pub fn check_applied(&self, kind: &Kind, object: &Value) -> Result<(), Refusal> {
        let text = |member: &str| object["metadata"][member].as_str().unwrap_or_default();
        let (group, version, sort) = (&kind.group, &kind.version, &kind.kind);
        let whose = format!("({}/{}; {group}/{version}, Kind={sort})", text("namespace"), text("name"));
        let message = match self.schema.mistakes(object).as_slice() {
            [] => return Ok(()),
            [one] => format!("failed to create typed patch object {whose}: {one}"),
            several => format!("failed to create typed patch object {whose}: errors:\n  {}", several.join("\n  ")),
        };
        Err(Refusal::new(500, "", message))
    }

    /// An object's size, as `/scale` shows it.
    pub fn scale_of(&self, object: &Value) -> Option<(Value, Value)> {
        self.scale.as_ref().map(|scale| scale.of(object))
    }

    /// Writes what `/scale` was told into the object itself.
    pub fn set_scale(&self, object: &mut Value, replicas: &Value) {
        if let Some(scale) = &self.scale {
            scale.set(object, replicas);
        }
    }
}

/// Refuses an object for what it breaks.
pub(super) fn refuse(kind: &Kind, object: &Value, causes: &Causes) -> Result<(), Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_for(kind, name, causes)) }
}

fn has_expressions(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            members
                .get("x-kubernetes-validations")
                .is_some_and(|rules| rules.as_array().is_some_and(|all| !all.is_empty()))
                || members.values().any(has_expressions)
        }
        Value::Array(items) => items.iter().any(has_expressions),
        _ => false,
    }
}
