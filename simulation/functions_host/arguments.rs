//! A child's command line: `%NAME%` replaced, then split where the real host's unquoted joining splits it. Pure.
use std::collections::BTreeMap;

/// The text with `%NAME%` replaced by the environment's value; a name that has none is taken out.
pub(super) fn expanded(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        whole += before;
        let Some((name, after)) = after.split_once('%') else {
            whole.push('%');
            rest = after;
            break;
        };
        whole += environment.get(name).map_or("", String::as_str);
        rest = after;
    }
    whole + rest
}

/// The arguments of a command line. The real host joins what `host.json` lists by spaces alone, so one with a space
/// becomes two unless it stands in double quotes.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut arguments = vec![];
    let (mut argument, mut quoted, mut begun) = (String::new(), false, false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'"') => {
                argument.extend(letters.next());
                begun = true;
            }
            '"' => (quoted, begun) = (!quoted, true),
            letter if letter.is_whitespace() && !quoted => {
                if begun {
                    arguments.push(std::mem::take(&mut argument));
                }
                begun = false;
            }
            letter => {
                argument.push(letter);
                begun = true;
            }
        }
    }
    if begun {
        arguments.push(argument);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_unknown_ones_taken_out() {
        let environment = [("PORT".to_owned(), "7".to_owned())].into();
        for (text, expected) in [
            ("plain", "plain"),
            ("--port=%PORT%", "--port=7"),
            ("%PORT%%PORT%", "77"),
            ("a%NOPE%b", "ab"),
            ("100%", "100%"),
        ] {
            assert_eq!(expanded(text, &environment), expected);
        }
    }

    #[test]
    fn a_space_splits_unless_it_is_quoted() {
        assert_eq!(split("serve  --a b"), ["serve", "--a", "b"]);
        assert_eq!(split(r#"-c "a b" "" x"y z" \"q"#), ["-c", "a b", "", "xy z", "\"q"]);
        assert!(split("  ").is_empty());
    }
}
