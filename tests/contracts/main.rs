//! What we promise to others and others to us: the Functions host, Azure's interfaces, an operator's telemetry; and that
//! everything which names the same thing agrees.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
mod actions;
mod agreement;
mod api_described;
mod azure_requests;
mod host_contract;
mod insights;
mod messages;
#[path = "../fixtures/ordered.rs"]
mod ordered;
mod pages;
mod played;
mod recorded_requests;
mod rooms;
mod secrets;
mod settings;
mod stage;
mod telemetry;
