//! Plain HTTP, without our identity: smoke tests through a listener of the gateway.
use crate::site::{SmokeTest, address_of};
use axum::http::Uri;
use axum::http::uri::{Authority, PathAndQuery};
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, Request, Transport};
use std::time::Duration;

/// A smoke test may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client without credentials.
#[derive(Clone)]
pub struct Web(Pipeline);

impl Web {
    /// A client on this transport.
    #[must_use]
    pub fn new(transport: &Transport) -> Self {
        let options = super::patience::for_writing(transport);
        Self(Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            options,
            vec![],
            vec![],
            None,
        ))
    }

    /// Makes a smoke test; `Err` says what was expected and what came.
    ///
    /// # Errors
    /// When the answer is another one, or none.
    pub async fn test(&self, test: &SmokeTest) -> Result<(), String> {
        let SmokeTest { url, connect_to, status, contains } = test;
        let mut request = request(url, connect_to.as_deref())?;
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let answer = tokio::time::timeout(PATIENCE, self.0.send(&context, &mut request, Some(options))).await;
        let answer = answer.map_err(|_| format!("{url} did not answer within {} s", PATIENCE.as_secs()))?;
        let answer = answer.map_err(|error| format!("{url} did not answer: {error}"))?;
        let came = u16::from(answer.status());
        if came != *status {
            return Err(format!("{url} answered {came}; expected {status}"));
        }
        match contains {
            Some(text) if !String::from_utf8_lossy(answer.body().as_ref()).contains(text.as_str()) => {
                Err(format!("{url} answered without the expected text {text:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// A GET of the URL, perhaps sent to an address that the URL does not name.
fn request(url: &str, connect_to: Option<&str>) -> Result<Request, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{url} is no URL: {error}");
    let Some(given) = connect_to else {
        return Ok(Request::new(url.parse().map_err(|error| wrong(&error))?, Method::Get));
    };
    let address = address_of(given).ok_or_else(|| format!("connectTo is {given:?}: expected an IP address"))?;
    let named: Uri = url.parse().map_err(|error| wrong(&error))?;
    let path = named.path_and_query().map_or("/", PathAndQuery::as_str);
    let there = format!("http://{address}{path}").parse().map_err(|error| wrong(&error))?;
    let mut request = Request::new(there, Method::Get);
    request.insert_header("host", named.authority().map_or("", Authority::as_str).to_owned());
    Ok(request)
}

impl super::Reader {
    /// Makes a smoke test.
    ///
    /// # Errors
    /// When the answer is another one than expected, or none.
    pub async fn test(&self, test: &SmokeTest) -> Result<(), String> {
        self.web.test(test).await
    }
}
