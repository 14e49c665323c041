//! How a child is started and found ready, and what it is given.
use crate::stage::{folder, set, until};
use serde_json::json;
use simulated_azure::{
    Clock, SimulatedAzure,
    functions_host::{FunctionsHost, Handler, HostOptions, Level},
};
use std::sync::Arc;

#[tokio::test]
async fn a_child_gets_the_environment_and_the_arguments_of_the_real_host() {
    let mut set = set("environment");
    set.settings = vec![("GREETING", "hello".into())];
    let arguments =
        json!(["serve", "--port=%FUNCTIONS_CUSTOMHANDLER_PORT%", "two words", "\"one argument\"", "%NOPE%x"]);
    set.host = json!({"customHandler": {"description": {"defaultExecutablePath": "handler", "arguments": arguments,
        "workingDirectory": "Step"}}});
    let stage = set.ready().await;
    let start = stage.starts().pop().unwrap();
    let environment = &start["environment"];
    let port = environment["FUNCTIONS_CUSTOMHANDLER_PORT"].as_str().unwrap();
    let expected = json!(["serve", format!("--port={port}"), "two", "words", "one argument", "x"]);
    assert_eq!(start["arguments"], expected);
    assert_eq!(start["folder"], json!(stage.folder.join("Step")));
    assert_eq!(environment["FUNCTIONS_HTTPWORKER_PORT"], port);
    assert_eq!(environment["FUNCTIONS_HTTPWORKER_ID"], environment["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]);
    assert_eq!(environment["FUNCTIONS_APP_ROOT_PATH"], json!(stage.folder));
    assert_eq!(environment["FUNCTIONS_WORKER_RUNTIME"], "custom");
    assert_eq!(environment["GREETING"], "hello");
    assert_eq!(environment.get("CARGO_MANIFEST_DIR"), None, "what the host itself was given stays with it");
    assert_eq!(stage.journal().iter().filter(|line| line["target"] == "/").count(), 1, "one request for readiness");
}

#[tokio::test]
async fn a_slow_start_is_waited_for_however_fast_the_world_is() {
    let mut set = set("slow-start");
    // A minute and a half of the world's time; the limit is half a minute.
    (set.speed, set.settings) = (60, vec![("START_MS", "1500".into())]);
    set.host = json!({"functionTimeout": "01:00:00", "customHandler": {"initializationTimeout": "00:00:30"}});
    let stage = set.stage();
    stage.send("a", "answer");
    stage.host.ready().await;
    until(|| stage.is_at_rest()).await;
    assert_eq!((stage.starts().len(), stage.host.counters().restarts), (1, 0));
    assert_eq!((stage.asked().len(), stage.dead("a")), (1, 0));
}

#[tokio::test]
async fn a_child_that_never_listens_is_given_up_three_times() {
    let mut set = set("never-listens");
    set.settings = vec![("START_MS", "3600000".into())];
    set.host = json!({"customHandler": {"initializationTimeout": "00:00:01"}});
    set.options.restart_stopped_host_after = None;
    let stage = set.stage();
    until(|| stage.host.counters().stopped_hosts == 1).await;
    assert_eq!((stage.starts().len(), stage.host.counters().restarts), (3, 2));
    assert!(stage.host.children().is_empty());
    assert_eq!(stage.http(http::Request::get("/admin/host/status"), "").await.0, 503);
}

#[tokio::test]
async fn what_a_child_writes_is_handed_on_line_by_line_with_its_level() {
    let stage = set("lines").ready().await;
    stage.send("a", "print");
    until(|| stage.lines().len() >= 7).await;
    let mut lines: Vec<_> = stage.lines().iter().map(|line| (line.level(), line.text.clone())).collect();
    let long: usize = lines.iter().filter(|(_, text)| text.starts_with("xxx")).map(|(_, text)| text.len()).sum();
    assert_eq!(long, 100_000, "a long line comes in pieces");
    lines.retain(|(_, text)| !text.starts_with("xxx"));
    lines.sort_by(|one, other| one.1.cmp(&other.1));
    let expected = [
        (Level::System, "LanguageWorkerConsoleLog for the host"),
        (Level::Warning, "a Warning on stderr"),
        (Level::Information, "a line"),
        (Level::Information, "an error on stdout"),
        (Level::Error, "bad"),
    ];
    assert_eq!(lines, expected.map(|(level, text)| (level, text.to_owned())));
    assert!(stage.lines().iter().all(|line| line.child == "host#1"));
}

#[tokio::test]
async fn an_executable_that_is_not_there_is_named() {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-23T00:00:00Z".parse().unwrap()));
    for (name, handler, expected) in [
        ("no-path", json!({"description": {}}), "defaultExecutablePath is missing"),
        (
            "no-file",
            json!({"description": {"defaultExecutablePath": "nobody-has-this"}}),
            "\"nobody-has-this\": expected a file",
        ),
        (
            "no-folder",
            json!({"description": {"defaultExecutablePath": "bin/handler"}}),
            "\"bin/handler\": expected a file",
        ),
        ("fixed-port", json!({"port": 7000}), "customHandler.port is not supported"),
    ] {
        let folder = folder(name, &json!({"customHandler": handler}), &json!({}));
        let started =
            FunctionsHost::start(azure.clone(), &folder, HostOptions::default(), Handler::Executable(Arc::new(|_| {})));
        let error = started.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{name}: {error}");
    }
}
