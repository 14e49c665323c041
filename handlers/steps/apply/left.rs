//! What the new cluster has of earlier manifests, and no manifest has any more.
use super::super::acting::Azure;
use super::enlisted::scope;
use super::wanted::wanted;
use crate::azure::kubernetes::{Kubernetes, KubernetesWriter};
use crate::resources::object::{describe, name};
use crate::run::{Run, StepError};
use crate::site::Manifest;
use crate::workload::apply_set::{ApplySet, GroupKind, Scope};
use crate::workload::prune::{Fate, fate};
use anyhow::anyhow;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a look at it found.
#[derive(Default)]
pub struct Left {
    /// What may be deleted.
    pub goes: Vec<Value>,
    /// What is being deleted.
    pub ends: Vec<Value>,
    /// What stays, each with the reason.
    pub stays: Vec<String>,
    /// What could not be looked at, and why.
    pub unseen: Vec<String>,
    /// The parent as it is to be when nothing more is left, if it is another one.
    narrower: Option<Value>,
}

/// By what an object is known, whatever its version.
type Key = (GroupKind, Option<String>, String);

/// Looks what there is that no manifest of the plan has. Nothing is written.
///
/// # Errors
/// When it cannot be told.
pub async fn left(run: &Run, azure: &Azure, kubernetes: &Kubernetes) -> Result<Left, StepError> {
    let plan = &run.plan;
    let set = ApplySet::of(&plan.site.name);
    let Some(parent) = kubernetes.find(&set.reference()).await? else { return Ok(Left::default()) };
    let before = match set.scope(&parent) {
        Ok(before) => before,
        Err(why) => return Ok(Left::unseen(format!("{why}; it is left alone, and nothing is pruned"))),
    };
    let cluster = azure.cluster(&plan.new_slot().cluster).await?;
    let cluster = cluster.ok_or_else(|| anyhow!("the new cluster was not found"))?;
    let manifests: Vec<Manifest> = plan.site.manifests().cloned().collect();
    let wanted = wanted(run, azure, &cluster, &manifests).await?;
    if wanted.is_empty() {
        return Ok(Left::unseen("the site has no manifests any more, and nothing is pruned".into()));
    }
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    for object in &wanted {
        let kind = kubernetes.served(&object.value).await?;
        keys.extend(kind.map(|kind| key(&object.value, kind.namespace_of(&object.value))));
    }
    let mut after = scope(kubernetes, wanted.iter().map(|object| &object.value)).await?;
    let mut left = Left::default();
    left.look(kubernetes, &set, &before, &keys, &mut after).await?;
    if after != before {
        left.narrower = Some(set.parent(&after, parent["metadata"]["resourceVersion"].as_str()));
    }
    Ok(left)
}

fn key(object: &Value, namespace: Option<&str>) -> Key {
    (GroupKind::of(object), namespace.map(str::to_owned), name(object).to_owned())
}

impl Left {
    /// Nobody can tell, and why.
    #[must_use]
    pub fn unseen(why: String) -> Self {
        Self { unseen: vec![why], ..Self::default() }
    }

    /// Lists the members of the set, kind by kind. `after` learns where those are that stay.
    async fn look(
        &mut self,
        kubernetes: &Kubernetes,
        set: &ApplySet,
        scope: &Scope,
        wanted: &BTreeSet<Key>,
        after: &mut Scope,
    ) -> Result<(), StepError> {
        for (group_kind, kind) in kubernetes.kinds(&scope.kinds).await? {
            let Some(kind) = kind else {
                // Its group is there: its definition may come back, and its objects with it.
                after.kinds.insert(group_kind);
                continue;
            };
            let members = match kubernetes.members(&kind, &scope.namespaces, &set.selector()).await {
                Ok(members) => members,
                Err(error) => {
                    self.unseen.push(format!("{:#}", error.into_cause()));
                    continue;
                }
            };
            for object in members {
                let namespace = kind.namespace_of(&object);
                if wanted.contains(&key(&object, namespace)) {
                    continue;
                }
                let stays = match fate(&object) {
                    Fate::IsNone => false,
                    Fate::Goes => {
                        self.goes.push(object.clone());
                        false
                    }
                    Fate::Ends => {
                        self.ends.push(object.clone());
                        true
                    }
                    Fate::Stays(why) => {
                        self.stays.push(format!("{} ({why})", describe(&object)));
                        true
                    }
                };
                if stays {
                    after.add(&object, namespace.map(str::to_owned));
                }
            }
        }
        Ok(())
    }

    /// Writes down where what is left lies, if that is less than before. What cannot be written now is written by a later run.
    ///
    /// # Errors
    /// When there is no permit, or the API server does not answer.
    pub async fn narrow(&self, azure: &Azure, kubernetes: &KubernetesWriter) -> Result<(), StepError> {
        if let Some(parent) = &self.narrower {
            kubernetes.apply(azure.permit().await?, parent, true).await?;
        }
        Ok(())
    }
}
