//! Whole upgrades, played once each, with everything that could be seen of them.
use crate::ordered::order_of;
use bluegreen::functions::orders::give;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::process::telemetry;
use bluegreen::process::telemetry::signals::Signals;
use bluegreen::run::verbs::Verb;
use bluegreen::run::{Ending, Run};
use bluegreen::site::{OldCluster, Site};
use bluegreen::step::Step;
use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::Value;
use simulated_azure::SimulatedAzure;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

/// The key that callers of the function app give.
pub const FUNCTION_KEY: &str = "a-function-key-that-nobody-may-see";

/// One call with all that was in it.
#[derive(Clone)]
pub struct Seen {
    pub at: Timestamp,
    pub process: String,
    pub method: Method,
    pub host: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub action: Option<String>,
    /// What the shop's gateway was just after this call, if this is one of it.
    pub gateway: Option<Value>,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether one of the function app's processes made it.
    pub fn is_ours(&self) -> bool {
        self.process.contains('#')
    }

    /// The function whose process made it.
    pub fn function(&self) -> &str {
        self.process.split('#').next().unwrap()
    }

    /// Whether it changes something of Resource Manager whose path contains this.
    pub fn writes(&self, what: &str) -> bool {
        let writes = matches!(self.method, Method::PUT | Method::PATCH | Method::DELETE);
        writes && self.host.starts_with("management.") && self.path.to_lowercase().contains(what)
    }
}

/// What was left of an upgrade.
pub struct Played {
    pub run: Run,
    pub seen: Vec<Seen>,
    /// Every blob at the end, by container and name.
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub log: String,
    pub spans: Vec<SpanData>,
    pub points: Vec<Point>,
    pub pools: [String; 2],
}

/// A metric for one set of attributes.
#[derive(Clone, Debug)]
pub struct Point {
    pub name: String,
    pub unit: String,
    pub attributes: BTreeMap<String, String>,
    pub count: u64,
    pub value: f64,
}

/// An upgrade without a hitch; the old cluster is stopped.
pub static UPGRADE: LazyLock<Played> = LazyLock::new(|| played(Some(Ending::Upgraded), None, |_| {}, None));
/// The same, and then back to the stopped cluster.
pub static RETURN: LazyLock<Played> =
    LazyLock::new(|| played(Some(Ending::Upgraded), None, |_| {}, Some(Kind::Return)));
/// The new cluster falls ill while it carries traffic.
pub static ROLLBACK: LazyLock<Played> =
    LazyLock::new(|| played(Some(Ending::RolledBack), Some("ConfirmTraffic:always"), |_| {}, None));
/// An upgrade after which the old cluster is scaled down.
pub static SCALED_DOWN: LazyLock<Played> =
    LazyLock::new(|| played(Some(Ending::Upgraded), None, |site| site.old_cluster = OldCluster::ScaleDown, None));

/// An upgrade that a person holds for a while, before the first users are led to the new cluster.
pub static HELD: LazyLock<Played> = LazyLock::new(|| played_while(Some(Ending::Upgraded), None, |_| {}, None, held));

/// All of them.
pub fn all() -> [&'static Played; 5] {
    [&UPGRADE, &RETURN, &ROLLBACK, &SCALED_DOWN, &HELD]
}

/// Keeps what is written or exported.
#[derive(Clone, Debug)]
struct Kept<T>(Arc<Mutex<Vec<T>>>);

impl<T> Kept<T> {
    fn nothing() -> Self {
        Self(Arc::default())
    }

    fn so_far(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap()
    }
}

impl io::Write for Kept<u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.so_far().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpanExporter for Kept<SpanData> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.so_far().extend(batch);
        Ok(())
    }
}

impl PushMetricExporter for Kept<Point> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let all = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
        self.so_far().extend(all.flat_map(points));
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn points(metric: &Metric) -> Vec<Point> {
    let of = |attributes: &mut dyn Iterator<Item = &opentelemetry::KeyValue>, count, value| Point {
        name: metric.name().into(),
        unit: metric.unit().into(),
        attributes: attributes.map(|it| (it.key.to_string(), it.value.to_string())).collect(),
        count,
        value,
    };
    match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(data)) => {
            data.data_points().map(|it| of(&mut it.attributes(), it.count(), it.sum())).collect()
        }
        AggregatedMetrics::F64(MetricData::Gauge(data)) => {
            data.data_points().map(|it| of(&mut it.attributes(), 1, it.value())).collect()
        }
        AggregatedMetrics::U64(MetricData::Sum(data)) => {
            data.data_points().map(|it| of(&mut it.attributes(), it.value(), 0.0)).collect()
        }
        other => panic!("{}: {other:?}", metric.name()),
    }
}

/// Runs a story on a paused clock of its own.
pub fn story<Told>(told: impl Future<Output = Told>) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(told)
}

