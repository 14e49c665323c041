//! Service Bus sessions over AMQP.
use super::client::{
    ACCEPTED, Client, NULL, Said, YES, accepted, attach, azure, condition, message, message_of, rejection, seconds,
    text,
};
use simulated_azure::service_bus::amqp::codec::Value;
use std::time::Duration;

/// Asks for a session, or any, and waits so many milliseconds for it.
async fn accept(client: &mut Client, handle: u32, wanted: Value, patience: u32) -> Said {
    let name = Value::symbol("com.microsoft:session-filter");
    let wanted = Value::Described(Box::new((name.clone(), wanted)));
    let more = [vec![NULL; 6], vec![Value::Map(vec![(name, wanted)])]].concat();
    let mut fields = attach(handle, true, "sessions", more);
    fields.resize(13, NULL);
    fields.push(Value::Map(vec![(Value::symbol("com.microsoft:timeout"), Value::Uint(patience))]));
    client.say(0x12, fields).await;
    client.expect(0x12).await
}

fn session_id(said: &Said) -> Option<String> {
    let filter = said.fields.value(5).plain().items()?.get(7)?.get("com.microsoft:session-filter")?;
    match filter {
        Value::String(id) => Some(id.clone()),
        other => panic!("the filter must be a plain string, but {other:?} came"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_free_session_is_given_in_order_of_waiting() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "sessions").await;
    for (session, body) in [("b", "b0"), ("a", "a0"), ("b", "b1")] {
        assert_eq!(client.send(0, 0, &message_of(session, body)).await.code(), Some(ACCEPTED));
    }
    assert_eq!(rejection(&client.send(0, 0, &message("no session")).await), "amqp:not-allowed");
    let said = accept(&mut client, 1, NULL, 1000).await;
    assert_eq!(session_id(&said).as_deref(), Some("b"));
    let ticks = said.fields.value(13).get("com.microsoft:locked-until-utc").and_then(Value::whole).unwrap();
    assert_eq!((ticks - 621_355_968_000_000_000) / 10_000_000, 1_795_593_610);
    assert_eq!(session_id(&accept(&mut client, 2, NULL, 1000).await).as_deref(), Some("a"));
    client.credit(1, 0, 10).await;
    assert_eq!(text(&client.expect(0x14).await.payload), "b0");
    assert_eq!(text(&client.expect(0x14).await.payload), "b1");
    assert_eq!(client.settle(0, accepted()).await, accepted());
}

#[tokio::test(start_paused = true)]
async fn a_held_session_is_refused_and_a_missing_one_times_out() {
    let mut client = Client::connected(&azure()).await;
    assert_eq!(session_id(&accept(&mut client, 0, "a".into(), 1000).await).as_deref(), Some("a"));
    let said = accept(&mut client, 1, "a".into(), 1000).await;
    assert_eq!(said.fields.value(5), &NULL);
    let detach = client.expect(0x16).await.fields;
    assert_eq!(condition(detach.value(2)), "com.microsoft:session-cannot-be-locked");
    client.say(0x16, vec![Value::Uint(1), YES]).await;
    let began = tokio::time::Instant::now();
    let said = accept(&mut client, 2, NULL, 3000).await;
    assert_eq!((said.fields.value(5), seconds(began)), (&NULL, 3));
    assert_eq!(condition(client.expect(0x16).await.fields.value(2)), "com.microsoft:timeout");
}

#[tokio::test(start_paused = true)]
async fn a_released_session_gives_its_messages_back_to_the_next() {
    let azure = azure();
    let (mut first, mut second) = (Client::connected(&azure).await, Client::connected(&azure).await);
    first.sender(0, "sessions").await;
    first.send(0, 0, &message_of("s", "a")).await;
    accept(&mut first, 1, "s".into(), 1000).await;
    first.credit(1, 0, 1).await;
    first.expect(0x14).await;
    let waiting = accept(&mut second, 0, NULL, 60_000);
    let released = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        first.say(0x16, vec![Value::Uint(1), YES]).await;
        first.expect(0x16).await;
    };
    let (said, ()) = tokio::join!(waiting, released);
    assert_eq!(session_id(&said).as_deref(), Some("s"));
    second.credit(0, 0, 1).await;
    assert_eq!(text(&second.expect(0x14).await.payload), "a");
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_lock_ends_is_detached_and_its_settlements_are_lost() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "sessions").await;
    client.send(0, 0, &message_of("s", "a")).await;
    accept(&mut client, 1, "s".into(), 1000).await;
    client.credit(1, 0, 1).await;
    client.expect(0x14).await;
    client.manager(2, "sessions").await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let (status, body) = client.manage(2, "renew-session-lock", vec![("session-id", "s".into())]).await;
    assert_eq!((status, body.get("expiration").is_some()), (200, true));
    let (status, _) = client.manage(2, "set-session-state", vec![("session-id", "s".into())]).await;
    assert_eq!(status, 200);
    let began = tokio::time::Instant::now();
    let detach = client.expect(0x16).await.fields;
    assert_eq!(condition(detach.value(2)), "com.microsoft:session-lock-lost");
    assert_eq!(seconds(began), 10);
    client.say(0x16, vec![Value::Uint(1), YES]).await;
    let (status, _) = client.manage(2, "renew-session-lock", vec![("session-id", "s".into())]).await;
    assert_eq!(status, 410);
}

#[tokio::test(start_paused = true)]
async fn credit_that_comes_before_the_session_is_kept() {
    let azure = azure();
    let (mut client, mut other) = (Client::connected(&azure).await, Client::connected(&azure).await);
    let received = async {
        let name = Value::symbol("com.microsoft:session-filter");
        let more = [vec![NULL; 6], vec![Value::Map(vec![(name, NULL)])]].concat();
        client.say(0x12, attach(0, true, "sessions", more)).await;
        client.credit(0, 0, 1).await;
        client.expect(0x12).await;
        text(&client.expect(0x14).await.payload)
    };
    let sent = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.sender(0, "sessions").await;
        other.send(0, 0, &message_of("s", "a")).await;
    };
    let (got, ()) = tokio::join!(received, sent);
    assert_eq!(got, "a");
}
