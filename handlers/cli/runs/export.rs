//! A run for the post-mortem: everything that is known of it, without what lets anybody in.
use crate::run::Run;
use crate::run::overview::RunSeen;
use crate::workload::chart::secrets::NAMES;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Further names whose values are never exported, wherever they stand: a site's `clusterChanges` and a chart's values may hold
/// them.
const SECRETS: [&str; 3] = ["secret", "sshkey", "keydata"];
/// Such names mean no secret: `secrets` of a desk, a provider's switch.
const HARMLESS: [&str; 3] = ["manifestsHoldSecrets", "enableSecretRotation", "azureKeyvaultSecretsProvider"];
const REMOVED: &str = "(left out)";

/// The document.
///
/// # Errors
/// When the run has no JSON form.
pub fn exported(run: &Run, now: Timestamp) -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(run)?;
    clean(&mut document);
    Ok(json!({"exported": now, "overview": RunSeen::of(run, now), "run": document}))
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // As a container's variables are written.
            let is_of_secret = members.get("name").and_then(Value::as_str).is_some_and(is_secret);
            for (name, value) in members {
                if (is_secret(name) || (is_of_secret && name == "value")) && !value.is_boolean() && !value.is_null() {
                    *value = REMOVED.into();
                } else {
                    clean(value);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(clean),
        // As a program's arguments are written.
        Value::String(text) if text.split_once('=').is_some_and(|(name, _)| is_word(name) && is_secret(name)) => {
            let name = text.split('=').next().unwrap_or_default();
            *text = format!("{name}={REMOVED}");
        }
        // An address may let whoever knows it in: what follows `?` is a key or a signature.
        Value::String(text) if text.contains("://") => {
            if let Some((before, _)) = text.split_once('?') {
                *text = format!("{before}?{REMOVED}");
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_word(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

fn is_secret(name: &str) -> bool {
    let bare = name.replace(['_', '-'], "").to_lowercase();
    !HARMLESS.contains(&name) && NAMES.iter().chain(&SECRETS).any(|secret| bare.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_anybody_in_is_left_out() {
        let values = json!({"apiKey": "hunter2", "smtp": {"PASSWD": "hunter2"}, "args": ["--api-key=hunter2", "--level=debug"],
            "extraEnv": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LEVEL", "value": "debug"}]});
        let mut document = json!({
            "controllers": [{"chart": "oci://example.com/edge", "values": values}],
            "plan": {"site": {"manifestsHoldSecrets": true, "clusterChanges": {"properties": {"windowsProfile": {
                "adminUsername": "azure", "adminPassword": "hunter2"}}},
                "smokeTests": [{"url": "https://shop.example/health?code=abc"}]}},
            "operation": {"url": "https://management.azure.com/operations/1?api-version=1&t=1&c=MII&s=sig", "style": "location"},
            "journal": [{"what": "asked https://shop.example/?key=abc"}],
        });
        clean(&mut document);
        let text = document.to_string();
        for secret in ["hunter2", "abc", "MII", "sig"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let kept = &document["controllers"][0]["values"];
        assert_eq!((&kept["extraEnv"][1]["value"], &kept["args"][1]), (&json!("debug"), &json!("--level=debug")));
        assert!(text.contains("adminUsername") && text.contains("https://shop.example/health"), "{text}");
        assert_eq!(document["plan"]["site"]["manifestsHoldSecrets"], true);
    }
}
