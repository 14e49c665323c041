//! Azure Resource Manager, as raw JSON: every field that we do not know survives.
pub use super::answer::Answer;
use super::permit::Permit;
use super::second_opinion::SecondOpinion;
use super::told::{Came, Teller, kind};
use crate::process::clock::Clock;
use crate::process::cloud::{Cloud, other_version};
use crate::process::limits::Pages;
use crate::process::telemetry::signals::Signals;
use crate::run::StepError;
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};
use azure_core::http::{ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request, Transport, Url};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A client of Resource Manager that can only read.
#[derive(Clone)]
pub struct Arm {
    cloud: Cloud,
    clock: Clock,
    reading: Pipeline,
    /// A question starts an operation of its own: it is asked once.
    reading_once: Pipeline,
}

/// A client of Resource Manager that can write, with a permit for each write.
#[derive(Clone)]
pub struct ArmWriter {
    arm: Arm,
    writing: Pipeline,
    pub(super) teller: Teller,
}

/// An action (POST) that changes nothing: readers may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// What a gateway's own probes see of its backends.
    BackendHealth,
    /// How to reach a cluster's API server, for a person or an identity of Entra.
    UserCredential,
    /// The settings of a function app.
    AppSettings,
}

impl Question {
    const fn path(self) -> &'static str {
        match self {
            Self::BackendHealth => "backendhealth",
            Self::UserCredential => "listClusterUserCredential",
            Self::AppSettings => "config/appsettings/list",
        }
    }

    const fn more(self) -> &'static str {
        match self {
            Self::UserCredential => "&format=exec",
            Self::BackendHealth | Self::AppSettings => "",
        }
    }
}

/// A refusal, or no answer at all.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {code}: {message}")]
pub struct ArmError {
    /// What was attempted, and on what.
    pub what: String,
    /// The HTTP status; 0 when there was no answer.
    pub status: u16,
    /// Azure's error code.
    pub code: String,
    /// Azure's message.
    pub message: String,
    /// When to try again, if Azure said so.
    pub retry_after: Option<Duration>,
}

impl ArmError {
    /// Whether it says that there is no resource of this id. Resource Manager itself answers for what it keeps a list of; for
    /// a part of a resource, such as an agent pool or a subnet, its provider answers, which says `NotFound`.
    pub(super) fn says_absent(&self, id: &str) -> bool {
        let absent = ["ResourceNotFound", "ResourceGroupNotFound"].into_iter();
        let mut absent = absent.chain(is_part(id).then_some("NotFound"));
        self.status == 404 && absent.any(|code| self.code.eq_ignore_ascii_case(code))
    }

    /// Whether Azure says it: its errors have a code, and those of a proxy on the way have none.
    pub(super) fn has_code(&self) -> bool {
        self.status != 0 && !self.code.starts_with(NO_CODE)
    }
}

/// What stands for the code of an error that has none.
const NO_CODE: &str = "HTTP ";

/// Azure's words for a version of an API that it does not know.
const UNKNOWN_VERSION: [&str; 3] = ["InvalidApiVersionParameter", "InvalidResourceType", "NoRegisteredProviderFound"];

/// Whether an id has more than one type and name after its last provider.
fn is_part(id: &str) -> bool {
    let after_provider = id.to_lowercase().rsplit_once("/providers/").map(|(_, rest)| rest.matches('/').count());
    after_provider.is_some_and(|slashes| slashes > 2)
}

impl From<ArmError> for StepError {
    fn from(error: ArmError) -> Self {
        match error.status {
            // The request itself is wrong: the same one is refused again. What a proxy on the way says may be mended.
            400 | 413 | 422 if error.has_code() => Self::Terminal(error.to_string()),
            _ => Self::Transient { retry_after: error.retry_after, cause: error.into() },
        }
    }
}

/// A condition on a write.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Whatever is there.
    None,
    /// Only if it is still this version.
    Match(String),
    /// Only if there is nothing yet.
    Absent,
}

/// Tokens go to hosts under the Resource Manager's name alone.
fn pipeline(cloud: &Cloud, credential: &Arc<dyn TokenCredential>, options: ClientOptions, clock: &Clock) -> Pipeline {
    let bearer: Arc<dyn Policy> =
        Arc::new(BearerTokenAuthorizationPolicy::new(credential.clone(), [cloud.scope.clone()]));
    let name = option_env!("CARGO_PKG_NAME");
    Pipeline::new(
        name,
        option_env!("CARGO_PKG_VERSION"),
        options,
        vec![],
        vec![bearer, Arc::new(SecondOpinion(clock.clone()))],
        None,
    )
}

