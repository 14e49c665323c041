//! `--keep`: everything still runs, and says how to connect.
use super::{PATIENCE, Running};
use crate::child::{answer, text, within};
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// The command of one tool, as it was printed.
fn printed<'a>(said: &'a str, tool: &str) -> &'a str {
    let line = said.lines().find_map(|line| line.strip_prefix(&format!("  {tool:<10} ")));
    line.unwrap_or_else(|| panic!("no {tool}: {said}"))
}

/// Does what `curl -H '<header>' <url>` does, as it was printed: status and body.
async fn curl(command: &str) -> (u16, String) {
    let (header, url) = command.strip_prefix("curl -H '").unwrap().split_once("' http://").unwrap();
    let (host, path) = url.split_once('/').unwrap();
    // A header for the host's name takes the place of curl's own.
    let own = if header.starts_with("Host:") { String::new() } else { format!("host: {host}\r\n") };
    let request = format!("GET /{path} HTTP/1.1\r\n{own}{header}\r\nconnection: close\r\n\r\n");
    let host = host.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        answer(&mut stream, Duration::from_secs(60)).unwrap()
    });
    let (status, _, body) = asked.await.unwrap();
    (status, body)
}

#[tokio::test]
async fn what_is_kept_answers_as_it_says_until_it_is_told_to_end() {
    let mut running = Running::start(&["--keep", "--speed", "300", "--fail", "CheckPlan:always"]);
    within(PATIENCE, || running.printed("stdout").contains("Ctrl-C ends it")).await;
    let said = running.printed("stdout");
    assert!(said.contains("\nREJECTED: "), "{said}");
    let (status, body) = curl(printed(&said, "users")).await;
    assert!(status == 200 && body.contains("\"colour\":\"blue\""), "{status}: {body}");
    let (status, body) = curl(printed(&said, "functions")).await;
    let upgrades: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, upgrades["runs"][0]["ending"].as_str()), (200, Some("rejected")), "{body}");
    assert!(printed(&said, "SDKs").contains("UseDevelopmentEmulator=true"), "{said}");
    let (_, kubeconfig) = printed(&said, "kubectl").split_once("--kubeconfig '").unwrap();
    let kubeconfig = std::fs::read(kubeconfig.split_once('\'').unwrap().0).unwrap();
    assert!(text(&kubeconfig).contains("current-context: aks-blue"));
    assert!(std::fs::exists(printed(&said, "all of it")).unwrap(), "{said}");
    running.signal("INT");
    assert_eq!(running.ends().await, Some(0), "the upgrade ended as it should");
}
