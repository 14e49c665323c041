//! A child process, and plain HTTP to it.
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_bluegreen");

/// Settings that point nowhere: nothing is contacted at the start.
pub const SETTINGS: [(&str, &str); 3] = [
    ("AzureWebJobsStorage__blobServiceUri", "https://store.invalid/"),
    ("ServiceBusConnection__fullyQualifiedNamespace", "bus.invalid"),
    ("AZURE_CLIENT_ID", "00000000-0000-4000-8000-00000000c11e"),
];

/// The program with an environment of its own.
pub fn program(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().envs(settings.iter().copied()).stdin(Stdio::null());
    command
}

/// What it did, at its end.
pub fn output(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    program(arguments, settings).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A port that was free just now.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A child that serves; it is killed at the end of the test.
pub struct Serving {
    pub child: Child,
    pub port: u16,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Starts it and waits until it answers.
    pub async fn start(more: &[(&str, &str)]) -> Self {
        let port = free_port();
        let mut command = program(&["serve"], &SETTINGS);
        command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()).envs(more.iter().copied());
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let serving = Self { child, port };
        within(10, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()).await;
        serving
    }

    pub fn terminate(&self) {
        signal("TERM", self.child.id());
    }

    /// Its exit status, if it ends within so many seconds.
    pub async fn ends(&mut self, seconds: u64) -> ExitStatus {
        let mut status = None;
        within(seconds, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

/// Waits until something holds, at most so many seconds.
pub async fn within(seconds: u64, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < until, "not within {seconds} s");
        sleep(Duration::from_millis(20)).await;
    }
}

pub fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap().success());
}

/// Sends a request and keeps the connection.
pub fn send(port: u16, method: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

/// The answer if it comes within this time: status, head and body.
pub fn answer(stream: &mut TcpStream, patience: Duration) -> Option<(u16, String, String)> {
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).ok()?;
    let (head, body) = text(&bytes).split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()))?;
    Some((head.split(' ').nth(1)?.parse().ok()?, head.to_lowercase(), body))
}
