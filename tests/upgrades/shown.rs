//! What somebody who is woken sees: for each situation the reason, its evidence, the deadline and the next command.
mod commands;
mod told;

use crate::way_back::night::Night;
use crate::{ask, quick, story, until};
use bluegreen::cli::status::screen;
use bluegreen::functions::overview::{Health, overview};
use bluegreen::functions::start::MOST_RUNS;
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::overview::{Overview, Serves, State, TrafficState};
use bluegreen::run::readiness::Ready;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Colour, Gate, Site, Stage};
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use jiff::SignedDuration;
use serde_json::{Value, json};
use simulated_azure::service_bus::Message;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

pub async fn seen(shop: &Shop) -> Overview {
    overview(&shop.operator, "shop", Health::AsAsked).await.expect("the store answers")
}

/// A situation as it must be shown.
struct Expected {
    state: State,
    why: &'static str,
    evidence: &'static str,
    /// What happens by itself, and whether it is said when.
    then: &'static str,
    dated: bool,
    /// The first thing to do.
    next: &'static str,
}

/// The document says it, and so does the screen.
fn shows(overview: &Overview, expected: &Expected) {
    let text = screen(overview);
    let run = overview.run.as_ref().expect("there is a run");
    assert_eq!(run.state, expected.state, "{text}");
    assert!(run.waits.why.contains(expected.why), "{}: {text}", expected.why);
    let evidence = run.waits.evidence.join("\n");
    assert!(evidence.contains(expected.evidence), "{}: {evidence}\n{text}", expected.evidence);
    let deadline = run.lasting.deadline.as_ref().expect("it is said what happens by itself");
    assert!(deadline.then.contains(expected.then), "{}: {text}", expected.then);
    assert_eq!(deadline.at.is_some(), expected.dated, "{text}");
    assert!(deadline.at.is_none_or(|at| at > overview.now), "it is not over yet: {text}");
    assert_eq!(overview.next[0].command, expected.next, "{text}");
    for said in [expected.why, expected.then, expected.next] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(overview.not_seen.is_empty(), "{text}");
}

/// What can be ordered is what is obeyed: the commands, and the verbs that are not.
fn can(overview: &Overview, possible: &[&str]) {
    let run = overview.run.as_ref().expect("there is a run");
    let offered: Vec<_> =
        run.orders.iter().filter(|order| order.possible).map(|order| order.command.as_str()).collect();
    assert_eq!(offered, possible, "{}", screen(overview));
    let refused = run.orders.iter().filter(|order| !order.possible);
    assert!(refused.into_iter().all(|order| order.why_not.as_ref().is_some_and(|why| !why.is_empty())));
}

fn two_stages(site: &mut Site) {
    site.stages = vec![Stage { share: 25, watch_minutes: 10 }, Stage { share: 100, watch_minutes: 2 }];
}

#[test]
fn a_run_that_waits_for_a_gate() {
    story(|| async {
        let night = Night::begin(|site| site.gates = vec![Gate { before: Step::ShiftTraffic, stage: 0 }]);
        night.is_held().await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Held,
                why: "an approval is needed before ShiftTraffic",
                evidence: "of its journal, by ValidateHealth",
                then: "it turns back, if nobody approves",
                dated: true,
                next: "bluegreen approve shop",
            },
        );
        can(
            &overview,
            &["bluegreen approve shop", "bluegreen abort shop", "bluegreen roll-back shop", "bluegreen finish shop"],
        );
        let deadline = overview.run.unwrap().lasting.deadline.unwrap().at.unwrap();
        let away = deadline.duration_since(night.now());
        assert!(away > SignedDuration::from_hours(23), "{away}");
    });
}

#[test]
fn a_run_that_waits_for_azure() {
    story(|| async {
        let night = Night::begin(|_| {});
        until(&night.shop, |run| run.step == Step::CreateCluster && run.following.is_some()).await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Moves,
                why: "",
                evidence: "a change of a cluster, by Azure's operation https://",
                then: "it turns back",
                dated: true,
                next: "bluegreen status shop --watch",
            },
        );
        let run = overview.run.as_ref().unwrap();
        assert!(run.lasting.next_look.is_some() && !run.waits.why.is_empty());
        assert!(
            run.waits.evidence.iter().all(|evidence| !evidence.contains('?')),
            "no signature of an address: {run:?}"
        );
        assert_eq!((overview.serving.colour, overview.serving.blue), (Some(Serves::Blue), Some(100)));
        assert_eq!(run.way_back.as_ref().map(|back| back.state), Some(Ready::Ready));
        can(&overview, &["bluegreen pause shop", "bluegreen abort shop", "bluegreen roll-back shop"]);
    });
}

