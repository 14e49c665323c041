//! The structure of a site file, by the JSON Schema that is made from the types, in words for people.
use super::{Mistake, mistake};
use crate::resources::answers::shortened;
use crate::site::Site;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The JSON Schema of a site file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Site).to_value();
    schema["title"] = json!("A site of aks-bluegreen");
    schema
}

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .expect("the schema is made from our own types, and a test builds it")
});

/// Every place where the file differs from the schema, but for members that are not in it.
pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    VALIDATOR.iter_errors(file).flat_map(|error| in_words(&error)).collect()
}

/// Every member that is not in the schema: a misspelling, or what a newer version knows.
pub(super) fn unknown_members(file: &Value) -> Vec<Mistake> {
    VALIDATOR.iter_errors(file).flat_map(|error| unknown(&error)).collect()
}

fn unknown(error: &ValidationError<'_>) -> Vec<Mistake> {
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| unknown_member(error.instance_path().as_str(), name)).collect()
        }
        _ => vec![],
    }
}

fn in_words(error: &ValidationError<'_>) -> Vec<Mistake> {
    let path = error.instance_path().as_str();
    let found = found(error.instance());
    let one = |what: String| vec![mistake(path, what)];
    match error.kind() {
        Kind::AdditionalProperties { .. } => vec![],
        Kind::Required { property } => one(format!("{} is missing", property.as_str().unwrap_or_default())),
        Kind::Type { .. } => one(format!("expected {}, found {found}", expected_type(error))),
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let options: Vec<_> = options.iter().map(ToString::to_string).collect();
            one(format!("expected one of {}, found {found}", options.join(", ")))
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => match meant(context, path) {
            Some(errors) => errors.iter().flat_map(|error| unknown(error).into_iter().chain(in_words(error))).collect(),
            None => one(choice(context, &found)),
        },
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            one(format!("{:?} is no name that is known here", shortened(name)))
        }
        Kind::Pattern { pattern } => {
            let ends = error.instance().as_str().is_some_and(|text| text.ends_with('/'));
            let ends = if ends { ", which ends with a slash" } else { "" };
            one(format!("expected {}, found {found}{ends}", shape(path, pattern)))
        }
        Kind::Format { format } => {
            let format = if format == "ipv4" { "an address of IPv4 like 10.1.15.1" } else { format };
            one(format!("expected {format}, found {found}"))
        }
        Kind::Minimum { limit } => one(format!("expected at least {limit}, found {found}")),
        Kind::Maximum { limit } => one(format!("expected at most {limit}, found {found}")),
        Kind::MinItems { limit } => one(format!("expected at least {limit} entries")),
        Kind::MaxItems { limit } => one(format!("expected at most {limit} entries")),
        _ => one(error.to_string()),
    }
}

fn unknown_member(path: &str, name: &str) -> Mistake {
    let escaped = shortened(name).replace('~', "~0").replace('/', "~1");
    mistake(format!("{path}/{escaped}"), "this name is not known here: is it misspelt?")
}

/// Of the forms that a value may have, the one that it has the type of: what is wrong with it in that form.
fn meant<'a>(context: &'a [Vec<ValidationError<'static>>], path: &str) -> Option<&'a [ValidationError<'static>]> {
    let differs = |error: &ValidationError<'_>| {
        let is_whole = error.instance_path().as_str() == path;
        is_whole && matches!(error.kind(), Kind::Type { .. } | Kind::Constant { .. } | Kind::Enum { .. })
    };
    let is_of_its_type = |errors: &&Vec<ValidationError<'_>>| !errors.iter().any(differs);
    let mut fitting = context.iter().filter(is_of_its_type);
    let one = fitting.next()?;
    fitting.next().is_none().then_some(one)
}

/// The constants among which a value could be chosen.
fn choice(context: &[Vec<ValidationError<'static>>], found: &str) -> String {
    let constants: Vec<_> = context
        .iter()
        .flatten()
        .flat_map(|error| match error.kind() {
            Kind::Constant { expected_value } => vec![expected_value.to_string()],
            Kind::Enum { options } => options.as_array().into_iter().flatten().map(ToString::to_string).collect(),
            _ => Vec::new(),
        })
        .collect();
    if constants.is_empty() {
        return format!("{found} fits none of the allowed forms");
    }
    format!("expected one of {}, found {found}", constants.join(", "))
}

fn expected_type(error: &ValidationError<'_>) -> String {
    let Kind::Type { kind } = error.kind() else { return "something else".to_owned() };
    let kind = format!("{kind:?}").to_ascii_lowercase();
    let words = [
        ("string", "a text"),
        ("integer", "a whole number"),
        ("number", "a number"),
        ("boolean", "true or false"),
        ("array", "a list"),
        ("object", "an object"),
    ];
    let named: Vec<_> = words.iter().filter(|(name, _)| kind.contains(name)).map(|(_, words)| *words).collect();
    named.join(" or ")
}

/// What a pattern means, by the place where it stands.
fn shape(path: &str, pattern: &str) -> String {
    let id = |rest: &str| format!("a resource id like /subscriptions/<id>/resourceGroups/<group>/providers/{rest}");
    match path.rsplit('/').next() {
        Some("name") => "1 to 40 lower-case letters, digits and hyphens".to_owned(),
        Some("gateway") => id("Microsoft.Network/applicationGateways/<name>"),
        Some("cluster") => id("Microsoft.ContainerService/managedClusters/<name>"),
        Some("subnet" | "ingressSubnet") => id("Microsoft.Network/virtualNetworks/<network>/subnets/<name>"),
        Some("digest") => "a SHA-256 in 64 lower-case hex digits".to_owned(),
        Some("url") => "a URL that begins with http:// or https://".to_owned(),
        _ => format!("a text that fits {pattern}"),
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("{:?}", shortened(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => shortened(&value.to_string()),
    }
}
