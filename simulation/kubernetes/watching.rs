//! A watch: a body that never ends by itself, one change a line. Whoever reads it drives it; nothing runs in the background.
use super::{
    kinds::Kind, options::Listing, place::Query, refusal::Refusal, selectors::Selector, server::Server, store::Change,
    view::View,
};
use crate::{Clock, Reply};
use axum::body::Body;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::{Mutex, Weak};

/// How long the server keeps a watch open when the client does not say.
const LONGEST_SECONDS: i64 = 1800;

/// What a watch wants to see, and how far it has come.
pub(super) struct Watch {
    kind: Kind,
    selector: Selector,
    /// The version up to which it has seen everything; `None`: it begins now.
    seen: Option<u64>,
    /// Begins with what is there.
    initial: bool,
    /// Marks the end of what is there.
    marks_initial: bool,
    bookmarks: bool,
    view: View,
    seconds: i64,
}

struct Stream {
    watch: Watch,
    server: Weak<Mutex<Server>>,
    clock: Clock,
    until: Timestamp,
    over: bool,
}

impl Watch {
    pub fn new(kind: &Kind, selector: Selector, listing: &Listing, query: &Query, view: View) -> Self {
        let bookmarks = query.is_true("allowWatchBookmarks");
        Self {
            kind: kind.clone(),
            selector,
            seen: listing.version,
            initial: listing.initial,
            marks_initial: listing.marks_initial && bookmarks,
            bookmarks,
            view,
            seconds: query
                .text("timeoutSeconds")
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0)
                .unwrap_or(LONGEST_SECONDS),
        }
    }

    /// The answer whose body is the stream of changes.
    pub fn reply(self, server: Weak<Mutex<Server>>, clock: Clock) -> Reply {
        let until = clock.now().saturating_add(SignedDuration::from_secs(self.seconds)).unwrap_or(Timestamp::MAX);
        let stream = Stream { watch: self, server, clock, until, over: false };
        let body = Body::from_stream(futures::stream::unfold(stream, |mut stream| async move {
            let lines = stream.next().await?;
            Some((Ok::<_, std::convert::Infallible>(lines), stream))
        }));
        let mut reply = http::Response::new(body);
        reply.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        reply
    }

    fn look(&mut self, server: &Server, now: Timestamp) -> Result<Vec<String>, String> {
        let resource = self.kind.resource();
        let mut lines = vec![];
        if std::mem::take(&mut self.initial) {
            let matching = server.objects.store.all(&resource).filter(|(_, object)| self.selector.matches(object));
            lines.extend(matching.map(|(_, object)| self.line("ADDED", object, now)));
            self.seen = Some(server.objects.store.version());
            if self.marks_initial {
                lines.push(self.bookmark(true, now));
            }
            return Ok(lines);
        }
        let current = server.objects.store.version();
        let seen = *self.seen.get_or_insert(current);
        let changes = server.objects.store.since(seen, &resource).map_err(|oldest| {
            json!({"type": "ERROR", "object": Refusal::expired(seen, oldest).status()}).to_string() + "\n"
        })?;
        lines.extend(changes.filter_map(|change| self.event(change, now)));
        self.seen = Some(seen.max(current));
        Ok(lines)
    }

    /// An object that begins or ceases to match the selector is added or deleted for this watch.
    fn event(&self, change: &Change, now: Timestamp) -> Option<String> {
        let before = change.before.as_ref().is_some_and(|object| self.selector.matches(object));
        let after = !change.deleted && self.selector.matches(&change.after);
        match (before, after) {
            (false, true) => Some(self.line("ADDED", &change.after, now)),
            (true, true) => Some(self.line("MODIFIED", &change.after, now)),
            (true, false) => Some(self.line("DELETED", &change.after, now)),
            (false, false) => None,
        }
    }

    fn line(&self, sort: &str, object: &Value, now: Timestamp) -> String {
        json!({"type": sort, "object": self.view.of(&self.kind, object, now)}).to_string() + "\n"
    }

    fn bookmark(&self, ends_initial: bool, now: Timestamp) -> String {
        let mut object = json!({"metadata": {"resourceVersion": self.seen.unwrap_or_default().to_string()}});
        if ends_initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        self.line("BOOKMARK", &object, now)
    }
}

impl Stream {
    /// The next lines; `None` when the watch has ended.
    async fn next(&mut self) -> Option<Bytes> {
        let bookmark_at = self.clock.now().saturating_add(SignedDuration::from_secs(60)).unwrap_or(Timestamp::MAX);
        loop {
            let now = self.clock.now();
            let (looked, due, mut bell) = {
                let server = self.server.upgrade()?;
                let mut server = server.lock().ok()?;
                if self.over || !server.is_running() {
                    return None;
                }
                server.advance(now);
                (self.watch.look(&server, now), server.next_change(), server.objects.store.bell())
            };
            match looked {
                Err(line) => {
                    self.over = true;
                    return Some(line.into());
                }
                Ok(lines) if !lines.is_empty() => return Some(lines.concat().into()),
                Ok(_) if now >= self.until => return None,
                Ok(_) if self.watch.bookmarks && now >= bookmark_at => {
                    return Some(self.watch.bookmark(false, now).into());
                }
                Ok(_) => {}
            }
            let mut wake = due.map_or(self.until, |due| due.min(self.until));
            if self.watch.bookmarks {
                wake = wake.min(bookmark_at);
            }
            tokio::select! {
                _ = bell.changed() => {}
                () = self.clock.until(wake) => {}
            }
        }
    }
}
