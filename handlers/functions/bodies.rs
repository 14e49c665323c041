//! The bodies of messages as people and their tools send them: with a mark of byte order, in UTF-16, wrapped by .NET's
//! `DataContractSerializer` (as the task of Azure Pipelines and Stream Analytics do), as JSON in a JSON text.
use crate::text::cut;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// A portal wraps a body in one text of JSON, the host in another, a careful sender in a third.
const MOST_WRAPPINGS: usize = 3;
/// So much of a body is shown.
const SHOWN: usize = 300;
/// What `DataContractSerializer` writes before a text in binary XML: `<string xmlns="…">`.
const DATA_CONTRACT: &[u8] = b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/";

/// A body that is an object or an array, out of what the host made of it: base64 of its bytes, or a text.
///
/// # Errors
/// What came instead.
pub fn read(text: &str) -> Result<Value, String> {
    let by_bytes = BASE64_STANDARD.decode(text.trim()).ok().filter(|_| !text.trim().is_empty());
    match (by_bytes.map(|bytes| of_bytes(&bytes)), of_text(text)) {
        (Some(Ok(body)), _) | (_, Ok(body)) => Ok(body),
        (Some(Err(why)), Err(_)) | (None, Err(why)) => Err(why),
    }
}

/// The beginning of such a body, for people.
#[must_use]
pub fn shown(text: &str) -> String {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok().filter(|bytes| !bytes.is_empty());
    let text = bytes.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
    cut(&text, SHOWN)
}

fn of_bytes(bytes: &[u8]) -> Result<Value, String> {
    match bytes {
        [0x1f, 0x8b, ..] => Err("it is compressed (gzip): send it as plain JSON".into()),
        [0xff, 0xfe, rest @ ..] => of_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest, u16::from_be_bytes),
        _ => match bytes.strip_prefix(DATA_CONTRACT) {
            Some(rest) => of_text(&utf8(&unwrapped(rest)?)?),
            None => of_text(&utf8(bytes)?),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|error| format!("it is no text in UTF-8, from its byte {} on", error.utf8_error().valid_up_to()))
}

fn of_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Value, String> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    of_text(&text.map_err(|_| "it begins as UTF-16, and is none")?)
}

/// The text in binary XML (MC-NBFX): records of characters, each with its length, the last one with or before an end.
fn unwrapped(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = vec![];
    while let [kind, after @ ..] = rest {
        let (bytes_of_length, ends) = match kind {
            0x01 => return Ok(text),
            0x98 | 0x99 => (1, *kind == 0x99),
            0x9a | 0x9b => (2, *kind == 0x9b),
            0x9c | 0x9d => (4, *kind == 0x9d),
            _ => break,
        };
        let Some((length, after)) = after.split_at_checked(bytes_of_length) else { break };
        let length = length.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let Some((part, after)) = after.split_at_checked(length) else { break };
        text.extend_from_slice(part);
        if ends {
            return Ok(text);
        }
        rest = after;
    }
    if text.is_empty() {
        Err("it is wrapped by .NET's DataContractSerializer, but not as a text".into())
    } else {
        Ok(text)
    }
}

fn of_text(text: &str) -> Result<Value, String> {
    let mut text = text.to_owned();
    for _ in 0..=MOST_WRAPPINGS {
        let bare = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
        if bare.is_empty() {
            return Err("it is empty".into());
        }
        if bare.starts_with('<') {
            return Err("it is XML: send JSON".into());
        }
        match serde_json::from_str(bare) {
            Ok(body @ (Value::Object(_) | Value::Array(_))) => return Ok(body),
            Ok(Value::String(inner)) => text = inner,
            Ok(other) => return Err(format!("it is {}", cut(&other.to_string(), SHOWN))),
            Err(error) => return Err(format!("it is no JSON: {error}")),
        }
    }
    Err("it is JSON in a text in a text, and so on".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BODY: &str = r#"{"site": "shop", "reason": "ä"}"#;

    fn bytes(bytes: &[u8]) -> Result<Value, String> {
        read(&BASE64_STANDARD.encode(bytes))
    }

    fn contract(records: &[u8]) -> Vec<u8> {
        [DATA_CONTRACT, records].concat()
    }

    #[test]
    fn a_body_is_read_whatever_wrapped_it() {
        let body = json!({"site": "shop", "reason": "ä"});
        let (quoted, length) = (serde_json::to_string(BODY).unwrap(), u8::try_from(BODY.len()).unwrap());
        let utf16 = |order: fn(u16) -> [u8; 2]| BODY.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for sent in [
            BODY.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", BODY.as_bytes()].concat(),
            format!("  {BODY}\r\n\0").into_bytes(),
            quoted.clone().into_bytes(),
            serde_json::to_string(&quoted).unwrap().into_bytes(),
            [&b"\xff\xfe"[..], &utf16(u16::to_le_bytes)].concat(),
            [&b"\xfe\xff"[..], &utf16(u16::to_be_bytes)].concat(),
            contract(&[&[0x99, length], BODY.as_bytes()].concat()),
            contract(&[&[0x98, length], BODY.as_bytes(), &[1]].concat()),
            contract(&[&[0x9b, length, 0], BODY.as_bytes()].concat()),
            contract(
                &[&[0x9a, 2, 0], &BODY.as_bytes()[..2], &[0x9d, length - 2, 0, 0, 0], &BODY.as_bytes()[2..]].concat(),
            ),
        ] {
            assert_eq!(bytes(&sent), Ok(body.clone()), "{sent:?}");
        }
        assert_eq!(read(&quoted), Ok(body));
    }

    #[test]
    fn what_came_instead_is_said() {
        for (sent, words) in [
            (&b""[..], "it is empty"),
            (b"\xef\xbb\xbf", "it is empty"),
            (b"{\"site\": \"shop\",}", "trailing comma at line 1 column 17"),
            (b"{\"site\": \"shop\"} // now", "trailing characters"),
            (b"<site>shop</site>", "it is XML"),
            (b"\x1f\x8b\x08\x00", "compressed (gzip)"),
            (b"\xc3\x28", "no text in UTF-8, from its byte 0"),
            (b"shop", "it is no JSON"),
            (b"5", "it is 5"),
            (b"null", "it is null"),
        ] {
            let why = bytes(sent).unwrap_err();
            assert!(why.contains(words), "{words}: {why}");
        }
        assert!(bytes(&contract(&[0x99, 200, b'{'])).unwrap_err().contains("DataContractSerializer"));
        assert_eq!(shown(&BASE64_STANDARD.encode("\u{1b}[2J{")), "\\u{1b}[2J{");
    }
}
