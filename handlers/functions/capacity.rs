//! In one of five minutes, for each site that keeps its clusters large: how many pods the serving cluster has, for the next run;
//! and what a run has left pinned that is over is taken back.
use super::app::App;
use crate::azure::Reader;
use crate::plan::planning::serving;
use crate::resources::answers::name_of;
use crate::run::{Run, StepError};
use crate::site::{Colour, Site};
use crate::steps::unpinned::{Told, Whose, take_back};
use crate::workload::pins::{Scaled, counts};
use futures::{FutureExt, StreamExt, stream};
use std::panic::AssertUnwindSafe;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// Every so many minutes, in this one of them, by the store's clock.
const EVERY: i64 = 5;
const MINUTE: i64 = 3;
/// So many sites are looked at side by side.
const AT_ONCE: usize = 16;

/// Looks, if it is time. What there is no time for is looked at five minutes later: other sites are first then.
pub async fn sometimes(app: &App, ends: Instant) {
    let Ok(now) = app.store.now() else { return };
    let minute = now.as_second().div_euclid(60);
    if minute.rem_euclid(EVERY) != MINUTE {
        return;
    }
    let looks = AssertUnwindSafe(look_at_all(app, minute.div_euclid(EVERY))).catch_unwind();
    match timeout_at(ends, looks).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => warn!("how large the clusters are could not be looked at: {error:#}"),
        Ok(Err(_)) => warn!("how large the clusters are could not be looked at: a panic"),
        Err(_) => warn!("how large the clusters are could not be looked at in time"),
    }
}

async fn look_at_all(app: &App, turn: i64) -> anyhow::Result<()> {
    let mut sites = app.store.sites().await?;
    let first = usize::try_from(turn).unwrap_or(0) * AT_ONCE % sites.len().max(1);
    sites.rotate_left(first);
    let looks = sites.into_iter().map(|site| async move {
        if let Err(error) = look_at(app, &site).await {
            warn!(site, "how large its clusters are could not be looked at: {error:#}");
        }
    });
    stream::iter(looks).buffer_unordered(AT_ONCE).collect::<()>().await;
    Ok(())
}

/// One site: of none that has never pinned anything more than its documents is read.
async fn look_at(app: &App, name: &str) -> anyhow::Result<()> {
    let Some(site) = app.store.site(name).await? else { return Ok(()) };
    let run = app.store.run(name).await?.map(|found| found.value);
    if site.pins().is_none() && run.as_ref().is_none_or(|run| run.pins.is_none()) {
        return Ok(());
    }
    let reader = app.reader.at(app.store.now()?);
    let gateway = reader.gateway(&site.gateway).await.map_err(StepError::into_cause)?;
    let serves = serving(&site, &gateway).ok();
    for colour in Colour::ALL {
        if let Err(error) = cluster(app, &reader, &site, run.as_ref(), colour, serves).await {
            let cluster = name_of(&site.slot(colour).cluster);
            warn!(site = name, "{cluster} could not be looked at: {:#}", error.into_cause());
        }
    }
    Ok(())
}

async fn cluster(
    app: &App,
    reader: &Reader,
    site: &Site,
    run: Option<&Run>,
    colour: Colour,
    serves: Option<Colour>,
) -> Result<(), StepError> {
    let id = &site.slot(colour).cluster;
    let Some(found) = reader.cluster(id).await?.filter(|found| found.cannot_serve().is_none()) else { return Ok(()) };
    let kubernetes = app.writer.kubernetes(id).await?;
    let scaled = kubernetes.scaled().await?;
    if serves == Some(colour) && site.pins().is_some() {
        let known = app.store.counted(&site.name).await?;
        let counted = known.and(found.uid(), counts(&scaled), app.store.now()?);
        app.store.keep_counted(&site.name, &counted).await?;
    }
    // What serves, or may serve, keeps the size that it was given.
    let keeps_sizes = serves.is_none_or(|serves| serves == colour);
    let told = take_back(&kubernetes, &scaled, &Whose::Left(run, &app.store, &site.name), keeps_sizes).await?;
    tell(&site.name, name_of(id), &scaled, &told);
    Ok(())
}

fn tell(site: &str, cluster: &str, scaled: &Scaled, told: &Told) {
    if !told.done.is_empty() || !told.left.is_empty() {
        let of = scaled.autoscalers.len();
        info!(site, "a run that is over had left pins in {cluster} ({of} autoscalers): {}", told.in_words());
    }
}
