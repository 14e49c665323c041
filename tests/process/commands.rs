//! The commands of a person: `site`, `simulate`, and what is no command.
use crate::child::{output, text};
use serde_json::{Value, json};
use std::path::PathBuf;

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/shop/site.json")
}

/// Checks a site file with this content: exit status and everything that was said.
fn check(name: &str, content: &str) -> (Option<i32>, String) {
    let file = std::env::temp_dir().join(format!("bluegreen-{name}-{}.json", std::process::id()));
    std::fs::write(&file, content).unwrap();
    let ended = output(&["site", "check", file.to_str().unwrap()], &[]);
    std::fs::remove_file(&file).unwrap();
    (ended.status.code(), text(&ended.stdout) + &text(&ended.stderr))
}

#[test]
fn a_simulated_upgrade_is_in_the_cloud_that_is_named() {
    let china = output(&["simulate"], &[("AZURE_CLOUD", "AzureChinaCloud")]);
    assert_eq!(china.status.code(), Some(0), "{china:?}");
    assert!(text(&china.stdout).contains(", in AzureChinaCloud\n"), "{china:?}");
    for command in ["simulate", "local"] {
        let nowhere = output(&[command], &[("AZURE_CLOUD", "Mars")]);
        assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
        let said = text(&nowhere.stderr);
        assert!(said.contains("\"Mars\": expected AzurePublicCloud, AzureChinaCloud or AzureUSGovernment"), "{said}");
    }
}

#[test]
fn a_good_site_file_is_well_formed() {
    let ended = output(&["site", "check", example().to_str().unwrap()], &[]);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(text(&ended.stdout).contains("the site shop is well formed"), "{ended:?}");
}

#[test]
fn every_mistake_of_a_site_file_is_named_at_once_with_its_place() {
    let mut site: Value = serde_json::from_str(&std::fs::read_to_string(example()).unwrap()).unwrap();
    site["name"] = json!("SHOP!");
    site["soakMinutes"] = json!("an hour");
    site["slots"]["green"]["addresses"] = json!(["10.1.31.300"]);
    site["surprise"] = json!(true);
    let (status, said) = check("mistakes", &site.to_string());
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("4 to mend"), "{said}");
    for place in ["/name: ", "/soakMinutes: ", "/slots/green/addresses/0: ", "surprise"] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[test]
fn what_is_no_site_file_at_all_is_refused() {
    let deep = "[".repeat(100_000);
    for (name, content) in
        [("empty", ""), ("text", "hello"), ("array", "[]"), ("number", "7"), ("object", "{}"), ("deep", &deep)]
    {
        let (status, said) = check(name, content);
        assert_eq!(status, Some(3), "{name}: {said}");
        assert!(said.contains("to mend") && !said.contains("panicked"), "{name}: {said}");
    }
    let ended = output(&["site", "check", "/nowhere/site.json"], &[]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("failed to read /nowhere/site.json"), "{ended:?}");
}

