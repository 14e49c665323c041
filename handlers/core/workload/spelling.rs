//! Which known word a misspelt one may mean. Pure.

/// So many letters are added, left out or exchanged in a misspelt word.
const MOST: usize = 2;

/// The known word that is nearest to this one, if one is near; `None` for a word that is known.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let simple = |word: &str| word.to_lowercase();
    let word_simple = simple(word);
    // Of a short word little is left when two letters of it are others.
    let most = MOST.min(word.chars().count() / 3);
    let mut nearest: Option<(usize, &str)> = None;
    for known in known {
        if known == word {
            return None;
        }
        let far = distance(&word_simple, &simple(known));
        if far <= most && nearest.is_none_or(|(before, _)| far < before) {
            nearest = Some((far, known));
        }
    }
    nearest.map(|(_, known)| known)
}

/// How many letters are added, left out or exchanged between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    if one.chars().count().abs_diff(other.len()) > MOST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (column, same) in other.iter().enumerate() {
            let exchanged = corner + usize::from(letter != *same);
            corner = row[column + 1];
            row[column + 1] = exchanged.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_known_is_told() {
        let known = ["take-over", "ready", "Deployment", "DaemonSet"];
        for (word, expected) in [
            ("takeover", Some("take-over")),
            ("take_over", Some("take-over")),
            ("TakeOver", Some("take-over")),
            ("redy", Some("ready")),
            ("Deployments", Some("Deployment")),
            ("deployment", Some("Deployment")),
            ("Daemonset", Some("DaemonSet")),
            ("ready", None),
            ("rd", None),
            ("StatefulSet", None),
            ("", None),
        ] {
            assert_eq!(meant(word, known), expected, "{word}");
        }
    }
}
