//! AGIC as its chart came out of Helm, made ready: with 0 replicas, its service principal from Key Vault, and a Job that
//! proves its rights.
use crate::resources::answers::text;
use crate::site::Manifest;
use crate::site::preset::{ArmAuth, ArmAuthKind, PRINCIPAL_SECRET};
use crate::workload::chart::{Rendered, as_text};
use crate::workload::fence::fence;
use crate::workload::manifests::read;
use crate::workload::seen::SAYS_WHY;
use serde_json::{Value, json};

/// The Job's script, and the image that has what it needs.
const SCRIPT: &str = include_str!("rights.sh");
const IMAGE: &str = "mcr.microsoft.com/azure-cli:2.77.0";
/// The volume in which the chart expects a service principal, and the file in it.
const VOLUME: &str = "networking-appgw-k8s-azure-service-principal-mount";
const FILE: &str = "armAuth.json";
/// How often the Job's pod is tried: with Kubernetes' pauses about 25 min, since a new role takes up to 10 min to count.
const TRIES: u32 = 8;

/// What the chart of AGIC came to, as it goes to a cluster.
///
/// # Errors
/// When it is not what AGIC's chart comes to.
pub fn finished(manifest: &Manifest, rendered: Rendered) -> Result<Rendered, String> {
    let Some(auth) = &manifest.arm_auth else { return Ok(rendered) };
    let (placed, _) = read(&rendered.text).map_err(|notice| notice.to_string())?;
    let mut objects: Vec<_> = placed.into_iter().map(|placed| placed.value).collect();
    let is = |kind: &'static str| move |object: &&Value| object["kind"] == kind;
    let account = objects.iter().find(is("ServiceAccount")).map(|it| text(it, "/metadata/name").to_owned());
    let account = account.ok_or("it has no ServiceAccount, and AGIC's chart has one")?;
    let deployment = objects.iter().find(is("Deployment")).ok_or("it has no Deployment, and AGIC's chart has one")?;
    // By this label pods get an identity from AAD pod identity.
    let binding = deployment["spec"]["template"]["metadata"]["labels"]["aadpodidbinding"].clone();
    let vault = auth.secret.as_deref().map(Vault::of).transpose()?;
    if vault.is_some() {
        objects.retain(|object| object["kind"] != "Secret" || object["metadata"]["name"] != PRINCIPAL_SECRET);
    }
    for deployment in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
        fence(deployment);
        if vault.is_some() {
            let volumes = deployment["spec"]["template"]["spec"]["volumes"].as_array_mut();
            for volume in volumes.into_iter().flatten().filter(|volume| volume["name"] == VOLUME) {
                *volume = from_vault(VOLUME, &account);
            }
        }
    }
    let namespace = manifest.namespace();
    objects.extend(vault.map(|vault| vault.class(auth, &account, namespace)));
    if manifest.prove_rights.unwrap_or(true) {
        objects.push(job(auth, &account, namespace, &binding));
    }
    Ok(Rendered { text: as_text(&objects), ..rendered })
}

/// A secret in a Key Vault.
struct Vault {
    /// The vault's name.
    name: String,
    secret: String,
}

impl Vault {
    fn of(url: &str) -> Result<Self, String> {
        let wrong = || format!("expected a secret like https://<vault>.vault.azure.net/secrets/<name>, found {url:?}");
        let (host, secret) =
            url.strip_prefix("https://").and_then(|url| url.split_once("/secrets/")).ok_or_else(wrong)?;
        let name = host.split('.').next().unwrap_or_default();
        if name.is_empty() || secret.is_empty() || secret.contains('/') {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), secret: secret.to_owned() })
    }

    /// What the Key Vault add-on reads it by.
    fn class(&self, auth: &ArmAuth, name: &str, namespace: &str) -> Value {
        let reader = match &auth.read_by {
            Some(identity) => format!("${{identity.{identity}.clientId}}"),
            None => "${cluster.secretsProvider.clientId}".to_owned(),
        };
        let object = json!({"objectName": self.secret, "objectType": "secret", "objectAlias": FILE});
        json!({
            "apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"provider": "azure", "parameters": {
                "usePodIdentity": "false", "useVMManagedIdentity": "true", "userAssignedIdentityID": reader,
                "keyvaultName": self.name, "tenantId": "${tenant}", "cloudName": "${environment}",
                // JSON is YAML: a list of texts, each an object.
                "objects": json!({"array": [object.to_string()]}).to_string(),
            }},
        })
    }
}

fn from_vault(volume: &str, class: &str) -> Value {
    json!({"name": volume, "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": true,
        "volumeAttributes": {"secretProviderClass": class}}})
}

