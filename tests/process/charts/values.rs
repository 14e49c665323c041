//! Secrets among the values of a chart: they would lie readable in the store.
use super::{CONFIG, check, folder, write};
use serde_json::json;

#[test]
fn a_secret_among_the_values_is_a_warning_with_its_remedy() {
    let values = json!({
        "apiKey": "hunter2",
        "extraEnv": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LEVEL", "value": "debug"}],
        "auth": {"existingSecret": "shop", "passwordKey": "password", "clientSecret": "${cluster.name}"},
        "token": {"enabled": true, "audience": "api"},
        "imagePullSecrets": [{"name": "pull"}], "tokenPath": "/var/run/token", "password": "",
    });
    let chart = json!({"chart": "proxy", "values": values, "valuesFile": "more.yaml"});
    let folder = folder(CONFIG, &chart);
    write(&folder, "more.yaml", "db:\n  adminPasswd: hunter2\n");
    let (status, said) = check(&folder, "helm");
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let warned: Vec<_> = said.lines().filter(|line| line.contains("would lie readable")).collect();
    for place in ["/controllers/0/values/apiKey", "/controllers/0/values/extraEnv/0/value", "/controllers/0/valuesFile"]
    {
        assert!(warned.iter().any(|line| line.contains(&format!("warning  {place}: "))), "{place}: {said}");
    }
    assert!(warned.len() == 3 && said.contains("more.yaml at /db/adminPasswd: "), "{said}");
}
