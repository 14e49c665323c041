//! Signatures by a shared access key at the REST face. They were made by an implementation of their own, in Python.
use super::{at, queue};
use futures::FutureExt;
use http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use simulated_azure::router::{CallersTime, Origin};
use simulated_azure::service_bus::{Broker, QueueOptions};

const FOR_MESSAGES: (&str, &str) = (
    "https%3A%2F%2Fcontoso.servicebus.windows.net%2Fwork%2Fmessages",
    "y1R0Tvn6ktzK8eelqZNvyrRLhONoBVdTaf9gcfpykHk%3D",
);
const FOR_THE_NAMESPACE: (&str, &str) =
    ("sb%3A%2F%2Fcontoso.servicebus.windows.net%2F", "mlpdnJ%2F5zfZMExCFA%2FrxI2zKKDZEQc%2BD8Thq9cqY%2Bxk%3D");
const FOR_THE_QUEUE: (&str, &str) =
    ("https%3A%2F%2Fcontoso.servicebus.windows.net%2FWork", "YwuIBbtfq%2FQi0r2l2TlTwHw23ZgPdrovIKx4WqvwDOc%3D");
const FOR_ANOTHER_QUEUE: (&str, &str) =
    ("https%3A%2F%2Fcontoso.servicebus.windows.net%2Fwor", "y5rvlfnm46AYy67abvq6FUt0WhVKwMhfrGuv4DJJYU4%3D");
const FOR_ANOTHER_NAMESPACE: (&str, &str) =
    ("https%3A%2F%2Ffabrikam.servicebus.windows.net%2Fwork", "6sO7%2FkTNOoM3RHsRNaKMqkrIEn%2BuiWAiNeEE7AbTBCs%3D");
const BY_ANOTHER_KEY: (&str, &str) = (
    "https%3A%2F%2Fcontoso.servicebus.windows.net%2Fwork%2Fmessages",
    "DKWUv7XGr4DaNumbCWIWDL%2BmWuZLC4NWwAwGM643Ujg%3D",
);
const FOR_A_DOOR: (&str, &str) =
    ("https%3A%2F%2Flocalhost%3A5300%2Fwork", "OyKGigr8yglctRuyaqlhxxk7mNwBGKIdwbDskCJO2wo%3D");

/// Good until `at(600)`.
fn token((resource, signature): (&str, &str)) -> String {
    format!("SharedAccessSignature sr={resource}&sig={signature}&se=1790000600&skn=work-sender")
}

/// The status of a send with this authorization, and the first word of its refusal.
fn send(token: &str, now: Timestamp, change: impl FnOnce(&mut http::Extensions)) -> (u16, String) {
    let mut broker: Broker = queue(QueueOptions::default());
    broker.shared_access_keys.insert("work-sender".into(), "c2VjcmV0".into());
    let request = Request::post("https://contoso.servicebus.windows.net/work/messages").header("authorization", token);
    let mut request = request.body("a".into()).unwrap();
    change(request.extensions_mut());
    let (parts, body) = broker.respond(&request, now).into_parts();
    assert_eq!(parts.status == 201, !broker.is_at_rest(now));
    let body = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    let detail = String::from_utf8_lossy(&body);
    let word =
        detail.split_once("<Detail>").and_then(|(_, detail)| detail.split_once(':')).map(|(word, _)| word.into());
    (parts.status.as_u16(), word.unwrap_or_default())
}

#[test]
fn a_signature_for_the_url_or_what_leads_to_it_is_enough() {
    for signed in [FOR_MESSAGES, FOR_THE_NAMESPACE, FOR_THE_QUEUE] {
        assert_eq!(send(&token(signed), at(599), |_| {}), (201, String::new()), "{}", signed.0);
    }
}

#[test]
fn a_signature_that_is_not_right_is_refused() {
    let refused = |word: &str| (401, word.to_owned());
    for signed in [FOR_ANOTHER_QUEUE, FOR_ANOTHER_NAMESPACE, FOR_A_DOOR] {
        assert_eq!(send(&token(signed), at(0), |_| {}), refused("InvalidAudience"), "{}", signed.0);
    }
    assert_eq!(send(&token(FOR_MESSAGES), at(600), |_| {}), refused("ExpiredToken"));
    let good = token(FOR_MESSAGES);
    let wrong = [
        token(BY_ANOTHER_KEY),
        token((FOR_THE_QUEUE.0, FOR_MESSAGES.1)),
        good.replace("work-sender", "nobody"),
        good.replace("1790000600", "1790009999"),
        good.replace("1790000600", "+1790000600"),
    ];
    for token in wrong {
        assert_eq!(send(&token, at(0), |_| {}), refused("InvalidSignature"), "{token}");
    }
    for part in ["sr=", "&sig=", "&se=", "&skn="] {
        assert_eq!(send(&good.replace(part, "&x="), at(0), |_| {}), refused("MalformedToken"), "{part}");
    }
    for broken in ["SharedAccessSignature ", "SharedAccessSignature sr=&sig=%&se=x&skn="] {
        assert_eq!(send(broken, at(0), |_| {}), refused("MalformedToken"), "{broken}");
    }
}

#[test]
fn behind_a_door_the_callers_name_and_clock_count() {
    let at_a_door = |extensions: &mut http::Extensions| {
        extensions.insert(Origin("https://127.0.0.1:5300".into()));
        extensions.insert(CallersTime(at(0)));
    };
    let day = at(86_400);
    assert_eq!(send(&token(FOR_MESSAGES), day, at_a_door), (201, String::new()));
    assert_eq!(send(&token(FOR_A_DOOR), day, at_a_door), (401, "InvalidAudience".into()));
    let by_name = |extensions: &mut http::Extensions| {
        extensions.insert(Origin("https://localhost:5300".into()));
    };
    assert_eq!(send(&token(FOR_A_DOOR), at(0), by_name), (201, String::new()));
}
