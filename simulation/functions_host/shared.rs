//! What all instances of one hosted app have in common.
use super::{
    counters::Count, definition::App, handler::Start, launch::Launch, monitor::Monitor, options::HostOptions,
    output::Output, ports::Ports,
};
use crate::SimulatedAzure;

/// What all instances have in common.
pub(super) struct Shared {
    pub azure: SimulatedAzure,
    pub app: App,
    pub options: HostOptions,
    pub runs: Runs,
    pub count: Count,
    pub monitor: Monitor,
    pub ports: Ports,
}

/// What is started for each child.
pub(super) enum Runs {
    Router(Start),
    Executable(Launch, Output),
}
