//! What Application Insights is sent, and that nobody's work depends on it: an ingestion that fails, or hangs, costs what
//! should have been told, and nothing else.
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode, Transport};
use bluegreen::process::cloud::Cloud;
use bluegreen::process::telemetry::insights::{Address, Insights};
use bluegreen::process::telemetry::signals::Chapter;
use bluegreen::process::telemetry::story::Story;
use bluegreen::process::telemetry::{Destinations, Telemetry};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

const CONNECTION: &str =
    "InstrumentationKey=0a1b;IngestionEndpoint=https://somewhere-5.in.applicationinsights.azure.com/";

/// What the ingestion is asked, and the statuses that it answers, 200 in the end; 0 is no answer, ever.
#[derive(Debug, Default)]
struct Ingestion {
    answers: Mutex<VecDeque<u16>>,
    asked: Mutex<Vec<(String, Option<String>, Value)>>,
}

impl Ingestion {
    fn answering(statuses: &[u16]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(statuses.iter().copied().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<(String, Option<String>, Value)> {
        self.asked.lock().unwrap().clone()
    }

    fn envelopes(&self) -> Vec<Value> {
        self.asked().into_iter().flat_map(|(_, _, body)| body.as_array().unwrap().clone()).collect()
    }
}

#[async_trait::async_trait]
impl HttpClient for Ingestion {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else { panic!("a stream") };
        let bearer = request.headers().get_optional_str(&azure_core::http::headers::AUTHORIZATION).map(str::to_owned);
        assert_eq!(request.method().as_str(), "POST");
        self.asked.lock().unwrap().push((request.url().to_string(), bearer, serde_json::from_slice(body).unwrap()));
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(200);
        if status == 0 {
            return std::future::pending().await;
        }
        let mut headers = Headers::new();
        headers.insert("location", "https://stamp2.in.applicationinsights.azure.com/v2.1/track");
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(status), headers, "{}"))
    }
}

#[derive(Debug)]
struct Identity;

#[async_trait::async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://monitor.azure.com//.default"]);
        Ok(AccessToken::new("a-token", azure_core::time::OffsetDateTime::now_utc() + Duration::from_secs(3600)))
    }
}

fn telling(ingestion: &Arc<Ingestion>) -> Telemetry {
    let cloud = Cloud::named("AzurePublicCloud").unwrap();
    let address = Address::read(CONNECTION, Some("ClientId=11;Authorization=AAD"), &cloud).unwrap();
    let (credential, http): (Arc<dyn TokenCredential>, Arc<dyn HttpClient>) = (Arc::new(Identity), ingestion.clone());
    let insights = Insights::new(address, &credential, &Transport::new(http), Handle::current());
    let (telemetry, wrong) = Telemetry::collecting(Destinations { otlp: None, insights: Some(insights) });
    assert!(wrong.is_empty(), "{wrong:?}");
    telemetry
}

fn chapter() -> Chapter {
    let (from, to) = ("2026-11-25T08:00:00Z".parse().unwrap(), "2026-11-25T08:00:01.5Z".parse().unwrap());
    let attributes = vec![KeyValue::new("bluegreen.step", "ShiftTraffic"), KeyValue::new("bluegreen.hop", 7)];
    Chapter { name: "write gateway".into(), kind: SpanKind::Client, from, to, attributes, failed: Some("Busy".into()) }
}

