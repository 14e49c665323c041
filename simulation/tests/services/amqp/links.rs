//! Sending, receiving, settling, credit and windows.
use super::client::{
    ACCEPTED, BATCH, Client, NULL, YES, accepted, attach, azure, condition, flow, message, rejection, seconds, section,
    sections, text,
};
use bytes::Bytes;
use jiff::Timestamp;
use simulated_azure::service_bus::amqp::codec::{Value, encode::encoded};
use std::time::Duration;

fn modified(undeliverable_here: bool, changes: Value) -> Value {
    Value::described(0x27, Value::List(vec![YES, Value::Boolean(undeliverable_here), changes]))
}

fn rejected(info: Vec<(&str, Value)>) -> Value {
    let info = info.into_iter().map(|(name, value)| (Value::symbol(name), value)).collect();
    let error = vec![Value::symbol("com.microsoft:dead-letter"), "dead".into(), Value::Map(info)];
    Value::described(0x25, Value::List(vec![Value::described(0x1d, Value::List(error))]))
}

#[tokio::test(start_paused = true)]
async fn a_delivery_carries_its_lock_token_twice_and_its_numbers() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "amqps://contoso.servicebus.windows.net/Work").await;
    assert_eq!(client.send(0, 0, &message("a")).await.code(), Some(ACCEPTED));
    client.receiver(1, "work", 1).await;
    let said = client.expect(0x14).await;
    let parts = sections(&said.payload);
    let Some(Value::Uuid(token)) = section(&parts, 0x71).get("x-opt-lock-token") else { panic!("{parts:?}") };
    let tag = said.fields.binary(2).unwrap().unwrap();
    assert_eq!((&tag[..4], &tag[4..6], &tag[8..]), (&[0, 0, 0xc0, 0x10][..], &[0, 0][..], &token[8..]));
    let annotations = section(&parts, 0x72);
    assert_eq!(annotations.get("x-opt-sequence-number"), Some(&Value::Long(1)));
    assert_eq!(annotations.get("x-opt-message-state"), Some(&Value::Int(0)));
    let until: Timestamp = "2026-11-25T08:01:00Z".parse().unwrap();
    let Some(Value::Timestamp(locked_until)) = annotations.get("x-opt-locked-until") else { panic!("{annotations:?}") };
    assert_eq!(locked_until / 1000, until.as_second());
    assert_eq!(section(&parts, 0x70).items().unwrap()[4], Value::Uint(0), "the count of failed deliveries");
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_echoed_and_a_lost_lock_is_told() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    for body in ["a", "b", "c", "d", "e"] {
        client.send(0, 0, &message(body)).await;
    }
    client.receiver(1, "work", 5).await;
    for _ in 0..5 {
        client.expect(0x14).await;
    }
    assert_eq!(client.settle(0, accepted()).await, accepted());
    let deferred = modified(true, NULL);
    assert_eq!(client.settle(1, deferred.clone()).await, deferred);
    let dead = rejected(vec![("DeadLetterReason", "Broken".into()), ("more", Value::Uint(5))]);
    assert_eq!(rejection(&client.settle(2, dead).await), "");
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(rejection(&client.settle(3, accepted()).await), "com.microsoft:message-lock-lost");
    let now = azure.clock().now();
    let counts = azure.world().service_bus.counts("work", now);
    assert_eq!((counts.deferred, counts.dead_lettered, counts.active), (1, 1, 2));
    client.receiver(2, "work/$DeadLetterQueue", 1).await;
    let parts = sections(&client.expect(0x14).await.payload);
    assert_eq!(section(&parts, 0x74).get("DeadLetterReason"), Some(&"Broken".into()));
    assert_eq!(section(&parts, 0x74).get("more"), Some(&Value::Uint(5)));
    assert_eq!(section(&parts, 0x72).get("x-opt-deadletter-source"), Some(&"work".into()));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_message_comes_again_and_a_released_one_does_not_count() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "work").await;
    client.send(0, 0, &message("a")).await;
    client.receiver(1, "work", 1).await;
    client.expect(0x14).await;
    let changes = Value::Map(vec![(Value::symbol("attempt"), Value::Int(2))]);
    client.settle(0, modified(false, changes)).await;
    client.credit(1, 1, 1).await;
    let parts = sections(&client.expect(0x14).await.payload);
    let failures = |parts: &[Value]| section(parts, 0x70).items().unwrap()[4].clone();
    assert_eq!((failures(&parts), section(&parts, 0x74).get("attempt")), (Value::Uint(1), Some(&Value::Int(2))));
    client.settle(1, Value::described(0x26, Value::List(vec![]))).await;
    client.credit(1, 2, 1).await;
    assert_eq!(failures(&sections(&client.expect(0x14).await.payload)), Value::Uint(1));
}

