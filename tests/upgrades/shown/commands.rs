//! Commands that order, start, wait and send again: what they do to the world, and how they end.
use super::{open, seen, send};
use crate::way_back::night::Night;
use crate::{ask, story, until};
use bluegreen::cli::dead_letters::{DeadLetters, dead_letters};
use bluegreen::cli::exit::Exit;
use bluegreen::cli::orders::{More, Said, give};
use bluegreen::cli::plan::{Planned, planned};
use bluegreen::cli::runs::{exported, history, show, timeline, why};
use bluegreen::cli::serving::{Serving, serving};
use bluegreen::cli::sites::{rename, unpublish};
use bluegreen::cli::start::{Start, start};
use bluegreen::cli::wait::{Awaited, Wait, wait};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::Shop;
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Colour, Gate, Stage};
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

fn code(exit: Exit) -> ExitCode {
    exit.into()
}

fn said(yes: bool) -> Said {
    Said { site: "shop".into(), yes, reason: Some("a test".into()), ..Said::default() }
}

fn request(version: &str, no_wait: bool) -> Start {
    let (site, version) = ("shop".to_owned(), Some(version.to_owned()));
    Start { site, version, kind: Kind::Upgrade, reason: None, no_wait, timeout: 180, by: None }
}

async fn waits(shop: &Shop, awaited: Awaited, minutes: u64) -> ExitCode {
    let wanted = Wait { site: "shop".into(), until: awaited, timeout: minutes, run: None };
    wait(&shop.operator, &wanted).await.unwrap()
}

#[test]
fn an_order_is_given_in_the_name_of_the_account_and_never_without_a_yes() {
    story(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        let run = night.comes_to(Step::Soak).await;
        let app = &night.shop.operator;
        // A test has no terminal.
        let nobody = give(app, "alice@example.com", Verb::Pause, said(false), More::default()).await.unwrap();
        assert_eq!((nobody, night.run().held.is_some()), (code(Exit::Usage), false));
        let paused = give(app, "alice@example.com", Verb::Pause, said(true), More::default()).await.unwrap();
        let now = night.run();
        assert_eq!((paused, now.held.as_ref().map(|hold| hold.paused)), (code(Exit::Done), Some(true)));
        assert!(now.journal.iter().any(|entry| entry.who == "person:alice@example.com"), "{:?}", now.journal);
        // Whoever saw another place is refused, though it would be obeyed here.
        let moved = Said { step: Some(Step::ConfirmTraffic), ..said(true) };
        let refused = give(app, "alice", Verb::Resume, moved, More::default()).await.unwrap();
        assert_eq!((refused, night.run().hop), (code(Exit::Otherwise), now.hop));
        let elsewhere = Said { run: Some("shop-0".into()), ..said(true) };
        let refused = give(app, "alice", Verb::RollBack, elsewhere, More::default()).await.unwrap();
        assert_eq!((refused, night.run().hop), (code(Exit::Otherwise), now.hop));
        let back = give(app, "alice", Verb::RollBack, said(true), More::default()).await.unwrap();
        assert_eq!((back, night.run().step), (code(Exit::Done), Step::RestoreTraffic));
        let ended = night.ends(Ending::RolledBack).await;
        assert!(ended.journal.iter().any(|entry| entry.what == "roll-back: a test"), "spelt one way: {run:?}");
        let none = Said { site: "nowhere".into(), ..said(true) };
        assert_eq!(give(app, "alice", Verb::Pause, none, More::default()).await.unwrap(), code(Exit::Nothing));
    });
}

