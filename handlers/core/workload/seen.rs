//! What is kept of an object that is in a cluster: what we applied, and how it is.
use super::apply_set::PART_OF;
use super::lacks::{Lack, lack};
use super::readiness::{failed, unready};
use serde_json::Value;

/// The field manager of everything that we apply.
pub const MANAGER: &str = "aks-bluegreen";

/// The annotation that tells which content of an object we applied last.
pub const APPLIED: &str = "aks-bluegreen/applied";

/// A Job with this annotation failed for what its pod said last.
pub const SAYS_WHY: &str = "aks-bluegreen/says-why";

/// What is compared of an object in a cluster: there may be ten thousand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The digest of what we applied last, if we did.
    pub applied: Option<String>,
    /// Of which set of objects it says that it is a member.
    pub part_of: Option<String>,
    /// Why it is not ready.
    pub unready: Option<String>,
    /// What it lacks, where something else may excuse that.
    pub lack: Option<Lack>,
    /// Why it will never be.
    pub failed: Option<String>,
    /// It is a Job, and has completed.
    pub completed: bool,
    /// It is a Job, and is removed some time after its end.
    pub expires: bool,
}

impl Seen {
    /// What is kept of this object, which says its kind.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let is_job = object["kind"] == "Job";
        let unready = unready(object);
        Self {
            applied: object["metadata"]["annotations"][APPLIED].as_str().map(str::to_owned),
            part_of: object["metadata"]["labels"][PART_OF].as_str().map(str::to_owned),
            lack: unready.as_ref().and_then(|_| lack(object)),
            failed: failed(object),
            completed: is_job && unready.is_none(),
            expires: is_job && object["spec"]["ttlSecondsAfterFinished"].is_number(),
            unready,
        }
    }
}
