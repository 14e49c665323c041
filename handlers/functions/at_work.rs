//! What is at work in this process: invocations, and what goes on after a caller got their answer. A process that is told to
//! end waits for both.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much is at work. Clones count the same.
#[derive(Clone, Default)]
pub struct AtWork(Arc<AtomicUsize>);

/// One thing that is at work until this is dropped, also when it is given up, or panics.
pub struct One(AtWork);

impl AtWork {
    /// One thing more.
    #[must_use]
    pub fn begins(&self) -> One {
        self.0.fetch_add(1, Ordering::SeqCst);
        One(self.clone())
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
