//! The broker: what receivers and senders may rely on, and the REST face that production uses.
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulated_azure::service_bus::{
    Broker, Counts, LockLost, Message, QueueOptions, Refusal, State, SubscriptionOptions, TopicOptions,
};
use std::time::Duration;

mod access;
mod rest;
mod sessions;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + seconds, 0).unwrap()
}

fn queue(options: QueueOptions) -> Broker {
    let mut broker = Broker::default();
    broker.add_queue("work", options);
    broker
}

fn topic() -> Broker {
    let mut broker = Broker::default();
    broker.add_queue("dead-letters", QueueOptions::default());
    broker.add_topic(
        "Steps",
        TopicOptions { duplicate_window: Some(Duration::from_secs(600)), ..TopicOptions::default() },
    );
    for (name, subject) in [("Plan", Some("Plan")), ("Create", Some("Create")), ("all", None)] {
        let options = SubscriptionOptions {
            subject: subject.map(Into::into),
            max_delivery_count: 2,
            forward_dead_letters_to: Some("Dead-Letters".into()),
            ..SubscriptionOptions::default()
        };
        broker.add_subscription("steps", name, options).unwrap();
    }
    broker
}

fn active(broker: &Broker, entity: &str, now: Timestamp) -> usize {
    broker.counts(entity, now).active
}

#[test]
fn a_locked_message_is_given_to_nobody_else_until_its_lock_ends() {
    let mut broker = queue(QueueOptions { lock_duration: Duration::from_secs(30), ..QueueOptions::default() });
    broker.send("WORK", Message::new("a"), at(0)).unwrap();
    let first = broker.receive("work", at(0)).unwrap();
    assert_eq!((first.delivery_count, first.locked_until), (1, at(30)));
    assert!(broker.receive("work", at(29)).is_none());
    assert_eq!(broker.next_due("work", at(29)), Some(at(30)));
    let second = broker.receive("work", at(30)).unwrap();
    assert_eq!((second.delivery_count, second.sequence_number), (2, first.sequence_number));
    assert_eq!(broker.complete("work", first.lock_token, at(31)), Err(LockLost));
    assert_eq!(broker.complete("work", second.lock_token, at(31)), Ok(()));
    assert_eq!(broker.complete("work", second.lock_token, at(31)), Err(LockLost));
    assert!(broker.is_at_rest(at(31)));
}

#[test]
fn a_renewed_lock_counts_from_the_renewal() {
    let mut broker = queue(QueueOptions { lock_duration: Duration::from_secs(30), ..QueueOptions::default() });
    broker.send("work", Message::new("a"), at(0)).unwrap();
    let held = broker.receive("work", at(0)).unwrap();
    assert_eq!(broker.renew("work", held.lock_token, at(20)), Ok(at(50)));
    assert!(broker.receive("work", at(49)).is_none());
    assert_eq!(broker.renew("work", held.lock_token, at(50)), Err(LockLost));
}

#[test]
fn after_the_last_delivery_a_message_is_a_dead_letter_with_a_reason() {
    let mut broker = queue(QueueOptions { max_delivery_count: 3, ..QueueOptions::default() });
    broker.send("work", Message::new("a").with_id("m"), at(0)).unwrap();
    for delivery in 1..=3 {
        let held = broker.receive("work", at(0)).unwrap();
        assert_eq!(held.delivery_count, delivery);
        broker.abandon("work", held.lock_token, at(0)).unwrap();
    }
    assert_eq!(broker.counts("work", at(0)), Counts { dead_lettered: 1, ..Counts::default() });
    let dead = broker.receive("work/$DeadLetterQueue", at(1)).unwrap();
    assert_eq!(dead.message.properties["DeadLetterReason"], json!("MaxDeliveryCountExceeded"));
    assert_eq!(dead.dead_letter_source.as_deref(), Some("work"));
    for _ in 0..20 {
        let held = broker.receive("work/$deadletterqueue", at(1000)).unwrap_or(dead.clone());
        let _ = broker.abandon("work/$deadletterqueue", held.lock_token, at(1000));
    }
    assert_eq!(broker.counts("work", at(1000)).dead_lettered, 1, "nothing falls out of a dead-letter queue");
    assert_eq!(broker.dead_letters(), 1);
}

