//! A site as a person is shown it: everything that is to be seen of it is asked side by side, and what cannot be seen costs
//! its own line. Nothing is written.
use super::app::App;
use crate::azure::operations::Progress;
use crate::azure::plainly::plainly;
use crate::plan::request::Refused;
use crate::resources::cluster::Cluster;
use crate::resources::gateway::Gateway;
use crate::run::overview::{Looked, Overview, Seen};
use crate::run::{Following, Operation, Run, StepError};
use crate::site::{Colour, Site};
use crate::store::{Shelf, Unreadable};
use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// Somebody is woken, and waits: what has not answered by then is not shown. Real time, however fast the world's goes.
const PATIENCE: Duration = Duration::from_secs(10);
/// A gateway that is asked anew what its probes see answers after 10 to 90 s.
const ANSWER: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// So many records are looked at: a day's refusals of one site are far fewer.
const RECORDS: usize = 50;

/// Whether the gateway is asked what its probes see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Only what somebody has asked, and what is answered by now: at once.
    AsAsked,
    /// Anew: it takes the gateway 10 to 90 s.
    Anew,
}

/// What was seen of a site.
#[derive(Debug)]
pub struct Gathered {
    name: String,
    now: Timestamp,
    /// Its run.
    pub run: Looked<Option<Run>>,
    /// As it is published.
    pub site: Looked<Option<Site>>,
    gateway: Looked<Gateway>,
    clusters: Vec<(Colour, Looked<Option<Cluster>>)>,
    health: Option<Looked<Value>>,
    refused: Looked<Vec<Refused>>,
    waiting: Looked<Vec<Refused>>,
}

/// Looks at everything that is to be seen of a site.
///
/// # Errors
/// When the store does not answer: without it nothing is known of any run.
pub async fn gather(app: &App, name: &str, health: Health) -> anyhow::Result<Gathered> {
    let (run, site, refused, waiting) = tokio::join!(
        in_time(app.store.run(name)),
        in_time(app.store.site(name)),
        records(app, Shelf::Refusals),
        records(app, Shelf::Waiting),
    );
    let now = app.store.now().map_err(|unknown| match &run {
        Err(why) => anyhow::anyhow!("{}", plainly(why)),
        Ok(_) => unknown,
    });
    let now = now
        .context("the store cannot be asked, so nothing is known of any run; in an emergency: bluegreen break-glass")?;
    let run = run.map(|found| found.map(|found| found.value)).map_err(|why| unreadable(&why));
    let site = site.map_err(|why| plainly(&why));
    let under_way = run.as_ref().ok().and_then(Option::as_ref).filter(|run| run.ending.is_none());
    let published = site.as_ref().ok().and_then(Option::as_ref);
    let last = run.as_ref().ok().and_then(Option::as_ref).map(|run| &run.plan.site);
    let meant = under_way.map(|run| &run.plan.site).or(published).or(last).cloned();
    let mut gathered = Gathered {
        name: name.to_owned(),
        now,
        run,
        site,
        gateway: Err(format!("no site {name} is published")),
        clusters: vec![],
        health: None,
        refused,
        waiting,
    };
    if let Some(site) = meant {
        gathered.look_at(app, &site, health).await;
    }
    Ok(gathered)
}

/// The same as one document.
///
/// # Errors
/// When the store does not answer.
pub async fn overview(app: &App, name: &str, health: Health) -> anyhow::Result<Overview> {
    Ok(gather(app, name, health).await?.overview())
}

impl Gathered {
    /// Whether there is neither such a site nor a run of it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!((&self.run, &self.site), (Ok(None), Ok(None)))
    }

    /// As one document.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let clusters = self.clusters.iter();
        let clusters =
            clusters.map(|(colour, found)| (*colour, found.as_ref().map(Option::as_ref).map_err(Clone::clone)));
        Overview::of(&Seen {
            name: &self.name,
            now: self.now,
            run: self.run.as_ref().map(Option::as_ref).map_err(Clone::clone),
            site: self.site.as_ref().map(Option::as_ref).map_err(Clone::clone),
            gateway: self.gateway.as_ref().map_err(Clone::clone),
            clusters: clusters.collect(),
            health: self.health.as_ref().map(|seen| seen.as_ref().map_err(Clone::clone)),
            refused: self.refused.as_deref().map_err(Clone::clone),
            waiting: self.waiting.as_deref().map_err(Clone::clone),
        })
    }

    async fn look_at(&mut self, app: &App, site: &Site, health: Health) {
        let reader = app.reader.at(self.now);
        let cluster = |colour: Colour| {
            let reader = &reader;
            async move { (colour, step(reader.cluster(&site.slot(colour).cluster)).await) }
        };
        let run = self.run.as_ref().ok().and_then(Option::as_ref);
        let (gateway, blue, green, health) = tokio::join!(
            step(reader.gateway(&site.gateway)),
            cluster(Colour::Blue),
            cluster(Colour::Green),
            seen_health(app, site, run, health),
        );
        self.gateway = gateway;
        self.clusters = vec![blue, green];
        self.health = health;
    }
}

/// What the gateway's probes see: the answer to the watch's open question, or to one of our own.
async fn seen_health(app: &App, site: &Site, run: Option<&Run>, wanted: Health) -> Option<Looked<Value>> {
    if wanted == Health::Anew {
        let answer = async {
            let operation = app.reader.ask_health(&site.gateway).await?;
            loop {
                if let Some(answer) = answered(app, &operation).await? {
                    return Ok(answer);
                }
                app.clock.sleep(BETWEEN_LOOKS).await;
            }
        };
        let answer = timeout(ANSWER, answer).await;
        let late = || format!("the gateway has not answered for its backends in {} s", ANSWER.as_secs());
        return Some(answer.map_or_else(|_| Err(late()), |answer: Result<Value, StepError>| answer.map_err(in_words)));
    }
    let run = run?;
    let open = in_time(app.store.question(&site.name)).await.ok()??;
    let Following::HealthQuestion(operation) = open.following.clone() else { return None };
    if !open.is_about(run) {
        return None;
    }
    step(answered(app, &operation)).await.transpose()
}

async fn answered(app: &App, operation: &Operation) -> Result<Option<Value>, StepError> {
    Ok(match app.reader.look(operation).await? {
        Progress::Succeeded(answer) => Some(answer),
        Progress::InProgress(_) => None,
        Progress::Failed { code, message, .. } => {
            return Err(StepError::Terminal(format!("the gateway's look at its backends failed: {code}: {message}")));
        }
        Progress::Gone => return Err(StepError::Terminal("nobody knows the question to the gateway any more".into())),
    })
}

async fn records(app: &App, shelf: Shelf) -> Looked<Vec<Refused>> {
    // One that an older binary wrote, or nobody can read, is no reason to show none.
    in_time(app.store.requests(shelf, RECORDS)).await.map_err(|why| plainly(&why))
}

async fn step<T>(look: impl Future<Output = Result<T, StepError>>) -> Looked<T> {
    let looked = timeout(PATIENCE, look).await;
    looked.map_or_else(|_| Err(late("Resource Manager")), |looked| looked.map_err(in_words))
}

async fn in_time<T>(look: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let looked = timeout(PATIENCE, look).await;
    looked.unwrap_or_else(|_| Err(anyhow::anyhow!(late("the store"))))
}

fn late(who: &str) -> String {
    format!("{who} has not answered in {} s", PATIENCE.as_secs())
}

fn in_words(error: StepError) -> String {
    plainly(&error.into_cause())
}

fn unreadable(why: &anyhow::Error) -> String {
    if why.is::<Unreadable>() { format!("{why:#}") } else { plainly(why) }
}
