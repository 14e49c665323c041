//! A run is started, or it is said why not. One run a site; at most ten at once in a subscription.
use crate::functions::app::App;
use crate::functions::commit::{Committed, commit};
use crate::functions::regions::Regions;
use crate::plan::planning::{World, plan, serving};
use crate::plan::request::{LONGEST_ID, Request};
use crate::plan::{Kind, Plan};
use crate::resources::answers::same_name;
use crate::resources::digest::digest;
use crate::resources::size::Size;
use crate::resources::tags::{RETIRED_TAG, tag};
use crate::run::kept::Kept;
use crate::run::{Ending, Run, StepError};
use crate::site::Site;
use crate::site::check::{Checked, Mistake};
use crate::store::{SaveError, Unreadable};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio::time::timeout_at;
use tracing::{info, warn};

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
    let site = match app.store.checked_site(&request.site).await? {
        Some(Ok(site)) => site,
        Some(Err(mistakes)) => return Ok(Started::Refused(in_words(&request.site, &mistakes))),
        None => {
            return Ok(Started::Refused(format!("there is no site {:?}: publish it first", request.site)));
        }
    };
    if id.len() > LONGEST_ID {
        return Ok(Started::Refused(format!("the request's id has {} bytes: at most {LONGEST_ID}", id.len())));
    }
    if let Some(owner) = app.store.gateways_site(&site.gateway).await?.filter(|owner| *owner != site.name) {
        return Ok(Started::Refused(format!("the gateway is reserved for the site {owner:?}: one gateway, one site")));
    }
    for _ in 0..3 {
        let before = match app.store.run(&site.name).await {
            // It may be under way.
            Err(error) if error.is::<Unreadable>() => return Ok(Started::Refused(format!("{error:#}"))),
            found => found?,
        };
        let last = before.as_ref().map(|found| &found.value);
        if let Some(started) = known(app, last, id).await? {
            return Ok(started);
        }
        let run = match begin(app, &site, request, id, last).await? {
            Ok(run) => run,
            Err(not) => return Ok(not),
        };
        // A message may come again long after another run has taken its run's place.
        if let Some(ended) = app.store.ended_run_of(&site.name, id).await? {
            return Ok(Started::Ended(ended));
        }
        if let Some(ended) = last {
            app.store.keep_in_history(ended).await?;
        }
        match commit(app, before.as_ref(), run).await {
            Ok(Committed { run, published }) => {
                info!(site = site.name, run.id = run.id, version = %run.plan.version, "a run has begun");
                published?;
                return Ok(Started::Run(run.id.clone()));
            }
            Err(SaveError::Conflict) => {}
            Err(SaveError::Other(error)) => return Err(error),
        }
    }
    anyhow::bail!("other requests for {} came first three times", site.name)
}

fn in_words(site: &str, mistakes: &[Mistake]) -> String {
    let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    format!("the published site {site} has mistakes, mend them and publish it again: {}", mistakes.join("; "))
}

/// What is known of the request already: its run, or another one that is under way.
async fn known(app: &App, present: Option<&Run>, id: &str) -> anyhow::Result<Option<Started>> {
    let Some(run) = present else { return Ok(None) };
    Ok(match (run.request == id, run.ending) {
        (true, Some(_)) => Some(Started::Ended(run.id.clone())),
        (true, None) => {
            app.publish(run).await?;
            Some(Started::Run(run.id.clone()))
        }
        (false, None) => Some(Started::Refused(format!("the run {} of this site is under way", run.id))),
        (false, Some(_)) => None,
    })
}

/// The first state of a run for this request, or why there is none.
async fn begin(
    app: &App,
    site: &Checked,
    request: &Request,
    id: &str,
    last: Option<&Run>,
) -> anyhow::Result<Result<Run, Started>> {
    let subscription = site.subscription();
    if under_way(app, subscription).await? >= MOST_RUNS {
        return Ok(Err(Started::Later(format!("{MOST_RUNS} runs are under way in subscription {subscription}"))));
    }
    // Ten deliveries are over in seconds, an outage of Azure is not: the request must outlive it.
    let seen = timeout_at(app.looks_end(), look(app, site, &Regions::default())).await;
    let world = match seen.unwrap_or_else(|_| Err(anyhow::anyhow!("the looks took too long").into())) {
        Ok(world) => world,
        // The same look is refused again, whenever it is tried.
        Err(StepError::Terminal(why)) => return Ok(Err(Started::Refused(why))),
        Err(error) => {
            let why = format!("Azure does not answer: {:#}", error.into_cause());
            return Ok(Err(Started::Later(why)));
        }
    };
    let world = World { before: size_before(app, site, request, &world, last).await?, ..world };
    let plan = match plan(site, request, &world) {
        Ok(plan) => plan,
        Err(why) => return Ok(Err(Started::Refused(why))),
    };
    if !request.by_person()
        && let Some(tried) = tried_before(app, &plan, last).await?
    {
        let why = format!("{} {tried}; a person or a changed site may try again", plan.version);
        return Ok(Err(Started::Refused(why)));
    }
    let now = app.store.now()?;
    let why = request.reason.as_deref().unwrap_or("requested");
    let who = request.requested_by.as_deref().unwrap_or("unknown");
    let run_id = run_id(&site.name, id, now);
    let leads = world.gateway.leads(&site.pools.live);
    Ok(Ok(Run::begin(run_id, id.to_owned(), Kept::new(plan)?, &format!("{why} ({who})"), now).led_by(leads)))
}

