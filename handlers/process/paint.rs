//! Colours for whoever looks at a terminal: the two clusters in theirs, and what needs somebody so that it is seen first. Text
//! alone says the same; whoever asks for none (`NO_COLOR`, a pipe) gets none.
use console::Style;

/// Words that somebody who is woken must see first. In any other spelling they are prose.
const ALARMS: [&str; 8] = ["NEITHER", "NOR", "NOT", "READY", "held", "overdue", "finding", "refused"];

/// The same text, with colours where the terminal of this standard output shows any.
#[must_use]
pub fn painted(text: &str) -> String {
    if console::colors_enabled() { paint(text) } else { text.to_owned() }
}

fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match style(word) {
            Some(style) => painted += &style.apply_to(word).to_string(),
            None => painted += word,
        }
        let end = after.find(is_of_a_word).unwrap_or(after.len());
        painted += &after[..end];
        rest = &after[end..];
    }
    painted
}

/// A cluster's or a pool's name is one word, whatever colour it has in it.
fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || "-_/.".contains(c)
}

fn style(word: &str) -> Option<Style> {
    let style = Style::new().force_styling(true);
    match word {
        "blue" => Some(style.blue().bold()),
        "green" => Some(style.green().bold()),
        _ if ALARMS.contains(&word) => Some(style.yellow().bold()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_painted_and_the_text_stays() {
        let text = "traffic    blue 90 %, green 10 %\n  green      aks-green 1.34, NOT READY (pool/blue)\n";
        let painted = paint(text);
        let mut plain = painted
            .split('\u{1b}')
            .map(|part| part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, rest)| rest));
        assert_eq!(plain.by_ref().collect::<String>(), text);
        assert_eq!(painted.matches("\u{1b}[34m").count(), 1, "{painted:?}");
        assert_eq!(painted.matches("\u{1b}[32m").count(), 2, "{painted:?}");
        assert_eq!(painted.matches("\u{1b}[33m").count(), 2, "{painted:?}");
    }

    #[test]
    fn nothing_and_signs_alone_stay_as_they_are() {
        for text in ["", "\n", " — ", "…", "é", "greenish blue-green"] {
            assert_eq!(paint(text), text);
        }
    }
}
