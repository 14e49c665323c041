//! `bluegreen serve` beside an ingestion of Application Insights, or a collector of OTLP, that takes what it is sent, refuses it,
//! or never answers: the host sees no difference.
use crate::child::{Serving, answer, send, within};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const SHORTLY: Duration = Duration::from_secs(1);
const CONNECTION: &str = "APPLICATIONINSIGHTS_CONNECTION_STRING";
const OTLP: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// What was sent to an ingestion that answers so; without an answer it hangs.
struct Ingestion {
    taken: Arc<Mutex<String>>,
    address: String,
}

impl Ingestion {
    fn answering(status: Option<&'static str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let taken = Arc::<Mutex<String>>::default();
        let all = taken.clone();
        std::thread::spawn(move || {
            let mut open = vec![];
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
                let mut bytes = vec![];
                let _ = stream.read_to_end(&mut bytes);
                all.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes));
                if let Some(status) = status {
                    let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                } else {
                    open.push(stream);
                }
            }
        });
        Self { taken, address }
    }

    /// It, as the setting that leads there.
    fn setting(&self) -> (&'static str, String) {
        (CONNECTION, format!("InstrumentationKey=0a1b;IngestionEndpoint={}", self.address))
    }

    fn taken(&self) -> String {
        self.taken.lock().unwrap().clone()
    }
}

/// Invokes a function, says how long that took, and ends the process.
async fn invoked((name, setting): (&'static str, String)) -> Duration {
    let mut serving = Serving::start(&[(name, setting.as_str())]).await;
    let began = Instant::now();
    let (status, ..) = answer(&mut send(serving.port, "POST", "/CheckPlan", "nonsense"), SHORTLY).expect("an answer");
    let took = began.elapsed();
    assert_eq!(status, 400);
    serving.terminate();
    assert_eq!(serving.ends(6).await.code(), Some(200));
    took
}

#[tokio::test]
async fn what_was_collected_is_sent_before_the_process_ends() {
    let ingestion = Ingestion::answering(Some("200 OK"));
    invoked(ingestion.setting()).await;
    within(2, || ingestion.taken().contains("RemoteDependencyData")).await;
    let taken = ingestion.taken();
    assert!(
        taken.starts_with("POST /v2.1/track HTTP/1.1\r\n") && !taken.to_lowercase().contains("authorization"),
        "{taken}"
    );
    for expected in
        ["\"iKey\":\"0a1b\"", "\"name\":\"invocation\"", "\"function\":\"CheckPlan\"", "http.client.request.duration"]
    {
        assert!(taken.contains(expected), "{expected}: {taken}");
    }
}

#[tokio::test]
async fn an_ingestion_that_fails_or_hangs_changes_nothing() {
    for ingestion in [Ingestion::answering(Some("500 Internal Server Error")), Ingestion::answering(None)] {
        let took = invoked(ingestion.setting()).await;
        assert!(took < SHORTLY, "{took:?}");
        assert!(ingestion.taken().contains("POST /v2.1/track"));
    }
}

#[tokio::test]
async fn a_collector_gets_both_over_otlp_or_is_not_missed() {
    let collector = Ingestion::answering(Some("200 OK"));
    invoked((OTLP, collector.address.clone())).await;
    within(2, || ["POST /v1/traces", "POST /v1/metrics"].iter().all(|it| collector.taken().contains(it))).await;
    let silent = Ingestion::answering(None);
    assert!(invoked((OTLP, silent.address.clone())).await < SHORTLY);
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_costs_the_telemetry_alone() {
    for (name, setting) in [
        (CONNECTION, "nonsense"),
        (CONNECTION, "InstrumentationKey=0a1b;IngestionEndpoint=nowhere"),
        (CONNECTION, "IngestionEndpoint=http://127.0.0.1:1"),
        (OTLP, "no address at all"),
    ] {
        invoked((name, setting.to_owned())).await;
    }
}
