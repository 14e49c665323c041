//! How a data plane is served. Pure.
use std::collections::BTreeMap;
use std::time::Duration;

/// How a data plane is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateways' port on 127.0.0.1; 0: any that is free.
    pub port: u16,
    /// The colour of each cluster that has one, by the cluster's name: shown in the pods' answers.
    pub colours: BTreeMap<String, String>,
    /// So many connections of users are served at once; further ones wait to be accepted.
    pub connections: usize,
    /// A connection is closed when no whole request head has arrived for so long, in real time. Azure's is 75 s.
    pub keep_alive: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, colours: BTreeMap::new(), connections: 4096, keep_alive: Duration::from_secs(75) }
    }
}
