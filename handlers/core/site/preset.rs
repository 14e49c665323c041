//! Ready-made controllers: what a site file says of them in a few words, and the charts and cluster settings that it means.
//!
//!
//! A site is expanded once, when its file is read: what is checked, rendered and published are charts like others.
use super::{Manifest, Site, lay_over};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A controller that is ready-made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The Application Gateway Ingress Controller, installed with 0 replicas.
    Agic,
    /// Workload identity: switched on in the cluster's body, or its webhook by chart.
    WorkloadIdentity,
    /// AAD pod identity. Deprecated since 2022, its repository is archived.
    AadPodIdentity,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Agic, Self::WorkloadIdentity, Self::AadPodIdentity];

    /// Its name in a site file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agic => "agic",
            Self::WorkloadIdentity => "workload-identity",
            Self::AadPodIdentity => "aad-pod-identity",
        }
    }

    /// The members of a manifest that mean something beside it alone.
    #[must_use]
    pub const fn members(self) -> &'static [&'static str] {
        match self {
            Self::Agic => &["armAuth", "rbac", "verbosity", "proveRights"],
            Self::WorkloadIdentity => &["webhook"],
            Self::AadPodIdentity => &["bindings", "allowKubenet"],
        }
    }

    /// Where its chart lies, the version that is taken where the site names none, and the namespace of its release.
    const fn chart(self) -> Chart {
        match self {
            Self::Agic => Chart {
                name: "ingress-azure",
                repo: None,
                oci: Some("oci://mcr.microsoft.com/azure-application-gateway/charts/ingress-azure"),
                version: "1.9.8",
                namespace: "agic",
            },
            Self::WorkloadIdentity => Chart {
                name: "workload-identity-webhook",
                repo: Some("https://azure.github.io/azure-workload-identity/charts"),
                oci: None,
                version: "1.6.0",
                namespace: "azure-workload-identity-system",
            },
            Self::AadPodIdentity => Chart {
                name: "aad-pod-identity",
                repo: Some("https://raw.githubusercontent.com/Azure/aad-pod-identity/master/charts"),
                oci: None,
                version: "4.1.18",
                namespace: "aad-pod-identity",
            },
        }
    }
}

struct Chart {
    name: &'static str,
    repo: Option<&'static str>,
    oci: Option<&'static str>,
    version: &'static str,
    namespace: &'static str,
}

/// As whom AGIC speaks with Resource Manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct ArmAuth {
    /// The kind, by the name that the chart has for it.
    #[serde(rename = "type")]
    pub kind: ArmAuthKind,
    /// With an identity: its name in the site's `identities`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub identity: Option<String>,
    /// With a service principal: the URL of the Key Vault secret that holds its `armAuth.json`. It is read in the cluster,
    /// and lies neither in the site file nor in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https://[^/]+/secrets/[^/]+$"))]
    #[schemars(with = "String")]
    pub secret: Option<String>,
    /// With a service principal: which of the site's `identities` reads that secret: that of the kubelets. Without it the
    /// identity of the cluster's Key Vault add-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub read_by: Option<String>,
}

/// The kinds in which AGIC proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ArmAuthKind {
    /// A federated credential for its service account.
    WorkloadIdentity,
    /// An identity that AAD pod identity hands out.
    AadPodIdentity,
    /// A service principal with a secret.
    ServicePrincipal,
}

/// The Secret in which AGIC's chart expects a service principal. None is made: its volume comes from Key Vault.
pub const PRINCIPAL_SECRET: &str = "networking-appgw-k8s-azure-service-principal";

/// Puts in the place of each ready-made controller what it means. A site that has none, or that was expanded before, stays as
/// it is.
pub fn expand(site: &mut Site) {
    let mut changes = json!({});
    for manifest in site.manifests_mut() {
        if let Some(preset) = manifest.preset {
            lay_over(&mut changes, &of_the_body(preset, manifest));
            expand_one(preset, manifest);
        }
    }
    let is_in_body = |manifest: &Manifest| manifest.preset.is_some() && manifest.chart.is_none();
    site.controllers.retain(|manifest| !is_in_body(manifest));
    site.workloads.retain(|manifest| !is_in_body(manifest));
    if changes.as_object().is_some_and(|changes| !changes.is_empty()) {
        // What the site itself says counts more.
        if site.cluster_changes.is_object() {
            lay_over(&mut changes, &site.cluster_changes);
        }
        site.cluster_changes = changes;
    }
}

