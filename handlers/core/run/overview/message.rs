//! What somebody is told of a run, in the shape that the other side reads.
use super::next::{Beside, next};
use super::waits::State;
use crate::run::{Entry, Level, Run};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// Who reads a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Whoever takes CloudEvents 1.0 over HTTP, in structured mode.
    #[default]
    CloudEvents,
    /// A workflow of Teams: an adaptive card.
    Teams,
    /// An incoming webhook of Slack.
    Slack,
}

/// Of what somebody wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wanted {
    /// A person is needed now.
    NeedsPerson,
    /// It turned back by itself.
    TurnedBack,
    /// A gate waits for its approval.
    Gate,
    /// A run is over.
    Finished,
}

impl Wanted {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NeedsPerson, Self::TurnedBack, Self::Gate, Self::Finished];

    /// What a line of a journal is; `None`: nobody is told of it.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let is_gate = entry.cause.as_deref().is_some_and(|cause| cause.split('/').next() == Some("gate"));
        match entry.level() {
            Level::Note => None,
            Level::NeedsPerson if is_gate => Some(Self::Gate),
            Level::NeedsPerson => Some(Self::NeedsPerson),
            Level::TurnedBack => Some(Self::TurnedBack),
            Level::Finished => Some(Self::Finished),
        }
    }
}

/// The lines of a run that somebody is told of, after the line with this number.
pub fn untold(run: &Run, after: u32) -> impl Iterator<Item = (u32, &Entry)> {
    run.numbered().filter(move |(number, entry)| *number > after && Wanted::of(entry).is_some())
}

/// One line of a run's journal, for this reader.
#[must_use]
pub fn message(run: &Run, number: u32, entry: &Entry, shape: Shape, now: Timestamp) -> Value {
    let site = &run.plan.site.name;
    let level = entry.level();
    let title = format!("{site}: {}", level.words());
    let upgrade = format!("{} -> {} {}", run.plan.old.name(), run.plan.new_colour().name(), run.plan.version);
    let since = run.held.as_ref().map_or(entry.at, |hold| hold.since);
    let commands = next(site, Some(run), Beside::default(), [&[], &[]], now);
    let can: Vec<_> = commands.iter().map(|next| json!({"command": next.command, "why": next.why})).collect();
    let facts = [
        ("upgrade", upgrade),
        ("step", entry.after.name().to_owned()),
        ("since", since.to_string()),
        ("without you", meanwhile(run).to_owned()),
    ];
    match shape {
        Shape::CloudEvents => json!({
            "specversion": "1.0", "id": format!("{}/{number}", run.id), "source": format!("/aks-bluegreen/sites/{site}"),
            "type": format!("aks-bluegreen.{}", level.name()), "subject": run.id, "time": entry.at,
            "datacontenttype": "application/json",
            "data": {"site": site, "run": run.id, "number": number, "level": level, "cause": entry.cause,
                "what": entry.what, "since": since, "step": entry.after, "version": run.plan.version,
                "from": run.plan.old, "to": run.plan.new_colour(), "withoutYou": meanwhile(run), "can": can},
        }),
        Shape::Teams => {
            let facts: Vec<_> = facts.iter().map(|(name, value)| json!({"title": name, "value": value})).collect();
            let block = |text: &str| json!({"type": "TextBlock", "text": text, "wrap": true});
            let mut body = vec![json!({"type": "TextBlock", "text": title, "weight": "Bolder", "wrap": true})];
            body.push(block(&entry.what));
            body.push(json!({"type": "FactSet", "facts": facts}));
            body.extend(commands.iter().map(|next| block(&format!("`{}`: {}", next.command, next.why))));
            json!({"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive",
                "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
                    "version": "1.4", "body": body}}]})
        }
        Shape::Slack => {
            let facts = facts.iter().map(|(name, value)| format!("{name}: {}", escaped(value)));
            let can = commands.iter().map(|next| format!("`{}`: {}", escaped(&next.command), escaped(&next.why)));
            let lines: Vec<_> =
                [format!("*{}*", escaped(&title)), escaped(&entry.what)].into_iter().chain(facts).chain(can).collect();
            json!({"text": lines.join("\n")})
        }
    }
}

/// What happens if nobody does anything.
fn meanwhile(run: &Run) -> &'static str {
    match State::of(run) {
        State::Moves => "the upgrade goes on by itself, and its traffic is watched",
        State::TurnsBack => "the way back goes on by itself until it is done",
        State::Held => {
            "nothing is written or deleted; traffic stays where it is, and is watched where that can be told"
        }
        State::Paused => "it stays paused; traffic is watched",
        State::Ended => "nothing more: the run is over",
    }
}

/// Slack's own three letters: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
