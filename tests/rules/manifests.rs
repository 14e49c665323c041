//! Manifests: the example's, the placeholders, and hostile ones.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use bluegreen_core::workload::manifests::{Placeholders, objects, read};
use serde_json::{Value, json};

mod judged;

fn filled() -> Placeholders {
    let some = [
        ("cluster.name", "shop-green"),
        ("cluster.version", "1.34.6"),
        ("slot.colour", "green"),
        ("oidc.issuer", "https://issuer/"),
        ("run.id", "shop-1"),
    ];
    let filled = some.iter().fold(Placeholders::default(), |filled, (name, value)| filled.with(name, *value));
    (0..4).fold(filled, |filled, index| filled.with(&format!("slot.address.{index}"), format!("10.1.31.{}", index + 1)))
}

fn names(objects: &[Value]) -> Vec<String> {
    objects
        .iter()
        .map(|it| format!("{} {}", it["kind"].as_str().unwrap(), it["metadata"]["name"].as_str().unwrap()))
        .collect()
}

fn config(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  x: {value}\n")
}

fn filled_in(value: &str) -> Result<Value, String> {
    objects(&config(value), Some(&filled())).map(|mut objects| objects[0]["data"]["x"].take())
}

#[test]
fn the_examples_manifests_become_objects_with_the_slots_addresses() {
    let controllers = objects(include_str!("../../examples/shop/manifests/controllers.yaml"), Some(&filled())).unwrap();
    let expected = [
        "Namespace ingress",
        "IngressClass shop",
        "Deployment ingress-controller",
        "Service ingress-0",
        "Service ingress-1",
        "Service ingress-2",
        "Service ingress-3",
    ];
    assert_eq!(names(&controllers), expected);
    let annotations = &controllers[6]["metadata"]["annotations"];
    assert_eq!(annotations["service.beta.kubernetes.io/azure-load-balancer-ipv4"], "10.1.31.4");
    assert_eq!(annotations["service.beta.kubernetes.io/azure-load-balancer-internal"], "true");
    let workloads = objects(include_str!("../../examples/shop/manifests/workloads.yaml"), Some(&filled())).unwrap();
    let expected = [
        "Namespace shop",
        "ConfigMap web",
        "Deployment web",
        "Service web",
        "Ingress web",
        "CronJob closing",
        "Deployment mailer",
    ];
    assert_eq!(names(&workloads), expected);
    assert_eq!(workloads[1]["data"]["KUBERNETES_VERSION"], "1.34.6");
    assert_eq!(workloads[2]["spec"]["replicas"], 3);
}

#[test]
fn every_placeholder_is_filled_in_texts_and_in_names_and_can_be_escaped() {
    let all = "${cluster.name} ${cluster.version} ${slot.colour} ${slot.address.3} ${oidc.issuer} ${run.id}";
    assert_eq!(filled_in(all).unwrap(), "shop-green 1.34.6 green 10.1.31.4 https://issuer/ shop-1");
    assert_eq!(
        filled_in("$${HOME} costs $5, $$ and $(POD) and $${a}${run.id}").unwrap(),
        "${HOME} costs $5, $$ and $(POD) and ${a}shop-1"
    );
    assert_eq!(filled_in("\"1.0\"").unwrap(), "1.0");
    let named = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  served-by-${cluster.name}: true\n";
    assert_eq!(objects(named, Some(&filled())).unwrap()[0]["data"], json!({"served-by-shop-green": true}));
}

#[test]
fn a_placeholder_that_we_do_not_know_is_named() {
    for (value, why) in [
        ("${cluster.nam}", "line 1: ${cluster.nam} is no placeholder that we know; write $${cluster.nam}"),
        ("${HOME}", "${HOME} is no placeholder"),
        ("${slot.address.4}", "${slot.address.4} names none of the slot's 4 addresses"),
        ("${slot.address.x}", "names none of the slot's 4 addresses"),
        ("a ${run.id", "does not end"),
    ] {
        let error = filled_in(value).unwrap_err();
        assert!(error.contains(why), "{value}: {error}");
    }
    let object = json!({"data": {"a": "${HOME} ${cluster.name}", "b": ["$${x}", "${USER}"]}, "${Z}": 1});
    let why = filled().fills(&object).unwrap_err();
    assert!(
        why.starts_with("data.a: ${HOME} is no placeholder")
            && why.ends_with("; and so ${USER} in data.b[1], ${Z} in ${Z}"),
        "{why}"
    );
    let many: Vec<_> = (0..9).map(|number| format!("${{X{number}}}")).collect();
    assert!(filled().fills(&json!(many)).unwrap_err().ends_with("${X5} in [5], and 3 more"));
    let without = filled().without("oidc.issuer", "the cluster has no issuer: switch oidcIssuerProfile on");
    assert!(objects(&config("${oidc.issuer}"), Some(&without)).unwrap_err().contains("switch oidcIssuerProfile on"));
}

