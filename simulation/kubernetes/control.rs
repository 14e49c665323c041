//! The controllers of one cluster, its scheduler and its kubelets: what they remember beside the objects, and their round.
use super::{
    aggregated_roles, api_services, autoscalers::Autoscalers, claims, cron_jobs::CronJobs, definitions, disruptions,
    events, garbage, ingresses, jobs, loads::Loads, namespaces, nodes::Nodes, objects::Objects, outages::Outages,
    pods::Pods, policies, protection, replica_sets, rollouts::Rollouts, scaled_objects, services::Balancers, sets,
    shape::Shape,
};
use jiff::{SignedDuration, Timestamp};

/// Everybody who acts by himself in a cluster.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    pub nodes: Nodes,
    pub pods: Pods,
    pub outages: Outages,
    pub loads: Loads,
    autoscalers: Autoscalers,
    balancers: Balancers,
    cron_jobs: CronJobs,
    rollouts: Rollouts,
}

impl Controllers {
    /// Lets each act once at a moment.
    pub fn act(&mut self, objects: &mut Objects, shape: &Shape, now: Timestamp) {
        definitions::run(objects, now);
        namespaces::run(objects, now);
        garbage::run(objects, now);
        aggregated_roles::run(objects, now);
        self.nodes.run(objects, shape, now);
        scaled_objects::run(objects, &self.loads, now);
        self.autoscalers.run(objects, &self.loads, now);
        self.rollouts.run(objects, now);
        replica_sets::run(objects, now);
        sets::run_stateful_sets(objects, now);
        sets::run_daemon_sets(objects, now);
        self.cron_jobs.run(objects, now);
        jobs::run(objects, now);
        self.pods.run(objects, &self.nodes, self.outages.is_broken(now), now);
        claims::run(objects, now);
        protection::run(objects);
        self.balancers.run(objects, now);
        ingresses::run(objects);
        disruptions::run(objects, now);
        api_services::run(objects, now);
        policies::run(objects);
        events::forget(objects, now);
    }

    /// The next moment after `now` at which an autoscaler looks. Mostly it changes nothing.
    pub fn next_sizing(&self, now: Timestamp) -> Option<Timestamp> {
        self.autoscalers.moments().filter(|moment| *moment > now).min()
    }

    /// The next moment after `now` at which something else changes by itself.
    pub fn next_change(&self, objects: &Objects, now: Timestamp) -> Option<Timestamp> {
        let moments = self.nodes.moments().chain(self.pods.moments(now)).chain(self.balancers.moments());
        let moments =
            moments.chain(self.rollouts.moments()).chain(self.outages.moments()).chain(self.cron_jobs.moments());
        let moments = moments.chain(definitions::moments(&objects.store)).chain(jobs::moments(&objects.store));
        moments.filter(|moment| *moment > now).min()
    }

    /// Treats everything as if it had been there for `age` longer.
    pub fn age_by(&mut self, age: SignedDuration) {
        let earlier = |moment: &mut Timestamp| *moment = moment.saturating_sub(age).unwrap_or(*moment);
        self.nodes.moments_mut().for_each(earlier);
        self.pods.moments_mut().for_each(earlier);
        self.balancers.moments_mut().for_each(earlier);
        self.rollouts.moments_mut().for_each(earlier);
        self.autoscalers.moments_mut().for_each(earlier);
    }
}
