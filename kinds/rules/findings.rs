//! Pure: what is wrong with an object, and where.
use serde_json::Value;

/// What is wrong: of each the field's path, the reason, the words.
pub type Causes = Vec<(String, &'static str, String)>;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    place: String,
    /// Of each what is wrong: its field, the reason, the words.
    pub causes: Causes,
}

impl Findings {
    /// Notes something about a member (or, without a name, about the place itself).
    pub fn note(&mut self, member: &str, reason: &'static str, wrong: String) {
        let dot = if self.place.is_empty() || member.is_empty() || member.starts_with('[') { "" } else { "." };
        self.causes.push((format!("{}{dot}{member}", self.place), reason, wrong));
    }

    /// Notes that a member is missing.
    pub fn required(&mut self, member: &str, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        self.note(member, "FieldValueRequired", format!("Required value{colon}{why}"));
    }

    /// Notes that a member's value is none.
    pub fn invalid(&mut self, member: &str, value: &Value, why: &str) {
        self.note(member, "FieldValueInvalid", format!("Invalid value: {value}: {why}"));
    }

    /// Notes a member that may not be there.
    pub fn forbidden(&mut self, member: &str, why: &str) {
        self.note(member, "FieldValueForbidden", format!("Forbidden: {why}"));
    }

    /// Notes what is there already.
    pub fn duplicate(&mut self, member: &str, value: &Value) {
        self.note(member, "FieldValueDuplicate", format!("Duplicate value: {value}"));
    }

    /// Notes what has too many bytes.
    pub fn too_long(&mut self, member: &str, most: usize) {
        self.note(member, "FieldValueTooLong", format!("Too long: may not be more than {most} bytes"));
    }

    /// Notes a value that is none of those that there are.
    pub fn unsupported(&mut self, member: &str, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        let wrong = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        self.note(member, "FieldValueNotSupported", wrong);
    }

    /// Looks at what is below a member.
    pub fn within(&mut self, step: &str, look: impl FnOnce(&mut Self)) {
        let before = self.place.len();
        if before > 0 && !step.starts_with('[') {
            self.place.push('.');
        }
        self.place.push_str(step);
        look(self);
        self.place.truncate(before);
    }
}

/// The items of a member that is a list.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
