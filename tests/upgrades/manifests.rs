//! Manifests that a new cluster could never run: refused before there is one.
use crate::{ask, quick, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::site::{Manifest, Site};
use http::Method;
use std::time::Duration;

fn namespaced(api: &str, kind: &str, name: &str, more: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\n{more}\n")
}

/// What the run says of this manifest, and whether anything of a new cluster was asked for.
async fn said_of(content: &str) -> (Option<Ending>, String, bool) {
    let shop = Shop::open(&Options::default(), quick).unwrap();
    let file = Manifest::of_file("late.yaml");
    let site = Site { workloads: vec![file], controllers: vec![], ..shop.site.clone() };
    let text = content.to_owned();
    shop.operator.store.publish(site, |_| Ok(text.clone())).await.unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
    let journal = run.journal.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>().join("\n");
    let green = &shop.site.slots.green.cluster;
    let (green, world) = (green.to_lowercase(), shop.azure.world());
    let was_made =
        world.calls.iter().any(|call| call.method == Method::PUT && call.path.to_lowercase().contains(&green));
    (run.ending, journal, was_made)
}

#[test]
fn what_the_target_version_would_refuse_costs_no_cluster() {
    story(|| async {
        for (content, words) in [
            (
                namespaced("policy/v1beta1", "PodDisruptionBudget", "web", "spec: {minAvailable: 1}"),
                "late.yaml:1: PodDisruptionBudget default/web: policy/v1beta1 is gone since Kubernetes 1.25",
            ),
            (namespaced("v1", "ConfigMap", "web", "data: {port: 80}"), "data.port: expected a text"),
            ("{{ template }}".to_owned(), "Is it a template? Render it first"),
            (namespaced("v1", "ConfigMap", "web", "data: {a: \"${nosuch}\"}"), "${nosuch} is no placeholder"),
            // What only a plan knows: the cluster's name is none of these.
            (namespaced("v1", "Secret", "web", "data: {a: \"${cluster.name}\"}"), "data.a: expected a text in base64"),
            (
                namespaced("v1", "ConfigMap", "web", "data: {\"${cluster.location}\": a, westeurope: b}"),
                "westeurope: two members get this name",
            ),
            (
                namespaced("v1", "ConfigMap", "web", "").replace("{name", "{labels: {a: \"${oidc.issuer}\"}, name"),
                "becomes something like https://",
            ),
        ] {
            let (ending, journal, was_made) = said_of(&content).await;
            assert_eq!(ending, Some(Ending::Rejected), "{content}: {journal}");
            assert!(journal.contains(words), "{words}: {journal}");
            assert!(!was_made, "{content}: a cluster was made");
        }
    });
}