#[test]
fn the_schema_is_that_of_the_documents() {
    let ended = output(&["site", "schema"], &[]);
    assert_eq!(ended.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let kept: Value = serde_json::from_str(include_str!("../../docs/site.schema.json")).unwrap();
    assert_eq!(printed, kept);
}

#[test]
fn what_is_no_command_exits_2_and_says_what_there_is() {
    for arguments in [&["dance"][..], &[], &["site"], &["order", "shop", "dance"], &["simulate", "--fail", "Dance"]] {
        let ended = output(arguments, &[]);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
    let steps = text(&output(&["simulate", "--fail", "Dance"], &[]).stderr);
    assert!(steps.contains("CheckPlan") && steps.contains("DeleteNewCluster"), "{steps}");
    assert_eq!(output(&["--help"], &[]).status.code(), Some(0));
}

#[test]
fn the_help_has_the_exit_statuses_and_shells_can_complete() {
    let help = text(&output(&["--help"], &[]).stdout);
    for part in ["Exit status:", "  4  the run is held, or paused", "roll-back", "For machines: serve", "az login"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let people = help.find("  status ").unwrap();
    assert!(people < help.find("  serve ").unwrap(), "people's commands come first: {help}");
    for shell in ["bash", "zsh", "fish"] {
        let made = output(&["completions", shell], &[]);
        assert!(made.status.success() && text(&made.stdout).contains("roll-back"), "{shell}: {made:?}");
    }
    let man = output(&["man"], &[]);
    assert!(man.status.success() && text(&man.stdout).contains(".TH bluegreen"), "{man:?}");
}

#[test]
fn a_name_cannot_be_given_and_the_reason_is_said() {
    for words in [
        &["roll-back", "shop", "--by", "eve"][..],
        &["order", "shop", "roll_back", "--by", "eve"],
        &["start", "shop", "latest-patch", "--by", "eve"],
    ] {
        let ended = output(words, &[]);
        assert_eq!(ended.status.code(), Some(2), "{words:?}: {ended:?}");
        let said = text(&ended.stderr);
        assert!(said.contains("the account whose token") && said.contains("az account show"), "{words:?}: {said}");
    }
}

#[test]
fn a_plan_in_place_of_the_function_app_is_refused_with_what_was_expected() {
    let ended =
        output(&["doctor", "--app", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/p"], &[]);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        text(&ended.stderr).contains("expected the resource id of a function app, like /subscriptions/"),
        "{ended:?}"
    );
}

#[test]
fn a_command_for_azure_without_settings_exits_1() {
    let ended = output(&["status"], &[]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(text(&ended.stderr).contains("AzureWebJobsStorage__blobServiceUri is missing"), "{ended:?}");
}

#[test]
fn without_the_azure_cli_a_command_says_in_one_line_what_to_do() {
    let gateway = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw";
    let ended = output(&["site", "init", gateway, "--output", "-"], &[("PATH", "/nowhere")]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = text(&ended.stderr);
    assert!(said.contains("the Azure CLI gives no token (") && said.contains("sign in with `az login`"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn break_glass_says_with_which_flag_it_goes_on() {
    for usage in [&["break-glass"][..], &["break-glass", "shop"], &["break-glass", "--to", "blue"]] {
        let ended = output(usage, &[]);
        assert_eq!(ended.status.code(), Some(2), "{usage:?}: {ended:?}");
    }
    let file = std::env::temp_dir().join(format!("bluegreen-glass-{}.json", std::process::id()));
    let named = file.to_str().unwrap();
    let said = |site: &str| {
        let ended = output(&["break-glass", site, "--to", "blue"], &[]);
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        text(&ended.stderr)
    };
    let nowhere = said(named);
    assert!(nowhere.contains("failed to read") && nowhere.contains("--gateway ID"), "{nowhere}");
    for (content, says) in [("{\"gateway\": ", "is no JSON"), ("{}", "--live-pool (/pools/live in a site)")] {
        std::fs::write(&file, content).unwrap();
        let said = said(named);
        assert!(said.contains(says) && said.contains("--gateway"), "{content}: {said}");
    }
    std::fs::remove_file(&file).unwrap();
    let unknown = said("shop");
    assert!(unknown.contains("the store of published sites is unknown") && unknown.contains("--address"), "{unknown}");
}

/// What a simulation ends with: its exit status and the object in its last line.
fn simulated(arguments: &[&str]) -> (Option<i32>, Value) {
    let ended = output(&[&["simulate", "--json"], arguments].concat(), &[]);
    let said = text(&ended.stdout);
    let last = said.lines().last().unwrap_or_else(|| panic!("{ended:?}"));
    (ended.status.code(), serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}")))
}

#[test]
fn a_simulation_ends_with_one_object() {
    let (status, told) = simulated(&[]);
    assert_eq!(status, Some(0), "{told}");
    let members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        ["ending", "serving", "requests", "faults", "virtual_seconds", "wall_ms", "hops", "azure_calls"]
    );
    assert_eq!((&told["ending"], &told["serving"]), (&json!("upgraded"), &json!("green")));
    assert_eq!(told["requests"]["failed"], 0);
    assert!(told["requests"]["sent"].as_u64().unwrap() > 1000, "{told}");
    for number in ["virtual_seconds", "hops", "azure_calls"] {
        assert!(told[number].as_u64().is_some_and(|number| number > 10), "{number}: {told}");
    }
    assert!(told["wall_ms"].is_f64(), "{told}");
}

#[test]
fn a_simulated_failure_that_ends_as_it_should_exits_0() {
    for (failure, ending, serving) in [
        ("CheckPlan:always", "rejected", "blue"),
        ("ConfirmTraffic:always", "rolled_back", "blue"),
        ("RetireOldCluster:always", "held", "green"),
    ] {
        let (status, told) = simulated(&["--fail", failure]);
        assert_eq!(
            (status, &told["ending"], &told["serving"]),
            (Some(0), &json!(ending), &json!(serving)),
            "{failure}"
        );
    }
}

#[test]
fn a_system_without_authorities_is_told_what_to_install() {
    let nowhere = [("SSL_CERT_FILE", "/nowhere/authorities.pem"), ("SSL_CERT_DIR", "/nowhere")];
    let settings = [
        ("AzureWebJobsStorage__blobServiceUri", "https://shop.blob.core.windows.net/"),
        ("ServiceBusConnection__fullyQualifiedNamespace", "shop.servicebus.windows.net"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "1"),
    ];
    for arguments in [&["serve"][..], &["status", "shop"], &["site", "init", "/subscriptions/s/x"]] {
        let ended = output(arguments, &[&nowhere[..], &settings].concat());
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("ca-certificates") && said.contains("SSL_CERT_FILE"), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}
