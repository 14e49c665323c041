//! A pool of a gateway as its requests use it: turns, health, affinity, members that are leaving.
use crate::ids::hex_of;
use crate::resource_manager::{Backend, Member, Routing};
use crate::traffic::Health;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// One of a routing's backends, as of one write of the gateway.
pub(super) struct Pool {
    pub backend: Arc<Backend>,
    members: Vec<Arc<Target>>,
    /// Members that newer writes have removed: until they have drained, users whom a cookie binds still reach them.
    leaving: Vec<Arc<Target>>,
    next: Mutex<usize>,
    /// Breaks what is still under way when this write has been replaced and the drain time is over.
    pub ended: CancellationToken,
}

/// A member of a pool and what its probes have found.
pub(super) struct Target {
    pub address: String,
    pub ip: Option<IpAddr>,
    /// The affinity cookie's value that means this member.
    pub cookie: String,
    state: Mutex<State>,
}

struct State {
    backend: Arc<Backend>,
    health: Health,
    /// When the drain time of a removed member is over.
    leaves: Option<Timestamp>,
}

impl Target {
    fn new(member: &Member, backend: &Arc<Backend>, health: Health) -> Self {
        let cookie = hex_of(&format!("{} {}", backend.settings, member.address))[..32].to_owned();
        let state = State { backend: Arc::clone(backend), health, leaves: None };
        Self { address: member.address.clone(), ip: member.ip, cookie, state: Mutex::new(state) }
    }

    /// The settings and the probe by which it is spoken to now.
    pub fn backend(&self) -> Arc<Backend> {
        Arc::clone(&self.state().backend)
    }

    /// One more probe's result.
    pub fn note(&self, success: bool) {
        let mut state = self.state();
        let threshold = state.backend.probe.threshold;
        state.health.note(success, threshold);
    }

    /// It has no pool any more from `at` on, unless it left before.
    pub fn leave(&self, at: Timestamp) {
        self.state().leaves.get_or_insert(at);
    }

    /// Whether its pool has it no more, and its drain time is over.
    pub fn has_left(&self, now: Timestamp) -> bool {
        self.state().leaves.is_some_and(|leaves| leaves <= now)
    }

    fn is_healthy(&self) -> bool {
        self.state().health.healthy
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// The pools of a newer write: members that stay keep what their probes have found, those that go begin to drain.
    pub fn follow(old: &[Arc<Self>], routing: &Routing, now: Timestamp, ended: &CancellationToken) -> Vec<Arc<Self>> {
        let follow = |backend: &Backend| {
            let before = old.iter().find(|old| old.is_of(backend));
            Arc::new(Self::after(before.map(Arc::as_ref), old, backend.clone(), now, ended.child_token()))
        };
        routing.backends.iter().map(follow).collect()
    }

    fn after(
        before: Option<&Self>,
        all: &[Arc<Self>],
        backend: Backend,
        now: Timestamp,
        ended: CancellationToken,
    ) -> Self {
        let backend = Arc::new(backend);
        let known: Vec<&Arc<Target>> =
            before.into_iter().flat_map(Self::targets).filter(|one| !one.has_left(now)).collect();
        let keep = |member: &Member| {
            let Some(kept) = known.iter().find(|known| known.address == member.address) else {
                return Arc::new(Target::new(member, &backend, known_health(all, &backend, member)));
            };
            let mut state = kept.state();
            (state.backend, state.leaves) = (Arc::clone(&backend), None);
            Arc::clone(kept)
        };
        let members: Vec<_> = backend.members.iter().map(keep).collect();
        let leaving: Vec<_> = known
            .into_iter()
            .filter(|known| !members.iter().any(|member| Arc::ptr_eq(member, known)))
            .map(|gone| {
                gone.leave(now.checked_add(gone.backend().drain).unwrap_or(Timestamp::MAX));
                Arc::clone(gone)
            })
            .collect();
        Self { backend, members, leaving, next: Mutex::new(0), ended }
    }

    fn is_of(&self, backend: &Backend) -> bool {
        self.backend.pool == backend.pool && self.backend.settings == backend.settings
    }

    /// Every member, those that are leaving included.
    pub fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.members.iter().chain(&self.leaving)
    }

    /// The healthy member whose turn it is, or the one whom the cookie's value means: also while that is leaving, as
    /// Azure's documentation says. `None`: nobody is healthy.
    pub fn choose(&self, cookie: Option<&str>, now: Timestamp) -> Option<Arc<Target>> {
        if let Some(cookie) = cookie {
            let bound = self.targets().find(|target| target.cookie == cookie && target.is_healthy());
            if let Some(bound) = bound.filter(|bound| !bound.has_left(now)) {
                return Some(Arc::clone(bound));
            }
        }
        let count = self.members.len();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = (0..count).map(|ahead| (*next + ahead) % count).find(|at| self.members[*at].is_healthy())?;
        *next = chosen + 1;
        Some(Arc::clone(&self.members[chosen]))
    }
}

/// What the probes of other pools of the gateway have found at this member with the same settings.
fn known_health(pools: &[Arc<Pool>], backend: &Backend, member: &Member) -> Health {
    let same = pools.iter().filter(|pool| pool.backend.settings == backend.settings);
    let found = same.flat_map(|pool| &pool.members).find(|target| target.address == member.address);
    found.map_or(Health::UNPROBED, |target| target.state().health)
}