/// The Job that asks Resource Manager, as AGIC, what it may.
fn job(auth: &ArmAuth, account: &str, namespace: &str, binding: &Value) -> Value {
    let (kind, mut labels) = match auth.kind {
        ArmAuthKind::WorkloadIdentity => ("workloadIdentity", json!({"azure.workload.identity/use": "true"})),
        ArmAuthKind::AadPodIdentity => ("aadPodIdentity", json!({"aadpodidbinding": binding})),
        ArmAuthKind::ServicePrincipal => ("servicePrincipal", json!({})),
    };
    labels["app"] = "agic-rights".into();
    let env = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut variables =
        vec![env("AUTH", kind), env("CLOUD", "${environment}"), env("GATEWAY", "${gateway.id}"), env("HOME", "/tmp")];
    if let Some(identity) = &auth.identity {
        variables.push(env("CLIENT_ID", &format!("${{identity.{identity}.clientId}}")));
    }
    let mut container = json!({
        "name": "rights", "image": IMAGE, "command": ["bash", "-c", SCRIPT.replace("${", "$${")], "env": variables,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
    });
    let mut pod = json!({"serviceAccountName": account, "restartPolicy": "Never",
        "nodeSelector": {"kubernetes.io/os": "linux"}});
    if auth.kind == ArmAuthKind::ServicePrincipal {
        container["volumeMounts"] = json!([{"name": "auth", "mountPath": "/auth", "readOnly": true}]);
        pod["volumes"] = json!([from_vault("auth", account)]);
    }
    pod["containers"] = json!([container]);
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "agic-rights", "namespace": namespace, "annotations": {SAYS_WHY: "true"}},
        "spec": {"backoffLimit": TRIES - 1, "template": {"metadata": {"labels": labels}, "spec": pod}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::fence::is_fenced;

    fn chart(extra: &Value) -> Rendered {
        let secret = json!({"name": VOLUME, "secret": {"secretName": PRINCIPAL_SECRET}});
        let template = json!({"metadata": {"labels": {"aadpodidbinding": "ingress-azure"}},
            "spec": {"containers": [], "volumes": [{"name": "azure"}, secret]}});
        let objects = [
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ingress-azure"}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ingress-azure"},
                "spec": {"replicas": 1, "template": template}}),
            extra.clone(),
        ];
        Rendered { text: as_text(&objects), notes: vec![] }
    }

    fn made(auth: &Value) -> Vec<Value> {
        let manifest = json!({"preset": "agic", "namespace": "agic", "armAuth": auth});
        let manifest: Manifest = serde_json::from_value(manifest).expect("it is a manifest");
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": PRINCIPAL_SECRET},
            "data": {"armAuth.json": "e30="}});
        let made = finished(&manifest, chart(&secret)).expect("it is AGIC's chart");
        read(&made.text).expect("it is read again").0.into_iter().map(|placed| placed.value).collect()
    }

    fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
        objects.iter().find(|object| object["kind"] == kind).expect(kind)
    }

    #[test]
    fn it_does_not_start_and_its_rights_are_proved_as_itself() {
        let objects = made(&json!({"type": "workloadIdentity", "identity": "agic"}));
        assert!(is_fenced(one(&objects, "Deployment")));
        let pod = &one(&objects, "Job")["spec"]["template"];
        assert_eq!(pod["metadata"]["labels"]["azure.workload.identity/use"], "true");
        assert_eq!(pod["spec"]["serviceAccountName"], "ingress-azure");
        let script = pod["spec"]["containers"][0]["command"][2].as_str().expect("a script");
        assert!(!script.replace("$${", "").contains("${"), "nothing of the shell's is taken for a placeholder");
        let bound = made(&json!({"type": "aadPodIdentity", "identity": "agic"}));
        let labels = &one(&bound, "Job")["spec"]["template"]["metadata"]["labels"];
        assert_eq!(labels["aadpodidbinding"], "ingress-azure");
    }

    #[test]
    fn a_service_principal_comes_from_the_vault_and_lies_in_no_secret() {
        let secret = "https://kv-shop.vault.azure.cn/secrets/agic";
        let objects = made(&json!({"type": "servicePrincipal", "secret": secret, "readBy": "nodes"}));
        assert!(objects.iter().all(|object| object["kind"] != "Secret"));
        let parameters = &one(&objects, "SecretProviderClass")["spec"]["parameters"];
        assert_eq!(
            (&parameters["keyvaultName"], &parameters["cloudName"]),
            (&json!("kv-shop"), &json!("${environment}"))
        );
        assert_eq!(parameters["userAssignedIdentityID"], "${identity.nodes.clientId}");
        let volumes = &one(&objects, "Deployment")["spec"]["template"]["spec"]["volumes"];
        assert_eq!(volumes[1]["csi"]["volumeAttributes"]["secretProviderClass"], "ingress-azure");
        assert_eq!(volumes[0], json!({"name": "azure"}), "what is not the principal's stays");
        for wrong in ["https://kv/secrets/", "https://.x/secrets/a", "https://kv.x/secrets/a/b", "kv"] {
            assert!(Vault::of(wrong).is_err(), "{wrong}");
        }
    }
}
