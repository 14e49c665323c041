//! What Azure and Kubernetes answer, as raw JSON: what we read of it, and what we change in it. It decides nothing.
pub mod answers;
pub mod attached;
pub mod beside;
pub mod cluster;
pub mod digest;
pub mod gateway;
pub mod leads;
pub mod led;
pub mod listening;
pub mod object;
mod probing;
mod rivals;
pub mod size;
pub mod subnet;
pub mod subscription;
pub mod tags;
pub mod version;
