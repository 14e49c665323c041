//! The script of faults: which calls go wrong, when, and how.
use crate::{Ask, Process};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Which calls a fault is for. Everything that is `None` or empty matches; text is found anywhere, in any case.
#[derive(Clone, Debug, Default)]
pub struct On {
    /// The request's method.
    pub method: Option<Method>,
    /// A part of the host name.
    pub host: String,
    /// A part of the path and query.
    pub path: String,
    /// A part of the body.
    pub body: String,
    /// The beginning of the calling process's name.
    pub process: String,
}

impl On {
    /// Calls to hosts whose name contains `host`.
    #[must_use]
    pub fn host(host: &str) -> Self {
        Self { host: host.to_lowercase(), ..Self::default() }
    }

    /// Calls with this method whose path contains `path`.
    #[must_use]
    pub fn call(method: Method, path: &str) -> Self {
        Self { method: Some(method), path: path.to_lowercase(), ..Self::default() }
    }

    /// Also asks for a part of the body.
    #[must_use]
    pub fn with_body(mut self, part: &str) -> Self {
        self.body = part.to_lowercase();
        self
    }

    /// Only calls of processes whose name begins like this.
    #[must_use]
    pub fn by(mut self, process: &str) -> Self {
        self.process = process.into();
        self
    }

    /// Whether `ask` of `process` is such a call.
    #[must_use]
    pub fn matches(&self, process: &Process, ask: &Ask) -> bool {
        let contains = |text: &str, part: &str| part.is_empty() || text.to_lowercase().contains(&part.to_lowercase());
        self.method.as_ref().is_none_or(|method| method == ask.method())
            && process.name().starts_with(&self.process)
            && contains(crate::hosts::host_of(ask), &self.host)
            && contains(ask.uri().path_and_query().map_or("", |path| path.as_str()), &self.path)
            && (self.body.is_empty() || contains(&String::from_utf8_lossy(ask.body()), &self.body))
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It is answered with this status, headers and JSON body, and not carried out.
    Answer {
        /// The status.
        status: StatusCode,
        /// Names and values of further headers.
        headers: Vec<(String, String)>,
        /// The JSON body.
        body: serde_json::Value,
    },
    /// It is answered 200 with an HTML page, as a proxy on the way does, and not carried out.
    Page,
    /// It is answered 200 with this text, said to be XML, and not carried out.
    Xml(&'static str),
    /// It is answered 200 with a body of blanks that comes piece by piece, and not carried out.
    Pour {
        /// The bytes of a piece.
        piece: usize,
        /// How many pieces come.
        pieces: u64,
        /// From one piece to the next.
        every: Duration,
        /// How many pieces were taken.
        taken: Arc<AtomicU64>,
    },
    /// It is carried out, and its answer's `Date` is so much later than the world's time.
    Misdate(SignedDuration),
    /// The connection is refused: not carried out, no answer.
    Refuse,
    /// It is carried out, and the answer is lost.
    LoseAnswer,
    /// It is carried out after this time.
    Delay(Duration),
    /// It is carried out at once, and answered after this time.
    DelayAnswer(Duration),
    /// The calling process dies before the call is carried out.
    KillBefore,
    /// The calling process dies just after the call was carried out.
    KillAfter,
    /// The calling code panics, as a bug of its own would; its process lives on.
    Panic,
}

impl Effect {
    /// Throttled: 429 with `Retry-After` in seconds.
    #[must_use]
    pub fn throttle(seconds: u32) -> Self {
        Self::Answer {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers: vec![("retry-after".into(), seconds.to_string())],
            body: serde_json::json!({"error": {"code": "TooManyRequests", "message": "The request is being throttled."}}),
        }
    }

    /// A body that never ends: a byte in two seconds.
    #[must_use]
    pub fn drip() -> Self {
        Self::Pour { piece: 1, pieces: u64::MAX, every: Duration::from_secs(2), taken: Arc::default() }
    }

    /// A body of so many megabytes, at once; and how many of them were taken.
    #[must_use]
    pub fn flood(megabytes: u64) -> (Self, Arc<AtomicU64>) {
        let taken: Arc<AtomicU64> = Arc::default();
        (Self::Pour { piece: 1 << 20, pieces: megabytes, every: Duration::ZERO, taken: taken.clone() }, taken)
    }

    /// Resource Manager says that there is no such resource, though there may be one.
    #[must_use]
    pub fn not_found() -> Self {
        Self::Answer {
            status: StatusCode::NOT_FOUND,
            headers: vec![],
            body: serde_json::json!({"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}}),
        }
    }

    /// A failure of the service: this status with an error envelope.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        let code = status.canonical_reason().unwrap_or("Error").replace(' ', "");
        Self::Answer {
            status,
            headers: vec![],
            body: serde_json::json!({"error": {"code": code, "message": "A fault of the script."}}),
        }
    }
}

/// One fault: for which calls, after how many of them, how often, in which time, and what happens.
#[derive(Clone, Debug)]
pub struct Fault {
    /// A name for the records and for counting hits.
    pub name: String,
    /// Which calls.
    pub on: On,
    /// So many matching calls pass unharmed first.
    pub skip: u32,
    /// So many calls are hit, then it is used up. `None`: all.
    pub times: Option<u32>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// A fault that hits the first matching call, once.
    #[must_use]
    pub fn once(name: &str, on: On, effect: Effect) -> Self {
        Self { name: name.into(), on, skip: 0, times: Some(1), from: None, until: None, effect }
    }

    /// A fault that hits every matching call.
    #[must_use]
    pub fn always(name: &str, on: On, effect: Effect) -> Self {
        Self { times: None, ..Self::once(name, on, effect) }
    }

    /// Lets so many matching calls pass first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Hits only between two moments.
    #[must_use]
    pub fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        (self.from, self.until) = (Some(from), Some(until));
        self
    }
}

/// The script, and how often each of its faults has hit.
#[derive(Debug, Default)]
pub struct Faults {
    script: Vec<Fault>,
    hits: Vec<(String, Timestamp)>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.script.push(fault);
    }

    /// Takes all faults of this name out again.
    pub fn remove(&mut self, name: &str) {
        self.script.retain(|fault| fault.name != name);
    }

    /// Every hit so far: the fault's name and the moment.
    #[must_use]
    pub fn hits(&self) -> &[(String, Timestamp)] {
        &self.hits
    }

    /// What goes wrong with this call, if anything: the first fault of the script that is for it.
    pub fn strike(&mut self, process: &Process, ask: &Ask, now: Timestamp) -> Option<Effect> {
        for fault in &mut self.script {
            let timely = fault.from.is_none_or(|from| now >= from) && fault.until.is_none_or(|until| now < until);
            if !timely || fault.times == Some(0) || !fault.on.matches(process, ask) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            self.hits.push((fault.name.clone(), now));
            return Some(fault.effect.clone());
        }
        None
    }
}