/// Looks at everything that a plan is made of.
///
/// # Errors
/// When Azure does not answer, or refuses the look itself.
pub async fn look(app: &App, site: &Site, regions: &Regions) -> Result<World, StepError> {
    let reader = app.reader.at(app.store.now()?);
    let gateway = reader.gateway(&site.gateway).await?;
    let blue = reader.cluster(&site.slots.blue.cluster).await?;
    let green = reader.cluster(&site.slots.green.cluster).await?;
    let location = blue.as_ref().or(green.as_ref()).map_or("", |cluster| cluster.location()).to_owned();
    let offered = regions.offered(&reader, site.subscription(), &location).await?;
    let mut identities = BTreeMap::new();
    for (name, id) in &site.identities {
        identities.insert(name.clone(), reader.user_assigned(id).await?);
    }
    let environment = reader.environment().to_owned();
    Ok(World { gateway, blue, green, offered, before: None, environment, identities })
}

/// How big the cluster to which a request returns was before it was reduced: the run that retired it recorded that.
async fn size_before(
    app: &App,
    site: &Site,
    request: &Request,
    world: &World,
    last: Option<&Run>,
) -> anyhow::Result<Option<Size>> {
    let Ok(serves) = serving(site, &world.gateway) else { return Ok(None) };
    let kept = world.cluster(serves.other()).filter(|_| request.kind == Kind::Return);
    let Some(retired) = kept.and_then(|kept| tag(&kept.0, RETIRED_TAG)) else { return Ok(None) };
    if let Some(run) = last.filter(|run| run.id == retired) {
        return Ok(run.reducing.clone());
    }
    for name in app.store.history(&site.name).await? {
        if let Some(run) = app.store.ended_run(&name).await?.filter(|run| run.id == retired) {
            return Ok(run.reducing.clone());
        }
    }
    Ok(None)
}

/// How many runs are under way in a subscription. One that cannot be read may be.
async fn under_way(app: &App, subscription: &str) -> anyhow::Result<usize> {
    let sites = app.store.sites_under_way().await?;
    let counts = stream::iter(sites).map(|site| async move {
        let counts = |run: &Run| run.ending.is_none() && same_name(run.plan.site.subscription(), subscription);
        match app.store.run(&site).await {
            Ok(found) => found.is_some_and(|found| counts(&found.value)),
            Err(error) => {
                warn!(site, "it counts as a run under way: {error:#}");
                true
            }
        }
    });
    let counted = counts.buffer_unordered(32).filter(|counts| std::future::ready(*counts)).count();
    Ok(counted.await)
}

/// What became of this version when the same, unchanged site was upgraded to it before: it went wrong, or else it was
/// left again by a return, since an older version serves now.
async fn tried_before(app: &App, plan: &Plan, last: Option<&Run>) -> anyhow::Result<Option<String>> {
    let same =
        |run: &Run| run.plan.version == plan.version && run.plan.kind == Kind::Upgrade && run.plan.site == plan.site;
    if let Some(run) = last.filter(|run| same(run)) {
        return Ok(Some(tried(run)));
    }
    for name in app.store.history(&plan.site.name).await? {
        if let Some(run) = app.store.ended_run(&name).await?.filter(same) {
            return Ok(Some(tried(&run)));
        }
    }
    Ok(None)
}

fn tried(run: &Run) -> String {
    match run.ending {
        Some(Ending::Upgraded) => format!("was left again after run {}", run.id),
        Some(Ending::Rejected | Ending::RolledBack | Ending::Finished) | None => {
            format!("went wrong in run {}", run.id)
        }
    }
}

fn run_id(site: &str, request: &str, now: Timestamp) -> String {
    let digest = digest(&format!("{site}\n{request}\n{now}"));
    format!("{site}-{}", &digest[..12])
}
