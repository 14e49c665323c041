//! Which pools it writes, whatever is there of them, and how it is known.
use super::{Person, addresses, members, open, pool, stranger, to, to_green};
use crate::story;
use crate::world_after::gateway;
use bluegreen::azure::break_glass::{Ended, Wish};
use bluegreen::resources::gateway::{BREAK_GLASS, Gateway};
use bluegreen::resources::tags::MARK_TAG;
use bluegreen::site::Colour;
use bluegreen::site::emergency::{Emergency, Given};
use serde_json::{Value, json};

/// The pool of this name, its listener and its rule are gone.
fn without(gateway: &mut Value, name: &str) {
    let properties = &mut gateway["properties"];
    for (collection, part) in [("backendAddressPools", name), ("httpListeners", name), ("requestRoutingRules", name)] {
        properties[collection].as_array_mut().unwrap().retain(|found| found["name"] != part);
    }
}

#[test]
fn no_missing_candidate_pool_stops_it() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        stranger(&shop, |body| without(body, "candidate"));
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Blue));
        person.was_told("candidate candidate  is not there");
    });
}

#[test]
fn the_candidate_pool_is_left_as_it_is() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let blue: Vec<_> = shop.site.slots.blue.addresses.iter().map(|address| json!({"ipAddress": address})).collect();
        stranger(&shop, |body| pool(body, "candidate")["properties"]["backendAddresses"] = blue.into());
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        for name in ["live", "candidate"] {
            assert_eq!(members(&shop, name), addresses(&shop, Colour::Blue), "{name}");
        }
        assert_eq!(members(&shop, "payments").len(), 2, "what is not ours stays");
    });
}

#[test]
fn an_absent_live_pool_does_not_keep_the_others_from_being_written() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let person = Person::of(&shop);
        let emergency = Emergency { live: vec!["gone".into(), "LIVE".into()], ..to(&shop, Colour::Blue) };
        assert_eq!(person.breaks_glass(&emergency, &Wish::default()).await, Ok(Ended::Done));
        assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Blue));
        person.was_told("live gone");
        let emergency = Emergency { live: vec!["gone".into()], ..to(&shop, Colour::Green) };
        let why = person.breaks_glass(&emergency, &Wish::default()).await.unwrap_err();
        assert!(why.contains("it has live, candidate, payments; say with --live-pool"), "{why}");
        assert_eq!(person.wrote().len(), 1);
    });
}

#[test]
fn flags_alone_are_enough_and_ids_are_compared_without_case() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let given = Given {
            gateway: Some(shop.article.gateway.to_uppercase()),
            live: vec!["Live".into()],
            addresses: shop.site.slots.blue.addresses.clone(),
            cluster: Some(shop.article.blue.replace("resourceGroups", "resourcegroups")),
            candidate: None,
        };
        let person = Person::of(&shop);
        let emergency = Emergency::of(&Value::Null, given, None).unwrap();
        assert_eq!(person.breaks_glass(&emergency, &Wish::default()).await, Ok(Ended::Done));
        person.was_told("the cluster aks-blue is there");
        assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Blue));
    });
}

/// So many tags of others are on the gateway.
fn crowded(gateway: &mut Value, count: usize) {
    let tags = gateway["tags"].as_object_mut().unwrap();
    (tags.len()..count).for_each(|number| drop(tags.insert(format!("tag{number}"), "x".into())));
}

#[test]
fn it_finds_room_for_its_mark_while_a_run_is_under_way() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        stranger(&shop, |body| crowded(body, 50));
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        let gateway = Gateway(gateway(&shop));
        assert!(gateway.mark().unwrap().starts_with(BREAK_GLASS));
        assert_eq!(gateway.0["tags"].as_object().unwrap().len(), 50);
    });
}

#[test]
fn without_room_for_a_mark_it_writes_all_the_same_and_says_so() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        stranger(&shop, |body| {
            body["tags"].as_object_mut().unwrap().remove(MARK_TAG);
            crowded(body, 50);
        });
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        assert_eq!((Gateway(gateway(&shop)).mark(), members(&shop, "live")), (None, addresses(&shop, Colour::Blue)));
        person.was_told("no room for a mark: a run under way does not see this");
        person.was_told("without a mark");
    });
}
