//! What users of azservicebus for Rust do, against the broker that SERVICE_BUS_CONNECTION_STRING names.
//! The client always uses port 5672. The entities are those of simulation/examples/service_bus.rs.
//! One line a check; exit code 1 when one failed.
use azservicebus::{
    ServiceBusClient, ServiceBusClientOptions, ServiceBusMessage, ServiceBusReceiverOptions,
    primitives::sub_queue::SubQueue, receiver::DeadLetterOptions,
};
use std::{error::Error, time::Duration};
use time::OffsetDateTime;

type Client = ServiceBusClient<azservicebus::core::BasicRetryPolicy>;
type Checked = Result<(), Box<dyn Error>>;

const SOON: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(700);

fn wrong(what: impl std::fmt::Debug) -> Box<dyn Error> {
    format!("unexpected: {what:?}").into()
}

async fn send(client: &mut Client, queue: &str, message: impl Into<ServiceBusMessage>) -> Checked {
    let mut sender = client.create_sender(queue, Default::default()).await?;
    sender.send_message(message).await?;
    Ok(sender.dispose().await?)
}

async fn ids_come_back(client: &mut Client) -> Checked {
    let mut message = ServiceBusMessage::new("hello");
    message.set_message_id("m-1")?;
    message.set_subject(String::from("s"));
    message.set_correlation_id(String::from("c"));
    message.set_time_to_live(Duration::from_secs(3600))?;
    send(client, "plain", message).await?;
    let mut receiver = client.create_receiver_for_queue("plain", Default::default()).await?;
    let got = receiver.receive_message().await?;
    let ids = (got.message_id(), got.subject(), got.correlation_id());
    if ids != (Some("m-1".into()), Some("s"), Some("c".into())) || got.body()? != b"hello" {
        return Err(wrong(got));
    }
    receiver.complete_message(&got).await?;
    Ok(receiver.dispose().await?)
}

async fn batches_arrive_whole(client: &mut Client) -> Checked {
    let mut sender = client.create_sender("plain", Default::default()).await?;
    let mut batch = sender.create_message_batch(Default::default())?;
    for number in 0..50 {
        batch.try_add_message(ServiceBusMessage::new(number.to_string())).map_err(wrong)?;
    }
    sender.send_message_batch(batch).await?;
    let mut receiver = client.create_receiver_for_queue("plain", Default::default()).await?;
    let mut count = 0;
    while count < 50 {
        for message in receiver.receive_messages(50).await? {
            if message.body()? != count.to_string().as_bytes() {
                return Err(wrong(message));
            }
            receiver.complete_message(&message).await?;
            count += 1;
        }
    }
    receiver.dispose().await?;
    Ok(sender.dispose().await?)
}

async fn schedules_are_peeked_and_cancelled(client: &mut Client) -> Checked {
    let mut sender = client.create_sender("plain", Default::default()).await?;
    let at = OffsetDateTime::now_utc() + Duration::from_secs(3);
    let numbers = sender.schedule_messages(["later", "never"], at).await?;
    let mut receiver = client.create_receiver_for_queue("plain", Default::default()).await?;
    let peeked = receiver.peek_messages(10, None).await?;
    if peeked.iter().map(|message| message.sequence_number()).ne(numbers.iter().copied()) {
        return Err(wrong(peeked));
    }
    sender.cancel_scheduled_message(numbers[1]).await?;
    let got = receiver.receive_message_with_max_wait_time(SOON).await?.ok_or("nothing came")?;
    if got.body()? != b"later" || OffsetDateTime::now_utc() < at - Duration::from_millis(50) {
        return Err(wrong(got));
    }
    receiver.complete_message(&got).await?;
    receiver.dispose().await?;
    Ok(sender.dispose().await?)
}

async fn messages_whose_lock_is_lost_come_again_and_are_buried(client: &mut Client) -> Checked {
    send(client, "short", "slow").await?;
    let mut receiver = client.create_receiver_for_queue("short", Default::default()).await?;
    for count in 0..2 {
        let got = receiver.receive_message().await?;
        if got.delivery_count() != Some(count + 1) {
            return Err(wrong(got));
        }
        tokio::time::sleep(Duration::from_millis(2300)).await;
        // This client does not look at the answer: the settlement fails without a word.
        receiver.complete_message(&got).await?;
    }
    receiver.dispose().await?;
    let options = ServiceBusReceiverOptions { sub_queue: SubQueue::DeadLetter, ..Default::default() };
    let mut receiver = client.create_receiver_for_queue("short", options).await?;
    let dead = receiver.receive_message().await?;
    if dead.dead_letter_reason() != Some("MaxDeliveryCountExceeded") {
        return Err(wrong(dead));
    }
    receiver.complete_message(&dead).await?;
    Ok(receiver.dispose().await?)
}

async fn renewed_locks_hold_on(client: &mut Client) -> Checked {
    send(client, "short", "long work").await?;
    let mut receiver = client.create_receiver_for_queue("short", Default::default()).await?;
    let mut got = receiver.receive_message().await?;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        receiver.renew_message_lock(&mut got).await?;
    }
    receiver.complete_message(&got).await?;
    Ok(receiver.dispose().await?)
}

