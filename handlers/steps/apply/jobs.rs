//! Jobs that are not there: not made yet, or gone since they have ended.
use super::Look;
use super::wanted::Wanted;
use crate::resources::object::{describe, name};
use crate::run::StepError;
use crate::run::jobs::Ran;
use crate::workload::ended::ended;
use crate::workload::seen::Seen;

/// What it means that an object is not there as it is wanted.
pub enum Gone {
    /// It is to be applied.
    Missing,
    /// It is a Job that has completed.
    Complete,
    /// It is a Job that was there, and whose time after its end is over.
    Expired,
    /// It is a Job that has failed for good.
    Failed(String),
}

impl Look<'_> {
    /// What it means that this object is not there. A Job that was removed when it had ended is not made again: the run
    /// remembers it; where the run's look was lost, the cluster's events tell of it. Where `another` of its name is there, they tell
    /// of that one.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn gone(&self, object: &Wanted, another: Option<&Seen>) -> Result<Gone, StepError> {
        let known = self.run.jobs.of(&object.digest);
        let expires = object.value["spec"]["ttlSecondsAfterFinished"].is_number();
        if object.is_job() && known == Some(Ran::Complete) {
            return Ok(Gone::Complete);
        }
        if !object.is_job() || another.is_some() || (known.is_none() && !expires) {
            return Ok(Gone::Missing);
        }
        let namespace = object.value["metadata"]["namespace"].as_str().unwrap_or("default");
        let events = self.kubernetes.events_of_job(namespace, name(&object.value)).await?;
        Ok(match (ended(&events, self.run.step_began), known) {
            (Some(Ok(())), _) => Gone::Complete,
            (Some(Err(why)), _) => Gone::Failed(format!("{} failed, and is gone: {why}", describe(&object.value))),
            (None, Some(_)) => Gone::Expired,
            (None, None) => Gone::Missing,
        })
    }
}
