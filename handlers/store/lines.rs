//! A document's line: what a list shows of it, kept with the document as its metadata. It is written in the same request, so
//! it is never of another version; who writes the document without it (an older binary, a hand) takes it away, and then the
//! document itself is read. So a list is one question, however many documents there are.
use super::blobs::{Blobs, Stored};
use bytes::Bytes;
use serde_json::Value;
use std::collections::HashMap;

/// The name of the metadata. A line of another shape would get another name.
const NAME: &str = "line";
/// The store keeps 8 KB of metadata, and a header is no place for more than this, in bytes.
const LONGEST: usize = 4096;

/// The metadata for a line; none when it is too long: then the document is read.
#[must_use]
pub(super) fn metadata(line: &Value) -> Option<HashMap<String, String>> {
    let text = in_ascii(&line.to_string());
    (text.len() <= LONGEST).then(|| HashMap::from([(NAME.to_owned(), text)]))
}

/// The line in a document's metadata.
#[must_use]
pub(super) fn read(metadata: &HashMap<String, String>) -> Option<Value> {
    let (_, text) = metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(NAME))?;
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// The same JSON in what a header can hold.
fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == ' ' || letter.is_ascii_graphic() {
            text.push(letter);
        } else {
            let mut units = [0; 2];
            letter.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    text
}

/// One document of a list.
pub(super) struct Listed {
    /// Its name.
    pub name: String,
    /// Its line, where it has one.
    pub line: Option<Value>,
}

/// A part of a list.
pub struct Page<Item> {
    /// What is in it.
    pub items: Vec<Item>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

/// A line, or the document in whose stead there is none.
pub(super) async fn line_or_document(
    blobs: &Blobs,
    listed: Listed,
) -> anyhow::Result<Option<Result<Value, Stored<Bytes>>>> {
    match listed.line {
        Some(line) => Ok(Some(Ok(line))),
        None => Ok(blobs.get(&listed.name).await?.map(Err)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_read_as_it_was_written_whatever_is_in_it() {
        let line = json!({"why": "ü \u{1f600} \"q\" \\ \n \u{7f}\u{0}<&>", "n": 1.5, "none": null});
        let kept = metadata(&line).unwrap();
        assert!(kept[NAME].bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{kept:?}");
        assert_eq!(read(&kept), Some(line));
        assert_eq!(metadata(&json!({"why": "x".repeat(LONGEST)})), None);
        let other = |text: &str| read(&HashMap::from([(NAME.to_owned(), text.to_owned())]));
        assert_eq!((other("{"), other("7"), read(&HashMap::new())), (None, None, None));
    }
}
