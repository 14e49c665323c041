//! A caller's HTTP request and our answer, whatever mode the host passes them on in. What is wrong is said as RFC 9457 has
//! it.
use azure_core::http::Url;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The header by which App Service names whom it has authenticated. Whoever reaches the app past it writes it themselves.
pub const USER_HEADER: &str = "x-ms-client-principal-name";
/// The header that whoever means to change something sends, with the value [`ACTS`]: no page of another origin can.
pub const INTENT: &str = "x-bluegreen-intent";
/// What it says.
pub const ACTS: &str = "act";
/// The only headers that are read: a function key is in none of them.
const READ: [&str; 11] = [
    "authorization",
    "content-type",
    "disguised-host",
    "host",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "origin",
    "x-forwarded-host",
    INTENT,
    USER_HEADER,
];
/// The only members of a query that are read: a function key may be another.
const ASKED: [&str; 2] = ["after", "most"];

/// The headers of a request that are read. They are shown by their names: one of them is a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<&'static str, String>);

impl Headers {
    /// Those of them that are read. What came more than once is joined, and then means nothing where one is expected.
    #[must_use]
    pub fn of<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut headers = Self::default();
        for (name, value) in all {
            let Some(name) = READ.into_iter().find(|read| read.eq_ignore_ascii_case(name)) else { continue };
            let joined = headers.0.entry(name).or_default();
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(value.trim());
        }
        headers
    }

    /// The value of this one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A caller's HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// `GET` or `POST`.
    pub method: String,
    /// The path: `/upgrades/shop`.
    pub path: String,
    /// What is read of its query.
    pub query: BTreeMap<&'static str, String>,
    /// What is read of its headers.
    pub headers: Headers,
    /// The body.
    pub body: String,
}

/// What is read of a query: `after=shop&most=10`.
#[must_use]
pub fn query(text: &str) -> BTreeMap<&'static str, String> {
    let Ok(url) = format!("http://query/?{text}").parse::<Url>() else { return BTreeMap::new() };
    let known = |name: &str| ASKED.into_iter().find(|asked| *asked == name);
    url.query_pairs().filter_map(|(name, value)| Some((known(&name)?, value.into_owned()))).collect()
}

/// An answer. It is never empty by accident: the host would wait until its timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; none with 304 alone.
    pub body: Option<Value>,
    /// Headers beside the content's type.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// A status with a body.
    #[must_use]
    pub const fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: vec![] }
    }

    /// The caller has it already.
    #[must_use]
    pub const fn not_modified() -> Self {
        Self { status: 304, body: None, headers: vec![] }
    }

    /// What is wrong. `error` says the same as `detail`, for clients of the version before.
    #[must_use]
    pub fn problem(problem: Problem, why: &str) -> Self {
        let (status, name, title) = problem.parts();
        let kind = format!("{PROBLEMS}{name}");
        Self::new(status, json!({"type": kind, "title": title, "status": status, "detail": why, "error": why}))
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What its body is.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        if self.status < 400 { "application/json" } else { "application/problem+json" }
    }
}

/// What the types of problems begin with. They are names, and lead nowhere; docs/api.md has them all.
pub const PROBLEMS: &str = "urn:bluegreen:problem:";

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The request makes no sense.
    Malformed,
    /// Nobody has proved who asks.
    NotProved,
    /// Whoever asks may not.
    NotAllowed,
    /// It comes from a page of another origin.
    ForeignOrigin,
    /// There is no such thing.
    NotFound,
    /// Neither GET nor POST.
    WrongMethod,
    /// The run has ended.
    Ended,
    /// It cannot be done now.
    NotNow,
    /// The upgrade is not started.
    Refused,
    /// It belongs to a newer release.
    Newer,
    /// The run is no longer where the caller saw it.
    Moved,
    /// The body is too large.
    TooLarge,
    /// The body is no JSON by its type.
    NotJson,
    /// It does not say which run it means.
    NotNamed,
    /// Too many runs are under way.
    TooMany,
    /// It went wrong here.
    Broken,
    /// Something does not answer now.
    Unavailable,
}

impl Problem {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::NotProved,
        Self::NotAllowed,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::WrongMethod,
        Self::Ended,
        Self::NotNow,
        Self::Refused,
        Self::Newer,
        Self::Moved,
        Self::TooLarge,
        Self::NotJson,
        Self::NotNamed,
        Self::TooMany,
        Self::Broken,
        Self::Unavailable,
    ];

    /// Its status, its name and its title.
    #[must_use]
    pub const fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Malformed => (400, "malformed", "The request makes no sense"),
            Self::NotProved => (401, "not-proved", "Nobody has proved who asks"),
            Self::NotAllowed => (403, "not-allowed", "Whoever asks may not"),
            Self::ForeignOrigin => (403, "foreign-origin", "It comes from a page of another origin"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::WrongMethod => (405, "wrong-method", "Only GET and POST are understood"),
            Self::Ended => (409, "ended", "The run has ended"),
            Self::NotNow => (409, "not-now", "It cannot be done now"),
            Self::Refused => (409, "refused", "The upgrade is not started"),
            Self::Newer => (409, "newer", "It belongs to a newer release"),
            Self::Moved => (412, "moved", "The run is no longer where it was seen"),
            Self::TooLarge => (413, "too-large", "The body is too large"),
            Self::NotJson => (415, "not-json", "The body must be JSON"),
            Self::NotNamed => (428, "not-named", "It does not say which run it means"),
            Self::TooMany => (429, "too-many", "Too many runs are under way"),
            Self::Broken => (500, "broken", "It went wrong here"),
            Self::Unavailable => (503, "unavailable", "Something does not answer now"),
        }
    }
}
