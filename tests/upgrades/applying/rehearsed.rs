//! Manifests that are tried on the old cluster before a new one is made.
use super::taken::blue;
use super::{Shop, config, ends, journal, refusal, says, upgraded, with_site};
use crate::story;
use bluegreen::run::Ending;
use bluegreen::site::Site;
use http::Method;
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: tools}\n---\n";
/// A shop whose site tries what it installs, this file among it.
async fn with(text: String) -> Shop {
    let dry = |site: &mut Site| {
        // Those are written on blue.
        site.singletons.clear();
        site.dry_run = true;
    };
    with_site(&[("more.yaml", text)], dry).await
}

/// Applies, on blue, of what has this in its path.
fn on(shop: &Shop, path: &str) -> On {
    On { host: blue(shop), ..On::call(Method::PATCH, path) }
}

/// What changed something on blue: every write that was no rehearsal.
fn written_to_blue(shop: &Shop) -> Vec<String> {
    let (host, world) = (blue(shop), shop.azure.world());
    let writes = world.calls.iter().filter(|call| call.host == host && call.method != Method::GET);
    writes.filter(|call| !call.path.contains("dryRun=All")).map(|call| call.path.clone()).collect()
}

#[test]
fn a_mistake_is_said_before_a_cluster_is_made_and_nothing_is_kept() {
    story(|| async {
        let shop = with(NAMESPACE.to_owned() + &config("tools", "one") + &config("default", "two")).await;
        let quota = "ConfigMap \"two\" is invalid: data: Too long: must have at most 1048576 bytes";
        let fault = Fault::always("refused", on(&shop, "/configmaps/two"), refusal(422, "Invalid", quota));
        shop.azure.world().faults.add(fault);
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "1 would be refused: ConfigMap default/two: ConfigMap \"two\" is invalid: data: Too long");
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "no cluster was made");
        assert_eq!(written_to_blue(&shop), Vec::<String>::new());
        let now = shop.azure.clock().now();
        let host = blue(&shop);
        let world = shop.azure.world();
        let mut server = world.kubernetes.server(&host).unwrap();
        assert_eq!(server.object("namespaces", "", "tools", now), None);
    });
}

#[test]
fn what_is_well_passes_with_what_lies_in_a_namespace_to_come() {
    story(|| async {
        let shop = with(NAMESPACE.to_owned() + &config("tools", "one")).await;
        let run = ends(&shop).await;
        upgraded(&run);
        assert!(!journal(&run).contains("warning"), "{}", journal(&run));
        let tried = shop.azure.world().calls.iter().filter(|call| call.path.contains("dryRun=All")).count();
        assert!(tried > 5, "{tried} objects were tried");
    });
}

#[test]
fn what_may_be_the_old_clusters_alone_is_a_warning() {
    story(|| async {
        // One that the old cluster has.
        let shop = with(String::new()).await;
        let immutable = "Deployment.apps \"shop\" is invalid: spec.selector: Invalid value: field is immutable";
        let fault = Fault::always("immutable", on(&shop, "/deployments/"), refusal(422, "Invalid", immutable));
        shop.azure.world().faults.add(fault);
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "field is immutable (the old cluster has one of this name)");
    });
    story(|| async {
        let shop = with(String::new()).await;
        let hang = Effect::Delay(Duration::from_secs(3600));
        let fault = Fault::always("hangs", On::host(&blue(&shop)), hang);
        shop.azure.world().faults.add(fault);
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "could not be tried on the old cluster: ");
    });
}

#[test]
fn what_aks_owns_in_every_cluster_is_told_before_one_is_made() {
    let dns = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: coredns-custom, namespace: kube-system{annotations}}}\n\
             data: {{Empty.server: mine}}\n"
        )
    };
    story(|| async {
        let shop = with(dns("")).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "ConfigMap kube-system/coredns-custom: ");
        says(&run, "take it over with the annotation aks-bluegreen/take-over");
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "no cluster was made");
    });
    story(|| async {
        let shop = with(dns(", annotations: {aks-bluegreen/take-over: 'true'}")).await;
        upgraded(&ends(&shop).await);
    });
}

/// Blue has no such add-on, so that it cannot tell what stands for that.
#[test]
fn what_blue_cannot_fill_is_named_and_hides_nothing_beside_it() {
    let client = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: client, namespace: default}\ndata: {is: \"${cluster.secretsProvider.clientId}\"}\n---\n";
    story(|| async {
        let shop = with(client.to_owned() + &config("default", "two")).await;
        let quota = "ConfigMap \"two\" is invalid: data: Too long: must have at most 1048576 bytes";
        let fault = Fault::always("refused", on(&shop, "/configmaps/two"), refusal(422, "Invalid", quota));
        shop.azure.world().faults.add(fault);
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "1 would be refused: ConfigMap default/two");
    });
    story(|| async {
        let shop = with(client.to_owned() + &config("default", "two")).await;
        crate::ask(&shop, "story", bluegreen::plan::Kind::Upgrade, Some("latest-stable"));
        let run = crate::until(&shop, |run| run.step != bluegreen::step::Step::CheckPlan).await;
        says(&run, "what is known of the new cluster alone was not tried on the old one: ConfigMap default/client (");
    });
}

/// Somebody applies this to blue.
fn bring(shop: &Shop, object: &Value) {
    let (host, now) = (blue(shop), shop.azure.clock().now());
    shop.azure.world().kubernetes.server(&host).unwrap().apply(object, now).unwrap();
}

/// A definition whose objects' `spec` has these members.
fn definition(members: &Value) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "boxes", "kind": "Box"}, "versions": [{"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": members}}}}}]}})
}

#[test]
fn what_a_newer_definition_in_the_same_manifests_allows_is_a_warning() {
    let old = json!({"size": {"type": "string", "enum": ["small"]}});
    let new = json!({"size": {"type": "string", "enum": ["small", "large"]}, "colour": {"type": "string"}});
    let ours = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": "one", "namespace": "default"}, "spec": spec});
    let cases = [
        (Some(&new), json!({"colour": "red"}), "field not declared in schema", true),
        (Some(&new), json!({"size": "large"}), "Unsupported value", true),
        (None, json!({"colour": "red"}), "field not declared in schema", false),
    ];
    for (members, spec, words, passes) in cases {
        let brought = members.map(|members| definition(members).to_string()).unwrap_or_default();
        story(|| async {
            let shop = with(format!("{brought}\n---\n{}\n", ours(spec))).await;
            bring(&shop, &definition(&old));
            shop.azure.clock().sleep(Duration::from_secs(60)).await;
            let run = ends(&shop).await;
            let ending = if passes { Ending::Upgraded } else { Ending::Rejected };
            assert_eq!(run.ending, Some(ending), "{}", journal(&run));
            says(&run, words);
            if passes {
                says(&run, "the old cluster has another definition of its kind than the manifests bring");
            }
        });
    }
}

#[test]
fn a_port_or_an_address_that_the_old_cluster_gave_away_is_free_in_a_new_one() {
    let service = |name: &str, address: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "NodePort", "clusterIP": address, "selector": {"app": "web"},
            "ports": [{"name": "web", "port": 80, "nodePort": 30_080}]}})
    };
    story(|| async {
        let shop = with(service("front", "10.0.77.77").to_string()).await;
        bring(&shop, &service("door", "10.0.77.77"));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "Service default/front: ");
        says(&run, "(by something of the old cluster; a new one has it free)");
    });
}
