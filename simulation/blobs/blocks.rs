//! Blobs in blocks: Put Block stages, Put Block List commits. Pure.
use super::{Blob, Blobs, answers::Refusal, conditions, target::Target};
use crate::{Ask, Reply};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use std::collections::BTreeMap;

const MOST_BLOCKS: usize = 50_000;

impl Blobs {
    pub(super) fn stage_block(&mut self, ask: &Ask, target: &Target) -> Result<Reply, Refusal> {
        let container = self.containers.get_mut(&target.place()).ok_or_else(Refusal::container_not_found)?;
        let id = target.query("blockid").ok_or_else(Refusal::bad_query)?;
        if BASE64_STANDARD.decode(id).is_err() || id.len() > 88 {
            return Err(Refusal::bad_query());
        }
        let staged = container.staged.entry(target.blob.clone()).or_default();
        if staged.keys().any(|other| other.len() != id.len()) {
            let message = "The specified blob or block content is invalid.";
            return Err(Refusal::new(400, "InvalidBlobOrBlock", message));
        }
        staged.insert(id.to_owned(), ask.body().clone());
        let reply = http::Response::builder().status(201).header("x-ms-request-server-encrypted", "true");
        Ok(reply.header("content-length", 0).body(Body::empty()).expect("constants make an answer"))
    }

    pub(super) fn commit_blocks(&mut self, ask: &Ask, target: &Target, now: Timestamp) -> Result<Reply, Refusal> {
        let container = self.container(target)?;
        let present = container.blobs.get(&target.blob);
        conditions::check_write(ask, present)?;
        let list = std::str::from_utf8(ask.body())
            .ok()
            .and_then(block_list)
            .ok_or_else(|| Refusal::new(400, "InvalidXmlDocument", "XML specified is not syntactically valid."))?;
        if list.len() > MOST_BLOCKS {
            let message = "The block list may not contain more than 50,000 blocks.";
            return Err(Refusal::new(400, "BlockListTooLong", message));
        }
        let nothing = BTreeMap::new();
        let staged = container.staged.get(&target.blob).unwrap_or(&nothing);
        let committed = present.map_or(&nothing, |blob| &blob.blocks);
        let mut content = BytesMut::new();
        let mut blocks = BTreeMap::<String, Bytes>::new();
        for (from, id) in list {
            let block = match from {
                Source::Latest => staged.get(&id).or_else(|| committed.get(&id)),
                Source::Uncommitted => staged.get(&id),
                Source::Committed => committed.get(&id),
            };
            let block =
                block.ok_or_else(|| Refusal::new(400, "InvalidBlockList", "The specified block list is invalid."))?;
            content.extend_from_slice(block);
            blocks.insert(id, block.clone());
        }
        let mut blob = Blob::new(content.freeze(), String::new(), now);
        blob.blocks = blocks;
        // Here `Content-Type` describes the list, so only the `x-ms-blob-` form is the blob's.
        blob.describe(ask.headers(), &[])?;
        self.write(target, blob)
    }
}

/// Where a block of the list is looked for.
enum Source {
    Latest,
    Uncommitted,
    Committed,
}

/// The blocks of `<BlockList><Latest>id</Latest>…</BlockList>`, in order; `None` when it is not that.
fn block_list(text: &str) -> Option<Vec<(Source, String)>> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = if text.starts_with("<?") { text.split_once("?>")?.1.trim_start() } else { text };
    if matches!(text.trim_end(), "<BlockList/>" | "<BlockList />") {
        return Some(Vec::new());
    }
    let mut rest = text.strip_prefix("<BlockList>")?.trim_end().strip_suffix("</BlockList>")?.trim();
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        let from = match name {
            "Latest" => Source::Latest,
            "Uncommitted" => Source::Uncommitted,
            "Committed" => Source::Committed,
            _ => return None,
        };
        let (id, after) = after.split_once("</")?;
        blocks.push((from, id.trim().to_owned()));
        rest = after.strip_prefix(name)?.strip_prefix('>')?.trim_start();
    }
    Some(blocks)
}
