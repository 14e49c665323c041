//! What kubectl asks for beside the objects themselves: tables, OpenAPI, categories, and what no kubelet answers.
use super::*;

const TABLE: &str =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

fn asked(fleet: &mut Fleet, path: &str, accept: &str, now: Timestamp) -> Value {
    let ask = http::Request::get(format!("https://{HOST}{path}")).header("authorization", "Bearer operator");
    let ask = ask.header("accept", accept).body(bytes::Bytes::new()).unwrap();
    json_of(fleet.respond(HOST, &ask, now).unwrap().into_body())
}

/// Pairs of a column's name and what stands in it, for the row of this name.
fn row(table: &Value, name: &str) -> Vec<(String, String)> {
    let columns = table["columnDefinitions"].as_array().unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["cells"].as_array().unwrap().len() == columns.len()), "{table}");
    let row = rows.iter().find(|row| row["cells"][0].as_str().unwrap().starts_with(name)).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    columns
        .iter()
        .zip(row["cells"].as_array().unwrap())
        .map(|(column, cell)| (text(&column["name"]), text(cell)))
        .collect()
}

fn cell(table: &Value, name: &str, column: &str) -> String {
    row(table, name).into_iter().find(|(found, _)| found == column).unwrap().1
}

fn serving() -> Fleet {
    let fleet = fleet(2);
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example.com"}]},
    });
    for object in [deployment("web", "web:1", 2), service, ingress] {
        fleet.server(HOST).unwrap().apply(&object, at(300)).unwrap();
    }
    fleet
}

#[test]
fn every_kind_that_people_look_at_has_its_table() {
    let mut fleet = serving();
    let mut table = |path: &str| asked(&mut fleet, path, TABLE, at(600));
    let nodes = table("/api/v1/nodes");
    assert_eq!((nodes["kind"].as_str(), nodes["rows"].as_array().unwrap().len()), (Some("Table"), 2));
    assert_eq!(nodes["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!((cell(&nodes, "aks-", "Status"), cell(&nodes, "aks-", "Version")), ("Ready".into(), "v1.34.1".into()));
    let deployments = table(DEPLOYMENTS);
    let shown = |column| cell(&deployments, "web", column);
    assert_eq!([shown("Ready"), shown("Images"), shown("Age")], ["2/2", "web:1", "5m"]);
    let pods = table("/api/v1/namespaces/default/pods");
    assert_eq!((cell(&pods, "web-", "Ready"), cell(&pods, "web-", "Status")), ("1/1".into(), "Running".into()));
    let services = table("/api/v1/namespaces/default/services");
    assert_eq!(cell(&services, "web", "Type"), "LoadBalancer");
    assert!(cell(&services, "web", "Port(s)").starts_with("80:"), "{services}");
    let ingress = table("/apis/networking.k8s.io/v1/namespaces/default/ingresses/web");
    assert_eq!(
        (cell(&ingress, "web", "Class"), cell(&ingress, "web", "Hosts")),
        ("nginx".into(), "shop.example.com".into())
    );
    for path in [
        "/api/v1/namespaces",
        "/api/v1/configmaps",
        "/apis/apps/v1/daemonsets",
        "/apis/apps/v1/replicasets",
        "/api/v1/serviceaccounts",
    ] {
        let table = table(path);
        let name = table["rows"][0]["cells"][0].as_str().unwrap().to_owned();
        assert!(!row(&table, &name).is_empty(), "{path}");
    }
}

#[test]
fn numbers_are_numbers_and_other_kinds_have_columns_of_their_own() {
    let mut fleet = serving();
    let mut table = |path: &str| asked(&mut fleet, path, TABLE, at(600));
    let sets = table("/apis/apps/v1/namespaces/default/replicasets");
    assert_eq!((&sets["columnDefinitions"][1]["type"], &sets["rows"][0]["cells"][1]), (&json!("integer"), &json!(2)));
    let maps = table("/api/v1/namespaces/default/configmaps");
    assert_eq!((&maps["columnDefinitions"][1]["type"], &maps["rows"][0]["cells"][1]), (&json!("string"), &json!(1)));
    let ends = table("/api/v1/namespaces/default/endpoints");
    assert!(cell(&ends, "web", "Endpoints").ends_with(":80"), "{ends}");
    let classes = table("/apis/storage.k8s.io/v1/storageclasses");
    assert_eq!(cell(&classes, "default (default)", "VolumeBindingMode"), "WaitForFirstConsumer");
    let events = table("/api/v1/namespaces/default/events");
    assert_eq!(events["rows"][0]["cells"][3], "deployment/web");
    for (path, columns) in [
        ("/apis/policy/v1/poddisruptionbudgets", "Name,Min Available,Max Unavailable,Allowed Disruptions,Age"),
        (
            "/apis/batch/v1/cronjobs",
            "Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age,Containers,Images,Selector",
        ),
        ("/apis/discovery.k8s.io/v1/endpointslices", "Name,AddressType,Ports,Endpoints,Age"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", "Name,Created At"),
        ("/apis/batch/v1/jobs", "Name,Status,Completions,Duration,Age,Containers,Images,Selector"),
    ] {
        let table = table(path);
        let names =
            table["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>().join(","), columns, "{path}");
    }
}

#[test]
fn a_table_is_given_only_to_who_asks_for_one_that_is_known() {
    let mut fleet = serving();
    let mut kind = |accept: &str| asked(&mut fleet, DEPLOYMENTS, accept, at(600))["kind"].as_str().unwrap().to_owned();
    assert_eq!(kind("application/json"), "DeploymentList");
    assert_eq!(kind("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"), "DeploymentList");
    assert_eq!(kind("application/json;as=Table;g=meta.k8s.io;v=v1"), "Table");
    assert_eq!(kind("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"), "PartialObjectMetadataList");
    let whole = asked(&mut fleet, &format!("{DEPLOYMENTS}?includeObject=Object"), TABLE, at(600));
    assert_eq!(whole["rows"][0]["object"]["spec"]["replicas"], 2);
    let nothing = asked(&mut fleet, &format!("{DEPLOYMENTS}?includeObject=None"), TABLE, at(600));
    assert_eq!(nothing["rows"][0]["object"], Value::Null);
}

#[test]
fn openapi_promises_that_the_server_checks_fields() {
    let mut fleet = fleet(1);
    let index = get(&mut fleet, "/openapi/v3", at(0));
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    let document = get(&mut fleet, &url, at(0));
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    assert!(patch["parameters"].as_array().unwrap().iter().any(|one| one["name"] == "fieldValidation"), "{patch}");
    assert_eq!(call(&mut fleet, "GET", "/openapi/v3/apis/none/v1", "", "", at(0)).0, 404);
}

#[test]
fn what_only_a_kubelet_could_do_is_refused_with_the_reason() {
    let mut fleet = serving();
    let pods = get(&mut fleet, "/api/v1/namespaces/default/pods", at(600));
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    for what in ["log", "exec"] {
        let path = format!("/api/v1/namespaces/default/pods/{name}/{what}");
        let (status, said) = call(&mut fleet, "GET", &path, "", "", at(600));
        assert_eq!((status, said["reason"].as_str()), (501, Some("NotImplemented")));
        assert!(said["message"].as_str().unwrap().contains("no containers run"), "{said}");
    }
}
