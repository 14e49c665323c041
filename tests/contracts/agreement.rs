//! Everything that names the functions names the same ones: the code, the folders, the lists, the pages.
use bluegreen::local::app_folder::AppFolder;
use bluegreen::step::Step;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn steps() -> BTreeSet<String> {
    Step::ALL.iter().map(|step| step.name().to_owned()).collect()
}

const OTHERS: [&str; 6] =
    ["RequestUpgrade", "VersionAvailable", "VersionCheck", "CanaryCheck", "Upgrades", "DeadLetter"];

fn functions() -> BTreeSet<String> {
    steps().into_iter().chain(OTHERS.map(str::to_owned)).collect()
}

/// The end of a page.
const END: &str = "";

/// The rows of the table of functions in a page: the first cells, without marks.
fn table(page: &str, from: &str, to: &str) -> Vec<Vec<String>> {
    let (_, after) = page.split_once(from).unwrap_or_else(|| panic!("the page has no {from}"));
    let table =
        if to == END { after } else { after.split_once(to).unwrap_or_else(|| panic!("the page has no {to}")).0 };
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |text: &str| text.trim().replace('`', "");
    rows.map(|row| row.trim_matches('|').split('|').map(cell).collect()).collect()
}

fn definitions() -> BTreeMap<String, Value> {
    let folders = std::fs::read_dir(root().join("function-definitions")).unwrap();
    let read = |folder: std::fs::DirEntry| {
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["function.json"], "{:?}", folder.path());
        let definition = std::fs::read_to_string(folder.path().join("function.json")).unwrap();
        (folder.file_name().into_string().unwrap(), serde_json::from_str(&definition).unwrap())
    };
    folders.map(|folder| read(folder.unwrap())).collect()
}

#[test]
fn the_folders_and_the_list_of_steps_are_those_of_the_code() {
    assert_eq!(definitions().into_keys().collect::<BTreeSet<_>>(), functions());
    let listed: Vec<String> = serde_json::from_str(&read("infra/steps.json")).unwrap();
    assert_eq!(listed, Step::ALL.map(|step| step.name().to_owned()), "in the order of the flow");
}

#[test]
fn every_function_has_its_file() {
    for name in functions() {
        let file = name.chars().fold(String::new(), |file, c| match c.is_uppercase() {
            true if !file.is_empty() => format!("{file}_{}", c.to_lowercase()),
            _ => format!("{file}{}", c.to_lowercase()),
        });
        let file = if name == "Upgrades" { "api".to_owned() } else { file };
        let folder = if Step::named(&name).is_some() { "steps" } else { "functions/triggers" };
        assert!(root().join(format!("handlers/{folder}/{file}.rs")).is_file(), "{name}: handlers/{folder}/{file}.rs");
    }
}

/// The names in a cell, without the targets of links.
fn names(cell: &str) -> Vec<String> {
    let parts = cell.split('(').enumerate();
    let text: String =
        parts.map(|(at, part)| if at == 0 { part } else { part.split_once(')').map_or("", |it| it.1) }).collect();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase())).map(str::to_owned).collect()
}

#[test]
fn the_design_names_every_function_once_with_its_trigger() {
    let rows = table(&read("docs/design.md"), "<!-- functions -->", "<!-- /functions -->");
    let (mut named, definitions) = (BTreeSet::new(), definitions());
    for row in rows {
        let [cell, trigger, does] = &row[..] else { panic!("{row:?}") };
        assert!(does.len() > 10, "{row:?}");
        for name in names(cell) {
            assert!(named.insert(name.clone()), "{name} is named twice");
            let binding = &definitions.get(&name).unwrap_or_else(|| panic!("{name} is no function"))["bindings"][0];
            let expected = match binding["type"].as_str().unwrap() {
                "timerTrigger" => "timer",
                "httpTrigger" => "http",
                _ => binding["queueName"].as_str().or(binding["topicName"].as_str()).unwrap(),
            };
            let said = trigger.to_lowercase();
            let is_step = expected == "upgrade-steps" && (said.contains("topic") || said.contains("event"));
            assert!(said.contains(expected) || is_step, "{name}: expected {expected} in {trigger:?}");
        }
    }
    assert_eq!(named, functions());
}

#[test]
fn the_tables_of_the_design_name_the_same() {
    let design = read("docs/design.md");
    let flow = table(&design, "## 4. The flow is one table", "**Edges");
    assert_eq!(flow.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), Step::ALL.map(|step| step.name().to_owned()));
    let mut named: BTreeSet<String> =
        table(&design, "## 9. Functions and entities", "By name, with").into_iter().map(|row| row[0].clone()).collect();
    assert!(named.remove("one for each step (12)"), "{named:?}");
    assert_eq!(named, OTHERS.map(str::to_owned).into());
}

