//! The members of a set of applied objects: they are listed by its label, and deleted as they were seen.
use super::applying::{OBJECT, came};
use super::served::Kind;
use super::{Kubernetes, KubernetesWriter, failed, refusal_of};
use crate::azure::permit::Permit;
use crate::resources::answers::text;
use crate::resources::object::{describe, name};
use crate::run::StepError;
use crate::workload::apply_set::GroupKind;
use crate::workload::refusal::in_words;
use kube::api::{DeleteParams, Preconditions};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What became of an object that was to be deleted.
pub enum Removed {
    /// It is gone, or goes.
    Yes,
    /// Somebody wrote it since it was looked at: look again.
    Changed,
    /// The API server refuses it.
    Refused(String),
}

impl Kubernetes {
    /// As what these kinds are served now, by the group's preferred version first; `None`: the group is, the kind is not. A
    /// kind whose group is gone is left out: so are its objects.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn kinds(&self, wanted: &BTreeSet<GroupKind>) -> Result<Vec<(GroupKind, Option<Kind>)>, StepError> {
        let groups = self.client.list_api_groups().await;
        let groups = groups.map_err(|error| failed("look which groups are served", error))?.groups;
        let mut kinds = vec![];
        for one in wanted {
            let versions: Vec<String> = if one.group.is_empty() {
                vec!["v1".into()]
            } else {
                let Some(group) = groups.iter().find(|group| group.name == one.group) else { continue };
                let all = group.preferred_version.iter().chain(&group.versions);
                all.map(|version| version.group_version.clone()).collect()
            };
            let mut found = None;
            for version in versions {
                found = self.served(&json!({"apiVersion": version, "kind": one.kind})).await?;
                if found.is_some() {
                    break;
                }
            }
            kinds.push((one.clone(), found));
        }
        Ok(kinds)
    }
}

impl KubernetesWriter {
    /// Deletes this very object, if it is still as it was looked at; what it has made goes behind it.
    ///
    /// # Errors
    /// When the permit is too old, nobody answers, this identity is not known (401), or too much was asked for (429).
    pub async fn remove(&self, permit: Permit, object: &Value) -> Result<Removed, StepError> {
        let Some(kind) = self.served(object).await? else { return Ok(Removed::Changed) };
        let seen = |member: &str| Some(text(object, member).to_owned()).filter(|text| !text.is_empty());
        let (Some(uid), Some(version)) = (seen("/metadata/uid"), seen("/metadata/resourceVersion")) else {
            return Ok(Removed::Changed);
        };
        let as_seen = Preconditions { uid: Some(uid), resource_version: Some(version) };
        let params = DeleteParams::background().preconditions(as_seen);
        let of = permit.of();
        permit.redeem()?;
        let writing = self.1.writes(of, OBJECT, "DELETE", &describe(object));
        let answer = kind.api(&self.client, kind.namespace_of(object)).delete(name(object), &params).await;
        writing.came(came(&answer));
        match answer {
            Ok(_) => Ok(Removed::Yes),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Removed::Yes),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Removed::Changed),
            Err(kube::Error::Api(status)) if !matches!(status.code, 401 | 429) => {
                Ok(Removed::Refused(format!("{}: {}", describe(object), in_words(&refusal_of(&status)))))
            }
            Err(error) => Err(failed(&format!("delete {}", describe(object)), error)),
        }
    }
}