impl ArmWriter {
    /// A client for this cloud.
    #[must_use]
    pub fn new(cloud: &Cloud, credential: &Arc<dyn TokenCredential>, transport: &Transport, clock: &Clock) -> Self {
        let writing = pipeline(cloud, credential, super::patience::for_writing(transport), clock);
        let teller = Teller::new(Signals::default(), clock);
        Self { arm: Arm::new(cloud, credential, transport, clock), writing, teller }
    }

    /// The same, telling of its writes.
    #[must_use]
    pub fn telling(self, signals: Signals) -> Self {
        Self { teller: Teller::new(signals, &self.arm.clock), ..self }
    }

    /// What only reads.
    #[must_use]
    pub const fn reader(&self) -> &Arm {
        &self.arm
    }

    /// Writes once: a body that was refused or lost is never sent again.
    ///
    /// # Errors
    /// When the permit is too old, everything that is not 2xx or 3xx, and a host that our token must not see.
    pub async fn write(
        &self,
        permit: Permit,
        method: Method,
        url: String,
        condition: Condition,
        body: Option<&Value>,
    ) -> Result<Answer, ArmError> {
        let call = Call { cloud: &self.arm.cloud, method, url };
        let path = call.path();
        let writing = self.teller.writes(permit.of(), kind(path), method.as_str(), path);
        let answer = match permit.redeem() {
            Ok(()) => call.send(&self.writing, condition, body).await,
            Err(error) => Err(call.failed("PermitTooOld", error.to_string())),
        };
        writing.came(Came::of(&answer));
        answer
    }
}

impl Arm {
    /// A client for this cloud.
    #[must_use]
    pub fn new(cloud: &Cloud, credential: &Arc<dyn TokenCredential>, transport: &Transport, clock: &Clock) -> Self {
        let reading = pipeline(cloud, credential, super::patience::for_reading(transport, clock), clock);
        let reading_once = pipeline(cloud, credential, super::patience::for_writing(transport), clock);
        Self { cloud: cloud.clone(), clock: clock.clone(), reading, reading_once }
    }

    /// How fast the time of this cloud goes.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The cloud.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// GETs a resource by its id, or anything below Resource Manager's root.
    ///
    /// # Errors
    /// Everything that is not 2xx.
    pub async fn get(&self, id: &str, api_version: &str) -> Result<Answer, ArmError> {
        self.read(self.url(id, api_version)).await
    }

    /// GETs one resource. An answer that is not this resource is none.
    ///
    /// # Errors
    /// Everything that is not 2xx with the resource of this id.
    pub async fn resource(&self, id: &str, api_version: &str) -> Result<Value, ArmError> {
        self.get(id, api_version).await?.resource(id)
    }

    /// The same, in one try: for who writes it next.
    ///
    /// # Errors
    /// Everything that is not 2xx with the resource of this id.
    pub async fn resource_now(&self, id: &str, api_version: &str) -> Result<Value, ArmError> {
        let call = Call { cloud: &self.cloud, method: Method::Get, url: self.url(id, api_version) };
        call.send(&self.reading_once, Condition::None, None).await?.resource(id)
    }