/// Whether an entry of a site file becomes a setting of the cluster's body alone, and no chart.
pub(super) fn is_setting(entry: &Value) -> bool {
    entry["preset"] == Preset::WorkloadIdentity.name() && entry["webhook"] != true
}

/// What it needs in the cluster's body.
fn of_the_body(preset: Preset, manifest: &Manifest) -> Value {
    let issuer = json!({"oidcIssuerProfile": {"enabled": true}});
    match preset {
        Preset::WorkloadIdentity if manifest.webhook => json!({"properties": issuer}),
        Preset::WorkloadIdentity => json!({"properties": {"oidcIssuerProfile": {"enabled": true},
            "securityProfile": {"workloadIdentity": {"enabled": true}}}}),
        Preset::Agic if manifest.arm_auth.as_ref().is_some_and(|auth| auth.kind == ArmAuthKind::ServicePrincipal) => {
            json!({"properties": {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": true}}}})
        }
        Preset::Agic | Preset::AadPodIdentity => json!({}),
    }
}

fn expand_one(preset: Preset, manifest: &mut Manifest) {
    if preset == Preset::WorkloadIdentity && !manifest.webhook {
        return;
    }
    let chart = preset.chart();
    if manifest.chart.is_none() {
        match (&manifest.repo, chart.oci) {
            (None, Some(oci)) => manifest.chart = Some(oci.to_owned()),
            (repo, _) => {
                manifest.repo = repo.clone().or_else(|| chart.repo.map(str::to_owned));
                manifest.chart = Some(chart.name.to_owned());
            }
        }
    }
    // One below the site file says itself of which version it is.
    if manifest.is_fetched() {
        manifest.version.get_or_insert_with(|| chart.version.to_owned());
    }
    // A release of the chart's own name gives its objects that name, without anything before or behind it.
    manifest.name.get_or_insert_with(|| chart.name.to_owned());
    manifest.namespace.get_or_insert_with(|| chart.namespace.to_owned());
    let mut values = match preset {
        Preset::Agic => agic(manifest),
        Preset::WorkloadIdentity => json!({"azureTenantID": "${tenant}", "azureEnvironment": "${environment}"}),
        Preset::AadPodIdentity => pod_identity(manifest),
    };
    lay_over(&mut values, &Value::Object(std::mem::take(&mut manifest.values)));
    manifest.values = values.as_object().cloned().unwrap_or_default();
}

fn agic(manifest: &Manifest) -> Value {
    let mut values = json!({
        "appgw": {"applicationGatewayID": "${gateway.id}", "environment": "${environment}", "shared": false},
        "rbac": {"enabled": manifest.rbac.unwrap_or(true)},
        "verbosityLevel": manifest.verbosity.unwrap_or(3),
    });
    if let Some(auth) = &manifest.arm_auth {
        let name = auth.identity.as_deref().unwrap_or_default();
        let of_identity = |member: &str| format!("${{identity.{name}.{member}}}");
        values["armAuth"] = match auth.kind {
            ArmAuthKind::WorkloadIdentity => {
                json!({"type": "workloadIdentity", "identityClientID": of_identity("clientId")})
            }
            ArmAuthKind::AadPodIdentity => json!({"type": "aadPodIdentity",
                "identityClientID": of_identity("clientId"), "identityResourceID": of_identity("resourceId")}),
            // Charts before `existingSecret` want some text, and make a Secret of it, which is left out.
            ArmAuthKind::ServicePrincipal => {
                json!({"type": "servicePrincipal", "existingSecret": PRINCIPAL_SECRET, "secretJSON": "e30="})
            }
        };
    }
    values
}

fn pod_identity(manifest: &Manifest) -> Value {
    let bound = manifest.bindings.iter().map(|name| {
        let of_identity = |member: &str| format!("${{identity.{name}.{member}}}");
        let identity = json!({"type": 0, "resourceID": of_identity("resourceId"), "clientID": of_identity("clientId"),
            "binding": {"name": name, "selector": name}});
        (name.clone(), identity)
    });
    json!({"azureIdentities": Value::Object(bound.collect::<Map<_, _>>()),
        "nmi": {"allowNetworkPluginKubenet": manifest.allow_kubenet}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(controllers: &Value, changes: &Value) -> Site {
        let mut site: Value =
            serde_json::from_str(include_str!("../../../examples/shop/site.json")).expect("a test reads it");
        (site["controllers"], site["workloads"]) = (controllers.clone(), json!([]));
        site["clusterChanges"] = changes.clone();
        let mut site: Site = serde_json::from_value(site).expect("it is a site");
        expand(&mut site);
        site
    }

    #[test]
    fn a_word_becomes_a_chart_with_its_values_and_what_the_site_says_counts_more() {
        let auth = json!({"type": "workloadIdentity", "identity": "agic"});
        let site = expanded(
            &json!([{"preset": "agic", "armAuth": auth, "verbosity": 5, "values": {"appgw": {"usePrivateIP": true}}}]),
            &json!({}),
        );
        let agic = &site.controllers[0];
        assert_eq!(
            agic.chart.as_deref(),
            Some("oci://mcr.microsoft.com/azure-application-gateway/charts/ingress-azure")
        );
        assert_eq!(
            (agic.release(), agic.namespace(), agic.version.as_deref()),
            ("ingress-azure", "agic", Some("1.9.8"))
        );
        let expected = json!({
            "appgw": {"applicationGatewayID": "${gateway.id}", "environment": "${environment}", "shared": false, "usePrivateIP": true},
            "rbac": {"enabled": true}, "verbosityLevel": 5,
            "armAuth": {"type": "workloadIdentity", "identityClientID": "${identity.agic.clientId}"}});
        assert_eq!(Value::Object(agic.values.clone()), expected);
        let mut again = site.clone();
        expand(&mut again);
        assert_eq!(again, site, "it is expanded once");
    }

    #[test]
    fn a_chart_below_the_site_file_has_its_own_version() {
        let auth = json!({"type": "aadPodIdentity", "identity": "agic"});
        let site = expanded(&json!([{"preset": "agic", "chart": "./charts/agic", "armAuth": auth}]), &json!({}));
        assert_eq!((site.controllers[0].release(), &site.controllers[0].version), ("ingress-azure", &None));
    }

    #[test]
    fn the_old_address_is_a_repository() {
        let repo = "https://appgwingress.blob.core.windows.net/ingress-azure-helm-package";
        let auth = json!({"type": "aadPodIdentity", "identity": "agic"});
        let entry = json!([{"preset": "agic", "repo": repo, "version": "1.5.3", "armAuth": auth, "rbac": false}]);
        let site = expanded(&entry, &json!({}));
        let agic = &site.controllers[0];
        assert_eq!((agic.chart.as_deref(), agic.repo.as_deref()), (Some("ingress-azure"), Some(repo)));
        assert_eq!((agic.version.as_deref(), &agic.values["rbac"]), (Some("1.5.3"), &json!({"enabled": false})));
        assert_eq!(agic.values["armAuth"]["identityResourceID"], "${identity.agic.resourceId}");
    }

    #[test]
    fn what_the_cluster_itself_gives_goes_into_its_body() {
        let changes = json!({"properties": {"oidcIssuerProfile": {"enabled": false}, "x": 1}});
        let site = expanded(&json!([{"preset": "workload-identity"}]), &changes);
        assert!(site.controllers.is_empty());
        let expected = json!({"properties": {"oidcIssuerProfile": {"enabled": false},
            "securityProfile": {"workloadIdentity": {"enabled": true}}, "x": 1}});
        assert_eq!(site.cluster_changes, expected);
        let by_chart = expanded(&json!([{"preset": "workload-identity", "webhook": true}]), &json!(null));
        assert_eq!(by_chart.controllers[0].values["azureTenantID"], "${tenant}");
        assert_eq!(by_chart.cluster_changes, json!({"properties": {"oidcIssuerProfile": {"enabled": true}}}));
        let auth = json!({"type": "servicePrincipal", "secret": "https://v.vault.azure.cn/secrets/agic"});
        let principal = expanded(&json!([{"preset": "agic", "armAuth": auth}]), &json!({}));
        let add_on = "/properties/addonProfiles/azureKeyvaultSecretsProvider/enabled";
        assert_eq!(principal.cluster_changes.pointer(add_on), Some(&json!(true)));
    }

    #[test]
    fn identities_are_bound_under_their_own_names() {
        let site = expanded(&json!([{"preset": "aad-pod-identity", "bindings": ["shop"]}]), &json!({}));
        let bound = &site.controllers[0].values["azureIdentities"]["shop"];
        assert_eq!(bound["binding"], json!({"name": "shop", "selector": "shop"}));
        assert_eq!(bound["clientID"], "${identity.shop.clientId}");
    }
}
