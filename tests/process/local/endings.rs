//! How whole upgrades end, and what they cost the users.
use super::Running;
use serde_json::Value;

/// Everything takes a third of a minute, and a busy machine still keeps up.
const SPEED: [&str; 3] = ["--json", "--speed", "300"];

/// Runs one to its end: its summary.
async fn ended(arguments: &[&str]) -> (Running, Value) {
    let mut running = Running::start(&[&SPEED[..], arguments].concat());
    let status = running.ends().await;
    let said = running.printed("stdout");
    let log = std::fs::read_to_string(running.data.join("functions.log")).unwrap();
    assert_eq!(status, Some(0), "{said}\n{}\n{log}", running.printed("stderr"));
    assert!(!log.contains("panicked"), "{log}");
    let summary: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert!(summary["requests"]["sent"].as_u64().unwrap() > 0, "{summary}");
    assert_eq!(summary["requests"]["failed"], 0, "{said}");
    (running, summary)
}

#[tokio::test]
async fn an_upgrade_for_real_costs_no_user_a_request() {
    let (running, summary) = ended(&[]).await;
    assert_eq!((summary["ending"].as_str(), summary["serving"].as_str()), (Some("upgraded"), Some("green")));
    let members: Vec<_> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        ["ending", "serving", "requests", "faults", "virtual_seconds", "wall_ms", "hops", "azure_calls"]
    );
    let said = running.printed("stdout");
    assert!(said.starts_with("Starting the simulated Azure"), "{said}");
    // No terminal, so plain lines: each hop of the journal once.
    assert!(
        said.contains("done -> CreateCluster") && said.contains("\nUPGRADED\n") && !said.contains('\x1b'),
        "{said}"
    );
    assert_eq!(said.matches("done -> RetireOldCluster").count(), 1, "{said}");
}

#[tokio::test]
async fn processes_that_are_killed_all_the_time_cost_no_user_a_request() {
    let (running, summary) = ended(&["--chaos", "--instances", "each"]).await;
    assert_eq!((summary["ending"].as_str(), summary["serving"].as_str()), (Some("upgraded"), Some("green")));
    let said = running.printed("stdout");
    let killed = said.lines().find_map(|line| line.strip_prefix("  processes killed ")).unwrap();
    assert!(killed.parse::<usize>().unwrap() > 0, "{said}");
}

#[tokio::test]
async fn a_new_cluster_that_fails_its_users_is_left_again() {
    let (_, summary) = ended(&["--fail", "ConfirmTraffic:always"]).await;
    assert_eq!((summary["ending"].as_str(), summary["serving"].as_str()), (Some("rolled_back"), Some("blue")));
}