#[test]
fn a_run_of_which_nobody_can_tell_whether_its_traffic_is_well() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        let well = seen(&night.shop).await;
        assert_eq!((well.serving.colour, well.serving.green), (Some(Serves::Both), Some(25)), "{}", screen(&well));
        let until_ = well.run.as_ref().unwrap().lasting.until.clone().expect("the watch has an end");
        assert!(screen(&well).contains("stage 1 of 2 (25 %)") && until_.at > well.now, "{}", screen(&well));
        night.falls_ill(Colour::Blue);
        until(&night.shop, |run| run.unclear.as_ref().is_some_and(|unclear| unclear.judged)).await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Moves,
                why: "it cannot be told whether the traffic is well: the gateway finds the old cluster unhealthy at",
                evidence: "unclear since ",
                then: "it is held for a person",
                dated: true,
                next: "bluegreen why shop",
            },
        );
        let run = overview.run.as_ref().unwrap();
        assert_eq!(run.traffic.state, TrafficState::Unclear);
        assert_eq!(run.way_back.as_ref().map(|back| back.state), Some(Ready::NotReady));
        assert_eq!(overview.next[1].command, "bluegreen break-glass shop --to green", "{:?}", overview.next);
    });
}

#[test]
fn a_run_that_a_person_has_paused() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.says(Verb::Pause, |order| order.reason = Some("lunch".into())).await.unwrap();
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Paused,
                why: "pause: lunch",
                evidence: "by person:alice",
                then: "a pause has no end",
                dated: false,
                next: "bluegreen resume shop",
            },
        );
        assert!(overview.needs_person());
    });
}

#[test]
fn a_run_that_is_held_for_a_foreign_write() {
    story(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::SyncWorkloads).await;
        let live = night.shop.article.live_pool.clone();
        night.stranger_writes(|gateway| {
            for pool in gateway["properties"]["backendAddressPools"].as_array_mut().unwrap() {
                if pool["name"] == live.as_str() {
                    pool["properties"]["backendAddresses"] = json!([{"ipAddress": "10.9.9.9"}]);
                }
            }
        });
        night.is_held().await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Held,
                why: "10.9.9.9",
                evidence: "of its journal",
                then: "a person is called again",
                dated: true,
                next: "bluegreen resume shop",
            },
        );
        assert_eq!(overview.serving.colour, Some(Serves::Neither), "{}", screen(&overview));
        assert!(screen(&overview).contains("10.9.9.9 (a stranger)"), "{}", screen(&overview));
    });
}

#[test]
fn a_run_whose_way_back_is_not_ready() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.is_stopped(Colour::Blue).await;
        night.is_held().await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::Held,
                why: "there is no way back: the old cluster (blue) is Stopp",
                evidence: "the old cluster is not ready to take the traffic back",
                then: "a person is called again",
                dated: true,
                next: "bluegreen resume shop",
            },
        );
        let run = overview.run.as_ref().unwrap();
        assert_eq!(run.way_back.as_ref().map(|back| back.state), Some(Ready::NotReady));
        let back = run.orders.iter().find(|order| order.verb == Verb::RollBack).unwrap();
        assert!(back.possible && back.command == "bluegreen roll-back shop --force", "{back:?}");
        assert!(back.why_not.as_ref().is_some_and(|why| why.contains("could not take the traffic")), "{back:?}");
    });
}

#[test]
fn a_run_that_was_turned_back() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        night.falls_ill(Colour::Green);
        night.comes_to(Step::RestoreTraffic).await;
        let overview = seen(&night.shop).await;
        shows(
            &overview,
            &Expected {
                state: State::TurnsBack,
                why: "",
                evidence: "the gateway finds the new cluster unhealthy at ",
                then: "it calls a person, and keeps trying",
                dated: true,
                next: "bluegreen status shop --watch",
            },
        );
        can(&overview, &["bluegreen finish shop"]);
    });
}

fn send(shop: &Shop, queue: &str, id: &str, body: &str) {
    let message = Message::new(body.to_owned()).with_id(id);
    shop.azure.world().service_bus.send(queue, message, shop.azure.clock().now()).unwrap();
    shop.azure.touch();
}

pub fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap()
}

