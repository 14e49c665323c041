//! How children end, what the host makes of it, and that nothing is left of them.
use crate::stage::{lives, on_queue, set, until};
use serde_json::json;
use simulated_azure::functions_host::Level;
use std::time::Duration;

#[tokio::test]
async fn a_child_that_exits_0_is_not_missed_and_the_queue_burns() {
    let stage = set("exit-0").ready().await;
    stage.send("a", "exit 0");
    until(|| stage.dead("a") == 1).await;
    stage.send("a", "answer");
    until(|| stage.dead("a") == 2).await;
    assert_eq!((stage.starts().len(), stage.asked().len()), (1, 1), "nobody is there, and nobody is started");
    assert_eq!(stage.host.counters().functions["Step"].failures, 20);
    assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (0, 0));
    assert_eq!(stage.http(http::Request::get("/admin/host/status"), "").await.0, 200, "it says that it runs");
}

#[tokio::test]
async fn exit_200_is_no_strike_however_often() {
    let stage = set("exit-200").ready().await;
    for number in 1..=5 {
        stage.send("a", "first exit 200");
        until(|| stage.is_at_rest()).await;
        assert_eq!(stage.host.counters().restarts, number);
    }
    assert_eq!((stage.host.counters().stopped_hosts, stage.dead("a")), (0, 0));
}

#[tokio::test]
async fn the_third_exit_1_stops_the_host_and_the_platform_starts_it_again() {
    let mut set = set("exit-1");
    set.options.restart_stopped_host_after = Some(Duration::from_secs(5));
    let stage = set.ready().await;
    stage.send("a", "exit 1");
    until(|| stage.host.counters().stopped_hosts == 1).await;
    assert_eq!((stage.starts().len(), stage.asked().len()), (3, 3));
    until(|| stage.starts().len() == 4).await;
    let port = |at: usize| stage.starts()[at]["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"].clone();
    assert_eq!((port(0), port(1)), (port(1), port(2)));
}

#[tokio::test]
async fn a_child_that_exits_at_its_start_stops_the_host_at_once() {
    for (name, code, starts) in [("at-start-1", "1", 3), ("at-start-101", "101", 3)] {
        let mut set = set(name);
        set.settings = vec![("EXIT_AT_START", code.into())];
        set.options.restart_stopped_host_after = None;
        let stage = set.stage();
        until(|| stage.host.counters().stopped_hosts == 1).await;
        assert_eq!(stage.starts().len(), starts, "{name}");
    }
}

#[tokio::test]
async fn an_executable_without_the_right_to_execute_is_said_and_counted() {
    let mut set = set("no-right");
    set.options.restart_stopped_host_after = None;
    set.host = json!({"customHandler": {"description": {"defaultExecutablePath": "host.json"}}});
    let stage = set.stage();
    until(|| stage.host.counters().stopped_hosts == 1).await;
    let lines = stage.lines();
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line.level() == Level::Error && line.text.contains("failed to start")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_a_child_started_ends_with_it_and_sigterm_is_not_needed() {
    for name in ["family-killed", "family-stopped", "family-dropped", "family-timed-out"] {
        let mut set = set(name);
        set.host = json!({"functionTimeout": "00:00:01", "customHandler": {"description": {"defaultExecutablePath": "sh",
            "arguments": ["-c", "\"trap '' TERM; sleep 3600 & ./handler & wait\""]}}});
        set.options.restart_stopped_host_after = None;
        let stage = set.ready().await;
        let (shell, handler) = (stage.pid("Step"), stage.starts()[0]["pid"].as_u64().unwrap());
        let handler = u32::try_from(handler).unwrap();
        assert!(shell != handler && lives(shell) && lives(handler));
        match name {
            "family-killed" => assert!(stage.host.kill_child("Step")),
            "family-stopped" => stage.host.stop(),
            "family-timed-out" => stage.send("a", "hang"),
            _ => drop(stage),
        }
        until(|| !lives(shell) && !lives(handler)).await;
    }
}

#[tokio::test]
async fn a_stopped_host_starts_nobody_and_leaves_its_messages_locked() {
    let mut set = set("stopped");
    set.functions = json!({"Step": on_queue("a"), "Other": on_queue("b")});
    set.instances = simulated_azure::functions_host::Instances::EachFunction;
    let stage = set.ready().await;
    stage.send("a", "hang");
    until(|| stage.asked().len() == 1).await;
    let pids: Vec<u32> = stage.host.children().iter().map(|child| child.pid.unwrap()).collect();
    stage.host.stop();
    assert!(stage.host.children().is_empty() && !stage.host.kill_child("Step"));
    until(|| pids.iter().all(|pid| !lives(*pid))).await;
    assert_eq!(stage.azure.world().service_bus.counts("a", stage.azure.clock().now()).locked, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.starts().len(), 2);
}
