//! The templates under `infra/` say what the code needs: rights, settings, entities, and what must never be moved. They
//! look at the committed template and snapshots; `.ci/infra` checks that those are what the compiler makes.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
mod deployed;
mod deployment;
mod doctor;
mod entities;
mod people;
mod rights;
mod settings;
mod shape;
mod snapshot;
