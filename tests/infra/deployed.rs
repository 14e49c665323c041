//! The templates are deployed into an empty simulated subscription, and an upgrade runs in what they made: with the site
//! file that `site init` writes, the settings that the app has, and the rights at Resource Manager that its identity was
//! given. Those to data are not enforced by the simulated services: `doctor` compares them.
use crate::deployment::{SUBSCRIPTION, deploy};
use crate::snapshot::{SHAPES, Snapshot, looker, paused, text};
use bluegreen::local::scene::Scene;
use bluegreen::local::shop::{Options, Shop, app_with};
use bluegreen::local::story::{Plot, play};
use bluegreen::local::users::Users;
use bluegreen::process::config::Config;
use bluegreen::site::check::parse;
use bluegreen::site::{Colour, Site};
use bluegreen::store::Store;
use bluegreen::store::with_digests;
use bluegreen::survey::checkup::{self, look_over};
use bluegreen::survey::doctor::{App, State, examine};
use bluegreen::survey::site_init::draft;
use http::StatusCode;
use simulated_azure::article::Article;
use simulated_azure::resource_manager::HostStatus;
use simulated_azure::{Clock, Process, SimulatedAzure};
use std::time::Duration;

const PERSON: &str = "00000000-0000-4000-8000-0000000000aa";
const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop");

fn subscription() -> SimulatedAzure {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()));
    azure.world().resource_manager.add_subscription(SUBSCRIPTION);
    // The SDK's credentials judge a token's end by the system's clock, which knows nothing of this world.
    azure.world().entra.managed_identity_lifetime = jiff::SignedDuration::from_hours(100 * 365 * 24);
    azure
}

/// The settings of the app as they were deployed.
fn config(azure: &SimulatedAzure, snapshot: &Snapshot) -> Config {
    let id = text(snapshot.only("Microsoft.Web/sites/config"), "/id");
    let world = azure.world();
    let settings = &world.resource_manager.resource(id).unwrap()["properties"];
    Config::read(|name| settings[name].as_str().map(str::to_owned)).unwrap()
}

/// The site file of what is there, with the decisions taken that a person must take.
async fn drafted(azure: &SimulatedAzure, gateway: &str) -> Site {
    let found = looker(azure, "person", PERSON).around(gateway, None).await.unwrap();
    let draft = draft(&found, Some("shop")).unwrap();
    let undecided: Vec<_> = draft.placeholders.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(undecided, ["/partnersKnowOutboundAddress", "/federationPrepared"], "{}", draft.text);
    let lines = draft.text.lines().map(|line| match line.split_once("\"decide: ") {
        Some((member, _)) => format!("{member}true{}", if line.ends_with(',') { "," } else { "" }),
        None => line.to_owned(),
    });
    parse(&lines.collect::<Vec<_>>().join("\n")).unwrap()
}

/// The manifests of the example.
fn read(file: &str) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(format!("{SHOP}/{file}"))?)
}

/// The scene of a site in a world.
fn scene(azure: &SimulatedAzure, site: Site, account: &str) -> Scene {
    let slot = |colour: Colour| site.slot(colour).addresses.iter().map(ToString::to_string).collect();
    let article = Article {
        gateway: site.gateway.clone(),
        live_pool: site.pools.live[0].clone(),
        candidate_pool: site.pools.candidate.clone(),
        blue: site.slots.blue.cluster.clone(),
        green: site.slots.green.cluster.clone(),
        blue_addresses: slot(Colour::Blue),
        green_addresses: slot(Colour::Green),
        // The gateway of the base takes every host name.
        host: "shop.example.com".into(),
        ..Article::default()
    };
    Scene { account: account.into(), azure: azure.clone(), article, site, users: Users::Nobody }
}

#[test]
fn every_shape_is_taken_as_it_is() {
    for shape in SHAPES {
        paused(async {
            let (azure, snapshot) = (subscription(), Snapshot::of(shape));
            // The group of the site is there before; with the base it is made.
            azure.world().resource_manager.add_group(SUBSCRIPTION, "rg-shop", "westeurope");
            deploy(&azure, &snapshot).await;
            let world = azure.world();
            for resource in snapshot.resources() {
                assert!(world.resource_manager.resource(text(resource, "/id")).is_some(), "{shape}: {resource}");
            }
            assert_eq!(world.service_bus.entities().iter().filter(|it| !it.contains('$')).count(), 15, "{shape}");
        });
    }
}

