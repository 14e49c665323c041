//! Files of a public project, applied by the product to a real API server and to a simulated one: what it comes to is the same.
//! `.ci/real-kubernetes --projects` starts the real one, which has no nodes, and fetches the files.
use super::public::{of, read_all};
use super::{green, until};
use crate::{ask, story};
use bluegreen::azure::kubernetes::MANAGER;
use bluegreen::functions::app::App;
use bluegreen::local::shop::{Shop, app_beside, app_of};
use bluegreen::plan::Kind;
use bluegreen::process::wire::{KubernetesDoor, Wire};
use bluegreen::resources::object::describe;
use bluegreen::run::{Outcome, StepError};
use bluegreen::step::Step;
use bluegreen::steps::look;
use bluegreen::workload::manifests::read;
use jiff::SignedDuration;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use simulated_azure::Process;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The folder with one project's files, and how the real server is reached.
const PROJECT: &str = "BLUEGREEN_PROJECT";
const KUBECONFIG: &str = "BLUEGREEN_KUBECONFIG";
/// So many looks, so far apart: definitions are served soon after they are made, and no Job has ended.
const LOOKS: usize = 4;
const BETWEEN: Duration = Duration::from_secs(3);
/// What no two servers have in common: members by their names.
const OWN: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "status",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "healthCheckNodePort",
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
];
/// Differences that are meant: what the place of one has in it, and why.
const ACCEPTED: &[(&str, &str)] = &[
    (".metadata.annotations.deployment.kubernetes.io/revision", "written by a controller, sooner or later"),
    (".metadata.generation", "a controller's writes count"),
];

/// What the looks came to, and each object as it is then; `None`, it is not there.
#[derive(Debug, Default)]
struct Came {
    said: Vec<String>,
    objects: Vec<(String, Option<Value>)>,
}

#[test]
#[ignore = "needs a real API server and files of public projects: .ci/real-kubernetes --projects runs this"]
#[expect(clippy::disallowed_methods, reason = "where the real server and the files are is no setting of the product")]
fn a_real_server_takes_a_public_project_as_ours_does() {
    let folder = std::env::var_os(PROJECT).expect("BLUEGREEN_PROJECT names a folder of files");
    let kubeconfig = std::env::var_os(KUBECONFIG).expect("BLUEGREEN_KUBECONFIG names a file");
    let texts = read_all(Path::new(&folder));
    let kubeconfig = Kubeconfig::read_from(Path::new(&kubeconfig)).unwrap();
    let ours = story(async || came(&texts, None).await);
    let real = story(async || came(&texts, Some(kubeconfig)).await);
    let found = differences(&real, &ours);
    let there = real.objects.iter().filter(|(_, object)| object.is_some()).count();
    println!("{} of {} objects are there; {}", there, real.objects.len(), real.said.last().unwrap());
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
}

/// A new cluster that gets these files first: an upgrade goes so far, and then its step is looked at by us.
async fn came(files: &BTreeMap<String, String>, real: Option<Kubeconfig>) -> Came {
    let shop = of(files).await;
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    until(&shop, |run| run.step == Step::InstallControllers).await;
    shop.host.stop();
    let app = match real {
        None => {
            without_kubelets(&shop);
            app_of(&shop.azure, &Process::new("looks")).unwrap()
        }
        Some(kubeconfig) => {
            // Sockets know nothing of a paused clock.
            tokio::time::resume();
            let options = KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
            let sockets = Wire::sockets().unwrap().kubernetes;
            let clusters: KubernetesDoor = Arc::new(move |_| sockets(config.clone()));
            app_beside(&shop.azure, &Process::new("looks"), clusters).unwrap()
        }
    };
    let mut came = Came::default();
    for _ in 0..LOOKS {
        came.said.push(said(&app, &shop.site.name).await);
        tokio::time::sleep(BETWEEN).await;
    }
    let server = app.reader.kubernetes(&shop.article.green).await.unwrap();
    for text in files.values() {
        for object in read(text).unwrap().0 {
            came.objects.push((describe(&object.value), server.find(&object.value).await.unwrap()));
        }
    }
    came
}

/// Nothing becomes ready in the new cluster.
fn without_kubelets(shop: &Shop) {
    let (host, now) = (green(shop), shop.azure.clock().now());
    shop.azure.world().kubernetes.break_workloads(&host, now, now + SignedDuration::from_hours(1));
}

/// One look at the run's step, in words.
async fn said(app: &App, site: &str) -> String {
    let loaded = app.store.run(site).await.unwrap().expect("there is a run");
    match look(&loaded.value, &app.azure_for(&loaded)).await {
        Ok(Outcome::NotYet(waiting)) => waiting.why,
        Ok(outcome) => format!("{outcome:?}"),
        Err(StepError::Terminal(why)) => format!("never: {why}"),
        Err(StepError::Transient { cause, .. }) => format!("failed: {cause:#}"),
    }
}

fn differences(real: &Came, ours: &Came) -> Vec<String> {
    let mut found = vec![];
    // How much the first look applied says nothing: the upgrade's own may have come before it.
    for (at, (real, ours)) in real.said.iter().zip(&ours.said).enumerate().skip(1) {
        if real != ours {
            found.push(format!("look {at}:\n    real {real}\n    ours {ours}"));
        }
    }
    for ((name, real), (_, ours)) in real.objects.iter().zip(&ours.objects) {
        let shown = |object: &Option<Value>| {
            object.as_ref().map_or(Value::Null, |object| json!({"object": object, "ours": of_ours(object)}))
        };
        walk(&shown(real), &shown(ours), name, &mut found);
    }
    found
}

/// The fields that our applies own.
fn of_ours(object: &Value) -> Value {
    let mut entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries.find(|entry| entry["manager"] == MANAGER).map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

fn walk(real: &Value, ours: &Value, place: &str, found: &mut Vec<String>) {
    match (real, ours) {
        (Value::Object(one), Value::Object(other)) => {
            for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
                if !OWN.contains(&name.as_str()) {
                    let absent = &Value::Null;
                    let (one, other) = (one.get(name).unwrap_or(absent), other.get(name).unwrap_or(absent));
                    walk(one, other, &format!("{place}.{name}"), found);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                walk(one, other, &format!("{place}[{at}]"), found);
            }
        }
        _ if real == ours || ACCEPTED.iter().any(|(part, _)| place.contains(part)) => {}
        _ => {
            let cut = |value: &Value| value.to_string().chars().take(160).collect::<String>();
            found.push(format!("{place}: real {} ours {}", cut(real), cut(ours)));
        }
    }
}
