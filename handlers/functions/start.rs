//! A run is started, or it is said why not. One run a site; at most ten at once in a subscription.
use crate::functions::app::App;
use crate::plan::planning::{World, plan};
use crate::plan::request::Request;
use crate::plan::versions::Offered;
use crate::plan::{Kind, Plan};
use crate::run::kept::Kept;
use crate::run::{Ending, Run, StepError};
use crate::site::Site;
use crate::store::{SaveError, Stored};
use crate::workload::digest::digest;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tracing::info;

/// At most so many runs at once in a subscription.
pub const MOST_RUNS: usize = 10;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// Its run has begun, or began earlier: the run's id.
    Run(String),
    /// Its run has ended already.
    Ended(String),
    /// It is not carried out, and why.
    Refused(String),
    /// Too many runs are under way, or Azure does not answer: later.
    Later(String),
}

/// Starts the run of a request.
///
/// # Errors
/// When the store or the bus does not answer: the request may be repeated, with the same id.
pub async fn start(app: &App, request: &Request, id: &str) -> anyhow::Result<Started> {
    let Some(site) = app.store.site(&request.site).await? else {
        return Ok(Started::Refused(format!("there is no site {:?}: publish it first", request.site)));
    };
    for _ in 0..3 {
        let before = app.store.run(&site.name).await?;
        if let Some(Stored { value: run, .. }) = &before {
            if run.request == id && run.ending.is_some() {
                return Ok(Started::Ended(run.id.clone()));
            }
            if run.request == id {
                app.publish(run).await?;
                return Ok(Started::Run(run.id.clone()));
            }
            if run.ending.is_none() {
                return Ok(Started::Refused(format!("the run {} of this site is under way", run.id)));
            }
        }
        if under_way(app, site.subscription()).await? >= MOST_RUNS {
            return Ok(Started::Later(format!(
                "{MOST_RUNS} runs are under way in subscription {}",
                site.subscription()
            )));
        }
        // Ten deliveries are over in seconds, an outage of Azure is not: the request must outlive it.
        let world = match look(app, &site).await {
            Ok(world) => world,
            Err(error) => return Ok(Started::Later(format!("Azure does not answer: {error:#}"))),
        };
        let plan = match plan(&site, request, &world) {
            Ok(plan) => plan,
            Err(why) => return Ok(Started::Refused(why)),
        };
        if !request.by_person()
            && let Some(tried) = tried_before(app, &plan, before.as_ref().map(|found| &found.value)).await?
        {
            let why = format!("{} {tried}; a person or a changed site may try again", plan.version);
            return Ok(Started::Refused(why));
        }
        let now = app.store.now()?;
        let run_id = run_id(&site.name, id, now);
        let why = request.reason.clone().unwrap_or_else(|| "requested".into());
        let who = request.requested_by.clone().unwrap_or_else(|| "unknown".into());
        let run = Run::begin(run_id, id.to_owned(), Kept::new(plan)?, &format!("{why} ({who})"), now);
        if let Some(ended) = &before {
            app.store.keep_in_history(&ended.value).await?;
        }
        match app.store.save(&run, before.as_ref().map(|found| found.etag.as_str())).await {
            Ok(()) => {}
            Err(SaveError::Conflict) => continue,
            Err(SaveError::Other(error)) => return Err(error),
        }
        info!(site = site.name, run.id = run.id, version = %run.plan.version, "a run has begun");
        app.publish(&run).await?;
        return Ok(Started::Run(run.id.clone()));
    }
    anyhow::bail!("other requests for {} came first three times", site.name)
}

/// Looks at everything that a plan is made of.
///
/// # Errors
/// When Azure does not answer.
pub async fn look(app: &App, site: &Site) -> anyhow::Result<World> {
    let reader = app.reader.at(app.store.now()?);
    let seen = async {
        let gateway = reader.gateway(&site.gateway).await?;
        let blue = reader.cluster(&site.slots.blue.cluster).await?;
        let green = reader.cluster(&site.slots.green.cluster).await?;
        let location = blue.as_ref().or(green.as_ref()).map_or("", |cluster| cluster.location()).to_owned();
        let offered = reader.versions(site.subscription(), &location).await?;
        let offered = Offered::read(&offered).map_err(anyhow::Error::msg)?;
        Ok(World { gateway, blue, green, offered })
    };
    seen.await.map_err(|error| match error {
        StepError::Transient { cause, .. } => cause,
        StepError::Terminal(why) => anyhow::anyhow!(why),
    })
}

async fn under_way(app: &App, subscription: &str) -> anyhow::Result<usize> {
    let sites = app.store.sites_with_runs().await?;
    let counts = stream::iter(sites).map(|site| async move {
        let found = app.store.run(&site).await?;
        let counts = |run: &Run| run.ending.is_none() && run.plan.site.subscription() == subscription;
        anyhow::Ok(usize::from(found.is_some_and(|found| counts(&found.value))))
    });
    counts.buffer_unordered(32).try_fold(0, |sum, one| async move { Ok(sum + one) }).await
}

/// What became of this version when the same, unchanged site was upgraded to it before: it went wrong, or else it was
/// left again by a return, since an older version serves now.
async fn tried_before(app: &App, plan: &Plan, last: Option<&Run>) -> anyhow::Result<Option<String>> {
    let same =
        |run: &Run| run.plan.version == plan.version && run.plan.kind == Kind::Upgrade && run.plan.site == plan.site;
    if let Some(run) = last.filter(|run| same(run)) {
        return Ok(Some(tried(run)));
    }
    for name in app.store.records(&format!("history/{}/", plan.site.name)).await? {
        let Some(found) = app.store.recorded(&name).await? else { continue };
        // What an older binary kept and this one cannot read says nothing of this version.
        if let Some(run) = serde_json::from_value::<Run>(found).ok().filter(same) {
            return Ok(Some(tried(&run)));
        }
    }
    Ok(None)
}

fn tried(run: &Run) -> String {
    match run.ending {
        Some(Ending::Upgraded) => format!("was left again after run {}", run.id),
        Some(Ending::Rejected | Ending::RolledBack) | None => format!("went wrong in run {}", run.id),
    }
}

fn run_id(site: &str, request: &str, now: Timestamp) -> String {
    let digest = digest(&format!("{site}\n{request}\n{now}"));
    format!("{site}-{}", &digest[..12])
}
