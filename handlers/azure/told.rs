//! Writes, told as chapters of their run's story: what was written, how, and what came of it.
use super::answer::Answer;
use super::arm::ArmError;
use crate::process::clock::Clock;
use crate::process::telemetry::signals::{Chapter, Signals};
use crate::run::Run;
use crate::step::Step;
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

/// For which run, and at which of its hops, a write is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct For {
    site: String,
    run: String,
    step: Step,
    stage: usize,
    hop: u32,
}

impl For {
    /// This run, where it is.
    #[must_use]
    pub fn run(run: &Run) -> Self {
        let (site, run_id) = (run.plan.site.name.clone(), run.id.clone());
        Self { site, run: run_id, step: run.step, stage: run.stage, hop: run.hop }
    }
}

/// Tells of the writes of one client.
#[derive(Clone, Debug)]
pub struct Teller {
    signals: Signals,
    clock: Clock,
}

/// A write that is being made. Whatever becomes of it is told, also when nobody waits for its answer any more.
pub struct Writing<'a> {
    teller: &'a Teller,
    write: Option<Write>,
}

struct Write {
    of: For,
    from: Timestamp,
    what: &'static str,
    how: String,
    target: String,
}

/// What came of a write.
pub enum Came {
    /// It was accepted: with this status, and as this operation of Azure's, if it goes on.
    Accepted(u16, Option<String>),
    /// It was refused, or there was no answer: with this code.
    Failed(u16, String),
}

impl Teller {
    /// To these signals, by this clock.
    #[must_use]
    pub fn new(signals: Signals, clock: &Clock) -> Self {
        Self { signals, clock: clock.clone() }
    }

    /// Begins to tell of a write; a person's own is no run's.
    pub fn writes(&self, of: Option<For>, what: &'static str, how: &str, target: &str) -> Writing<'_> {
        let write = of.zip(self.clock.now().ok()).map(|(of, from)| Write {
            of,
            from,
            what,
            how: how.to_owned(),
            target: target.to_owned(),
        });
        Writing { teller: self, write }
    }
}

impl Writing<'_> {
    /// Tells what came of it.
    pub fn came(mut self, came: Came) {
        if let Some(write) = self.write.take() {
            self.teller.tell(write, came);
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(write) = self.write.take() {
            self.teller.tell(write, Came::Failed(0, "CutOff".into()));
        }
    }
}

impl Teller {
    fn tell(&self, write: Write, came: Came) {
        let Write { of, from, what, how, target } = write;
        let mut attributes = vec![
            KeyValue::new("bluegreen.site", of.site),
            KeyValue::new("bluegreen.run.id", of.run.clone()),
            KeyValue::new("bluegreen.step", of.step.name()),
            KeyValue::new("bluegreen.stage", i64::try_from(of.stage).unwrap_or_default()),
            KeyValue::new("bluegreen.hop", i64::from(of.hop)),
            KeyValue::new("bluegreen.write.what", what),
            KeyValue::new("bluegreen.write.how", how),
            KeyValue::new("bluegreen.write.target", target),
        ];
        let (status, result, failed) = match came {
            Came::Accepted(status, operation) => {
                attributes.extend(operation.map(|operation| KeyValue::new("bluegreen.write.operation", operation)));
                (status, "accepted".to_owned(), None)
            }
            Came::Failed(status, code) => (status, code.clone(), Some(code)),
        };
        attributes.push(KeyValue::new("bluegreen.write.result", result));
        if status != 0 {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        let to = self.clock.now().unwrap_or(from);
        let name = format!("write {what}").into();
        self.signals.tell(&of.run, Chapter { name, kind: SpanKind::Client, from, to, attributes, failed });
    }
}

impl Came {
    /// Of an answer of Resource Manager.
    pub fn of(answer: &Result<Answer, ArmError>) -> Self {
        match answer {
            Ok(answer) => Self::Accepted(answer.status, bare(&answer.operation().url)),
            Err(error) => Self::Failed(error.status, error.code.clone()),
        }
    }
}

/// The id of an operation: the last part of its address, without the query, which lets anybody ask.
fn bare(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    path.rsplit('/').find(|part| !part.is_empty()).map(str::to_owned)
}

/// What kind of resource a path of Resource Manager leads to: one of those that we write.
pub fn kind(path: &str) -> &'static str {
    let path = path.to_lowercase();
    match () {
        () if path.contains("/applicationgateways/") => "gateway",
        () if path.contains("/agentpools/") => "node pool",
        () if path.contains("/managedclusters/") => "cluster",
        () => "resource",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_told_without_what_lets_anybody_ask() {
        let url =
            "https://management.azure.com/subscriptions/s/providers/Microsoft.Network/operations/0a1b?t=1&s=secret";
        assert_eq!(bare(url).as_deref(), Some("0a1b"));
        assert_eq!(bare(""), None);
    }
}