#[test]
fn a_request_that_was_refused() {
    story(|| async {
        let shop = open();
        ask(&shop, "wrong", Kind::Upgrade, Some("1.99.0"));
        tokio::time::sleep(MINUTE).await;
        let (overview, text) = (seen(&shop).await, screen(&seen(&shop).await));
        let refused = overview.refused.first().expect("it is shown");
        assert!(refused.why.contains("the region offers no version 1.99.0"), "{text}");
        assert_eq!((refused.id.as_deref(), refused.again), (Some("wrong"), None), "never by itself: {text}");
        assert_eq!(overview.next[0].command, "bluegreen plan shop 1.99.0", "{text}");
        assert!(text.contains("[wrong]") && text.contains("bluegreen start shop 1.99.0"), "{text}");
    });
}

#[test]
fn a_request_that_waits_behind_ten_runs() {
    story(|| async {
        let shop = open();
        for site in 0..MOST_RUNS {
            // What cannot be read may be under way.
            let now = shop.azure.clock().now();
            shop.azure.world().blobs.put(ACCOUNT, RUNS, &format!("active/a{site}.json"), b"{", now);
        }
        ask(&shop, "eleventh", Kind::Upgrade, Some("latest-stable"));
        tokio::time::sleep(MINUTE).await;
        let (overview, text) = (seen(&shop).await, screen(&seen(&shop).await));
        let waits = overview.waiting.first().expect("it is shown");
        assert!(waits.why.contains("10 runs are under way in subscription"), "{text}");
        assert!(waits.again.is_some_and(|again| again > overview.now), "when it is asked again: {text}");
        assert_eq!(overview.next[0].command, "bluegreen status", "{text}");
        assert!(text.contains("asked again"), "{text}");
    });
}

#[test]
fn a_dead_letter() {
    story(|| async {
        let shop = open();
        let body = json!({"site": "shop", "version": "latest-stable"}).to_string();
        send(&shop, "dead-letters", "dead", &body);
        tokio::time::sleep(MINUTE).await;
        let (overview, text) = (seen(&shop).await, screen(&seen(&shop).await));
        let dead = overview.refused.first().expect("it is shown");
        assert!(dead.is_dead_letter() && dead.why.contains("it could not be handled"), "{text}");
        assert!(dead.came.as_ref().is_some_and(|came| came.contains("latest-stable")), "what came: {text}");
        assert_eq!(overview.next[0].command, "bluegreen dead-letters show dead", "{text}");
        assert_eq!(overview.next[1].command, "bluegreen dead-letters redrive dead", "{text}");
    });
}

#[test]
fn what_cannot_be_asked_is_said_and_the_rest_is_shown() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.shop.azure.world().faults.add(Fault::always(
            "away",
            On::host("management.").by("operator"),
            Effect::Refuse,
        ));
        night.shop.azure.world().faults.add(Fault::always("away", On::host("servicebus."), Effect::Refuse));
        let overview = seen(&night.shop).await;
        let text = screen(&overview);
        assert_eq!(overview.serving.colour, None, "nothing is guessed: {text}");
        assert!(text.contains("traffic    not seen") && text.contains("the gateway"), "{text}");
        assert!(text.contains("Soak") && text.contains("bluegreen roll-back shop"), "{text}");
        for noise in ["reqwest", "retry policy", "Some(", "Err("] {
            assert!(!text.contains(noise), "{noise}: {text}");
        }
    });
}

#[test]
fn the_document_is_stable_and_has_its_moments_in_utc() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        let document = serde_json::to_value(seen(&night.shop).await).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let whole = ["format", "site", "now", "serving", "clusters", "run", "next", "refused", "waiting", "notSeen"];
        assert_eq!(names(&document), whole);
        let run = [
            "id", "request", "asked", "kind", "version", "from", "to", "hop", "state", "ending", "failure", "step",
            "goal", "stage", "since", "until", "deadline", "nextLook", "overdue", "watched", "waits", "traffic",
            "wayBack", "orders",
        ];
        assert_eq!(names(&document["run"]), run);
        assert_eq!(document["run"]["stage"], json!({"number": 1, "of": 2, "asked": 25, "share": 25}));
        assert!(document["run"]["since"].as_str().unwrap().ends_with('Z'), "{document}");
        let verbs: Vec<_> = document["run"]["orders"].as_array().unwrap().iter().map(|order| &order["verb"]).collect();
        assert!(verbs.contains(&&json!("roll-back")), "{verbs:?}");
        let guide = include_str!("../../docs/operate.md");
        for name in whole.iter().chain(&run) {
            assert!(guide.contains(&format!("`{name}`")), "docs/operate.md does not name {name}");
        }
    });
}
