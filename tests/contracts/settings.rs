//! Settings, lengths and the changelog: what else must agree with the code.
use crate::agreement::{read, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The settings that config.rs reads, found in its source.
fn read_by_config() -> BTreeSet<String> {
    let source = read("handlers/process/config.rs");
    let (source, _) = source.split_once("#[cfg(test)]").unwrap();
    let mut names = BTreeSet::new();
    for call in ["setting(\"", "needed(\""] {
        for rest in source.split(call).skip(1) {
            names.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    assert!(names.len() >= 8, "{names:?}");
    names
}

#[test]
fn the_example_names_every_setting() {
    let example: Value = serde_json::from_str(&read("local.settings.example.json")).unwrap();
    let values = example["Values"].as_object().unwrap();
    for name in read_by_config() {
        // The host and the platform set these two.
        let set = ["FUNCTIONS_CUSTOMHANDLER_PORT", "WEBSITE_HOSTNAME"].contains(&name.as_str());
        let given = values.contains_key(&name) || set;
        // These two stand in place of AZURE_CLOUD, for a cloud of one's own.
        let instead = ["AZURE_RESOURCE_MANAGER", "AZURE_AUTHORITY_HOST"].contains(&name.as_str());
        // And these are for a simulated world alone.
        let simulated = ["BLUEGREEN_CLOCK_SPEED", "BLUEGREEN_HOST_PROCESS"].contains(&name.as_str());
        assert!(given || instead || simulated, "{name} is read and not in local.settings.example.json");
    }
    for (name, value) in values {
        let text = value.as_str().unwrap_or_else(|| panic!("{name}: the host takes texts alone"));
        let secret = ["Key=", "sig=", "Password", "InstrumentationKey"].iter().any(|part| text.contains(part));
        assert!(!secret, "{name}");
    }
    assert_eq!(example["IsEncrypted"], false);
}

#[test]
fn every_setting_of_the_example_is_read_by_somebody() {
    let example: Value = serde_json::from_str(&read("local.settings.example.json")).unwrap();
    let ours = read_by_config();
    for name in example["Values"].as_object().unwrap().keys() {
        let hosts = name.starts_with("AzureWebJobsStorage__") || name == "FUNCTIONS_WORKER_RUNTIME";
        assert!(hosts || ours.contains(name), "{name} is in the example, and nobody reads it");
    }
    let bus = read("function-definitions/CheckPlan/function.json");
    assert!(bus.contains("\"ServiceBusConnection\""), "the host reads the same namespace as we do");
}

/// Every Rust file of the project.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            found.push((entry.display().to_string(), std::fs::read_to_string(&entry).unwrap()));
        }
    }
}

#[test]
fn no_file_hides_more_than_one_idea() {
    let mut found = vec![];
    for folder in ["handlers", "simulation", "tests"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "{}", found.len());
    for (file, text) in found {
        assert!(text.lines().count() <= 400, "{file} has {} lines", text.lines().count());
        assert!(text.starts_with("//! "), "{file} does not say what it is");
    }
}

#[test]
fn what_changed_is_written_down() {
    let changes = read("CHANGELOG.md");
    assert!(changes.starts_with("# Changelog") && changes.contains("## [Unreleased]"));
}