#[test]
fn an_upgrade_runs_in_what_was_deployed() {
    paused(async {
        let (azure, snapshot) = (subscription(), Snapshot::of("full"));
        deploy(&azure, &snapshot).await;
        let gateway = text(snapshot.only("Microsoft.Network/applicationGateways"), "/id");
        let config = config(&azure, &snapshot);
        // What the base does not bring: the workload. Where its ingress is to listen is known before.
        let (account, empty) =
            (text(snapshot.only("Microsoft.Storage/storageAccounts"), "/name"), drafted(&azure, gateway).await);
        scene(&azure, with_digests(empty, read).unwrap().0, account)
            .bring_workloads(Colour::Blue, azure.clock().now())
            .unwrap();
        azure.clock().sleep(Duration::from_secs(600)).await;

        let site = drafted(&azure, gateway).await;
        let serving = snapshot.only("Microsoft.ContainerService/managedClusters");
        assert_eq!(site.slots.blue.cluster, text(serving, "/id"));
        assert_eq!(site.smoke_tests[0].url, "http://shop.example.com:8080/healthz");
        let operator = app_with(&azure, &Process::new("operator"), &config).unwrap();
        let scene = scene(&azure, operator.store.publish(site, read).await.unwrap(), account);
        let app = text(snapshot.only("Microsoft.Web/sites"), "/id");
        let before = findings(&azure, app, &operator.store, &config).await;
        assert_eq!(before, ["host: the host runs without an extension bundle: it knows no Service Bus"]);
        // The second command: the package is published.
        let extension_bundle = Some(("Microsoft.Azure.Functions.ExtensionBundle".into(), "4.38.0".into()));
        let status = HostStatus { extension_bundle, ..HostStatus::default() };
        azure.world().resource_manager.set_host_status(app, Some(status));
        assert_eq!(findings(&azure, app, &operator.store, &config).await, [""; 0]);

        azure.world().resource_manager.enforce_roles();
        let shop = Shop::around(scene, &config, &Options::default()).unwrap();
        let told = play(&shop, Plot::default()).await.unwrap();
        assert_eq!(
            (told.ending(), told.serving.name()),
            ("upgraded", "green"),
            "{:?} {:?}",
            told.run.failure,
            told.run.held
        );
        assert!(told.users.sent > 1000 && told.users.failed == 0, "{:?}", told.users);
        let world = azure.world();
        let refused = world.calls.iter().filter(|call| call.status == Some(StatusCode::FORBIDDEN));
        let refused: Vec<_> = refused.map(|call| (&call.action, &call.path)).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    });
}

/// What `doctor` would have somebody mend.
async fn findings(azure: &SimulatedAzure, app: &str, store: &Store, config: &Config) -> Vec<String> {
    let app = Some(App::Site(app.to_owned()));
    let installation = checkup::Installation { store: config.store.clone(), bus: config.bus.clone(), app };
    let seen = look_over(&looker(azure, "person", PERSON), store, &installation, Some(azure.clock().now())).await;
    let rows = examine(&seen).into_iter().filter(|row| row.state == State::Finding);
    rows.map(|row| format!("{}: {}", row.check, row.what)).collect()
}

/// What passes above passes because of the roles: whoever has none is refused.
#[test]
fn without_roles_resource_manager_refuses() {
    paused(async {
        let (azure, snapshot) = (subscription(), Snapshot::of("full"));
        deploy(&azure, &snapshot).await;
        azure.world().resource_manager.enforce_roles();
        let gateway = text(snapshot.only("Microsoft.Network/applicationGateways"), "/id");
        let refused = looker(&azure, "person", PERSON).arm.get(gateway, "2025-07-01").await.unwrap_err();
        assert_eq!((refused.status, &*refused.code), (403, "AuthorizationFailed"));
        let app = config(&azure, &snapshot).client_id.unwrap();
        looker(&azure, "app", &app).arm.get(gateway, "2025-07-01").await.unwrap();
    });
}
