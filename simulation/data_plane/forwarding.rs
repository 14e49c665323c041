//! An answer's body on its way through the gateway: it breaks when the drain time of its configuration is over.
use axum::body::{Body, Bytes, HttpBody};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Passes `body` on until `ended`; after that the user sees a broken connection, never a shorter answer.
pub(super) fn until(ended: CancellationToken, body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(Bounded { body, ended: Box::pin(ended.cancelled_owned()) })
}

struct Bounded {
    body: Body,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new("the gateway's drain time is over"))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_body_breaks_at_the_end_of_the_drain_time() {
        let ended = CancellationToken::new();
        let endless = Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from("more"))));
        let mut body = until(ended.clone(), endless);
        assert!(body.frame().await.unwrap().is_ok());
        ended.cancel();
        assert!(body.frame().await.unwrap().is_err());
    }
}