#[test]
fn a_lock_that_ends_for_the_last_time_buries_the_message_too() {
    let mut broker = queue(QueueOptions { max_delivery_count: 1, ..QueueOptions::default() });
    broker.send("work", Message::new("a"), at(0)).unwrap();
    broker.receive("work", at(0)).unwrap();
    broker.advance(at(60));
    assert_eq!(broker.counts("work", at(60)).dead_lettered, 1);
}

#[test]
fn a_topic_copies_to_each_subscription_that_wants_the_subject() {
    let mut broker = topic();
    broker.send("steps", Message::new("a").with_subject("Plan"), at(0)).unwrap();
    broker.send("steps", Message::new("b").with_subject("plan"), at(0)).unwrap();
    broker.send("steps", Message::new("c"), at(0)).unwrap();
    let count = |name: &str| active(&broker, &format!("steps/Subscriptions/{name}"), at(0));
    assert_eq!((count("plan"), count("create"), count("ALL")), (1, 0, 3));
}

#[test]
fn a_forwarded_dead_letter_is_an_active_message_that_says_where_it_came_from() {
    let mut broker = topic();
    broker.send("steps", Message::new("a").with_id("m").with_subject("Create"), at(0)).unwrap();
    let held = broker.receive("steps/subscriptions/create", at(0)).unwrap();
    broker.dead_letter("steps/subscriptions/create", held.lock_token, "Broken", "no such site", at(0)).unwrap();
    let dead = broker.receive("dead-letters", at(0)).unwrap();
    assert_eq!((dead.delivery_count, dead.message.message_id.as_str()), (1, "m"));
    let property = |name: &str| dead.message.properties[name].as_str().unwrap().to_owned();
    assert_eq!(property("DeadLetterReason"), "Broken");
    assert_eq!(property("DeadLetterErrorDescription"), "no such site");
    assert_eq!(dead.dead_letter_source.as_deref(), Some("steps/subscriptions/Create"));
}

#[test]
fn a_scheduled_message_comes_at_its_time_behind_those_sent_before_it() {
    let mut broker = queue(QueueOptions::default());
    let number = broker.send("work", Message::new("later").at(at(60)), at(0)).unwrap();
    assert_eq!(broker.messages("work", at(0))[0].state, State::Scheduled(at(60)));
    assert_eq!(broker.next_due("work", at(0)), Some(at(60)));
    assert!(broker.receive("work", at(59)).is_none());
    broker.send("work", Message::new("soon"), at(59)).unwrap();
    assert_eq!(broker.next_due("work", at(59)), Some(at(59)));
    assert_eq!(broker.receive("work", at(60)).unwrap().message.body, "soon");
    let late = broker.receive("work", at(60)).unwrap();
    assert_eq!((late.sequence_number, late.enqueued_at), (number, at(60)));
}

#[test]
fn a_scheduled_message_is_cancelled_by_its_number_in_every_subscription() {
    let mut broker = topic();
    let number = broker.send("steps", Message::new("a").with_subject("Plan").at(at(60)), at(0)).unwrap();
    assert!(broker.cancel_scheduled("steps", number, at(1)));
    assert!(!broker.cancel_scheduled("steps", number, at(1)));
    assert!(broker.is_at_rest(at(1)));
}

#[test]
fn a_duplicate_is_dropped_silently_even_after_the_first_was_consumed() {
    let mut broker = queue(QueueOptions { duplicate_window: Some(Duration::from_secs(60)), ..QueueOptions::default() });
    let first = broker.send("work", Message::new("a").with_id("m"), at(0)).unwrap();
    let held = broker.receive("work", at(0)).unwrap();
    broker.complete("work", held.lock_token, at(0)).unwrap();
    let second = broker.send("work", Message::new("b").with_id("m"), at(59)).unwrap();
    assert!(second > first);
    assert!(broker.receive("work", at(59)).is_none());
    broker.send("work", Message::new("c").with_id("m"), at(60)).unwrap();
    assert_eq!(broker.receive("work", at(60)).unwrap().message.body, "c", "the window counts from the first send");
}

