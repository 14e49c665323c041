//! The functions that are no steps.
pub mod api;
pub mod canary_check;
mod checking;
pub mod dead_letter;
pub mod request_upgrade;
pub mod version_available;
pub mod version_check;