#[test]
fn a_start_is_looked_at_first_and_waits_for_its_run() {
    story(|| async {
        let shop = open();
        let app = &shop.operator;
        for (version, exit) in [("1.99", Exit::Usage), ("1.99.0", Exit::Otherwise)] {
            assert_eq!(start(app, "alice", request(version, false)).await.unwrap(), code(exit), "{version}");
        }
        let unknown = Start { site: "nowhere".into(), ..request("latest-stable", false) };
        assert_eq!(start(app, "alice", unknown).await.unwrap(), code(Exit::Nothing));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(shop.run().is_none() && seen(&shop).await.refused.is_empty(), "nothing was sent");
        assert_eq!(start(app, "alice", request("latest-stable", false)).await.unwrap(), code(Exit::Done));
        let run = shop.run().expect("it was waited for");
        assert!(run.journal[0].what.contains("alice"), "{:?}", run.journal);
        assert_eq!(start(app, "alice", request("latest-patch", false)).await.unwrap(), code(Exit::Otherwise));
    });
}

#[test]
fn a_start_with_the_app_stopped_says_that_nobody_took_it() {
    story(|| async {
        let shop = open();
        shop.host.stop();
        let late = start(&shop.operator, "alice", request("latest-stable", false)).await.unwrap();
        assert_eq!((late, shop.run().is_none()), (code(Exit::TooLate), true));
        let sent = start(&shop.operator, "alice", request("latest-stable", true)).await.unwrap();
        assert_eq!(sent, code(Exit::Done), "--no-wait waits for nobody");
    });
}

#[test]
fn a_pipeline_waits_for_a_gate_and_for_the_end() {
    story(|| async {
        let night = Night::begin(|site| site.gates = vec![Gate { before: Step::ShiftTraffic, stage: 0 }]);
        night.comes_to(Step::CheckPlan).await;
        let (shop, app) = (&night.shop, &night.shop.operator);
        assert_eq!(waits(shop, Awaited::Gate, 1).await, code(Exit::TooLate));
        assert_eq!(waits(shop, Awaited::Gate, 600).await, code(Exit::Done));
        assert_eq!(waits(shop, Awaited::Ending, 600).await, code(Exit::Held), "whoever waits on would wait for ever");
        assert_eq!(give(app, "alice", Verb::Approve, said(true), More::default()).await.unwrap(), code(Exit::Done));
        assert_eq!(waits(shop, Awaited::Moved, 600).await, code(Exit::Done));
        assert_eq!(waits(shop, Awaited::Ending, 600).await, code(Exit::Done));
        assert_eq!(night.run().ending, Some(Ending::Upgraded));
        assert_eq!(waits(shop, Awaited::Gate, 600).await, code(Exit::Otherwise), "it comes no more");
        let wanted = Serving { site: "shop".into(), kubeconfig: true, json: false };
        assert_eq!(serving(app, &wanted).await.unwrap(), code(Exit::Done));
        for shown in [why(app, "shop", false).await, history(app, "shop", true).await, show(app, "shop").await] {
            assert_eq!(shown.unwrap(), code(Exit::Done));
        }
        assert_eq!(show(app, "shop-000000000000").await.unwrap(), code(Exit::Nothing));
    });
}

#[test]
fn who_serves_while_traffic_moves_is_no_single_cluster() {
    story(|| async {
        let night = Night::begin(|site| {
            site.stages = vec![Stage { share: 50, watch_minutes: 60 }, Stage { share: 100, watch_minutes: 2 }];
        });
        night.comes_to(Step::ConfirmTraffic).await;
        let wanted = Serving { site: "shop".into(), kubeconfig: false, json: true };
        assert_eq!(serving(&night.shop.operator, &wanted).await.unwrap(), code(Exit::Otherwise));
        night.falls_ill(Colour::Green);
        let run = night.ends(Ending::RolledBack).await;
        let shown = timeline(&run, night.now());
        let members: Vec<_> = shown.lines().filter(|line| line.contains("the gateway's members")).collect();
        assert_eq!(members.len(), 3, "before, half, and back: {shown}");
        assert_eq!(run.stages_in_force().iter().flatten().max(), Some(&0), "the second stage never came");
        let document = exported(&run, night.now()).unwrap().to_string();
        assert!(document.contains("rolledBack") && !document.contains("api-version"), "{document}");
    });
}

