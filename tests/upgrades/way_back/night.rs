//! One night: a shop whose upgrade is under way, what strangers and illness do to it, and what a person says.
use crate::break_glass::pool;
use crate::{ask, journal, order_of, quick, until};
use bluegreen::azure::permit::Permit;
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Serving, tell};
use bluegreen::plan::Kind;
use bluegreen::resources::tags::MARK_TAG;
use bluegreen::run::verbs::{Order, Refusal, Verb};
use bluegreen::run::{Ending, Run};
use bluegreen::site::{Colour, Site};
use bluegreen::step::Step;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use simulated_azure::Latency;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(48 * 3600);

pub struct Night {
    pub shop: Shop,
    began: Timestamp,
}

impl Night {
    /// An upgrade in one stage from blue to green.
    pub fn begin(change: impl FnOnce(&mut Site)) -> Self {
        Self::begin_with(Some(Latency::of(1)), change)
    }

    /// The same, where calls take so long.
    pub fn begin_with(latency: Option<Latency>, change: impl FnOnce(&mut Site)) -> Self {
        let both = |site: &mut Site| {
            quick(site);
            change(site);
        };
        let shop = Shop::open(&Options { probe: false, latency, ..Options::default() }, both).unwrap();
        let began = shop.azure.clock().now();
        ask(&shop, "night", Kind::Upgrade, Some("latest-stable"));
        Self { shop, began }
    }

    pub async fn comes_to(&self, step: Step) -> Run {
        until(&self.shop, |run| run.step == step).await
    }

    pub async fn is_held(&self) -> Run {
        until(&self.shop, |run| run.held.is_some()).await
    }

    /// The run when it has ended so.
    #[track_caller]
    pub fn ends(&self, ending: Ending) -> impl Future<Output = Run> {
        let caller = std::panic::Location::caller();
        async move {
            let run = self.shop.settled("night", LONG).await.expect("it ends or is held");
            assert_eq!(run.ending, Some(ending), "{caller}: {:?}{}", run.held, journal(&run));
            run
        }
    }

    pub fn run(&self) -> Run {
        self.shop.run().expect("there is a run")
    }

    pub fn now(&self) -> Timestamp {
        self.shop.azure.clock().now()
    }

    /// Whose addresses really get the users' requests.
    pub fn serving(&self) -> Serving {
        let now = self.now();
        {
            let world = &mut *self.shop.azure.world();
            world.resource_manager.advance(&mut world.kubernetes, now);
        }
        tell(&self.shop, self.run(), self.began).serving
    }

    pub fn cluster(&self, colour: Colour) -> Option<Value> {
        self.shop.azure.world().resource_manager.resource(&self.shop.site.slot(colour).cluster).cloned()
    }

    pub fn power(&self, colour: Colour) -> Option<String> {
        let code = self.cluster(colour)?["properties"]["powerState"]["code"].as_str()?.to_owned();
        Some(code)
    }

    /// From now on the workloads of a cluster answer 500.
    pub fn falls_ill(&self, colour: Colour) {
        self.is_ill_for(colour, SignedDuration::from_hours(1000));
    }

    pub fn is_ill_for(&self, colour: Colour, time: SignedDuration) {
        let host = self.cluster(colour).expect("it exists")["properties"]["fqdn"].as_str().unwrap().to_owned();
        let now = self.now();
        self.shop.azure.world().kubernetes.break_workloads(&host, now, now + time);
        self.shop.azure.touch();
    }

    /// Somebody stops a cluster.
    pub async fn is_stopped(&self, colour: Colour) {
        let operator = &self.shop.operator;
        let id = &self.shop.site.slot(colour).cluster;
        operator.writer.stop_cluster(Permit::of_a_person(&operator.clock), id).await.unwrap();
    }

    /// Somebody starts it again.
    pub async fn is_started(&self, colour: Colour) {
        let operator = &self.shop.operator;
        let id = &self.shop.site.slot(colour).cluster;
        operator.writer.start_cluster(Permit::of_a_person(&operator.clock), id).await.unwrap();
    }

    /// Somebody else writes the gateway.
    pub fn stranger_writes(&self, change: impl Fn(&mut Value)) {
        let now = self.now();
        {
            let world = &mut *self.shop.azure.world();
            let arm = &mut world.resource_manager;
            arm.stranger_writes(&self.shop.article.gateway, change, &mut world.kubernetes, now).unwrap();
        }
        self.shop.azure.touch();
    }

    /// Somebody else's tags leave the gateway no room for one more.
    pub fn tags_are_full(&self) {
        self.stranger_writes(|gateway| {
            let tags = (0..50).map(|number| (format!("tag-{number}"), json!("theirs")));
            gateway["tags"] = Value::Object(tags.collect::<Map<_, _>>());
        });
    }

    /// A person uses the emergency way back to this colour: what the tool writes.
    pub fn glass_is_broken(&self, to: Colour, mark: &str) {
        let members: Vec<_> =
            self.shop.site.slot(to).addresses.iter().map(|address| json!({"ipAddress": address})).collect();
        let live = self.shop.article.live_pool.clone();
        self.stranger_writes(|gateway| {
            pool(gateway, &live)["properties"]["backendAddresses"] = members.clone().into();
            gateway["tags"][MARK_TAG] = format!("break-glass/{mark}").into();
        });
    }

    pub async fn says(&self, verb: Verb, change: impl FnOnce(&mut Order)) -> Result<Run, Refusal> {
        let run = self.run();
        let mut order = order_of(&run, verb);
        change(&mut order);
        match give(&self.shop.operator, "shop", &order).await.unwrap() {
            Obeyed::Yes(run) => Ok(*run),
            Obeyed::Refused(refusal) => Err(refusal),
            Obeyed::NoRun => panic!("there is a run"),
        }
    }

    /// How often our functions have written the gateway.
    pub fn gateway_writes(&self) -> usize {
        let world = self.shop.azure.world();
        let gateway = self.shop.article.gateway.to_lowercase();
        let is_write = |path: &str| path.to_lowercase().starts_with(&gateway);
        world.calls.iter().filter(|call| call.method == Method::PUT && is_write(&call.path)).count()
    }

    pub async fn minutes(&self, minutes: u64) {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
    }
}

pub fn calls(run: &Run) -> usize {
    run.journal.iter().filter(|entry| entry.needs_person).count()
}
