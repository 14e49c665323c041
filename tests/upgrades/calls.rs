//! Who is told of what: a person at night, at once and once a day; the others when a run turns back or is over.
use crate::way_back::night::Night;
use crate::{ask, quick, story, until};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Level, Run};
use bluegreen::site::{Colour, Stage};
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use jiff::SignedDuration;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while a story is told.
pub fn logged<Story: Future<Output = ()>>(tells: impl FnOnce() -> Story) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // While there is only one subscriber, a place that is first reached on another thread is switched off for ever.
    let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _subscribed = tracing::subscriber::set_default(subscriber);
    story(tells);
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

/// The lines of calls of this level.
fn calls(said: &str, level: Level) -> Vec<&str> {
    let field = format!("call=\"{}\"", level.name());
    said.lines().filter(|line| line.contains(&field)).collect()
}

fn told(run: &Run, level: Level) -> Vec<&str> {
    run.journal.iter().filter(|entry| entry.level() == level).map(|entry| entry.what.as_str()).collect()
}

fn two_stages(site: &mut bluegreen::site::Site) {
    site.stages = vec![Stage { share: 25, watch_minutes: 10 }, Stage { share: 100, watch_minutes: 2 }];
}

#[test]
fn an_upgrade_that_goes_well_tells_its_end_and_nothing_else() {
    let said = logged(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
        ask(&shop, "well", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.ending.is_some()).await;
    });
    let levels = [Level::NeedsPerson, Level::TurnedBack, Level::Finished].map(|level| calls(&said, level).len());
    assert_eq!(levels, [0, 0, 1]);
}

#[test]
fn an_upgrade_that_turns_back_says_so_once_with_its_evidence() {
    let said = logged(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        night.falls_ill(Colour::Green);
        night.ends(Ending::RolledBack).await;
    });
    let (needs, turned) = (calls(&said, Level::NeedsPerson), calls(&said, Level::TurnedBack));
    assert!(needs.is_empty() && turned.len() == 1, "{needs:#?} {turned:#?}");
    assert!(turned[0].contains("turned back: the gateway finds the new cluster unhealthy at "), "{}", turned[0]);
    assert!(turned[0].contains("cause=\"turned-back\"") && turned[0].contains("number="), "{}", turned[0]);
}

#[test]
fn an_old_cluster_that_falls_ill_calls_at_once_and_what_is_inconclusive_after_five_minutes() {
    story(|| async {
        let night = Night::begin(two_stages);
        night.comes_to(Step::ConfirmTraffic).await;
        let ill = night.now();
        night.falls_ill(Colour::Blue);
        let called = until(&night.shop, |run| told(run, Level::NeedsPerson).len() == 1).await;
        let lost = told(&called, Level::NeedsPerson)[0];
        assert!(lost.starts_with("there is no way back: the gateway finds the old cluster unhealthy at "), "{lost}");
        assert!(night.now().duration_since(ill) < SignedDuration::from_mins(3));
        let called = until(&night.shop, |run| told(run, Level::NeedsPerson).len() == 2).await;
        let why = "it cannot be told whether the traffic is well: the gateway finds the old cluster unhealthy at ";
        assert!(told(&called, Level::NeedsPerson)[1].contains(why), "{called:?}");
        assert!(night.now().duration_since(ill) < SignedDuration::from_mins(9));
        let held = night.is_held().await;
        let why = held.held.as_ref().unwrap().why.clone();
        assert!(
            why.starts_with("ConfirmTraffic was not done in time: the gateway finds the old cluster unhealthy"),
            "{why}"
        );
        assert_eq!(told(&held, Level::NeedsPerson).len(), 3, "{:?}", held.journal);
    });
}

#[test]
fn a_pause_of_more_than_a_day_calls_nobody() {
    let said = logged(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.says(Verb::Pause, |_| {}).await.unwrap();
        night.minutes(26 * 60).await;
        assert!(night.run().held.is_some());
    });
    assert_eq!(calls(&said, Level::NeedsPerson), Vec::<&str>::new());
}

/// A lifecycle policy, a tidy person.
#[test]
fn a_run_whose_document_is_gone_calls_and_daily() {
    let said = logged(|| async {
        let night = Night::begin(|site| site.soak_minutes = 600);
        night.comes_to(Step::Soak).await;
        night.minutes(2).await;
        let document = night.shop.document().unwrap();
        night.shop.azure.world().blobs.remove(ACCOUNT, RUNS, "active/shop.json");
        tokio::time::sleep(25 * HOUR).await;
        assert!(night.shop.run().is_none());
        let now = night.now();
        night.shop.azure.world().blobs.put(ACCOUNT, RUNS, "active/shop.json", &document, now);
        night.minutes(60).await;
        let (held, swept) =
            (night.run().held.clone(), night.run().journal.iter().any(|entry| entry.what.contains("sent again")));
        assert!(held.is_some_and(|hold| hold.why.contains("not done in time")) && swept, "it went on, and is late");
    });
    let calls = calls(&said, Level::NeedsPerson);
    let gone: Vec<_> = calls.iter().filter(|line| line.contains("cause=\"run-gone/shop\"")).collect();
    assert_eq!(gone.len(), 2, "at once, and a day later: {calls:#?}");
    for part in ["active/shop.json", "Undelete the blob", "bluegreen break-glass shop --to COLOUR"] {
        assert!(gone[0].contains(part), "{part}: {}", gone[0]);
    }
}

#[test]
fn an_ended_run_may_be_tidied_away() {
    let said = logged(|| async {
        let night = Night::begin(|_| {});
        night.ends(Ending::Upgraded).await;
        night.minutes(5).await;
        night.shop.azure.world().blobs.remove(ACCOUNT, RUNS, "active/shop.json");
        night.minutes(60).await;
    });
    assert_eq!(calls(&said, Level::NeedsPerson), Vec::<&str>::new());
}

#[test]
fn an_unreadable_document_calls_daily_and_stops_no_other_site() {
    for text in ["{\"format\":1,\"id\":\"aaa-1\",\"pl", "", "{\"format\": 99}"] {
        let said = logged(|| async {
            let night = Night::begin(|site| site.soak_minutes = 600);
            night.comes_to(Step::ConfirmTraffic).await;
            let now = night.now();
            night.shop.azure.world().blobs.put(ACCOUNT, RUNS, "active/aaa.json", text.as_bytes(), now);
            night.minutes(5).await;
            night.falls_ill(Colour::Green);
            night.ends(Ending::RolledBack).await;
            night.minutes(25 * 60).await;
        });
        let calls = calls(&said, Level::NeedsPerson);
        assert!(
            calls.len() == 2 && calls.iter().all(|line| line.contains("cause=\"run-unreadable/aaa\"")),
            "{calls:#?}"
        );
        assert!(calls[0].contains("its traffic is not watched"), "{}", calls[0]);
    }
}

#[test]
fn an_event_whose_run_is_gone_calls_though_no_check_comes() {
    let said = logged(|| async {
        let night = Night::begin(|_| {});
        night.comes_to(Step::CreateCluster).await;
        night.shop.azure.world().blobs.remove(ACCOUNT, RUNS, "active/shop.json");
        tokio::time::sleep(10 * MINUTE).await;
    });
    let calls = calls(&said, Level::NeedsPerson);
    assert!(calls.len() == 1 && calls[0].contains("run-gone/shop"), "{calls:#?}");
}
