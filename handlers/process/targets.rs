//! Who is told over webhooks, as two settings say it.
use crate::run::overview::{Shape, Wanted};
use anyhow::{bail, ensure};
use azure_core::http::Url;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Somebody who is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Where.
    #[serde(deserialize_with = "url")]
    pub url: Url,
    /// In which shape.
    #[serde(default)]
    pub shape: Shape,
    /// Of what.
    #[serde(default = "everything")]
    pub levels: Vec<Wanted>,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn everything() -> Vec<Wanted> {
    Wanted::ALL.to_vec()
}

/// Reads the settings `TELL`, a JSON list of targets, and `TELL_HOSTS`, the hosts that may be told, with commas between.
///
/// # Errors
/// What is wrong with them; never with an address in it, for it may hold a secret.
pub fn targets(told: Option<&str>, hosts: Option<&str>) -> anyhow::Result<Vec<Target>> {
    let Some(told) = told else { return Ok(vec![]) };
    let example =
        "expected a list like [{\"url\": \"https://…\", \"shape\": \"teams\", \"levels\": [\"needsPerson\"]}]";
    ensure!(
        !told.trim_start().starts_with("@Microsoft.KeyVault"),
        "the setting TELL is a reference to Key Vault that the platform could not follow: see that it is there, and that \
         the functions' identity may read it"
    );
    // The text of the error would show what stands there.
    let Ok(targets) = serde_json::from_str::<Vec<Target>>(told) else {
        bail!("the setting TELL cannot be read: {example}")
    };
    let hosts: Vec<_> = hosts.unwrap_or_default().split(',').map(|host| host.trim().to_lowercase()).collect();
    for (index, target) in targets.iter().enumerate() {
        ensure!(target.url.scheme() == "https", "the target {index} of TELL is expected to begin with https://");
        let host = target.url.host_str().unwrap_or_default().to_lowercase();
        ensure!(
            hosts.contains(&host),
            "the target {index} of TELL leads to the host {host:?}, which is not among those of TELL_HOSTS: name it there"
        );
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(told: &str, hosts: &str) -> String {
        targets(Some(told), Some(hosts)).expect_err("it is wrong").to_string()
    }

    #[test]
    fn who_is_told_is_read_and_no_error_shows_an_address() {
        let told = r#"[{"url": "https://Hooks.example.com/secret", "shape": "slack", "levels": ["gate"]}, {"url": "https://b.example/x"}]"#;
        let read = targets(Some(told), Some("b.example, hooks.example.com")).expect("it is right");
        assert_eq!((read[0].shape, &read[0].levels[..]), (Shape::Slack, &[Wanted::Gate][..]));
        assert_eq!((read[1].shape, read[1].levels.len()), (Shape::CloudEvents, 4));
        assert!(targets(None, None).expect("nobody").is_empty());
        for (said, words) in [
            (wrong(told, "b.example"), "the host \"hooks.example.com\", which is not among those of TELL_HOSTS"),
            (wrong(r#"[{"url": "http://b.example/secret"}]"#, "b.example"), "expected to begin with https://"),
            (
                wrong(r#"[{"url": "https://b.example/secret", "level": []}]"#, "b.example"),
                "the setting TELL cannot be read",
            ),
            (wrong("https://b.example/secret", "b.example"), "the setting TELL cannot be read"),
            (wrong("@Microsoft.KeyVault(SecretUri=https://x/y)", ""), "that the platform could not follow"),
        ] {
            assert!(said.contains(words) && !said.contains("secret"), "{words}: {said}");
        }
    }
}
