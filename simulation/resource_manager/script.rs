//! What a test has in store for calls and operations to come. Pure.
use super::answers::Refusal;

/// Failures in store for calls and operations to come.
#[derive(Default)]
pub(crate) struct Script {
    pub failures: Vec<(String, String, String)>,
    pub refusals: Vec<(String, Refusal)>,
}

impl Script {
    /// The failure of the operation that begins now, if the script has one. It is used up.
    pub fn failure_for(&mut self, verb: &str, resource: &str) -> Option<(String, String)> {
        let at = self.failures.iter().position(|(on, ..)| is_meant(on, verb, resource))?;
        let (_, code, message) = self.failures.remove(at);
        Some((code, message))
    }

    /// The refusal of the call that arrives now, if the script has one. It is used up.
    pub fn refusal_for(&mut self, verb: &str, resource: &str) -> Option<Refusal> {
        let at = self.refusals.iter().position(|(on, _)| is_meant(on, verb, resource))?;
        Some(self.refusals.remove(at).1)
    }
}

/// Whether `on`, a verb and a part of an id with `…` for what is left out, means this call.
fn is_meant(on: &str, verb: &str, resource: &str) -> bool {
    let (on, called) = (on.to_lowercase(), format!("{verb} {resource}").to_lowercase());
    let mut rest = called.as_str();
    on.split(['…', ' ']).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