fn of_kind(envelopes: &[Value], kind: &str) -> Vec<Value> {
    let is = |it: &&Value| it["name"] == format!("Microsoft.ApplicationInsights.{kind}");
    envelopes.iter().filter(is).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_arrive_as_its_other_exporters_send_them() {
    let ingestion = Ingestion::answering(&[]);
    let telemetry = telling(&ingestion);
    let signals = telemetry.signals();
    signals.tell("shop-1", chapter());
    signals.tell_whole("shop-1", Chapter { name: "upgrade".into(), failed: None, ..chapter() });
    telemetry.end().await;
    for (url, bearer, _) in ingestion.asked() {
        assert_eq!(url, "https://somewhere-5.in.applicationinsights.azure.com/v2.1/track");
        assert_eq!(bearer.as_deref(), Some("Bearer a-token"));
    }
    let whole = Story::of("shop-1").whole();
    let spans = of_kind(&ingestion.envelopes(), "RemoteDependency");
    let [write, upgrade] = &spans[..] else { panic!("{spans:#?}") };
    for span in [write, upgrade] {
        assert_eq!((&span["iKey"], &span["time"]), (&"0a1b".into(), &"2026-11-25T08:00:00Z".into()));
        assert_eq!(span["data"]["baseType"], "RemoteDependencyData");
        assert_eq!(span["tags"]["ai.operation.id"], whole.trace_id().to_string());
        assert_eq!(span["tags"]["ai.cloud.role"], "aks-bluegreen");
    }
    assert_eq!(write["tags"]["ai.operation.parentId"], whole.span_id().to_string());
    let mut data = write["data"]["baseData"].clone();
    assert!(data["id"].take().as_str().is_some_and(|id| id.len() == 16));
    let properties = json!({"bluegreen.step": "ShiftTraffic", "bluegreen.hop": "7"});
    let expected = json!({
        "ver": 2, "id": null, "name": "write gateway", "duration": "0.00:00:01.500000", "resultCode": "Busy",
        "success": false, "type": "HTTP", "properties": properties,
    });
    assert_eq!(data, expected);
    assert_eq!(upgrade["tags"].get("ai.operation.parentId"), None);
    let data = &upgrade["data"]["baseData"];
    assert_eq!((&data["id"], &data["success"]), (&whole.span_id().to_string().into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_arrive_summed_up() {
    let ingestion = Ingestion::answering(&[]);
    let telemetry = telling(&ingestion);
    let meter = telemetry.signals().meter();
    let steps = meter.f64_histogram("bluegreen.step.duration").with_unit("s").build();
    for value in [10.0, 30.0] {
        steps.record(value, &[KeyValue::new("bluegreen.step", "Soak")]);
    }
    meter.u64_counter("bluegreen.hops").build().add(3, &[]);
    meter.f64_gauge("bluegreen.traffic.share").build().record(0.5, &[KeyValue::new("bluegreen.site", "shop")]);
    telemetry.end().await;
    let metrics = of_kind(&ingestion.envelopes(), "Metric");
    let of = |name: &str| {
        let data = metrics.iter().map(|it| &it["data"]["baseData"]);
        let found = data.clone().find(|it| it["metrics"][0]["name"] == name).unwrap();
        (found["metrics"][0].clone(), found["properties"].clone())
    };
    let steps = json!({
        "name": "bluegreen.step.duration", "kind": "Aggregation", "value": 40.0, "count": 2, "min": 10.0, "max": 30.0,
    });
    assert_eq!(of("bluegreen.step.duration"), (steps, json!({"bluegreen.step": "Soak"})));
    assert_eq!(of("bluegreen.hops").0["value"], 3.0);
    let share = json!({"name": "bluegreen.traffic.share", "kind": "Measurement", "value": 0.5});
    assert_eq!(of("bluegreen.traffic.share"), (share, json!({"bluegreen.site": "shop"})));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_taken_is_sent_again_and_what_is_refused_is_not() {
    for (answers, times) in [(&[500][..], 2), (&[429, 503], 3), (&[400], 1), (&[307], 2), (&[500, 500, 500], 3)] {
        let ingestion = Ingestion::answering(answers);
        let telemetry = telling(&ingestion);
        telemetry.signals().tell("shop-1", chapter());
        // It waits for others to be sent with, and once more before each try.
        let until = Instant::now() + Duration::from_secs(10);
        while ingestion.asked().len() < times && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        telemetry.end().await;
        let asked = ingestion.asked();
        assert_eq!(asked.len(), times, "{answers:?}");
        let (first, last) = (&asked[0], &asked[times - 1]);
        assert_eq!(first.2, last.2, "the same spans");
        assert_eq!(last.0.contains("//stamp2."), answers == [307], "{}", last.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_holds_up_nobody() {
    let ingestion = Ingestion::answering(&[0; 100]);
    let telemetry = telling(&ingestion);
    let (signals, began) = (telemetry.signals(), Instant::now());
    // Far more than its queue takes.
    (0..20_000).for_each(|_| signals.tell("shop-1", chapter()));
    let told = began.elapsed();
    assert!(told < Duration::from_secs(3), "{told:?}");
    let began = Instant::now();
    telemetry.end().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!ingestion.asked().is_empty());
}
