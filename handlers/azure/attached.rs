//! What hangs on a cluster, kind by kind. What nobody may look at is said, never taken for nothing.
use super::Reader;
use super::arm::{Arm, ArmError};
use crate::resources::answers::text;
use crate::resources::attached::{At, Attached, Collection, Listed};
use crate::run::StepError;
use futures::future::try_join_all;
use serde_json::Value;
use std::collections::BTreeMap;

/// Resource Manager's words for a provider that the subscription never used: there is nothing of it.
pub(super) const UNUSED: [&str; 2] = ["MissingSubscriptionRegistration", "SubscriptionNotRegistered"];

impl Reader {
    /// What hangs on a cluster, but for some kinds.
    ///
    /// # Errors
    /// When a list does not come, for another reason than that we may not see it.
    pub async fn attached(&self, cluster: &Value, but: &[Attached]) -> Result<Vec<Listed>, StepError> {
        Ok(attached(&self.arm, cluster, but).await?)
    }
}

/// The same, for whoever looks with Resource Manager alone.
///
/// # Errors
/// When a list does not come, for another reason than that the caller may not see it.
pub async fn attached(arm: &Arm, cluster: &Value, but: &[Attached]) -> Result<Vec<Listed>, ArmError> {
    let kinds: Vec<_> = Attached::ALL.into_iter().filter(|kind| !but.contains(kind)).collect();
    let collections: BTreeMap<_, _> =
        kinds.iter().flat_map(|kind| kind.collections()).map(|collection| (collection.path, collection)).collect();
    let looks = collections.iter().map(async |(path, collection)| {
        let listed = list(arm, cluster, collection).await?;
        Ok::<_, ArmError>((*path, listed))
    });
    let shown: BTreeMap<_, _> = try_join_all(looks).await?.into_iter().collect();
    let of = |kind: Attached| {
        let mut found = Ok(kind.told_by(cluster));
        for collection in kind.collections() {
            match (&mut found, shown.get(collection.path)) {
                (Ok(names), Some(Ok(items))) => {
                    names.extend(items.iter().filter_map(|item| kind.name_in(item, cluster)));
                }
                (Ok(_), Some(Err(why))) => found = Err(why.clone()),
                (Err(_), _) | (_, None) => {}
            }
        }
        Listed { kind, found }
    };
    Ok(kinds.into_iter().map(of).collect())
}

/// The things in a collection, or why the caller may not see them.
async fn list(arm: &Arm, cluster: &Value, collection: &Collection) -> Result<Result<Vec<Value>, String>, ArmError> {
    let id = text(cluster, "/id");
    let below = match collection.at {
        At::Cluster => id,
        At::Group => id.to_ascii_lowercase().find("/providers/").map_or(id, |at| &id[..at]),
    };
    let version = collection.version.unwrap_or(&arm.cloud().container_service);
    let url = arm.url(&format!("{below}/{}", collection.path), version) + collection.more;
    match arm.pages(url).await {
        Ok(items) => Ok(Ok(items)),
        Err(error) if UNUSED.contains(&error.code.as_str()) => Ok(Ok(vec![])),
        // Of what was read a moment ago that is no answer: the regions of Resource Manager lag behind each other.
        Err(error) if error.says_absent(below) => Err(error),
        // Too few rights, or a cloud that does not know this.
        Err(error) if matches!(error.status, 400 | 403 | 404 | 405) && error.has_code() => Ok(Err(error.code)),
        Err(error) => Err(error),
    }
}
