//! Pure: what a schema demands of a value, and what a server says when it is not so.
use super::{Causes, Schema, below, formats, item_of};
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// What a value must keep beside its structure.
#[derive(Debug, Default)]
pub(super) struct Rules {
    sort: Option<String>,
    format: Option<String>,
    required: Vec<String>,
    allowed: Vec<Value>,
    minimum: Option<(f64, bool)>,
    maximum: Option<(f64, bool)>,
    multiple_of: Option<f64>,
    length: Bounds,
    items: Bounds,
    members: Bounds,
    is_unique: bool,
    pattern: Option<Pattern>,
    all_of: Vec<Schema>,
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    not: Option<Box<Schema>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    least: Option<u64>,
    most: Option<u64>,
}

/// A regular expression that is compiled when a first text meets it: definitions have hundreds, objects meet few.
#[derive(Debug, Default)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Rules {
    pub fn compile(schema: &Value) -> Self {
        let text = |name: &str| schema[name].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
        let bounds =
            |of: &str| Bounds { least: schema[format!("min{of}")].as_u64(), most: schema[format!("max{of}")].as_u64() };
        let limit = |name: &str, exclusive: &str| Some((schema[name].as_f64()?, schema[exclusive] == true));
        let list = |name: &str| schema[name].as_array().map_or(&[][..], Vec::as_slice);
        let schemas = |name: &str| list(name).iter().map(Schema::compile).collect();
        Self {
            sort: text("type"),
            format: text("format"),
            required: list("required").iter().filter_map(Value::as_str).map(Into::into).collect(),
            allowed: list("enum").to_vec(),
            minimum: limit("minimum", "exclusiveMinimum"),
            maximum: limit("maximum", "exclusiveMaximum"),
            multiple_of: schema["multipleOf"].as_f64(),
            length: bounds("Length"),
            items: bounds("Items"),
            members: bounds("Properties"),
            is_unique: schema["uniqueItems"] == true,
            pattern: text("pattern").map(|text| Pattern { text, compiled: OnceLock::new() }),
            all_of: schemas("allOf"),
            any_of: schemas("anyOf"),
            one_of: schemas("oneOf"),
            not: schema["not"].is_object().then(|| Box::new(Schema::compile(&schema["not"]))),
        }
    }

    /// What a schema says a value is.
    pub fn sort(&self) -> Option<&str> {
        self.sort.as_deref()
    }
}

impl Schema {
    /// Adds what a value breaks.
    pub(super) fn check_value(&self, value: &Value, path: &mut String, causes: &mut Causes) {
        if value.is_null() && self.is_nullable {
            return;
        }
        if let Some(sort) = self.wrong_sort(value) {
            let found = sort_of(value);
            let wrong = format!("Invalid value: {found:?}: {path} in body must be of type {sort}: {found:?}");
            return causes.push((path.clone(), "FieldValueTypeInvalid", wrong));
        }
        let rules = &self.rules;
        if !rules.allowed.is_empty() && !rules.allowed.contains(value) {
            let allowed = rules.allowed.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            let wrong = format!("Unsupported value: {value}: supported values: {allowed}");
            causes.push((path.clone(), "FieldValueNotSupported", wrong));
        }
        match value {
            Value::String(text) => rules.check_text(text, path, causes),
            Value::Number(number) => rules.check_number(number.as_f64().unwrap_or_default(), value, path, causes),
            Value::Array(items) => self.check_items(items, path, causes),
            Value::Object(members) => self.check_members(members, path, causes),
            Value::Null | Value::Bool(_) => {}
        }
        self.check_combined(value, path, causes);
    }

    /// The type that a value should have and has not.
    fn wrong_sort(&self, value: &Value) -> Option<&str> {
        if self.is_int_or_string && (value.is_string() || value.is_i64() || value.is_u64()) {
            return None;
        }
        let sort = self.rules.sort.as_deref()?;
        let fits = match sort {
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            other => sort_of(value) == other,
        };
        (!fits).then_some(sort)
    }

    fn check_items(&self, items: &[Value], path: &mut String, causes: &mut Causes) {
        let (rules, count) = (&self.rules, items.len() as u64);
        rules.items.check(count, path, "items", causes);
        if rules.is_unique && items.iter().enumerate().any(|(at, item)| items[..at].contains(item)) {
            let wrong = format!("Invalid value: {}: {path} in body shouldn't contain duplicates", Value::from(items));
            causes.push((path.clone(), "FieldValueInvalid", wrong));
        }
        if let Some(schema) = &self.items {
            for (at, item) in items.iter().enumerate() {
                item_of(path, at, |path| schema.check_value(item, path, causes));
            }
        }
    }

