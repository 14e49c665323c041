//! What happens after the write: it takes effect, somebody writes over it, it stays.
use super::{Person, addresses, members, open, pool, seconds, stranger, to, to_green};
use crate::story;
use crate::world_after::gateway;
use bluegreen::azure::break_glass::{Ended, Wish};
use bluegreen::resources::gateway::Gateway;
use bluegreen::site::Colour;
use http::{Method, StatusCode};
use simulated_azure::{Effect, Fault, On};

#[test]
fn success_is_said_only_when_nobody_wrote_over_it_for_three_minutes() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let person = Person::of(&shop);
        assert_eq!(person.sends_all_to(Colour::Blue).await, Ok(Ended::Done));
        let lasted = shop.azure.clock().now().duration_since(person.wrote()[0]).as_secs();
        // The write of 40 s, and three minutes.
        assert!((220..240).contains(&lasted), "{lasted}");
        person.was_told("it is in force; watching on for 3 min");
    });
}

#[test]
fn a_runs_mark_over_it_is_written_over_once_more_and_said() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let person = Person::of(&shop);
        let run = async {
            seconds(150).await;
            to_green(&shop, "shop-1/stale");
        };
        let (ended, ()) = tokio::join!(person.sends_all_to(Colour::Blue), run);
        assert_eq!(ended, Ok(Ended::Done), "{:#?}", person.told);
        person.was_told("the run of the mark shop-1/stale wrote over it: writing once more");
        assert_eq!((person.wrote().len(), members(&shop, "live")), (2, addresses(&shop, Colour::Blue)));
        assert!(Gateway(gateway(&shop)).is_glass_broken());
        let since = shop.azure.clock().now().duration_since(person.wrote()[1]).as_secs();
        assert!(since >= 220, "watched anew: {since}");
    });
}

#[test]
fn a_write_that_a_run_supersedes_is_written_once_more() {
    story(|| async {
        let shop = open();
        to_green(&shop, "shop-1/a");
        let person = Person::of(&shop);
        let run = async {
            seconds(20).await;
            to_green(&shop, "shop-1/stale");
        };
        let (ended, ()) = tokio::join!(person.sends_all_to(Colour::Blue), run);
        assert_eq!((ended, person.wrote().len()), (Ok(Ended::Done), 2), "{:#?}", person.told);
        assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Blue));
    });
}

#[test]
fn a_run_that_writes_over_it_a_second_time_is_no_success() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        let run = async {
            for mark in ["shop-1/b", "shop-1/c"] {
                seconds(100).await;
                to_green(&shop, mark);
            }
        };
        let (ended, ()) = tokio::join!(person.sends_all_to(Colour::Blue), run);
        let why = ended.unwrap_err();
        assert!(why.contains("shop-1/c") && why.contains("a second time") && why.contains("pause"), "{why}");
        assert_eq!(person.wrote().len(), 2, "never a write war");
    });
}

#[test]
fn a_foreign_writer_over_it_is_named_and_not_written_over() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        let stranger = async {
            seconds(100).await;
            let elsewhere = serde_json::json!([{"ipAddress": "10.9.9.9"}]);
            // It carries our mark along.
            stranger(&shop, |body| pool(body, "live")["properties"]["backendAddresses"] = elsewhere);
        };
        let (ended, ()) = tokio::join!(person.sends_all_to(Colour::Blue), stranger);
        let why = ended.unwrap_err();
        assert!(why.contains("live: 10.9.9.9") && why.contains("activity log"), "{why}");
        assert_eq!(person.wrote().len(), 1);
    });
}

#[test]
fn what_is_refused_for_now_or_lost_is_read_and_written_anew() {
    story(|| async {
        let put = || On::call(Method::PUT, "/applicationgateways/");
        for effect in [
            Effect::throttle(7),
            Effect::status(StatusCode::CONFLICT),
            Effect::status(StatusCode::PRECONDITION_FAILED),
            Effect::status(StatusCode::SERVICE_UNAVAILABLE),
            Effect::LoseAnswer,
        ] {
            let shop = open();
            to_green(&shop, "shop-1/a");
            shop.azure.world().faults.add(Fault::once("once", put(), effect.clone()));
            let person = Person::of(&shop);
            let ended = person.sends_all_to(Colour::Blue).await;
            assert_eq!((ended, person.wrote().len()), (Ok(Ended::Done), 2), "{effect:?}: {:#?}", person.told);
            assert_eq!(members(&shop, "live"), addresses(&shop, Colour::Blue));
        }
    });
}

#[test]
fn each_error_says_what_to_do_next() {
    story(|| async {
        let shop = open();
        let person = Person::of(&shop);
        let mut elsewhere = to(&shop, Colour::Blue);
        elsewhere.gateway.push('x');
        let why = person.breaks_glass(&elsewhere, &Wish::default()).await.unwrap_err();
        assert!(why.contains("say with --gateway") && why.contains("ResourceNotFound"), "{why}");
        let refused = Effect::status(StatusCode::FORBIDDEN);
        shop.azure.world().faults.add(Fault::always("no", On::call(Method::PUT, "/applicationgateways/"), refused));
        let why = person.sends_all_to(Colour::Blue).await.unwrap_err();
        assert!(why.contains("your account needs the right to read and write the gateway"), "{why}");
    });
}
