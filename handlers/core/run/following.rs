//! What a run follows from one look to the next: something that was asked for and is not over when the look ends.
//!
//! Something that is no operation of Resource Manager, such as a controller's deployment that is waited for, becomes one
//! more variant.
use super::Mark;
use crate::step::{Follows, Step};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a gateway says of its backends counts so long after it was asked: longer than an event that was lost takes to be sent
/// again, so that whoever waits for it comes in time.
pub const ANSWER_COUNTS: SignedDuration = SignedDuration::from_mins(6);

/// What the present step asked for last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub enum Following {
    /// Our write of the gateway. It counts when the operation succeeded and the gateway shows its mark and the intended
    /// members.
    GatewayWrite {
        /// How the write goes on.
        operation: Operation,
        /// The mark that it carries.
        mark: Mark,
        /// Others of the same step, of invocations that could not save theirs in time: any of them counts as well.
        also: Vec<Write>,
    },
    /// A change of a cluster: made, tagged, started, stopped, scaled, deleted.
    ClusterChange(Operation),
    /// The question what the gateway's own probes see. Asked only after the step's own write was proved, if it has one.
    HealthQuestion(Operation),
    /// A question that was answered: the next look asks anew.
    Answered(Unknown),
}

/// One more write of the gateway that a step follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// How it goes on.
    pub operation: Operation,
    /// The mark that it carries.
    pub mark: Mark,
}

/// A long-running operation of Resource Manager, followed by its opaque URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Where to ask for it. Empty when it was carried out at once.
    pub url: String,
    /// How to read the answer.
    pub style: Style,
    unknown: Unknown,
}

/// Members that this binary does not know: a newer one may have written them, and wants them back.
pub type Unknown = Map<String, Value>;

/// How a long-running operation of Resource Manager is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Style {
    /// `Azure-AsyncOperation`: always 200, the body has a status.
    AsyncOperation,
    /// `Location`: 202 until it ends.
    Location,
    /// It was carried out at once: there is nothing to follow.
    Finished,
}

impl Operation {
    /// An operation that Azure has just begun.
    #[must_use]
    pub fn at(url: String, style: Style) -> Self {
        Self { url, style, unknown: Unknown::new() }
    }
}

impl Following {
    /// A write of the gateway that was just accepted.
    #[must_use]
    pub fn write(operation: Operation, mark: Mark) -> Self {
        Self::GatewayWrite { operation, mark, also: vec![] }
    }

    /// The writes of the gateway that are followed, the newest first.
    pub fn writes(&self) -> impl Iterator<Item = (&Operation, &Mark)> {
        let (first, others) = match self {
            Self::GatewayWrite { operation, mark, also } => (Some((operation, mark)), also.as_slice()),
            Self::ClusterChange(_) | Self::HealthQuestion(_) | Self::Answered(_) => (None, [].as_slice()),
        };
        first.into_iter().chain(others.iter().map(|write| (&write.operation, &write.mark)))
    }

    /// Both: the newer write of the gateway, and what was followed before.
    pub(super) fn and(self, newer: Self) -> Self {
        match (self, newer) {
            (
                Self::GatewayWrite { operation, mark, also: before },
                Self::GatewayWrite { operation: newest, mark: name, mut also },
            ) => {
                also.push(Write { operation, mark });
                also.extend(before);
                Self::GatewayWrite { operation: newest, mark: name, also }
            }
            (_, newer) => newer,
        }
    }

    /// A question that was answered.
    #[must_use]
    pub fn answered() -> Self {
        Self::Answered(Unknown::new())
    }

    /// The question that Azure has just accepted. One that it answered at once is as good as none: it is asked anew.
    #[must_use]
    pub fn question(operation: Operation) -> Self {
        match operation.style {
            Style::Finished => Self::Answered(operation.unknown),
            Style::AsyncOperation | Style::Location => Self::HealthQuestion(operation),
        }
    }

    /// The same, at a step that mostly changes clusters: the document says that it is a question.
    #[must_use]
    pub fn question_aside(mut operation: Operation) -> Self {
        operation.unknown.insert(ASKS.into(), HEALTH.into());
        Self::question(operation)
    }

    /// A question that was answered, at such a step.
    #[must_use]
    pub fn answered_aside() -> Self {
        Self::Answered(Unknown::from_iter([(ASKS.to_owned(), HEALTH.into())]))
    }

    /// The same question, with the time at which it was asked.
    #[must_use]
    pub fn dated(mut self, now: Timestamp) -> Self {
        if let Self::HealthQuestion(operation) = &mut self {
            operation.unknown.insert(ASKED_AT.into(), now.to_string().into());
        }
        self
    }

    /// When a question was asked, if it says so.
    #[must_use]
    pub fn asked_at(&self) -> Option<Timestamp> {
        let Self::HealthQuestion(operation) = self else { return None };
        operation.unknown.get(ASKED_AT)?.as_str()?.parse().ok()
    }

    /// A question whose answer says how it is now: nobody may have looked since an older one was asked.
    #[must_use]
    pub fn asked_lately(&self, now: Timestamp) -> Option<&Operation> {
        let Self::HealthQuestion(operation) = self else { return None };
        let age = now.duration_since(self.asked_at()?);
        (age <= ANSWER_COUNTS).then_some(operation)
    }

