//! An entity as a PUT asks for it, and what the service refuses. Pure.
use super::super::answers::{Refusal, refuse};
use super::super::place::Place;
use super::durations::FOR_EVER;
use crate::service_bus::{Broker, QueueOptions, SubscriptionOptions, TopicOptions};
use jiff::{Span, SpanRelativeTo};
use serde_json::Value;
use std::time::Duration;

/// An entity of the bus: its path below the namespace, and how it is set up.
pub(super) enum Entity {
    Queue(String, QueueOptions),
    Topic(String, TopicOptions),
    Subscription(String, QueueOptions),
    /// The subject that a subscription wants.
    Rule(String, Option<String>),
}

/// The path of an entity as the broker has it; of a rule, that of its subscription.
pub(super) fn path(place: &Place) -> String {
    let names = &place.steps[2..];
    match names {
        [_, name] => name.clone(),
        [_, topic, _, name, ..] => format!("{topic}/subscriptions/{name}"),
        _ => String::new(),
    }
}

/// What a PUT asks for.
pub(super) fn checked(place: &Place, body: &Value, existing: Option<&Value>) -> Result<Entity, Refusal> {
    let (path, wanted) = (path(place), &body["properties"]);
    let kinds: Vec<_> = place.steps.iter().skip(2).step_by(2).map(|kind| kind.to_lowercase()).collect();
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    if let Some(before) = existing.and_then(|body| body["properties"].get("requiresDuplicateDetection"))
        && wanted.get("requiresDuplicateDetection").is_some_and(|now| now != before)
    {
        let message = "SubCode=40000. The value for the RequiresDuplicateDetection property of an existing entity cannot be changed.";
        return Err(bad(message));
    }
    match kinds[..] {
        ["queues"] => Ok(Entity::Queue(path, queue(wanted)?)),
        ["topics", "subscriptions"] => Ok(Entity::Subscription(path, queue(wanted)?)),
        ["topics"] => {
            let default_time_to_live = lasting(wanted, "defaultMessageTimeToLive")?;
            Ok(Entity::Topic(path, TopicOptions { default_time_to_live, duplicate_window: window(wanted)? }))
        }
        ["topics", "subscriptions", "rules"] => Ok(Entity::Rule(path, rule(place.name(), wanted)?)),
        _ => Err(Refusal::method()),
    }
}

impl Entity {
    pub fn set_up(self, broker: &mut Broker) {
        match self {
            Self::Queue(path, options) => broker.add_queue(&path, options),
            Self::Topic(path, options) => broker.add_topic(&path, options),
            Self::Subscription(path, options) => {
                if broker.queue_options(&path).is_none()
                    && let Some((topic, name)) = path.split_once("/subscriptions/")
                {
                    // Resource Manager has looked for the topic: an entity's parent is there.
                    let _ = broker.add_subscription(topic, name, SubscriptionOptions::default());
                }
                broker.add_queue(&path, options);
            }
            Self::Rule(path, subject) => broker.set_subject(&path, subject),
        }
    }
}

fn queue(wanted: &Value) -> Result<QueueOptions, Refusal> {
    let default = QueueOptions::default();
    let count = wanted["maxDeliveryCount"].as_u64().map_or(Ok(default.max_delivery_count), u32::try_from);
    Ok(QueueOptions {
        lock_duration: lasting(wanted, "lockDuration")?.unwrap_or(default.lock_duration),
        max_delivery_count: count.map_err(|_| bad("SubCode=40000. MaxDeliveryCount is out of range."))?,
        default_time_to_live: lasting(wanted, "defaultMessageTimeToLive")?,
        dead_letter_on_expiry: wanted["deadLetteringOnMessageExpiration"] == true,
        duplicate_window: window(wanted)?,
        forward_dead_letters_to: wanted["forwardDeadLetteredMessagesTo"].as_str().map(ToOwned::to_owned),
        requires_session: wanted["requiresSession"] == true,
        receive_disabled: match wanted["status"].as_str() {
            None | Some("Active") => false,
            Some("ReceiveDisabled") => true,
            Some(_) => return Err(bad("The simulated Service Bus has the statuses Active and ReceiveDisabled.")),
        },
    })
}

/// Ten minutes where the PUT does not say: the service's own.
fn window(wanted: &Value) -> Result<Option<Duration>, Refusal> {
    let asked = lasting(wanted, "duplicateDetectionHistoryTimeWindow")?.unwrap_or(Duration::from_secs(600));
    Ok((wanted["requiresDuplicateDetection"] == true).then_some(asked))
}

fn rule(name: &str, wanted: &Value) -> Result<Option<String>, Refusal> {
    if !name.eq_ignore_ascii_case("$Default") {
        return Err(bad("The simulated Service Bus has one rule for each subscription, $Default."));
    }
    match wanted["filterType"].as_str() {
        Some("CorrelationFilter") => Ok(wanted["correlationFilter"]["label"].as_str().map(ToOwned::to_owned)),
        Some("SqlFilter") if wanted["sqlFilter"]["sqlExpression"] == "1=1" => Ok(None),
        _ => Err(bad("The simulated Service Bus has correlation filters on the label, and the SQL filter 1=1.")),
    }
}

/// A duration of ISO 8601. The longest there is stands for none.
fn lasting(wanted: &Value, field: &str) -> Result<Option<Duration>, Refusal> {
    let Some(text) = wanted[field].as_str().filter(|text| *text != FOR_EVER) else { return Ok(None) };
    // The parser knows friendlier forms, too.
    let span = text.parse::<Span>().ok().filter(|_| text.starts_with('P'));
    let parsed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let parsed = parsed.and_then(|span| Duration::try_from(span).ok());
    parsed.map(Some).ok_or_else(|| bad(&format!("SubCode=40000. The value '{text}' of {field} is not a duration.")))
}

fn bad(message: &str) -> Refusal {
    refuse(400, "BadRequest", message)
}
