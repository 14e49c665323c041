//! Publishing: the manifests by their digests, then the site, with its gateway reserved.
use crate::azure::content_name;
use crate::site::{Manifest, Site};
use crate::store::{BlobRuns, Put, SaveError};
use crate::workload::digest::digest;
use anyhow::{Context, bail};
use bytes::Bytes;

/// The site with the digests of its manifests filled in.
///
/// # Errors
/// When a manifest cannot be read.
pub fn with_digests(mut site: Site, read: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<Site> {
    for manifest in site.controllers.iter_mut().chain(&mut site.workloads) {
        manifest.digest = Some(digest(&read(&manifest.file)?));
    }
    Ok(site)
}

/// Stores the manifests, reserves the gateway for the site, and stores the site.
///
/// # Errors
/// When another site has the gateway, a manifest cannot be read, or the store does not answer.
pub async fn publish(
    store: &BlobRuns,
    site: Site,
    read: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Site> {
    let site = with_digests(site, &read)?;
    reserve(store, &site).await?;
    for Manifest { file, digest } in site.controllers.iter().chain(&site.workloads) {
        let name = content_name(digest.as_deref().context("a manifest without a digest")?);
        match store.publish(&name, Bytes::from(read(file)?), Put::New).await {
            Ok(()) | Err(SaveError::Conflict) => {}
            Err(SaveError::Other(error)) => return Err(error),
        }
    }
    let text = serde_json::to_vec_pretty(&site)?;
    store.publish(&format!("{}.json", site.name), text.into(), Put::Anyway).await?;
    Ok(site)
}

/// A gateway belongs to one site: two writers would undo each other's work.
async fn reserve(store: &BlobRuns, site: &Site) -> anyhow::Result<()> {
    let name = format!("gateways/{}", digest(&site.gateway.to_lowercase()));
    match store.publish(&name, Bytes::from(site.name.clone()), Put::New).await {
        Ok(()) => return Ok(()),
        Err(SaveError::Conflict) => {}
        Err(SaveError::Other(error)) => return Err(error),
    }
    let owner = store.published(&name).await?.context("the gateway's reservation vanished: try again")?;
    if owner.value != site.name {
        let owner = String::from_utf8_lossy(&owner.value);
        bail!("the gateway belongs to the site {owner:?}: one gateway, one site ({})", site.gateway);
    }
    Ok(())
}