#[tokio::test(start_paused = true)]
async fn a_range_is_settled_at_once_and_each_failure_is_told() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    for _ in 0..4 {
        client.send(0, 0, &message("a")).await;
    }
    client.receiver(1, "work", 4).await;
    for _ in 0..4 {
        client.expect(0x14).await;
    }
    let second = azure.world().service_bus.messages("work", azure.clock().now())[1].clone();
    assert_eq!(second.delivery_count, 1);
    client.settle(1, accepted()).await;
    client.say(0x15, vec![YES, Value::Uint(0), Value::Uint(u32::MAX), NULL, accepted()]).await;
    for (first, last) in [(0, 0), (2, 3)] {
        let said = client.expect(0x15).await.fields;
        assert_eq!((said.uint(1), said.uint(2)), (Ok(Some(first)), Ok(Some(last))));
    }
    assert!(azure.world().service_bus.is_at_rest(azure.clock().now()));
}

#[tokio::test(start_paused = true)]
async fn what_is_received_settled_is_gone() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    client.send(0, 0, &message("a")).await;
    let mut fields = attach(1, true, "work", vec![]);
    fields[3] = Value::Ubyte(1);
    client.say(0x12, fields).await;
    client.expect(0x12).await;
    client.credit(1, 0, 1).await;
    assert_eq!(client.expect(0x14).await.fields.value(4), &YES);
    assert!(azure.world().service_bus.is_at_rest(azure.clock().now()));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_transaction() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    let of = |messages: Vec<Bytes>| -> Vec<u8> {
        let sections = messages.into_iter().map(|message| encoded(&Value::described(0x75, Value::Binary(message))));
        sections.flatten().collect()
    };
    assert_eq!(client.send(0, BATCH, &of(vec![message("a"), message("b")])).await.code(), Some(ACCEPTED));
    let long_id = encoded(&Value::described(0x73, Value::List(vec!["x".repeat(129).into()])));
    let refused = client.send(0, BATCH, &of(vec![message("c"), long_id])).await;
    assert_eq!(rejection(&refused), "com.microsoft:argument-error");
    let broken = client.send(0, BATCH, &of(vec![message("c"), Bytes::from_static(&[1, 2])])).await;
    assert_eq!(rejection(&broken), "amqp:decode-error");
    assert_eq!(azure.world().service_bus.counts("work", azure.clock().now()).active, 2);
}

#[tokio::test(start_paused = true)]
async fn messages_are_cut_to_the_frames_and_the_window_of_the_client() {
    let mut client = Client::with_frames(&azure(), 512, 3).await;
    client.sender(0, "work").await;
    let body = "0123456789".repeat(200);
    let payload = message(&body);
    let (first, rest) = payload.split_at(700);
    let tag = Value::Binary(Bytes::from_static(b"t"));
    client.say_with(0x14, vec![Value::Uint(0), Value::Uint(0), tag, NULL, NULL, YES], first).await;
    client.say_with(0x14, vec![Value::Uint(0)], rest).await;
    assert_eq!(client.expect(0x15).await.fields.value(4), &accepted());
    client.say(0x13, [0, 3, 0, 1000, 7].map(Value::Uint)[..4].to_vec()).await;
    client.say(0x12, attach(1, true, "work", vec![])).await;
    client.expect(0x12).await;
    let mut window = flow(1, 0, 1);
    window[1] = Value::Uint(3);
    client.say(0x13, window).await;
    let mut got = vec![];
    for _ in 0..3 {
        got.extend_from_slice(&client.expect(0x14).await.payload);
    }
    client.expect_nothing(5).await;
    client.say(0x13, [3, 100, 2, 1000].map(Value::Uint).into()).await;
    loop {
        let said = client.expect(0x14).await;
        got.extend_from_slice(&said.payload);
        if !said.fields.boolean(5).unwrap() {
            break;
        }
    }
    assert_eq!(text(&got.into()), body);
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_answered_when_everything_was_delivered() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "work").await;
    client.send(0, 0, &message("a")).await;
    client.say(0x12, attach(1, true, "work", vec![])).await;
    client.expect(0x12).await;
    client.say(0x13, [flow(1, 0, 10), vec![NULL, YES]].concat()).await;
    client.expect(0x14).await;
    let said = client.expect(0x13).await.fields;
    assert_eq!((said.uint(5), said.uint(6), said.boolean(8)), (Ok(Some(10)), Ok(Some(0)), Ok(true)));
    client.send(0, 0, &message("b")).await;
    client.expect_nothing(5).await;
}

