//! What earlier manifests have left in a kept cluster: it goes where the site says so, and only what we alone applied there.
use super::{Shop, applies, config, green, journal, object, refusal, says, upgraded};
use crate::{ask, quick, story, until};
use bluegreen::local::shop::Options;
use bluegreen::plan::Kind;
use bluegreen::run::Run;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Manifest, OldCluster, Site};
use bluegreen::step::Step;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::kubernetes::Right;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const PART_OF: &str = "applyset.kubernetes.io/part-of";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMED: &str = "no manifest of the site has these any more, and they are pruned next: ";

/// What the shop has for a while.
pub fn extra() -> String {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: extra, namespace: more}\nspec:\n  selector: \
        {matchLabels: {app: extra}}\n  template:\n    metadata: {labels: {app: extra}}\n    spec: {containers: [{name: extra, \
        image: \"extra:1\"}]}\n---\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: extra, namespace: more}\n---\n";
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: disk, namespace: more}\nspec: {storageClassName: \
        managed-csi, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n---\n";
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: more}}\n---\n{deployment}{account}{claim}")
        + &config("more", "extra")
}

/// Publishes the shop with these files behind its workloads.
pub async fn publish(shop: &Shop, files: &[(&str, String)], change: impl Fn(&mut Site)) {
    let more = files.iter().map(|(file, _)| Manifest::of_file(file));
    let workloads = shop.site.workloads.iter().cloned().chain(more).collect();
    let mut site = Site { workloads, old_cluster: OldCluster::Keep, ..shop.site.clone() };
    change(&mut site);
    crate::publish(shop, site, files).await;
}

pub fn prunes(site: &mut Site) {
    site.prune = true;
}

pub fn open() -> Shop {
    Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap()
}

pub async fn ends(shop: &Shop, id: &str, kind: Kind) -> Run {
    let version = (kind == Kind::Upgrade).then_some("latest-stable");
    ask(shop, id, kind, version);
    shop.settled(id, Duration::from_secs(24 * 3600)).await.expect("the run ends")
}

/// A shop whose kept green cluster has what these files say, and serves no more; the site is published without them.
async fn kept(files: &[(&str, String)], change: impl Fn(&mut Site)) -> Shop {
    let shop = open();
    publish(&shop, files, &change).await;
    upgraded(&ends(&shop, "first", Kind::Upgrade).await);
    upgraded(&ends(&shop, "back", Kind::Return).await);
    publish(&shop, &[], &change).await;
    shop
}

/// The same, and green serves again.
async fn returned(
    files: &[(&str, String)],
    change: impl Fn(&mut Site),
    happens: impl AsyncFnOnce(&Shop),
) -> (Shop, Run) {
    let shop = kept(files, change).await;
    happens(&shop).await;
    let run = ends(&shop, "again", Kind::Return).await;
    upgraded(&run);
    (shop, run)
}

/// Whether green has what is called `extra`.
fn has(shop: &Shop, resource: &str) -> bool {
    let live = object(shop, resource, "more", "extra");
    live.is_some_and(|live| live["metadata"]["deletionTimestamp"].is_null())
}

fn parent(shop: &Shop) -> Value {
    object(shop, "configmaps", "aks-bluegreen", "site-shop-applyset").expect("the set has a parent")
}

/// Somebody writes an object of green's.
fn write(shop: &Shop, object: &Value) {
    let (host, now) = (green(shop), shop.azure.clock().now());
    shop.azure.world().kubernetes.server(&host).unwrap().apply(object, now).unwrap();
}

fn extra_map(metadata: &Value) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra", "namespace": "more"}});
    for (name, value) in metadata.as_object().unwrap() {
        map["metadata"][name] = value.clone();
    }
    map
}

