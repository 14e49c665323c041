//! Users' requests: through a gateway's listener, rule and effective pool members to a cluster's workload.
mod answer;
mod instances;
mod probes;

pub use answer::Answer;
pub use instances::Traffic;
pub(crate) use probes::Health;
