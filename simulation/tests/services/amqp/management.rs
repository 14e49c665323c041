//! The operations of `$management`, and `$cbs`.
use super::client::{
    ACCEPTED, Client, NULL, application_properties, azure, message, rejection, section, sections, text,
};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use simulated_azure::service_bus::amqp::codec::{Value, encode::encoded};
use std::time::Duration;

fn numbers(numbers: &[i64]) -> Value {
    Value::Array(numbers.iter().copied().map(Value::Long).collect())
}

fn scheduled(body: &str, moment: Timestamp) -> Value {
    let annotation = (Value::symbol("x-opt-scheduled-enqueue-time"), Value::Timestamp(moment.as_millisecond()));
    let annotations = encoded(&Value::described(0x72, Value::Map(vec![annotation])));
    let bytes = [annotations, message(body)].concat();
    Value::Map(vec![("message-id".into(), body.into()), ("message".into(), Value::Binary(bytes.into()))])
}

/// The bodies of the messages in an answer, and their states.
fn shown(body: &Value) -> Vec<(String, i64)> {
    let messages = body.get("messages").and_then(Value::items).unwrap_or_default();
    let one = |message: &Value| match message.get("message") {
        Some(Value::Binary(bytes)) => {
            let state = section(&sections(bytes), 0x72).get("x-opt-message-state").and_then(Value::whole);
            (text(bytes), state.unwrap())
        }
        other => panic!("{other:?} is no message"),
    };
    messages.iter().map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn tokens_are_accepted() {
    let mut client = Client::connected(&azure()).await;
    client.receiver(0, "$cbs", 10).await;
    client.sender(1, "$cbs").await;
    for (operation, status) in [("put-token", 202), ("forget-token", 400)] {
        let properties = Value::described(0x73, Value::List(vec![Value::Ulong(7), NULL, NULL, NULL, "client".into()]));
        let named = application_properties(vec![("operation", operation.into()), ("type", "jwt".into())]);
        let token = Value::described(0x77, "token".into());
        let request = [encoded(&properties), encoded(&named), encoded(&token)].concat();
        assert_eq!(client.send(1, 0, &request).await.code(), Some(ACCEPTED));
        let reply = sections(&client.expect(0x14).await.payload);
        assert_eq!(section(&reply, 0x73).items().unwrap()[5], Value::Ulong(7));
        assert_eq!(section(&reply, 0x74).get("status-code"), Some(&Value::Int(status)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_message_has_a_number_and_is_cancelled_by_it() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.manager(0, "work").await;
    let moment = azure.clock().now() + SignedDuration::from_secs(60);
    let messages = Value::List(vec![scheduled("a", moment), scheduled("b", moment)]);
    let (status, body) = client.manage(0, "schedule-message", vec![("messages", messages)]).await;
    assert_eq!((status, body.get("sequence-numbers")), (200, Some(&numbers(&[1, 2]))));
    let (status, _) = client.manage(0, "cancel-scheduled-message", vec![("sequence-numbers", numbers(&[1]))]).await;
    assert_eq!(status, 200);
    let (status, _) = client.manage(0, "cancel-scheduled-message", vec![("sequence-numbers", numbers(&[1]))]).await;
    assert_eq!(status, 404);
    let count = ("message-count", Value::Int(10));
    let (_, body) = client.manage(0, "peek-message", vec![("from-sequence-number", Value::Long(0)), count]).await;
    assert_eq!(shown(&body), [("b".into(), 2)]);
    client.receiver(2, "work", 1).await;
    let said = client.expect(0x14).await;
    assert_eq!((text(&said.payload), azure.clock().now()), ("b".into(), moment));
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_renewed_and_settled_by_its_token() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.manager(0, "short").await;
    client.sender(2, "short").await;
    client.send(2, 0, &message("a")).await;
    client.receiver(3, "short", 1).await;
    let parts = sections(&client.expect(0x14).await.payload);
    let token = section(&parts, 0x71).get("x-opt-lock-token").unwrap().clone();
    let tokens = || ("lock-tokens", Value::Array(vec![token.clone()]));
    tokio::time::sleep(Duration::from_secs(8)).await;
    let (status, body) = client.manage(0, "renew-lock", vec![tokens()]).await;
    let until = azure.clock().now() + SignedDuration::from_secs(10);
    let expirations = Value::Array(vec![Value::Timestamp(until.as_millisecond())]);
    assert_eq!((status, body.get("expirations")), (200, Some(&expirations)));
    tokio::time::sleep(Duration::from_secs(8)).await;
    let suspended = vec![
        ("disposition-status", "suspended".into()),
        tokens(),
        ("deadletter-reason", "Broken".into()),
        ("deadletter-description", "no such site".into()),
    ];
    assert_eq!(client.manage(0, "update-disposition", suspended).await.0, 200);
    assert_eq!(client.manage(0, "renew-lock", vec![tokens()]).await.0, 410);
    let now = azure.clock().now();
    let dead = azure.world().service_bus.messages("short/$deadletterqueue", now);
    assert_eq!(dead[0].message.properties["DeadLetterErrorDescription"], "no such site");
}

#[tokio::test(start_paused = true)]
async fn a_deferred_message_is_given_out_by_its_number_alone() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.manager(0, "work").await;
    client.sender(2, "work").await;
    client.send(2, 0, &message("a")).await;
    client.receiver(3, "work", 2).await;
    client.expect(0x14).await;
    let deferred = Value::described(0x27, Value::List(vec![NULL, Value::Boolean(true)]));
    client.settle(0, deferred).await;
    client.expect_nothing(5).await;
    let request = |number| {
        let mode = ("receiver-settle-mode", Value::Uint(1));
        vec![("sequence-numbers", numbers(&[number])), mode]
    };
    assert_eq!(client.manage(0, "receive-by-sequence-number", request(2)).await.0, 404);
    let (status, body) = client.manage(0, "receive-by-sequence-number", request(1)).await;
    assert_eq!((status, shown(&body)), (200, vec![("a".into(), 0)]));
    let token = body.get("messages").unwrap().items().unwrap()[0].get("lock-token").unwrap().clone();
    let completed = vec![("disposition-status", "completed".into()), ("lock-tokens", Value::Array(vec![token]))];
    assert_eq!(client.manage(0, "update-disposition", completed).await.0, 200);
    assert!(azure.world().service_bus.is_at_rest(azure.clock().now()));
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_session_is_kept_for_the_next_holder() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.manager(0, "sessions").await;
    let id = || ("session-id", Value::from("s"));
    let state = Value::Binary(Bytes::from_static(b"half way"));
    let set = || vec![id(), ("session-state", state.clone())];
    assert_eq!(client.manage(0, "set-session-state", set()).await.0, 410, "nobody holds the session");
    let now = azure.clock().now();
    let lock = azure.world().service_bus.accept_session("sessions", Some("s"), now).unwrap().unwrap();
    assert_eq!(client.manage(0, "set-session-state", set()).await.0, 200);
    azure.world().service_bus.release_session("sessions", &lock, now);
    let (status, body) = client.manage(0, "get-session-state", vec![id()]).await;
    assert_eq!((status, body.get("session-state")), (200, Some(&state)));
    let (_, body) = client.manage(0, "get-message-sessions", vec![("top", Value::Int(10))]).await;
    assert_eq!(body.get("sessions-ids"), Some(&Value::Array(vec!["s".into()])));
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_wrong_get_an_answer() {
    let mut client = Client::connected(&azure()).await;
    client.manager(0, "work").await;
    for (operation, body, wanted) in [
        ("fly", vec![], 501),
        ("renew-lock", vec![], 400),
        ("renew-lock", vec![("lock-tokens", Value::Array(vec!["text".into()]))], 400),
        ("renew-lock", vec![("lock-tokens", Value::Array(vec![Value::Uuid([7; 16])]))], 410),
        ("peek-message", vec![("message-count", "many".into())], 400),
        ("peek-message", vec![("message-count", Value::Int(i32::MAX))], 204),
        ("schedule-message", vec![("messages", Value::List(vec![Value::Map(vec![])]))], 400),
        ("cancel-scheduled-message", vec![("sequence-numbers", numbers(&[-1]))], 404),
        ("receive-by-sequence-number", vec![("sequence-numbers", Value::List(vec!["one".into()]))], 400),
        ("update-disposition", vec![("disposition-status", "lost".into())], 400),
        ("renew-session-lock", vec![("session-id", Value::Int(1))], 400),
        ("set-session-state", vec![("session-id", "s".into()), ("session-state", "text".into())], 400),
    ] {
        assert_eq!(client.manage(0, operation, body).await.0, wanted, "{operation}");
    }
    client.sender(5, "short/$management").await;
    assert_eq!(rejection(&client.send(5, 0, &message("a")).await), "amqp:not-found", "no link for the reply");
}