#[test]
fn what_the_manifests_have_no_more_is_pruned_before_the_kept_cluster_serves_again() {
    story(|| async {
        let (shop, run) = returned(&[("extra.yaml", extra())], prunes, async |_| {}).await;
        for resource in ["deployments.apps", "serviceaccounts", "configmaps"] {
            assert!(!has(&shop, resource), "{resource}\n{}", journal(&run));
        }
        assert!(object(&shop, "pods", "more", "extra").is_none());
        let web = object(&shop, "deployments.apps", "shop", "web").expect("what the manifests have stays");
        assert_eq!(
            web["metadata"]["labels"][PART_OF],
            parent(&shop)["metadata"]["labels"]["applyset.kubernetes.io/id"]
        );
        assert_eq!(web["spec"]["template"]["metadata"]["labels"].get(PART_OF), None, "no pod has the label");
        says(&run, &format!("{NAMED}ConfigMap more/extra, ServiceAccount more/extra, Deployment more/extra"));
        says(&run, "pruned: ConfigMap more/extra, ServiceAccount more/extra, Deployment more/extra");
        // What would be lost stays, and is named.
        assert!(object(&shop, "namespaces", "", "more").is_some());
        assert!(object(&shop, "persistentvolumeclaims", "more", "disk").is_some());
        says(&run, "Namespace more (nothing of its kind is pruned)");
        says(&run, "PersistentVolumeClaim more/disk (nothing of its kind is pruned)");
        let pruned = run.journal.iter().find(|entry| entry.what.starts_with("pruned: ")).unwrap();
        assert_eq!(pruned.after, Step::SyncWorkloads, "before any traffic");
        let kinds = parent(&shop)["metadata"]["annotations"][KINDS].as_str().unwrap().to_owned();
        let kinds: Vec<_> = kinds.split(',').collect();
        assert!(kinds.contains(&"Deployment.apps") && kinds.contains(&"PersistentVolumeClaim"), "{kinds:?}");
    });
}

#[test]
fn a_cluster_of_one_site_prunes_nothing_and_says_nothing() {
    story(|| async {
        let shop = open();
        publish(&shop, &[("extra.yaml", extra())], prunes).await;
        let run = ends(&shop, "story", Kind::Upgrade).await;
        upgraded(&run);
        assert!(!journal(&run).contains("prune") && has(&shop, "configmaps"), "{}", journal(&run));
        let deleted =
            shop.azure.world().calls.iter().any(|call| call.method == Method::DELETE && call.host.contains("azmk8s"));
        assert!(!deleted);
        let run = ends(&shop, "back", Kind::Return).await;
        upgraded(&run);
        assert!(!journal(&run).contains("prune"), "{}", journal(&run));
    });
}

#[test]
fn without_consent_what_is_left_is_named_and_stays() {
    story(|| async {
        let (shop, run) = returned(&[("extra.yaml", extra())], |_| {}, async |_| {}).await;
        assert!(has(&shop, "deployments.apps") && has(&shop, "configmaps"));
        says(
            &run,
            "warning: left over from earlier manifests, and kept, for the site does not say \"prune\": true: ConfigMap \
             more/extra, ServiceAccount more/extra, Deployment more/extra",
        );
        // It is found when the site consents later.
        publish(&shop, &[], prunes).await;
        upgraded(&ends(&shop, "third", Kind::Return).await);
        upgraded(&ends(&shop, "fourth", Kind::Return).await);
        assert!(!has(&shop, "deployments.apps") && !has(&shop, "configmaps"));
    });
}

#[test]
fn a_mended_site_prunes_what_the_run_itself_applied() {
    story(|| async {
        let shop = open();
        let never = extra().replace("extra:1", "never-ready:1");
        publish(&shop, &[("extra.yaml", never)], prunes).await;
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| journal(run).contains("Deployment more/extra: 0 of 1 ready")).await;
        crate::order(&shop, Verb::Pause).await;
        publish(&shop, &[], prunes).await;
        let mut order = crate::order_of(&shop.run().unwrap(), Verb::Resume);
        order.with_site = true;
        bluegreen::functions::orders::give(&shop.operator, "shop", &order).await.unwrap();
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
        upgraded(&run);
        says(&run, "pruned: ConfigMap more/extra, ServiceAccount more/extra, Deployment more/extra");
        assert!(!has(&shop, "deployments.apps"));
    });
}

