//! The clients of the outside world. `Reader` only looks; `Azure` also acts, and reads the run again before it does.
pub mod arm;
pub mod blob_runs;
pub mod identity;
pub mod operations;
pub mod patience;
pub mod service_bus;
