//! How much of the world's answers is read: a body up to its limit, a list up to its last page. Whatever answers may be ill,
//! hostile, or a proxy; this process has little memory and neighbours.
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::CONTENT_LENGTH;
use azure_core::http::{AsyncRawResponse, HttpClient, Method, Request};
use futures::StreamExt;
use http_body_util::Limited;
use kube::client::{Body, ClientBuilder};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::service_fn;

/// The largest answer of Azure or of a cluster, in bytes. The longest that are known, lists of machine sizes, have 6 MB.
pub const LARGEST: usize = 16 * MB;
/// The largest page of a workload that a smoke test reads, in bytes.
pub const LARGEST_PAGE: usize = MB;
/// A list has at most so many pages.
pub const MOST_PAGES: usize = 500;

const MB: usize = 1024 * 1024;

/// An HTTP client that reads no body beyond a limit. Every body of Azure's clients comes through one.
#[derive(Debug)]
pub struct Bounded {
    client: Arc<dyn HttpClient>,
    most: usize,
}

impl Bounded {
    /// This client, up to so many bytes.
    #[must_use]
    pub fn new(client: Arc<dyn HttpClient>, most: usize) -> Self {
        Self { client, most }
    }
}

#[async_trait::async_trait]
impl HttpClient for Bounded {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let most = self.most;
        // No `Io`: that would be tried again.
        let too_large = move || {
            Error::with_message(ErrorKind::DataConversion, format!("the answer is larger than {} MB", most / MB))
        };
        let (status, headers, body) = self.client.execute_request(request).await?.deconstruct();
        let said = headers.get_optional_str(&CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if request.method() != Method::Head && said.is_some_and(|said| said > most) {
            return Err(too_large());
        }
        let mut left = most;
        let body = body.map(move |piece| {
            let piece = piece?;
            left = left.checked_sub(piece.len()).ok_or_else(too_large)?;
            Ok(piece)
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

/// The same for a client of a cluster.
#[must_use]
pub fn bounded(client: kube::Client) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let limited = service_fn(move |request: http::Request<Body>| {
        let client = client.clone();
        async move { client.send(request).await.map(|answer| answer.map(|body| Limited::new(body, LARGEST))) }
    });
    ClientBuilder::new(limited, namespace).build()
}

/// The pages of a list that were asked for: none twice, and not for ever.
#[derive(Debug, Default)]
pub struct Pages(BTreeSet<String>);

impl Pages {
    /// Notes that the page behind this link, or token, is asked for.
    ///
    /// # Errors
    /// When it was asked for before, or there were too many.
    pub fn ask(&mut self, link: &str) -> Result<(), String> {
        if self.0.len() >= MOST_PAGES {
            return Err(format!("the list has more than {MOST_PAGES} pages"));
        }
        if !self.0.insert(link.to_owned()) {
            return Err("the list leads to a page that was read already".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends() {
        let mut pages = Pages::default();
        assert!(pages.ask("a").is_ok() && pages.ask("b").is_ok());
        assert!(pages.ask("a").unwrap_err().contains("read already"));
        let asked = (0..1000).take_while(|page| pages.ask(&page.to_string()).is_ok()).count();
        assert_eq!(asked, MOST_PAGES - 2);
    }
}
