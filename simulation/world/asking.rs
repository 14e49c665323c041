//! What the probers ask, each at its own moment, when somebody next looks at the world.
use super::World;
use crate::book::{Book, open};
use crate::record::Call;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// One request a second in quiet times.
const SLOW: Duration = Duration::from_secs(1);
/// Twenty a second around a change.
const FAST: Duration = Duration::from_millis(50);
/// So long before and after a change it is watched closely.
const AROUND: SignedDuration = SignedDuration::from_secs(60);

impl World {
    /// Lets all users ask what they were to ask by now, in the order of time.
    pub(crate) fn catch_up(&mut self, now: Timestamp) {
        while let Some(at) = (0..self.users.len()).min_by_key(|at| self.users[*at].next) {
            if self.users[at].next > now {
                return;
            }
            let mut user = self.users.swap_remove(at);
            let Some(book) = user.book.upgrade() else { continue };
            let pause = ask_all(self, &mut open(&book), &mut user.calls, user.next);
            user.next = user.next.saturating_add(pause).unwrap_or(Timestamp::MAX);
            self.users.push(user);
        }
    }
}

/// Sends one request to each target; gives the pause until the next.
fn ask_all(world: &mut World, book: &mut Book, calls: &mut usize, now: Timestamp) -> Duration {
    world.press(now);
    let targets = Arc::clone(&book.targets);
    for (target, (host, path)) in targets.iter().enumerate() {
        let answer = world.visit(host, None, path, now);
        let by_the_gateway = answer.as_ref().is_some_and(|answer| answer.status >= 500 && answer.cluster.is_none());
        let behind = if by_the_gateway { world.clusters_behind(host, path, now) } else { BTreeSet::new() };
        book.note(target, answer.as_ref(), &behind, now);
    }
    // Writes to a cluster's objects: pods come and go after them.
    let seen = std::mem::replace(calls, world.calls.len()).min(world.calls.len());
    let written = |call: &Call| call.writes() && (call.host.contains(".azmk8s.") || call.host.contains(".azk8s."));
    let objects = world.calls[seen..].iter().rev().find(|call| written(call)).map(|call| call.at);
    let changed = [world.resource_manager.last_change(), objects, book.surprised].into_iter().flatten().max();
    if let Some(close) = changed.and_then(|at| at.checked_add(AROUND).ok()) {
        book.close_until = book.close_until.max(close);
    }
    let due = [world.resource_manager.next_effect(), world.kubernetes.next_change(now)].into_iter().flatten().min();
    let soon = due.is_some_and(|due| due.duration_since(now) <= AROUND);
    if soon || now < book.close_until { FAST } else { SLOW }
}