#[tokio::test(start_paused = true)]
async fn a_waiting_receiver_gets_a_message_when_its_time_comes() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.receiver(0, "work", 10).await;
    client.expect_nothing(5).await;
    let began = azure.clock().now();
    let later = began + jiff::SignedDuration::from_secs(20);
    let message = simulated_azure::service_bus::Message::new("later").at(later);
    azure.world().service_bus.send("work", message, began).unwrap();
    azure.touch();
    assert_eq!(text(&client.expect(0x14).await.payload), "later");
    assert_eq!(azure.clock().now(), later);
}

#[tokio::test(start_paused = true)]
async fn a_link_to_nothing_is_attached_to_nothing_and_detached() {
    let mut client = Client::connected(&azure()).await;
    for (handle, is_receiver, address, wanted) in [
        (0, true, "nothing", "amqp:not-found"),
        (1, false, "sb://contoso/nothing", "amqp:not-found"),
        (2, true, "nothing/$management", "amqp:not-found"),
        (3, true, "steps", "amqp:not-allowed"),
        (4, false, "steps/subscriptions/plan", "amqp:not-allowed"),
        (5, true, "sessions", "amqp:not-allowed"),
    ] {
        client.say(0x12, attach(handle, is_receiver, address, vec![])).await;
        let said = client.expect(0x12).await.fields;
        assert_eq!((said.value(5), said.value(6)), (&NULL, &NULL));
        let error = client.expect(0x16).await.fields.value(2).clone();
        assert_eq!(condition(&error), wanted, "{address}");
        if wanted == "amqp:not-found" {
            let text = error.plain().items().unwrap()[1].text().unwrap().to_owned();
            assert!(text.starts_with("The messaging entity '") && text.ends_with("' could not be found."), "{text}");
        }
        // What was on its way meanwhile does no harm.
        client.credit(handle, 0, 1).await;
        client.say(0x16, vec![Value::Uint(handle), YES]).await;
    }
    client.sender(0, "work").await;
}

#[tokio::test(start_paused = true)]
async fn topics_copy_to_subscriptions_that_want_the_subject() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "steps").await;
    let properties = Value::described(0x73, Value::List(vec![NULL, NULL, NULL, "Plan".into()]));
    client.send(0, 0, &[encoded(&properties), message("a")].concat()).await;
    client.send(0, 0, &message("b")).await;
    client.receiver(1, "steps/Subscriptions/plan", 10).await;
    assert_eq!(text(&client.expect(0x14).await.payload), "a");
    client.expect_nothing(5).await;
    client.receiver(2, "steps/Subscriptions/all", 10).await;
    assert_eq!(text(&client.expect(0x14).await.payload), "a");
    assert_eq!(text(&client.expect(0x14).await.payload), "b");
}

#[tokio::test(start_paused = true)]
async fn an_idle_link_is_detached_on_command_and_after_ten_minutes() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    client.receiver(1, "work", 1).await;
    client.sender(2, "short").await;
    azure.world().service_bus.detach_idle_links("WORK");
    azure.touch();
    for handle in [0, 1] {
        let said = client.expect(0x16).await.fields;
        assert_eq!((said.uint(0), condition(said.value(2))), (Ok(Some(handle)), "amqp:link:detach-forced".into()));
        client.say(0x16, vec![Value::Uint(handle), YES]).await;
    }
    client.sender(0, "work").await;
    let began = tokio::time::Instant::now();
    for _ in 0..2 {
        client.expect_nothing(250).await;
        client.write(&[0, 0, 0, 8, 2, 0, 0, 0]).await;
    }
    assert_eq!(client.expect(0x16).await.fields.uint(0), Ok(Some(2)), "it was used first");
    assert_eq!(client.expect(0x16).await.fields.uint(0), Ok(Some(0)));
    assert_eq!(seconds(began), 600);
}
