//! Sessions, deferral and peeking in the core.
use super::{active, at, queue, topic};
use bytes::Bytes;
use serde_json::json;
use simulated_azure::service_bus::{
    Broker, LockLost, Message, QueueOptions, Refusal, SessionRefusal, Settlement, State, SubscriptionOptions,
    amqp::codec::Value,
};
use std::time::Duration;

fn with_sessions() -> Broker {
    queue(QueueOptions { requires_session: true, lock_duration: Duration::from_secs(30), ..QueueOptions::default() })
}

fn of(session: &str, body: &str) -> Message {
    Message { session_id: Some(session.into()), ..Message::new(body.to_owned()) }
}

#[test]
fn a_session_has_one_holder_and_its_messages_come_in_order() {
    let mut broker = with_sessions();
    let sent = vec![of("b", "b0"), of("a", "a0"), of("b", "b1")];
    broker.send_batch("work", sent, at(0)).unwrap();
    assert!(broker.receive("work", at(0)).is_none(), "without a session nothing is given out");
    let b = broker.accept_session("work", None, at(0)).unwrap().unwrap();
    assert_eq!((b.session_id.as_str(), b.locked_until), ("b", at(30)));
    assert_eq!(broker.accept_session("work", Some("b"), at(1)), Err(SessionRefusal::Held));
    let a = broker.accept_session("work", None, at(1)).unwrap().unwrap();
    assert_eq!(a.session_id, "a");
    assert_eq!(broker.accept_session("work", None, at(1)), Ok(None));
    for body in ["b0", "b1"] {
        let delivery = broker.receive_in_session("work", &b, at(1)).unwrap().unwrap();
        assert_eq!((&delivery.message.body[..], delivery.locked_until), (body.as_bytes(), at(30)));
    }
    assert!(broker.receive_in_session("work", &b, at(1)).unwrap().is_none());
}

#[test]
fn a_message_without_a_session_is_refused_by_a_queue_and_buried_by_a_subscription() {
    let mut broker = with_sessions();
    assert_eq!(broker.send("work", Message::new("a"), at(0)), Err(Refusal::NoSession));
    let batch = vec![of("s", "a"), Message::new("b")];
    assert_eq!(broker.send_batch("work", batch, at(0)), Err(Refusal::NoSession));
    assert!(broker.is_at_rest(at(0)));
    let mut broker = topic();
    let options = SubscriptionOptions { requires_session: true, ..SubscriptionOptions::default() };
    broker.add_subscription("steps", "ordered", options).unwrap();
    broker.send_batch("steps", vec![Message::new("a"), of("s", "b")], at(0)).unwrap();
    let counts = broker.counts("steps/subscriptions/ordered", at(0));
    assert_eq!((counts.active, counts.dead_lettered), (1, 1));
    assert_eq!(active(&broker, "steps/subscriptions/all", at(0)), 2);
}

#[test]
fn the_end_of_a_session_ends_the_locks_on_its_messages() {
    let mut broker = with_sessions();
    broker.send("work", of("s", "a"), at(0)).unwrap();
    let lock = broker.accept_session("work", Some("s"), at(0)).unwrap().unwrap();
    let held = broker.receive_in_session("work", &lock, at(10)).unwrap().unwrap();
    assert_eq!(broker.next_change(at(10)), Some(at(30)));
    assert_eq!(broker.renew_session("work", "s", at(20)), Ok(at(50)));
    assert!(broker.holds_session("work", &lock, at(49)));
    assert_eq!(broker.complete("work", held.lock_token, at(50)), Err(LockLost));
    assert_eq!(broker.receive_in_session("work", &lock, at(50)).unwrap_err(), SessionRefusal::Lost);
    assert_eq!(broker.renew_session("work", "s", at(50)), Err(SessionRefusal::Lost));
    let next = broker.accept_session("work", None, at(50)).unwrap().unwrap();
    broker.release_session("work", &lock, at(51));
    assert!(broker.holds_session("work", &next, at(51)), "an old hold releases nothing");
}

#[test]
fn a_released_session_gives_back_what_was_given_out_and_buries_what_was_so_too_often() {
    let mut broker = queue(QueueOptions { requires_session: true, max_delivery_count: 2, ..QueueOptions::default() });
    broker.send("work", of("s", "a"), at(0)).unwrap();
    for _ in 0..2 {
        let lock = broker.accept_session("work", None, at(0)).unwrap().unwrap();
        broker.receive_in_session("work", &lock, at(0)).unwrap().unwrap();
        broker.release_session("work", &lock, at(0));
    }
    broker.advance(at(0));
    assert_eq!(broker.counts("work", at(0)).dead_lettered, 1);
    assert!(broker.receive("work/$deadletterqueue", at(0)).is_some(), "dead letters need no session");
}

#[test]
fn a_session_keeps_its_state_without_messages_and_only_a_holder_sets_it() {
    let mut broker = with_sessions();
    let state = || Some(Bytes::from_static(b"half way"));
    assert_eq!(broker.set_session_state("work", "s", state(), at(0)), Err(SessionRefusal::Lost));
    broker.accept_session("work", Some("s"), at(0)).unwrap().unwrap();
    broker.set_session_state("work", "s", state(), at(0)).unwrap();
    broker.advance(at(1000));
    assert_eq!(broker.session_state("work", "s"), state());
    assert_eq!(broker.session_ids("work").into_iter().collect::<Vec<_>>(), ["s"]);
    broker.accept_session("work", Some("s"), at(1000)).unwrap().unwrap();
    broker.set_session_state("work", "s", None, at(1000)).unwrap();
    assert!(broker.session_ids("work").is_empty());
    assert_eq!(queue(QueueOptions::default()).accept_session("work", None, at(0)), Err(SessionRefusal::NotSessionful));
}

