//! Applying objects to a cluster, and what its API server says of it.
use super::{Kubernetes, connect, failed, refusal_of};
use crate::azure::Writer;
use crate::azure::permit::Permit;
use crate::azure::told::{Came, Teller};
use crate::resources::object::{describe, name};
use crate::run::StepError;
use crate::workload::refusal::Refusal;
use crate::workload::seen::MANAGER;
use kube::api::{Patch, PatchParams, PostParams};
use serde::Serialize;
use serde_json::Value;

/// The field manager of the replicas of what is fenced, which no apply owns.
const FENCE: &str = "aks-bluegreen-fence";

/// What is written here, as it is told.
pub(super) const OBJECT: &str = "object";

/// One cluster's API server, to which objects can be applied.
pub struct KubernetesWriter(Kubernetes, pub(super) Teller);

impl std::ops::Deref for KubernetesWriter {
    type Target = Kubernetes;
    fn deref(&self) -> &Kubernetes {
        &self.0
    }
}

/// What became of an object that was to be applied.
pub enum Applied {
    /// It is there, as the cluster has it now.
    Yes(Box<Value>),
    /// The API server refuses it.
    Refused(Refusal),
    /// Its kind is not served.
    NotServed,
}

impl Writer {
    /// Connects to a cluster as this process's identity, to write.
    ///
    /// # Errors
    /// When Azure gives no kubeconfig, or it cannot be used.
    pub async fn kubernetes(&self, cluster: &str) -> Result<KubernetesWriter, StepError> {
        let kubernetes = connect(self.arm.reader(), &self.wire, &self.credential, cluster).await?;
        Ok(KubernetesWriter(kubernetes, self.arm.teller.clone()))
    }
}

impl KubernetesWriter {
    /// Makes an object, where there is none of its name; one that is there stays as it is. The object as it is there.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn make(&self, permit: Permit, object: &Value) -> Result<Applied, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(Applied::NotServed) };
        let of = permit.of();
        permit.redeem()?;
        let writing = self.1.writes(of, OBJECT, "CREATE", &describe(object));
        let api = kind.api(&self.client, kind.namespace_of(object));
        let made = serde_json::from_value(kind.as_it_lies(object).into_owned()).map_err(anyhow::Error::from)?;
        let params = PostParams { field_manager: Some(FENCE.into()), ..PostParams::default() };
        let answer = api.create(&params, &made).await;
        writing.came(came(&answer));
        if let Err(kube::Error::Api(status)) = &answer
            && status.code == 409
            && let Some(live) = self.find(object).await?
        {
            return Ok(Applied::Yes(Box::new(live)));
        }
        answered("make", object, answer)
    }

    /// Applies an object by server-side apply. What another manager owns is taken from it only with `force`.
    ///
    /// # Errors
    /// When the permit is too old, nobody answers, this identity is not known (401), or too much was asked for (429).
    pub async fn apply(&self, permit: Permit, object: &Value, force: bool) -> Result<Applied, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(Applied::NotServed) };
        let params = PatchParams { force, ..PatchParams::apply(MANAGER) };
        let of = permit.of();
        permit.redeem()?;
        let writing = self.1.writes(of, OBJECT, "APPLY", &describe(object));
        let api = kind.api(&self.client, kind.namespace_of(object));
        let sent = kind.as_it_lies(object);
        let answer = api.patch(name(object), &params, &Patch::Apply(sent.as_ref())).await;
        writing.came(came(&answer));
        answered("apply", object, answer)
    }
}

/// What an API server says of an object that it was given.
pub(super) fn answered<Object: Serialize>(
    what: &str,
    object: &Value,
    answer: Result<Object, kube::Error>,
) -> Result<Applied, StepError> {
    match answer {
        Ok(live) => Ok(Applied::Yes(Box::new(serde_json::to_value(live).map_err(anyhow::Error::from)?))),
        Err(kube::Error::Api(status)) if !matches!(status.code, 401 | 429) => Ok(Applied::Refused(refusal_of(&status))),
        Err(error) => Err(failed(&format!("{what} {}", describe(object)), error)),
    }
}

/// What came of a write, in the API server's words for it.
pub(super) fn came<Object>(answer: &Result<Object, kube::Error>) -> Came {
    match answer {
        Ok(_) => Came::Accepted(200, None),
        Err(kube::Error::Api(status)) => Came::Failed(status.code, status.reason.clone()),
        Err(_) => Came::Failed(0, "NoAnswer".into()),
    }
}
