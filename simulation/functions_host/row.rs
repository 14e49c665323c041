//! Futures that are polled one after another, always in the same order.
//!
//! Who is woken first by a tokio `watch` is chance. In a row it does not matter, so that a story runs the same way
//! each time; the price, a look at all for each that is woken, is small for a host's few dozen.
use futures::future::BoxFuture;
use std::{future::poll_fn, task::Poll};

#[derive(Default)]
pub(super) struct Row<'host>(Vec<BoxFuture<'host, ()>>);

impl<'host> Row<'host> {
    pub fn push(&mut self, future: BoxFuture<'host, ()>) {
        self.0.push(future);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes on with all; returns when the first of them has ended. An empty row waits for ever.
    pub async fn next(&mut self) {
        poll_fn(|context| {
            for place in 0..self.0.len() {
                if self.0[place].as_mut().poll(context).is_ready() {
                    // It is dropped before anybody goes on, and the others keep their order.
                    drop(self.0.remove(place));
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
        .await;
    }
}
