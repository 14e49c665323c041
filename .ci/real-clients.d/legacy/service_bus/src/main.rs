//! What users of azure_messaging_servicebus 0.21 do, against the simulated Service Bus. ENDPOINTS is the path of
//! endpoints.json. One line a check; the exit status is 1 when one failed.
use azure_core::{HttpClient, Request, Response, error::ErrorKind};
use azure_messaging_servicebus::service_bus::{QueueClient, SendMessageOptions, SettableBrokerProperties, TopicClient};
use serde_json::Value;
use std::{error::Error, sync::Arc, time::Duration};

type Checked = Result<(), Box<dyn Error>>;

/// The client knows one host name only, `<namespace>.servicebus.windows.net`. Below it, requests are led to the door.
#[derive(Debug)]
struct Redirected {
    below: reqwest::Client,
    port: u16,
}

#[async_trait::async_trait]
impl HttpClient for Redirected {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<Response> {
        let mut request = request.clone();
        request.url_mut().set_host(Some("localhost"))?;
        let failed = |()| azure_core::Error::message(ErrorKind::Other, "the URL takes no port");
        request.url_mut().set_port(Some(self.port)).map_err(failed)?;
        self.below.execute_request(&request).await
    }
}

/// Where the bus is, and by which key.
struct Bus {
    http: Arc<dyn HttpClient>,
    namespace: String,
    policy: String,
    key: String,
}

impl Bus {
    fn read(endpoints: &Value) -> Result<Self, Box<dyn Error>> {
        let text = |pointer: &str| {
            endpoints.pointer(pointer).and_then(Value::as_str).ok_or(format!("endpoints.json has no {pointer}"))
        };
        let authority = reqwest::Certificate::from_pem(&std::fs::read(text("/certificateAuthority")?)?)?;
        let below = reqwest::Client::builder().add_root_certificate(authority).build()?;
        let port = text("/serviceBus/rest")?.rsplit(':').next().unwrap_or_default().parse()?;
        let connection = text("/serviceBus/amqp/connectionString")?;
        let part = |name: &str| {
            let found = connection.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.map(String::from).ok_or(format!("the connection string has no {name}"))
        };
        let http = Arc::new(Redirected { below, port });
        let namespace = text("/serviceBus/name")?.into();
        Ok(Self { http, namespace, policy: part("SharedAccessKeyName")?, key: part("SharedAccessKey")? })
    }

    fn queue(&self, name: &str) -> azure_core::Result<QueueClient> {
        QueueClient::new(self.http.clone(), &*self.namespace, name, &*self.policy, self.key.clone())
    }

