//! What a person has not decided yet: `site init` writes a text that begins so where it cannot know the value.
use super::{Mistake, mistake};
use serde_json::Value;

/// How a placeholder begins.
pub const PLACEHOLDER: &str = "decide: ";
/// How a comment begins that marks a value to be looked at. The value itself is good as it is.
pub const MARK: &str = "// DECIDE: ";

/// Every placeholder of a site file.
pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let mut found = vec![];
    collect(file, &mut String::new(), &mut found);
    found
}

fn collect(value: &Value, path: &mut String, found: &mut Vec<Mistake>) {
    let length = path.len();
    let mut inside = |name: &str, value: &Value| {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        collect(value, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| inside(name, member)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| inside(&index.to_string(), item)),
        Value::String(text) => {
            if let Some(what) = text.strip_prefix(PLACEHOLDER) {
                found.push(mistake(path.as_str(), format!("undecided: {what}")));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// How a comment goes on in the next line.
pub const GOES_ON: &str = "//   ";

/// The comments of a site file that mark a value to be looked at: number of the line, and what is to be decided.
#[must_use]
pub fn marks(text: &str) -> Vec<(usize, String)> {
    let mut marks: Vec<(usize, String)> = vec![];
    let mut goes_on = false;
    for (at, line) in text.lines().map(str::trim_start).enumerate() {
        if let Some(what) = line.strip_prefix(MARK) {
            marks.push((at + 1, what.trim_end().to_owned()));
            goes_on = true;
        } else if let (true, Some(more), Some((_, what))) = (goes_on, line.strip_prefix(GOES_ON), marks.last_mut()) {
            what.push(' ');
            what.push_str(more.trim());
        } else {
            goes_on = false;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_to_its_end() {
        let text = "{\n  // DECIDE: how\n  //   fast\n  // or not\n  //   at all\n  \"a\": 1\n}";
        assert_eq!(marks(text), [(2, "how fast".to_owned())]);
    }
}
