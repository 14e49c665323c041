//! Members that stand twice in one object of a site file: JSON lets them pass, and the last one counts. Pure.
use super::comments::{string, without_comments};
use crate::resources::answers::shortened;
use std::collections::BTreeMap;

/// What is open: an object with its members and their lines, or a list.
enum Open {
    Object { lines: BTreeMap<String, usize>, expects_name: bool },
    List,
}

/// What is to be said of members that stand twice, each with its line. Nothing is said of what is no JSON.
#[must_use]
pub fn doubled(file: &str) -> Vec<String> {
    let text = without_comments(file);
    let (mut open, mut line, mut at, mut said): (Vec<Open>, _, _, _) = (vec![], 1, 0, vec![]);
    while let Some(byte) = text.as_bytes().get(at) {
        let mut length = 1;
        match (byte, open.last_mut()) {
            (b'\n', _) => line += 1,
            (b'{', _) => open.push(Open::Object { lines: BTreeMap::new(), expects_name: true }),
            (b'[', _) => open.push(Open::List),
            (b'}' | b']', _) => drop(open.pop()),
            (b',', Some(Open::Object { expects_name, .. })) => *expects_name = true,
            (b'"', within) => {
                length = string(&text[at..]);
                if let Some(Open::Object { lines, expects_name }) = within
                    && std::mem::take(expects_name)
                    && let Ok(name) = serde_json::from_str::<String>(&text[at..at + length])
                {
                    if let Some(before) = lines.get(&name) {
                        let name = shortened(&name);
                        said.push(format!("line {line}: {name:?} stands in line {before} already: this one counts"));
                    }
                    lines.insert(name, line);
                }
            }
            _ => {}
        }
        at += length;
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_told_with_both_lines() {
        for (file, told) in [
            ("{\"a\": 1,\n\n\"a\": 2}", vec!["line 3: \"a\" stands in line 1 already: this one counts"]),
            (
                "{\"x\": [{\"a\": {\"b\": 1},\n \"a\": 1}]}",
                vec!["line 2: \"a\" stands in line 1 already: this one counts"],
            ),
            (
                "{\"a\": 1, // \"a\"\n\"\\u0061\": 1, /* \n */ \"a\": 3}",
                vec![
                    "line 2: \"a\" stands in line 1 already: this one counts",
                    "line 3: \"a\" stands in line 2 already: this one counts",
                ],
            ),
            ("\u{feff}{\"é\": 1, \"é\": 2}", vec!["line 1: \"é\" stands in line 1 already: this one counts"]),
        ] {
            assert_eq!(doubled(file), told, "{file}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_only_looks_so() {
        for file in [
            r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}], "c": ["a", "a"], "d": "a", "e": "d"}"#,
            r#"{"a": "{\"a\": 1, \"a\": 2}"}"#,
            r#"{"a": "x", "A": "x"}"#,
            "]]}}{\"a",
            "{\"a\": 1, \"a",
            "",
        ] {
            assert_eq!(doubled(file), [""; 0], "{file}");
        }
        assert_eq!(doubled(include_str!("../../../../examples/shop/article.json")), [""; 0]);
    }
}
