//! Lists as real servers answer them: what items leave out, and pages.
use super::*;

const CONFIG: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn items_of_own_kinds_do_not_say_what_they_are_and_custom_ones_do() {
    let mut fleet = fleet(1);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "parts.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "parts", "kind": "Part"}, "versions": [{"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    let part = json!({"apiVersion": "example.com/v1", "kind": "Part", "metadata": {"name": "one"}});
    let mut server = fleet.server(HOST).unwrap();
    server.apply(&definition, began()).unwrap();
    server.apply(&part, at(10)).unwrap();
    drop(server);
    for path in ["/api/v1/nodes", "/apis/apps/v1/deployments", "/api/v1/namespaces"] {
        let list = get(&mut fleet, path, at(60));
        assert!(list["kind"].as_str().unwrap().ends_with("List"), "{path}");
        let item = &list["items"][0];
        assert!(item["metadata"]["name"].is_string(), "{path}");
        assert_eq!((&item["kind"], &item["apiVersion"]), (&Value::Null, &Value::Null), "{path}");
    }
    let parts = get(&mut fleet, "/apis/example.com/v1/parts", at(60));
    assert_eq!(
        (&parts["items"][0]["kind"], &parts["items"][0]["apiVersion"]),
        (&json!("Part"), &json!("example.com/v1"))
    );
}

#[test]
fn a_list_comes_in_pages() {
    let mut fleet = fleet(1);
    for number in 0..7 {
        let object = json!({"metadata": {"name": format!("map-{number}")}}).to_string();
        assert_eq!(call(&mut fleet, "POST", CONFIG, "application/json", &object, began()).0, 201);
    }
    // A new namespace has one of Kubernetes' own.
    let all = get(&mut fleet, CONFIG, began())["items"].as_array().unwrap().len();
    let (mut names, mut token, mut pages) = (vec![], String::new(), 0);
    loop {
        let page = get(&mut fleet, &format!("{CONFIG}?limit=3&continue={token}"), began());
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
        assert_eq!(page["metadata"]["remainingItemCount"], all - names.len());
    }
    names.retain(|name| name.starts_with("map-"));
    assert_eq!((names.len(), pages), (7, 3));
    assert_eq!(call(&mut fleet, "GET", &format!("{CONFIG}?limit=3&continue=garbage"), "", "", began()).0, 400);
}
