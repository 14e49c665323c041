//! What a CronJob makes when it is started again: on a real API server with its controllers, and on a simulated one.
use super::{JSON, MERGE, get, kubeconfig, process, send};
use crate::{quick, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::workload::singletons::knows_until;
use http::Method;
use jiff::Timestamp;
use kube::Client;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use std::time::Duration;

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/default/cronjobs";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
/// One that knows when it ran last, and one that does not.
const NAMES: [&str; 2] = ["told", "untold"];
/// A moment of the schedule has passed by then, and the next one is far enough away.
const PAST_THE_MINUTE: i64 = 2;
const SOON: Duration = Duration::from_secs(15);

#[test]
#[ignore = "needs a real API server: .ci/real-kubernetes --product runs this"]
fn a_real_controller_believes_when_a_cron_job_ran_last() {
    let ours = story(async || came(None).await);
    let real = story(async || came(Some(kubeconfig())).await);
    println!("Jobs of {}", real.join(", "));
    assert_eq!((ours, real), (vec!["untold".to_owned()], vec!["untold".to_owned()]));
}

/// Which of two that were suspended for a minute have made the Job of that minute, soon after they are started.
async fn came(real: Option<Kubeconfig>) -> Vec<String> {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    let is_real = real.is_some();
    let (_, client) = process(&shop, &shop.article.blue, real).await;
    let now = || if is_real { real_time() } else { shop.azure.clock().now() };
    for name in NAMES {
        send(&client, Method::POST, CRON_JOBS, JSON, &suspended(name)).await.unwrap();
    }
    let made = now();
    while now().as_second() / 60 == made.as_second() / 60 || now().as_second() % 60 < PAST_THE_MINUTE {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let last = Timestamp::from_second(now().as_second() / 60 * 60).unwrap();
    let told = knows_until(last, &live(&client, NAMES[0]).await).expect("it does not know");
    send(&client, Method::PATCH, &format!("{CRON_JOBS}/{}/status", NAMES[0]), MERGE, &told).await.unwrap();
    assert_eq!(knows_until(last, &live(&client, NAMES[0]).await), None);
    for name in NAMES {
        let starts = json!({"spec": {"suspend": false}});
        send(&client, Method::PATCH, &format!("{CRON_JOBS}/{name}"), MERGE, &starts).await.unwrap();
    }
    tokio::time::sleep(SOON).await;
    let jobs = get(&client, JOBS).await;
    let owner = |job: &Value| job["metadata"]["ownerReferences"][0]["name"].as_str().map(str::to_owned);
    jobs["items"].as_array().unwrap().iter().filter_map(owner).filter(|name| NAMES.contains(&name.as_str())).collect()
}

#[expect(clippy::disallowed_methods, reason = "a real server goes by the real time")]
fn real_time() -> Timestamp {
    Timestamp::now()
}

async fn live(client: &Client, name: &str) -> Value {
    get(client, &format!("{CRON_JOBS}/{name}")).await
}

fn suspended(name: &str) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "one", "image": "one:1"}]});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedule": "* * * * *", "suspend": true, "jobTemplate": {"spec": {"template": {"spec": pod}}}}})
}
