//! Reads what `doctor` judges: Resource Manager, the store, the clusters' API servers. It only looks.
use super::discovery::Looker;
use crate::azure::arm::ArmError;
use crate::azure::subscriptions::API_VERSION;
use crate::plan::checks::goes_out_by_routes;
use crate::resources::answers::text;
use crate::resources::gateway::Gateway;
use crate::site::{Site, Slot};
use crate::store::Store;
use crate::survey::doctor::{App, Looked, Observed, SeenCluster, SeenNamespace, SeenPin, SeenSite, Unread, principals};
use crate::workload::pins::{marked, undo};
use azure_core::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

mod app;
mod rights;

const STORAGE: &str = "2025-08-01";
const SUBSCRIPTIONS: &str = "2022-12-01";

/// What is to be looked over.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Base URL of the store.
    pub store: String,
    /// Host name of the Service Bus namespace.
    pub bus: String,
    /// The function app, if it was named.
    pub app: Option<App>,
}

/// Looks at an installation. `here` is this machine's time; `None`: times are not compared.
pub async fn look_over(
    looker: &Looker,
    store: &Store,
    installation: &Installation,
    here: Option<Timestamp>,
) -> Observed {
    let caller = looker.caller().await;
    let resource_managers = looker.time().await;
    let names = store.sites().await;
    let told = store.now().map_err(|error| unread(&format!("{error:#}"), None));
    let mut sites = vec![];
    for name in names.iter().flatten() {
        sites.push(looker.site(store, name).await);
    }
    let subscriptions = subscriptions(installation, &sites);
    let mut app = None;
    if let Some(named) = &installation.app {
        app = Some(looker.app(named, &subscriptions).await);
    }
    let identities = app.as_ref().and_then(|app| app.app.as_ref().ok()).map(principals).unwrap_or_default();
    for seen in &mut sites {
        seen.rights = looker.rights(store, seen, &identities).await;
    }
    Observed {
        caller,
        here: here.unwrap_or_default(),
        elsewhere: match here {
            Some(_) => vec![("Resource Manager", resource_managers), ("the store", told)],
            None => vec![],
        },
        store: installation.store.clone(),
        bus: installation.bus.clone(),
        sites: names.map(|_| sites).map_err(|error| from_store(&error)),
        app,
        namespace: looker.namespace(&installation.bus, &subscriptions).await,
        account: looker.account(&installation.store, &subscriptions).await,
    }
}

fn subscriptions(installation: &Installation, sites: &[SeenSite]) -> BTreeSet<String> {
    let of = |id: &str| id.split('/').nth(2).unwrap_or_default().to_lowercase();
    let sites = sites.iter().filter_map(|seen| seen.site.as_ref().ok());
    let ids = sites.flat_map(|site: &Site| [&site.gateway, &site.slots.blue.cluster, &site.slots.green.cluster]);
    let app = installation.app.as_ref().map(App::id);
    ids.map(String::as_str).chain(app).map(of).filter(|id| !id.is_empty()).collect()
}

fn unread(what: &str, role: Option<&'static str>) -> Unread {
    Unread { what: what.to_owned(), role }
}

/// What was not allowed names the role that allows it.
fn refused(role: &'static str) -> impl Fn(ArmError) -> Unread {
    move |error| unread(&error.to_string(), matches!(error.status, 401 | 403).then_some(role))
}

fn from_store(error: &anyhow::Error) -> Unread {
    let status = error.chain().find_map(|cause| cause.downcast_ref::<azure_core::Error>()?.http_status());
    let denied = status.is_some_and(|status| matches!(status, StatusCode::Forbidden | StatusCode::Unauthorized));
    unread(&format!("{error:#}"), denied.then_some("Storage Blob Data Reader on the storage account"))
}

impl Looker {
    /// What the token says whose it is.
    async fn caller(&self) -> Looked<Value> {
        let token = self.credential.get_token(&[&self.arm.cloud().scope], None).await;
        let token = token.map_err(|error| unread(&format!("there is no token for Resource Manager: {error}"), None))?;
        let claims = token.token.secret().split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
        claims.ok_or_else(|| unread("the token for Resource Manager does not say whose it is", None))
    }

    async fn time(&self) -> Looked<Timestamp> {
        let answer =
            self.arm.get("/subscriptions", SUBSCRIPTIONS).await.map_err(refused("Reader on the subscription"))?;
        answer.date().ok_or_else(|| unread("Resource Manager told no time", None))
    }