#[test]
fn what_is_in_another_set_or_is_to_stay_is_left_alone() {
    story(|| async {
        let theirs = json!({"labels": {PART_OF: "applyset-theirs-v1"}});
        let (shop, run) =
            returned(&[("extra.yaml", extra())], prunes, async |shop| write(shop, &extra_map(&theirs))).await;
        assert!(has(&shop, "configmaps") && !has(&shop, "deployments.apps"), "{}", journal(&run));
    });
    story(|| async {
        let stays = json!({"annotations": {"aks-bluegreen/prune": "ignore"}});
        let (shop, run) =
            returned(&[("extra.yaml", extra())], prunes, async |shop| write(shop, &extra_map(&stays))).await;
        assert!(has(&shop, "configmaps") && !has(&shop, "deployments.apps"), "{}", journal(&run));
        says(&run, "ConfigMap more/extra (it has the annotation aks-bluegreen/prune)");
    });
}

#[test]
fn what_stands_for_something_outside_the_cluster_stays_and_is_named() {
    let of = |group: &str, kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")}, "spec": {"group": group, "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
        let finalizers = if kind == "Database" { json!(["example.com/drop"]) } else { json!([]) };
        let object = json!({"apiVersion": format!("{group}/v1"), "kind": kind,
            "metadata": {"name": "extra", "namespace": "more", "finalizers": finalizers}});
        format!("---\n{definition}\n---\n{object}\n")
    };
    story(|| async {
        let kept = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, namespace: more, annotations: \
            {helm.sh/resource-policy: keep}}\n";
        let custom =
            of("storage.azure.com", "StorageAccount") + &of("example.com", "Database") + &of("example.com", "Note");
        let (shop, run) = returned(&[("extra.yaml", extra() + &custom + kept)], prunes, async |_| {}).await;
        for (resource, stays) in [
            ("storageaccounts.storage.azure.com", true),
            ("databases.example.com", true),
            ("notes.example.com", false),
            ("configmaps", false),
        ] {
            assert_eq!(has(&shop, resource), stays, "{resource}\n{}", journal(&run));
        }
        assert!(object(&shop, "configmaps", "more", "kept").is_some());
        says(&run, "StorageAccount more/extra (it stands for something outside the cluster");
        says(&run, "Database more/extra (its operator takes something apart when it goes (example.com/drop)");
        says(&run, "ConfigMap more/kept (it has the annotation helm.sh/resource-policy)");
    });
}

#[test]
fn an_object_of_another_set_is_applied_and_not_taken_into_ours() {
    story(|| async {
        let shop = open();
        publish(&shop, &[("map.yaml", config("default", "one"))], prunes).await;
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::InstallControllers).await;
        write(
            &shop,
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "default",
                "labels": {PART_OF: "applyset-theirs-v1"}}}),
        );
        let run = shop.settled("story", Duration::from_secs(24 * 3600)).await.expect("the run ends");
        upgraded(&run);
        let found = object(&shop, "configmaps", "default", "one").unwrap();
        assert_eq!(
            (&found["data"]["a"], &found["metadata"]["labels"][PART_OF]),
            (&json!("b"), &json!("applyset-theirs-v1"))
        );
        says(&run, "ConfigMap default/one is a member of the set applyset-theirs-v1, and stays it");
    });
}

#[test]
fn a_death_in_the_middle_leaves_nothing_unpruned() {
    let deletes = || On { host: "azmk8s".into(), ..On::call(Method::DELETE, "/extra") };
    let writes = || applies("site-shop-applyset");
    for (on, nth) in [(deletes as fn() -> On, 0), (deletes, 1), (deletes, 2), (writes, 0)] {
        for effect in [Effect::KillBefore, Effect::KillAfter, Effect::LoseAnswer] {
            story(|| async {
                let fault = Fault::once("death", on(), effect.clone()).after(nth);
                let set = async |shop: &Shop| shop.azure.world().faults.add(fault);
                let (shop, run) = returned(&[("extra.yaml", extra())], prunes, set).await;
                for resource in ["deployments.apps", "serviceaccounts", "configmaps"] {
                    assert!(!has(&shop, resource), "{effect:?} {nth} {resource}\n{}", journal(&run));
                }
            });
        }
    }
}

