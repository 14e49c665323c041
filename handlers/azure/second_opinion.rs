//! Resource Manager's `Date`: the second opinion on the time that the store tells.
use crate::process::clock::Clock;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use std::sync::Arc;
use tokio::time::Instant;

/// Tells the clock what each answer says of the time.
#[derive(Debug)]
pub(super) struct SecondOpinion(pub Clock);

#[async_trait::async_trait]
impl Policy for SecondOpinion {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let asked = Instant::now();
        let answer = next[0].send(context, request, &next[1..]).await?;
        if let Some(date) = answer.headers().get_optional_str(&HeaderName::from_static("date")) {
            self.0.witness(date, asked);
        }
        Ok(answer)
    }
}
