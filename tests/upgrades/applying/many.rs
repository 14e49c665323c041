//! Ten thousand objects: how much is asked, and how long it takes in the world's time.
use super::{config, ends, upgraded, with};
use crate::story;
use bluegreen::step::Step;
use http::Method;
use simulated_azure::Latency;
use std::collections::BTreeMap;

const MANY: usize = 10_000;

#[test]
fn ten_thousand_objects_are_read_in_lists_and_applied_within_the_steps_time() {
    story(|| async {
        let maps = (0..MANY)
            .map(|number| config(["default", "shop"][number % 2], &format!("map-{number}")))
            .collect::<String>();
        let maps = maps.replace("namespace: shop", "namespace: ingress");
        let shop = with(&[("maps.yaml", maps)]).await;
        shop.azure.world().latency = Some(Latency { call: 20..=60, ..Latency::of(7) });
        let run = ends(&shop).await;
        upgraded(&run);
        let world = shop.azure.world();
        let began = run.journal.iter().find(|entry| entry.after == Step::InstallControllers).unwrap().at;
        let ended =
            run.journal.iter().find(|entry| entry.before == Step::InstallControllers && entry.after != entry.before);
        let ended = ended.unwrap().at;
        let here =
            world.calls.iter().filter(|call| call.host.contains("azmk8s") && began <= call.at && call.at <= ended);
        let (mut reads, mut writes): (BTreeMap<_, usize>, usize) = (BTreeMap::new(), 0);
        for call in here {
            match call.method {
                Method::GET => *reads.entry(call.process.clone()).or_default() += 1,
                _ => writes += 1,
            }
        }
        let (looks, reads) = (
            run.journal.iter().filter(|entry| entry.before == Step::InstallControllers).count(),
            reads.values().sum::<usize>(),
        );
        let took = ended.duration_since(began).as_secs();
        println!("{MANY} objects: {writes} writes, {reads} reads in {looks} looks or so, {took} s");
        assert!(writes < MANY + 100, "{writes}");
        assert!(reads < 60 * (looks + 3), "{reads} reads in {looks} looks");
        assert!(took < 20 * 60, "{took} s");
    });
}
