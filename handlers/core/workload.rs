//! What runs in a cluster: manifests as objects, their placeholders, their readiness, their digests.
pub mod agic;
pub mod anew;
pub mod apply_set;
pub mod asks;
pub mod challenges;
pub mod chart;
pub mod conditions;
pub mod definitions;
pub mod desk;
pub mod differences;
pub mod ended;
pub mod exported;
pub mod fence;
mod further;
pub mod keda;
pub mod lacks;
pub mod manifests;
pub mod members;
pub mod pins;
pub mod placeholders;
mod pods;
pub mod prune;
pub mod readiness;
pub mod refusal;
pub mod rights;
pub mod seen;
pub mod selector;
pub mod share;
pub mod singletons;
pub mod spelling;
pub mod twice;
pub mod yaml;

/// Namespaces that every cluster has.
const EVERYWHERE: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// So much is shown of a text that came from outside.
const SHOWN: usize = 300;

/// The beginning of a text that came from outside.
fn cut(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
