//! `bluegreen serve`: what the Functions host relies on.
use crate::child::{PROGRAM, SETTINGS, Serving, answer, free_port, output, send, signal, text, within};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SHORTLY: Duration = Duration::from_secs(1);

#[test]
fn a_wrong_configuration_exits_1_and_names_what_is_missing() {
    let port = ("FUNCTIONS_CUSTOMHANDLER_PORT", "7070");
    let bus = "ServiceBusConnection__fullyQualifiedNamespace";
    for (settings, expected) in [
        (vec![port], "AzureWebJobsStorage__blobServiceUri is missing"),
        (vec![port, SETTINGS[0]], "ServiceBusConnection__fullyQualifiedNamespace is missing"),
        (vec![port, SETTINGS[1], ("AzureWebJobsStorage__blobServiceUri", "http://plain/")], "expected https://"),
        (SETTINGS.to_vec(), "FUNCTIONS_CUSTOMHANDLER_PORT is missing"),
        (
            [&SETTINGS[..], &[("FUNCTIONS_CUSTOMHANDLER_PORT", "99999")]].concat(),
            "FUNCTIONS_CUSTOMHANDLER_PORT is \"99999\"",
        ),
        ([&SETTINGS[..], &[port, ("AZURE_CLOUD", "Mars")]].concat(), "AZURE_CLOUD is \"Mars\""),
        ([&SETTINGS[..], &[port, ("RUST_LOG", "a=b=c")]].concat(), "RUST_LOG is \"a=b=c\""),
        (vec![port, SETTINGS[0], (bus, "no host name")], "no host name"),
        (
            [&SETTINGS[..], &[port, ("BLUEGREEN_HOST_PROCESS", "nobody")]].concat(),
            "BLUEGREEN_HOST_PROCESS is \"nobody\"",
        ),
    ] {
        let ended = output(&["serve"], &settings);
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{expected}: {said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_port_in_use_exits_1() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = output(&["serve"], &[&SETTINGS[..], &[("FUNCTIONS_CUSTOMHANDLER_PORT", &port)]].concat());
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains(&format!("failed to listen on 127.0.0.1:{port}")), "{ended:?}");
}

#[tokio::test]
async fn it_answers_the_host_at_once_and_refuses_nonsense() {
    let serving = Serving::start(&[]).await;
    let (status, head, body) =
        answer(&mut send(serving.port, "GET", "/", ""), SHORTLY).expect("an answer within a second");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/json") && serde_json::from_str::<Value>(&body).is_ok(), "{body}");
    for (path, expected) in [("/CheckPlan", 400), ("/RequestUpgrade", 400), ("/DeadLetter", 200), ("/Nope", 404)] {
        let (status, head, body) = answer(&mut send(serving.port, "POST", path, "nonsense"), SHORTLY).expect(path);
        assert_eq!(status, expected, "{path}: {body}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(serde_json::from_str::<Value>(&body).is_ok_and(|body| body.is_object()), "{path}: {body}");
    }
    let (status, head, body) = answer(&mut send(serving.port, "HEAD", "/", ""), SHORTLY).expect("HEAD");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(!head.contains("content-length: 0"), "{head}");
}

#[tokio::test]
async fn it_listens_to_its_own_machine_alone() {
    let serving = Serving::start(&[]).await;
    // Every address of 127.0.0.0/8 is this machine; only one is listened to.
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), serving.port)).is_err());
}

#[tokio::test]
async fn a_signal_with_nothing_in_flight_ends_it_with_200() {
    for name in ["TERM", "INT"] {
        let mut serving = Serving::start(&[]).await;
        signal(name, serving.child.id());
        assert_eq!(
            serving.ends(2).await.code(),
            Some(200),
            "{name}: the host takes this for a wish to be started again"
        );
    }
}

/// A token endpoint that answers when it is told to: whoever needs a token is in flight until then.
fn token_endpoint() -> (TcpListener, String) {
    let endpoint = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    endpoint.set_nonblocking(true).unwrap();
    let url = format!("http://{}/msi/token", endpoint.local_addr().unwrap());
    (endpoint, url)
}

async fn asked(endpoint: &TcpListener) -> TcpStream {
    let mut stream = None;
    within(5, || {
        stream = endpoint.accept().ok().map(|(stream, _)| stream);
        stream.is_some()
    })
    .await;
    let mut stream = stream.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(SHORTLY)).unwrap();
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    stream
}

const REFUSED: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}";

/// Whoever else asks for a token is refused: the store's client does, after Resource Manager's.
fn refuse(endpoint: TcpListener) {
    endpoint.set_nonblocking(false).unwrap();
    std::thread::spawn(move || {
        for stream in endpoint.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nonblocking(false).unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(REFUSED);
        }
    });
}

#[tokio::test]
async fn what_is_in_flight_at_sigterm_is_finished_first_and_nothing_new_begins() {
    let (endpoint, url) = token_endpoint();
    let mut serving = Serving::start(&[("IDENTITY_ENDPOINT", &url), ("IDENTITY_HEADER", "x")]).await;
    let event = json!({"format": 1, "site": "shop", "run": "shop-1", "step": "CheckPlan", "hop": 1}).to_string();
    let envelope = json!({"Data": {"message": event}, "Metadata": {}}).to_string();
    let mut in_flight = send(serving.port, "POST", "/CheckPlan", &envelope);
    let mut token = asked(&endpoint).await;
    serving.terminate();
    sleep(Duration::from_millis(300)).await;
    let mut later = send(serving.port, "POST", "/CheckPlan", "nonsense");
    assert_eq!(answer(&mut later, SHORTLY), None, "a later request hangs: an answer would cost ten deliveries");
    assert_eq!(serving.child.try_wait().unwrap(), None, "it is still there");
    token.write_all(REFUSED).unwrap();
    // The next question would come over the same connection.
    drop(token);
    refuse(endpoint);
    let (status, _, body) = answer(&mut in_flight, Duration::from_secs(40)).expect("what was in flight is answered");
    assert!(status == 503 && body.contains("failed to load the run"), "{status} {body}");
    assert_eq!(serving.ends(3).await.code(), Some(200));
}

#[test]
fn it_ends_when_its_host_was_gone_before_it_looked() {
    let (port, nobody) = (free_port().to_string(), u32::MAX.to_string());
    let gone = [("FUNCTIONS_CUSTOMHANDLER_PORT", port.as_str()), ("BLUEGREEN_HOST_PROCESS", &nobody)];
    let ended = output(&["serve"], &[&SETTINGS[..], &gone].concat());
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(text(&ended.stdout).contains("the host is gone"), "{ended:?}");
}

#[tokio::test]
async fn it_ends_with_its_parent() {
    let port = free_port();
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" serve & echo $!; wait", PROGRAM]).env_clear().envs(SETTINGS);
    shell.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).env("PATH", "/usr/bin:/bin");
    let mut shell = shell.stdout(Stdio::piped()).spawn().unwrap();
    within(10, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()).await;
    shell.kill().unwrap();
    shell.wait().unwrap();
    let killed = Instant::now();
    within(3, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()).await;
    // The pipe is closed when the last one that holds it is gone: the orphan, too.
    let mut said = String::new();
    shell.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(killed.elapsed() < Duration::from_secs(4), "{:?}", killed.elapsed());
    assert!(said.contains("the host is gone") && !said.contains("SIGTERM"), "{said}");
}
