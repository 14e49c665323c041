//! Pure: when an image is pulled, where nobody says it. As Go reads references to images
//! (<https://github.com/distribution/reference>): what it cannot read has no tag, and is pulled when it is not there.
use regex::Regex;
use std::sync::LazyLock;

/// With its registry, or as a path of the default one; then the tag, the digest.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    let host = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)";
    let domain = format!(r"(?:{host}(?:\.{host})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let tag = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}";
    let digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
    Regex::new(&format!("^(?:{domain}/)?{name}(?:/{name})*(?::({tag}))?(?:@({digest}))?$")).ok()
});

/// The policy that a server fills in for a container with this image.
#[must_use]
pub fn pull_policy(image: &str) -> &'static str {
    if is_latest(image) { "Always" } else { "IfNotPresent" }
}

/// Whether an image's tag is `latest`, or left out.
fn is_latest(image: &str) -> bool {
    let is_id = image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(parts) = REFERENCE.as_ref().and_then(|reference| reference.captures(image)).filter(|_| !is_id) else {
        return false;
    };
    match (parts.get(1), parts.get(2)) {
        (Some(tag), _) => tag.as_str() == "latest",
        (None, digest) => digest.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_of_what_can_be_read_is_always_pulled() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (image, expected) in [
            ("web".to_owned(), "Always"),
            ("web:latest".into(), "Always"),
            ("web:1".into(), "IfNotPresent"),
            ("registry.example.com:5000/shop/web".into(), "Always"),
            ("registry.example.com:5000/shop/web:1.0".into(), "IfNotPresent"),
            (format!("web@{digest}"), "IfNotPresent"),
            (format!("web:latest@{digest}"), "Always"),
            ("ko://knative.dev/serving/cmd/activator".into(), "IfNotPresent"),
            ("Web".into(), "IfNotPresent"),
            ("${registry}/web".into(), "IfNotPresent"),
            ("a".repeat(64), "IfNotPresent"),
            (String::new(), "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(&image), expected, "{image}");
        }
    }
}
