//! What lies around the clusters and the gateway: seen before a run begins, and proof only while it is as it was.
use crate::way_back::night::Night;
use crate::{journal, story, upgraded};
use bluegreen::local::shop::Shop;
use bluegreen::run::Ending;
use bluegreen::site::{OldCluster, Site};
use bluegreen::step::Step;
use serde_json::{Value, json};

pub fn place(shop: &Shop, id: &str, body: Value) {
    let now = shop.azure.clock().now();
    let world = &mut *shop.azure.world();
    world.resource_manager.place(id, body, &mut world.kubernetes, now);
}

/// The old cluster with this in its properties.
fn old_with(shop: &Shop, member: &str, value: Value) {
    let mut blue = shop.azure.world().resource_manager.resource(&shop.article.blue).cloned().unwrap();
    blue["properties"][member] = value;
    place(shop, &shop.article.blue, blue);
}

#[test]
fn smoke_tests_that_another_listener_takes_prove_nothing() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::ValidateHealth).await;
        let id = night.shop.article.gateway.clone();
        let to = |kind: &str, name: &str| json!({"id": format!("{id}/{kind}/{name}")});
        // The old cluster answers to the tests' host name, from a pool of somebody else's.
        night.stranger_writes(|gateway| {
            let properties = &mut gateway["properties"];
            let mut pool = properties["backendAddressPools"][0].clone();
            let mut listener = properties["httpListeners"][1].clone();
            let mut rule = properties["requestRoutingRules"][1].clone();
            for (part, kind) in [
                (&mut pool, "backendAddressPools"),
                (&mut listener, "httpListeners"),
                (&mut rule, "requestRoutingRules"),
            ] {
                part["name"] = json!("mirror");
                part["id"] = to(kind, "mirror")["id"].clone();
            }
            listener["properties"]["hostName"] = json!("*.shop.example.com");
            rule["properties"]["priority"] = json!(1);
            rule["properties"]["httpListener"] = to("httpListeners", "mirror");
            rule["properties"]["backendAddressPool"] = to("backendAddressPools", "mirror");
            for (part, kind) in
                [(pool, "backendAddressPools"), (listener, "httpListeners"), (rule, "requestRoutingRules")]
            {
                properties[kind].as_array_mut().unwrap().push(part);
            }
        });
        night.minutes(20).await;
        let run = night.run();
        assert_eq!((run.step, run.held.is_none()), (Step::ValidateHealth, true), "{}", journal(&run));
        assert!(journal(&run).contains("the listener mirror leads it to mirror"), "{}", journal(&run));
        night.stranger_writes(|gateway| {
            for kind in ["requestRoutingRules", "httpListeners", "backendAddressPools"] {
                gateway["properties"][kind].as_array_mut().unwrap().retain(|part| part["name"] != "mirror");
            }
        });
        night.ends(Ending::Upgraded).await;
    });
}

#[test]
fn what_azure_would_refuse_at_the_end_is_refused_at_the_beginning() {
    story(|| async {
        let lock = |shop: &Shop| {
            let group =
                format!("/subscriptions/{}/resourceGroups/{}", shop.article.subscription, shop.article.resource_group);
            let id = format!("{group}/providers/Microsoft.Authorization/locks/careful");
            place(shop, &id, json!({"properties": {"level": "CanNotDelete"}}));
        };
        let (_, run) = upgraded(|_| {}, lock).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        assert!(journal(&run).contains("the lock careful on /subscriptions/"), "{}", journal(&run));
        let provisioned = |shop: &Shop| old_with(shop, "nodeProvisioningProfile", json!({"mode": "Auto"}));
        let (_, run) = upgraded(|site| site.old_cluster = OldCluster::Stop, provisioned).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        assert!(journal(&run).contains("Azure stops no cluster whose nodes"), "{}", journal(&run));
    });
}

#[test]
fn a_group_for_nodes_that_is_there_already_is_seen() {
    story(|| async {
        let named = |site: &mut Site| site.slots.green.node_resource_group = Some("rg-nodes-green".into());
        let (shop, run) = upgraded(named, |_| {}).await;
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        let green = shop.azure.world().resource_manager.resource(&shop.article.green).cloned().unwrap();
        assert_eq!(green["properties"]["nodeResourceGroup"], "rg-nodes-green");
        let taken = |shop: &Shop| {
            let mut world = shop.azure.world();
            world.resource_manager.add_group(&shop.article.subscription, "RG-nodes-green", "westeurope");
        };
        let (_, run) = upgraded(named, taken).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        assert!(journal(&run).contains("the group rg-nodes-green exists"), "{}", journal(&run));
    });
}

#[test]
fn a_cluster_that_goes_out_by_routes_is_replaced_where_they_are() {
    let routed = |shop: &Shop, routes: Value| {
        let table = shop.article.public_address.replace("publicIPAddresses/pip-shop", "routeTables/out");
        place(shop, &table, json!({"location": "westeurope", "properties": {"routes": routes}}));
        for (id, prefix) in [(&shop.article.blue_subnet, "10.1.0.0/20"), (&shop.article.green_subnet, "10.1.16.0/20")] {
            place(shop, id, json!({"properties": {"addressPrefix": prefix, "routeTable": {"id": table}}}));
        }
        old_with(shop, "networkProfile", json!({"networkPlugin": "azure", "outboundType": "userDefinedRouting"}));
    };
    let firewall = json!([{"name": "out", "properties":
        {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"}}]);
    for (routes, ending) in [(firewall, Ending::Upgraded), (json!([]), Ending::Rejected)] {
        story(|| async {
            // Nobody answers for the API server of a cluster that is registered anew.
            let (_, run) = upgraded(|site| site.singletons.clear(), |shop| routed(shop, routes)).await;
            assert_eq!(run.ending, Some(ending), "{}", journal(&run));
            let says_so = journal(&run).contains("the route table out has no route 0.0.0.0/0");
            assert_eq!(says_so, ending == Ending::Rejected, "{}", journal(&run));
        });
    }
}
