//! Filling placeholders: all of them, or those whose values are known so far. Pure.
use super::{Part, Parts, Placeholders, endless};
use crate::resources::answers::shortened;
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// Fills the placeholders in every text, the names of members included.
///
/// # Errors
/// When one stands for nothing here, or gives a member the name of another one.
pub(crate) fn fill(value: Value, filled: &Placeholders) -> Result<Value, String> {
    each_text(value, &|text| fill_text(text, filled))
}

fn fill_text(text: &str, filled: &Placeholders) -> Result<String, String> {
    let mut done = String::with_capacity(text.len());
    for part in Parts(text) {
        match part {
            Part::Plain(text) => done.push_str(text),
            Part::Escaped => done.push_str("${"),
            Part::Name(name) => done.push_str(filled.meaning(name)?),
            Part::Endless(rest) => return Err(endless(rest)),
        }
    }
    Ok(done)
}

impl Placeholders {
    /// An object with what is known filled in. What is not stays as it is written, and so does `$${`.
    ///
    /// # Errors
    /// When a member gets the name of another one: in the slot of one colour, where that is not known.
    pub(crate) fn fill_what_is_known(&self, object: Value) -> Result<Value, String> {
        if !object.to_string().contains("${") {
            return Ok(object);
        }
        if self.known("slot.colour").is_none() {
            for colour in ["blue", "green"] {
                self.clone().with("slot.colour", colour).fill_what_is_known(object.clone())?;
            }
        }
        each_text(object, &|text| Ok(self.known_in(text)))
    }

    fn known_in(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        for part in Parts(text) {
            match part {
                Part::Plain(text) | Part::Endless(text) => done.push_str(text),
                Part::Escaped => done.push_str("$${"),
                Part::Name(name) => match self.known(name) {
                    Some(value) => done.push_str(value),
                    None => done.extend(["${", name, "}"]),
                },
            }
        }
        done
    }

    fn known(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.as_deref().ok()?;
        (!value.is_empty()).then_some(value)
    }
}

/// A value with each of its texts, the names of members among them, made anew.
fn each_text(value: Value, make: &impl Fn(&str) -> Result<String, String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) if text.contains("${") => Value::String(make(&text)?),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| each_text(item, make)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut done = Map::new();
            for (name, member) in members {
                let member = each_text(member, make)?;
                let made = if name.contains("${") { make(&name)? } else { name };
                match done.entry(made) {
                    Entry::Vacant(place) => place.insert(member),
                    Entry::Occupied(taken) => {
                        let why = "two members get this name when their placeholders are filled, and one would be lost";
                        return Err(format!("{}: {why}", shortened(taken.key())));
                    }
                };
            }
            Value::Object(done)
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_members_never_become_one() {
        let object = json!({"data": {"${slot.colour}": "1", "green": "2"}});
        let green = Placeholders::default().with("slot.colour", "green");
        let why = fill(object.clone(), &green).unwrap_err();
        assert!(why.starts_with("green: two members get this name"), "{why}");
        let blue = Placeholders::default().with("slot.colour", "blue");
        assert_eq!(fill(object.clone(), &blue), Ok(json!({"data": {"blue": "1", "green": "2"}})));
        assert!(Placeholders::of_the_desk(1, []).fill_what_is_known(object.clone()).is_err(), "it may become green");
        assert!(blue.fill_what_is_known(object).is_ok());
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_written() {
        let desk = Placeholders::of_the_desk(1, []).with("slot.colour", "blue").without("tenant", "nobody tells it");
        let object = json!({"a": "${slot.colour}-${oidc.issuer}", "$${b}": "$${slot.colour} ${tenant} ${", "c": 1});
        let expected = json!({"a": "blue-${oidc.issuer}", "$${b}": "$${slot.colour} ${tenant} ${", "c": 1});
        assert_eq!(desk.fill_what_is_known(object), Ok(expected));
    }
}
