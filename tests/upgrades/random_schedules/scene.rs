//! A schedule as it is played: incidents happen when their time has come, people order, held runs are released.
use super::schedule::{Incident, Schedule};
use super::trouble::Loss;
use super::what::{CallFault, Doomed, Place, What};
use crate::order_of;
use crate::world_after::{gateway, is_well, nothing_runs_twice};
use bluegreen::functions::orders::{Obeyed, give};
use bluegreen::local::failures::break_green_until;
use bluegreen::local::shop::{Shop, app_of};
use bluegreen::local::story::tell;
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::run::Run;
use bluegreen::run::event::{Event, STEPS};
use bluegreen::run::verbs::{Order, Refusal, Verb};
use bluegreen::step::Step;
use fastrand::Rng;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulated_azure::service_bus::Message;
use simulated_azure::{Effect, Fault, On, Process};
use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::time::Duration;

/// No story takes longer, with every outage and every person's night's rest.
const LIMIT: SignedDuration = SignedDuration::from_hours(72);
/// A run that a person must release more often than this has no way out.
const MOST_RELEASES: u32 = 12;

pub struct Scene<'a> {
    pub shop: &'a Shop,
    pub schedule: &'a Schedule,
    began: Timestamp,
    dice: RefCell<Rng>,
    /// The gateway as it should be but for what is ours.
    pub before: RefCell<Value>,
    /// The gateway before the story.
    pub at_first: Value,
    /// When which cluster could not serve.
    pub losses: RefCell<Vec<Loss>>,
    /// Incidents that are no scripted calls: name and moment.
    hits: RefCell<Vec<(&'static str, Timestamp)>>,
    /// Operations that are still to fail.
    doomed: RefCell<Vec<String>>,
    events: RefCell<Vec<Event>>,
    people: Cell<u32>,
    releases: Cell<u32>,
}

impl<'a> Scene<'a> {
    pub fn new(shop: &'a Shop, schedule: &'a Schedule) -> Self {
        Self {
            shop,
            schedule,
            began: shop.azure.clock().now(),
            dice: RefCell::new(Rng::with_seed(schedule.seed ^ 0x5eed)),
            before: RefCell::new(gateway(shop)),
            at_first: gateway(shop),
            losses: RefCell::default(),
            hits: RefCell::default(),
            doomed: RefCell::default(),
            events: RefCell::default(),
            people: Cell::default(),
            releases: Cell::default(),
        }
    }

    /// Plays the story until its run has ended.
    pub async fn play(&self) -> Run {
        let clock = self.shop.azure.clock();
        let mut changes = self.shop.azure.changes();
        // The first step may be over before anybody sees that it has begun: what happens at it is set up before.
        let (first, mut ahead): (Vec<_>, Vec<_>) =
            self.schedule.incidents.iter().cloned().partition(|incident| incident.step == Step::CheckPlan);
        let (now, later): (Vec<_>, Vec<_>) = first.into_iter().partition(|incident| incident.after.is_zero());
        let mut agenda: Vec<_> = later.into_iter().map(|incident| (self.began + incident.after, incident)).collect();
        for incident in now {
            self.happen(incident).await;
        }
        let mut acts: FuturesUnordered<LocalBoxFuture<'_, ()>> = FuturesUnordered::new();
        acts.push(self.request().boxed_local());
        let (mut seen, mut run) = (vec![], None::<Run>);
        loop {
            changes.borrow_and_update();
            let now = clock.now();
            self.note_doomed(now);
            if let Some(news) = self.news(&mut seen) {
                let is_new = run.as_ref().is_none_or(|run| run.hop != news.hop);
                if news.ending.is_some() {
                    return news;
                }
                if is_new {
                    self.events.borrow_mut().push(Event::of(&news));
                    let (due, later) = ahead.into_iter().partition(|incident| incident.step == news.step);
                    ahead = later;
                    let due: Vec<Incident> = due;
                    agenda.extend(due.into_iter().map(|incident| (now + incident.after, incident)));
                    if news.held.is_some() {
                        acts.push(self.release(news.hop).boxed_local());
                    }
                }
                run = Some(news);
            }
            // Of a cluster that somebody stopped and started again nobody knows what it does.
            let is_touched = self.hits.borrow().iter().any(|(name, _)| name.starts_with("old-is-"));
            if let Some(run) = run.as_ref().filter(|run| run.moves_singletons && !is_touched) {
                nothing_runs_twice(self.shop, run);
            }
            let (due, later): (Vec<_>, Vec<_>) = agenda.into_iter().partition(|(at, _)| *at <= now);
            agenda = later;
            acts.extend(due.into_iter().map(|(_, incident)| self.happen(incident).boxed_local()));
            let next = agenda.iter().map(|(at, _)| *at).min().unwrap_or(self.began + LIMIT);
            assert!(
                now < self.began + LIMIT,
                "neither ended nor held:{}",
                run.map_or_else(String::new, |run| journal(&run))
            );
            tokio::select! {
                biased;
                Some(()) = acts.next(), if !acts.is_empty() => {}
                _ = changes.changed() => {}
                () = clock.until(next) => {}
            }
        }
    }

