//! Whether a cluster is there: one look that did not find it proves nothing, since the regions of Resource Manager lag
//! behind each other.
use crate::azure::Reader;
use crate::resources::cluster::Cluster;
use crate::run::{Fact, Outcome, Run, StepError, StepResult, Waiting};
use jiff::SignedDuration;
use std::time::Duration;

/// It is believed to be gone when it was missed at two looks so far apart.
const APART: SignedDuration = SignedDuration::from_secs(60);

/// What a look at a cluster found.
pub enum Presence {
    /// It is there.
    Here(Cluster),
    /// It was not found, and may be there all the same: wait, and look again.
    Missed(String),
    /// It was not found at two looks, a minute apart.
    Gone,
}

/// Looks whether a cluster is there.
///
/// # Errors
/// When it cannot be told.
pub async fn presence(run: &Run, reader: &Reader, cluster: &str) -> Result<Presence, StepError> {
    Ok(match reader.cluster(cluster).await? {
        Some(found) => Presence::Here(found),
        None if is_missed(run, reader, cluster) => Presence::Gone,
        None => Presence::Missed(cluster.to_owned()),
    })
}

/// Whether it was missed a minute ago already.
#[must_use]
pub fn is_missed(run: &Run, reader: &Reader, cluster: &str) -> bool {
    let missed = run.missed.as_ref().filter(|missed| missed.cluster == cluster);
    missed.is_some_and(|missed| reader.now().duration_since(missed.since) >= APART)
}

/// What to say of a cluster that was missed once.
pub fn look_again(cluster: String, what: &str) -> StepResult {
    let why = format!("{what}: looking again before that is believed");
    let again_in = Some(Duration::from_secs(APART.unsigned_abs().as_secs() + 1));
    Ok(Outcome::NotYet(Waiting { again_in, facts: vec![Fact::Missed(cluster)], ..Waiting::because(why) }))
}

/// What to say of a new cluster without the run's tag. Believed at two looks, too; then a person must know that it stays,
/// and costs.
pub fn not_tagged(run: &Run, reader: &Reader, found: &Cluster) -> StepResult {
    let cluster = &run.plan.new_slot().cluster;
    if !is_missed(run, reader, cluster) {
        return look_again(cluster.clone(), "the cluster in the new slot does not carry this run's tag");
    }
    let tag = found.run().map_or_else(|| "no run's tag".to_owned(), |other| format!("the tag of {other}"));
    let why = format!("the cluster in the new slot carries {tag}, not this run's");
    Err(StepError::Terminal(format!("{why}: it is left over as {cluster}")))
}