    /// The same; `None` when Resource Manager itself says that there is none. Another 404 is a proxy's, or of a region that
    /// does not know yet.
    ///
    /// # Errors
    /// Everything else that is not 2xx with the resource of this id.
    pub async fn find(&self, id: &str, api_version: &str) -> Result<Option<Value>, ArmError> {
        match self.resource(id, api_version).await {
            Ok(resource) => Ok(Some(resource)),
            Err(error) if error.says_absent(id) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything in a collection, page after page.
    ///
    /// # Errors
    /// Everything that is not 2xx.
    pub async fn list(&self, id: &str, api_version: &str) -> Result<Vec<Value>, ArmError> {
        self.pages(self.url(id, api_version)).await
    }

    /// The same, from the URL of the first page.
    ///
    /// # Errors
    /// Everything that is not 2xx.
    pub async fn pages(&self, first: String) -> Result<Vec<Value>, ArmError> {
        let (mut all, mut next, mut pages) = (vec![], Some(first), Pages::default());
        while let Some(url) = next {
            if let Err(why) = pages.ask(&url) {
                return Err(Call { cloud: &self.cloud, method: Method::Get, url }.failed("EndlessList", why));
            }
            let mut page = self.read(url).await?.page()?;
            next = page["nextLink"].as_str().filter(|link| !link.is_empty()).map(str::to_owned);
            if let Value::Array(items) = page["value"].take() {
                all.extend(items);
            }
        }
        Ok(all)
    }

    /// Asks a resource something.
    ///
    /// # Errors
    /// Everything that is not 2xx or 3xx.
    pub async fn ask(&self, question: Question, id: &str, api_version: &str) -> Result<Answer, ArmError> {
        let url = self.url(&format!("{id}/{}", question.path()), api_version) + question.more();
        let call = Call { cloud: &self.cloud, method: Method::Post, url };
        call.send(&self.reading_once, Condition::None, None).await
    }

    /// GETs a URL, again after a broken connection.
    ///
    /// # Errors
    /// Everything that is not 2xx or 3xx, and a host that our token must not see.
    pub async fn read(&self, url: String) -> Result<Answer, ArmError> {
        Call { cloud: &self.cloud, method: Method::Get, url }.send(&self.reading, Condition::None, None).await
    }

    /// The URL of a resource id.
    #[must_use]
    pub fn url(&self, id: &str, api_version: &str) -> String {
        format!("{}{id}?api-version={api_version}", self.cloud.resource_manager)
    }
}

/// One call.
struct Call<'a> {
    cloud: &'a Cloud,
    method: Method,
    url: String,
}

impl Call<'_> {
    fn path(&self) -> &str {
        self.url.split(['?']).next().unwrap_or_default().trim_start_matches(&self.cloud.resource_manager)
    }

    fn what(&self) -> String {
        format!("failed to {} {}", self.method, self.path())
    }

    /// An error without an answer.
    fn failed(&self, code: &str, message: String) -> ArmError {
        ArmError { what: self.what(), status: 0, code: code.into(), message, retry_after: None }
    }

    async fn send(&self, pipeline: &Pipeline, condition: Condition, body: Option<&Value>) -> Result<Answer, ArmError> {
        let url: Url = self.url.parse().map_err(|error| self.failed("InvalidUrl", format!("{error}")))?;
        if !self.cloud.trusts(&url) {
            let host = url.host_str().unwrap_or_default();
            let suffix = &self.cloud.resource_manager_suffix;
            return Err(self.failed("UntrustedHost", format!("{host} is not under {suffix}")));
        }
        let mut request = Request::new(url, self.method);
        request.insert_header("accept", "application/json");
        super::identify(&mut request);
        match condition {
            Condition::None => {}
            Condition::Match(etag) => request.insert_header("if-match", etag),
            Condition::Absent => request.insert_header("if-none-match", "*"),
        }
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body.to_string().into_bytes());
        }
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let answer = pipeline.send(&Context::new(), &mut request, Some(options)).await;
        let answer = answer.map_err(|error| self.failed("NoAnswer", format!("{:#}", anyhow::Error::from(error))))?;
        let (status, headers, bytes) = answer.deconstruct();
        self.judge(Answer::new(u16::from(status), headers, bytes.as_ref(), self.what()))
    }

    fn judge(&self, answer: Answer) -> Result<Answer, ArmError> {
        if answer.status < 300 {
            return Ok(answer);
        }
        if answer.status < 400 {
            return Err(answer.no_answer("an answer of Resource Manager", "a redirection"));
        }
        let text = |pointer: &str| answer.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        // App Service's own errors have no envelope.
        let code = text("/error/code").or_else(|| text("/Code"));
        let code = code.unwrap_or_else(|| format!("{NO_CODE}{}", answer.status));
        let message = text("/error/message").or_else(|| text("/Message")).unwrap_or_else(|| "no message".into());
        let remedy = UNKNOWN_VERSION.contains(&code.as_str()).then(|| other_version(&self.url)).flatten();
        let message = remedy.map_or_else(|| message.clone(), |remedy| format!("{message} Remedy: {remedy}."));
        Err(ArmError { what: self.what(), status: answer.status, code, message, retry_after: answer.retry_after() })
    }
}