    fn check_members(&self, members: &Map<String, Value>, path: &mut String, causes: &mut Causes) {
        self.rules.members.check(members.len() as u64, path, "properties", causes);
        for name in self.rules.required.iter().filter(|name| !members.contains_key(*name)) {
            below(path, name, |path| causes.push((path.clone(), "FieldValueRequired", "Required value".into())));
        }
        for (name, value) in members {
            if let Some(schema) = self.member(name) {
                below(path, name, |path| schema.check_value(value, path, causes));
            }
        }
    }

    fn check_combined(&self, value: &Value, path: &mut String, causes: &mut Causes) {
        let rules = &self.rules;
        let fits = |schema: &Schema| {
            let mut causes = vec![];
            schema.check_value(value, &mut path.clone(), &mut causes);
            causes.is_empty()
        };
        let mut refuse = |why: &str| {
            causes.push(("<nil>".into(), "FieldValueInvalid", format!("Invalid value: \"\": {path:?} {why}")));
        };
        if !rules.any_of.is_empty() && !rules.any_of.iter().any(fits) {
            refuse("must validate at least one schema (anyOf)");
        }
        if !rules.one_of.is_empty() {
            match rules.one_of.iter().filter(|schema| fits(schema)).count() {
                1 => {}
                0 => refuse("must validate one and only one schema (oneOf). Found none valid"),
                more => {
                    refuse(&format!("must validate one and only one schema (oneOf). Found {more} valid alternatives"));
                }
            }
        }
        if rules.not.as_deref().is_some_and(fits) {
            refuse("must not validate the schema (not)");
        }
        for schema in &rules.all_of {
            schema.check_value(value, path, causes);
        }
    }
}

impl Rules {
    fn check_text(&self, text: &str, path: &str, causes: &mut Causes) {
        let length = text.chars().count() as u64;
        let mut refuse = |reason, wrong: String| causes.push((path.into(), reason, wrong));
        if let Some(most) = self.length.most.filter(|most| length > *most) {
            refuse("FieldValueTooLong", format!("Too long: may not be more than {most} bytes"));
        }
        if let Some(least) = self.length.least.filter(|least| length < *least) {
            let wrong = format!("Invalid value: {text:?}: {path} in body should be at least {least} chars long");
            refuse("FieldValueInvalid", wrong);
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            let wrong = format!("Invalid value: {text:?}: {path} in body should match '{}'", pattern.text);
            refuse("FieldValueInvalid", wrong);
        }
        if let Some(format) = self.format.as_ref().filter(|format| !formats::fits(format, text)) {
            let wrong = format!("Invalid value: {text:?}: {path} in body must be of type {format}: {text:?}");
            refuse("FieldValueTypeInvalid", wrong);
        }
    }

    fn check_number(&self, number: f64, shown: &Value, path: &str, causes: &mut Causes) {
        let mut refuse = |why: String| {
            let wrong = format!("Invalid value: {shown}: {path} in body should be {why}");
            causes.push((path.into(), "FieldValueInvalid", wrong));
        };
        let or_equal = |exclusive| if exclusive { "" } else { "or equal to " };
        match self.maximum {
            Some((most, exclusive)) if number > most || exclusive && number >= most => {
                refuse(format!("less than {}{most}", or_equal(exclusive)));
            }
            _ => {}
        }
        match self.minimum {
            Some((least, exclusive)) if number < least || exclusive && number <= least => {
                refuse(format!("greater than {}{least}", or_equal(exclusive)));
            }
            _ => {}
        }
        if let Some(step) = self.multiple_of.filter(|step| (number / step).fract() != 0.0) {
            refuse(format!("a multiple of {step}"));
        }
    }
}

impl Bounds {
    fn check(self, count: u64, path: &str, of: &str, causes: &mut Causes) {
        if let Some(most) = self.most.filter(|most| count > *most) {
            let wrong = format!("Too many: {count}: must have at most {most} items");
            causes.push((path.into(), "FieldValueTooMany", wrong));
        }
        if let Some(least) = self.least.filter(|least| count < *least) {
            let wrong = format!("Invalid value: {count}: {path} in body should have at least {least} {of}");
            causes.push((path.into(), "FieldValueInvalid", wrong));
        }
    }
}

impl Pattern {
    /// What no regular expression of ours can be is nobody's fault here.
    fn matches(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

pub(super) fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
