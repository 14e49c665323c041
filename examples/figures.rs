//! Figures of the product on the simulated Azure: `cargo run --release --example figures`. It prints, and asserts nothing.
use anyhow::Context;
use bluegreen::functions::handle::handle;
use bluegreen::functions::orders::give;
use bluegreen::functions::triggers::canary_check::canary_check;
use bluegreen::local::failures::break_green;
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::run::event::Event;
use bluegreen::run::verbs::{Order, Verb};
use bluegreen::step::Step;
use bluegreen::store::RUNS;
use http::Method;
use serde_json::Value;
use simulated_azure::functions_host::HostOptions;
use simulated_azure::record::Call;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

const REPETITIONS: usize = 20;
const RUNS_AT_ONCE: usize = 1000;
const CONFIRMING: usize = 50;
const DEATHS: u64 = 50;

fn main() -> anyhow::Result<()> {
    let mut text = String::new();
    upgrades(&mut text)?;
    handling(&mut text)?;
    canary(&mut text)?;
    deaths(&mut text)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "figures are about real time")]
fn real() -> std::time::Instant {
    std::time::Instant::now()
}

fn paused<Output>(story: impl Future<Output = anyhow::Result<Output>>) -> anyhow::Result<Output> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(story)
}

/// The value below which so many percent lie.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).map_or(0.0, millis)
}

