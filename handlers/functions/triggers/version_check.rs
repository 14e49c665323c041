//! The daily look at what the regions offer. It is the truth: the event's source is one cluster, and dies with it.
use crate::functions::app::App;
use crate::functions::reply::Reply;
use crate::functions::start::look;
use crate::plan::planning::{World, serving};
use crate::plan::request::{BY_ITSELF, Request};
use crate::plan::versions::wanted;
use crate::plan::{Kind, Version};
use crate::run::event::{Message, REQUESTS};
use crate::site::{NewVersions, Site};
use crate::workload::digest::digest;
use anyhow::Context;
use tracing::{error, info, warn};

/// Looks at every site's region.
pub async fn version_check(app: &App) -> Reply {
    let sites = match app.store.sites().await {
        Ok(sites) => sites,
        Err(error) => {
            warn!("the sites could not be listed; the next look is tomorrow: {error:#}");
            return Reply::Again("the store does not answer".into());
        }
    };
    let mut asked = 0;
    for name in &sites {
        match consider(app, name, "VersionCheck").await {
            Ok(requested) => asked += usize::from(requested),
            Err(error) => error!(site = name, "its region could not be looked at: {error:#}"),
        }
    }
    Reply::Done(format!("{} sites looked at, {asked} upgrades requested", sites.len()))
}

/// Applies a site's policy to what its region really offers, and enqueues a request if there is something new.
///
/// # Errors
/// When the store, the bus or Azure does not answer.
pub async fn consider(app: &App, name: &str, function: &str) -> anyhow::Result<bool> {
    let site = app.store.site(name).await?.with_context(|| format!("there is no site {name}"))?;
    let world = look(app, &site).await?;
    withdrawn(app, &site, &world).await?;
    let policy = match site.new_versions {
        NewVersions::Ignore => return Ok(false),
        NewVersions::LatestPatch => "latest-patch",
        NewVersions::LatestStable => "latest-stable",
    };
    let serving = serving(&site, &world.gateway).map_err(anyhow::Error::msg)?;
    let cluster = world.cluster(serving).context("the serving cluster does not exist")?;
    let old: Version = cluster.version().parse().map_err(anyhow::Error::msg)?;
    let version = match wanted(policy, old, &world.offered) {
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
    let message = Message {
        to: REQUESTS,
        id: format!("{id}/{day}"),
        subject: "RequestUpgrade".into(),
        body: serde_json::to_string(&request)?,
        at: None,
    };
    app.bus.publish(&message).await?;
    info!(site = name, %version, "an upgrade was requested");
    Ok(true)
}

/// Says so when a version that was offered at the last look is offered no more.
async fn withdrawn(app: &App, site: &Site, world: &World) -> anyhow::Result<()> {
    let location = [&world.blue, &world.green].into_iter().flatten().next().map_or("", |cluster| cluster.location());
    let offered: Vec<String> = world.offered.versions.iter().map(|offered| offered.version.to_string()).collect();
    let before = app.store.versions(site.subscription(), location).await?;
    for gone in before.iter().filter(|version| !offered.contains(version)) {
        warn!(location, version = gone, "a version is no longer offered");
    }
    if before != offered {
        app.store.keep_versions(site.subscription(), location, &offered).await?;
    }
    Ok(())
}