#[test]
fn every_decision_has_its_page_and_every_page_is_listed() {
    let rows = table(&read("docs/design.md"), "## 11. Decisions already taken", END).len();
    let mut pages: Vec<_> = std::fs::read_dir(root().join("docs/decisions"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.retain(|page| page != "README.md");
    let (design, index) = (read("docs/design.md"), read("docs/decisions/README.md"));
    for page in &pages {
        assert!(design.contains(&format!("](decisions/{page})")), "the design does not link {page}");
        assert!(index.contains(&format!("({page})")), "the index does not link {page}");
    }
    assert_eq!(pages.len(), rows);
}

#[test]
fn each_trigger_is_as_the_host_needs_it() {
    for (name, definition) in definitions() {
        let bindings = definition["bindings"].as_array().unwrap();
        let trigger = &bindings[0];
        assert!(definition.get("retry").is_none() && definition.get("disabled").is_none(), "{name}");
        assert_eq!(definition.as_object().unwrap().len(), 1, "{name}: nothing but bindings");
        let kind = trigger["type"].as_str().unwrap();
        assert_eq!(bindings.len(), if kind == "httpTrigger" { 2 } else { 1 }, "{name}");
        match kind {
            "serviceBusTrigger" => {
                // Text is decoded as UTF-8 and encoded twice; nothing else arrives as it was sent.
                assert_eq!(trigger["dataType"], "binary", "{name}");
                assert_eq!(trigger["connection"], "ServiceBusConnection", "{name}");
                assert_eq!(trigger["cardinality"], "one", "{name}");
                assert_eq!(
                    (&trigger["isSessionsEnabled"], &trigger["autoCompleteMessages"]),
                    (&json!(false), &json!(true)),
                    "{name}"
                );
                let from = (
                    trigger["topicName"].as_str(),
                    trigger["subscriptionName"].as_str(),
                    trigger["queueName"].as_str(),
                );
                let expected = match name.as_str() {
                    "RequestUpgrade" => (None, None, Some("upgrade-requests")),
                    "VersionAvailable" => (None, None, Some("version-events")),
                    "DeadLetter" => (None, None, Some("dead-letters")),
                    step => (Some("upgrade-steps"), Some(step), None),
                };
                assert_eq!(from, expected, "{name}");
            }
            "timerTrigger" => {
                assert_eq!(trigger["runOnStartup"], false, "{name}: every restart would fire it");
                assert_eq!(trigger["schedule"].as_str().unwrap().split(' ').count(), 6, "{name}");
                assert!(matches!(name.as_str(), "CanaryCheck" | "VersionCheck"), "{name}");
            }
            "httpTrigger" => {
                assert_eq!((name.as_str(), trigger["authLevel"].as_str()), ("Upgrades", Some("function")));
                assert_eq!((&trigger["route"], &bindings[1]["name"]), (&json!("upgrades/{*path}"), &json!("res")));
            }
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn the_host_is_set_up_as_the_handlers_need_it() {
    let host: Value = serde_json::from_str(&read("host.json")).unwrap();
    for (place, expected) in [
        ("/version", json!("2.0")),
        ("/functionTimeout", json!("00:05:00")),
        ("/extensions/http/maxConcurrentRequests", json!(100)),
        ("/extensions/http/maxOutstandingRequests", json!(200)),
        ("/extensions/serviceBus/prefetchCount", json!(0)),
        ("/extensions/serviceBus/maxAutoLockRenewalDuration", json!("00:00:00")),
        ("/extensions/http/routePrefix", json!("")),
        ("/customHandler/description/defaultExecutablePath", json!("bluegreen")),
        ("/customHandler/description/arguments", json!(["serve"])),
        ("/customHandler/enableProxyingHttpRequest", json!(true)),
        ("/extensionBundle/id", json!("Microsoft.Azure.Functions.ExtensionBundle")),
    ] {
        assert_eq!(host.pointer(place), Some(&expected), "{place}");
    }
    assert!(host["customHandler"].get("enableForwardingHttpRequest").is_none(), "the two modes exclude each other");
    let range = host["extensionBundle"]["version"].as_str().unwrap();
    assert!(range.starts_with("[4.") && range.ends_with("5.0.0)"), "{range}");
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            let inner = files(&entry.path()).into_iter();
            found.extend(inner.map(|(path, content)| (PathBuf::from(entry.file_name()).join(path), content)));
        } else {
            found.insert(entry.file_name().into(), std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn the_package_is_the_folder_that_the_simulated_host_reads() {
    let place = std::env::temp_dir().join(format!("bluegreen-package-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let executable = place.join("executable");
    std::fs::write(&executable, "#!/bin/sh\n").unwrap();
    let package = place.join("package");
    let assembled = Command::new(root().join("packaging/assemble")).args([&executable, &package]).output().unwrap();
    assert!(assembled.status.success(), "{assembled:?}");
    let mut packed = files(&package);
    std::fs::remove_dir_all(&place).unwrap();
    assert!(packed.remove(Path::new("bluegreen")).is_some(), "the executable is packed");
    assert_eq!(packed, files(AppFolder::write().unwrap().path()));
    assert_eq!(packed.len(), functions().len() + 1);
}
