//! Placeholders that a template has encoded: they are filled where they can be read, so that these never are. Pure.
use super::{Part, Parts};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// The shortest that a placeholder in base64 can be.
const SHORTEST: usize = 12;
/// `${`, as `urlquery` writes it.
const IN_URLS: &str = "%24%7b";

/// The first known placeholder that lies encoded in this text, and what to do about it.
pub(super) fn encoded(text: &str, is_known: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let known = |text: &str| {
        let mut names = Parts(text).filter_map(|part| if let Part::Name(name) = part { Some(name) } else { None });
        names.find(|name| is_known(name)).map(str::to_owned)
    };
    if let Some(name) = in_base64(text).and_then(|text| known(&text)) {
        let why = format!(
            "${{{name}}} lies in it in base64 and would stay as it is, for placeholders are filled in plain text: put it into \
             stringData in place of data, or into a value that is not encoded; or, where it is no placeholder, publish the file \
             with \"placeholders\": false"
        );
        return Some((name, why));
    }
    let lower = text.to_ascii_lowercase();
    let names = lower.match_indices(IN_URLS).filter_map(|(at, _)| {
        let rest = &text[at + IN_URLS.len()..];
        let end = rest.to_ascii_lowercase().find("%7d")?;
        Some(&rest[..end])
    });
    let name = names.into_iter().find(|name| is_known(name))?.to_owned();
    let why = format!(
        "${{{name}}} lies in it as part of an address (%24%7B…%7D) and would stay as it is, for placeholders are filled in \
         plain text: put it into a value that is not encoded; or, where it is no placeholder, publish the file with \
         \"placeholders\": false"
    );
    Some((name, why))
}

fn in_base64(text: &str) -> Option<String> {
    // Long values are wrapped.
    let text: String = text.split_ascii_whitespace().collect();
    let is_one = |letter: u8| letter.is_ascii_alphanumeric() || b"+/-_=".contains(&letter);
    if text.len() < SHORTEST || !text.bytes().all(is_one) {
        return None;
    }
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let bytes = engines.iter().find_map(|engine| engine.decode(&text).ok())?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        encoded(text, |name| name.starts_with("identity.") || name == "tenant").map(|(name, _)| name)
    }

    #[test]
    fn a_placeholder_is_found_below_its_encoding() {
        let text = "client=${identity.x.clientId}\n";
        for encoded in [STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE.encode(text)] {
            assert_eq!(found(&encoded).as_deref(), Some("identity.x.clientId"), "{encoded}");
            let wrapped = format!("{}\n  {}\n", &encoded[..10], &encoded[10..]);
            assert_eq!(found(&wrapped).as_deref(), Some("identity.x.clientId"), "{wrapped}");
        }
        assert_eq!(found(&STANDARD.encode("${tenant}")).as_deref(), Some("tenant"));
        assert_eq!(found("https://x/?t=%24%7Btenant%7D&a=1").as_deref(), Some("tenant"));
    }

    #[test]
    fn what_is_no_placeholder_of_ours_stays() {
        for text in [
            STANDARD.encode("export A=${HOME}"),
            STANDARD.encode("$${tenant}"),
            "${tenant}".to_owned(),
            "YWJj".to_owned(),
        ] {
            assert_eq!(found(&text), None, "{text}");
        }
        assert_eq!(found("%24%7BHOME%7D %24%7B"), None);
    }
}
