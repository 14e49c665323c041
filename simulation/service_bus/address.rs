//! How entities are addressed. Pure.

/// What a dead-letter sub-queue is called below its entity.
pub(super) const DEAD_LETTERS: &str = "$deadletterqueue";

/// The one spelling of a name under which an entity is kept.
pub(super) fn address(name: &str) -> String {
    name.trim_matches('/').to_lowercase()
}
