//! Blob storage: accounts by host name, containers, block blobs with conditional headers. Pure.
//!
//! What the product relies on is exact: a new ETag at each write, the conditions and their error codes, and a
//! `Date` on every answer, also on errors. Leases, snapshots, tiers and page or append blobs are answered with 501.
mod answers;
mod blocks;
mod conditions;
mod listing;
mod objects;
mod target;

use crate::{Ask, Reply};
use answers::Refusal;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use std::collections::BTreeMap;
use target::Target;

/// The containers and blobs of every storage account.
#[derive(Default)]
pub struct Blobs {
    containers: BTreeMap<(String, String), Container>,
    writes: u64,
    answers: u64,
}

/// One container: its blobs by name, and blocks that no block list has committed yet.
struct Container {
    etag: String,
    modified: Timestamp,
    blobs: BTreeMap<String, Blob>,
    staged: BTreeMap<String, BTreeMap<String, Bytes>>,
}

/// One committed block blob.
struct Blob {
    content: Bytes,
    blocks: BTreeMap<String, Bytes>,
    etag: String,
    created: Timestamp,
    modified: Timestamp,
    headers: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
}

impl Blobs {
    /// Answers a call to `<account>.blob.core.…`.
    pub fn respond(&mut self, ask: &Ask, now: Timestamp) -> Reply {
        self.answers += 1;
        let reply = self.answer(ask, now).unwrap_or_else(|refusal| refusal.into_reply(ask, self.answers, now));
        answers::stamp(reply, ask, self.answers, now)
    }

    fn answer(&mut self, ask: &Ask, now: Timestamp) -> Result<Reply, Refusal> {
        answers::authorise(ask)?;
        let target = Target::of(ask)?;
        let comp = target.query("comp");
        match (ask.method(), target.query("restype"), comp, target.blob.as_str()) {
            (&Method::PUT, Some("container"), None, "") => self.create(&target, now),
            (&Method::GET, Some("container"), Some("list"), "") => self.list(&target),
            (&Method::GET | &Method::HEAD, Some("container"), None, "") => self.container_properties(&target),
            (_, Some(_), _, _) | (_, _, _, "") => Err(Refusal::not_simulated()),
            (&Method::PUT, None, None, _) => self.put_blob(ask, &target, now),
            (&Method::PUT, None, Some("block"), _) => self.stage_block(ask, &target),
            (&Method::PUT, None, Some("blocklist"), _) => self.commit_blocks(ask, &target, now),
            (&Method::GET | &Method::HEAD, None, None, _) => self.read_blob(ask, &target),
            (&Method::DELETE, None, None, _) => self.delete_blob(ask, &target),
            (&Method::GET | &Method::HEAD | &Method::PUT | &Method::DELETE | &Method::POST, ..) => {
                Err(Refusal::not_simulated())
            }
            _ => Err(Refusal::new(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")),
        }
    }

    fn create(&mut self, target: &Target, now: Timestamp) -> Result<Reply, Refusal> {
        target::check_container_name(&target.container)?;
        if self.containers.contains_key(&target.place()) {
            return Err(Refusal::new(409, "ContainerAlreadyExists", "The specified container already exists."));
        }
        let etag = self.next_etag();
        let container = Container::new(etag, now);
        let reply = answers::plain(201, &container.etag, container.modified);
        self.containers.insert(target.place(), container);
        Ok(reply)
    }

    fn container_properties(&self, target: &Target) -> Result<Reply, Refusal> {
        let container = self.container(target)?;
        Ok(answers::plain(200, &container.etag, container.modified))
    }

    fn container(&self, target: &Target) -> Result<&Container, Refusal> {
        self.containers.get(&target.place()).ok_or_else(Refusal::container_not_found)
    }

    /// As the service writes them: `"0x8DE…"`, never the same twice, also after a deletion.
    fn next_etag(&mut self) -> String {
        self.writes += 1;
        format!("\"0x{:016X}\"", 0x8DE0_0000_0000_0000 + self.writes)
    }

    /// Makes a container, if it is not there, without a request: for setting the scene. It is as old as time itself.
    pub fn create_container(&mut self, account: &str, name: &str) {
        let place = (account.to_owned(), name.to_owned());
        if !self.containers.contains_key(&place) {
            let etag = self.next_etag();
            self.containers.insert(place, Container::new(etag, Timestamp::UNIX_EPOCH));
        }
    }

    /// Writes a blob without a request, and its container if need be: what somebody else did.
    pub fn put(&mut self, account: &str, container: &str, name: &str, content: &[u8], now: Timestamp) {
        self.create_container(account, container);
        let etag = self.next_etag();
        if let Some(container) = self.containers.get_mut(&(account.to_owned(), container.to_owned())) {
            container.replace(name, Blob::new(Bytes::copy_from_slice(content), etag, now));
        }
    }

    /// Takes a blob away without a request: what somebody else did.
    pub fn remove(&mut self, account: &str, container: &str, name: &str) {
        if let Some(container) = self.containers.get_mut(&(account.to_owned(), container.to_owned())) {
            container.blobs.remove(name);
        }
    }

    /// The content of a blob; `None` when there is no such blob.
    #[must_use]
    pub fn get(&self, account: &str, container: &str, name: &str) -> Option<&[u8]> {
        let container = self.containers.get(&(account.to_owned(), container.to_owned()))?;
        container.blobs.get(name).map(|blob| blob.content.as_ref())
    }

    /// The names of a container's blobs that begin with `prefix`, in order; none when there is no such container.
    #[must_use]
    pub fn names(&self, account: &str, container: &str, prefix: &str) -> Vec<String> {
        let container = self.containers.get(&(account.to_owned(), container.to_owned()));
        let names = container.into_iter().flat_map(|container| container.blobs.keys());
        names.filter(|name| name.starts_with(prefix)).cloned().collect()
    }
}

impl Container {
    fn new(etag: String, now: Timestamp) -> Self {
        Self { etag, modified: now, blobs: BTreeMap::new(), staged: BTreeMap::new() }
    }

    /// Puts a blob in the place of what was there; its age stays, blocks that were only staged are lost.
    fn replace(&mut self, name: &str, mut blob: Blob) {
        self.staged.remove(name);
        if let Some(before) = self.blobs.get(name) {
            blob.created = before.created;
        }
        self.blobs.insert(name.to_owned(), blob);
    }
}

impl Blob {
    fn new(content: Bytes, etag: String, now: Timestamp) -> Self {
        Self {
            content,
            blocks: BTreeMap::new(),
            etag,
            created: now,
            modified: now,
            headers: BTreeMap::new(),
            metadata: BTreeMap::new(),
        }
    }
}
