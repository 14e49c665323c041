//! What runs in a cluster: manifests as objects, their placeholders, their readiness, their digests.
pub mod digest;
pub mod manifests;
pub mod placeholders;
pub mod readiness;
