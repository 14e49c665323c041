//! How long the executable takes from its start to the first answered invocation, on this machine.
use anyhow::{Context, Result, bail, ensure};
use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Settings that point nowhere: the invocation needs no Azure.
const SETTINGS: [(&str, &str); 3] = [
    ("AzureWebJobsStorage__blobServiceUri", "https://store.invalid/"),
    ("ServiceBusConnection__fullyQualifiedNamespace", "bus.invalid"),
    ("AZURE_CLIENT_ID", "00000000-0000-4000-8000-00000000c11e"),
];
/// A dead letter that is no event of ours: it is handled without a call.
const INVOCATION: &str =
    "POST /DeadLetter HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 8\r\n\r\nnonsense";
const PATIENCE: Duration = Duration::from_secs(10);

/// The times of all runs, shortest first.
#[derive(Clone, Debug)]
pub struct Times(Vec<Duration>);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |share: usize| self.0[(self.0.len() - 1) * share / 100].as_secs_f64() * 1e3;
        write!(
            f,
            "{} starts: fastest {:.1} ms, median {:.1} ms, slowest {:.1} ms",
            self.0.len(),
            milliseconds(0),
            milliseconds(50),
            milliseconds(100)
        )
    }
}

/// Starts `executable serve` so many times, one after the other.
///
/// # Errors
/// When it cannot be started, or does not answer the invocation with 200 within ten seconds.
pub fn measure(executable: &Path, runs: usize) -> Result<Times> {
    ensure!(runs > 0, "there is nothing to measure in 0 runs");
    let mut times = (0..runs).map(|_| once(executable)).collect::<Result<Vec<_>>>()?;
    times.sort();
    Ok(Times(times))
}

struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It has ended already: then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "real time is what is measured, and a process's start is polled")]
fn once(executable: &Path) -> Result<Duration> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let began = Instant::now();
    let child = Command::new(executable)
        .arg("serve")
        .env_clear()
        .envs(SETTINGS)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("failed to start {}", executable.display()))?;
    let _started = Started(child);
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(error) if began.elapsed() > PATIENCE => {
                bail!("{} does not listen within {} s: {error}", executable.display(), PATIENCE.as_secs())
            }
            Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(INVOCATION.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("the invocation is not answered")?;
    let took = began.elapsed();
    ensure!(answer.starts_with("HTTP/1.1 200"), "the invocation is answered with {answer:?}: expected status 200");
    Ok(took)
}
