//! How a connection begins, lives and ends.
use super::client::{Client, HEADER, NULL, YES, attach, azure, condition, message, seconds, text};
use bytes::BytesMut;
use simulated_azure::service_bus::amqp::codec::{Value, frame};
use tokio::io::AsyncReadExt;

const SASL: &[u8] = b"AMQP\x03\x01\x00\x00";

async fn sasl(client: &mut Client, mechanism: &str) -> Value {
    client.write(SASL).await;
    assert_eq!(client.read(8).await, SASL);
    let mechanisms = client.expect(0x40).await.fields.value(0).clone();
    assert_eq!(mechanisms, Value::Array(["MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL"].map(Value::symbol).into()));
    let mut out = BytesMut::new();
    frame::put(&mut out, frame::SASL, 0, 0x41, vec![Value::symbol(mechanism)], &[]);
    client.write(&out).await;
    client.expect(0x44).await.fields.value(0).clone()
}

#[tokio::test(start_paused = true)]
async fn a_client_may_use_sasl_first() {
    let mut client = Client::silent(&azure());
    assert_eq!(sasl(&mut client, "MSSBCBS").await, Value::Ubyte(0));
    client.write(HEADER).await;
    client.say(0x10, vec!["client".into()]).await;
    assert_eq!(client.read(8).await, HEADER);
    let open = client.expect(0x10).await.fields;
    assert_eq!((open.uint(2), open.uint(4)), (Ok(Some(65_536)), Ok(Some(240_000))));
    client.say(0x18, vec![]).await;
    client.expect(0x18).await;
    assert!(client.hear().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_mechanism_that_was_not_offered_is_refused() {
    let mut client = Client::silent(&azure());
    assert_eq!(sasl(&mut client, "SCRAM-SHA-1").await, Value::Ubyte(1));
    assert!(client.hear().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn another_protocol_is_answered_with_the_one_that_is_spoken() {
    for protocol in [b"AMQP\x00\x00\x09\x01", b"GET / HT"] {
        let mut client = Client::silent(&azure());
        client.write(protocol).await;
        assert_eq!(client.read(8).await, HEADER);
        assert_eq!(client.stream.read(&mut [0; 8]).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn performatives_are_sent_with_all_their_fields() {
    let mut client = Client::silent(&azure());
    client.write(HEADER).await;
    client.say(0x10, vec!["client".into()]).await;
    client.read(8).await;
    let size = usize::try_from(u32::from_be_bytes(client.read(4).await[..].try_into().unwrap())).unwrap();
    let open = client.read(size - 4).await;
    // Behind the header: a descriptor, a wide list's constructor, its size, and its count.
    assert_eq!((open[7], open[8..12].len(), &open[12..16]), (0xd0, 4, &[0, 0, 0, 10][..]));
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_come_twice_in_the_time_that_the_client_asks_for() {
    let mut client = Client::silent(&azure());
    client.write(HEADER).await;
    client.say(0x10, vec!["client".into(), NULL, NULL, NULL, Value::Uint(20_000)]).await;
    client.read(8).await;
    client.expect(0x10).await;
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(client.read(8).await, &[0, 0, 0, 8, 2, 0, 0, 0][..]);
    }
    assert_eq!(seconds(began), 30);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_taken_for_dead() {
    let mut client = Client::connected(&azure()).await;
    let began = tokio::time::Instant::now();
    let close = client.expect(0x18).await.fields;
    assert_eq!(condition(close.value(0)), "amqp:connection:forced");
    assert_eq!(seconds(began), 480);
}

#[tokio::test(start_paused = true)]
async fn a_killed_client_lets_go_of_its_session_at_once() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "sessions").await;
    client.send(0, 0, &super::client::message_of("s", "a")).await;
    let filter = Value::Map(vec![(Value::symbol("com.microsoft:session-filter"), "s".into())]);
    let more = [vec![NULL; 6], vec![filter]].concat();
    client.say(0x12, attach(1, true, "sessions", more.clone())).await;
    client.expect(0x12).await;
    client.credit(1, 0, 1).await;
    client.expect(0x14).await;
    client.process.kill();
    let mut other = Client::connected(&azure).await;
    other.say(0x12, attach(0, true, "sessions", more)).await;
    assert_ne!(other.expect(0x12).await.fields.value(5), &NULL);
    other.credit(0, 0, 1).await;
    assert_eq!(text(&other.expect(0x14).await.payload), "a");
}

#[tokio::test(start_paused = true)]
async fn sessions_end_and_begin_again() {
    let mut client = Client::connected(&azure()).await;
    client.sender(0, "work").await;
    client.say(0x17, vec![]).await;
    client.expect(0x17).await;
    client.say(0x11, vec![NULL, Value::Uint(0), Value::Uint(10), Value::Uint(10)]).await;
    client.expect(0x11).await;
    client.sender(0, "work").await;
    client.send(0, 0, &message("a")).await;
    client.say(0x16, vec![Value::Uint(0), YES]).await;
    assert_eq!(client.expect(0x16).await.fields.value(1), &YES);
}