/// Shows every call to a list.
pub fn watch(azure: &SimulatedAzure, gateway: &str) -> Arc<Mutex<Vec<Seen>>> {
    let (seen, gateway) = (Arc::<Mutex<Vec<Seen>>>::default(), gateway.to_lowercase());
    let list = seen.clone();
    azure.world().witness = Some(Box::new(move |world, call, ask| {
        let path = call.path.to_lowercase();
        let is_gateway = path.split('?').next() == Some(&gateway);
        list.lock().unwrap().push(Seen {
            at: call.at,
            process: call.process.clone(),
            method: call.method.clone(),
            host: call.host.clone(),
            // The store's client encodes the slashes in a blob's name.
            path: call.path.replace("%2F", "/"),
            headers: ask.headers().clone(),
            body: ask.body().clone(),
            action: call.action.clone(),
            gateway: is_gateway.then(|| world.resource_manager.resource(&gateway).cloned()).flatten(),
        });
    }));
    seen
}

fn played(ends: Option<Ending>, failure: Option<&str>, change: fn(&mut Site), then: Option<Kind>) -> Played {
    played_while(ends, failure, change, then, async |_| {})
}

/// A person pauses it, and lets it go on a quarter of an hour later.
async fn held(shop: &Shop) {
    let order = |run: &Run, verb| order_of(run, verb, "alice");
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if let Some(run) = shop.run().filter(|run| run.step == Step::ShiftTraffic) {
            give(&shop.operator, "shop", &order(&run, Verb::Pause)).await.unwrap();
            tokio::time::sleep(Duration::from_secs(900)).await;
            give(&shop.operator, "shop", &order(&shop.run().unwrap(), Verb::Resume)).await.unwrap();
            return;
        }
    }
}

/// The same, while something else happens.
fn played_while(
    ends: Option<Ending>,
    failure: Option<&str>,
    change: fn(&mut Site),
    then: Option<Kind>,
    happens: impl AsyncFnOnce(&Shop),
) -> Played {
    let (lines, spans, points) = (Kept::<u8>::nothing(), Kept::<SpanData>::nothing(), Kept::<Point>::nothing());
    let provider = telemetry::spans().with_simple_exporter(spans.clone()).build();
    let reader = PeriodicReader::builder(points.clone()).with_interval(Duration::from_secs(3600)).build();
    let metrics = SdkMeterProvider::builder().with_reader(reader).build();
    let writer = lines.clone();
    // More than production logs: an operator may ask for it.
    let subscriber = telemetry::subscriber("debug", move || writer.clone(), &provider).unwrap();
    // While there is only one subscriber, a place that is first reached on another thread is switched off for ever.
    let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _subscribed = tracing::subscriber::set_default(subscriber);
    story(async {
        let signals = Signals::to(&provider, &metrics);
        let mut options = Options { probe: false, signals, ..Options::default() };
        options.host.function_key = Some(FUNCTION_KEY.into());
        let shop = Shop::open(&options, change).unwrap();
        let seen = watch(&shop.azure, &shop.article.gateway);
        call(&shop, "/upgrades/shop").await;
        let plot = Plot { failure: failure.map(|failure| failure.parse().unwrap()), ..Plot::default() };
        let (played, ()) = tokio::join!(play(&shop, plot), happens(&shop));
        let mut run = played.unwrap().run;
        // The story is told as soon as it waits for a person.
        if run.ending.is_none() {
            run = shop.settled(&run.request, Duration::from_secs(36 * 3600)).await.expect("it settles");
        }
        if let Some(kind) = then {
            let request = Request { site: "shop".into(), kind, ..Request::default() };
            shop.request(&request, "then").unwrap();
            run = shop.settled("then", Duration::from_secs(36 * 3600)).await.expect("it settles");
        }
        assert_eq!(run.ending, ends, "{:?}", run.journal);
        call(&shop, "/upgrades").await;
        let mut blobs = BTreeMap::new();
        for container in ["runs", "sites"] {
            let names = shop.azure.world().blobs.names("shopupgrader", container, "");
            for name in names {
                let content = shop.azure.world().blobs.get("shopupgrader", container, &name).unwrap().to_vec();
                blobs.insert(format!("{container}/{name}"), content);
            }
        }
        shop.azure.world().witness = None;
        metrics.force_flush().unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        Played {
            run,
            seen,
            blobs,
            log: String::from_utf8(lines.so_far().clone()).unwrap(),
            spans: spans.so_far().clone(),
            points: points.so_far().clone(),
            pools: [shop.article.live_pool.clone(), shop.article.candidate_pool.clone()],
        }
    })
}

/// A caller looks at the upgrades with a key in the query.
async fn call(shop: &Shop, path: &str) {
    shop.host.ready().await;
    let request = http::Request::get(format!("{path}?code={FUNCTION_KEY}")).body(axum::body::Body::empty());
    let answer = shop.host.http(request.unwrap()).await;
    assert!(matches!(answer.status().as_u16(), 200 | 404), "{answer:?}");
}