#[test]
fn a_deferred_message_is_given_out_only_by_its_number() {
    let mut broker = queue(QueueOptions { max_delivery_count: 2, ..QueueOptions::default() });
    broker.send_batch("work", vec![Message::new("a"), Message::new("b")], at(0)).unwrap();
    let held = broker.receive("work", at(0)).unwrap();
    let changes = vec![("why".into(), Value::Ubyte(7))];
    broker.settle("work", held.lock_token, Settlement::Defer(changes), at(0)).unwrap();
    assert_eq!(broker.receive("work", at(0)).unwrap().message.body, "b");
    assert!(broker.receive("work", at(0)).is_none());
    assert_eq!(broker.next_due("work", at(0)), Some(at(60)), "the deferred one is never due");
    assert_eq!(broker.peek("work", 0, 9, None, at(0))[0].state, State::Deferred);
    assert!(broker.receive_deferred("work", &[1, 2], None, at(0)).is_none(), "all or none");
    assert_eq!(broker.messages("work", at(0))[0].delivery_count, 1, "and then nothing was delivered");
    let given = broker.receive_deferred("work", &[1], None, at(0)).unwrap();
    assert_eq!((given[0].delivery_count, &given[0].message.properties["why"]), (2, &json!(7)));
    assert!(broker.receive_deferred("work", &[1], None, at(59)).is_none(), "it is locked");
    broker.complete("work", given[0].lock_token, at(59)).unwrap();
    assert_eq!(broker.peek("work", 0, 9, None, at(59)).len(), 1);
}

#[test]
fn a_deferred_message_of_a_session_needs_its_holder() {
    let mut broker = with_sessions();
    broker.send("work", of("s", "a"), at(0)).unwrap();
    let lock = broker.accept_session("work", None, at(0)).unwrap().unwrap();
    let held = broker.receive_in_session("work", &lock, at(0)).unwrap().unwrap();
    broker.settle("work", held.lock_token, Settlement::Defer(vec![]), at(0)).unwrap();
    assert!(broker.receive_deferred("work", &[1], None, at(0)).is_none());
    assert!(broker.receive_deferred("work", &[1], Some("t"), at(0)).is_none());
    assert!(broker.receive_deferred("work", &[1], Some("s"), at(30)).is_none(), "the hold has ended");
    broker.accept_session("work", Some("s"), at(30)).unwrap().unwrap();
    assert!(broker.receive_deferred("work", &[1], Some("s"), at(30)).is_some());
}

#[test]
fn peeking_shows_from_a_number_on_whatever_the_state() {
    let mut broker = queue(QueueOptions::default());
    let sent = vec![Message::new("late").at(at(90)), of("s", "a"), Message::new("b")];
    broker.send_batch("work", sent, at(0)).unwrap();
    broker.receive("work", at(0)).unwrap();
    let shown = |broker: &Broker, from, most, session| {
        let held = broker.peek("work", from, most, session, at(0));
        held.into_iter().map(|held| (held.sequence_number, held.state)).collect::<Vec<_>>()
    };
    let all = [(1, State::Scheduled(at(90))), (2, State::Locked(at(60))), (3, State::Active)];
    assert_eq!(shown(&broker, 0, 9, None), all);
    assert_eq!(shown(&broker, 2, 1, None), all[1..2]);
    assert_eq!(shown(&broker, 0, 9, Some("s")), all[1..2]);
    assert_eq!(broker.next_change(at(0)), Some(at(60)));
    assert_eq!(broker.next_change(at(60)), Some(at(90)));
}

#[test]
fn a_dead_letter_cannot_die_again_but_takes_the_new_reason() {
    let mut broker = queue(QueueOptions::default());
    broker.send("work", Message::new("a"), at(0)).unwrap();
    let held = broker.receive("work", at(0)).unwrap();
    let nameless = Settlement::DeadLetter { reason: None, description: None, changes: vec![] };
    broker.settle("work", held.lock_token, nameless, at(0)).unwrap();
    let dead = broker.receive("work/$deadletterqueue", at(0)).unwrap();
    assert!(!dead.message.properties.contains_key("DeadLetterReason"));
    broker.dead_letter("work/$deadletterqueue", dead.lock_token, "Again", "", at(0)).unwrap();
    let still = broker.receive("work/$deadletterqueue", at(0)).unwrap();
    assert_eq!(still.message.properties["DeadLetterReason"], json!("Again"));
}

#[test]
fn a_subscriptions_copy_knows_the_topics_number() {
    let mut broker = topic();
    broker.send("steps", Message::new("a"), at(0)).unwrap();
    broker.send("steps", Message::new("b").with_subject("Plan"), at(0)).unwrap();
    let held = broker.receive("steps/subscriptions/plan", at(0)).unwrap();
    assert_eq!((held.sequence_number, held.enqueued_sequence_number), (1, 2));
}