#[test]
fn without_a_window_the_same_id_comes_twice() {
    let mut broker = queue(QueueOptions::default());
    broker.send_batch("work", vec![Message::new("a").with_id("m"), Message::new("b").with_id("m")], at(0)).unwrap();
    assert_eq!(active(&broker, "work", at(0)), 2);
}

#[test]
fn an_expired_message_is_gone_or_a_dead_letter_but_never_received() {
    for buried in [false, true] {
        let options = QueueOptions {
            default_time_to_live: Some(Duration::from_secs(100)),
            dead_letter_on_expiry: buried,
            ..QueueOptions::default()
        };
        let mut broker = queue(options);
        let own = Message { time_to_live: Some(Duration::from_secs(10)), ..Message::new("short") };
        let long = Message { time_to_live: Some(Duration::from_secs(1000)), ..Message::new("cut") };
        broker.send_batch("work", vec![own, long.clone().at(at(50)), long], at(0)).unwrap();
        assert_eq!(broker.receive("work", at(10)).unwrap().message.body, "cut");
        broker.advance(at(149));
        assert_eq!(active(&broker, "work", at(149)), 1, "the scheduled one lives from its own time on");
        broker.advance(at(150));
        assert_eq!(broker.counts("work", at(150)).dead_lettered, if buried { 3 } else { 0 });
        assert!(broker.is_at_rest(at(150)));
    }
}

#[test]
fn a_batch_is_sent_whole_or_not_at_all() {
    let mut broker = queue(QueueOptions::default());
    let bad = Message::new("b").with_id(&"x".repeat(129));
    assert!(matches!(broker.send_batch("work", vec![Message::new("a"), bad], at(0)), Err(Refusal::Malformed(_))));
    let half = || Message::new(vec![b'x'; 140_000]);
    assert!(matches!(broker.send_batch("work", vec![half(), half()], at(0)), Err(Refusal::TooLarge(_))));
    assert!(broker.is_at_rest(at(0)));
}

#[test]
fn what_cannot_be_sent_to_is_refused() {
    let mut broker = topic();
    for entity in ["nothing", "steps/subscriptions/plan", "dead-letters/$deadletterqueue", ""] {
        assert!(matches!(broker.send(entity, Message::new("a"), at(0)), Err(Refusal::NoSuchEntity(_))), "{entity}");
    }
    assert!(broker.add_subscription("nothing", "a", SubscriptionOptions::default()).is_err());
    assert!(broker.receive("steps", at(0)).is_none());
}

#[test]
fn a_message_without_an_id_gets_one_and_options_can_change_under_messages() {
    let mut broker = queue(QueueOptions::default());
    broker.send_batch("work", vec![Message::new("a"), Message::new("b")], at(0)).unwrap();
    broker.add_queue("Work", QueueOptions { max_delivery_count: 1, ..QueueOptions::default() });
    let held = broker.receive("work", at(0)).unwrap();
    let other = broker.messages("work", at(0))[1].message.message_id.clone();
    assert!(held.message.message_id.len() == 32 && held.message.message_id != other);
    broker.abandon("work", held.lock_token, at(0)).unwrap();
    assert_eq!(broker.counts("work", at(0)).dead_lettered, 1);
}

#[test]
fn times_far_away_do_no_harm() {
    let mut broker = queue(QueueOptions { duplicate_window: Some(Duration::MAX), ..QueueOptions::default() });
    let far = Message { time_to_live: Some(Duration::MAX), ..Message::new("a").at(Timestamp::MAX) };
    broker.send("work", far, Timestamp::MIN).unwrap();
    let late = Timestamp::MAX.saturating_sub(SignedDuration::from_secs(1)).unwrap();
    assert!(broker.receive("work", late).is_none());
    assert!(broker.receive("work", Timestamp::MAX).is_some());
    let state = broker.messages("work", at(0))[0].state;
    assert_eq!(state, State::Locked(Timestamp::MAX));
    let _: Value = json!(broker.entities());
}
