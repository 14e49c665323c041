//! What is left of it when it ends before its time: nothing that runs, and nothing that names an address.
use super::{PATIENCE, Running};
use crate::child::{PROGRAM, answer, program, send, signal, within};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A signal, and the exit status by which a shell knows it.
const SIGNALS: [(&str, i32); 3] = [("HUP", 129), ("INT", 130), ("TERM", 143)];

#[tokio::test]
async fn a_signal_leaves_no_process_no_port_and_no_address() {
    for (name, code) in SIGNALS {
        let mut running = Running::start(&["--instances", "each"]);
        let endpoints = running.ready().await;
        let (children, port) = (running.children(), port(&endpoints["gateway"]["url"]));
        assert_eq!(children.len(), 18, "one for each function");
        running.signal(name);
        assert_eq!(running.ends().await, Some(code), "{}", running.printed("stderr"));
        within(PATIENCE, || children.iter().all(is_gone)).await;
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "{name}");
        assert!(!running.data.join("endpoints.json").exists() && !running.data.join("app").exists(), "{name}");
    }
}

#[tokio::test]
async fn a_signal_is_heard_while_everything_starts() {
    let mut running = Running::start(&[]);
    within(PATIENCE, || running.printed("stdout").contains("Starting")).await;
    running.signal("TERM");
    assert_eq!(running.ends().await, Some(143), "{}", running.printed("stderr"));
    assert!(!running.data.join("endpoints.json").exists());
}

#[tokio::test]
async fn functions_end_with_a_host_that_is_killed_and_its_folder_can_be_used_again() {
    let mut killed = Running::start(&[]);
    killed.ready().await;
    let children = killed.children();
    assert_eq!(children.len(), 1);
    killed.signal("KILL");
    assert_eq!(killed.ends().await, None);
    within(PATIENCE, || children.iter().all(is_gone)).await;
    let data = killed.data.to_str().unwrap();
    let mut again =
        program(&["local", "--data", data], &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = killed.data.join("simulated-azure.lock");
    let is_its = || std::fs::read_to_string(&lock).unwrap().trim() == again.id().to_string();
    within(PATIENCE, || is_its() && killed.data.join("endpoints.json").exists()).await;
    signal("TERM", again.id());
    assert_eq!(again.wait().unwrap().code(), Some(143));
}

#[tokio::test]
async fn an_executable_that_is_deleted_meanwhile_still_starts_its_functions_anew() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let executable = folder.path().join("bluegreen");
    std::fs::hard_link(PROGRAM, &executable).unwrap();
    let mut command = Command::new(&executable);
    command.arg("local").env_clear();
    let running = Running::start_as(command, &[]);
    let endpoints = running.ready().await;
    std::fs::remove_file(&executable).unwrap();
    let first = running.children();
    signal("KILL", first[0]);
    within(PATIENCE, || running.children().iter().any(|child| *child != first[0])).await;
    let port = port(&endpoints["functions"]["url"]);
    let asked = move || {
        let status =
            answer(&mut send(port, "GET", "/upgrades", ""), Duration::from_secs(60)).map(|(status, ..)| status);
        // Without a key it is refused by the host alone.
        assert_eq!(status, Some(401));
    };
    tokio::task::spawn_blocking(asked).await.unwrap();
}

#[tokio::test]
async fn what_it_writes_can_be_read_by_its_owner_alone() {
    let running = Running::start(&[]);
    running.ready().await;
    within(PATIENCE, || running.data.join("functions.log").exists()).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&running.data), mode(&running.data.join("kubeconfig"))), (0o700, 0o700));
    for name in ["endpoints.json", "ca.pem", "localhost-key.pem", "functions.log", "kubeconfig/aks-blue.yaml"] {
        assert_eq!(mode(&running.data.join(name)), 0o600, "{name}");
    }
}

fn port(url: &serde_json::Value) -> u16 {
    url.as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

fn is_gone(process: &u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    // A zombie that nobody has waited for yet runs no more.
    stat.map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}
