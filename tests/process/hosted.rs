//! `bluegreen serve` as the child of the simulated Functions host, from the app's folder as it is deployed.
use crate::child::{PROGRAM, SETTINGS, within};
use bluegreen::local::app_folder::AppFolder;
use simulated_azure::functions_host::{FunctionsHost, Handler, HostOptions, Instances, Line};
use simulated_azure::service_bus::Message;
use simulated_azure::{Clock, SimulatedAzure};
use std::path::Path;
use std::sync::{Arc, Mutex};

struct Hosted {
    azure: SimulatedAzure,
    host: FunctionsHost,
    lines: Arc<Mutex<Vec<Line>>>,
    _folder: AppFolder,
}

fn hosted(more: &[(&str, &str)]) -> Hosted {
    let azure = SimulatedAzure::new(Clock::running_at("2026-11-25T08:00:00Z".parse().unwrap(), 10));
    azure.world().service_bus.add_queue("dead-letters", simulated_azure::service_bus::QueueOptions::default());
    let folder = AppFolder::write().unwrap();
    folder.link(Path::new(PROGRAM)).unwrap();
    let settings = SETTINGS.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = HostOptions {
        instances: Instances::One,
        run_timers: false,
        restart_stopped_host_after: None,
        settings: settings.collect(),
        ..HostOptions::default()
    };
    let lines = Arc::new(Mutex::new(vec![]));
    let sink = lines.clone();
    let handler = Handler::Executable(Arc::new(move |line| sink.lock().unwrap().push(line)));
    let host = FunctionsHost::start(azure.clone(), folder.path(), options, handler).unwrap();
    Hosted { azure, host, lines, _folder: folder }
}

#[tokio::test]
async fn the_host_starts_it_from_the_apps_folder_and_it_takes_a_message() {
    let hosted = hosted(&[("BLUEGREEN_CLOCK_SPEED", "10")]);
    hosted.host.ready().await;
    let now = hosted.azure.clock().now();
    hosted.azure.world().service_bus.send("dead-letters", Message::new("nonsense"), now).unwrap();
    hosted.azure.touch();
    within(20, || hosted.azure.world().service_bus.is_at_rest(hosted.azure.clock().now())).await;
    assert_eq!(hosted.host.counters().functions["DeadLetter"].failures, 0);
    let said = |part: &str| hosted.lines.lock().unwrap().iter().any(|line| line.text.contains(part));
    within(5, || said("\"serving\"")).await;
    let pid = hosted.host.children()[0].pid.unwrap();
    drop(hosted);
    within(10, || !Path::new(&format!("/proc/{pid}")).exists()).await;
}

#[tokio::test]
async fn a_wrong_setting_ends_the_host_after_three_starts_and_is_read_in_its_lines() {
    let hosted = hosted(&[("BLUEGREEN_CLOCK_SPEED", "fast")]);
    within(20, || hosted.host.counters().stopped_hosts == 1).await;
    within(5, || hosted.lines.lock().unwrap().len() == 3).await;
    let lines = hosted.lines.lock().unwrap();
    assert!(lines.iter().all(|line| line.text.contains("BLUEGREEN_CLOCK_SPEED is \"fast\": expected")), "{lines:?}");
}
