//! The REST face.
use super::{at, queue, topic};
use bytes::Bytes;
use futures::FutureExt;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulated_azure::service_bus::{Broker, QueueOptions, State};

const BATCH: &str = "application/vnd.microsoft.servicebus.json";

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

fn ask(
    broker: &mut Broker,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    now: Timestamp,
) -> Answer {
    let request = Request::builder().method(method).uri(format!("https://contoso.servicebus.windows.net/{path}"));
    let request = request.header("authorization", "Bearer token");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let (parts, body) = broker.respond(&request.body(body.into()).unwrap(), now).into_parts();
    let body = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

fn send(broker: &mut Broker, entity: &str, batch: &Value) -> StatusCode {
    ask(broker, "POST", &format!("{entity}/messages"), &[("content-type", BATCH)], batch.to_string(), at(0)).status
}

#[test]
fn a_batch_keeps_the_case_of_names_and_schedules_to_the_second() {
    let mut broker = topic();
    let batch = json!([
        {"Body": "{\"run\":1}", "BrokerProperties": {"MessageId": "r/1", "Label": "Plan", "CorrelationId": "r",
         "ScheduledEnqueueTimeUtc": "Mon, 21 Sep 2026 15:33:20 GMT", "TimeToLive": 3600, "Unknown": {}},
         "UserProperties": {"Diagnostic-Id": "00-ab", "attempt": 2, "last": false}},
        {"Body": "AAH/", "IsBodyBase64": true}
    ]);
    assert_eq!(send(&mut broker, "steps", &batch), StatusCode::CREATED);
    let held = broker.messages("steps/subscriptions/plan", at(0));
    let [only] = &held[..] else { panic!("{held:?}") };
    assert_eq!(
        only.message.properties,
        *json!({"Diagnostic-Id": "00-ab", "attempt": 2, "last": false}).as_object().unwrap()
    );
    assert_eq!(only.state, State::Scheduled("2026-09-21T15:33:20Z".parse().unwrap()));
    assert_eq!((only.message.message_id.as_str(), only.message.correlation_id.as_deref()), ("r/1", Some("r")));
    let raw = broker.receive("steps/subscriptions/all", at(0)).unwrap();
    assert_eq!(raw.message.body, &[0, 1, 255][..]);
}

#[test]
fn a_batch_that_is_not_right_leaves_nothing_behind() {
    let good = json!({"Body": "a"});
    let wrong = [
        json!({"Body": "a"}),
        json!([]),
        json!([good, 1]),
        json!([good, {"Body": {"a": 1}}]),
        json!([good, {"Body": "a", "BrokerProperties": "text"}]),
        json!([good, {"Body": "a", "BrokerProperties": {"MessageId": 5}}]),
        json!([good, {"Body": "a", "BrokerProperties": {"TimeToLive": 0}}]),
        json!([good, {"Body": "a", "BrokerProperties": {"TimeToLive": "x"}}]),
        json!([good, {"Body": "a", "BrokerProperties": {"ScheduledEnqueueTimeUtc": "2026-09-21T15:33:20Z"}}]),
        json!([good, {"Body": "a", "BrokerProperties": {"SessionId": "a", "PartitionKey": "b"}}]),
        json!([good, {"Body": "a", "UserProperties": {"deep": {}}}]),
        json!([good, {"Body": "?", "IsBodyBase64": true}]),
        json!([good, {"Body": "a", "IsBodyBase64": "yes"}]),
    ];
    for batch in wrong {
        let mut broker = queue(QueueOptions::default());
        assert_eq!(send(&mut broker, "work", &batch), StatusCode::BAD_REQUEST, "{batch}");
        assert!(broker.is_at_rest(at(0)), "{batch}");
    }
    let mut broker = queue(QueueOptions::default());
    assert_eq!(
        ask(&mut broker, "POST", "work/messages", &[("content-type", BATCH)], "[{", at(0)).status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(send(&mut broker, "work", &json!([{"Body": "x".repeat(262_145)}])), StatusCode::FORBIDDEN);
    assert_eq!(send(&mut broker, "nothing", &json!([good])), StatusCode::GONE);
}

#[test]
fn another_content_type_makes_one_message_of_the_whole_batch() {
    let mut broker = queue(QueueOptions::default());
    let kind = "application/vnd.microsoft.servicebus.json; charset=utf-8";
    let sent = ask(&mut broker, "POST", "work/messages", &[("content-type", kind)], "[{\"Body\":\"a\"}]", at(0));
    assert_eq!(sent.status, StatusCode::CREATED);
    assert_eq!(broker.receive("work", at(0)).unwrap().message.body, "[{\"Body\":\"a\"}]");
}

#[test]
fn in_the_single_format_text_without_quotes_is_lost() {
    let mut broker = queue(QueueOptions::default());
    let headers = [
        ("BrokerProperties", r#"{"MessageId":"m","Label":"l"}"#),
        ("Diagnostic-Id", "\"00-ab\""),
        ("Priority", "5"),
        ("Site", "web"),
        ("content-type", "application/json"),
    ];
    assert_eq!(ask(&mut broker, "POST", "work/messages", &headers, "{}", at(0)).status, StatusCode::CREATED);
    let held = broker.receive("work", at(0)).unwrap().message;
    assert_eq!(Value::Object(held.properties), json!({"diagnostic-id": "00-ab", "priority": 5}));
    assert_eq!((held.subject.as_deref(), held.content_type.as_deref()), (Some("l"), Some("application/json")));
    let bad = ask(&mut broker, "POST", "work/messages", &[("BrokerProperties", "[")], "{}", at(0));
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert!(bad.body.starts_with("<Error><Code>400</Code><Detail>"), "{}", bad.body);
}

#[test]
fn a_message_is_received_renewed_given_back_and_completed() {
    let mut broker = queue(QueueOptions::default());
    let batch =
        json!([{"Body": "héllo", "BrokerProperties": {"MessageId": "m"}, "UserProperties": {"Where": "Zoë", "n": 1}}]);
    assert_eq!(send(&mut broker, "work", &batch), StatusCode::CREATED);
    let got = ask(&mut broker, "POST", "work/messages/head?timeout=60", &[], "", at(0));
    assert_eq!((got.status, got.body.as_str()), (StatusCode::CREATED, "héllo"));
    assert_eq!((got.headers["where"].to_str().unwrap(), got.headers["n"].to_str().unwrap()), ("\"Zo\\u00eb\"", "1"));
    let properties: Value = serde_json::from_slice(got.headers["brokerproperties"].as_bytes()).unwrap();
    assert_eq!((&properties["MessageId"], &properties["DeliveryCount"]), (&json!("m"), &json!(1)));
    assert_eq!(properties["LockedUntilUtc"], "Mon, 21 Sep 2026 14:14:20 GMT");
    assert_eq!(ask(&mut broker, "POST", "work/messages/head", &[], "", at(0)).status, StatusCode::NO_CONTENT);
    let lock = got.headers["location"].to_str().unwrap().split_once(".net/").unwrap().1.to_owned();
    assert_eq!(ask(&mut broker, "POST", &lock, &[], "", at(50)).status, StatusCode::OK);
    assert_eq!(ask(&mut broker, "DELETE", &lock.replace("/1/", "/2/"), &[], "", at(51)).status, StatusCode::GONE);
    assert_eq!(ask(&mut broker, "PUT", &lock, &[], "", at(109)).status, StatusCode::OK);
    assert_eq!(ask(&mut broker, "DELETE", &lock, &[], "", at(109)).status, StatusCode::GONE);
    let taken = ask(&mut broker, "DELETE", "work/messages/head", &[], "", at(110));
    assert_eq!(taken.status, StatusCode::OK);
    assert!(broker.is_at_rest(at(110)));
}

#[test]
fn dead_letters_are_read_by_rest() {
    let mut broker = queue(QueueOptions { max_delivery_count: 1, ..QueueOptions::default() });
    send(&mut broker, "work", &json!([{"Body": "a"}]));
    let held = broker.receive("work", at(0)).unwrap();
    broker.abandon("work", held.lock_token, at(0)).unwrap();
    let dead = ask(&mut broker, "POST", "work/%24DeadLetterQueue/messages/head", &[], "", at(0));
    assert_eq!(dead.status, StatusCode::CREATED);
    assert_eq!(dead.headers["deadletterreason"], "\"MaxDeliveryCountExceeded\"");
}

#[test]
fn without_a_token_nothing_is_done() {
    let mut broker = queue(QueueOptions::default());
    for token in ["", "Bearer ", "SharedAccessSignature sr=x"] {
        let request =
            Request::post("https://contoso.servicebus.windows.net/work/messages").header("authorization", token);
        assert_eq!(broker.respond(&request.body("a".into()).unwrap(), at(0)).status(), StatusCode::UNAUTHORIZED);
    }
    assert!(broker.is_at_rest(at(0)));
}

#[test]
fn strange_paths_get_an_answer() {
    let mut broker = queue(QueueOptions::default());
    for path in
        ["", "%", "%2", "messages", "work", "/messages/messages/messages", "work/messages/a/b/c", "work/messages/é"]
    {
        let path = path.replace('é', "%C3%A9%ff");
        for method in ["GET", "POST", "PUT", "DELETE"] {
            assert!(!ask(&mut broker, method, &path, &[], "", at(0)).status.is_success(), "{method} {path}");
        }
    }
}

#[test]
fn an_entity_that_gives_nothing_out_takes_messages_in() {
    let mut broker = queue(QueueOptions { receive_disabled: true, ..QueueOptions::default() });
    assert_eq!(send(&mut broker, "work", &json!([{"Body": "a"}])), StatusCode::CREATED);
    let refused = ask(&mut broker, "POST", "work/messages/head", &[], "", at(0));
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("is currently disabled"), "{}", refused.body);
    broker.add_queue("work", QueueOptions::default());
    assert_eq!(ask(&mut broker, "POST", "work/messages/head", &[], "", at(0)).body, "a");
}
