//! What a cluster is made of. Pure.

/// What a cluster looks like to its API server.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The managed cluster's name, as traffic's answers name it.
    pub cluster: String,
    /// The exact Kubernetes version.
    pub version: String,
    /// How many nodes.
    pub nodes: u32,
    /// The resource id of the group of the nodes.
    pub node_group: String,
}
