//! Plain HTTP, without our identity: smoke tests through a listener of the gateway.
use crate::site::SmokeTest;
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions, Request, Transport};
use std::time::Duration;

/// A smoke test may take so long: real time, for it guards a socket.
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
        let SmokeTest { url, status, contains } = test;
        let parsed = url.parse().map_err(|error| format!("{url} is no URL: {error}"))?;
        let mut request = Request::new(parsed, Method::Get);
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

impl super::Reader {
    /// Makes a smoke test.
    ///
    /// # Errors
    /// When the answer is another one than expected, or none.
    pub async fn test(&self, test: &SmokeTest) -> Result<(), String> {
        self.web.test(test).await
    }
}
