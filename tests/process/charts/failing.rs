//! Charts that cannot be had or rendered: each is said, with its place, and none hides what else is wrong.
use super::{CONFIG, check, folder, write, write_site};
use serde_json::json;

const WRONG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Wrong_, namespace: default}\n";

#[test]
fn one_chart_hides_no_other_mistake() {
    let broken = json!({"chart": "proxy", "name": "one"});
    let folder = folder("echo \"Error: $2 needs a host\" >&2; exit 1\n", &broken);
    write(&folder, "wrong.yaml", WRONG);
    let other = json!({"chart": "proxy", "name": "two"});
    // The first becomes a setting of the cluster's body: places are those of the file.
    write_site(folder.path(), &json!([{"preset": "workload-identity"}, broken, {"file": "wrong.yaml"}, other]));
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(3), "{said}");
    for words in [
        "refused  /controllers/1/chart: failed to render the chart one: Error: one needs a host",
        "refused  /controllers/3/chart: failed to render the chart two: Error: two needs a host",
        "refused  wrong.yaml:1: ConfigMap default/Wrong_: its name",
        "3 to mend in its manifests",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn without_helm_the_files_are_judged_all_the_same() {
    let chart = json!({"chart": "proxy"});
    let folder = folder(CONFIG, &chart);
    write(&folder, "wrong.yaml", WRONG);
    write_site(folder.path(), &json!([chart, {"file": "wrong.yaml"}]));
    let (status, said) = check(&folder, "no-helm");
    assert_eq!(status, Some(3), "{said}");
    let words = "/controllers/0/chart: the site has charts, and Helm renders them: install it (https://helm.sh), or name it in \
                 BLUEGREEN_HELM";
    assert!(said.contains(words), "{words}: {said}");
    assert!(said.contains("ConfigMap default/Wrong_: its name"), "{said}");
}

#[test]
fn each_is_said_at_the_member_that_is_to_be_mended() {
    for (chart, words) in [
        (
            json!({"chart": "bitnami/nginx", "version": "1.2.3"}),
            "0/chart: no chart lies at bitnami/nginx below the site file: ",
        ),
        (json!({"chart": "bitnami/nginx"}), "name its address in \"repo\""),
        (json!({"chart": "proxy", "valuesFile": "proxy"}), "0/valuesFile: proxy is no regular file"),
        (json!({"chart": "proxy", "valuesFile": "none.yaml"}), "0/valuesFile: failed to read "),
        (json!({"chart": "proxy", "version": "9.9.9"}), "0/version: the chart in proxy is 1.2.3, not 9.9.9"),
        (
            json!({"chart": "oci://example.com:5000/edge:1.2.3"}),
            "/controllers/0/chart: put what stands behind the colon into \"version\"",
        ),
        (json!({"chart": "proxy", "file": "x.yaml"}), "/controllers/0/file: expected \"file\" or \"chart\", not both"),
    ] {
        let folder = folder(CONFIG, &chart);
        write(&folder, "proxy/Chart.yaml", "apiVersion: v2\nname: edge\nversion: 1.2.3\n");
        let (status, said) = check(&folder, "helm");
        assert_eq!(status, Some(3), "{chart}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    let same = folder(CONFIG, &json!({"chart": "proxy", "version": "v1.2.3"}));
    write(&same, "proxy/Chart.yaml", "apiVersion: v2\nname: edge\nversion: 1.2.3\n");
    assert_eq!(check(&same, "helm").0, Some(0));
}

#[test]
fn a_namespace_is_not_carried_between_texts_that_are_read_differently() {
    let space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {colour: \"${slot.colour}\"}}\n";
    let plain = "cat <<'END'\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: proxy}\nEND\n";
    let chart = json!({"chart": "proxy", "namespace": "edge", "placeholders": false});
    let folder = folder(plain, &chart);
    write(&folder, "space.yaml", space);
    write_site(folder.path(), &json!([chart, {"file": "space.yaml"}]));
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("/controllers/0/namespace: ") && said.contains("put space.yaml before this one"), "{said}");
    write_site(folder.path(), &json!([{"file": "space.yaml"}, chart]));
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
}
