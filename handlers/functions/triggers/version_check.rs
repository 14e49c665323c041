//! The daily look at what the regions offer. It is the truth: the event's source is one cluster, and dies with it. Sites are
//! looked at side by side, each region is asked once, and each day begins elsewhere.
use crate::functions::app::App;
use crate::functions::bound::LOOKS;
use crate::functions::calls::call;
use crate::functions::regions::Regions;
use crate::functions::reply::Reply;
use crate::functions::start::look;
use crate::plan::planning::serving;
use crate::plan::request::{BY_ITSELF, Request};
use crate::plan::versions::{Support, wanted};
use crate::plan::{Kind, Version};
use crate::run::StepError;
use crate::run::event::Message;
use crate::site::NewVersions;
use crate::workload::digest::digest;
use anyhow::Context;
use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;
use tokio::time::timeout_at;
use tracing::{error, info};

/// So many sites are looked at side by side.
pub(super) const AT_ONCE: usize = 32;
/// In 1,000: the day's first site is so far behind that of the day before. By the golden ratio each part of the list is soon
/// first, however little a day has time for.
const ELSEWHERE: u64 = 618;

/// Looks at every site's region.
pub async fn version_check(app: &App) -> Reply {
    let ends = app.clock.after(LOOKS);
    let mut sites = match timeout_at(ends, app.store.sites()).await {
        Ok(Ok(sites)) => sites,
        Ok(Err(error)) => return Reply::again("the sites could not be listed; the next look is tomorrow", &error),
        Err(_) => return Reply::Again("the store does not answer; the next look is tomorrow".into()),
    };
    let day = app.store.now().map_or(0, Timestamp::as_second).unsigned_abs() / (24 * 3600);
    let first = day * ELSEWHERE % 1000 * sites.len() as u64 / 1000;
    sites.rotate_left(usize::try_from(first).unwrap_or(0));
    let (count, regions) = (sites.len(), &Regions::default());
    let looks = stream::iter(sites).map(|name| async move {
        let considered = AssertUnwindSafe(consider(app, regions, &name, "VersionCheck")).catch_unwind();
        (timeout_at(ends, considered).await, name)
    });
    let (mut asked, mut left_over) = (0, 0);
    let mut looks = looks.buffer_unordered(AT_ONCE);
    while let Some((looked, name)) = looks.next().await {
        match looked {
            Ok(Ok(Ok(requested))) => asked += usize::from(requested),
            Ok(Ok(Err(error))) => error!(site = name, "its region could not be looked at: {error:#}"),
            Ok(Err(_)) => {
                let why = "a panic in the look at this site's region: see the log of VersionCheck";
                call(app, &format!("panic/region/{name}"), &name, why).await;
            }
            Err(_) => {
                left_over += 1;
                error!(site = name, "its region could not be looked at in time; the next look is tomorrow");
            }
        }
    }
    Reply::Done(format!("{count} sites looked at, {asked} upgrades requested, {left_over} left over"))
}

/// Applies a site's policy to what its region really offers, and enqueues a request if there is something new.
///
/// # Errors
/// When the store, the bus or Azure does not answer.
pub async fn consider(app: &App, regions: &Regions, name: &str, function: &str) -> anyhow::Result<bool> {
    let site = app.store.site(name).await?.with_context(|| format!("there is no site {name}"))?;
    let world = look(app, &site, regions).await.map_err(StepError::into_cause)?;
    let location = [&world.blue, &world.green].into_iter().flatten().next().map_or("", |cluster| cluster.location());
    regions.compare(app, site.subscription(), location, &world.offered).await?;
    let policy = match site.new_versions {
        NewVersions::Ignore => return Ok(false),
        NewVersions::LatestPatch => "latest-patch",
        NewVersions::LatestStable => "latest-stable",
    };
    let serving = serving(&site, &world.gateway).map_err(anyhow::Error::msg)?;
    let cluster = world.cluster(serving).context("the serving cluster does not exist")?;
    let old: Version = cluster.version().parse().map_err(anyhow::Error::msg)?;
    let support = Support::after(&cluster.0, &site.cluster_changes);
    let version = match wanted(policy, old, support, &world.offered) {
        Ok(version) if version > old => version,
        Ok(_) => return Ok(false),
        Err(why) => {
            info!(site = name, "nothing to request: {why}");
            return Ok(false);
        }
    };
    // The same id however often it is seen: a version is asked for once, until the site changes.
    let digest = digest(&serde_json::to_string(&site)?);
    let id = format!("{name}-{version}-{}", digest.get(..8).unwrap_or_default());
    let request = Request {
        id: Some(id.clone()),
        site: name.to_owned(),
        version: Some(version.to_string()),
        kind: Kind::Upgrade,
        reason: Some(format!("{policy} is {version}, the cluster runs {old}")),
        requested_by: Some(format!("{BY_ITSELF}{function}")),
    };
    let day = app.store.now()?.strftime("%F").to_string();
    let message = Message::asking(format!("{id}/{day}"), &request)?;
    app.bus.publish(&message).await?;
    info!(site = name, %version, "an upgrade was requested");
    Ok(true)
}
