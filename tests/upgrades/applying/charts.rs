//! Charts, as they were rendered when the site was published.
use super::*;
use bluegreen::functions::regions::Regions;
use bluegreen::functions::start::look;
use bluegreen::plan::Version;
use bluegreen::plan::planning::serving;
use bluegreen::plan::prepared::Prepared;
use bluegreen::resources::digest::digest;
use bluegreen::workload::chart::{Release, rendered};
use std::collections::BTreeMap;

/// What Helm wrote of a chart whose installation begins with a Job.
fn written() -> String {
    let container = json!({"name": "it", "image": "example.com/it:1"});
    let hook = json!({"helm.sh/hook": "pre-install"});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "prepare", "annotations": hook},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}});
    let hook = json!({"helm.sh/hook": "test"});
    let test = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "proxy-test", "annotations": hook},
        "spec": {"containers": [{"name": "it", "image": "example.com/it:1"}]}});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "proxy"}});
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "proxy"},
        "rules": []});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
        "data": {"cluster": "${cluster.name}"}});
    [test, account, role, settings, job].iter().map(|object| format!("---\n{object}\n")).collect()
}

/// The shop with the chart among its controllers, rendered for these minor versions.
async fn with_chart(minors: &[&str]) -> Shop {
    let shop = with(&[]).await;
    published(&shop, minors).await;
    shop
}

async fn published(shop: &Shop, minors: &[&str]) {
    let text = rendered(Release { name: "proxy", namespace: "edge", tests: true }, &written()).unwrap().text;
    let renderings = minors.iter().map(|minor| ((*minor).to_owned(), digest(&text))).collect();
    let chart = Manifest {
        chart: Some("oci://example.com/charts/proxy".into()),
        version: Some("1.2.3".into()),
        namespace: Some("edge".into()),
        renderings,
        ..Manifest::of_file("chart proxy")
    };
    let mut site = shop.site.clone();
    site.controllers.push(chart);
    let store = &shop.operator.store;
    store.keep(&BTreeMap::from([(digest(&text), text)])).await.unwrap();
    let example = |file: &str| std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")));
    store.publish(site, |file| Ok(example(file)?)).await.unwrap();
}

/// The minor versions for which the site is published where it is now, in a region that offers none older than this.
async fn made_ready(shop: &Shop, oldest: &str) -> Vec<String> {
    let oldest: Version = oldest.parse().unwrap();
    let mut world = look(&shop.operator, &shop.site, &Regions::default()).await.unwrap();
    world.offered.versions.retain(|offered| offered.version >= oldest);
    let version = |colour| world.cluster(colour).map(|cluster| cluster.version().parse::<Version>().unwrap());
    let serves = serving(&shop.site, &world.gateway).unwrap();
    let prepared = Prepared::of(&world.offered, version(serves).unwrap(), version(serves.other()));
    prepared.each().into_iter().filter_map(|(version, _)| Some(version?.minor_version())).collect()
}

#[test]
fn after_an_upgrade_and_a_new_publish_the_kept_cluster_can_be_returned_to() {
    crate::story(|| async {
        let shop = with_chart(&["1.33", "1.34"]).await;
        upgraded(&ends(&shop).await);
        let minors = made_ready(&shop, "1.34.0").await;
        assert!(minors.contains(&"1.33".to_owned()) && minors.contains(&"1.36".to_owned()), "{minors:?}");
        published(&shop, &minors.iter().map(String::as_str).collect::<Vec<_>>()).await;
        ask(&shop, "back", Kind::Return, None);
        let run = shop.settled("back", Duration::from_secs(24 * 3600)).await.expect("the return ends");
        assert_eq!(run.ending, Some(Ending::Upgraded), "{}", journal(&run));
        assert_eq!(run.plan.version.minor_version(), "1.33");
    });
}

#[test]
fn a_chart_is_installed_in_its_namespace_after_the_job_that_comes_first() {
    crate::story(|| async {
        let shop = with_chart(&["1.33", "1.34"]).await;
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "objects wait until the Job edge/prepare is complete");
        let settings = object(&shop, "configmaps", "edge", "settings").expect("it lies in the release's namespace");
        let cluster = shop.article.green.rsplit('/').next().unwrap();
        assert_eq!(settings["data"]["cluster"], cluster);
        assert_eq!(settings["metadata"]["annotations"]["meta.helm.sh/release-name"], "proxy");
        let role =
            object(&shop, "clusterroles.rbac.authorization.k8s.io", "", "proxy").expect("it lies in no namespace");
        assert_eq!(role["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
        let job = object(&shop, "jobs.batch", "edge", "prepare").expect("nothing removes it");
        let moment = |it: &Value, pointer: &str| it.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let completed = moment(&job, "/status/completionTime").expect("it is complete");
        let made = moment(&settings, "/metadata/creationTimestamp").expect("every object has one");
        let test = object(&shop, "jobs.batch", "edge", "proxy-test").expect("the chart's test is a Job");
        assert!(moment(&test, "/status/completionTime").expect("it has run") >= made, "{test}");
        assert!(made >= completed, "the settings of {made} are expected after the Job, complete at {completed}");
    });
}

#[test]
fn a_version_for_which_the_chart_was_not_rendered_is_refused_before_anything_is_made() {
    crate::story(|| async {
        let shop = with_chart(&["1.30"]).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        let minor = Version::minor_version(run.plan.version);
        says(&run, &format!("the chart proxy was rendered for 1.30, not for {minor}: run `bluegreen site publish`"));
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
}
