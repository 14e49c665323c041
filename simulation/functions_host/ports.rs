//! The ports that were given to children: none is given twice, though it is free until its child listens.
use std::{
    collections::BTreeSet,
    io,
    net::Ipv4Addr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;

/// The ports of one host's children.
#[derive(Default)]
pub(super) struct Ports(Mutex<BTreeSet<u16>>);

impl Ports {
    /// A port that no other child of this host has.
    pub async fn take(&self) -> io::Result<u16> {
        loop {
            let port = free().await?;
            if self.taken().insert(port) {
                return Ok(port);
            }
        }
    }

    pub fn give_back(&self, port: u16) {
        self.taken().remove(&port);
    }

    fn taken(&self) -> MutexGuard<'_, BTreeSet<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port of the loopback interface that nobody has at the moment.
async fn free() -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr().map(|address| address.port())
}
