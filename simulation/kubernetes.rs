//! The API servers of the clusters, for kube and kubectl, and the workloads that run behind them.
//!
//! ```text
//! respond ─► requests ─► writes ─► objects ◄─ control (nodes, pods, rollouts, services …) ◄─ time
//!                └► watching ◄──────┘ └► routes ◄─ visit
//! ```
mod access;
mod addresses;
mod admission;
mod aggregated_roles;
mod api_services;
mod apply;
mod autoscalers;
mod bodies;
mod claims;
mod conditions;
mod control;
mod cron_jobs;
mod customs;
mod defaults;
mod definitions;
mod discovery;
mod disruptions;
mod endpoints;
mod events;
mod fields;
mod finalizers;
mod front;
mod garbage;
mod generated;
mod generations;
mod headers;
mod ingresses;
mod installed;
mod jobs;
mod kinds;
mod landscape;
mod lists;
mod loads;
mod merge;
mod moments;
mod names;
mod namespaces;
mod nodes;
mod objects;
mod openapi;
mod options;
mod outages;
mod pages;
mod parts;
mod place;
mod pods;
mod policies;
mod protection;
mod protobuf;
mod reading;
mod refusal;
mod replica_sets;
mod reports;
mod requests;
mod rollouts;
mod routes;
mod scaled_objects;
mod schemas;
mod selectors;
mod server;
mod services;
mod sets;
mod shape;
mod store;
mod tables;
mod typed;
mod validation;
mod view;
mod watching;
mod webhooks;
mod write_options;
mod writes;

pub use access::Right;
pub(crate) use endpoints::Endpoint;
pub(crate) use installed::secrets_store;
pub(crate) use landscape::Landscape;
pub(crate) use pods::ENDS_AFTER;
pub(crate) use pods::Question;
pub use refusal::Refusal;
pub use server::Server;
pub use shape::Shape;

use crate::{Ask, Clock, Reply, answer::NoAnswer};
use jiff::Timestamp;
use requests::Answer;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

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

/// All API servers, by host name (in lower case).
#[derive(Default)]
pub struct Fleet {
    /// How fast the world's clock goes; 0 counts as 1. A watch waits by it.
    pub(crate) speed: u32,
    /// What identities may do in each cluster, also in those that come.
    limits: Vec<(String, Vec<Right>)>,
    servers: BTreeMap<String, Arc<Mutex<Server>>>,
    /// Which cluster answered at an address last, also when it is stopped or gone.
    answered: BTreeMap<IpAddr, String>,
}

fn open(server: &Mutex<Server>) -> MutexGuard<'_, Server> {
    server.lock().expect("a panic inside the simulation leaves no world to go on with")
}

impl Fleet {
    /// A new cluster's API server, with its nodes on their way. One that has this host name already is replaced.
    pub fn add(&mut self, host: &str, shape: Shape, now: Timestamp) {
        let mut server = Server::new(host, shape, now);
        for (identity, rights) in &self.limits {
            server.allow_only(identity, rights.clone());
        }
        self.servers.insert(host.to_lowercase(), Arc::new(Mutex::new(server)));
    }

    /// Lets an identity of Entra ID (its object id; `*`: each that is not named) do only this in every cluster, those that
    /// come included. Until then it may do everything.
    pub fn allow_only(&mut self, identity: &str, rights: &[Right]) {
        self.limits.retain(|(named, _)| named != identity);
        self.limits.push((identity.to_owned(), rights.to_vec()));
        for server in self.servers.values() {
            open(server).allow_only(identity, rights.to_vec());
        }
    }

    /// Tells pods that ask for their rights what is missing of them. They are known by their cluster's host.
    pub(crate) fn tell_rights(&mut self, missing: impl Fn(&str, &Question) -> String) {
        for (host, server) in &self.servers {
            open(server).tell_rights(|question| missing(host, question));
        }
    }

    /// Tells the nodes of each cluster, known by its host, from which registries they may not pull.
    pub(crate) fn tell_pulls(&mut self, now: Timestamp, refused: impl Fn(&str) -> BTreeSet<String>) {
        for (host, server) in &self.servers {
            open(server).tell_pulls(now, refused(host));
        }
    }

    /// The cluster is gone.
    pub fn remove(&mut self, host: &str) {
        if let Some(server) = self.servers.remove(&host.to_lowercase()) {
            open(&server).stop();
        }
    }

    /// The cluster is stopped: its API does not answer, nor do its workloads. Watches end.
    pub fn stop(&mut self, host: &str) {
        if let Some(mut server) = self.server(host) {
            server.stop();
        }
    }