#[test]
fn what_a_placeholder_stands_for_cannot_change_the_document() {
    let hostile = filled().with("cluster.name", "x\"\nkind: Secret\n---\n${run.id}");
    let made = objects(&config("\"${cluster.name}\""), Some(&hostile)).unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["data"]["x"], "x\"\nkind: Secret\n---\n${run.id}");
}

#[test]
fn lists_are_taken_apart_and_namespaces_and_definitions_come_first() {
    let yaml = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: b}}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
---
# only a comment
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
---
apiVersion: v1
kind: Namespace
metadata: {name: z}
";
    let made = objects(yaml, Some(&filled())).unwrap();
    assert_eq!(
        names(&made),
        ["CustomResourceDefinition things.example.com", "Namespace z", "Service b", "ConfigMap a"]
    );
    assert_eq!(objects("", Some(&filled())), Ok(Vec::new()));
}

#[test]
fn a_document_that_is_no_object_of_kubernetes_is_named_by_its_number() {
    for (yaml, why) in [
        ("kind: X\nmetadata: {name: x}", "line 1: it has no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: x}", "line 1: it has no kind"),
        ("apiVersion: v1\nkind: Pod", "line 1: the Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}", "another object each time"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}",
            "the Pod has the metadata.name 7, which is no text: write it in quotes",
        ),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: n}", "the metadata.name false, which is no text"),
        ("apiVersion: 1\nkind: Pod\nmetadata: {name: a}", "the apiVersion 1, which is no text"),
        ("apiVersion: v1\nkind: yes\nmetadata: {name: a}", "the kind true, which is no text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: [a]}", "a metadata.name that is no text"),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]",
            "build it first with kubectl kustomize",
        ),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n---\njust text", "line 5: it has no apiVersion"),
        ("a: b: c", "line 1: no YAML"),
        ("- 1\n- 2", "it has no apiVersion"),
    ] {
        let error = objects(yaml, Some(&filled())).unwrap_err();
        assert!(error.contains(why), "{yaml}: {error}");
    }
}

#[test]
fn a_file_is_read_as_kubernetes_own_tools_read_it() {
    let yaml = "
defaults: &defaults {mode: 0400, on: yes}
apiVersion: v1
kind: ConfigMap
metadata: {name: x, uid: 1-2, resourceVersion: \"7\", creationTimestamp: null, managedFields: []}
spec: {<<: *defaults, mode: 0644}
data: {twice: one, twice: two}
status: {phase: Active}
";
    let (objects, notices) = read(yaml).unwrap();
    let object = &objects[0].value;
    assert_eq!(object["spec"], json!({"mode": 420, "true": true}));
    assert_eq!(object["data"], json!({"twice": "two"}));
    assert_eq!(object["metadata"], json!({"name": "x"}));
    assert_eq!(object.get("status"), None);
    let notices = notices.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for said in
        ["line 2: 0400 is octal", "line 7: the key \"twice\" stands here a second time", "exported from a cluster"]
    {
        assert!(notices.contains(said), "{said}: {notices}");
    }
    assert_eq!(read("# nothing\n---\n---\n~\n").unwrap(), (vec![], vec![]));
}

#[test]
fn alias_bombs_and_huge_or_deep_input_are_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in
        ["b", "c", "d", "e", "f", "g", "h", "i"].into_iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let items = vec![format!("*{before}"); 10].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
    }
    let deep = format!("a: {}", "[".repeat(100_000));
    let wide = format!("a: [{}]", "1,".repeat(400_000));
    let lists = (0..9).fold(String::from("{apiVersion: v1, kind: Pod, metadata: {name: x}}"), |inner, _| {
        format!("{{apiVersion: v1, kind: List, items: [{inner}]}}")
    });
    for hostile in [&bomb, &deep, &wide, &lists, &"#".repeat(5_000_000), &"---\n".repeat(100_000)] {
        let begin: String = hostile.chars().take(60).collect();
        let result = objects(hostile, Some(&filled()));
        assert!(result.is_err() || result == Ok(Vec::new()), "{begin}");
    }
    assert!(objects(&bomb, Some(&filled())).unwrap_err().len() < 500);
}

