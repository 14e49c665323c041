//! From which registries the nodes of a cluster may not pull, where a world is asked to look: their kubelets' identity must have
//! the right, and it must count.
use super::authorization::may;
use super::kinds;
use super::place::key;
use super::store::Store;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

const PULL: &str = "Microsoft.ContainerRegistry/registries/pull/read";

/// The names of the servers from which the kubelets of the cluster at this host may not pull. `counts`: what was assigned by
/// then counts.
pub(super) fn refused(store: &Store, host: &str, counts: Timestamp) -> BTreeSet<String> {
    let is_it = |body: &&Value| body["properties"]["fqdn"].as_str().is_some_and(|fqdn| fqdn.eq_ignore_ascii_case(host));
    let Some(cluster) = store.of_kind("", kinds::CLUSTERS).find(is_it) else { return BTreeSet::new() };
    let kubelet = &cluster["properties"]["identityProfile"]["kubeletidentity"];
    let of_ones_own = || store.get(&key(kubelet["resourceId"].as_str()?))?["properties"].get("principalId").cloned();
    let principal = kubelet.get("objectId").cloned().or_else(of_ones_own).unwrap_or_default();
    let may = |registry: &Value| may(store, &principal, registry["id"].as_str().unwrap_or_default(), PULL, counts);
    let registries = store.of_kind("", "Microsoft.ContainerRegistry/registries").filter(|registry| !may(registry));
    registries.filter_map(|registry| registry["properties"]["loginServer"].as_str().map(ToOwned::to_owned)).collect()
}
