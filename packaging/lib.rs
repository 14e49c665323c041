//! Makes the files of a release: the zip that the Functions host takes, its bill of materials, the digests of all.
//!
//! Nothing here asks for the time, the user or the machine: the same input gives the same bytes.
pub mod archive;
pub mod bill;
pub mod cold_start;
pub mod crates;
pub mod digests;
