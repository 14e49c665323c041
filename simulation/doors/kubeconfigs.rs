//! One kubeconfig for each cluster, in the data folder, while clusters come and go.
use super::endpoints::{Cluster, Endpoints};
use super::error::Error;
use super::folder::{Folder, KUBECONFIGS};
use crate::SimulatedAzure;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// How soon a new cluster has its file, in real time.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The clusters as they are now, each with its file, which is written if it differs from `before`.
pub(super) fn write(
    azure: &SimulatedAzure,
    folder: &Folder,
    before: &BTreeMap<String, Cluster>,
) -> Result<BTreeMap<String, Cluster>, Error> {
    let now = azure.clock().now();
    let (authority, found) = {
        let mut world = azure.world();
        let world = &mut *world;
        world.resource_manager.advance(&mut world.kubernetes, now);
        let neighbours = &world.resource_manager.neighbours;
        let server = |(name, host): (&str, &str)| {
            let kubeconfig = folder.path_of(&file(name));
            (name.to_owned(), Cluster { server: neighbours.api_server(host), kubeconfig })
        };
        let found: BTreeMap<_, _> = world.resource_manager.api_servers().map(server).collect();
        (neighbours.authority.clone(), found)
    };
    for (name, cluster) in found.iter().filter(|(name, cluster)| before.get(*name) != Some(*cluster)) {
        folder.write(&file(name), kubeconfig(name, &cluster.server, &authority).as_bytes())?;
    }
    for name in before.keys().filter(|name| !found.contains_key(*name)) {
        folder.remove(&file(name))?;
    }
    Ok(found)
}

/// Keeps the files as the clusters are, and `endpoints.json` with them.
pub(super) async fn follow(azure: SimulatedAzure, folder: Arc<Folder>, mut known: Endpoints) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let written = write(&azure, &folder, &known.clusters).and_then(|found| {
            if found == known.clusters {
                return Ok(());
            }
            known.clusters = found;
            folder.tell(&known)
        });
        if let Err(error) = written {
            warn!(?error, "the kubeconfigs could not be written");
        }
    }
}

fn file(cluster: &str) -> String {
    format!("{KUBECONFIGS}/{cluster}.yaml")
}

/// The simulated API servers know the token of their operator, so nobody has to log in here.
fn kubeconfig(name: &str, server: &str, authority: &str) -> String {
    let authority = BASE64_STANDARD.encode(authority);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\nclusters:\n- name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\ncontexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: operator\nusers:\n- name: operator\n  user:\n    token: operator\n"
    )
}
