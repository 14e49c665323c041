//! A whole upgrade in each cloud, and what is said where a cloud does not know the version of an API.
use crate::world_after::{gateway, is_well};
use crate::{ask, quick, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use simulated_azure::{Cloud, article};
use std::collections::BTreeSet;
use std::time::Duration;

fn open(cloud: Cloud) -> Shop {
    let base = article::Options { cloud, ..article::Options::default() };
    Shop::open(&Options { base, ..Options::default() }, quick).unwrap()
}

#[test]
fn an_upgrade_stays_within_its_cloud() {
    for cloud in Cloud::ALL {
        story(|| async {
            let shop = open(cloud);
            let before = gateway(&shop);
            let told = play(&shop, Plot::default()).await.unwrap();
            is_well(&shop, &told, &before);
            assert_eq!(told.run.ending, Some(Ending::Upgraded), "{cloud:?}");
            let world = shop.azure.world();
            let own = [
                cloud.resource_manager(),
                cloud.login(),
                cloud.storage(),
                cloud.bus(),
                cloud.api_servers(),
                "169.254.169.254",
                "shop.example.com",
            ];
            let hosts: BTreeSet<_> = world.calls.iter().map(|call| call.host.clone()).collect();
            let strange: Vec<_> = hosts.iter().filter(|host| !own.iter().any(|name| host.ends_with(name))).collect();
            assert!(strange.is_empty(), "{cloud:?}: {strange:?}");
            assert!(hosts.len() >= 6, "{cloud:?}: {hosts:?}");
        });
    }
}

#[test]
fn a_cloud_that_does_not_know_the_version_of_an_api_is_told_with_the_remedy() {
    for (provider, setting) in [
        ("Microsoft.ContainerService", "CONTAINER_SERVICE_API_VERSION"),
        ("Microsoft.Network", "NETWORK_API_VERSION"),
        ("Microsoft.Compute", "COMPUTE_API_VERSION"),
    ] {
        story(|| async {
            let shop = open(Cloud::China);
            shop.azure.world().resource_manager.serve_api_versions(provider, &["2022-01-01", "2023-04-01"]);
            ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
            let run = shop.settled("story", Duration::from_secs(24 * 3600)).await;
            let refused = || {
                let world = shop.azure.world();
                let names = world.blobs.names(&shop.account, bluegreen::store::RUNS, "refusals/");
                let record =
                    |name: &String| world.blobs.get(&shop.account, bluegreen::store::RUNS, name).unwrap().to_vec();
                names.iter().map(|name| String::from_utf8(record(name)).unwrap()).collect::<String>()
            };
            let said = run.map_or_else(refused, |run| {
                assert_eq!(run.ending, Some(Ending::Rejected), "{provider}");
                run.journal.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>().join("\n")
            });
            assert!(said.contains(&format!("set {setting} to the newest")) && said.contains("2023-04-01"), "{said}");
        });
    }
}
