//! An error as a person reads it: the cause and what to do, without the names of our libraries.

/// What our clients say around a cause, and what nobody needs to know.
const NOISE: [&str; 8] = [
    "retry policy expired and the request will no longer be retried",
    "failed to execute `reqwest` request",
    "failed to execute reqwest request",
    "client error (Connect)",
    "client error (SendRequest)",
    "connection error",
    "tcp connect error",
    "error trying to connect",
];

/// The causes of an error, from the outside to the inside, each once.
#[must_use]
pub fn plainly(error: &anyhow::Error) -> String {
    text(&error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// The same of a text that was made of an error.
#[must_use]
pub fn text(text: &str) -> String {
    let mut parts: Vec<String> = vec![];
    for part in text.split(": ") {
        let part = part.trim().trim_end_matches(['\n', '.']);
        let part = match part.strip_prefix("error sending request for url (") {
            Some(url) => format!("{} does not answer", host(url)),
            None => part.replace("NoAnswer", "no answer"),
        };
        let is_noise = part.is_empty() || NOISE.iter().any(|noise| part.eq_ignore_ascii_case(noise));
        if !is_noise && !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split(['/', '?', ')']).next().unwrap_or(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_cause_and_no_library() {
        let said = text(
            "failed to read active/shop.json from the store: retry policy expired and the request will no longer be \
             retried: failed to execute `reqwest` request: error sending request for url \
             (https://store.invalid/runs/active/shop.json): client error (Connect): dns error: failed to lookup address",
        );
        let expected = "failed to read active/shop.json from the store: store.invalid does not answer: dns error: failed \
                        to lookup address";
        assert_eq!(said, expected);
        assert_eq!(text("the same: the same"), "the same");
    }
}
