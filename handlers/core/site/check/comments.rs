//! A site file may have comments, as `host.json` and `bicepconfig.json` may: `// to the end of the line` and `/* so */`.
//!
//! Not json-strip-comments: it takes the ends of lines out of comments, so that later lines are miscounted, and lets
//! trailing commas and `#` pass. Not jsonc-parser: its strings may hold ends of lines, so that a missing quotation mark
//! is reported at the next one.

/// The text with a blank in place of each byte of a comment, and of a byte order mark before it all, so that lines and
/// columns stay what they were.
#[must_use]
pub fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    if let Some(behind) = text.strip_prefix('\u{feff}') {
        blank(&mut plain, text, text.len() - behind.len());
        rest = behind;
    }
    while let Some(at) = rest.find(['"', '/']) {
        let (before, here) = rest.split_at(at);
        plain.push_str(before);
        let length = match here.as_bytes() {
            [b'"', ..] => {
                let length = string(here);
                plain.push_str(&here[..length]);
                length
            }
            [b'/', b'/', ..] => blank(&mut plain, here, here.find('\n').unwrap_or(here.len())),
            // What never ends is no comment: the parser says where it stands.
            [b'/', b'*', ..] => match here[2..].find("*/") {
                Some(end) => blank(&mut plain, here, end + 4),
                None => keep(&mut plain, here),
            },
            _ => keep(&mut plain, here),
        };
        rest = &here[length..];
    }
    plain.push_str(rest);
    plain
}

/// How long the string is that begins here, both quotes included.
pub(super) fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn blank(plain: &mut String, text: &str, length: usize) -> usize {
    plain.extend(text[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    length
}

fn keep(plain: &mut String, text: &str) -> usize {
    plain.push_str(&text[..1]);
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_blanks_and_everything_else_stays_where_it_was() {
        for (text, plain) in [
            ("{} // who", "{}       "),
            ("{ // é\n\"a\": 1}", "{      \n\"a\": 1}"),
            ("/* a\n b */{}", "    \n     {}"),
            (r#"{"url": "http://x/*y*/"}"#, r#"{"url": "http://x/*y*/"}"#),
            (r#"{"a": "\"//"} // b"#, r#"{"a": "\"//"}     "#),
            ("{} /* never", "{} /* never"),
            ("{\"a", "{\"a"),
            ("1 / 2", "1 / 2"),
            ("\u{feff}{} // a", "   {}     "),
            ("{\"\u{feff}\": 1}", "{\"\u{feff}\": 1}"),
            ("", ""),
        ] {
            assert_eq!(without_comments(text), plain, "{text}");
        }
    }
}
