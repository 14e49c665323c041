//! The process and its surroundings: settings, the clock, the cloud's addresses, the way out, telemetry. It knows nothing
//! of upgrades.
pub mod clock;
pub mod cloud;
pub mod config;
pub mod limits;
pub mod measured;
pub mod paint;
pub mod system;
pub mod targets;
pub mod telemetry;
pub mod wire;
