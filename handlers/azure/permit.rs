//! The right to write once.
use super::told::For;
use crate::process::clock::Clock;
use crate::run::{Run, StepError};
use std::time::Duration;
use tokio::time::Instant;

/// A permit is good for so long: what the run's document said may be over after that.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// The right to write once: a writing method takes it away, so that nobody writes twice on one look at the run. Neither
/// `Clone` nor `Copy`.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    until: Instant,
    of: Option<For>,
}

impl Permit {
    /// For the run that a step looked at, if the run as it was loaded again at `asked` is still at that hop and moves.
    ///
    /// # Errors
    /// When it is not.
    pub fn for_run(id: &str, hop: u32, loaded: Option<&Run>, asked: Instant, clock: &Clock) -> Result<Self, StepError> {
        if let Some(run) = loaded.filter(|run| run.id == id && run.hop == hop && run.moves()) {
            return Ok(Self { until: asked + clock.real(GOOD_FOR), of: Some(For::run(run)) });
        }
        Err(anyhow::anyhow!("the run moved on meanwhile; nothing was written").into())
    }

    /// For what this run has left in a cluster, if no run of its site holds it: that run is over, or not this one.
    ///
    /// # Errors
    /// When it is still under way.
    pub fn for_what_is_left(id: &str, loaded: Option<&Run>, asked: Instant, clock: &Clock) -> Result<Self, StepError> {
        if loaded.is_some_and(|run| run.id == id && run.ending.is_none()) {
            return Err(anyhow::anyhow!("the run {id} is under way; nothing was written").into());
        }
        Ok(Self { until: asked + clock.real(GOOD_FOR), of: None })
    }

    /// For a person who uses the emergency way back: no run is asked.
    pub fn of_a_person(clock: &Clock) -> Self {
        Self { until: clock.after(GOOD_FOR), of: None }
    }

    /// For whose run it is; a person's is for none.
    pub(super) fn of(&self) -> Option<For> {
        self.of.clone()
    }

    /// Uses it up, at the moment of the write.
    pub(super) fn redeem(self) -> anyhow::Result<()> {
        let good = Instant::now() <= self.until;
        anyhow::ensure!(good, "the permit is older than {} s; nothing was written", GOOD_FOR.as_secs());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_permit_grows_old() {
        let clock = Clock::default();
        assert!(Permit::of_a_person(&clock).redeem().is_ok());
        let permit = Permit::of_a_person(&clock);
        tokio::time::sleep(Duration::from_secs(11)).await;
        assert!(permit.redeem().unwrap_err().to_string().contains("older than 10 s"));
        assert!(Permit::for_run("shop-1", 1, None, Instant::now(), &clock).is_err(), "no run, no permit");
    }
}