async fn deferred_messages_are_received_by_number(client: &mut Client) -> Checked {
    send(client, "plain", "aside").await?;
    let mut receiver = client.create_receiver_for_queue("plain", Default::default()).await?;
    let got = receiver.receive_message().await?;
    receiver.defer_message(&got, None).await?;
    if let Some(other) = receiver.receive_message_with_max_wait_time(MOMENT).await? {
        return Err(wrong(other));
    }
    let back = receiver.receive_deferred_message(got.sequence_number()).await?.ok_or("it is gone")?;
    receiver.complete_message(&back).await?;
    Ok(receiver.dispose().await?)
}

async fn abandoned_messages_come_again_and_dead_letters_say_why(client: &mut Client) -> Checked {
    send(client, "plain", "bad").await?;
    let mut receiver = client.create_receiver_for_queue("plain", Default::default()).await?;
    let got = receiver.receive_message().await?;
    receiver.abandon_message(&got, None).await?;
    let again = receiver.receive_message().await?;
    if again.delivery_count() <= got.delivery_count() {
        return Err(wrong(again));
    }
    let why = DeadLetterOptions {
        dead_letter_reason: Some("Broken".into()),
        dead_letter_error_description: Some("no such site".into()),
        properties_to_modify: None,
    };
    receiver.dead_letter_message(&again, why).await?;
    receiver.dispose().await?;
    let options = ServiceBusReceiverOptions { sub_queue: SubQueue::DeadLetter, ..Default::default() };
    let mut receiver = client.create_receiver_for_queue("plain", options).await?;
    let dead = receiver.receive_message().await?;
    if (dead.dead_letter_reason(), dead.dead_letter_error_description()) != (Some("Broken"), Some("no such site")) {
        return Err(wrong(dead));
    }
    receiver.complete_message(&dead).await?;
    Ok(receiver.dispose().await?)
}

async fn topics_copy_by_subject(client: &mut Client) -> Checked {
    let mut sender = client.create_sender("topic", Default::default()).await?;
    for subject in ["red", "blue"] {
        let mut message = ServiceBusMessage::new(subject);
        message.set_subject(String::from(subject));
        sender.send_message(message).await?;
    }
    sender.dispose().await?;
    for (name, wanted) in [("red", vec!["red"]), ("all", vec!["red", "blue"])] {
        let mut receiver = client.create_receiver_for_subscription("topic", name, Default::default()).await?;
        for body in wanted {
            let got = receiver.receive_message().await?;
            if got.body()? != body.as_bytes() {
                return Err(wrong(got));
            }
            receiver.complete_message(&got).await?;
        }
        if let Some(other) = receiver.receive_message_with_max_wait_time(MOMENT).await? {
            return Err(wrong(other));
        }
        receiver.dispose().await?;
    }
    Ok(())
}

async fn sessions_are_ordered_and_have_states(client: &mut Client) -> Checked {
    for number in 0..3 {
        let mut message = ServiceBusMessage::new(number.to_string());
        message.set_session_id(String::from("one"))?;
        send(client, "sessions", message).await?;
    }
    let mut receiver = client.accept_next_session_for_queue("sessions", Default::default()).await?;
    if receiver.session_id() != "one" {
        return Err(wrong(receiver.session_id()));
    }
    receiver.set_session_state(b"half way".to_vec()).await?;
    receiver.renew_session_lock().await?;
    if receiver.session_state().await? != b"half way" {
        return Err(wrong("another state"));
    }
    for number in 0..3 {
        let got = receiver.receive_message().await?;
        if got.body()? != number.to_string().as_bytes() {
            return Err(wrong(got));
        }
        receiver.complete_message(&got).await?;
    }
    receiver.dispose().await?;
    let receiver = client.accept_session_for_queue("sessions", "one", Default::default()).await?;
    Ok(receiver.dispose().await?)
}

macro_rules! check {
    ($client:expr, $failures:expr, $($check:ident),+ $(,)?) => {
        $(
            let name = stringify!($check).replace('_', " ");
            match tokio::time::timeout(Duration::from_secs(60), $check($client)).await {
                Ok(Ok(())) => println!("ok     {name}"),
                Ok(Err(error)) => { $failures += 1; println!("FAILED {name}: {error}") }
                Err(_) => { $failures += 1; println!("FAILED {name}: it takes too long") }
            }
        )+
    };
}

#[tokio::main]
async fn main() -> Checked {
    let connection = std::env::var("SERVICE_BUS_CONNECTION_STRING")?;
    let mut client =
        ServiceBusClient::unsecured().new_from_connection_string(connection, ServiceBusClientOptions::default()).await?;
    let mut failures = 0;
    check!(
        &mut client,
        failures,
        ids_come_back,
        batches_arrive_whole,
        schedules_are_peeked_and_cancelled,
        messages_whose_lock_is_lost_come_again_and_are_buried,
        renewed_locks_hold_on,
        deferred_messages_are_received_by_number,
        abandoned_messages_come_again_and_dead_letters_say_why,
        topics_copy_by_subject,
        sessions_are_ordered_and_have_states,
    );
    client.dispose().await?;
    std::process::exit(i32::from(failures > 0));
}