    fn topic(&self, name: &str) -> azure_core::Result<TopicClient> {
        TopicClient::new(self.http.clone(), &*self.namespace, name, &*self.policy, self.key.clone())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Checked {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, but {found:?} came").into()) }
}

fn status_of(error: &azure_core::Error) -> Option<u16> {
    if let ErrorKind::HttpResponse { status, .. } = error.kind() { Some((*status).into()) } else { None }
}

async fn a_message_is_locked_and_completed(bus: &Bus) -> Checked {
    let queue = bus.queue("plain")?;
    let broker_properties = SettableBrokerProperties {
        message_id: Some("legacy-1".into()),
        label: Some("l".into()),
        time_to_live: Some(Duration::from_secs(3600)),
        ..Default::default()
    };
    let options = SendMessageOptions { broker_properties: Some(broker_properties), ..Default::default() };
    queue.send_message("one é", Some(options)).await?;
    let locked = queue.peek_lock_message2(None).await?;
    same(u16::from(*locked.status()), 201)?;
    same(locked.body().as_str(), "one é")?;
    let properties = locked.broker_properties().ok_or("no broker properties")?;
    same((properties.message_id.as_str(), properties.time_to_live), ("legacy-1", 3600.0))?;
    locked.renew_message_lock().await?;
    locked.delete_message().await?;
    same(u16::from(*queue.peek_lock_message2(None).await?.status()), 204)
}

async fn an_unlocked_message_comes_again(bus: &Bus) -> Checked {
    let queue = bus.queue("plain")?;
    queue.send_message("again", None).await?;
    let first = queue.peek_lock_message2(None).await?;
    first.unlock_message().await?;
    let second = queue.peek_lock_message2(Some(Duration::from_secs(1))).await?;
    same(second.body().as_str(), "again")?;
    // The first lock is over; who settles by it is told so.
    match first.delete_message().await {
        Err(error) => same(status_of(&error), Some(410))?,
        Ok(_) => return Err("a lost lock settled".into()),
    }
    second.delete_message().await?;
    Ok(())
}

async fn a_message_is_received_and_deleted(bus: &Bus) -> Checked {
    let queue = bus.queue("plain")?;
    queue.send_message("gone", None).await?;
    same(queue.receive_and_delete_message().await?.as_str(), "gone")?;
    same(queue.receive_and_delete_message().await?.as_str(), "")
}

async fn a_topic_copies_by_subject(bus: &Bus) -> Checked {
    let topic = bus.topic("topic")?;
    let broker_properties = SettableBrokerProperties { label: Some("red".into()), ..Default::default() };
    let options = SendMessageOptions { broker_properties: Some(broker_properties), ..Default::default() };
    topic.topic_sender().send_message("r", Some(options)).await?;
    topic.topic_sender().send_message("b", None).await?;
    for (subscription, bodies) in [("red", &["r"][..]), ("all", &["r", "b"])] {
        let receiver = topic.subscription_receiver(subscription);
        for body in bodies {
            let locked = receiver.peek_lock_message2(None).await?;
            same(locked.body().as_str(), body)?;
            locked.delete_message().await?;
        }
        same(u16::from(*receiver.peek_lock_message2(None).await?.status()), 204)?;
    }
    Ok(())
}

async fn a_wrong_key_is_refused(bus: &Bus) -> Checked {
    for (policy, key) in [(&*bus.policy, "another"), ("nobody", &*bus.key)] {
        let queue = QueueClient::new(bus.http.clone(), &*bus.namespace, "plain", policy, key.to_owned())?;
        match queue.send_message("never", None).await {
            Err(error) => same(status_of(&error), Some(401))?,
            Ok(()) => return Err(format!("{policy} with {key} may send").into()),
        }
    }
    same(u16::from(*bus.queue("plain")?.peek_lock_message2(None).await?.status()), 204)
}

async fn an_unknown_queue_is_gone(bus: &Bus) -> Checked {
    match bus.queue("nowhere")?.send_message("never", None).await {
        Err(error) => same(status_of(&error), Some(410)),
        Ok(()) => Err("it took the message".into()),
    }
}

macro_rules! check {
    ($bus:expr, $failures:expr, $($check:ident),+ $(,)?) => {
        $(
            let name = stringify!($check).replace('_', " ");
            match tokio::time::timeout(Duration::from_secs(30), $check($bus)).await {
                Ok(Ok(())) => println!("ok      {name}"),
                Ok(Err(error)) => { $failures += 1; println!("FAILED  {name}: {error}") }
                Err(_) => { $failures += 1; println!("FAILED  {name}: it takes too long") }
            }
        )+
    };
}

#[tokio::main]
async fn main() -> Checked {
    let endpoints =
        std::fs::read(std::env::var("ENDPOINTS").map_err(|_| "expected the path of endpoints.json in ENDPOINTS")?)?;
    let bus = Bus::read(&serde_json::from_slice(&endpoints)?)?;
    let mut failures = 0;
    check!(
        &bus,
        failures,
        a_message_is_locked_and_completed,
        an_unlocked_message_comes_again,
        a_message_is_received_and_deleted,
        a_topic_copies_by_subject,
        a_wrong_key_is_refused,
        an_unknown_queue_is_gone,
    );
    std::process::exit(i32::from(failures > 0));
}
