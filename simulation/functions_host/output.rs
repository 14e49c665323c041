//! What a child writes, line by line, with the level at which the real host logs it.
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Takes each line that a child writes. It is called from the task that reads, and should be quick.
pub type Output = Arc<dyn Fn(Line) + Send + Sync>;

/// A longer line is handed on in pieces of so many bytes.
const LONGEST: u64 = 64 * 1024;

/// Where a child wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// How the host logs a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything on standard output, whatever it says.
    Information,
    /// A line on standard error with `warn` in it, in any case.
    Warning,
    /// Any other line on standard error.
    Error,
    /// It is for the host's own log: it begins with `LanguageWorkerConsoleLog`.
    System,
}

/// One line of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The child's name in the simulated world, such as `CheckPlan#2`.
    pub child: String,
    /// Where it wrote.
    pub stream: Stream,
    /// The line without its end; what is no UTF-8 is replaced.
    pub text: String,
}

impl Line {
    /// How the real host logs it.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.text.starts_with("LanguageWorkerConsoleLog") {
            return Level::System;
        }
        match self.stream {
            Stream::Stdout => Level::Information,
            Stream::Stderr if self.text.to_lowercase().contains("warn") => Level::Warning,
            Stream::Stderr => Level::Error,
        }
    }
}

/// Hands on what a child writes until it and all that inherited its stream are gone.
pub(super) async fn hand_on(child: String, stream: Stream, pipe: impl AsyncRead + Unpin, output: Output) {
    let mut reader = BufReader::new(pipe);
    let mut bytes = vec![];
    while let Ok(1..) = (&mut reader).take(LONGEST).read_until(b'\n', &mut bytes).await {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        output(Line { child: child.clone(), stream, text });
        bytes.clear();
    }
}
