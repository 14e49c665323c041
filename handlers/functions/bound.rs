//! How long an invocation may last: the one place where every function, present or to come, gets its bound, and where its
//! panic is caught. An invocation without an end would end with `functionTimeout`, and with it every neighbour.
use super::app::App;
use crate::process::clock::Clock;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{error, warn};

/// An invocation is over so long after it arrived. Below the lock of the subscriptions, far below `functionTimeout`: both
/// are counted in the world's time, and so are these.
pub const BOUND: Duration = Duration::from_secs(100);
/// A look is over so long after the invocation arrived: what is left is for saving and publishing.
pub const LOOKS: Duration = BOUND.saturating_sub(FOR_SAVING);
const FOR_SAVING: Duration = Duration::from_secs(20);
/// Whoever handles the way back itself is over so long after it saved.
pub const WAY_BACK: Duration = Duration::from_secs(50);
/// What then remains is to say so.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// When an invocation is over. Clones are the same invocation's.
#[derive(Clone, Debug, Default)]
pub struct Bound(Option<Arc<Limits>>);

#[derive(Debug)]
struct Limits {
    saves: Instant,
    ends: Mutex<Instant>,
}

impl Bound {
    /// Of an invocation that arrives now.
    fn begins(clock: &Clock) -> Self {
        let saves = clock.after(BOUND);
        Self(Some(Arc::new(Limits { saves, ends: Mutex::new(saves) })))
    }

    /// When looking, saving and publishing is over. A person's own process has no invocation: so long from now.
    #[must_use]
    pub fn saves(&self, clock: &Clock) -> Instant {
        self.0.as_ref().map_or_else(|| clock.after(BOUND), |limits| limits.saves)
    }

    /// Begins a way back, for which the invocation lasts on; says until when.
    #[must_use]
    pub fn for_way_back(&self, clock: &Clock) -> Instant {
        let until = clock.after(WAY_BACK);
        if let Some(limits) = &self.0
            && let Ok(mut ends) = limits.ends.lock()
        {
            *ends = (*ends).max(until + clock.real(LAST_WORDS));
        }
        until
    }

    fn ends(&self, clock: &Clock) -> Instant {
        let ends = self.0.as_ref().and_then(|limits| limits.ends.lock().ok().map(|ends| *ends));
        ends.unwrap_or_else(|| self.saves(clock))
    }
}

/// Why a function gave no answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It took too long.
    TooLate,
    /// A bug.
    Panicked,
}

impl Ended {
    /// In words.
    #[must_use]
    pub fn why(self) -> String {
        match self {
            Self::TooLate => format!("it took longer than {} s", BOUND.as_secs()),
            Self::Panicked => "a panic".into(),
        }
    }
}

/// Lets a function work, with an [`App`] that knows when it is over.
///
/// # Errors
/// When it took too long, or panicked: which is a bug in one invocation, not the end of its neighbours.
pub async fn within<Work: Future>(
    app: &App,
    function: &str,
    work: impl FnOnce(App) -> Work,
) -> Result<Work::Output, Ended> {
    let bound = Bound::begins(&app.clock);
    let work = work(App { bound: bound.clone(), ..app.clone() });
    let work = async {
        app.reader.agree_on_time().await;
        work.await
    };
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    loop {
        let ends = bound.ends(&app.clock);
        match timeout_at(ends, &mut work).await {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(_)) => {
                error!(function, "a panic in an invocation");
                return Err(Ended::Panicked);
            }
            // A way back was begun meanwhile.
            Err(_) if bound.ends(&app.clock) > ends => {}
            Err(_) => {
                warn!(function, "an invocation took longer than {} s", BOUND.as_secs());
                return Err(Ended::TooLate);
            }
        }
    }
}
