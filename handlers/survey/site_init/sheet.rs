//! A JSON file with a comment above each member that has one.
use crate::site::check::{GOES_ON, MARK, PLACEHOLDER, marks};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A drafted file.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The file, with comments.
    pub text: String,
    /// The name of the site.
    pub name: String,
    /// What a person must fill in: JSON pointers and what belongs there. `site check` refuses the file until then.
    pub placeholders: Vec<(String, String)>,
    /// What a person should look at: numbers of lines and what is to be decided. The values are good as they are.
    pub marks: Vec<(usize, String)>,
}

/// A file in the making.
#[derive(Default)]
pub(super) struct Sheet {
    file: Map<String, Value>,
    /// Place and whole text of each comment.
    comments: Vec<(String, String)>,
    placeholders: Vec<(String, String)>,
}

/// Lines are broken here.
const WIDTH: usize = 118;

impl Sheet {
    pub fn set(&mut self, member: &str, value: Value) {
        self.file.insert(member.to_owned(), value);
    }

    /// Leaves a value of the file's own level to a person.
    pub fn placeholder(&mut self, member: &str, what: &str) {
        let value = self.undecided(&format!("/{member}"), what);
        self.set(member, value);
    }

    /// The value that leaves a place to a person.
    pub fn undecided(&mut self, path: &str, what: &str) -> Value {
        self.placeholders.push((path.to_owned(), what.to_owned()));
        json!(format!("{PLACEHOLDER}{what}"))
    }

    /// Says something about a place.
    pub fn note(&mut self, path: &str, what: &str) {
        self.comments.push((path.to_owned(), format!("// {}", in_one_line(what))));
    }

    /// Marks a place whose value a person should look at.
    pub fn decide(&mut self, path: &str, what: &str) {
        self.comments.push((path.to_owned(), format!("{MARK}{}", in_one_line(what))));
    }

    pub fn finish(self) -> Draft {
        let mut text = String::new();
        self.comments_at("", 0, &mut text);
        let name = self.file.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.value(&Value::Object(self.file.clone()), "", 0, &mut text);
        text.push('\n');
        Draft { marks: marks(&text), text, name, placeholders: self.placeholders }
    }

    fn comments_at(&self, path: &str, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for (_, comment) in self.comments.iter().filter(|(at, _)| at == path) {
            let mut line = indent.clone();
            for word in comment.split(' ') {
                if line.len() + word.len() >= WIDTH {
                    let _ = writeln!(out, "{}", line.trim_end());
                    line = format!("{indent}{GOES_ON}");
                }
                line.push_str(word);
                line.push(' ');
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn value(&self, value: &Value, path: &str, depth: usize, out: &mut String) {
        let is_flat = |value: &Value| !value.is_object() && !value.is_array();
        let is_short = !self.comments.iter().any(|(at, _)| at.starts_with(&format!("{path}/")));
        match value {
            Value::Object(members) if !(is_short && members.values().all(is_flat) && members.len() < 3) => {
                out.push_str("{\n");
                for (index, (name, member)) in members.iter().enumerate() {
                    let path = format!("{path}/{name}");
                    self.comments_at(&path, depth + 1, out);
                    let _ = write!(out, "{}{}: ", "  ".repeat(depth + 1), json!(name));
                    self.value(member, &path, depth + 1, out);
                    out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
                }
                out.push_str(&"  ".repeat(depth));
                out.push('}');
            }
            Value::Object(members) => {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("{}: {value}", json!(name))).collect();
                let _ = write!(
                    out,
                    "{}",
                    if members.is_empty() { "{}".into() } else { format!("{{ {} }}", members.join(", ")) }
                );
            }
            Value::Array(items) if !items.iter().all(is_flat) => {
                out.push_str("[\n");
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}/{index}");
                    self.comments_at(&path, depth + 1, out);
                    out.push_str(&"  ".repeat(depth + 1));
                    self.value(item, &path, depth + 1, out);
                    out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
                }
                out.push_str(&"  ".repeat(depth));
                out.push(']');
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(Value::to_string).collect();
                let _ = write!(out, "[{}]", items.join(", "));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let _ = write!(out, "{value}");
            }
        }
    }
}

/// A comment ends with its line, whatever a name out there contains.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
