//! Futures that are polled one after another, always in the same order.
//!
//! Who is woken first by a tokio `watch` is chance. In a row it does not matter, so that a story runs the same way
//! each time. Only those that were woken are polled: a host has a few dozen, and a call's time wakes one.
use futures::future::BoxFuture;
use futures::task::AtomicWaker;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
pub(super) struct Row<'host>(Vec<Place<'host>>);

struct Place<'host> {
    future: BoxFuture<'host, ()>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Whether a future was woken, and who polls its row.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    row: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.row.wake();
    }
}

impl<'host> Row<'host> {
    pub fn push(&mut self, future: BoxFuture<'host, ()>) {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), ..Bell::default() });
        let waker = Arc::clone(&bell).into();
        self.0.push(Place { future, bell, waker });
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes on with all; returns when the first of them has ended. An empty row waits for ever.
    pub async fn next(&mut self) {
        poll_fn(|context| {
            for place in 0..self.0.len() {
                let Place { future, bell, waker } = &mut self.0[place];
                // Before it is asked whether it rang: a ring in between wakes the row.
                bell.row.register(context.waker());
                if !bell.rung.swap(false, Ordering::AcqRel) {
                    continue;
                }
                if future.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
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