    /// Every hit of a fault: its name and when.
    pub fn hits(&self) -> Vec<(String, Timestamp)> {
        let mut hits = self.shop.azure.world().faults.hits().to_vec();
        hits.extend(self.hits.borrow().iter().map(|(name, at)| ((*name).to_owned(), *at)));
        hits.sort_by_key(|(_, at)| *at);
        hits
    }

    /// A person asks for the upgrade, and again after a while if nothing has come of it.
    async fn request(&self) {
        let request = Request {
            site: self.shop.site.name.clone(),
            version: Some("latest-stable".into()),
            kind: Kind::Upgrade,
            reason: Some("a random story".into()),
            requested_by: Some("storyteller".into()),
            id: None,
        };
        for time in 1.. {
            self.shop.request(&request, &format!("story-{time}")).expect("the bus takes a request");
            tokio::time::sleep(Duration::from_secs(1800)).await;
            if self.shop.run().is_some() {
                return;
            }
        }
    }

    /// The run, if its document changed.
    fn news(&self, seen: &mut Vec<u8>) -> Option<Run> {
        let document = self.shop.document()?;
        if document == *seen {
            return None;
        }
        *seen = document;
        serde_json::from_slice(seen).ok()
    }

    pub fn now(&self) -> Timestamp {
        self.shop.azure.clock().now()
    }

    pub fn hit(&self, name: &'static str) {
        self.hits.borrow_mut().push((name, self.now()));
    }

    async fn happen(&self, incident: Incident) {
        let Incident { step, what, .. } = incident;
        let now = self.now();
        match &what {
            What::Call { fault, skip } => {
                let fault = Fault::once(what.name(), calls(*fault), effect(*fault)).after(*skip);
                self.shop.azure.world().faults.add(fault);
            }
            What::Outage { at, refuses, lasts } => {
                let effect = if *refuses { Effect::Refuse } else { Effect::status(StatusCode::SERVICE_UNAVAILABLE) };
                for on in places(*at) {
                    let fault = Fault::always(what.name(), on, effect.clone()).between(now, now + *lasts);
                    self.shop.azure.world().faults.add(fault);
                }
            }
            What::LateSweep(lasts) => {
                let lists = On { host: ".blob.core.".into(), ..On::call(Method::GET, "comp=list") };
                let effect = Effect::status(StatusCode::SERVICE_UNAVAILABLE);
                let fault = Fault::always(what.name(), lists, effect).between(now, now + *lasts);
                self.shop.azure.world().faults.add(fault);
            }
            What::LostEvent => {
                let publishes = On::call(Method::POST, "upgrade-steps/messages");
                let accepted = Effect::Answer { status: StatusCode::CREATED, headers: vec![], body: json!({}) };
                self.shop.azure.world().faults.add(Fault::once(what.name(), publishes, accepted));
            }
            What::OperationFails(doomed) => {
                let on = match doomed {
                    Doomed::GatewayWrite => "PUT …/applicationGateways/",
                    Doomed::ClusterDeletion => "DELETE …/managedClusters/",
                    Doomed::ClusterCreation => "PUT …/managedClusters/aks-green",
                };
                let mut world = self.shop.azure.world();
                world.resource_manager.fail_next_operation(on, what.name(), "the script wants it so");
                self.doomed.borrow_mut().push(what.name().to_owned());
            }
            What::Stranger(edit) => self.stranger(*edit, &what),
            What::Redelivered { back } => self.redeliver(*back, &what),
            What::Exit(code) => {
                self.shop.host.exit_child(step.name(), *code);
                self.hit(what.name());
            }
            What::Order(verb) => {
                if self.order(|run| vec![order_of(run, *verb)]).await {
                    self.hit(what.name());
                }
            }
            What::GreenFallsIll(lasts) => {
                let lasts = lasts.unwrap_or(Duration::from_secs(1000 * 3600));
                if break_green_until(self.shop, now + lasts) {
                    self.lost(&self.shop.article.green, now, now + lasts);
                    self.hit(what.name());
                }
            }
            What::Trouble(trouble) => return self.befall(*trouble).await,
            What::GlassBroken(side) => return self.break_the_glass(*side, &what).await,
            What::FullTags(lasts) => return self.fill_tags(*lasts, &what).await,
        }
        self.shop.azure.touch();
    }

