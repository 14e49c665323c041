//! A conversation whose bytes are changed at random, thousands of times: it always ends, and harms nobody.
use super::client::{BATCH, Client, HEADER, NULL, YES, accepted, attach, azure, flow, message, message_of};
use super::codec::any;
use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use simulated_azure::{
    Process, SimulatedAzure,
    doors::amqp,
    service_bus::amqp::codec::{Value, encode::encoded, frame},
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The frames of a client that does a little of everything.
fn conversation() -> Vec<Bytes> {
    let mut frames = vec![Bytes::from_static(HEADER)];
    let mut say = |code: u64, fields: Vec<Value>, payload: &[u8]| {
        let mut out = BytesMut::new();
        frame::put(&mut out, frame::AMQP, 0, code, fields, payload);
        frames.push(out.freeze());
    };
    let tag = Value::Binary(Bytes::from_static(b"t"));
    let uint = Value::Uint;
    say(0x10, vec!["client".into(), "host".into(), uint(1024), NULL, uint(60_000)], &[]);
    say(0x11, vec![NULL, uint(0), uint(100), uint(100)], &[]);
    say(0x12, attach(0, false, "work", vec![]), &[]);
    say(0x12, attach(1, true, "work", vec![]), &[]);
    say(0x12, attach(2, true, "work/$management", vec![]), &[]);
    say(0x12, attach(3, false, "work/$management", vec![]), &[]);
    let filter = Value::Map(vec![(Value::symbol("com.microsoft:session-filter"), NULL)]);
    say(0x12, attach(4, true, "sessions", [vec![NULL; 6], vec![filter]].concat()), &[]);
    say(0x12, attach(5, false, "sessions", vec![]), &[]);
    for handle in [1, 2, 4] {
        say(0x13, flow(handle, 0, 10), &[]);
    }
    say(0x14, vec![uint(0), uint(0), tag.clone()], &message("a"));
    let batch = encoded(&Value::described(0x75, Value::Binary(message("b"))));
    say(0x14, vec![uint(0), uint(1), tag.clone(), uint(BATCH)], &batch);
    say(0x14, vec![uint(5), uint(2), tag.clone()], &message_of("s", "c"));
    let operation = super::client::application_properties(vec![("operation", "com.microsoft:peek-message".into())]);
    let body =
        Value::Map(vec![("from-sequence-number".into(), Value::Long(0)), ("message-count".into(), Value::Int(5))]);
    let request = [encoded(&operation), encoded(&Value::described(0x77, body))].concat();
    say(0x14, vec![uint(3), uint(3), tag], &request);
    say(0x15, vec![YES, uint(0), uint(1), Value::Boolean(false), accepted()], &[]);
    say(0x13, [flow(1, 2, 10), vec![NULL, YES, YES]].concat(), &[]);
    say(0x16, vec![uint(1), YES], &[]);
    say(0x17, vec![], &[]);
    say(0x18, vec![], &[]);
    frames
}

/// Changes a few things: bytes, lengths, order, whole values.
fn mutated(frames: &[Bytes], random: &mut Rng) -> Vec<u8> {
    let mut frames: Vec<Vec<u8>> = frames.iter().map(|frame| frame.to_vec()).collect();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..frames.len());
        match random.u32(0..8) {
            0..=2 if !frames[at].is_empty() => {
                let byte = random.usize(0..frames[at].len());
                frames[at][byte] = random.u8(..);
            }
            3 => {
                let end = random.usize(0..=frames[at].len());
                frames[at].truncate(end);
            }
            4 => {
                let other = random.usize(0..frames.len());
                frames.swap(at, other);
            }
            5 => frames.insert(at, frames[at].clone()),
            6 => {
                let code = random.u64(0x10..0x19);
                let fields = (0..random.usize(0..12)).map(|_| any(random, 2)).collect();
                let mut out = BytesMut::new();
                frame::put(&mut out, frame::AMQP, random.u16(0..2), code, fields, &[]);
                frames.insert(at, out.to_vec());
            }
            _ => {
                let byte = random.usize(0..=frames[at].len());
                frames[at].splice(byte..byte, (0..random.usize(1..9)).map(|_| random.u8(..)));
            }
        }
    }
    frames.concat()
}

/// Says all that, takes whatever is answered, and waits for the end.
async fn say(azure: &SimulatedAzure, bytes: &[u8]) {
    let (ours, theirs) = tokio::io::duplex(4096);
    let (mut reader, mut writer) = tokio::io::split(ours);
    let said = async {
        for part in bytes.chunks(300) {
            // The other side may have had enough before the end.
            let _ = writer.write_all(part).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = writer.shutdown().await;
    };
    let heard = async {
        let mut rest = [0; 4096];
        while reader.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    };
    tokio::join!(amqp::serve(azure.clone(), Process::new("mutant"), theirs), said, heard);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_changed_conversations_end_and_harm_nobody() {
    let azure = azure();
    let frames = conversation();
    let mut random = Rng::with_seed(20_261_125);
    for turn in 0..10_000 {
        let bytes = mutated(&frames, &mut random);
        let ended = tokio::time::timeout(Duration::from_secs(3600), say(&azure, &bytes)).await;
        assert!(ended.is_ok(), "turn {turn} does not end: {bytes:02x?}");
        if turn % 1000 == 0 {
            let mut bystander = Client::connected(&azure).await;
            bystander.sender(0, "short").await;
            bystander.send(0, 0, &message("still here")).await;
            bystander.receiver(1, "short", 1).await;
            bystander.expect(0x14).await;
            assert_eq!(bystander.settle(0, accepted()).await, accepted());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_unchanged_conversation_does_what_it_says() {
    let azure = azure();
    say(&azure, &conversation().concat()).await;
    let now = azure.clock().now();
    assert_eq!(azure.world().service_bus.counts("work", now).locked, 0, "both messages were completed");
    assert_eq!(azure.world().service_bus.messages("work", now).len(), 0);
    assert_eq!(azure.world().service_bus.counts("sessions", now).active, 1, "the session was released");
}