/// What `kubectl create --dry-run=client` made of each.
#[test]
fn tags_say_what_a_value_is_wherever_it_stands() {
    let base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbase: &b {a: 1}\n";
    for (text, value) in [
        ("x: !!binary aGVsbG8=", json!({"x": "hello"})),
        ("x: !<tag:yaml.org,2002:binary> aGk=", json!({"x": "hi"})),
        ("x: !!binary |\n    aGVs\n    bG8=", json!({"x": "hello"})),
        ("!!binary aGk=: x", json!({"hi": "x"})),
        ("!!int \"5\": x", json!({"5": "x"})),
        ("!x yes: x", json!({"yes": "x"})),
        ("x: !!int \"5\"", json!({"x": 5})),
        ("x: !!bool \"yes\"", json!({"x": true})),
        ("x: !!float \"1.5\"", json!({"x": 1.5})),
        ("x: !!null \"\"", json!({"x": null})),
        ("x: !!str 5", json!({"x": "5"})),
        ("x: !!str", json!({"x": ""})),
        ("x: !!timestamp 2020-01-01", json!({"x": "2020-01-01"})),
        ("x: !!set {a, b}", json!({"x": {"a": null, "b": null}})),
        ("x: !!omap [a: 1, b: 2]", json!({"x": [{"a": 1}, {"b": 2}]})),
        ("x: !!binary [a]", json!({"x": ["a"]})),
        ("x: !!set x", json!({"x": "x"})),
        ("x: !x 5", json!({"x": "5"})),
        ("x: ! true", json!({"x": "true"})),
        ("!!merge <<: *b", json!({"a": 1})),
        ("! <<: *b", json!({"a": 1})),
        ("!!str <<: *b", json!({"<<": {"a": 1}})),
        ("\"<<\": *b", json!({"<<": {"a": 1}})),
    ] {
        let objects = objects(&format!("{base}data:\n  {text}\n"), None).unwrap();
        assert_eq!(objects[0]["data"], value, "{text}");
    }
    for text in [
        "!!int x",
        "!!bool 1",
        "!!binary \"!\"",
        "!!binary \"aGVs\\n bG8 =\"",
        "!!timestamp x",
        "!!null x",
        "!!int 1.0",
    ] {
        assert!(objects(&format!("{base}data: {{x: {text}}}\n"), None).is_err(), "{text}");
    }
}

/// As `kubectl` reads them.
#[test]
fn a_list_of_one_kind_says_what_its_items_are() {
    let list = |kind: &str, item: &str| format!("apiVersion: apps/v1\nkind: {kind}\nitems:\n- {{{item}}}\n");
    let read = objects(&list("DeploymentList", "metadata: {name: a}"), None).unwrap();
    assert_eq!((&read[0]["apiVersion"], &read[0]["kind"]), (&json!("apps/v1"), &json!("Deployment")));
    let other = objects(&list("DeploymentList", "apiVersion: v1, kind: Pod, metadata: {name: a}"), None).unwrap();
    assert_eq!(other[0]["kind"], "Pod");
    for (kind, item) in [
        ("List", "metadata: {name: a}"),
        ("DeploymentList", "apiVersion: apps/v1, metadata: {name: a}"),
        ("DeploymentList", "kind: Deployment, metadata: {name: a}"),
    ] {
        assert!(objects(&list(kind, item), None).is_err(), "{kind} {item}");
    }
}

#[test]
fn json_documents_may_stand_one_behind_the_other() {
    let one = |name: &str| {
        format!("{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"{name}\"}}}}")
    };
    for between in ["", "\n", "\n\n", " "] {
        let (placed, notices) = read(&(one("a") + between + &one("b") + "\n")).unwrap();
        let lines: Vec<_> = placed.iter().map(|placed| placed.line).collect();
        assert_eq!((lines, notices.len()), (vec![1, 1 + between.matches('\n').count()], 0), "{between:?}");
        assert_eq!(placed[1].value["metadata"]["name"], "b");
    }
    for wrong in [one("a") + "\n[]", one("a") + "\n{", one("a") + "\nkind: x", "[1]\n[2]".to_owned()] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_empty_status_is_left_out_without_a_word() {
    let of = |status: &str| {
        read(&format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nstatus: {status}\n")).unwrap()
    };
    for empty in ["{}", "{loadBalancer: {}}", "{conditions: [], replicas: null}"] {
        let (placed, notices) = of(empty);
        assert!(notices.is_empty() && placed[0].value.get("status").is_none(), "{empty}: {notices:?}");
    }
    assert_eq!(of("{replicas: 0}").1.len(), 1);
}
