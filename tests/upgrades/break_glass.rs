//! The emergency way back: Resource Manager is all that it needs.
mod looks;
mod pools;
mod watches;

use crate::world_after::{gateway, is_well};
use crate::{order_of, story};
use bluegreen::azure::arm::ArmWriter;
use bluegreen::azure::break_glass::{Ended, Wish, break_glass};
use bluegreen::azure::identity;
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::door::wire;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Serving, tell};
use bluegreen::plan::request::Request;
use bluegreen::process::clock::Clock;
use bluegreen::process::cloud::Cloud;
use bluegreen::resources::gateway::Gateway;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::site::Colour;
use bluegreen::site::emergency::{Emergency, Given};
use bluegreen::step::Step;
use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use simulated_azure::{Effect, Fault, On, Process};
use std::cell::RefCell;
use std::time::Duration;

/// Somebody at a keyboard: what they may do, and what they were told.
pub struct Person<'a> {
    shop: &'a Shop,
    writer: ArmWriter,
    told: RefCell<Vec<String>>,
}

impl<'a> Person<'a> {
    fn of(shop: &'a Shop) -> Self {
        Self::named(shop, "a person")
    }

    pub fn named(shop: &'a Shop, name: &str) -> Self {
        let wire = wire(&shop.azure, &Process::new(name));
        let credential = identity::managed(Some("00000000-0000-4000-8000-00000000c11e"), &wire.http).unwrap();
        let cloud = Cloud::named("AzurePublicCloud").unwrap();
        let writer = ArmWriter::new(&cloud, &credential, &wire.http, &Clock::default());
        Self { shop, writer, told: RefCell::default() }
    }

    pub async fn breaks_glass(&self, emergency: &Emergency, wish: &Wish) -> Result<Ended, String> {
        let say = |line: &str| self.told.borrow_mut().push(line.to_owned());
        break_glass(&self.writer, emergency, wish, &say).await.map_err(|error| format!("{error:#}"))
    }

    /// As most would type it, with the published site.
    async fn sends_all_to(&self, colour: Colour) -> Result<Ended, String> {
        let wish = Wish { forced: FORCED.into(), ..Wish::default() };
        self.breaks_glass(&to(self.shop, colour), &wish).await
    }

    #[track_caller]
    fn was_told(&self, what: &str) {
        assert!(self.told.borrow().iter().any(|line| line.contains(what)), "{what}: {:#?}", self.told.borrow());
    }

    /// When they wrote the gateway.
    fn wrote(&self) -> Vec<Timestamp> {
        let world = self.shop.azure.world();
        let wrote = world.calls.iter().filter(|call| call.process == "a person" && call.method == Method::PUT);
        wrote.map(|call| call.at).collect()
    }
}

/// What the published site says of this colour.
pub fn to(shop: &Shop, colour: Colour) -> Emergency {
    Emergency::of(&serde_json::to_value(&shop.site).unwrap(), Given::default(), Some(colour)).unwrap()
}

/// What is typed next, if it is refused.
const FORCED: &str = "bluegreen break-glass shop --to here --force";

fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap()
}

/// Somebody else writes the gateway.
fn stranger(shop: &Shop, edit: impl FnOnce(&mut Value)) {
    let now = shop.azure.clock().now();
    let world = &mut *shop.azure.world();
    world.resource_manager.stranger_writes(&shop.article.gateway, edit, &mut world.kubernetes, now).unwrap();
}

/// The gateway's pool of this name, in a body of it.
pub fn pool<'a>(gateway: &'a mut Value, name: &str) -> &'a mut Value {
    let pools = gateway["properties"]["backendAddressPools"].as_array_mut().unwrap();
    pools.iter_mut().find(|pool| pool["name"] == name).unwrap()
}

/// Somebody else sends all traffic to green, with this mark.
fn to_green(shop: &Shop, mark: &str) {
    let members: Vec<_> = shop.site.slots.green.addresses.iter().map(|a| serde_json::json!({"ipAddress": a})).collect();
    stranger(shop, |body| {
        body["tags"]["aks-bluegreen-mark"] = mark.into();
        pool(body, "live")["properties"]["backendAddresses"] = members.into();
    });
}

fn members(shop: &Shop, name: &str) -> Vec<String> {
    let shown = Gateway(gateway(shop));
    shown.pool(name).map(|pool| pool.members().into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

fn addresses(shop: &Shop, colour: Colour) -> Vec<String> {
    shop.site.slot(colour).addresses.iter().map(ToString::to_string).collect()
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

#[test]
fn traffic_goes_back_without_store_and_bus_and_the_run_holds() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        let (before, began) = (gateway(&shop), shop.azure.clock().now());
        let request = Request { site: "shop".into(), version: Some("latest-stable".into()), ..Request::default() };
        shop.request(&request, "glass").unwrap();
        let mut changes = shop.azure.changes();
        while shop.run().is_none_or(|run| run.step != Step::Soak) {
            changes.changed().await.unwrap();
        }
        for host in [".blob.core.", ".servicebus."] {
            shop.azure.world().faults.add(Fault::always("outage", On::host(host), Effect::Refuse));
        }
        let person = Person::of(&shop);
        let serving = async {
            seconds(90).await;
            tell(&shop, shop.run().unwrap(), began).serving
        };
        let (ended, serving) = tokio::join!(person.sends_all_to(Colour::Blue), serving);
        assert_eq!((ended, serving), (Ok(Ended::Done), Serving::Only(Colour::Blue)), "{:#?}", person.told);
        person.was_told("the gateway finds blue healthy at");
        shop.azure.world().faults.remove("outage");
        let held = shop.settled("glass", Duration::from_secs(3600)).await.unwrap();
        assert!(held.held.as_ref().is_some_and(|hold| hold.why.contains("emergency")), "{:?}", held.held);
        let order = Order { step: None, stage: None, ..order_of(&held, Verb::RollBack) };
        assert!(matches!(give(&shop.operator, "shop", &order).await.unwrap(), Obeyed::Yes(_)));
        let run = shop.settled("glass", Duration::from_secs(7200)).await.unwrap();
        let told = tell(&shop, run, began);
        assert_eq!(told.ending(), "rolled_back");
        is_well(&shop, &told, &before);
    });
}

#[test]
fn a_published_site_is_enough_whatever_is_wrong_with_it() {
    story(|| async {
        let shop = open();
        let mut site: Value = serde_json::to_value(&shop.site).unwrap();
        site["stages"] = "none".into();
        site["ofALaterVersion"] = true.into();
        site.as_object_mut().unwrap().remove("smokeTests");
        let now = shop.azure.clock().now();
        shop.azure.world().blobs.put(&shop.account, "sites", "shop.json", site.to_string().as_bytes(), now);
        let written = shop.operator.store.site_as_written("shop").await.unwrap().unwrap();
        let emergency = Emergency::of(&written, Given::default(), Some(Colour::Blue)).unwrap();
        assert_eq!(emergency, to(&shop, Colour::Blue));
        assert!(shop.operator.store.site_as_written("nobody").await.unwrap().is_none());
    });
}
