//! What a real server refuses of a manifest is refused at the desk, in the server's words, and nothing else is.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use bluegreen_core::workload::desk::{Desk, File, Finding, Weight, judge};
use bluegreen_core::workload::manifests::Placeholders;

/// A Deployment whose pods have these members, and whose one container has those.
fn with(pod: &str, container: &str) -> String {
    let comma = |members: &str| if members.is_empty() { String::new() } else { format!(", {members}") };
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{selector: {{matchLabels: {{a: b}}}}, \
         template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: web, image: 'web:1'{}}}]{}}}}}}}}}\n",
        comma(container),
        comma(pod),
    )
}

fn findings(text: &str) -> Vec<Finding> {
    let placeholders = Placeholders::of_the_desk(4, ["agic", "shop"]);
    let desk = Desk {
        versions: &["1.34.6".parse().unwrap()],
        secrets: true,
        placeholders: &placeholders,
        singletons: &[],
        published: false,
    };
    judge(&[File { name: "a.yaml", text: Ok(text), placeholders: true }], desk).1
}

fn refused(text: &str) -> Vec<String> {
    let refuses = |finding: &Finding| finding.weight == Weight::Refuses;
    findings(text).iter().filter(|finding| refuses(finding)).map(ToString::to_string).collect()
}

/// Tables have a comment before each document: what is said of it.
fn told_as_the_table_says(table: &str, made: impl Fn(&str) -> String) {
    let mut wrong = vec![];
    for case in table.split("\n\n") {
        let (words, text) = case.trim_start_matches("# ").split_once('\n').unwrap();
        let said = refused(&made(text));
        if said.len() != 1 || !said[0].contains(words) {
            wrong.push(format!("{words}\n  {text}\n  said: {said:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_wrong_with_a_container_is_said() {
    told_as_the_table_says(include_str!("refused/containers.yaml"), |members| with("", members));
}

#[test]
fn what_is_wrong_with_a_pod_is_said() {
    told_as_the_table_says(include_str!("refused/pods.yaml"), |members| with(members, ""));
}

#[test]
fn what_is_wrong_with_what_keeps_pods_is_said() {
    told_as_the_table_says(include_str!("refused/workloads.yaml"), str::to_owned);
}

#[test]
fn what_is_wrong_with_ways_and_places_is_said() {
    told_as_the_table_says(include_str!("refused/services.yaml"), str::to_owned);
}

#[test]
fn what_is_wrong_with_rights_settings_and_definitions_is_said() {
    told_as_the_table_says(include_str!("refused/policies.yaml"), str::to_owned);
}

#[test]
fn what_no_placeholder_can_be_is_said() {
    told_as_the_table_says(include_str!("refused/placeholders.yaml"), str::to_owned);
}

#[test]
fn what_a_server_takes_is_refused_nowhere() {
    for text in [
        include_str!("refused/none.yaml"),
        include_str!("refused/taken.yaml"),
        include_str!("refused/filled.yaml"),
        include_str!("../../examples/shop/manifests/controllers.yaml"),
        include_str!("../../examples/shop/manifests/workloads.yaml"),
    ] {
        assert_eq!(refused(text), Vec::<String>::new());
    }
}

#[test]
fn what_others_publish_is_refused_nowhere() {
    for text in [
        include_str!("../fixtures/charts/aad-pod-identity.yaml"),
        include_str!("../fixtures/charts/ingress-azure-service-principal.yaml"),
        include_str!("../fixtures/charts/ingress-azure-workload-identity.yaml"),
    ] {
        let said = refused(text);
        // Whether an AGIC may start is another question.
        assert!(said.iter().all(|what| what.contains("an AGIC replaces the whole gateway")), "{said:#?}");
    }
}