#[test]
fn a_plan_is_judged_without_a_run_or_a_write() {
    story(|| async {
        let shop = open();
        let wanted =
            |version: &str| Planned { site: "shop".into(), version: Some(version.into()), kind: Kind::Upgrade };
        let fine = planned(&shop.operator, "alice", wanted("latest-stable")).await.unwrap();
        assert_eq!(fine, code(Exit::Done));
        assert_eq!(planned(&shop.operator, "alice", wanted("1.99.0")).await.unwrap(), code(Exit::Otherwise));
        let world = shop.azure.world();
        let writes = world.calls.iter().filter(|call| call.process == "operator" && call.method != "GET");
        let writes: Vec<_> = writes.map(|call| (&call.method, &call.path)).collect();
        assert!(writes.is_empty(), "{writes:?}");
        assert!(world.blobs.get(ACCOUNT, RUNS, "active/shop.json").is_none(), "there is no run");
    });
}

#[test]
fn a_dead_letter_is_sent_again_and_validated_again() {
    story(|| async {
        let shop = open();
        let app = &shop.operator;
        for (id, body) in [
            ("good", json!({"site": "shop", "version": "latest-stable"})),
            ("wrong", json!({"site": "shop", "colour": 1})),
            ("elsewhere", json!({"site": "nowhere", "version": "latest-stable"})),
        ] {
            send(&shop, "dead-letters", id, &body.to_string());
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let does = |command: DeadLetters| async { dead_letters(app, "alice", command).await.unwrap() };
        assert_eq!(does(DeadLetters::List).await, code(Exit::Done));
        assert_eq!(does(DeadLetters::Show { id: "good".into() }).await, code(Exit::Done));
        for id in ["wrong", "elsewhere"] {
            assert_eq!(does(DeadLetters::Redrive { id: id.into() }).await, code(Exit::Otherwise), "{id}");
        }
        assert_eq!(does(DeadLetters::Redrive { id: "good".into() }).await, code(Exit::Done));
        let run = until(&shop, |_| true).await;
        assert_eq!(run.request, "good");
        assert_eq!(does(DeadLetters::Show { id: "good".into() }).await, code(Exit::Nothing));
        assert_eq!(
            does(DeadLetters::Redrive { id: "shop".into() }).await,
            code(Exit::Otherwise),
            "none of its were lost"
        );
        assert_eq!(does(DeadLetters::Discard { id: "wrong".into() }).await, code(Exit::Done));
        assert_eq!(does(DeadLetters::Discard { id: "wrong".into() }).await, code(Exit::Nothing));
    });
}

#[test]
fn a_site_is_renamed_or_taken_away_only_while_no_run_is_under_way() {
    story(|| async {
        let shop = open();
        let (app, gateway) = (&shop.operator, shop.site.gateway.clone());
        let owner = || async { app.store.gateways_site(&gateway).await.unwrap() };
        assert_eq!(rename(app, "shop", "Shop!", true).await.unwrap(), code(Exit::Usage));
        assert_eq!(rename(app, "shop", "store", false).await.unwrap(), code(Exit::Usage), "nobody said yes");
        assert_eq!(rename(app, "shop", "store", true).await.unwrap(), code(Exit::Done));
        assert_eq!(
            (owner().await.as_deref(), app.store.sites().await.unwrap()),
            (Some("store"), vec!["store".to_owned()])
        );
        assert_eq!(rename(app, "store", "shop", true).await.unwrap(), code(Exit::Done));
        ask(&shop, "one", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::CreateCluster).await;
        for refused in [unpublish(app, "shop", None, true).await, rename(app, "shop", "store", true).await] {
            assert_eq!(refused.unwrap(), code(Exit::Otherwise));
        }
        assert_eq!(owner().await.as_deref(), Some("shop"));
        until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(unpublish(app, "shop", None, true).await.unwrap(), code(Exit::Done));
        assert_eq!((owner().await, app.store.sites().await.unwrap()), (None, vec![]), "the reservation is given back");
        assert_eq!(unpublish(app, "shop", None, true).await.unwrap(), code(Exit::Nothing));
    });
}