    /// The cluster runs again; its pods become ready anew. A running cluster does not notice.
    pub fn start(&mut self, host: &str, now: Timestamp) {
        if let Some(mut server) = self.server(host) {
            server.start(now);
        }
    }

    /// The cluster has so many nodes. The pods of those that go are made again elsewhere; without any node they wait.
    pub fn resize(&mut self, host: &str, nodes: u32, now: Timestamp) {
        if let Some(mut server) = self.server(host) {
            server.resize(nodes, now);
        }
    }

    /// Between two moments every visit to the cluster is answered 500, and none of its workloads is ready.
    pub fn break_workloads(&mut self, host: &str, from: Timestamp, until: Timestamp) {
        if let Some(mut server) = self.server(host) {
            server.break_workloads(from, until);
        }
    }

    /// Between two moments every visit to these addresses of the cluster is answered 500, while its workloads are well.
    pub fn break_addresses(&mut self, host: &str, addresses: &[IpAddr], from: Timestamp, until: Timestamp) {
        if let Some(mut server) = self.server(host) {
            server.break_addresses(addresses, from, until);
        }
    }

    /// Whatever was broken in the cluster is well from now on.
    pub fn heal(&mut self, host: &str, now: Timestamp) {
        if let Some(mut server) = self.server(host) {
            server.heal(now);
        }
    }

    /// One API server, to set its world up and to look into it. Hold it briefly, never across an await.
    ///
    /// # Panics
    /// When an earlier holder panicked.
    #[must_use]
    pub fn server(&self, host: &str) -> Option<MutexGuard<'_, Server>> {
        self.servers.get(&host.to_lowercase()).map(|server| open(server))
    }

    /// Answers a call to a cluster's API server.
    ///
    /// # Errors
    /// When nobody answers: the name does not resolve (no such cluster), or the cluster is stopped.
    pub fn respond(&mut self, host: &str, ask: &Ask, now: Timestamp) -> Result<Reply, NoAnswer> {
        let server = self.servers.get(&host.to_lowercase()).ok_or(NoAnswer("the host name does not resolve"))?;
        let mut open = open(server);
        if !open.is_running() {
            return Err(NoAnswer("the stopped cluster's API server refuses the connection"));
        }
        Ok(match open.answer(ask, now) {
            Answer::Reply(reply) => reply,
            Answer::Watch(watch) => watch.reply(Arc::downgrade(server), Clock::running_at(now, self.speed)),
        })
    }

    /// A user's request that a gateway sent to `address`. `None`: nothing listens there.
    pub fn visit(&mut self, address: IpAddr, host: &str, path: &str, now: Timestamp) -> Option<Visit> {
        let visit = self.servers.values().find_map(|server| {
            let mut server = open(server);
            let status = server.visit(address, host, path, now)?;
            let shape = server.shape();
            Some(Visit { status, cluster: shape.cluster.clone(), version: shape.version.clone() })
        })?;
        if self.answered.get(&address) != Some(&visit.cluster) {
            self.answered.insert(address, visit.cluster.clone());
        }
        Some(visit)
    }

    /// Which cluster answers at an address, or did so last.
    pub(crate) fn who_is_at(&mut self, address: IpAddr, host: &str, path: &str, now: Timestamp) -> Option<String> {
        let visit = self.visit(address, host, path, now);
        visit.map(|visit| visit.cluster).or_else(|| self.answered.get(&address).cloned())
    }

    /// From now on users ask this of each cluster: an address, a host name, a path, and how many requests a second.
    pub(crate) fn press(&mut self, asked: &[(IpAddr, &str, &str, f64)], now: Timestamp) {
        for server in self.servers.values() {
            open(server).press(asked, now);
        }
    }

    /// The landscapes of all running clusters by their API servers' hosts. What `known` shows as it still is, is shared.
    pub(crate) fn landscapes(
        &self,
        known: &BTreeMap<String, Arc<Landscape>>,
        now: Timestamp,
    ) -> BTreeMap<String, Arc<Landscape>> {
        let look = |(host, server): (&String, &Arc<Mutex<Server>>)| {
            let landscape = Landscape::of(&mut open(server), known.get(host), now)?;
            Some((host.clone(), landscape))
        };
        self.servers.iter().filter_map(look).collect()
    }

    /// When a node, a pod or an address of any running cluster will next change by itself.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.servers.values().filter_map(|server| open(server).next_change());
        next.map(|moment| moment.max(now)).min()
    }
}
