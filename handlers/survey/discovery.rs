//! What lies around a gateway or a cluster: looked at with Resource Manager and the cluster's API server alone, before
//! there is a store, a bus or a function.
use crate::azure::arm::{Arm, ArmError};
use crate::azure::attached::attached;
use crate::azure::kubernetes::{Refused, connect};
use crate::process::clock::Clock;
use crate::process::cloud::Cloud;
use crate::process::wire::Wire;
use crate::resources::answers::{list, same_id, text};
use crate::resources::gateway::Gateway;
use crate::run::StepError;
use crate::survey::site_init::{Found, serving, serving_gateways};
use crate::workload::pins::Scaled;
use anyhow::{Context, bail};
use azure_core::credentials::TokenCredential;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const GATEWAYS: &str = "Microsoft.Network/applicationGateways";
const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";
/// An API server that has not answered by then cannot be reached from here.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// What says which controllers and workloads run, at which addresses, and for which host names.
const KINDS: [(&str, &str); 5] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "StatefulSet"),
    ("v1", "Service"),
    ("networking.k8s.io/v1", "Ingress"),
];

/// What both clusters do while there are two. Not every cluster knows these kinds, and not everybody may see them.
const MORE_KINDS: [(&str, &str); 8] = [
    ("batch/v1", "CronJob"),
    ("v1", "PersistentVolumeClaim"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("keda.sh/v1alpha1", "ScaledJob"),
    ("cert-manager.io/v1", "ClusterIssuer"),
    ("cert-manager.io/v1", "Issuer"),
    ("argoproj.io/v1alpha1", "CronWorkflow"),
    ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication"),
];

/// Who looks, and where.
#[derive(Clone)]
pub struct Looker {
    /// Resource Manager.
    pub arm: Arm,
    /// The way to the API servers.
    pub wire: Wire,
    /// Who asks.
    pub credential: Arc<dyn TokenCredential>,
}

impl Looker {
    /// What looks at this cloud, as this identity.
    #[must_use]
    pub fn new(cloud: &Cloud, wire: &Wire, credential: &Arc<dyn TokenCredential>, clock: &Clock) -> Self {
        let arm = Arm::new(cloud, credential, &wire.http, clock);
        Self { arm, wire: wire.clone(), credential: credential.clone() }
    }

    /// Looks at what a gateway or a cluster, named by its resource id, belongs to. `cluster` chooses among several behind
    /// one gateway.
    ///
    /// # Errors
    /// When the id names neither, something cannot be read, or it stays unclear what belongs together.
    pub async fn around(&self, id: &str, cluster: Option<&str>) -> anyhow::Result<Found> {
        let kind = |kind: &str| id.to_lowercase().contains(&format!("/providers/{}/", kind.to_lowercase()));
        let cluster = if kind(CLUSTERS) { Some(id) } else { cluster };
        if !kind(GATEWAYS) && !kind(CLUSTERS) {
            bail!(
                "expected the resource id of an Application Gateway or of a managed cluster, like \
                 /subscriptions/<id>/resourceGroups/<group>/providers/{GATEWAYS}/<name>, found {id:?}"
            );
        }
        let subscription = id.split('/').nth(2).unwrap_or_default();
        let clusters = self.clusters(subscription, cluster).await?;
        let gateways = if kind(GATEWAYS) {
            vec![self.arm.resource(id, &self.arm.cloud().network).await?]
        } else {
            self.arm.list(&below(subscription, GATEWAYS), &self.arm.cloud().network).await?
        };
        let gateways: Vec<_> = gateways.into_iter().map(Gateway).collect();
        let networks = self.networks(&gateways, &clusters).await?;
        let gateway = one(&gateways, &networks, &clusters, id)?.clone();
        let serves = serving(&gateway, &networks, &clusters, cluster).map_err(anyhow::Error::msg)?.cluster.clone();
        let inside = self.inside(&serves).await.map_err(|error| format!("{error:#}"));
        let (objects, unseen) = match inside {
            Ok(Inside { objects, unseen }) => (Ok(objects), unseen),
            Err(why) => (Err(why), vec![]),
        };
        let attached = attached(&self.arm, &serves, &[]).await?;
        let addresses = list(&gateway.0, "/properties/frontendIPConfigurations").iter();
        let addresses = addresses.map(|part| text(part, "/properties/publicIPAddress/id").to_owned());
        let addresses = self.readable(addresses.filter(|id| !id.is_empty())).await?;
        Ok(Found {
            gateway,
            networks,
            addresses,
            clusters,
            cluster: cluster.map(str::to_owned),
            objects,
            unseen,
            attached,
        })
    }

    async fn clusters(&self, subscription: &str, wanted: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let version = &self.arm.cloud().container_service;
        let mut clusters = self.arm.list(&below(subscription, CLUSTERS), version).await?;
        // One of another subscription.
        if let Some(id) = wanted.filter(|id| !clusters.iter().any(|cluster| same_id(text(cluster, "/id"), id))) {
            clusters.push(self.arm.resource(id, version).await?);
        }
        Ok(clusters)
    }

    /// The networks of the gateways and the clusters.
    async fn networks(&self, gateways: &[Gateway], clusters: &[Value]) -> Result<Vec<Value>, ArmError> {
        let part = |list_at: &'static str, id: &'static str| {
            move |resource: &Value| -> Vec<String> {
                list(resource, list_at).iter().map(|part| text(part, id).to_owned()).collect()
            }
        };
        let of_gateways = gateways
            .iter()
            .map(|gateway| &gateway.0)
            .flat_map(part("/properties/gatewayIPConfigurations", "/properties/subnet/id"));
        let of_clusters = clusters.iter().flat_map(part("/properties/agentPoolProfiles", "/vnetSubnetID"));
        let ids = of_gateways.chain(of_clusters);
        let ids: BTreeSet<_> =
            ids.filter_map(|id| Some(id.to_lowercase().split_once("/subnets/")?.0.to_owned())).collect();
        self.readable(ids.into_iter()).await
    }

    /// Parts of the network by their ids. What must not be read is left out.
    async fn readable(&self, ids: impl Iterator<Item = String>) -> Result<Vec<Value>, ArmError> {
        let mut all = vec![];
        for id in ids {
            match self.arm.find(&id, &self.arm.cloud().network).await {
                Ok(found) => all.extend(found),
                Err(error) if error.status == 403 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Whether a cluster's API server answers us.
    ///
    /// # Errors
    /// When it cannot be reached from here, or refuses.
    pub async fn answers(&self, cluster: &Value) -> anyhow::Result<()> {
        self.listed(cluster, &[("v1", "Namespace")], &[]).await.map(|_| ())
    }

    /// What says how large the workloads of a cluster are.
    ///
    /// # Errors
    /// When its API server cannot be reached from here, or refuses.
    pub async fn scaled(&self, cluster: &Value) -> anyhow::Result<Scaled> {
        let looked = async {
            let server = connect(&self.arm, &self.wire, &self.credential, text(cluster, "/id")).await?;
            server.scaled().await
        };
        let looked = timeout(PATIENCE, looked).await;
        looked.context("its API server does not answer")?.map_err(StepError::into_cause)
    }

    /// What runs in a cluster.
    ///
    /// # Errors
    /// When its API server cannot be reached from here, or refuses.
    pub async fn inside(&self, cluster: &Value) -> anyhow::Result<Inside> {
        self.listed(cluster, &KINDS, &MORE_KINDS).await
    }

    async fn listed(
        &self,
        cluster: &Value,
        kinds: &[(&str, &str)],
        more: &[(&str, &'static str)],
    ) -> anyhow::Result<Inside> {
        let looked = async {
            let server = connect(&self.arm, &self.wire, &self.credential, text(cluster, "/id")).await?;
            let mut inside = Inside::default();
            for (api_version, kind) in kinds {
                inside.objects.extend(server.all(api_version, kind).await?);
            }
            for (api_version, kind) in more {
                match server.all(api_version, kind).await.map_err(StepError::into_cause) {
                    Ok(found) => inside.objects.extend(found),
                    Err(error) => match error.downcast_ref::<Refused>().map(|refused| refused.code) {
                        Some(404) => {}
                        Some(401 | 403) => inside.unseen.push(*kind),
                        _ => return Err(error.into()),
                    },
                }
            }
            Ok::<_, StepError>(inside)
        };
        let looked = timeout(PATIENCE, looked).await;
        let looked =
            looked.with_context(|| format!("its API server does not answer within {} s", PATIENCE.as_secs()))?;
        looked.map_err(StepError::into_cause)
    }
}

/// What runs in a cluster.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// The objects.
    pub objects: Vec<Value>,
    /// Further kinds, of which nobody was allowed to see any.
    pub unseen: Vec<&'static str>,
}

fn below(subscription: &str, kind: &str) -> String {
    format!("/subscriptions/{subscription}/providers/{kind}")
}

/// The gateway that was named, or the one that leads to the cluster that was named.
fn one<'a>(gateways: &'a [Gateway], networks: &[Value], clusters: &[Value], id: &str) -> anyhow::Result<&'a Gateway> {
    let Some(cluster) = clusters.iter().find(|cluster| same_id(text(cluster, "/id"), id)) else {
        return gateways.first().with_context(|| format!("there is no gateway {id}"));
    };
    match serving_gateways(gateways, networks, clusters, cluster)[..] {
        [only] => Ok(only),
        [] => bail!("no gateway of the subscription has an address of {id} in a pool: name the gateway instead"),
        ref several => {
            let ids: Vec<_> = several.iter().map(|gateway| text(&gateway.0, "/id")).collect();
            bail!("{id} is behind several gateways: name one of {} instead", ids.join(", "))
        }
    }
}
