//! Texts from outside: a reason, a name, what a service answered. They are cut, and what would move a terminal's cursor, or
//! forge a line, is shown by its number.
use std::borrow::Cow;
use std::fmt::Write;

/// A text of a run has so many bytes at most.
pub const LONGEST_TEXT: usize = 2_000;
/// A person's reason, or that of a request.
pub const LONGEST_REASON: usize = 500;
/// A person's or a function's name.
pub const LONGEST_NAME: usize = 100;

/// A text in one line, without a character that is not shown: those stand as `\n`, `\u{1b}`. What it makes it leaves alone.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// The same, with its ends of lines: for what we have made of several lines ourselves.
#[must_use]
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_hidden(c))
}

/// A plain text of so many bytes at most, with a mark that says how long it was.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    // What is cut off anyway is not even looked at.
    let shown = plain(&text[..before(text, most)]);
    if text.len() <= most && shown.len() <= most {
        return shown.into_owned();
    }
    let mark = format!(" … (cut, it has {} bytes)", text.len());
    shown[..before(&shown, most.saturating_sub(mark.len()))].to_owned() + &mark
}

/// The first of them, so many at most, and how many more there are.
#[must_use]
pub fn few<Text: AsRef<str>>(all: &[Text], most: usize, between: &str) -> String {
    let shown: Vec<_> = all.iter().take(most).map(AsRef::as_ref).collect();
    let rest = all.len() - shown.len();
    shown.join(between) + &if rest == 0 { String::new() } else { format!(", and {rest} more") }
}

/// The last place at which a text can be parted, and that is not behind this one.
fn before(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Whether it moves a cursor, changes the direction of a text, or is not seen at all.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

fn escaped(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hides) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !hides(c) => plain.push(c),
            '\n' | '\r' | '\t' => plain.extend(c.escape_default()),
            c => drop(write!(plain, "{}", c.escape_unicode())),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_rest_is_counted() {
        let all = ["a", "b", "c"];
        assert_eq!((few(&all, 3, "; "), few(&all, 2, ", ")), ("a; b; c".to_owned(), "a, b, and 1 more".to_owned()));
        assert_eq!(few::<&str>(&[], 2, ", "), "");
    }

    #[test]
    fn a_plain_text_is_one_line_that_moves_no_cursor() {
        let bad = "\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}all is well\n  person:ceo  approve\u{9b}31m \u{202e}dab";
        let shown = r"\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}all is well\n  person:ceo  approve\u{9b}31m \u{202e}dab";
        assert_eq!(plain(bad), shown);
        assert_eq!(plain(shown), shown, "twice is once");
        assert!(!plain_lines(bad).contains('\u{1b}') && plain_lines(bad).lines().count() == 2);
        assert_eq!(plain("Grüße, 東京: 50 % …"), "Grüße, 東京: 50 % …");
    }

    #[test]
    fn a_long_text_is_cut_with_a_mark_and_never_within_a_character() {
        for text in ["é".repeat(5_000), "\u{1b}".repeat(5_000), "a".repeat(1_000_000)] {
            for most in 60..70 {
                let short = cut(&text, most);
                assert!(short.len() <= most && short.contains("(cut, it has "), "{short}");
            }
        }
        assert_eq!(cut("short", 100), "short");
        assert_eq!(cut("\u{1b}", 100), r"\u{1b}");
    }
}
