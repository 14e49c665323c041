//! The API servers of the clusters, for kube and kubectl.
use crate::{Ask, Reply, world::json};
use jiff::Timestamp;
use std::net::IpAddr;

/// What a cluster looks like to its API server.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The managed cluster's name, as traffic's answers name it.
    pub cluster: String,
    /// The exact Kubernetes version.
    pub version: String,
    /// How many nodes.
    pub nodes: u32,
}

/// What a request that reached a cluster's internal load balancer was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The HTTP status.
    pub status: u16,
    /// The cluster that answered.
    pub cluster: String,
    /// Its Kubernetes version.
    pub version: String,
}

/// All API servers, by host name.
#[derive(Default)]
pub struct Fleet;

impl Fleet {
    /// A new cluster's API server, with its nodes on their way.
    pub fn add(&mut self, _host: &str, _shape: Shape, _now: Timestamp) {}
    /// The cluster is gone.
    pub fn remove(&mut self, _host: &str) {}
    /// The cluster is stopped: its API does not answer, nor do its workloads.
    pub fn stop(&mut self, _host: &str) {}
    /// The cluster runs again; its pods become ready anew.
    pub fn start(&mut self, _host: &str, _now: Timestamp) {}
    /// The cluster has so many nodes.
    pub fn resize(&mut self, _host: &str, _nodes: u32, _now: Timestamp) {}
    /// Answers a call to a cluster's API server.
    pub fn respond(&mut self, _host: &str, _ask: &Ask, _now: Timestamp) -> Reply {
        json(501, &serde_json::Value::Null)
    }
    /// A user's request that a gateway sent to `address`. `None`: nothing listens there.
    pub fn visit(&mut self, _address: IpAddr, _host: &str, _path: &str, _now: Timestamp) -> Option<Visit> {
        None
    }
}
