//! What the API takes and answers, for its description. The bodies themselves are made where they are told; a test holds
//! each real answer against these.
use serde_json::Value;
use utoipa::ToSchema;

/// A page of the list of runs.
#[derive(ToSchema)]
pub struct Page {
    /// The runs, one a site, by the sites' names.
    pub runs: Vec<Listed>,
    /// Where the next page is, if there is one.
    #[schema(required = false)]
    pub next: Option<String>,
    /// The newest refused requests.
    #[schema(value_type = Vec<Object>)]
    pub refusals: Vec<Value>,
    /// The requests that wait for their turn.
    #[schema(value_type = Vec<Object>)]
    pub waiting: Vec<Value>,
}

/// A line of the list: a run, or why it cannot be read.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Listed {
    /// A run.
    Run(Box<Run>),
    /// A document that cannot be read.
    Unreadable(Unreadable),
}

/// A document that cannot be read.
#[derive(ToSchema)]
pub struct Unreadable {
    /// The site.
    pub site: String,
    /// Why.
    pub unreadable: String,
}

/// A run.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Run {
    /// The site.
    pub site: String,
    /// The run's id.
    pub run: String,
    /// What kind of replacement.
    pub kind: String,
    /// The Kubernetes version of the new cluster.
    pub version: String,
    /// The colour that served when it began: `blue` or `green`.
    pub from: String,
    /// The colour that it leads to.
    pub to: String,
    /// The step.
    pub step: String,
    /// The stage of traffic, from 0.
    pub stage: u32,
    /// The new cluster's share that is intended now, in percent.
    pub share: u8,
    /// The stages.
    pub stages: Vec<Stage>,
    /// Counts decisions.
    pub hop: u32,
    /// When the next look is due.
    #[schema(format = DateTime)]
    pub due: String,
    /// Why nothing happens until a person says so.
    pub held: Option<Held>,
    /// How it ended: `upgraded`, `rejected`, `rolledBack`, `finished`.
    pub ending: Option<String>,
    /// Why it is on its way back.
    pub failure: Option<String>,
    /// Whether the old cluster could take the traffic back.
    #[schema(value_type = Option<Object>)]
    pub readiness: Value,
    /// How big the old cluster was before it was reduced, once that has begun.
    #[schema(value_type = Option<Object>)]
    pub reducing: Value,
    /// Since when nobody can tell whether the traffic is well, and why.
    #[schema(value_type = Option<Object>)]
    pub unclear: Value,
    /// What somebody was told of last.
    pub called: Option<Called>,
    /// Lines that a bounded journal left out.
    pub left_out: u32,
    /// What should be known before an order is carried out; in the answer to one.
    #[schema(required = false)]
    pub beforehand: Option<String>,
}

/// A stage of traffic.
#[derive(ToSchema)]
pub struct Stage {
    /// The share that the site asked for, in percent.
    pub asked: u8,
    /// The share that its members come to.
    pub share: u8,
}

/// Why nothing happens.
#[derive(ToSchema)]
pub struct Held {
    /// The reason.
    pub why: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// The gate that waits for an approval.
    pub gate: Option<String>,
    /// A person paused it.
    pub paused: bool,
    /// Each watch judges anew whether going back would help.
    #[schema(required = false)]
    pub watched: bool,
    /// When a person was called last.
    #[schema(format = DateTime)]
    pub called: String,
}

/// What somebody was told of.
#[derive(ToSchema)]
pub struct Called {
    /// The number of its line in the journal.
    pub number: u32,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// `needsPerson`, `turnedBack` or `finished`.
    pub level: String,
    /// By what the same cause is known again.
    pub cause: Option<String>,
    /// The line.
    pub what: String,
}

/// A run with its journal.
#[derive(ToSchema)]
pub struct Journal {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// The lines of its journal, the oldest first.
    #[schema(value_type = Vec<Object>)]
    pub journal: Vec<Value>,
}

/// A request for an upgrade.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Request {
    /// The request's id, 200 bytes at most; `Idempotency-Key` says the same.
    #[schema(required = false)]
    pub id: Option<String>,
    /// The site, where the path names none.
    #[schema(required = false)]
    pub site: Option<String>,
    /// `1.34.6`, `latest-patch` or `latest-stable`. Not needed for `replace` and `return`.
    #[schema(required = false)]
    pub version: Option<String>,
    /// What kind of replacement.
    #[schema(required = false)]
    pub kind: String,
    /// Why.
    #[schema(required = false)]
    pub reason: Option<String>,
    /// Who asks, where no token says it.
    #[schema(required = false)]
    pub requested_by: Option<String>,
}

/// What became of a request.
#[derive(ToSchema)]
pub struct Started {
    /// The run.
    pub run: String,
    /// The request's id.
    pub request: String,
}

/// An order. Without `If-Match`, run, step and stage say what it was decided on.
#[derive(ToSchema)]
pub struct Order {
    /// The run that was seen.
    #[schema(required = false)]
    pub run: Option<String>,
    /// The step that was seen.
    #[schema(required = false)]
    pub step: Option<String>,
    /// The stage that was seen.
    #[schema(required = false)]
    pub stage: Option<u32>,
    /// Who says it, where no token does.
    #[schema(required = false)]
    pub by: String,
    /// Why.
    #[schema(required = false)]
    pub reason: Option<String>,
    /// Go back although the old cluster is not ready.
    #[schema(required = false)]
    pub force: bool,
    /// `resume` after the emergency way back: which way.
    #[schema(required = false)]
    pub direction: Option<String>,
    /// `resume` with what the published site mends.
    #[schema(required = false)]
    pub with_site: bool,
}

/// What is wrong (RFC 9457).
#[derive(ToSchema)]
pub struct ProblemDetails {
    /// What it is: `urn:bluegreen:problem:…`.
    #[schema(rename = "type")]
    pub kind: String,
    /// The same in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened here, and what to do.
    pub detail: String,
    /// The same as `detail`, for clients of the version before.
    #[schema(deprecated)]
    pub error: String,
    /// How the run has ended, where that is the problem.
    #[schema(required = false)]
    pub ending: Option<String>,
}
