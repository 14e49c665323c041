//! Managed clusters and what lies around them: read, created, started, stopped, tagged, scaled, deleted.
use super::arm::Condition;
use super::permit::Permit;
use super::{Reader, Writer};
use crate::plan::Identity;
use crate::resources::cluster::Cluster;
use crate::resources::size::PoolSize;
use crate::run::{Operation, StepError};
use azure_core::http::Method;
use serde_json::{Value, json};

/// Version of the API of management locks.
const LOCKS: &str = "2020-05-01";
/// Version of the API of resource groups.
const GROUPS: &str = "2021-04-01";

/// Version of the API of managed identities.
const IDENTITIES: &str = "2024-11-30";

/// What became of a conditional write.
pub enum Written {
    /// It was accepted.
    Accepted(Operation),
    /// The resource is not what was looked at: look again.
    Changed,
    /// There is no such resource.
    Absent,
}

impl Reader {
    /// A cluster; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn cluster(&self, id: &str) -> Result<Option<Cluster>, StepError> {
        Ok(self.arm.find(id, &self.arm.cloud().container_service).await?.map(Cluster))
    }

    /// A user-assigned identity; `None` when there is none of this id.
    ///
    /// # Errors
    /// When it cannot be read, or the answer is none.
    pub async fn user_assigned(&self, id: &str) -> Result<Option<Identity>, StepError> {
        let found = self.arm.find(id, IDENTITIES).await?;
        Ok(found.map(|found| Identity::read(&found).map_err(anyhow::Error::msg)).transpose()?)
    }

    /// The cloud, by the name that go-autorest has for it.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.arm.cloud().environment
    }

    /// The Kubernetes versions that a region offers, as Azure lists them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn versions(&self, subscription: &str, location: &str) -> Result<Value, StepError> {
        let id = format!(
            "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions"
        );
        Ok(self.arm.get(&id, &self.arm.cloud().container_service).await?.with_list("values")?)
    }

    /// How much of its quota of cores the subscription uses in a region; `None` when we may not look.
    ///
    /// # Errors
    /// When it cannot be read for another reason.
    pub async fn usages(&self, subscription: &str, location: &str) -> Result<Option<Value>, StepError> {
        let id = format!("/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/usages");
        self.if_allowed(self.arm.url(&id, &self.arm.cloud().compute)).await
    }

    /// The sizes of machines in a region, with their cores; `None` when we may not look.
    ///
    /// # Errors
    /// When it cannot be read for another reason.
    pub async fn sizes(&self, subscription: &str, location: &str) -> Result<Option<Value>, StepError> {
        let id = format!("/subscriptions/{subscription}/providers/Microsoft.Compute/skus");
        let url = self.arm.url(&id, &self.arm.cloud().compute);
        self.if_allowed(format!("{url}&$filter=location%20eq%20'{location}'")).await
    }

    /// The management locks of a subscription, on whatever they lie; `None` when we may not look.
    ///
    /// # Errors
    /// When they cannot be read for another reason.
    pub async fn locks(&self, subscription: &str) -> Result<Option<Vec<Value>>, StepError> {
        let id = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/locks");
        match self.arm.list(&id, LOCKS).await {
            Ok(locks) => Ok(Some(locks)),
            Err(error) if matches!(error.status, 403 | 404) && error.has_code() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is a resource group of this id; `None` when we may not look.
    ///
    /// # Errors
    /// When it cannot be told for another reason.
    pub async fn group_exists(&self, id: &str) -> Result<Option<bool>, StepError> {
        match self.arm.find(id, GROUPS).await {
            Ok(found) => Ok(Some(found.is_some())),
            Err(error) if error.status == 403 && error.has_code() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn if_allowed(&self, url: String) -> Result<Option<Value>, StepError> {
        match self.arm.read(url).await {
            Ok(answer) => Ok(Some(answer.with_list("value")?)),
            Err(error) if matches!(error.status, 403 | 404) && error.has_code() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A resource of the network; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn network(&self, id: &str) -> Result<Option<Value>, StepError> {
        Ok(self.arm.find(id, &self.arm.cloud().network).await?)
    }

    /// Parts of the network by their ids, without those that do not exist or that we may not look at.
    ///
    /// # Errors
    /// When one cannot be read for another reason.
    pub async fn parts(&self, ids: &[String]) -> Result<Vec<Value>, StepError> {
        let mut parts = vec![];
        for id in ids {
            match self.arm.find(id, &self.arm.cloud().network).await {
                Ok(found) => parts.extend(found),
                Err(error) if matches!(error.status, 400 | 403 | 404) && error.has_code() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(parts)
    }
}

impl Writer {
    /// Creates a cluster, if there is none of this name.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn create_cluster(&self, permit: Permit, id: &str, body: &Value) -> Result<Written, StepError> {
        self.write(permit, Method::Put, id, Condition::Absent, Some(body)).await
    }

    /// Gives the cluster that was looked at these tags.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn tag_cluster(
        &self,
        permit: Permit,
        id: &str,
        seen: &Cluster,
        tags: &Value,
    ) -> Result<Written, StepError> {
        self.write(permit, Method::Patch, id, matching(seen), Some(&json!({"tags": tags}))).await
    }

    /// Deletes the cluster that was looked at, and no other.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn delete_cluster(&self, permit: Permit, id: &str, seen: &Cluster) -> Result<Written, StepError> {
        self.write(permit, Method::Delete, id, matching(seen), None).await
    }

    /// Starts a stopped cluster.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn start_cluster(&self, permit: Permit, id: &str) -> Result<Written, StepError> {
        self.write(permit, Method::Post, &format!("{id}/start"), Condition::None, None).await
    }

    /// Stops a cluster: its nodes are gone, what it is stays.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn stop_cluster(&self, permit: Permit, id: &str) -> Result<Written, StepError> {
        self.write(permit, Method::Post, &format!("{id}/stop"), Condition::None, None).await
    }

    /// Gives an agent pool this size.
    ///
    /// # Errors
    /// When the permit is too old, or it was not accepted.
    pub async fn scale_pool(&self, permit: Permit, cluster: &str, size: &PoolSize) -> Result<Written, StepError> {
        let id = format!("{cluster}/agentPools/{}", size.name);
        let arm = self.arm.reader();
        let Some(mut body) = arm.find(&id, &arm.cloud().container_service).await? else {
            return Ok(Written::Absent);
        };
        let etag = body["properties"]["eTag"].as_str().map(str::to_owned);
        size.write(&mut body["properties"]);
        let condition = etag.map_or(Condition::None, Condition::Match);
        self.write(permit, Method::Put, &id, condition, Some(&body)).await
    }

    async fn write(
        &self,
        permit: Permit,
        method: Method,
        id: &str,
        condition: Condition,
        body: Option<&Value>,
    ) -> Result<Written, StepError> {
        let arm = self.arm.reader();
        let url = arm.url(id, &arm.cloud().container_service);
        match self.arm.write(permit, method, url, condition, body).await {
            Ok(answer) if answer.status == 204 => Ok(Written::Absent),
            Ok(answer) => Ok(Written::Accepted(answer.operation())),
            Err(error) if error.status == 412 => Ok(Written::Changed),
            Err(error) if error.says_absent(id) => Ok(Written::Absent),
            Err(error) => Err(error.into()),
        }
    }
}

fn matching(seen: &Cluster) -> Condition {
    seen.etag().map_or(Condition::None, |etag| Condition::Match(etag.to_owned()))
}
