//! Published sites. Layout: `<site>.json`, `content/<digest>.yaml` for manifests, `gateways/<digest>` for reservations.
use super::Store;
use super::blobs::{Put, SaveError};
use crate::resources::digest::digest;
use crate::site::Site;
use crate::site::check::{Checked, Mistake, published};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// The site with the digests of its files filled in, and their contents by digest. Each file is read once: what is
/// stored is what was digested.
///
/// # Errors
/// When a manifest cannot be read.
pub fn with_digests(
    mut site: Site,
    read: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<(Site, BTreeMap<String, String>)> {
    let mut contents = BTreeMap::new();
    for manifest in site.manifests_mut().filter(|manifest| manifest.chart.is_none()) {
        let text = read(&manifest.file)?;
        let digest = digest(&text);
        manifest.digest = Some(digest.clone());
        contents.insert(digest, text);
    }
    Ok((site, contents))
}

/// The name of a published manifest.
#[must_use]
pub fn content_name(digest: &str) -> String {
    format!("content/{digest}.yaml")
}

impl Store {
    /// A site as it was published, by its structure alone: to be looked at.
    ///
    /// # Errors
    /// When the store does not answer, or the site is unreadable.
    pub async fn site(&self, name: &str) -> anyhow::Result<Option<Site>> {
        let Some(found) = self.sites.get(&site_name(name)).await? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&found.value).with_context(|| format!("the site {name} is unreadable"))?))
    }

    /// A site as it was published, whatever is wrong with it: for the emergency way back, which needs little of it.
    ///
    /// # Errors
    /// When the store does not answer, or what lies there is no JSON.
    pub async fn site_as_written(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let Some(found) = self.sites.get(&site_name(name)).await? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&found.value).with_context(|| format!("the site {name} is no JSON"))?))
    }

    /// A site as it was published, checked: to be planned with. Or its mistakes.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn checked_site(&self, name: &str) -> anyhow::Result<Option<Result<Checked, Vec<Mistake>>>> {
        let found = self.sites.get(&site_name(name)).await?;
        Ok(found.map(|found| published(&String::from_utf8_lossy(&found.value))))
    }

    /// The names of all published sites.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sites(&self) -> anyhow::Result<Vec<String>> {
        let names = self.sites.list("").await?;
        let site = |name: &String| Some(name.strip_suffix(".json").filter(|name| !name.contains('/'))?.to_owned());
        Ok(names.iter().filter_map(site).collect())
    }

    /// A published manifest, by its digest; `None` when there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn manifest(&self, digest: &str) -> anyhow::Result<Option<Bytes>> {
        Ok(self.sites.get(&content_name(digest)).await?.map(|found| found.value))
    }

    /// Stores the files of a site, reserves its gateway for it, and stores the site. What its charts came to is kept before.
    ///
    /// # Errors
    /// When another site has the gateway, a manifest cannot be read, or the store does not answer.
    pub async fn publish(&self, site: Site, read: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<Site> {
        let (site, contents) = with_digests(site, read)?;
        self.reserve(&site).await?;
        self.keep(&contents).await?;
        let text = serde_json::to_vec_pretty(&site)?;
        self.sites.put(&site_name(&site.name), text.into(), Put::Anyway).await?;
        Ok(site)
    }

    /// Keeps these texts, by digest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep(&self, contents: &BTreeMap<String, String>) -> anyhow::Result<()> {
        for (digest, text) in contents {
            match self.sites.put(&content_name(digest), Bytes::from(text.clone()), Put::New).await {
                Ok(()) | Err(SaveError::Conflict) => {}
                Err(SaveError::Other(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// The site for which a gateway is reserved, if it is for one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn gateways_site(&self, gateway: &str) -> anyhow::Result<Option<String>> {
        let found = self.sites.get(&reservation_name(gateway)).await?;
        Ok(found.map(|found| String::from_utf8_lossy(&found.value).into_owned()))
    }

    /// Takes a published site away: from then on no run of it begins. Its runs, its manifests and its gateway's reservation
    /// stay.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn unpublish(&self, name: &str) -> anyhow::Result<()> {
        self.sites.delete(&site_name(name)).await
    }

    /// Gives the reservation of a gateway back, if it is this site's. Says whether it was.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn give_back(&self, gateway: &str, name: &str) -> anyhow::Result<bool> {
        let is_its = self.gateways_site(gateway).await?.as_deref() == Some(name);
        if is_its {
            self.sites.delete(&reservation_name(gateway)).await?;
        }
        Ok(is_its)
    }

    /// Publishes a site under another name, with the gateway's reservation, and takes the old name away. Each part may be
    /// done again: who is interrupted renames once more.
    ///
    /// # Errors
    /// When the new name is taken by another gateway's site, another site has the gateway, or the store does not answer.
    pub async fn rename(&self, site: Site, to: &str) -> anyhow::Result<()> {
        let from = site.name.clone();
        let renamed = Site { name: to.to_owned(), ..site };
        let name = reservation_name(&renamed.gateway);
        let owner = self.sites.get(&name).await?;
        let condition = match &owner {
            Some(found) if found.value == from || found.value == to => Put::Replacing(&found.etag),
            Some(found) => {
                bail!(
                    "the gateway belongs to the site {:?}: one gateway, one site",
                    String::from_utf8_lossy(&found.value)
                )
            }
            None => Put::New,
        };
        let text = serde_json::to_vec_pretty(&renamed)?;
        match self.sites.put(&site_name(to), text.into(), Put::New).await {
            Ok(()) => {}
            // Ours, from before an interruption.
            Err(SaveError::Conflict) if self.site(to).await?.is_some_and(|there| there == renamed) => {}
            Err(SaveError::Conflict) => bail!("there is a site {to:?} already"),
            Err(SaveError::Other(error)) => return Err(error),
        }
        self.sites.put(&name, Bytes::from(to.to_owned()), condition).await?;
        self.sites.delete(&site_name(&from)).await
    }

    /// A gateway belongs to one site: two writers would undo each other's work.
    async fn reserve(&self, site: &Site) -> anyhow::Result<()> {
        let name = reservation_name(&site.gateway);
        match self.sites.put(&name, Bytes::from(site.name.clone()), Put::New).await {
            Ok(()) => return Ok(()),
            Err(SaveError::Conflict) => {}
            Err(SaveError::Other(error)) => return Err(error),
        }
        let owner = self.sites.get(&name).await?.context("the gateway's reservation vanished: try again")?;
        reserved_for(&String::from_utf8_lossy(&owner.value), site)
    }

    /// Whether a gateway could be reserved for its site, or is so already.
    ///
    /// # Errors
    /// When another site has it, or the store does not answer.
    pub async fn could_reserve(&self, site: &Site) -> anyhow::Result<()> {
        self.gateways_site(&site.gateway).await?.map_or(Ok(()), |owner| reserved_for(&owner, site))
    }
}

fn reserved_for(owner: &str, site: &Site) -> anyhow::Result<()> {
    ensure!(owner == site.name, "the gateway belongs to the site {owner:?}: one gateway, one site ({})", site.gateway);
    Ok(())
}

/// The name of a gateway's reservation.
#[must_use]
pub fn reservation_name(gateway: &str) -> String {
    format!("gateways/{}", digest(&gateway.to_lowercase()))
}

fn site_name(site: &str) -> String {
    format!("{site}.json")
}
