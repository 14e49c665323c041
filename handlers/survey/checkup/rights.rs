//! What the functions' identity may do in the clusters that run, asked of their API servers.
use crate::azure::kubernetes::{Permitted, connect};
use crate::resources::answers::text;
use crate::run::StepError;
use crate::site::{Colour, Manifest, Site};
use crate::steps::permitted::{to_install, to_pin};
use crate::store::Store;
use crate::survey::discovery::{Looker, PATIENCE};
use crate::survey::doctor::{SeenRights, SeenSite};
use crate::workload::manifests::read;
use serde_json::Value;
use tokio::time::timeout;

impl Looker {
    /// What these identities, of which the functions act as one, may do in a site's clusters whose API servers answer.
    pub(super) async fn rights(&self, store: &Store, seen: &SeenSite, identities: &[&str]) -> Vec<SeenRights> {
        let Ok(site) = &seen.site else { return vec![] };
        let objects = if identities.is_empty() { vec![] } else { objects(store, site).await };
        let mut all = vec![];
        for (id, cluster, server) in &seen.clusters {
            let (Ok(Some(cluster)), Some(Ok(()))) = (cluster, server) else { continue };
            let mut least: Option<SeenRights> = None;
            for identity in identities {
                let asked = timeout(PATIENCE, self.permitted(text(cluster, "/id"), site, &objects, identity)).await;
                let said = match asked {
                    Ok(Ok(permitted)) => Ok(permitted),
                    Ok(Err(error)) => Err(format!("{:#}", error.into_cause())),
                    Err(_) => Err("its API server does not answer".into()),
                };
                let one = SeenRights { cluster: id.clone(), identity: (*identity).to_owned(), said };
                // Which of them the functions act as is judged elsewhere: one that may do everything is enough.
                let count = |seen: &SeenRights| seen.said.as_ref().map_or(usize::MAX, |said| said.missing.len());
                if least.as_ref().is_none_or(|least| count(&one) < count(least)) {
                    least = Some(one);
                }
            }
            all.extend(least);
        }
        all
    }

    async fn permitted(
        &self,
        cluster: &str,
        site: &Site,
        objects: &[Value],
        identity: &str,
    ) -> Result<Permitted, StepError> {
        let server = connect(&self.arm, &self.wire, &self.credential, cluster).await?;
        let objects: Vec<_> = objects.iter().collect();
        let is_its = |colour: &Colour| site.slot(*colour).cluster.eq_ignore_ascii_case(cluster);
        let colour = Colour::ALL.into_iter().find(is_its).unwrap_or(Colour::Blue);
        let mut rights = to_install(site, colour, &server, &objects).await?;
        rights.extend(to_pin(site.pins(), &server).await?);
        server.permitted(&rights, Some(identity)).await
    }
}

/// What a site applies, as it was published last. What cannot be read is left out.
async fn objects(store: &Store, site: &Site) -> Vec<Value> {
    let mut objects = vec![];
    for digest in site.manifests().filter_map(newest) {
        let Some(text) = store.manifest(digest).await.ok().flatten() else { continue };
        let text = String::from_utf8_lossy(&text);
        objects.extend(read(&text).into_iter().flat_map(|(placed, _)| placed).map(|placed| placed.value));
    }
    // Where a placeholder leads is known when it is filled.
    objects.retain(|object| !text(object, "/metadata/namespace").contains("${"));
    objects
}

fn newest(manifest: &Manifest) -> Option<&str> {
    manifest.digest.as_deref().or(manifest.renderings.values().last().map(String::as_str))
}