#[test]
fn what_was_changed_in_between_is_looked_at_anew() {
    story(|| async {
        let shop = kept(&[("extra.yaml", extra())], prunes).await;
        let slow = Fault::once(
            "slow",
            On { host: "azmk8s".into(), ..On::call(Method::DELETE, "/configmaps/extra") },
            Effect::Delay(Duration::from_secs(20)),
        );
        shop.azure.world().faults.add(slow);
        let stays = json!({"annotations": {"aks-bluegreen/prune": "ignore"}});
        let changes = async {
            until(&shop, |run| run.request == "again" && journal(run).contains(NAMED)).await;
            shop.azure.clock().sleep(Duration::from_secs(10)).await;
            write(&shop, &extra_map(&stays));
        };
        let (run, ()) = tokio::join!(ends(&shop, "again", Kind::Return), changes);
        upgraded(&run);
        says(&run, "changed meanwhile, and looked at anew: ConfigMap more/extra");
        assert!(has(&shop, "configmaps") && !has(&shop, "serviceaccounts"), "{}", journal(&run));
    });
}

#[test]
fn what_cannot_be_pruned_keeps_no_upgrade_and_is_named() {
    story(|| async {
        let denied = refusal(403, "Forbidden", "admission webhook \"guard\" denied the request: not this one");
        let fault = Fault::always(
            "guard",
            On { host: "azmk8s".into(), ..On::call(Method::DELETE, "/configmaps/extra") },
            denied,
        );
        let set = async |shop: &Shop| shop.azure.world().faults.add(fault);
        let (shop, run) = returned(&[("extra.yaml", extra())], prunes, set).await;
        says(&run, "refused to be pruned: ConfigMap more/extra: admission webhook \"guard\" denied the request");
        says(&run, "warning: could not be pruned, and stay: ConfigMap more/extra: delete them by hand");
        assert!(has(&shop, "configmaps") && !has(&shop, "deployments.apps") && !has(&shop, "serviceaccounts"));
    });
}

#[test]
fn a_missing_right_is_said_with_what_gives_it_before_anything_is_pruned() {
    story(|| async {
        let shop = kept(&[("extra.yaml", extra())], prunes).await;
        let allow = |verbs: &str| shop.azure.world().kubernetes.allow_only("*", &[Right::new(verbs, "*", "*")]);
        allow("get,list,create,patch");
        let given = async {
            // Before anything is started, for what the site has now.
            let words = "may not do this in the new cluster: delete configmaps in the namespace shop";
            let run = until(&shop, |run| run.request == "again" && journal(run).contains(words)).await;
            assert_eq!(run.step, Step::CheckPlan);
            let more = [
                Right::new("get,list,create,patch", "*", "*"),
                Right::new("delete", "*", "shop,ingress"),
                Right::new("delete", "ingressclasses.networking.k8s.io", "*"),
            ];
            shop.azure.world().kubernetes.allow_only("*", &more);
            // For what it had, when that is known.
            let words =
                "may not do this in the new cluster: delete configmaps in the namespace more; delete serviceaccounts";
            until(&shop, |run| run.request == "again" && journal(run).contains(words)).await;
            assert!(has(&shop, "configmaps"));
            allow("*");
        };
        let (run, ()) = tokio::join!(ends(&shop, "again", Kind::Return), given);
        upgraded(&run);
        says(&run, "\"kind\":\"ClusterRoleBinding\"");
        assert!(!has(&shop, "configmaps"));
    });
}

#[test]
fn slices_that_carry_a_services_label_are_no_members() {
    story(|| async {
        let slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: fixed, namespace: shop}\naddressType: \
            IPv4\nendpoints: [{addresses: [10.9.9.9]}]\n";
        let count = |shop: &Shop| {
            let (host, now) = (green(shop), shop.azure.clock().now());
            let world = shop.azure.world();
            let mut server = world.kubernetes.server(&host).unwrap();
            let slices = server.objects("endpointslices.discovery.k8s.io", now);
            let members = slices.iter().filter(|slice| slice["metadata"]["labels"][PART_OF].is_string());
            members.map(|slice| slice["metadata"]["uid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let shop = kept(&[("slice.yaml", slice.to_owned())], prunes).await;
        let before = count(&shop);
        let run = ends(&shop, "again", Kind::Return).await;
        upgraded(&run);
        says(&run, "pruned: EndpointSlice shop/fixed");
        let after = count(&shop);
        assert_eq!(after.len() + 1, before.len(), "one was ours: {before:?} {after:?}");
        assert!(!after.is_empty() && after.iter().all(|uid| before.contains(uid)), "{before:?} {after:?}");
    });
}
