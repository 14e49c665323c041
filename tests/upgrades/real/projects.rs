//! Files of a public project, and what public charts came to, applied by the product to a real API server and to a simulated one.
//! `.ci/real-kubernetes` fetches them (`--projects`, `--charts`).
use super::{compared, host, kubeconfig, machines, process, said};
use crate::applying::public::{of, read_all};
use crate::{ask, story, until};
use bluegreen::local::shop::Shop;
use bluegreen::plan::Kind;
use bluegreen::resources::object::describe;
use bluegreen::step::Step;
use bluegreen::workload::manifests::read;
use jiff::SignedDuration;
use kube::config::Kubeconfig;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The folder with one project's files.
const PROJECT: &str = "BLUEGREEN_PROJECT";
/// It is looked at until two looks in a row say the same, so far apart: definitions are served soon after they are made, and no
/// Job has ended.
const LOOKS: usize = 60;
const BETWEEN: Duration = Duration::from_secs(3);
/// By then the new cluster's machines are ready.
const MACHINES_JOIN: Duration = Duration::from_secs(120);
/// A controller that has not seen an object yet will.
const NOT_YET: &str = "was not looked at by its controller yet";

/// What the looks came to, each object as it is then (`None`, it is not there), and the cluster's machines.
#[derive(Debug, Default)]
struct Came {
    said: String,
    objects: Vec<(String, Option<Value>)>,
    nodes: Vec<Value>,
}

#[test]
#[ignore = "needs a real API server and files of public projects: .ci/real-kubernetes --projects runs this"]
fn a_real_server_takes_a_public_project_as_ours_does() {
    compare(false);
}

#[test]
#[ignore = "needs a real API server and charts of public projects: .ci/real-kubernetes --charts runs this"]
fn a_real_server_takes_public_charts_until_they_are_ready() {
    assert_eq!(compare(true), "Done");
}

/// What it comes to, on both alike, where there are machines, or nothing becomes ready.
#[expect(clippy::disallowed_methods, reason = "where the files are is no setting of the product")]
fn compare(is_kept: bool) -> String {
    let folder = std::env::var_os(PROJECT).expect("BLUEGREEN_PROJECT names a folder of files");
    let texts = read_all(Path::new(&folder));
    let ours = story(async || came(&texts, is_kept, None).await);
    let real = story(async || came(&texts, is_kept, Some((kubeconfig(), &ours.nodes))).await);
    let mut found = vec![];
    if real.said != ours.said {
        found.push(format!("it says\n    real {}\n    ours {}", real.said, ours.said));
    }
    for ((name, real), (_, ours)) in real.objects.iter().zip(&ours.objects) {
        compared::differences(name, real, ours, &mut found);
    }
    let there = real.objects.iter().filter(|(_, object)| object.is_some()).count();
    println!("{} of {} objects are there; {}", there, real.objects.len(), real.said);
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
    real.said
}

/// A new cluster that gets these files first: an upgrade goes so far, and then its step is looked at by us.
async fn came(files: &BTreeMap<String, String>, is_kept: bool, real: Option<(Kubeconfig, &[Value])>) -> Came {
    let shop = of(files).await;
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    until(&shop, |run| run.step == Step::InstallControllers).await;
    shop.host.stop();
    tokio::time::sleep(MACHINES_JOIN).await;
    if !is_kept {
        without_kubelets(&shop);
    }
    let (kubeconfig, nodes) = real.unzip();
    let (app, client) = process(&shop, &shop.article.green, kubeconfig).await;
    let mut kubelets = None;
    if let Some(nodes) = nodes {
        machines::join(&client, nodes).await;
        kubelets = is_kept.then(|| tokio::spawn(machines::keep(client)));
    }
    let mut came = Came::default();
    for _ in 0..LOOKS {
        let said = said(&app, &shop.site.name).await;
        let is_over = if is_kept { said == "Done" } else { said == came.said && !said.contains(NOT_YET) };
        came.said = said;
        if is_over {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    let server = app.reader.kubernetes(&shop.article.green).await.unwrap();
    for text in files.values() {
        for object in read(text).unwrap().0 {
            came.objects.push((describe(&object.value), server.find(&object.value).await.unwrap()));
        }
    }
    came.nodes = server.all("v1", "Node").await.unwrap();
    if let Some(kubelets) = kubelets {
        kubelets.abort();
    }
    came
}

/// Nothing becomes ready in the new cluster.
fn without_kubelets(shop: &Shop) {
    let (host, now) = (host(shop, &shop.article.green), shop.azure.clock().now());
    shop.azure.world().kubernetes.break_workloads(&host, now, now + SignedDuration::from_hours(1));
}
