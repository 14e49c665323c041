//! The installation of the shop as Resource Manager shows it: the function app, its identity and roles, store and bus.
use super::setting::{ACCOUNT, NAMESPACE};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulated_azure::article::{Article, SUBSCRIPTION};
use simulated_azure::entra::principal_of;
use simulated_azure::resource_manager::HostStatus;
use simulated_azure::{Cloud, World};

/// The client id of the function app's identity.
pub const CLIENT: &str = "00000000-0000-4000-8000-00000000c11e";
/// What a host makes of our `host.json`: the newest bundle in its range, as of July 2026.
const BUNDLE: (&str, &str) = ("Microsoft.Azure.Functions.ExtensionBundle", "4.38.0");
const ACTIONS: &str = include_str!("../../infra/actions.json");

/// Where the installation's services are, and who the function app is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Base URL of the blobs.
    pub blobs: String,
    /// Host name of the Service Bus namespace, perhaps with a port.
    pub bus: String,
    /// The client id of the function app's identity.
    pub client: String,
}

/// Resource id of the shop's Service Bus namespace.
#[must_use]
pub fn namespace() -> String {
    Installation::of(&Article { subscription: SUBSCRIPTION.into(), ..Article::default() }).namespace
}

impl Addresses {
    /// At the services' own host names.
    #[must_use]
    pub fn of(cloud: Cloud) -> Self {
        Self {
            blobs: format!("https://{ACCOUNT}.blob.{}/", cloud.storage()),
            bus: format!("{NAMESPACE}.{}", cloud.bus()),
            client: CLIENT.into(),
        }
    }
}

/// Every id of the installation.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The function app.
    pub app: String,
    /// Its plan.
    pub plan: String,
    /// Its identity.
    pub identity: String,
    /// The storage account.
    pub account: String,
    /// The Service Bus namespace.
    pub namespace: String,
}

impl Installation {
    /// The ids of the installation beside the article's base.
    #[must_use]
    pub fn of(article: &Article) -> Self {
        let id =
            |what: &str| format!("/subscriptions/{}/resourceGroups/rg-upgrader/providers/{what}", article.subscription);
        Self {
            app: id("Microsoft.Web/sites/func-upgrader"),
            plan: id("Microsoft.Web/serverfarms/plan-upgrader"),
            identity: id("Microsoft.ManagedIdentity/userAssignedIdentities/id-upgrader"),
            account: id(&format!("Microsoft.Storage/storageAccounts/{ACCOUNT}")),
            namespace: id(&format!("Microsoft.ServiceBus/namespaces/{NAMESPACE}")),
        }
    }

    /// Sets the installation up, or sets it right.
    pub(super) fn set_up(&self, world: &mut World, article: &Article, at: &Addresses, now: Timestamp) {
        let Addresses { blobs, bus, client } = at;
        let principal = principal_of(client);
        let endpoint = if bus.contains(':') { format!("https://{bus}/") } else { format!("https://{bus}:443/") };
        let mut parts = vec![
            (self.identity.clone(), json!({"location": article.location, "properties": {"clientId": client}})),
            (
                self.account.clone(),
                json!({"location": article.location, "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
                "properties": {"primaryEndpoints": {"blob": blobs}}}),
            ),
            (
                self.namespace.clone(),
                json!({"location": article.location, "sku": {"name": "Standard", "tier": "Standard"},
                "properties": {"serviceBusEndpoint": endpoint}}),
            ),
            (
                self.plan.clone(),
                json!({"location": article.location, "kind": "functionapp",
                "sku": {"name": "FC1", "tier": "FlexConsumption"}, "properties": {"reserved": true}}),
            ),
            (
                self.app.clone(),
                json!({"location": article.location, "kind": "functionapp,linux",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {self.identity.clone(): {"clientId": client}}},
                "properties": {"serverFarmId": self.plan,
                "functionAppConfig": {"runtime": {"name": "custom", "version": "1.0"}}}}),
            ),
            (
                format!("{}/config/appsettings", self.app),
                json!({"location": article.location, "properties": settings(at, &self.namespace)}),
            ),
        ];
        for (index, (name, permission, scope)) in self.roles(article).into_iter().enumerate() {
            let guid = format!("0000000{}-0000-4000-8000-0000000000d{}", index % 10, index % 10);
            let definition = format!(
                "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
                article.subscription
            );
            parts.push((
                definition.clone(),
                json!({"properties": {"roleName": name, "type": "CustomRole", "permissions": [permission]}}),
            ));
            parts.push((
                format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{guid}"),
                json!({"properties": {"roleDefinitionId": definition, "principalId": principal, "principalType": "ServicePrincipal"}}),
            ));
        }
        for (id, body) in parts {
            world.resource_manager.place(&id, body, &mut world.kubernetes, now);
        }
        let extension_bundle = Some((BUNDLE.0.to_owned(), BUNDLE.1.to_owned()));
        world
            .resource_manager
            .set_host_status(&self.app, Some(HostStatus { extension_bundle, ..HostStatus::default() }));
    }

    /// What the identity may do where: as `infra/` gives it, a region reader, a role on the site's group, and data.
    fn roles(&self, article: &Article) -> Vec<(&'static str, Value, String)> {
        let subscription = format!("/subscriptions/{}", article.subscription);
        let group = format!("{subscription}/resourceGroups/{}", article.resource_group);
        let listed: Vec<Value> = serde_json::from_str(ACTIONS).unwrap_or_default();
        let all = listed.iter().filter_map(|entry| entry["action"].as_str());
        let above = ["/locations/", "/locks/", "/resourceGroups/", "/skus/"];
        let (regional, own): (Vec<_>, Vec<_>) = all.partition(|action| above.iter().any(|part| action.contains(part)));
        let resources =
            |actions: &[&str]| json!({"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []});
        let data =
            |actions: &[&str]| json!({"actions": [], "notActions": [], "dataActions": actions, "notDataActions": []});
        let sender = |scope| ("Azure Service Bus Data Sender", data(&["Microsoft.ServiceBus/*/send/action"]), scope);
        vec![
            ("region reader", resources(&regional), subscription),
            ("cluster replacer and traffic turner", resources(&own), group.clone()),
            ("message counter", resources(&["Microsoft.ServiceBus/namespaces/*/read"]), self.namespace.clone()),
            (
                "Storage Blob Data Owner",
                data(&["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]),
                self.account.clone(),
            ),
            sender(format!("{}/topics/upgrade-steps", self.namespace)),
            sender(format!("{}/queues/upgrade-requests", self.namespace)),
            (
                "Azure Service Bus Data Receiver",
                data(&["Microsoft.ServiceBus/*/receive/action"]),
                self.namespace.clone(),
            ),
            (
                "Azure Kubernetes Service RBAC Cluster Admin",
                data(&["Microsoft.ContainerService/managedClusters/*"]),
                group,
            ),
        ]
    }
}

/// The settings of the function app.
fn settings(at: &Addresses, namespace: &str) -> Value {
    let Addresses { blobs, bus, client } = at;
    json!({
        "AzureWebJobsStorage__blobServiceUri": blobs,
        "AzureWebJobsStorage__queueServiceUri": blobs.replacen(".blob.", ".queue.", 1),
        "AzureWebJobsStorage__tableServiceUri": blobs.replacen(".blob.", ".table.", 1),
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": client,
        "ServiceBusConnection__fullyQualifiedNamespace": bus,
        "ServiceBusConnection__credential": "managedidentity",
        "ServiceBusConnection__clientId": client,
        "SERVICE_BUS_RESOURCE_ID": namespace,
        "AZURE_CLIENT_ID": client,
    })
}
