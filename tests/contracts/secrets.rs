//! No secret is left anywhere: not in the store, not on the bus, not in the log, not in a trace.
use crate::played::{FUNCTION_KEY, Played, all};
use std::collections::{BTreeMap, BTreeSet};

/// Every token that was used, and what a kubeconfig has and nothing else.
fn secrets(played: &Played) -> BTreeMap<String, String> {
    let tokens: BTreeSet<_> = played.seen.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert!(tokens.len() >= 4, "{}", tokens.len());
    let mut secrets: BTreeMap<_, _> = tokens
        .into_iter()
        .map(|header| (header.trim_start_matches("Bearer ").to_owned(), "a token".to_owned()))
        .collect();
    for (text, what) in [
        (FUNCTION_KEY, "a function key"),
        ("certificate-authority-data", "a kubeconfig"),
        // The same in base64, at its beginning.
        ("YXBpVmVyc2lvbjogdjEKY2x1c3Rlcn", "a kubeconfig"),
        ("Bearer ey", "a token"),
    ] {
        secrets.insert(text.into(), what.into());
    }
    secrets
}

#[test]
fn no_secret_is_left_anywhere() {
    for played in all() {
        let secrets = secrets(played);
        let clean = |place: &str, text: &str| {
            for (secret, what) in &secrets {
                if let Some(at) = text.find(secret.as_str()) {
                    let around: String =
                        text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
                    panic!("{what} in {place}, after: {around}");
                }
            }
        };
        for (name, content) in &played.blobs {
            clean(name, &String::from_utf8_lossy(content));
        }
        assert!(played.blobs.keys().any(|name| name.starts_with("runs/active/")));
        for sent in played.seen.iter().filter(|seen| seen.host.contains(".servicebus.") || seen.host.contains(".blob."))
        {
            clean(&sent.path, &String::from_utf8_lossy(&sent.body));
            clean("a URL", &sent.path);
        }
        assert!(played.log.lines().count() > 200);
        played.log.lines().for_each(|line| clean("the log", line));
        clean("the spans", &format!("{:?}", played.spans));
    }
}