    /// Operations that were to fail and have begun by now.
    fn note_doomed(&self, now: Timestamp) {
        let mut doomed = self.doomed.borrow_mut();
        if doomed.is_empty() {
            return;
        }
        let left = self.shop.azure.world().resource_manager.failures_ahead();
        for what in [Doomed::GatewayWrite, Doomed::ClusterDeletion, Doomed::ClusterCreation] {
            let name = What::OperationFails(what).name();
            let count = |names: &[String]| names.iter().filter(|found| *found == name).count();
            for _ in count(&left)..count(&doomed) {
                self.hits.borrow_mut().push((name, now));
            }
        }
        *doomed = left;
    }

    fn redeliver(&self, back: usize, what: &What) {
        let event = self.events.borrow().iter().rev().nth(back).cloned();
        let Some(event) = event else { return };
        let body = serde_json::to_vec(&event).expect("an event has a JSON form");
        let id = format!("again/{}/{}", event.message_id(), self.hits.borrow().len());
        let message = Message::new(body).with_id(&id).with_subject(event.step.name());
        self.shop.azure.world().service_bus.send(STEPS, message, self.now()).expect("the topic takes an event");
        self.hit(what.name());
    }

    /// A held run is well, and a person comes after a while and says what may be said.
    async fn release(&self, hop: u32) {
        self.check_held();
        let pause = self.dice.borrow_mut().u64(60..=1200);
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let Some(run) = self.shop.run() else { return };
        let Some(hold) = run.held.as_ref().filter(|_| run.hop == hop) else { return };
        let releases = self.releases.get() + 1;
        self.releases.set(releases);
        assert!(releases <= MOST_RELEASES, "held again and again: {}{}", hold.why, journal(&run));
        let verbs: &[Verb] = match run.step {
            _ if hold.gate.is_some() => &[Verb::Approve],
            // With no cluster that could serve, there is nothing but an end.
            _ if releases > MOST_RELEASES / 2 => &[Verb::Finish, Verb::Resume],
            _ if releases % 2 == 1 => &[Verb::Resume],
            Step::RetireOldCluster | Step::DeleteNewCluster => &[Verb::Finish, Verb::Resume],
            _ => &[Verb::RollBack, Verb::Resume],
        };
        self.order(|run| match &run.glass {
            Some(_) => self.said_after_the_glass(run),
            None => verbs.iter().map(|verb| order_of(run, *verb)).collect(),
        })
        .await;
    }

    /// A number from these.
    pub fn roll(&self, from: RangeInclusive<u8>) -> u8 {
        self.dice.borrow_mut().u8(from)
    }

    fn check_held(&self) {
        let Some(run) = self.shop.run().filter(|run| run.held.is_some()) else { return };
        is_well(self.shop, &tell(self.shop, run, self.began), &self.expected());
    }

