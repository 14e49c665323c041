//! Pure: the rules that an object must keep.
use super::{kinds::Kind, refusal::Refusal, validation};
use serde_json::Value;

/// An object whose rules are looked at.
struct Candidate<'a> {
    kind: &'a Kind,
    name: &'a str,
    spec: &'a Value,
}

/// Refuses an object that the real server would refuse; `before` is what it replaces.
pub(super) fn check(kind: &Kind, before: Option<&Value>, object: &Value) -> Result<(), Refusal> {
    validation::check(kind, before, object)?;
    let (name, spec) = (object["metadata"]["name"].as_str().unwrap_or_default(), &object["spec"]);
    let candidate = Candidate { kind, name, spec };
    if kind.built_in && kind.kind == "CustomResourceDefinition" { candidate.is_a_definition() } else { Ok(()) }
}

impl Candidate<'_> {
    fn refuse(&self, field: &str, reason: &'static str, wrong: &str) -> Result<(), Refusal> {
        Err(Refusal::invalid(self.kind, self.name, field, reason, wrong))
    }

    fn is_a_definition(&self) -> Result<(), Refusal> {
        let (name, spec) = (self.name, self.spec);
        let (plural, group) = (spec["names"]["plural"].as_str(), spec["group"].as_str());
        if name != format!("{}.{}", plural.unwrap_or_default(), group.unwrap_or_default()) {
            let wrong = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
            return self.refuse("metadata.name", "FieldValueInvalid", &wrong);
        }
        if spec["names"]["kind"].as_str().is_none_or(str::is_empty)
            || spec["versions"].as_array().is_none_or(Vec::is_empty)
        {
            return self.refuse("spec.versions", "FieldValueRequired", "Required value");
        }
        Ok(())
    }
}
