//! How long the operations take. Pure.
use std::time::Duration;

/// How long each operation takes in this world. A change counts for operations that begin later.
#[derive(Clone, Debug)]
pub struct Timings {
    /// A cluster's creation.
    pub create_cluster: Duration,
    /// A cluster's PUT on an existing one.
    pub update_cluster: Duration,
    /// A cluster's deletion.
    pub delete_cluster: Duration,
    /// A stopped cluster's start.
    pub start_cluster: Duration,
    /// A cluster's stop.
    pub stop_cluster: Duration,
    /// The API server and the workloads of a cluster vanish so long after its deletion or stop began.
    pub cluster_goes_away: Duration,
    /// A change of a cluster's tags.
    pub tag_cluster: Duration,
    /// A node pool's PUT or DELETE.
    pub scale_pool: Duration,
    /// A gateway's PUT.
    pub write_gateway: Duration,
    /// After a gateway's PUT its `provisioningState` shows `Updating` only so long, though the operation runs on.
    pub gateway_shows_updating: Duration,
    /// Members carry traffic so long after the operation that wrote them ended.
    pub members_effective_after: Duration,
    /// A gateway's deletion.
    pub delete_gateway: Duration,
    /// A gateway's look at its backends.
    pub backend_health: Duration,
    /// The directory knows an identity of a new cluster so long after it was made.
    pub principal_known: Duration,
    /// What is assigned counts so long after.
    pub role_counts: Duration,
    /// The seconds of `Retry-After`; `None`: the header is missing.
    pub retry_after: Option<u32>,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            create_cluster: Duration::from_secs(7 * 60),
            update_cluster: Duration::from_secs(3 * 60),
            delete_cluster: Duration::from_secs(6 * 60),
            start_cluster: Duration::from_secs(3 * 60),
            stop_cluster: Duration::from_secs(2 * 60),
            cluster_goes_away: Duration::from_secs(30),
            tag_cluster: Duration::from_secs(20),
            scale_pool: Duration::from_secs(3 * 60),
            write_gateway: Duration::from_secs(40),
            gateway_shows_updating: Duration::from_secs(5),
            members_effective_after: Duration::from_secs(3),
            delete_gateway: Duration::from_secs(5 * 60),
            backend_health: Duration::from_secs(15),
            principal_known: Duration::from_secs(60),
            role_counts: Duration::from_secs(2 * 60),
            retry_after: Some(10),
        }
    }
}
