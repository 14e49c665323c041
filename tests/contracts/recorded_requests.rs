//! What a real Functions host sent is understood, in every mode and encoding.
use crate::stage::{Stage, answer, event, recordings, takes_messages};
use base64::{Engine, prelude::BASE64_STANDARD};
use bluegreen::functions::envelope::{http_call, message};
use http::Method;
use serde_json::{Value, json};

fn envelope(recording: &Value) -> Value {
    serde_json::from_str(recording["requests"][0]["body"].as_str().unwrap()).unwrap()
}

/// The bytes that were really sent, read from the recording of the same message with `dataType: binary`.
fn sent(name: &str) -> Option<Vec<u8>> {
    let twin = name.replace("sb-default-", "sb-binary-").replace("sb-admin-text-", "sb-admin-binary-");
    let (_, recording) = recordings("sb-").into_iter().find(|(name, _)| *name == twin)?;
    Some(BASE64_STANDARD.decode(envelope(&recording)["Data"]["message"].as_str().unwrap()).unwrap())
}

#[test]
fn every_recorded_message_is_read_as_it_was_sent_or_refused() {
    let mut understood = vec![];
    for (name, recording) in recordings("sb-") {
        let bytes = envelope(&recording).to_string().into_bytes();
        let meant = sent(&name).and_then(|sent| serde_json::from_slice::<Value>(&sent).ok());
        match meant.filter(|meant| meant.is_object() || meant.is_array()) {
            Some(meant) => {
                let delivered = message(&bytes).unwrap_or_else(|why| panic!("{name}: {why:?}"));
                assert_eq!(delivered.body.to_string(), meant.to_string(), "{name}");
                understood.push(name);
            }
            None => assert!(message(&bytes).unwrap_err().why.contains("expected a JSON object"), "{name}"),
        }
    }
    assert_eq!(understood.len(), 10, "array, json, spoof and whitespace twice, by hand twice: {understood:?}");
}

#[test]
fn a_binary_message_cannot_forge_what_the_broker_says_of_it() {
    let (_, recording) = recordings("sb-binary-json-spoof").remove(0);
    let delivered = message(envelope(&recording).to_string().as_bytes()).unwrap();
    assert_eq!(delivered.message_id.as_deref(), Some("json-spoof-1"));
    assert_eq!(delivered.body["MessageId"], "spoofed", "and the body is left as it is");
}

#[tokio::test(start_paused = true)]
async fn an_event_in_any_recorded_envelope_moves_its_run_once() {
    let stage = Stage::set();
    stage.begin().await;
    for (name, recording) in recordings("sb-") {
        let run = stage.run();
        let mut envelope = envelope(&recording);
        let text = event(&run, &json!({})).to_string();
        let is_binary = recording["trigger"].to_string().contains("\"binary\"");
        envelope["Data"]["message"] =
            if is_binary { BASE64_STANDARD.encode(&text).into() } else { json!(text).to_string().into() };
        let path = format!("/{}", run.step);
        let (status, said) = stage.post(&path, envelope.to_string()).await;
        assert_eq!((status.as_u16(), stage.run().hop), (200, run.hop + 1), "{name}: {said}");
        let (status, said) = stage.post(&path, envelope.to_string()).await;
        assert_eq!((status.as_u16(), stage.run().hop), (200, run.hop + 1), "{name}, delivered twice: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_message_that_is_none_of_ours_is_refused() {
    let stage = Stage::set();
    for (name, recording) in recordings("sb-") {
        for function in takes_messages() {
            let (status, said) = stage.post(&format!("/{function}"), envelope(&recording).to_string()).await;
            let refused = said.to_string().contains("refused: ") || said.to_string().contains("upgrades requested");
            assert_eq!(status, if refused { 200 } else { 400 }, "{name} to {function}: {said}");
        }
        assert_eq!(stage.post("/DeadLetter", envelope(&recording).to_string()).await.0, 200, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_timer_is_answered() {
    let stage = Stage::set();
    for (name, recording) in recordings("timer-") {
        for function in ["/CanaryCheck", "/VersionCheck"] {
            let (status, said) = stage.post(function, envelope(&recording).to_string()).await;
            assert_eq!(status, 200, "{name}: {said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_recorded_http_request_is_read_as_it_was_asked() {
    let stage = Stage::set();
    for (name, recording) in recordings("http-") {
        let envelope = envelope(&recording);
        let request = &envelope["Data"]["req"];
        let call = http_call(envelope.to_string().as_bytes()).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        assert_eq!(call.method, request["Method"].as_str().unwrap(), "{name}");
        assert_eq!(call.body, request["Body"].as_str().unwrap_or_default(), "{name}");
        let path =
            request["Url"].as_str().unwrap().split_once("7071").or(request["Url"].as_str().unwrap().split_once("7180"));
        let (_, path) = path.unwrap_or_else(|| panic!("{name}: {request}"));
        assert_eq!(call.path, path.split('?').next().unwrap(), "{name}");
        assert!(!format!("{call:?}").contains("functionkey"), "{name}: a key is not even read");
        let (status, answer) = stage.post("/Upgrades", envelope.to_string()).await;
        assert!(status == 200 && answer["Outputs"]["res"]["statusCode"].is_u64(), "{name}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_passed_on_as_it_was_is_answered_itself() {
    let stage = Stage::set();
    for (name, recording) in recordings("forward-") {
        let recorded = &recording["requests"][0];
        let method: Method = recorded["method"].as_str().unwrap().parse().unwrap();
        let path = recorded["path"].as_str().unwrap().replace("/api/hello", "/upgrades");
        let path = path.replace("/api/clusters/prod-1/steps/7", "/upgrades/shop");
        let mut request = http::Request::builder().method(method).uri(&path);
        for header in recorded["headers"].as_array().unwrap() {
            request = request.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
        }
        let body = recorded["body"].as_str().unwrap().to_owned();
        let answered = stage.send(request.body(body.into()).unwrap()).await;
        assert!(matches!(answered.0.as_u16(), 200 | 400 | 404 | 415), "{name}: {answered:?}");
        assert!(answered.1.get("Outputs").is_none(), "{name}: the caller sees no envelope: {answered:?}");
    }
    let router = stage.router();
    assert_eq!(answer(router, Method::GET, "/api/upgrades", "".into()).await.0, 404, "the prefix is off in host.json");
}
