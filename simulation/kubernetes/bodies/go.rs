//! Pure: why a text is no JSON, in the words of Go's `encoding/json`.

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq)]
enum Expects {
    Value,
    /// A value, or the end of an empty list.
    Item,
    /// A name, or the end of an empty object.
    Name,
    NextName,
    Colon,
    AfterValue,
}

/// The complaint about the first wrong letter; `None`: the text ends too early, or is right.
pub(super) fn why(text: &[u8]) -> Option<String> {
    let (mut nested, mut expects, mut at) = (vec![], Expects::Value, 0);
    while at < text.len() {
        let byte = text[at];
        at += 1;
        if byte.is_ascii_whitespace() {
            continue;
        }
        let inside = nested.last().copied();
        expects = match (expects, byte) {
            (Expects::Value | Expects::Item, b'{') => {
                nested.push(b'{');
                Expects::Name
            }
            (Expects::Value | Expects::Item, b'[') => {
                nested.push(b'[');
                Expects::Item
            }
            (Expects::Item, b']') | (Expects::Name, b'}') => {
                nested.pop();
                Expects::AfterValue
            }
            (Expects::Name | Expects::NextName, b'"') => {
                at = after_text(text, at);
                Expects::Colon
            }
            (Expects::Value | Expects::Item, b'"') => {
                at = after_text(text, at);
                Expects::AfterValue
            }
            (Expects::Value | Expects::Item, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                at += text[at..].iter().take_while(|byte| plain(byte)).count();
                Expects::AfterValue
            }
            (Expects::Colon, b':') => Expects::Value,
            (Expects::AfterValue, b',') if inside == Some(b'{') => Expects::NextName,
            (Expects::AfterValue, b',') if inside == Some(b'[') => Expects::Value,
            (Expects::AfterValue, b'}') if inside == Some(b'{') => closed(&mut nested),
            (Expects::AfterValue, b']') if inside == Some(b'[') => closed(&mut nested),
            (_, byte) => return Some(complaint(byte, place(expects, inside))),
        };
    }
    None
}

fn closed(nested: &mut Vec<u8>) -> Expects {
    nested.pop();
    Expects::AfterValue
}

fn after_text(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn place(expects: Expects, inside: Option<u8>) -> &'static str {
    match (expects, inside) {
        (Expects::Value | Expects::Item, _) => "looking for beginning of value",
        (Expects::Name | Expects::NextName, _) => "looking for beginning of object key string",
        (Expects::Colon, _) => "after object key",
        (Expects::AfterValue, Some(b'{')) => "after object key:value pair",
        (Expects::AfterValue, Some(_)) => "after array element",
        (Expects::AfterValue, None) => "after top-level value",
    }
}

fn complaint(byte: u8, place: &str) -> String {
    let letter = char::from(byte);
    let shown = if letter.is_ascii_graphic() { letter.to_string() } else { format!("\\u{byte:04x}") };
    format!("invalid character '{shown}' {place}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn complaints_are_those_of_go() {
        for (text, expected) in [
            ("{{", Some("invalid character '{' looking for beginning of object key string")),
            ("{\"a\" 1}", Some("invalid character '1' after object key")),
            ("{\"a\": 1 \"b\"}", Some("invalid character '\"' after object key:value pair")),
            ("[1 2]", Some("invalid character '2' after array element")),
            ("{} x", Some("invalid character 'x' after top-level value")),
            ("x", Some("invalid character 'x' looking for beginning of value")),
            ("{\"a\": {\"b\": [\"\\\"\", true]}", None),
        ] {
            assert_eq!(super::why(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }
}
