//! The commands of a person against a whole installation over sockets: with tokens of an Azure CLI, exit statuses, and what is
//! said where nobody can be asked.
use crate::child::{program, text};
use bluegreen::local::installation::Installation;
use bluegreen::local::setting::{ACCOUNT, NAMESPACE};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::resources::digest::digest;
use bluegreen::run::Run;
use serde_json::{Value, json};
use simulated_azure::doors::{self, Doors};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;
use tokio::time::Instant;

/// The API servers of all clusters that are managed with Entra ID.
const CLUSTERS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// An installation whose functions run in this process, and a person with an Azure CLI beside it.
pub struct Desk {
    pub shop: Shop,
    _doors: Doors,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Desk {
    pub async fn open() -> Self {
        // Functions in this process do not reach the clusters, whose API servers have doors: nothing is asked of them.
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |site| site.singletons.clear()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let options =
            doors::Options { account: ACCOUNT.into(), namespace: NAMESPACE.into(), ..doors::Options::in_folder(&data) };
        let doors = Doors::open(&shop.azure, &options).await.unwrap();
        let mut settings: Vec<_> = doors.endpoints.app_settings().into_iter().collect();
        let setting = |name: &str| settings.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let names = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID", "AZURE_RESOURCE_MANAGER"];
        let [endpoint, header, client, arm] = names.map(setting);
        let (place, folder_) = (folder.path().to_owned(), [endpoint, header, client, arm]);
        tokio::task::spawn_blocking(move || write_az(&place, &folder_)).await.unwrap();
        settings.retain(|(name, _)| !name.starts_with("IDENTITY") && *name != "AZURE_CLIENT_ID");
        settings.push(("PATH", format!("{}:/usr/bin:/bin", folder.path().display())));
        Self { shop, _doors: doors, folder, settings }
    }

    async fn does(&self, words: &str) -> Output {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        self.carries_out(&words, self.folder.path()).await
    }

    /// Carries it out in this folder.
    pub async fn carries_out(&self, words: &[String], folder: &Path) -> Output {
        let (words, settings, folder) = (words.to_owned(), self.settings.clone(), folder.to_owned());
        let run = move || {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
            program(&words, &settings).current_dir(folder).output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// The function app's resource id.
    pub fn app(&self) -> String {
        Installation::of(&self.shop.article).app
    }

    /// What it printed, when it ended so.
    async fn says(&self, words: &str, status: i32) -> String {
        let ended = self.does(words).await;
        let said = text(&ended.stdout) + &text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(status), "{words}: {said}");
        for noise in ["reqwest", "retry policy", "panicked", "Some(", "RolledBack"] {
            assert!(!said.contains(noise), "{words}: {noise}: {said}");
        }
        said
    }

    fn run(&self) -> Run {
        self.shop.run().expect("there is a run")
    }

    /// How often the Azure CLI was asked since the last time.
    fn asked(&self) -> Vec<String> {
        let log = self.folder.path().join("asked");
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        std::fs::remove_file(&log).ok();
        said.lines().map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned()).collect()
    }
}

/// An Azure CLI that has tokens of the simulated Entra ID, and writes down what it was asked for.
fn write_az(folder: &Path, [endpoint, header, client, arm]: &[String; 4]) {
    let token = |resource: &str| token(endpoint, header, client, resource);
    let (storage, bus) = (token("https://storage.azure.com/"), token("https://servicebus.azure.net/"));
    let arm = token(&format!("https://{arm}/"));
    let clusters = token(CLUSTERS);
    let log = folder.join("asked");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nfor scope in \"$@\"; do :; done\ncase \"$scope\" in\n*storage*) token='{storage}' ;;\n\
         *servicebus*) token='{bus}' ;;\n*{CLUSTERS}*) token='{clusters}' ;;\n*) token='{arm}' ;;\nesac\n\
         printf '{{\"accessToken\":\"%s\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}' \"$token\"\n",
        log.display()
    );
    let file = folder.join("az");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn token(endpoint: &str, header: &str, client: &str, resource: &str) -> String {
    let (host, path) = endpoint.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let path = format!("/{path}?api-version=2019-08-01&resource={resource}&client_id={client}");
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nX-IDENTITY-HEADER: {header}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    body["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_person_starts_looks_orders_and_is_known_by_the_account() {
    let desk = Desk::open().await;
    desk.says("status nowhere", 6).await;
    assert!(desk.says("start shop 1.99.0", 3).await.contains("the region offers no version 1.99.0"));
    desk.says("start shop latest-stable --by eve", 2).await;
    desk.asked();
    let started = desk.says("start shop latest-stable --reason night", 0).await;
    let mut asked = desk.asked();
    asked.sort_unstable();
    let all = asked.len();
    asked.dedup();
    assert_eq!((asked.len(), all), (3, 3), "once for each service: {asked:?}");
    let run = desk.run();
    assert!(started.contains(&run.id) && run.journal[0].what.starts_with("night ("), "{started}");
    let began = Instant::now();
    let shown = desk.says("status shop", 0).await;
    println!("status over sockets took {} ms", began.elapsed().as_millis());
    for part in ["blue 100 %, green 0 %", "way back", "you can", "next", run.id.as_str()] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json = desk.says("status shop --json", 0).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["run"]["id"], &json["serving"]["colour"]), (&run.id.clone().into(), &"blue".into()));
    let refused = desk.says("pause shop", 2).await;
    assert!(refused.contains("Say --yes") && desk.run().held.is_none(), "{refused}");
    desk.says("pause shop --yes", 0).await;
    assert!(desk.run().journal.iter().any(|entry| entry.who.starts_with("person:") && entry.who != "person:operator"));
    assert!(desk.says("status shop", 4).await.contains("PAUSED by a person"));
    let eve = desk.says("order shop resume --by eve", 2).await;
    assert!(eve.contains("az account show"), "{eve}");
    desk.says("wait shop --for ending --timeout 1", 4).await;
    desk.says("order shop resume", 0).await;
    assert!(desk.says("promote shop --yes", 3).await.contains("only a watch or a soak"));
    assert!(desk.says("serving shop", 0).await.starts_with("blue /subscriptions/"));
    assert!(desk.says("site unpublish shop --yes", 3).await.contains("is under way"));
    desk.says("order shop roll_back", 0).await;
    assert!(desk.says("export shop", 0).await.contains("\"overview\""));
}

