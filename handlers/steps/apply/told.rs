//! What one look at the manifests came to, for the run and for a person.
use super::wanted::Wanted;
use crate::resources::object::describe;
use crate::run::{Fact, Outcome, StepError, StepResult, Waiting};
use crate::text::few;
use std::time::Duration;

/// So many objects are named.
const NAMED: usize = 8;
/// What was left over for want of time goes on at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What one look came to.
#[derive(Debug, Default)]
pub struct Told {
    /// How many objects there are.
    pub of: usize,
    /// How many were just applied.
    pub applied: usize,
    /// How many have to wait for the next look.
    pub left: usize,
    /// What is applied and not ready yet.
    pub waiting: Vec<String>,
    /// What is applied, is not ready, and is not waited for.
    pub noted: Vec<String>,
    /// What was refused, and may pass later.
    pub later: Vec<String>,
    /// What can never pass, or never be ready.
    pub never: Vec<String>,
    /// What is to be said of what was just applied.
    pub aside: Vec<String>,
    /// What was learnt.
    pub facts: Vec<Fact>,
    /// How much waits for a Job, and for which.
    behind: Option<(usize, String)>,
    stopped: Option<StepError>,
}

impl Told {
    /// Of so many objects.
    pub fn of(count: usize) -> Self {
        Self { of: count, ..Self::default() }
    }

    /// Nothing more could be written, for this reason. The first one counts.
    pub fn stop(&mut self, error: StepError) {
        self.left += 1;
        self.stopped.get_or_insert(error);
    }

    /// One more object waits until this Job is complete. The last one counts.
    pub fn behind(&mut self, job: &Wanted) {
        let job = describe(&job.value);
        let known = self.behind.take().filter(|(_, known)| *known == job).map_or(0, |(count, _)| count);
        self.behind = Some((known + 1, job));
    }

    /// What the step says.
    pub fn outcome(self) -> StepResult {
        if !self.never.is_empty() {
            return Err(StepError::Terminal(few(&self.never, NAMED, "; ")));
        }
        if let Some(StepError::Terminal(why)) = self.stopped {
            return Err(StepError::Terminal(why));
        }
        let is_cut_short = self.stopped.is_none() && self.left > 0 && self.applied > 0;
        let (mut said, mut again_in) = (vec![], is_cut_short.then_some(AT_ONCE));
        if self.applied > 0 {
            said.push(format!("{} of {} objects were just applied", self.applied, self.of));
        }
        if self.applied > 0 && !self.aside.is_empty() {
            said.push(few(&self.aside, NAMED, "; "));
        }
        match self.stopped {
            // What was learnt outlives the look only beside a reason to wait.
            Some(error) if self.applied == 0 && self.facts.is_empty() => return Err(error),
            Some(StepError::Transient { cause, retry_after }) => {
                again_in = retry_after;
                said.push(format!("{cause:#}"));
            }
            Some(StepError::Terminal(_)) | None => {}
        }
        if !self.later.is_empty() {
            said.push(format!("refused, and tried again: {}", few(&self.later, NAMED, "; ")));
        }
        if said.is_empty() && !self.waiting.is_empty() {
            said.push(few(&self.waiting, 1, ""));
        }
        if let Some((count, job)) = self.behind {
            said.push(format!("{count} objects wait until the {job} is complete"));
        }
        if said.is_empty() && self.left == 0 {
            let noted = (!self.noted.is_empty()).then(|| few(&self.noted, NAMED, "; "));
            return Ok(noted.map_or(Outcome::Done, |noted| Outcome::Noted(vec![noted])));
        }
        if said.is_empty() {
            said.push(format!("{} objects are still to be applied", self.left));
        }
        Ok(Outcome::NotYet(Waiting { again_in, facts: self.facts, ..Waiting::because(said.join("; ")) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("object {number}")).collect()
    }

    fn why(told: Told) -> String {
        match told.outcome() {
            Ok(Outcome::NotYet(waiting)) => waiting.why,
            Err(StepError::Terminal(why)) => format!("never: {why}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn all_that_can_never_pass_is_named_at_once_and_counts_most() {
        let told = Told { never: texts(10), later: texts(1), applied: 3, of: 14, ..Told::default() };
        let said = why(told);
        assert!(said.starts_with("never: object 0; object 1; ") && said.ends_with("object 7, and 2 more"), "{said}");
    }

    #[test]
    fn what_waits_is_said_in_the_order_in_which_it_keeps_the_step() {
        let told = || Told { of: 9, waiting: texts(3), ..Told::default() };
        assert_eq!(why(told()), "object 0, and 2 more");
        assert_eq!(why(Told { later: texts(1), ..told() }), "refused, and tried again: object 0");
        let both = why(Told { later: texts(1), applied: 2, ..told() });
        assert_eq!(both, "2 of 9 objects were just applied; refused, and tried again: object 0");
        assert!(matches!(Told { of: 9, ..Told::default() }.outcome(), Ok(Outcome::Done)));
    }

    #[test]
    fn what_is_left_over_goes_on_at_once_unless_the_server_wants_otherwise() {
        let told = Told { of: 9, applied: 3, left: 6, ..Told::default() };
        assert!(matches!(told.outcome(), Ok(Outcome::NotYet(waiting)) if waiting.again_in == Some(AT_ONCE)));
        let mut told = Told { of: 9, applied: 3, left: 6, ..Told::default() };
        let retry_after = Some(Duration::from_secs(7));
        told.stop(StepError::Transient { cause: anyhow::anyhow!("too many requests"), retry_after });
        let Ok(Outcome::NotYet(waiting)) = told.outcome() else { panic!() };
        assert_eq!(
            (waiting.again_in, waiting.why.as_str()),
            (retry_after, "3 of 9 objects were just applied; too many requests")
        );
    }
}
