//! `bluegreen contain` as the entry point of a container: it starts a host, and drains it before it stops.
use crate::child::{PROGRAM, within};
use axum::Router;
use bluegreen::local::app_folder::AppFolder;
use serde_json::{Value, json};
use simulated_azure::functions_host::{FunctionsHost, HostOptions, Instances, Start};
use simulated_azure::service_bus::{Message, QueueOptions};
use simulated_azure::{Clock, SimulatedAzure};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The entry point with a host that does nothing but live.
fn contained(port: u16, folder: &Path, host: &[&str]) -> Child {
    let mut command = Command::new(PROGRAM);
    command.args(["contain", "--port", &port.to_string(), "--secrets"]).arg(folder).arg("--").args(host);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn keys(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(folder.join("host.json")).ok()?).ok()
}

/// A simulated host with this master key, whose only message is in flight until there is a permit.
async fn busy(master: &str, gate: &Arc<Semaphore>, begun: &Arc<AtomicUsize>) -> (SimulatedAzure, Arc<FunctionsHost>) {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
    azure.world().service_bus.add_queue("dead-letters", QueueOptions::default());
    let (gate, begun) = (gate.clone(), begun.clone());
    let start: Start = Arc::new(move |_| {
        let (gate, begun) = (gate.clone(), begun.clone());
        Router::new().fallback(move || async move {
            begun.fetch_add(1, Ordering::Relaxed);
            gate.acquire().await.unwrap().forget();
            axum::Json(json!({}))
        })
    });
    let options = HostOptions {
        instances: Instances::One,
        run_timers: false,
        master_key: Some(master.into()),
        ..HostOptions::default()
    };
    let folder = AppFolder::write().unwrap();
    let host = Arc::new(FunctionsHost::start(azure.clone(), folder.path(), options, start).unwrap());
    host.ready().await;
    let now = azure.clock().now();
    azure.world().service_bus.send("dead-letters", Message::new("slow"), now).unwrap();
    azure.touch();
    (azure, host)
}

#[tokio::test]
async fn a_container_that_is_stopped_ends_when_nothing_is_in_flight_any_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secrets = tempfile::tempdir().unwrap();
    let mut child = contained(listener.local_addr().unwrap().port(), secrets.path(), &["sleep", "600"]);
    within(20, || keys(secrets.path()).is_some()).await;
    let master = keys(secrets.path()).unwrap()["masterKey"]["value"].as_str().unwrap().to_owned();
    let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (azure, host) = busy(&master, &gate, &begun).await;
    let serving = tokio::spawn(axum::serve(listener, host.router()).into_future());
    within(20, || begun.load(Ordering::Relaxed) == 1).await;
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    // It has told the host, and waits.
    let now = azure.clock().now();
    azure.world().service_bus.send("dead-letters", Message::new("late"), now).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(child.try_wait().unwrap().is_none(), "something is in flight");
    gate.add_permits(5);
    within(20, || child.try_wait().unwrap().is_some()).await;
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(begun.load(Ordering::Relaxed), 1, "a drained host begins nothing new");
    serving.abort();
}

#[tokio::test]
async fn a_host_that_ends_by_itself_never_looks_like_a_stop_that_was_asked_for() {
    for (host, code) in [(&["true"][..], 1), (&["sh", "-c", "exit 7"][..], 7)] {
        let secrets = tempfile::tempdir().unwrap();
        let mut child = contained(1, secrets.path(), host);
        within(20, || child.try_wait().unwrap().is_some()).await;
        assert_eq!(child.wait().unwrap().code(), Some(code), "{host:?}");
    }
}

#[tokio::test]
async fn each_start_has_keys_of_its_own_and_a_short_key_is_refused() {
    let secrets = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let mut child = contained(1, secrets.path(), &["true"]);
        child.wait().unwrap();
        let keys = keys(secrets.path()).unwrap();
        for key in [&keys["masterKey"], &keys["functionKeys"][0]] {
            assert!(seen.insert(key["value"].as_str().unwrap().to_owned()), "every key is new");
        }
    }
    let file = secrets.path().join("key");
    std::fs::write(&file, "short\n").unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["contain", "--secrets"]).arg(secrets.path()).arg("--function-key").arg(&file).args(["--", "true"]);
    let said = command.output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("expected a key of 16 or more"), "{said:?}");
}