#[tokio::test]
async fn with_the_functions_stopped_and_the_bus_down_the_rest_is_shown() {
    let desk = Desk::open().await;
    desk.says("start shop latest-stable", 0).await;
    desk.shop.host.stop();
    let down = simulated_azure::Fault::always(
        "down",
        simulated_azure::On::host("servicebus"),
        simulated_azure::Effect::Refuse,
    );
    desk.shop.azure.world().faults.add(down);
    assert!(desk.says("status shop", 0).await.contains("blue 100 %"));
    assert!(desk.says("why shop", 0).await.contains("what led here"));
    let dry = desk.does("break-glass shop --to blue --dry-run").await;
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    desk.says("pause shop --yes", 0).await;
}

#[tokio::test]
async fn a_site_with_a_chart_is_published_for_the_versions_of_its_region() {
    let desk = Desk::open().await;
    let place = desk.folder.path().join("site");
    std::fs::create_dir_all(place.join("proxy/templates")).unwrap();
    let helm = place.join("helm");
    let script = "#!/bin/sh\n[ \"$1\" != version ] || { printf v3.19.0; exit; }\nprintf '%s\\n' \"$*\" >>\"${0%/*}/asked\"\n\
        echo '{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"proxy\"}}'\n";
    std::fs::write(&helm, script).unwrap();
    std::fs::set_permissions(&helm, PermissionsExt::from_mode(0o755)).unwrap();
    let mut site = serde_json::to_value(&desk.shop.site).unwrap();
    site["controllers"] = json!([{"chart": "proxy", "namespace": "edge"}]);
    site["workloads"] = json!([]);
    std::fs::write(place.join("site.json"), site.to_string()).unwrap();
    let mut desk = desk;
    desk.settings.push(("BLUEGREEN_HELM", helm.display().to_string()));
    let words = format!("site publish {}", place.join("site.json").display());
    let said = desk.says(&words, 0).await;
    assert!(said.contains("chart proxy for 1.33, 1.34, 1.35, 1.36: 2 changes"), "{said}");
    assert!(said.contains("new: ConfigMap edge/proxy") && !said.contains("not judged"), "{said}");
    let asked = std::fs::read_to_string(place.join("asked")).unwrap();
    assert!(asked.contains("--kube-version 1.34.") && asked.contains("--api-versions v1/"), "{asked}");
    let again = desk.says(&words, 0).await;
    assert!(again.contains("1.36: no change to what was published before"), "{again}");
    for version in ["latest-stable", "1.35.1"] {
        let planned = desk.says(&format!("plan shop {version}"), 0).await;
        assert!(planned.contains("every check of CheckPlan holds"), "{planned}");
    }
    // A chart that does not come to anything with a version that is not the next one keeps nobody from publishing it.
    let limited = "#!/bin/sh\n[ \"$1\" != version ] || { printf v3.19.0; exit; }\ncase \"$*\" in *--kube-version\\ 1.35.*)\n\
        echo 'Error: chart requires kubeVersion: <1.35.0' >&2; exit 1;; esac\n\
        echo '{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"proxy\"}}'\n";
    std::fs::write(&helm, limited).unwrap();
    let said = desk.says(&words, 0).await;
    assert!(said.contains("no run can go to Kubernetes 1.35 with this") && said.contains("<1.35.0"), "{said}");
    assert!(said.contains("chart proxy for 1.33, 1.34, 1.36: no change"), "{said}");
    let planned = desk.says("plan shop 1.35.1", 3).await;
    assert!(planned.contains("rendered for 1.33, 1.34, 1.36, not for 1.35"), "{planned}");
}