fn millis(time: &Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Whole upgrades, with and without users.
fn upgrades(text: &mut String) -> anyhow::Result<()> {
    use std::fmt::Write;
    writeln!(
        text,
        "{:<24}{:>10}{:>10}{:>8}{:>8}{:>12}",
        "a whole upgrade", "median ms", "worst ms", "hops", "calls", "virtual s"
    )?;
    for (name, probe) in [("with users", true), ("without users", false)] {
        let (mut times, mut last) = (vec![], None);
        for _ in 0..REPETITIONS {
            let began = real();
            let told = paused(async {
                let shop = Shop::open(&Options { probe, ..Options::default() }, |_| {})?;
                play(&shop, Plot::default()).await
            })?;
            times.push(began.elapsed());
            last = Some(told);
        }
        let told = last.context("nothing was played")?;
        let (median, worst) = (percentile(&mut times, 50), percentile(&mut times, 100));
        let (hops, calls, lasted) = (told.run.hop, told.calls, told.lasted.as_secs());
        writeln!(text, "{name:<24}{median:>10.1}{worst:>10.1}{hops:>8}{calls:>8}{lasted:>12}")?;
    }
    Ok(())
}

/// A shop whose steps nobody serves but us.
fn without_steps() -> anyhow::Result<Shop> {
    let disabled = Step::ALL.iter().map(|step| step.name().to_owned()).collect();
    let host = HostOptions { disabled, run_timers: false, ..HostOptions::default() };
    let shop = Shop::open(&Options { probe: false, host, ..Options::default() }, |_| {})?;
    let request = Request {
        site: shop.site.name.clone(),
        version: Some("latest-stable".into()),
        kind: Kind::Upgrade,
        requested_by: Some("figures".into()),
        ..Request::default()
    };
    shop.request(&request, "figures")?;
    Ok(shop)
}

/// Serves the steps' events until the run has ended or `stop` says so, and measures each.
async fn serve(
    shop: &Shop,
    times: &mut BTreeMap<Step, Vec<Duration>>,
    stop: impl Fn(Step) -> bool,
) -> anyhow::Result<()> {
    loop {
        let now = shop.azure.clock().now();
        let received = Step::ALL.into_iter().find_map(|step| {
            let entity = format!("upgrade-steps/subscriptions/{step}");
            Some((shop.azure.world().service_bus.receive(&entity, now)?, entity))
        });
        if let Some((delivery, entity)) = received {
            let event: Event = serde_json::from_slice(&delivery.message.body)?;
            if stop(event.step) {
                return Ok(());
            }
            let began = real();
            handle(&shop.operator, &event).await;
            times.entry(event.step).or_default().push(began.elapsed());
            let now = shop.azure.clock().now();
            let _ = shop.azure.world().service_bus.complete(&entity, delivery.lock_token, now);
        } else if shop.run().is_some_and(|run| run.ending.is_some()) {
            return Ok(());
        } else {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// How long an event of each step is handled.
fn handling(text: &mut String) -> anyhow::Result<()> {
    use std::fmt::Write;
    let mut times = BTreeMap::new();
    for _ in 0..REPETITIONS {
        paused(async { serve(&without_steps()?, &mut times, |_| false).await })?;
        paused(async {
            let shop = without_steps()?;
            serve(&shop, &mut times, |step| step == Step::ConfirmTraffic).await?;
            let run = shop.run().context("there is a run")?.id.clone();
            let by = "figures".to_owned();
            give(
                &shop.operator,
                &shop.site.name,
                &Order {
                    run,
                    verb: Verb::RollBack,
                    step: None,
                    stage: None,
                    by,
                    reason: None,
                    force: false,
                    direction: None,
                    with_site: false,
                    verified: false,
                },
            )
            .await?;
            serve(&shop, &mut times, |_| false).await
        })?;
    }
    writeln!(text, "\n{:<24}{:>10}{:>10}{:>8}", "handle()", "p50 ms", "p99 ms", "events")?;
    for (step, mut times) in times {
        let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
        writeln!(text, "{:<24}{half:>10.3}{most:>10.3}{:>8}", step.name(), times.len())?;
    }
    Ok(())
}

/// One look at a thousand runs, fifty of which carry traffic.
fn canary(text: &mut String) -> anyhow::Result<()> {
    use std::fmt::Write;
    paused(async {
        let shop = without_steps()?;
        let mut snapshots: Vec<Value> = vec![];
        let mut ignored = BTreeMap::new();
        for step in [
            Step::CreateCluster,
            Step::InstallControllers,
            Step::SyncWorkloads,
            Step::ValidateHealth,
            Step::ConfirmTraffic,
        ] {
            serve(&shop, &mut ignored, |reached| reached == step).await?;
            snapshots.push(serde_json::from_slice(&shop.document().context("there is a run")?)?);
            // The event that was taken out comes again when its lock ends.
            tokio::time::sleep(Duration::from_secs(181)).await;
        }
        let confirming = snapshots.pop().context("the last one is at ConfirmTraffic")?;
        let now = shop.azure.clock().now();
        for at in 0..RUNS_AT_ONCE {
            let is_confirming = at % (RUNS_AT_ONCE / CONFIRMING) == 0;
            let mut document = if is_confirming { confirming.clone() } else { snapshots[at % snapshots.len()].clone() };
            document["plan"]["site"]["name"] = format!("site-{at:04}").into();
            document["due"] = (now + Duration::from_secs(3600)).to_string().into();
            let name = format!("active/site-{at:04}.json");
            shop.azure.world().blobs.put(ACCOUNT, RUNS, &name, document.to_string().as_bytes(), now);
        }
        let (calls, began, virtually) = (shop.azure.world().calls.len(), real(), shop.azure.clock().now());
        let said = canary_check(&shop.operator).await;
        let (took, calls) = (began.elapsed(), shop.azure.world().calls.len() - calls);
        let virtually = shop.azure.clock().now().duration_since(virtually).as_secs_f64();
        writeln!(text, "\none CanaryCheck of {RUNS_AT_ONCE} runs, {CONFIRMING} of them confirming traffic: {said:?}")?;
        writeln!(text, "  {:.0} ms real, {virtually:.0} s virtual, {calls} calls", millis(&took))?;
        Ok(())
    })
}

/// From the death of the new cluster to the write that brings the traffic back, in the world's time.
fn deaths(text: &mut String) -> anyhow::Result<()> {
    use std::fmt::Write;
    writeln!(text, "\n{:<32}{:>10}{:>10}{:>8}", "death to restoring write", "median s", "worst s", "deaths")?;
    for answer in [15, 45, 90] {
        let mut times = vec![];
        for at in 0..DEATHS {
            times.push(paused(death(Duration::from_secs(answer), Duration::from_secs(at * 7)))?);
        }
        let name = format!("health is answered in {answer} s");
        let (median, worst) = (percentile(&mut times, 50) / 1000.0, percentile(&mut times, 100) / 1000.0);
        writeln!(text, "{name:<32}{median:>10.0}{worst:>10.0}{:>8}", times.len())?;
    }
    Ok(())
}

async fn death(answer: Duration, later: Duration) -> anyhow::Result<Duration> {
    let options = Options { probe: false, latency: None, ..Options::default() };
    let shop = Shop::open(&options, |site| site.soak_minutes = 600)?;
    shop.azure.world().resource_manager.timings.backend_health = answer;
    let request = Request {
        site: shop.site.name.clone(),
        version: Some("latest-stable".into()),
        requested_by: Some("figures".into()),
        ..Request::default()
    };
    shop.request(&request, "figures")?;
    let at = |step: Step| shop.run().is_some_and(|run| run.step == step);
    while !at(Step::Soak) {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    tokio::time::sleep(Duration::from_secs(300) + later).await;
    break_green(&shop);
    let died = tokio::time::Instant::now();
    let writes = || shop.azure.world().calls.iter().filter(|call| is_write(&shop, call)).count();
    let before = writes();
    while writes() == before {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(died.elapsed())
}

fn is_write(shop: &Shop, call: &Call) -> bool {
    call.method == Method::PUT && call.path.to_lowercase().starts_with(&shop.article.gateway.to_lowercase())
}
