//! The emergency way back: Resource Manager is all that it needs.
use crate::story;
use crate::world_after::{gateway, is_well};
use bluegreen::azure::arm::ArmWriter;
use bluegreen::azure::{break_glass::restore, identity};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::door::wire;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Serving, tell};
use bluegreen::plan::request::Request;
use bluegreen::process::clock::Clock;
use bluegreen::process::cloud::Cloud;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::site::Colour;
use bluegreen::step::Step;
use simulated_azure::{Effect, Fault, On, Process};
use std::time::Duration;

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
        let wire = wire(&shop.azure, &Process::new("a person"));
        let credential = identity::managed(Some("00000000-0000-4000-8000-00000000c11e"), &wire.http).unwrap();
        let writer =
            ArmWriter::new(&Cloud::named("AzurePublicCloud").unwrap(), &credential, &wire.http, &Clock::default());
        let ordered = shop.azure.clock().now();
        restore(&writer, &shop.site, Colour::Blue, |_| {}).await.unwrap();
        assert!(shop.azure.clock().now().duration_since(ordered).as_secs() < 90);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(tell(&shop, shop.run().unwrap(), began).serving, Serving::Only(Colour::Blue));
        tokio::time::sleep(Duration::from_secs(120)).await;
        shop.azure.world().faults.remove("outage");
        let held = shop.settled("glass", Duration::from_secs(3600)).await.unwrap();
        assert!(held.held.as_ref().is_some_and(|hold| hold.why.contains("emergency")), "{:?}", held.held);
        let order = Order {
            run: held.id.clone(),
            verb: Verb::RollBack,
            step: None,
            stage: None,
            by: "a person".into(),
            reason: None,
            force: false,
            direction: None,
            with_site: false,
        };
        assert!(matches!(give(&shop.operator, "shop", &order).await.unwrap(), Obeyed::Yes(_)));
        let run = shop.settled("glass", Duration::from_secs(7200)).await.unwrap();
        let told = tell(&shop, run, began);
        assert_eq!(told.ending(), "rolled_back");
        is_well(&shop, &told, &before);
    });
}