    /// A person gives the first of these orders that is obeyed, and tries again while nobody answers.
    async fn order(&self, orders: impl Fn(&Run) -> Vec<Order>) -> bool {
        let Some(run) = self.shop.run() else { return false };
        for said in orders(&run) {
            for _ in 0..30 {
                let Some(run) = self.shop.run().filter(|run| run.ending.is_none()) else { return false };
                self.people.set(self.people.get() + 1);
                // A process of its own each time: the script may have killed the last one.
                let process = Process::new(&format!("person#{}", self.people.get()));
                let app = app_of(&self.shop.azure, &process).expect("a process can be wired up");
                let why = Some("because the schedule says so".into());
                let order = Order { reason: why, direction: said.direction, ..order_of(&run, said.verb) };
                let given = give(&app, &self.shop.site.name, &order);
                match tokio::time::timeout(Duration::from_secs(180), given).await {
                    Ok(Ok(Obeyed::Yes(_))) => return true,
                    Ok(Ok(Obeyed::Refused(Refusal::NotNow(_) | Refusal::NotVerified(_)))) => break,
                    Ok(Ok(Obeyed::Refused(Refusal::Ended(_)) | Obeyed::NoRun)) => return false,
                    Ok(Ok(Obeyed::Refused(Refusal::Moved(_)))) => {}
                    Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_secs(60)).await,
                }
            }
        }
        false
    }
}

/// The journal, a line an entry.
pub fn journal(run: &Run) -> String {
    let line = |entry: &bluegreen::run::Entry| {
        let moved = if entry.before == entry.after { String::new() } else { format!(" -> {}", entry.after) };
        format!("\n  {} {}: {}{moved}", entry.at, entry.who, entry.what)
    };
    run.journal.iter().map(line).collect()
}

fn effect(fault: CallFault) -> Effect {
    match fault {
        CallFault::CrashBefore => Effect::KillBefore,
        CallFault::CrashAfter => Effect::KillAfter,
        CallFault::LostAnswer => Effect::LoseAnswer,
        CallFault::Throttled(seconds) => Effect::throttle(seconds),
        CallFault::Error500 => Effect::status(StatusCode::INTERNAL_SERVER_ERROR),
        CallFault::Error503 => Effect::status(StatusCode::SERVICE_UNAVAILABLE),
        CallFault::SlowCall(time) => Effect::Delay(time),
        CallFault::SlowAnswer(time) => Effect::DelayAnswer(time),
        CallFault::Page | CallFault::PageForHealth => Effect::Page,
        CallFault::NotFound => Effect::not_found(),
        CallFault::Endless => Effect::drip(),
        CallFault::Jump(hours) => Effect::Misdate(SignedDuration::from_hours(hours)),
    }
}

/// Which calls a fault is for.
fn calls(fault: CallFault) -> On {
    match fault {
        CallFault::Jump(_) => On::host(".blob.core."),
        CallFault::PageForHealth => On::call(Method::POST, "/backendhealth"),
        CallFault::Page | CallFault::NotFound | CallFault::Endless => {
            On { host: "management.".into(), ..On::call(Method::GET, "/resourcegroups/") }
        }
        CallFault::CrashBefore
        | CallFault::CrashAfter
        | CallFault::LostAnswer
        | CallFault::Throttled(_)
        | CallFault::Error500
        | CallFault::Error503
        | CallFault::SlowCall(_)
        | CallFault::SlowAnswer(_) => On::default(),
    }
}

/// The calls that go to a place.
fn places(at: Place) -> Vec<On> {
    let hosts: &[&str] = match at {
        Place::Store => &[".blob.core."],
        Place::Bus => &[".servicebus."],
        Place::Arm => &["management."],
        Place::Kubernetes => &[".azmk8s.io"],
        // All but the token endpoint. While a token is fetched in vain, two who wait for the SDK's lock wake each other
        // without end, and a paused clock stands still (async-lock's readers).
        Place::Everything => &[".blob.core.", ".servicebus.", "management.", ".azmk8s.io"],
        Place::OldCluster => return vec![On::call(Method::GET, "/managedclusters/aks-blue?")],
    };
    hosts.iter().map(|host| On::host(host)).collect()
}