#[tokio::test]
async fn a_plan_lists_what_is_written_beside_the_gateway() {
    let desk = Desk::open().await;
    let mut site = desk.shop.site.clone();
    site.singletons =
        serde_json::from_value(json!([{"kind": "CronJob", "namespace": "shop", "name": "nightly"}])).unwrap();
    let agic = json!({"preset": "agic", "chart": "ingress-azure", "renderings": {"1.34": digest("")},
        "armAuth": {"type": "servicePrincipal", "secret": "https://kv-shop.vault.azure.net/secrets/agic"}});
    site.controllers.push(serde_json::from_value(agic).unwrap());
    let store = &desk.shop.operator.store;
    store.keep(&BTreeMap::from([(digest(""), String::new())])).await.unwrap();
    let example =
        |file: &str| Ok(std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")))?);
    store.publish(site, example).await.unwrap();
    let planned = desk.does("plan shop latest-stable").await;
    let said = text(&planned.stdout) + &text(&planned.stderr);
    for words in [
        "AGIC, the preset, is applied with 0 replicas and stays so",
        "until RetireOldCluster",
        "is stopped in aks-blue, then started in aks-green: CronJob shop/nightly",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn a_plan_shows_what_will_be_kept_and_whether_it_fits() {
    let desk = Desk::open().await;
    let mut site = desk.shop.site.clone();
    site.capacity = serde_json::from_str("{}").ok();
    let example =
        |file: &str| Ok(std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")))?);
    desk.shop.operator.store.publish(site, example).await.unwrap();
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"minReplicas": 1, "maxReplicas": 20,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    {
        let now = desk.shop.azure.clock().now();
        let world = desk.shop.azure.world();
        let blue = world.resource_manager.resource(&desk.shop.article.blue).unwrap();
        let host = blue["properties"]["fqdn"].as_str().unwrap().to_owned();
        world.kubernetes.server(&host).unwrap().apply(&scaler, now).unwrap();
    }
    let said = desk.says("plan shop latest-stable", 0).await;
    assert!(said.contains("capacity  both clusters are kept as large as the load wants:"), "{said}");
    let row = said.lines().find(|line| line.contains("Deployment shop/web")).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(row.split_whitespace().skip(2).take(2).collect::<Vec<_>>(), ["3", "3"], "{said}");
    assert!(said.contains("the 3 nodes that it begins with offer 12.0 cores"), "{said}");
    assert!(said.contains(": it fits\n") && !said.contains("warning: capacity"), "{said}");
}
