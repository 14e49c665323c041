//! Jobs that are removed when they have ended are not made again; those that can never complete are said at once.
use super::{Shop, applied, applies, ends, ends_with, given_up_at_once, journal, object, pruned, says, upgraded, with};
use crate::story;
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::step::Step;
use serde_json::json;
use simulated_azure::{Effect, Fault};
use std::time::Duration;

fn job(name: &str, image: &str, more: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: default}}\nspec:\n{more}  template:\n    spec:\n      \
         restartPolicy: Never\n      containers: [{{name: c, image: \"{image}\"}}]\n---\n"
    )
}

#[test]
fn a_job_that_is_removed_when_done_is_not_made_again() {
    for seconds in [0, 20, 3600] {
        story(|| async {
            let more = format!("  ttlSecondsAfterFinished: {seconds}\n");
            let both = job("one", "one:1", &more) + &job("two", "two:1", &more);
            let shop = with(&[("jobs.yaml", both)]).await;
            upgraded(&ends(&shop).await);
            assert_eq!((applied(&shop, "/jobs/one"), applied(&shop, "/jobs/two")), (1, 1), "{seconds}");
            assert!(object(&shop, "jobs.batch", "default", "one").is_none() || seconds == 3600, "{seconds}");
        });
    }
}

#[test]
fn a_job_that_others_let_expire_is_not_made_again() {
    story(|| async {
        let shop = with(&[("jobs.yaml", job("one", "one:1", "") + &job("slow", "slow:1", ""))]).await;
        let run = ends_with(&shop, Step::InstallControllers, async |green| {
            while object(&shop, "jobs.batch", "default", "one")
                .is_none_or(|job| job["status"]["completionTime"].is_null())
            {
                shop.azure.clock().sleep(Duration::from_secs(1)).await;
            }
            // A look sees that it is complete; then somebody cleans up.
            shop.azure.clock().sleep(Duration::from_secs(16)).await;
            let mut live = object(&shop, "jobs.batch", "default", "one").unwrap();
            live["spec"]["ttlSecondsAfterFinished"] = json!(0);
            live["metadata"]
                .as_object_mut()
                .unwrap()
                .retain(|member, _| matches!(member.as_str(), "name" | "namespace"));
            let now = shop.azure.clock().now();
            shop.azure.world().kubernetes.server(green).unwrap().apply(&live, now).unwrap();
        })
        .await;
        upgraded(&run);
        assert!(applied(&shop, "/jobs/one") <= 1);
    });
}

#[test]
fn a_crash_right_after_a_job_was_applied_does_not_run_it_twice() {
    story(|| async {
        let shop = with(&[("jobs.yaml", job("one", "one:1", "  ttlSecondsAfterFinished: 0\n"))]).await;
        shop.azure.world().faults.add(Fault::once("dies", applies("/jobs/one"), Effect::KillAfter));
        upgraded(&ends(&shop).await);
        assert_eq!(applied(&shop, "/jobs/one"), 1);
    });
}

#[test]
fn a_job_that_fails_for_good_is_said_at_once_also_when_it_is_gone() {
    for ttl in ["", "  ttlSecondsAfterFinished: 0\n"] {
        story(|| async {
            let more = format!("  backoffLimit: 1\n{ttl}");
            let shop = with(&[("jobs.yaml", job("one", "always-fails:1", &more))]).await;
            let run = ends(&shop).await;
            given_up_at_once(&run);
            says(&run, "Job default/one failed");
            says(&run, "BackoffLimitExceeded: Job has reached the specified backoff limit");
        });
    }
}

#[test]
fn what_is_suspended_or_paused_is_said_at_once() {
    let paused = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: default}\nspec:\n  paused: true\n  selector: \
        {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: \"web:1\"}]}\n";
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night, namespace: default}\nspec:\n  suspend: true\n  schedule: \
        \"0 3 * * *\"\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: \"c:1\"}]}}}}\n";
    story(|| async {
        let shop = with(&[("jobs.yaml", job("one", "one:1", "  suspend: true\n"))]).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "before a cluster is made: {}", journal(&run));
        says(&run, "Job default/one: it is suspended, so that it never completes: take spec.suspend out");
    });
    story(|| async {
        let shop = with(&[("paused.yaml", paused.to_owned())]).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "before a cluster is made: {}", journal(&run));
        says(&run, "Deployment default/web: it is paused, so that it is never rolled out");
    });
    story(|| async { upgraded(&ends(&with(&[("cron.yaml", cron.to_owned())]).await).await) });
}

/// The image of the Job in the new cluster.
fn image(shop: &Shop) -> serde_json::Value {
    let job = object(shop, "jobs.batch", "default", "one").expect("it is there");
    job["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[test]
fn a_job_whose_template_has_changed_is_made_anew_in_a_kept_cluster() {
    for ttl in ["", "  ttlSecondsAfterFinished: 864000\n"] {
        story(|| async {
            let shop = pruned::open();
            pruned::publish(&shop, &[("jobs.yaml", job("one", "one:1", ttl))], |_| {}).await;
            upgraded(&pruned::ends(&shop, "first", Kind::Upgrade).await);
            upgraded(&pruned::ends(&shop, "back", Kind::Return).await);
            pruned::publish(&shop, &[("jobs.yaml", job("one", "one:2", ttl))], |_| {}).await;
            upgraded(&pruned::ends(&shop, "again", Kind::Return).await);
            assert_eq!(image(&shop), "one:2");
            let live = object(&shop, "jobs.batch", "default", "one").unwrap();
            assert!(!live["status"]["completionTime"].is_null(), "it ran: {live}");
        });
    }
}

#[test]
fn a_job_of_somebody_else_is_left_and_named() {
    story(|| async {
        let shop = pruned::open();
        pruned::publish(&shop, &[], |_| {}).await;
        upgraded(&pruned::ends(&shop, "first", Kind::Upgrade).await);
        upgraded(&pruned::ends(&shop, "back", Kind::Return).await);
        let theirs: serde_json::Value = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "one", "namespace": "default"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "theirs:1"}]}}}});
        crate::on(&shop, &shop.article.green, |server, now| drop(server.apply(&theirs, now).unwrap())).unwrap();
        let taking = job("one", "one:2", "")
            .replace("namespace: default}", "namespace: default, annotations: {aks-bluegreen/take-over: \"true\"}}");
        pruned::publish(&shop, &[("jobs.yaml", taking)], |_| {}).await;
        let run = pruned::ends(&shop, "again", Kind::Return).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(&run, "Job default/one is there with another template, and this site's runs have not made it alone");
        assert_eq!(image(&shop), "theirs:1");
    });
}
