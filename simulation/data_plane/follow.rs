//! Follows the world: a new view after each change, servers for new pods, a graceful end for what has gone.
use super::backends::Pool;
use super::pods::Pod;
use super::probes;
use super::shared::Shared;
use super::view::{Cluster, Gateway, View};
use crate::kubernetes::{ENDS_AFTER, Landscape};
use crate::{World, resource_manager::Routing};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Not every change of the world is announced: so often, in real time, it is looked at anyway.
const GLANCE: Duration = Duration::from_millis(100);
/// Two looks are at least so far apart, in real time.
const BLINK: Duration = Duration::from_millis(1);
/// A pod that ends may finish its answers for as long as a simulated pod takes to end, but in real time, as real programs
/// do: however fast the world's clock runs.
const TO_FINISH: Duration = Duration::from_secs(ENDS_AFTER.unsigned_abs());

/// Keeps the view up to date until the data plane ends.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut changes = shared.azure.changes();
    loop {
        let next = shared.refresh();
        let clock = shared.azure.clock();
        let ahead = next.map_or(GLANCE, |next| {
            Duration::try_from(next.duration_since(clock.now())).unwrap_or_default() / clock.speed()
        });
        tokio::select! {
            () = tokio::time::sleep(ahead.clamp(BLINK, GLANCE)) => {}
            Ok(()) = changes.changed() => {}
            () = shared.ground.ended.cancelled() => return,
        }
    }
}

impl Shared {
    /// Takes over what has changed; gives the moment at which the world will next change by itself.
    pub(super) fn refresh(self: &Arc<Self>) -> Option<Timestamp> {
        let now = self.azure.clock().now();
        let old = self.view();
        let known = old.clusters.iter().map(|(host, cluster)| (host.clone(), Arc::clone(&cluster.landscape))).collect();
        let (routings, landscapes, next) = self.look(&known, now);
        let view = View {
            gateways: routings.into_iter().map(|(key, routing)| self.gateway(&old, key, routing, now)).collect(),
            clusters: landscapes.into_iter().map(|(host, landscape)| self.cluster(&old, host, landscape)).collect(),
        };
        self.show(view);
        let new = self.view();
        self.release_gateways(&old, &new, now);
        self.release_pods(&old, &new);
        next
    }

    #[expect(clippy::type_complexity, reason = "three things that are read under one lock")]
    fn look(
        &self,
        known: &BTreeMap<String, Arc<Landscape>>,
        now: Timestamp,
    ) -> (Vec<(String, Arc<Routing>)>, BTreeMap<String, Arc<Landscape>>, Option<Timestamp>) {
        let World { resource_manager, kubernetes, .. } = &mut *self.azure.world();
        resource_manager.advance(kubernetes, now);
        let landscapes = kubernetes.landscapes(known, now);
        let routings =
            resource_manager.routings().map(|(key, routing)| (key.to_owned(), Arc::clone(routing))).collect();
        let next = [resource_manager.next_change(), kubernetes.next_change(now)].into_iter().flatten().min();
        (routings, landscapes, next)
    }

    fn gateway(
        self: &Arc<Self>,
        old: &View,
        key: String,
        routing: Arc<Routing>,
        now: Timestamp,
    ) -> (String, Arc<Gateway>) {
        let before = old.gateways.get(&key);
        if let Some(same) = before.filter(|before| Arc::ptr_eq(&before.routing, &routing)) {
            return (key, Arc::clone(same));
        }
        let pools = before.map(|before| before.pools.as_slice()).unwrap_or_default();
        let known: Vec<_> = pools.iter().flat_map(|pool| pool.targets()).collect();
        let pools = Pool::follow(pools, &routing, now, &self.ground.ended);
        for target in pools.iter().flat_map(|pool| pool.targets()) {
            if !known.iter().any(|known| Arc::ptr_eq(known, target)) {
                self.ground.tasks.spawn(probes::probe(Arc::clone(self), Arc::clone(target)));
            }
        }
        (key, Arc::new(Gateway { routing, pools }))
    }

    fn cluster(&self, old: &View, host: String, landscape: Arc<Landscape>) -> (String, Arc<Cluster>) {
        let before = old.clusters.get(&host);
        let complete = |cluster: &Cluster| landscape.endpoints().all(|pod| cluster.pods.contains_key(&pod.uid));
        let same = before.filter(|before| Arc::ptr_eq(&before.landscape, &landscape) && complete(before));
        if let Some(same) = same {
            return (host, Arc::clone(same));
        }
        let start = |endpoint| {
            Pod::start(&self.ground, &landscape, endpoint)
                .inspect_err(|error| tracing::error!(%error, "failed to open a port for the pod {}", endpoint.name))
                .ok()
        };
        let mut pods = std::collections::HashMap::new();
        for endpoint in landscape.endpoints() {
            if pods.contains_key(&endpoint.uid) {
                continue;
            }
            let kept = before.and_then(|before| before.pods.get(&endpoint.uid)).map(Arc::clone);
            if let Some(pod) = kept.or_else(|| start(endpoint)) {
                pod.set_broken(landscape.broken);
                pods.insert(endpoint.uid.clone(), pod);
            }
        }
        (host, Arc::new(Cluster { landscape, pods, next: AtomicUsize::new(0) }))
    }

    /// What came by a replaced configuration goes on for the drain time; what came by a gateway that has gone breaks.
    fn release_gateways(self: &Arc<Self>, old: &View, new: &View, now: Timestamp) {
        for (key, gateway) in &old.gateways {
            let after = new.gateways.get(key);
            if after.is_some_and(|after| Arc::ptr_eq(after, gateway)) {
                continue;
            }
            let kept: Vec<_> = after.iter().flat_map(|after| &after.pools).flat_map(|pool| pool.targets()).collect();
            for pool in &gateway.pools {
                // No rule leads to its pool any more.
                let lost = pool.targets().filter(|target| !kept.iter().any(|kept| Arc::ptr_eq(kept, target)));
                lost.for_each(|target| target.leave(now));
                let ended = pool.ended.clone();
                match after {
                    Some(_) => self.later(self.azure.clock().sleep(pool.backend.drain), ended),
                    None => ended.cancel(),
                }
            }
        }
    }

    /// A pod that ends has its time to finish; one whose cluster has gone has none.
    fn release_pods(self: &Arc<Self>, old: &View, new: &View) {
        for (host, cluster) in &old.clusters {
            let after = new.clusters.get(host);
            for (_, pod) in
                cluster.pods.iter().filter(|(uid, _)| after.is_none_or(|after| !after.pods.contains_key(*uid)))
            {
                match after {
                    Some(_) => self.later(tokio::time::sleep(TO_FINISH), pod.kill()),
                    None => pod.kill().cancel(),
                }
            }
        }
    }

    /// Cancels after a while.
    fn later(&self, waiting: tokio::time::Sleep, token: CancellationToken) {
        let ended = self.ground.ended.clone();
        self.ground.tasks.spawn(async move {
            tokio::select! {
                () = waiting => token.cancel(),
                () = ended.cancelled() => {}
            }
        });
    }
}