    /// What a document means by it at this step: what has no mark is not told apart in writing.
    pub(super) fn at(self, step: Step) -> Self {
        match (self, step.row().follows) {
            // Written by an older binary, which does not say it.
            (Self::ClusterChange(operation), Follows::Health) => Self::question(operation),
            (read, Follows::Health | Follows::Changes) => read,
        }
    }

    /// The same, with what was seen before a hold forgotten: it is stale. What failed before it is tried anew.
    pub(super) fn stale(self, step: Step) -> Self {
        match self {
            Self::HealthQuestion(operation) => Self::Answered(operation.unknown),
            Self::ClusterChange(_) if step == Step::RetireOldCluster => Self::answered_aside(),
            Self::GatewayWrite { .. } | Self::Answered(_) | Self::ClusterChange(_) => self,
        }
    }
}

/// How it stands in a run's document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    url: String,
    style: Style,
    mark: Option<Mark>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<Written>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl From<Written> for Following {
    fn from(Written { url, style, mark, also, unknown }: Written) -> Self {
        let asks_for_health = unknown.get(ASKS).is_some_and(|asked| asked == HEALTH);
        let operation = Operation { url, style, unknown };
        match (mark, asks_for_health) {
            (Some(mark), _) => {
                let also = also.into_iter().filter_map(|one| {
                    let Written { url, style, mark, unknown, .. } = one;
                    Some(Write { operation: Operation { url, style, unknown }, mark: mark? })
                });
                Self::GatewayWrite { operation, mark, also: also.collect() }
            }
            (None, true) => Self::question(operation),
            (None, false) => Self::ClusterChange(operation),
        }
    }
}

impl From<Following> for Written {
    fn from(following: Following) -> Self {
        let written = |Operation { url, style, unknown }: Operation, mark: Option<Mark>| Self {
            url,
            style,
            mark,
            also: vec![],
            unknown,
        };
        match following {
            Following::GatewayWrite { operation, mark, also } => {
                let also = also.into_iter().map(|write| written(write.operation, Some(write.mark))).collect();
                Self { also, ..written(operation, Some(mark)) }
            }
            Following::ClusterChange(operation) | Following::HealthQuestion(operation) => written(operation, None),
            Following::Answered(unknown) => {
                written(Operation { url: String::new(), style: Style::Finished, unknown }, None)
            }
        }
    }
}

/// The member of a document that says what a question is about, where the step does not.
const ASKS: &str = "asks";
const HEALTH: &str = "health";
/// The member that says when.
const ASKED_AT: &str = "askedAt";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(document: Value, step: Step) -> Following {
        serde_json::from_value::<Following>(document).unwrap().at(step)
    }

    #[test]
    fn what_has_no_mark_is_told_apart_by_the_step() {
        let unmarked = json!({"url": "https://management/1", "style": "location", "mark": null});
        assert!(matches!(read(unmarked.clone(), Step::CreateCluster), Following::ClusterChange(_)));
        assert!(matches!(read(unmarked, Step::Soak), Following::HealthQuestion(_)));
        let answered = json!({"url": "", "style": "finished", "mark": null});
        assert_eq!(read(answered.clone(), Step::ConfirmTraffic), Following::answered());
        assert!(matches!(read(answered, Step::RetireOldCluster), Following::ClusterChange(_)));
        let write = json!({"url": "https://management/1", "style": "asyncOperation", "mark": "shop-1/a"});
        assert!(
            matches!(read(write, Step::ValidateHealth), Following::GatewayWrite { mark, .. } if mark == "shop-1/a")
        );
    }

    #[test]
    fn a_question_at_a_step_of_changes_says_so() {
        let question = Following::question_aside(Operation::at("https://management/1".into(), Style::Location));
        let document = serde_json::to_value(&question).unwrap();
        assert_eq!(read(document, Step::RetireOldCluster), question);
        assert_eq!(question.asked_at(), None);
        let now = "2026-11-25T08:00:00.5Z".parse().unwrap();
        let document = serde_json::to_value(question.dated(now)).unwrap();
        assert_eq!(read(document, Step::ShiftTraffic).asked_at(), Some(now));
    }

    #[test]
    fn every_write_counts_and_the_newest_comes_first() {
        let write = |name: &str| {
            Following::write(Operation::at(format!("https://management/{name}"), Style::AsyncOperation), name.into())
        };
        let three = write("a").and(write("b")).and(write("c"));
        let written = serde_json::to_value(&three).unwrap();
        assert_eq!(read(written, Step::RestoreTraffic), three);
        assert_eq!(three.writes().map(|(_, mark)| mark.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
    }

    #[test]
    fn a_document_is_written_as_it_was_read() {
        for (style, mark) in
            [("location", json!(null)), ("asyncOperation", json!("shop-1/a")), ("finished", json!(null))]
        {
            let url = if style == "finished" { "" } else { "https://management/1" };
            let document = json!({"url": url, "style": style, "mark": mark, "later": [1]});
            for step in Step::ALL {
                assert_eq!(serde_json::to_value(read(document.clone(), step)).unwrap(), document, "{step}");
            }
        }
    }
}
