//! The rules, each asked by itself: functions of values, with no world around them.
mod checks;
mod cluster_body;
#[path = "../fixtures/edited.rs"]
mod edited;
mod every_interleaving;
mod example;
mod federation;
mod flow;
mod format_1;
mod manifests;
#[path = "../fixtures/ordered.rs"]
mod ordered;
mod presets;
mod refused;
mod roles;
mod singletons;
mod site;
mod site_page;
mod two_stages;
