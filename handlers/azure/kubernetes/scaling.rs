//! What sizes the workloads of a cluster: it is listed, and amended by merge patches, never by an apply.
use super::applying::{OBJECT, came};
use super::{Kubernetes, KubernetesWriter, Refused, failed, refusal_of};
use crate::azure::permit::Permit;
use crate::resources::object::{describe, name};
use crate::run::StepError;
use crate::workload::pins::{Field, Scaled};
use crate::workload::refusal::{PIN, in_words};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

/// What became of an object that was to be amended.
pub enum Amended {
    /// It is done.
    Yes,
    /// Somebody else wrote it since it was looked at, or it is gone: look again.
    Changed,
    /// The API server refuses it.
    Refused(String),
}

impl Kubernetes {
    /// What says how large the workloads of this cluster are.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn scaled(&self) -> Result<Scaled, StepError> {
        let keda = Field::ScaledObject;
        let has_keda = self.served(&json!({"apiVersion": keda.api_version(), "kind": keda.kind()})).await?.is_some();
        let mut scaled = Scaled {
            autoscalers: self.all_of(Field::HorizontalPodAutoscaler).await?,
            scaled_objects: if has_keda { self.all_of(keda).await? } else { vec![] },
            deployments: self.all_of(Field::Deployment).await?,
            stateful_sets: self.all_of(Field::StatefulSet).await?,
            others: vec![],
        };
        if self.served(&rollout()).await?.is_some() {
            let all = self.all(ROLLOUT.0, ROLLOUT.1).await;
            scaled.others = unless_forbidden(all)?.unwrap_or_default();
        }
        for target in scaled.further() {
            scaled.others.extend(unless_forbidden(self.find(&target).await)?.flatten());
        }
        Ok(scaled)
    }

    async fn all_of(&self, field: Field) -> Result<Vec<Value>, StepError> {
        self.all(field.api_version(), field.kind()).await
    }
}

/// What Argo's Rollouts are; a cluster need not have that kind.
const ROLLOUT: (&str, &str) = ("argoproj.io/v1alpha1", "Rollout");

/// A sample of the kind.
#[must_use]
pub fn rollout() -> Value {
    json!({"apiVersion": ROLLOUT.0, "kind": ROLLOUT.1})
}

/// What may not be read is left out: the right to it is asked for elsewhere, and what has none must not hinder the rest.
pub(super) fn unless_forbidden<Found>(read: Result<Found, StepError>) -> Result<Option<Found>, StepError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether that is for want of a right.
#[must_use]
pub fn is_forbidden(error: &StepError) -> bool {
    let StepError::Transient { cause, .. } = error else { return false };
    cause.downcast_ref::<Refused>().is_some_and(|refused| refused.code == 403)
}

/// What of an object is amended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What people say of it.
    Wish,
    /// What its controller says of it.
    Status,
}

impl KubernetesWriter {
    /// Lays a merge patch over an object that was looked at: it names the version that it was seen in.
    ///
    /// # Errors
    /// When the permit is too old, nobody answers, this identity is not known (401), or too much was asked for (429).
    pub async fn amend(&self, permit: Permit, object: &Value, patch: &Value) -> Result<Amended, StepError> {
        self.amend_part(permit, object, patch, Part::Wish).await
    }

    /// The same, of one part of it.
    ///
    /// # Errors
    /// As for [`Self::amend`].
    pub async fn amend_part(
        &self,
        permit: Permit,
        object: &Value,
        patch: &Value,
        part: Part,
    ) -> Result<Amended, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(Amended::Changed) };
        let params = PatchParams { field_manager: Some(PIN.into()), ..PatchParams::default() };
        let of = permit.of();
        permit.redeem()?;
        let writing = self.1.writes(of, OBJECT, "PATCH", &describe(object));
        let api = kind.api(&self.client, kind.namespace_of(object));
        let answer = match part {
            Part::Wish => api.patch(name(object), &params, &Patch::Merge(patch)).await,
            Part::Status => api.patch_status(name(object), &params, &Patch::Merge(patch)).await,
        };
        writing.came(came(&answer));
        match answer {
            Ok(_) => Ok(Amended::Yes),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(Amended::Changed),
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 422) => {
                Ok(Amended::Refused(format!("{}: {}", describe(object), in_words(&refusal_of(&status)))))
            }
            Err(error) => Err(failed(&format!("size {}", describe(object)), error)),
        }
    }
}
