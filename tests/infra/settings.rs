//! The app's settings are those that somebody reads, and carry no secret.
use crate::snapshot::{SHAPES, Snapshot, json, read, text};
use bluegreen::process::cloud::Cloud;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Settings that the Functions host or the platform reads.
const HOSTS: [&str; 8] = [
    "AzureWebJobsStorage__",
    "ServiceBusConnection__",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID",
];
/// Settings of ours that no deployment gives: the host and the platform give the first two, and the others stand for another cloud or for
/// a simulated world.
const NOT_DEPLOYED: [&str; 6] = [
    "FUNCTIONS_CUSTOMHANDLER_PORT",
    "WEBSITE_HOSTNAME",
    "AZURE_RESOURCE_MANAGER",
    "AZURE_AUTHORITY_HOST",
    "BLUEGREEN_CLOCK_SPEED",
    "BLUEGREEN_HOST_PROCESS",
];
/// Settings of ours that are given when a parameter asks for them.
const WHEN_ASKED: [&str; 5] = ["API_AUDIENCE", "API_TENANT", "OTEL_EXPORTER_OTLP_ENDPOINT", "TELL", "TELL_HOSTS"];

/// The settings of a shape, whichever way they are written.
fn settings(shape: &str) -> BTreeMap<String, String> {
    let snapshot = Snapshot::of(shape);
    let pair = |name: &str, value: &Value| (name.to_owned(), value.as_str().unwrap().to_owned());
    if shape == "containers" {
        let app = snapshot.only("Microsoft.App/containerApps");
        let env = app.pointer("/properties/template/containers/0/env").unwrap().as_array().unwrap();
        return env.iter().map(|it| pair(text(it, "/name"), &it["value"])).collect();
    }
    let config = snapshot.only("Microsoft.Web/sites/config");
    config["properties"].as_object().unwrap().iter().map(|(name, value)| pair(name, value)).collect()
}

/// The settings that config.rs reads, found in its source.
fn read_by_us() -> BTreeSet<String> {
    let source = read("handlers/process/config.rs");
    let (source, _) = source.split_once("#[cfg(test)]").unwrap();
    let calls = ["setting(\"", "needed(\""];
    let names = calls.iter().flat_map(|call| source.split(call).skip(1)).map(|rest| rest.split('"').next().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn every_setting_that_we_read_is_given() {
    for shape in SHAPES {
        let given = settings(shape);
        for name in read_by_us() {
            let expected = match name.as_str() {
                name if NOT_DEPLOYED.contains(&name) => false,
                name if WHEN_ASKED.contains(&name) => shape == "full",
                _ => true,
            };
            assert_eq!(given.contains_key(&name), expected, "{shape}: {name}");
        }
    }
}

#[test]
fn every_given_setting_is_read_by_us_or_by_the_host() {
    let ours = read_by_us();
    for shape in SHAPES {
        for name in settings(shape).into_keys() {
            let hosts = HOSTS.iter().any(|it| name == *it || (it.ends_with("__") && name.starts_with(it)));
            assert!(hosts || ours.contains(&name), "{shape}: nobody reads {name}");
        }
        // Flex Consumption refuses them: its plan says both.
        let flex = ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION"]
            .iter()
            .any(|it| settings(shape).contains_key(*it));
        assert_eq!(flex, shape == "premium", "{shape}");
    }
}

#[test]
fn no_setting_is_a_secret_or_an_address_of_one_cloud() {
    for shape in SHAPES {
        for (name, value) in settings(shape) {
            for part in ["AccountKey", "SharedAccessKey", "listKeys", "core.windows.net", "servicebus.windows.net"] {
                assert!(!value.contains(part), "{shape}: {name} is {value}");
            }
        }
    }
}

/// Until somebody says otherwise, a function key opens nothing.
#[test]
fn a_function_key_may_nothing_unless_it_is_asked_for() {
    for shape in SHAPES {
        let expected = if shape == "full" { "read" } else { "none" };
        assert_eq!(settings(shape)["API_FUNCTION_KEY"], expected, "{shape}");
    }
}

#[test]
fn the_clouds_are_named_as_we_name_them() {
    let expression = settings("minimal").remove("AZURE_CLOUD").unwrap();
    let (_, pairs) = expression.split_once("createObject(").unwrap();
    let words: Vec<_> = pairs.split('\'').skip(1).step_by(2).collect();
    let azures: Vec<_> = words.iter().step_by(2).copied().collect();
    assert_eq!(azures, ["AzureCloud", "AzureChinaCloud", "AzureUSGovernment"], "as Resource Manager names them");
    for ours in words.iter().skip(1).step_by(2) {
        Cloud::named(ours).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn the_package_is_read_from_the_container_that_is_made() {
    let snapshot = Snapshot::of("minimal");
    let app = snapshot.only("Microsoft.Web/sites");
    let value = text(app, "/properties/functionAppConfig/deployment/storage/value");
    let containers = snapshot.all("Microsoft.Storage/storageAccounts/blobServices/containers");
    let names: BTreeSet<_> = containers.iter().map(|it| text(it, "/name").rsplit('/').next().unwrap()).collect();
    assert!(value.contains("{0}app-package") && names.contains("app-package"), "{value}");
    use bluegreen::store::{RUNS, SITES};
    assert!(names.contains(RUNS) && names.contains(SITES), "{names:?}");
    let runtime = app.pointer("/properties/functionAppConfig/runtime/name").unwrap();
    let host = json("host.json");
    assert!(*runtime == "custom" && host["customHandler"].is_object());
}
