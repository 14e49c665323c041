//! A site and what its region offers: whether there is something to ask for. Both looks at versions end here.
use super::app::App;
use super::regions::Regions;
use super::start::look;
use crate::plan::planning::serving;
use crate::plan::request::{BY_ITSELF, Request};
use crate::plan::versions::{Support, wanted};
use crate::plan::{Kind, Version};
use crate::resources::digest::digest;
use crate::run::StepError;
use crate::run::event::Message;
use crate::site::NewVersions;
use anyhow::Context;
use tracing::info;

/// So many sites are looked at side by side.
pub const AT_ONCE: usize = 32;

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
    let support = Support::after(&cluster.0, &site.changes(serving.other()));
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
