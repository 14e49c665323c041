//! Azure Resource Manager, as raw JSON: every field that we do not know survives.
use crate::process::clock::Clock;
use crate::process::cloud::Cloud;
use crate::run::{Operation, StepError, Style};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};
use azure_core::http::{ClientOptions, Context, Method, Pipeline, PipelineSendOptions, Request, Transport, Url};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A client of Resource Manager.
#[derive(Clone)]
pub struct Arm {
    cloud: Cloud,
    clock: Clock,
    reading: Pipeline,
    writing: Pipeline,
}

/// What Resource Manager answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status: 2xx or 3xx, all else is an [`ArmError`].
    pub status: u16,
    /// The body; `null` when it is empty.
    pub body: Value,
    headers: Headers,
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

impl From<ArmError> for StepError {
    fn from(error: ArmError) -> Self {
        match error.status {
            // The request itself is wrong: the same one is refused again.
            400 | 413 | 422 => Self::Terminal(error.to_string()),
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

impl Arm {
    /// A client for this cloud. Tokens go to hosts under its Resource Manager's name alone.
    #[must_use]
    pub fn new(cloud: &Cloud, credential: &Arc<dyn TokenCredential>, transport: &Transport, clock: &Clock) -> Self {
        let bearer: Arc<dyn Policy> =
            Arc::new(BearerTokenAuthorizationPolicy::new(credential.clone(), [cloud.scope.clone()]));
        let pipeline = |options: ClientOptions| {
            let name = option_env!("CARGO_PKG_NAME");
            Pipeline::new(name, option_env!("CARGO_PKG_VERSION"), options, vec![], vec![bearer.clone()], None)
        };
        Self {
            cloud: cloud.clone(),
            clock: clock.clone(),
            reading: pipeline(super::patience::for_reading(transport, clock)),
            writing: pipeline(super::patience::for_writing(transport)),
        }
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
        self.send(Method::Get, self.url(id, api_version), Condition::None, None).await
    }

    /// GETs a resource; `None` when there is none.
    ///
    /// # Errors
    /// Everything that is neither 2xx nor 404.
    pub async fn find(&self, id: &str, api_version: &str) -> Result<Option<Value>, ArmError> {
        match self.get(id, api_version).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if error.status == 404 => Ok(None),
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
        let (mut all, mut next) = (vec![], Some(first));
        while let Some(url) = next {
            let mut page = self.send(Method::Get, url, Condition::None, None).await?.body;
            next = page["nextLink"].as_str().filter(|link| !link.is_empty()).map(str::to_owned);
            if let Value::Array(items) = page["value"].take() {
                all.extend(items);
            }
        }
        Ok(all)
    }

    /// The settings of a function app: an action gives them out, which readers may not call.
    ///
    /// # Errors
    /// Everything that is not 2xx.
    pub async fn settings(&self, app: &str, api_version: &str) -> Result<Value, ArmError> {
        let url = self.url(&format!("{app}/config/appsettings/list"), api_version);
        Ok(self.send(Method::Post, url, Condition::None, None).await?.body)
    }

    /// The URL of a resource id.
    #[must_use]
    pub fn url(&self, id: &str, api_version: &str) -> String {
        format!("{}{id}?api-version={api_version}", self.cloud.resource_manager)
    }

    /// One call. Writes are sent once; reads again after a broken connection.
    ///
    /// # Errors
    /// Everything that is not 2xx or 3xx, and a host that our token must not see.
    pub async fn send(
        &self,
        method: Method,
        url: String,
        condition: Condition,
        body: Option<&Value>,
    ) -> Result<Answer, ArmError> {
        let path = url.split(['?']).next().unwrap_or_default().trim_start_matches(&self.cloud.resource_manager);
        let what = format!("failed to {method} {path}");
        let fail = |code: &str, message: String| ArmError {
            what: what.clone(),
            status: 0,
            code: code.into(),
            message,
            retry_after: None,
        };
        let url: Url = url.parse().map_err(|error| fail("InvalidUrl", format!("{error}")))?;
        if !self.cloud.trusts(&url) {
            let host = url.host_str().unwrap_or_default();
            return Err(fail("UntrustedHost", format!("{host} is not under {}", self.cloud.resource_manager_suffix)));
        }
        let mut request = Request::new(url, method);
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
        let pipeline = if method == Method::Get { &self.reading } else { &self.writing };
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let answer = pipeline.send(&Context::new(), &mut request, Some(options)).await;
        let answer = answer.map_err(|error| fail("NoAnswer", format!("{:#}", anyhow::Error::from(error))))?;
        let (status, headers, bytes) = answer.deconstruct();
        let status = u16::from(status);
        let body: Value = if bytes.as_ref().is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(bytes.as_ref()).unwrap_or(Value::Null)
        };
        let answer = Answer { status, body, headers };
        if status < 400 {
            return Ok(answer);
        }
        let text = |pointer: &str| answer.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        // App Service's own errors have no envelope.
        Err(ArmError {
            what,
            status,
            code: text("/error/code").or_else(|| text("/Code")).unwrap_or_else(|| format!("HTTP {status}")),
            message: text("/error/message").or_else(|| text("/Message")).unwrap_or_else(|| "no message".into()),
            retry_after: answer.retry_after(),
        })
    }
}

impl Answer {
    /// What the `Retry-After` header says, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.parse().ok().map(Duration::from_secs)
    }

    /// When it was answered, by Resource Manager's clock.
    #[must_use]
    pub fn date(&self) -> Option<jiff::Timestamp> {
        Some(jiff::fmt::rfc2822::parse(&self.header("date")?).ok()?.timestamp())
    }

    /// The operation that was started: `Azure-AsyncOperation` if there is one, `Location` only otherwise.
    /// An answer without either was carried out at once.
    #[must_use]
    pub fn operation(&self) -> Operation {
        let (url, style) = match (self.header("azure-asyncoperation"), self.header("location")) {
            (Some(url), _) => (url, Style::AsyncOperation),
            (None, Some(url)) => (url, Style::Location),
            (None, None) => (String::new(), Style::Finished),
        };
        Operation::at(url, style)
    }

    fn header(&self, name: &'static str) -> Option<String> {
        self.headers.get_optional_string(&HeaderName::from_static(name))
    }
}
