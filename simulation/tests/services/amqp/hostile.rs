//! What breaks the rules ends with the right error, and disturbs nobody else.
use super::client::{Client, HEADER, NULL, YES, attach, azure, condition, flow, message};
use bytes::{BufMut, Bytes, BytesMut};
use simulated_azure::{
    SimulatedAzure,
    service_bus::amqp::codec::{Value, encode::encoded, frame},
};

fn framed(body: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u32(u32::try_from(body.len() + 8).unwrap());
    out.put_slice(&[2, 0, 0, 0]);
    out.put_slice(body);
    out.freeze()
}

fn performative(code: u64, fields: Vec<Value>) -> Bytes {
    framed(&encoded(&Value::described(code, Value::List(fields))))
}

/// Sends this on an open connection; the connection is closed with the error's condition.
async fn closes(azure: &SimulatedAzure, bytes: &[u8], wanted: &str) {
    let mut client = Client::connected(azure).await;
    client.sender(0, "work").await;
    client.write(bytes).await;
    loop {
        let said = client.hear().await.expect("no close came");
        if said.fields.code == 0x18 {
            assert_eq!(condition(said.fields.value(0)), wanted, "{:02x?}", &bytes[..bytes.len().min(24)]);
            break;
        }
    }
    assert!(client.hear().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn broken_frames_close_the_connection_with_the_right_error() {
    let azure = azure();
    let mut bystander = Client::connected(&azure).await;
    bystander.sender(0, "work").await;
    bystander.receiver(1, "work", 100).await;
    let (framing, decode, not_allowed) = ("amqp:connection:framing-error", "amqp:decode-error", "amqp:not-allowed");
    let uint = |number| Value::Uint(number);
    let nested = [vec![0; 60_000], vec![0x40]].concat();
    let cases: Vec<(Bytes, &str)> = vec![
        (Bytes::from_static(&[0, 0, 0, 7, 2, 0, 0, 0]), framing),
        (Bytes::from_static(&[0, 1, 0, 1, 2, 0, 0, 0]), framing),
        (Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0]), framing),
        (Bytes::from_static(&[0, 0, 0, 8, 1, 0, 0, 0]), framing),
        (Bytes::from_static(&[0, 0, 0, 8, 3, 0, 0, 0]), framing),
        (Bytes::from_static(&[0, 0, 0, 8, 2, 9, 0, 0]), framing),
        (Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n"), framing),
        (framed(&[0xff]), decode),
        (framed(&[0x40]), decode),
        (framed(&[0, 0x53, 0x14, 0x40]), decode),
        (framed(&[0, 0xa3, 1, b'x', 0x45]), decode),
        (framed(&[0, 0x53, 0x14, 0xd0, 0, 0, 0, 9, 0, 0, 0, 1, 0x40]), decode),
        (framed(&[0, 0x53, 0x14, 0xd0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40]), decode),
        (framed(&nested), decode),
        (performative(0x12, vec![]), decode),
        (performative(0x12, vec!["name".into(), Value::String("7".into())]), decode),
        (performative(0x12, vec![NULL, uint(7)]), decode),
        (performative(0x12, vec!["name".into(), uint(7), NULL, NULL, NULL, uint(1), uint(2)]), decode),
        (performative(0x13, vec![Value::Int(1)]), decode),
        (performative(0x14, vec![uint(0), NULL]), decode),
        (performative(0x14, vec![uint(0), uint(0), "tag".into(), Value::Long(1)]), decode),
        (performative(0x15, vec![YES, NULL]), decode),
        (performative(0x16, vec![]), decode),
        (performative(0x12, vec!["name".into(), uint(256)]), framing),
        (performative(0x10, vec!["again".into()]), not_allowed),
        (performative(0x11, vec![NULL, uint(0), uint(1), uint(1)]), not_allowed),
        (performative(0x99, vec![]), not_allowed),
        (Bytes::from_static(&[0, 0, 0, 12, 2, 0, 0, 9, 0, 0x53, 0x17, 0x45]), not_allowed),
        (Bytes::from_static(&[0, 0, 0, 8, 2, 1, 0, 0]), framing),
    ];
    for (bytes, wanted) in cases {
        closes(&azure, &bytes, wanted).await;
    }
    bystander.send(0, 0, &message("still here")).await;
    bystander.expect(0x14).await;
}

#[tokio::test(start_paused = true)]
async fn before_the_connection_is_open_nothing_else_is_allowed() {
    for (bytes, wanted) in [
        (performative(0x11, vec![NULL, Value::Uint(0), Value::Uint(1), Value::Uint(1)]), "amqp:not-allowed"),
        (performative(0x10, vec!["small".into(), NULL, Value::Uint(511)]), "amqp:invalid-field"),
        (Bytes::from_static(&[0xff; 8]), "amqp:connection:framing-error"),
    ] {
        let mut client = Client::silent(&azure());
        client.write(HEADER).await;
        client.write(&bytes).await;
        client.read(8).await;
        client.expect(0x10).await;
        assert_eq!(condition(client.expect(0x18).await.fields.value(0)), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_misused_ends_and_the_connection_stays() {
    let azure = azure();
    let transfer = |handle: u32| vec![Value::Uint(handle), Value::Uint(0), NULL, NULL, YES];
    for (code, fields, wanted) in [
        (0x12, attach(0, false, "work", vec![]), "amqp:session:handle-in-use"),
        (0x13, flow(9, 0, 1), "amqp:session:unattached-handle"),
        (0x14, transfer(9), "amqp:session:unattached-handle"),
        (0x16, vec![Value::Uint(9)], "amqp:session:unattached-handle"),
    ] {
        let mut client = Client::connected(&azure).await;
        client.sender(0, "work").await;
        client.say(code, fields).await;
        assert_eq!(condition(client.expect(0x17).await.fields.value(0)), wanted);
        // What was on its way is for nobody.
        client.say(0x14, transfer(0)).await;
        client.say(0x17, vec![]).await;
        client.say(0x11, vec![NULL, Value::Uint(0), Value::Uint(1), Value::Uint(1)]).await;
        client.expect(0x11).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_without_credit_or_measure_is_detached() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    let (tag, more) = (Value::Binary(Bytes::from_static(b"t")), YES);
    let part = vec![0; 60_000];
    for number in 0..5 {
        let fields = vec![Value::Uint(0), Value::Uint(0), tag.clone(), NULL, NULL, more.clone()];
        client.say_with(0x14, fields, &part).await;
        if number == 4 {
            let detach = client.expect(0x16).await.fields;
            assert_eq!(condition(detach.value(2)), "amqp:link:message-size-exceeded");
        }
    }
    client.sender(1, "work").await;
    for delivery in 1..=1001 {
        client.say_with(0x14, vec![Value::Uint(1), Value::Uint(delivery), tag.clone(), NULL, YES, YES], &[]).await;
        client.say_with(0x14, vec![Value::Uint(1), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, YES], &[]).await;
    }
    let detach = client.expect(0x16).await.fields;
    assert_eq!(condition(detach.value(2)), "amqp:link:transfer-limit-exceeded");
}

#[tokio::test(start_paused = true)]
async fn links_and_unfinished_messages_are_limited() {
    let azure = azure();
    let mut client = Client::connected(&azure).await;
    let tag = Value::Binary(Bytes::from_static(b"t"));
    let part = vec![0; 60_000];
    for handle in 0..=255 {
        client.sender(handle, "work").await;
        for _ in 0..4 {
            let fields = vec![Value::Uint(handle), Value::Uint(handle), tag.clone(), NULL, NULL, YES];
            client.say_with(0x14, fields, &part).await;
        }
        if handle == 17 {
            break;
        }
    }
    assert_eq!(condition(client.expect(0x18).await.fields.value(0)), "amqp:resource-limit-exceeded");
    let mut client = Client::connected(&azure).await;
    for channel in 1..=5 {
        let mut out = BytesMut::new();
        let begin = vec![NULL, Value::Uint(0), Value::Uint(1), Value::Uint(1)];
        frame::put(&mut out, frame::AMQP, channel, 0x11, begin, &[]);
        client.write(&out).await;
        client.expect(0x11).await;
        for handle in 0..256 {
            let mut out = BytesMut::new();
            frame::put(&mut out, frame::AMQP, channel, 0x12, attach(handle, true, "work", vec![]), &[]);
            client.write(&out).await;
            let said = client.hear().await.unwrap().fields;
            if said.code == 0x17 {
                assert_eq!((channel, condition(said.value(0))), (5, "amqp:resource-limit-exceeded".into()));
                return;
            }
        }
    }
    panic!("there is no limit");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_holds_nobody_up() {
    let azure = azure();
    let mut lazy = Client::connected(&azure).await;
    lazy.receiver(0, "work", 1_000_000).await;
    let mut client = Client::connected(&azure).await;
    client.sender(0, "work").await;
    let large = message(&"x".repeat(60_000));
    for _ in 0..60 {
        client.send(0, 0, &large).await;
    }
    let now = azure.clock().now();
    let counts = azure.world().service_bus.counts("work", now);
    assert!(counts.active > 30, "only what fits into its buffers was given to the lazy one: {counts:?}");
}