    async fn site(&self, store: &Store, name: &str) -> SeenSite {
        let found = store.site(name).await.map_err(|error| from_store(&error));
        let site = found.and_then(|site| site.ok_or_else(|| unread(&format!("the site {name} vanished"), None)));
        let Ok(known) = &site else {
            let gateway = Err(unread("the site is unknown", None));
            return SeenSite {
                name: name.to_owned(),
                site,
                gateway,
                clusters: vec![],
                routes: vec![],
                pinned: vec![],
                rights: vec![],
                run: None,
            };
        };
        let cloud = self.arm.cloud();
        let gateway = self.arm.find(&known.gateway, &cloud.network).await;
        let gateway = gateway.map(|found| found.map(Gateway)).map_err(refused("Reader on the gateway"));
        let (mut clusters, mut pinned) = (vec![], vec![]);
        for id in [&known.slots.blue.cluster, &known.slots.green.cluster] {
            let cluster = self.arm.find(id, &cloud.container_service).await;
            let cluster = cluster.map_err(refused("Reader on the clusters' resource group"));
            let running = cluster.as_ref().ok().and_then(Option::as_ref);
            let running = running.filter(|found| text(found, "/properties/powerState/code") == "Running");
            let server = match running {
                Some(found) => Some(self.answers(found).await.map_err(|error| format!("{error:#}"))),
                None => None,
            };
            if let (Some(found), Some(Ok(())), true) = (running, &server, known.capacity.is_some()) {
                pinned.extend(self.pinned(found).await);
            }
            clusters.push((id.clone(), cluster, server));
        }
        let routes = self.routes(known, &clusters).await;
        let run = store.run(name).await.ok().flatten().map(|found| found.value);
        let run = run.filter(|run| run.ending.is_none()).map(|run| run.id.clone());
        SeenSite { name: name.to_owned(), site, gateway, clusters, routes, pinned, rights: vec![], run }
    }

    /// The route tables of the slots' subnets, where a cluster goes out by them. A subnet that cannot be read has none that is
    /// known.
    async fn routes(&self, site: &Site, clusters: &[SeenCluster]) -> Vec<String> {
        let by_them = |(_, cluster, _): &SeenCluster| {
            let cluster = cluster.as_ref().ok().and_then(Option::as_ref);
            cluster.is_some_and(goes_out_by_routes)
        };
        let mut tables = vec![];
        if clusters.iter().any(by_them) {
            for subnet in [&site.slots.blue, &site.slots.green].into_iter().flat_map(Slot::all_subnets) {
                let found = self.arm.find(&subnet, &self.arm.cloud().network).await.ok().flatten();
                tables.extend(found.map(|subnet| text(&subnet, "/properties/routeTable/id").to_owned()));
            }
        }
        tables.retain(|id| !id.is_empty());
        tables
    }

    /// What runs keep large in a cluster. What cannot be seen is told where the cluster is.
    async fn pinned(&self, cluster: &Value) -> Vec<SeenPin> {
        let id = text(cluster, "/id");
        let scaled = self.scaled(cluster).await.unwrap_or_default();
        let pin = |object: &Value| {
            let what = undo(object, false)?.what;
            let run = marked(object).map(|mark| mark.run).unwrap_or_default();
            Some(SeenPin { cluster: id.to_owned(), what, run })
        };
        scaled.all().filter_map(pin).collect()
    }

    /// The one resource of a kind that a test finds in these subscriptions.
    async fn one(
        &self,
        kind: &str,
        version: &str,
        subscriptions: &BTreeSet<String>,
        is_it: impl Fn(&Value) -> bool,
    ) -> Looked<Option<Value>> {
        for subscription in subscriptions {
            let id = format!("/subscriptions/{subscription}/providers/{kind}");
            let all = self.arm.list(&id, version).await.map_err(refused("Reader on the subscription"))?;
            if let Some(found) = all.into_iter().find(|found| is_it(found)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn account(&self, store: &str, subscriptions: &BTreeSet<String>) -> Looked<Option<Value>> {
        let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
        let is_it = |found: &Value| bare(text(found, "/properties/primaryEndpoints/blob")) == bare(store);
        self.one("Microsoft.Storage/storageAccounts", STORAGE, subscriptions, is_it).await
    }

    async fn namespace(&self, bus: &str, subscriptions: &BTreeSet<String>) -> Looked<Option<SeenNamespace>> {
        let host = bus.split(':').next().unwrap_or_default();
        let is_it = |found: &Value| text(found, "/properties/serviceBusEndpoint").contains(&format!("//{host}:"));
        let found = self.one("Microsoft.ServiceBus/namespaces", API_VERSION, subscriptions, is_it).await?;
        let Some(found) = found else { return Ok(None) };
        let mut namespace = SeenNamespace { id: text(&found, "/id").to_owned(), entities: BTreeMap::new() };
        let mut ahead = vec!["queues".to_owned(), "topics".to_owned()];
        while let Some(path) = ahead.pop() {
            let id = format!("{}/{path}", namespace.id);
            let all = self.arm.list(&id, API_VERSION).await.map_err(refused("Reader on the Service Bus namespace"))?;
            for entity in all {
                let own = format!("{path}/{}", text(&entity, "/name"));
                match path.rsplit('/').next() {
                    Some("topics") => ahead.push(format!("{own}/subscriptions")),
                    Some("subscriptions") => ahead.push(format!("{own}/rules")),
                    _ => {}
                }
                namespace.entities.insert(own, entity);
            }
        }
        Ok(Some(namespace))
    }
}
