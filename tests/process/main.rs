//! The executable itself, as the Functions host and a person start it. Real time, real sockets, no fixed port.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
mod charts;
mod child;
mod commands;
mod container;
mod documented;
mod doors;
mod hosted;
mod insights;
mod local;
mod operator;
mod own_site;
mod package;
mod rights;
mod serving;
mod site_files;
