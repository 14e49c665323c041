//! A client that says exactly what a test wants it to say.
use bytes::{Bytes, BytesMut};
use simulated_azure::{
    Clock, Process, SimulatedAzure,
    doors::amqp,
    service_bus::{
        QueueOptions, SubscriptionOptions, TopicOptions,
        amqp::codec::{
            Fields, Value, decode,
            encode::{encode, encoded},
            frame,
        },
    },
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

pub const HEADER: &[u8] = b"AMQP\x00\x01\x00\x00";
pub const ACCEPTED: u64 = 0x24;
pub const BATCH: u32 = 0x8001_3700;
pub const YES: Value = Value::Boolean(true);
pub const NULL: Value = Value::Null;

/// The queues work, short (a lock of 10 s) and sessions, and a topic with two subscriptions.
pub fn azure() -> SimulatedAzure {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
    let mut world = azure.world();
    let bus = &mut world.service_bus;
    let short = Duration::from_secs(10);
    bus.add_queue("work", QueueOptions::default());
    bus.add_queue("short", QueueOptions { lock_duration: short, ..QueueOptions::default() });
    bus.add_queue("sessions", QueueOptions { requires_session: true, lock_duration: short, ..QueueOptions::default() });
    bus.add_topic("steps", TopicOptions::default());
    for (name, subject) in [("plan", Some("Plan")), ("all", None)] {
        let options = SubscriptionOptions { subject: subject.map(Into::into), ..SubscriptionOptions::default() };
        bus.add_subscription("steps", name, options).unwrap();
    }
    drop(world);
    azure
}

pub struct Client {
    pub stream: DuplexStream,
    pub input: BytesMut,
    pub process: Process,
    deliveries: u32,
}

pub struct Said {
    pub fields: Fields,
    pub payload: Bytes,
}

impl Client {
    /// A stream to the simulation, on which nothing was said.
    pub fn silent(azure: &SimulatedAzure) -> Self {
        let (stream, theirs) = tokio::io::duplex(1 << 16);
        let process = Process::new("client");
        tokio::spawn(amqp::serve(azure.clone(), process.clone(), theirs));
        Self { stream, input: BytesMut::new(), process, deliveries: 0 }
    }

    /// An open connection with a session on channel 0.
    pub async fn connected(azure: &SimulatedAzure) -> Self {
        Self::with_frames(azure, 65_536, 1000).await
    }

    /// The same, with a limit for frames and a window for transfers.
    pub async fn with_frames(azure: &SimulatedAzure, most: u32, window: u32) -> Self {
        let mut client = Self::silent(azure);
        client.write(HEADER).await;
        client.say(0x10, vec!["client".into(), "contoso.servicebus.windows.net".into(), Value::Uint(most)]).await;
        client.say(0x11, vec![NULL, Value::Uint(0), Value::Uint(window), Value::Uint(1000)]).await;
        assert_eq!(client.read(8).await, HEADER);
        client.expect(0x10).await;
        client.expect(0x11).await;
        client
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn read(&mut self, count: usize) -> Bytes {
        while self.input.len() < count {
            assert_ne!(self.stream.read_buf(&mut self.input).await.unwrap(), 0, "the stream has ended");
        }
        self.input.split_to(count).freeze()
    }

    pub async fn say(&mut self, code: u64, fields: Vec<Value>) {
        self.say_with(code, fields, &[]).await;
    }

    pub async fn say_with(&mut self, code: u64, fields: Vec<Value>, payload: &[u8]) {
        let mut out = BytesMut::new();
        frame::put(&mut out, frame::AMQP, 0, code, fields, payload);
        self.write(&out).await;
    }

    /// What comes next; `None` at the end of the stream. Signs of life are passed over.
    pub async fn hear(&mut self) -> Option<Said> {
        loop {
            if let Some(frame) = frame::take(&mut self.input).unwrap() {
                let Some(fields) = frame.performative else { continue };
                return Some(Said { fields, payload: frame.payload });
            }
            if self.stream.read_buf(&mut self.input).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// What comes next must be this.
    pub async fn expect(&mut self, code: u64) -> Said {
        let said = self.hear().await.expect("the stream has ended");
        assert_eq!(said.fields.code, code, "{:?}", said.fields);
        said
    }

    /// Nothing comes for a while.
    pub async fn expect_nothing(&mut self, seconds: u64) {
        if let Ok(Some(said)) = tokio::time::timeout(Duration::from_secs(seconds), self.hear()).await {
            panic!("{:?} came", said.fields);
        }
    }

    /// Attaches a sender and takes its first credit.
    pub async fn sender(&mut self, handle: u32, address: &str) {
        self.say(0x12, attach(handle, false, address, vec![])).await;
        self.expect(0x12).await;
        self.expect(0x13).await;
    }

    /// Attaches a receiver and gives it credit.
    pub async fn receiver(&mut self, handle: u32, address: &str, credit: u32) {
        self.say(0x12, attach(handle, true, address, vec![])).await;
        self.expect(0x12).await;
        self.credit(handle, 0, credit).await;
    }

    pub async fn credit(&mut self, handle: u32, count: u32, credit: u32) {
        self.say(0x13, flow(handle, count, credit)).await;
    }

    /// Sends a message, and hears what becomes of it.
    pub async fn send(&mut self, handle: u32, format: u32, payload: &[u8]) -> Value {
        let delivery = self.deliveries;
        self.deliveries += 1;
        let tag = Value::Binary(Bytes::from_static(b"t"));
        let fields = vec![Value::Uint(handle), Value::Uint(delivery), tag, Value::Uint(format)];
        self.say_with(0x14, fields, payload).await;
        let said = self.expect(0x15).await;
        assert_eq!(said.fields.uint(1).unwrap(), Some(delivery));
        assert_eq!(said.fields.value(3), &YES);
        said.fields.value(4).clone()
    }

    /// Settles a delivery, and hears the answer.
    pub async fn settle(&mut self, delivery: u32, outcome: Value) -> Value {
        self.say(0x15, vec![YES, Value::Uint(delivery), NULL, Value::Boolean(false), outcome]).await;
        let said = self.expect(0x15).await;
        assert_eq!((said.fields.value(0), said.fields.value(3)), (&Value::Boolean(false), &YES));
        said.fields.value(4).clone()
    }

    /// Attaches both ends of an entity's management node at two handles.
    pub async fn manager(&mut self, handle: u32, entity: &str) {
        let node = format!("{entity}/$management");
        self.receiver(handle, &node, 100).await;
        self.sender(handle + 1, &node).await;
    }

    /// Asks a management node; answers with status and body.
    pub async fn manage(&mut self, handle: u32, operation: &str, body: Vec<(&str, Value)>) -> (i64, Value) {
        let body = body.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let mut request = BytesMut::new();
        let mut properties = vec![NULL; 5];
        properties[0] = "q".into();
        encode(&Value::described(0x73, Value::List(properties)), &mut request);
        let operation = format!("com.microsoft:{operation}");
        encode(&application_properties(vec![("operation", operation.into())]), &mut request);
        encode(&Value::described(0x77, Value::Map(body)), &mut request);
        assert_eq!(self.send(handle + 1, 0, &request).await.code(), Some(ACCEPTED));
        let reply = sections(&self.expect(0x14).await.payload);
        assert_eq!(section(&reply, 0x73).items().unwrap()[5], "q".into());
        let status = section(&reply, 0x74).get("statusCode").and_then(Value::whole).unwrap();
        (status, section(&reply, 0x77).clone())
    }
}

/// The fields of an attach. `more` goes into the source behind its address.
pub fn attach(handle: u32, is_receiver: bool, address: &str, more: Vec<Value>) -> Vec<Value> {
    let (ours, theirs): (Value, Value) = ("client".into(), address.into());
    let (from, to) = if is_receiver { (theirs, ours) } else { (ours, theirs) };
    let source = [vec![from], more].concat();
    let source = Value::described(0x28, Value::List(source));
    let target = Value::described(0x29, Value::List(vec![to]));
    let name = format!("link-{handle}").into();
    vec![name, Value::Uint(handle), Value::Boolean(is_receiver), Value::Ubyte(0), Value::Ubyte(1), source, target]
}

/// The fields of a flow with a wide window.
pub fn flow(handle: u32, count: u32, credit: u32) -> Vec<Value> {
    [0, 1000, 0, 1000, handle, count, credit].map(Value::Uint).into()
}

pub fn accepted() -> Value {
    Value::described(ACCEPTED, Value::List(vec![]))
}

/// The condition of the error in a field.
pub fn condition(error: &Value) -> String {
    error.plain().items().unwrap()[0].text().unwrap().into()
}

/// The condition of a rejection's error; empty when it has none.
pub fn rejection(outcome: &Value) -> String {
    assert_eq!(outcome.code(), Some(0x25), "{outcome:?}");
    outcome.plain().items().unwrap().first().map(condition).unwrap_or_default()
}

/// A message with one data section.
pub fn message(body: &str) -> Bytes {
    encoded(&Value::described(0x75, Value::Binary(Bytes::copy_from_slice(body.as_bytes()))))
}

/// A message of a session.
pub fn message_of(session: &str, body: &str) -> Bytes {
    let mut properties = vec![NULL; 11];
    properties[10] = session.into();
    [encoded(&Value::described(0x73, Value::List(properties))), message(body)].concat().into()
}

pub fn application_properties(properties: Vec<(&str, Value)>) -> Value {
    let properties = properties.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::described(0x74, Value::Map(properties))
}

pub fn sections(payload: &Bytes) -> Vec<Value> {
    let mut reader = decode::Reader::new(payload.clone());
    let mut sections = vec![];
    while !reader.is_empty() {
        sections.push(reader.value().unwrap());
    }
    sections
}

pub fn section(sections: &[Value], code: u64) -> &Value {
    sections.iter().find(|section| section.code() == Some(code)).map_or(&NULL, Value::plain)
}

/// The text of a message's data section.
pub fn text(payload: &Bytes) -> String {
    match section(&sections(payload), 0x75) {
        Value::Binary(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?} is no data"),
    }
}

/// How many seconds have passed, but for the connection's own milliseconds.
pub fn seconds(since: tokio::time::Instant) -> u64 {
    (since.elapsed() + Duration::from_millis(500)).as_secs()
}
