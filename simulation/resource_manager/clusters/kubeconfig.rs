//! The kubeconfigs of a cluster's users. Pure.
use super::super::answers::{Refusal, refuse};
use super::super::neighbours::Neighbours;
use crate::ids::{TENANT, hex_of};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// `listClusterUserCredential`. With Entra the user has to log in; else the file carries a token.
pub(super) fn user(cluster: &Value, format: Option<&str>, neighbours: &Neighbours) -> Result<Value, Refusal> {
    let properties = &cluster["properties"];
    let login = if properties["aadProfile"].is_null() {
        token(cluster, "user")
    } else if format.is_some_and(|format| format.eq_ignore_ascii_case("exec")) {
        format!(
            "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n      - --environment\n      - AzurePublicCloud\n      - --server-id\n      - 6dae42f8-4368-4678-94ff-3960e28e3630\n      - --client-id\n      - 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n      - --tenant-id\n      - {TENANT}\n      - --login\n      - devicecode\n      command: kubelogin\n      env: null\n      installHint: See https://azure.github.io/kubelogin\n      provideClusterInfo: false\n"
        )
    } else {
        format!(
            "    auth-provider:\n      config:\n        apiserver-id: 6dae42f8-4368-4678-94ff-3960e28e3630\n        client-id: 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n        config-mode: \"1\"\n        environment: AzurePublicCloud\n        tenant-id: {TENANT}\n      name: azure\n"
        )
    };
    file(cluster, "clusterUser", &login, neighbours)
}

/// `listClusterAdminCredential`, which needs local accounts.
pub(super) fn admin(cluster: &Value, neighbours: &Neighbours) -> Result<Value, Refusal> {
    if cluster["properties"]["disableLocalAccounts"] == true {
        let message = "Getting static credential is not allowed because this cluster is set to disable local accounts.";
        return Err(refuse(400, "BadRequest", message));
    }
    file(cluster, "clusterAdmin", &token(cluster, "admin"), neighbours)
}

fn token(cluster: &Value, who: &str) -> String {
    format!("    token: {}\n", text(cluster, who))
}

/// The tokens that a cluster's kubeconfigs carry.
pub(super) fn tokens(cluster: &Value) -> Vec<String> {
    let properties = &cluster["properties"];
    let user = properties["aadProfile"].is_null().then_some("user");
    let admin = (properties["disableLocalAccounts"] != true).then_some("admin");
    user.into_iter().chain(admin).map(|who| text(cluster, who)).collect()
}

fn text(cluster: &Value, who: &str) -> String {
    let uid = cluster["properties"]["resourceUID"].as_str().unwrap_or_default();
    hex_of(&format!("{uid} {who} token"))
}

fn file(cluster: &Value, who: &str, login: &str, neighbours: &Neighbours) -> Result<Value, Refusal> {
    let (name, id) = (cluster["name"].as_str().unwrap_or_default(), cluster["id"].as_str().unwrap_or_default());
    let Some(host) = cluster["properties"]["fqdn"].as_str() else {
        let message = format!("Operation is not allowed: the cluster {name} has no API server yet.");
        return Err(refuse(409, "OperationNotAllowed", message));
    };
    let group = super::super::place::Place::of(id).group.unwrap_or_default();
    let (user, authority) = (format!("{who}_{group}_{name}"), STANDARD.encode(&neighbours.authority));
    let server = neighbours.api_server(host);
    let context = if who == "clusterAdmin" { format!("{name}-admin") } else { name.to_owned() };
    let yaml = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {authority}\n    server: {server}\n  name: {name}\ncontexts:\n- context:\n    cluster: {name}\n    user: {user}\n  name: {context}\ncurrent-context: {context}\nkind: Config\npreferences: {{}}\nusers:\n- name: {user}\n  user:\n{login}"
    );
    Ok(json!({"kubeconfigs": [{"name": who, "value": STANDARD.encode(yaml)}]}))
}
