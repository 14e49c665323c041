//! What cannot be done is refused at once, with what to do about it.
use super::Running;
use crate::child::{output, program, text};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::Stdio;

/// Tries to run it: exit status, and what was said of it.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let ended = output(&[&["local"], arguments].concat(), &[]);
    (ended.status.code(), text(&ended.stderr))
}

#[test]
fn a_port_that_is_taken_is_named_with_its_option() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for service in
        ["resource-manager", "login", "blobs", "service-bus", "amqp", "amqps", "kubernetes", "gateway", "functions"]
    {
        let option = format!("--{service}-port");
        let (status, said) = refused(&[&option, &port]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(&format!("port {port} of 127.0.0.1 is taken: choose another with {option},")), "{said}");
    }
}

#[test]
fn a_folder_with_other_peoples_files_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let thesis = folder.path().join("thesis");
    std::fs::write(&thesis, "precious").unwrap();
    let (status, said) = refused(&["--data", folder.path().to_str().unwrap()]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("files that are not ours, \"thesis\""), "{said}");
    assert_eq!(std::fs::read(&thesis).unwrap(), b"precious");
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_the_reason() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("data");
    for place in [below.to_str().unwrap(), "/proc/data", &"a".repeat(300)] {
        let (status, said) = refused(&["--data", place]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(&format!("failed to use {place}")) && said.matches("os error").count() == 1, "{said}");
    }
}

#[tokio::test]
async fn two_do_not_share_a_folder() {
    let running = Running::start(&[]);
    running.ready().await;
    let data = running.data.to_str().unwrap().to_owned();
    let (status, said) = tokio::task::spawn_blocking(move || refused(&["--data", &data])).await.unwrap();
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains(&format!("process {} uses", running.child.id())), "{said}");
    assert!(running.data.join("endpoints.json").exists());
}

#[test]
fn nonsense_is_no_command() {
    for nonsense in [
        &["--speed", "0"][..],
        &["--speed", "1001"],
        &["--rate", "0"],
        &["--fail", "Nonsense"],
        &["--fail", "Soak:never"],
        &["--gateway-port", "65536"],
        &["--instances", "two"],
        &["--data"],
        &["surplus"],
    ] {
        let (status, said) = refused(nonsense);
        assert_eq!(status, Some(2), "{nonsense:?}: {said}");
        assert!(said.contains("error: "), "{nonsense:?}: {said}");
    }
}

#[test]
fn it_ends_when_nobody_reads_what_it_says() {
    let mut child = program(&["local"], &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
    assert!(first.starts_with("Starting") && said.contains("roken pipe") && !said.contains("panicked"), "{said}");
}
