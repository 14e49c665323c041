//! What a server refuses of objects whose members it knows (its answer 422): by the rules of the crate `kinds`.
use crate::resources::answers::{list, shortened, text};
use crate::resources::object::group;
use crate::workload::members::{self, Mistake};
use crate::workload::placeholders::in_form_of;
use kinds::rules::{Findings, Whose, definitions, of_members, of_metadata};
use serde_json::{Map, Value};

/// So many broken rules are said of one object.
const MOST: usize = 10;
/// So much is shown of what a server says: it names whole objects, and every name that it would take.
const LONGEST: usize = 300;

/// The rules that this object breaks, in words: with something in each placeholder that has the form of what it will be, where
/// all that it may be have one.
#[must_use]
pub fn broken(object: &Value) -> Vec<String> {
    let said = broken_in(object, "green");
    if said.is_empty() && holds(object, "${slot.colour}") { broken_in(object, "blue") } else { said }
}

fn broken_in(object: &Value, colour: &str) -> Vec<String> {
    let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    let group = group(api_version);
    let mut forms = vec![];
    let formed = formed(object, colour, &mut forms);
    let (whose, mut filled) = (Whose { group, api_version, kind, is_own: true }, formed.clone());
    kinds::defaults::fill_in(api_version, kind, &mut filled);
    let mut findings = Findings::default();
    of_metadata(whose, &filled, &mut findings);
    of_members(whose, &filled, &mut findings);
    if kind == "CustomResourceDefinition" {
        findings.causes.extend(definitions::check(&filled));
    }
    let (told, doubles) = (told(&formed), !kinds::lists::twice(api_version, kind, object).is_empty());
    let mut said = vec![];
    for (field, reason, words) in &findings.causes {
        let is_double = doubles && (*reason == "FieldValueDuplicate" || words.ends_with("must be unique"));
        let is_said = is_said_elsewhere(field, reason, words) || told.contains(field) || is_double;
        let hint = forms.iter().find(|form| [field, words].iter().any(|text| text.contains(&form.filled)));
        let what = format!("{field}: {}{}", in_short(words), hint.map(Form::in_words).unwrap_or_default());
        // One of another type, or one reason, is enough to say of what a placeholder makes wrong.
        let is_enough = hint.is_some()
            && (told.iter().any(|place| within(place) == within(field))
                || said.iter().any(|what: &String| what.starts_with(&format!("{field}: "))));
        let is_open = hangs_on_a_placeholder(object, field, words, hint.is_some())
            || (hint.is_some() && *reason == "FieldValueDuplicate");
        if !is_said && !is_enough && !is_open && !said.contains(&what) {
            said.push(what);
        }
    }
    said.truncate(MOST);
    said
}

/// The object in which a member is.
fn within(field: &str) -> &str {
    field.rsplit_once('.').map_or("", |(within, _)| within)
}

/// A text with placeholders.
struct Form<'a> {
    written: &'a str,
    /// With something in their form.
    filled: String,
}

impl Form<'_> {
    fn in_words(&self) -> String {
        format!("; {} becomes something like {}", shortened(self.written), shortened(&self.filled))
    }
}

/// As a server would get it, who takes nothing for what is absent.
fn formed<'a>(value: &'a Value, colour: &str, forms: &mut Vec<Form<'a>>) -> Value {
    match value {
        Value::Object(members) => {
            let mut there = Map::new();
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let name = in_its_form(name, colour, forms);
                there.insert(name, formed(value, colour, forms));
            }
            Value::Object(there)
        }
        Value::Array(items) => items.iter().map(|item| formed(item, colour, forms)).collect(),
        Value::String(text) => Value::String(in_its_form(text, colour, forms)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn in_its_form<'a>(text: &'a str, colour: &str, forms: &mut Vec<Form<'a>>) -> String {
    let filled = text.contains("${").then(|| in_form_of(text, colour)).flatten();
    let Some(filled) = filled else { return text.to_owned() };
    forms.push(Form { written: text, filled: filled.clone() });
    filled
}

/// The members of which something is said already: that they are missing, or of another type.
fn told(object: &Value) -> Vec<String> {
    let of = |Mistake { place, what, .. }: Mistake| match what.strip_suffix(" is missing") {
        Some(name) if place.is_empty() => name.to_owned(),
        Some(name) => format!("{place}.{name}"),
        None => place,
    };
    members::mistakes(object).unwrap_or_default().into_iter().map(of).collect()
}

/// The desk judges names and sizes of objects of every kind.
fn is_said_elsewhere(field: &str, reason: &str, words: &str) -> bool {
    (field == "metadata.name" && words.contains("RFC 1123 subdomain"))
        || (field == "metadata.annotations" && reason == "FieldValueTooLong")
}

/// Without the examples and the pattern of what would be right.
fn in_short(words: &str) -> String {
    let words = match words.split_once(" (e.g.") {
        Some((before, after)) => format!("{before}{}", after.rsplit_once(')').map_or("", |(_, rest)| rest)),
        None => words.to_owned(),
    };
    if words.len() <= LONGEST {
        return words;
    }
    // What is wrong stands at the end.
    let begin: String = words.chars().take(LONGEST / 3).collect();
    format!("{begin}… {}", words.rsplit_once(": ").map_or("", |(_, end)| end))
}

/// What a placeholder stands for is not known yet; or its form is, and not whether it is what stands elsewhere.
fn hangs_on_a_placeholder(object: &Value, field: &str, words: &str, in_form: bool) -> bool {
    let holds = |value: &Value| holds(value, "${");
    let pod = field.split(".containers[").next().and_then(|pod| pod.split(".initContainers[").next());
    let pod = object.pointer(&format!("/{}", pod.unwrap_or_default().replace('.', "/"))).unwrap_or(&Value::Null);
    let named = |volume: &Value| holds(&volume["name"]);
    let selects = || holds(&object["spec"]["selector"]) || holds(&object["spec"]["template"]["metadata"]["labels"]);
    words.contains("${")
        || field.contains("${")
        || (words.starts_with("Not found") && (in_form || list(pod, "/volumes").iter().any(named)))
        || (field.ends_with("template.metadata.labels") && words.contains("does not match") && selects())
        || (field.starts_with("data[.dockerc") && holds(object))
        || (field == "metadata.name" && holds(&object["spec"]["names"]))
}

fn holds(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}
