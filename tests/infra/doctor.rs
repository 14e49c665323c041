//! `doctor` finds nothing to mend in what the templates deploy: its lists and theirs are the same.
use crate::snapshot::{SHAPES, Snapshot, text};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::resources::gateway::Gateway;
use bluegreen::survey::doctor::{Observed, Row, SeenApp, SeenNamespace, SeenSite, State, environment, examine};
use serde_json::{Value, json};

/// What the built-in roles of the functions allow with data; the others are about telemetry and the host's own tables.
///
/// <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
const BUILT_IN: [(&str, &str); 4] = [
    ("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"),
    ("4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", "Microsoft.ServiceBus/*/receive/action"),
    ("69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "Microsoft.ServiceBus/*/send/action"),
    ("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Microsoft.ContainerService/managedClusters/*"),
];

fn definition(snapshot: &Snapshot, role: &str) -> Value {
    let custom = snapshot.actions(role);
    let built_in: Vec<_> = BUILT_IN.iter().filter(|(guid, _)| *guid == role).map(|(_, action)| action).collect();
    json!({"properties": {"roleName": role, "permissions": [{"actions": custom, "dataActions": built_in}]}})
}

/// The app, with what Azure adds left out.
fn app(snapshot: &Snapshot, is_contained: bool) -> SeenApp {
    let roles = snapshot.roles_of_the_functions();
    let assignments = roles
        .iter()
        .map(|(scope, role)| json!({"id": scope, "properties": {"scope": scope, "roleDefinitionId": role}}));
    let (app, settings) = match is_contained {
        true => {
            let app = snapshot.only("Microsoft.App/containerApps");
            (app, environment(app))
        }
        false => (snapshot.only("Microsoft.Web/sites"), snapshot.only("Microsoft.Web/sites/config").clone()),
    };
    SeenApp {
        app: Ok(app.clone()),
        settings: Ok(settings),
        host: Ok(None),
        assignments: Ok(assignments.collect()),
        definitions: roles.iter().map(|(_, role)| (role.clone(), Ok(definition(snapshot, role)))).collect(),
    }
}

/// The bus, as Azure shows entities that were made so: active.
fn bus(snapshot: &Snapshot) -> SeenNamespace {
    let id = text(snapshot.only("Microsoft.ServiceBus/namespaces"), "/id").to_owned();
    let below = format!("{id}/");
    let own =
        snapshot.resources().iter().filter(|it| text(it, "/type").starts_with("Microsoft.ServiceBus/namespaces/"));
    let entities = own.map(|entity| {
        let mut shown = entity.clone();
        shown["properties"]["status"] = "Active".into();
        (text(entity, "/id").strip_prefix(&below).unwrap().to_owned(), shown)
    });
    SeenNamespace { entities: entities.collect(), id: id.clone() }
}

/// The shop's site, as it is there.
fn site() -> SeenSite {
    crate::snapshot::paused(async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let world = shop.azure.world();
        let found = |id: &str| world.resource_manager.resource(id).cloned();
        let slots = [&shop.site.slots.blue, &shop.site.slots.green];
        SeenSite {
            name: "shop".into(),
            gateway: Ok(found(&shop.site.gateway).map(Gateway)),
            clusters: slots.map(|slot| (slot.cluster.clone(), Ok(found(&slot.cluster)), None)).into(),
            site: Ok(shop.site.clone()),
            routes: vec![],
            pinned: vec![],
            rights: vec![],
            run: None,
        }
    })
}

#[test]
fn what_is_deployed_has_the_settings_the_entities_and_the_roles_that_doctor_looks_for() {
    let site = site();
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let app = app(&snapshot, shape == "containers");
        let setting = |name: &str| app.settings.as_ref().unwrap()["properties"][name].as_str().unwrap().to_owned();
        let seen = Observed {
            caller: Ok(json!({})),
            here: jiff::Timestamp::UNIX_EPOCH,
            elsewhere: vec![],
            store: setting("AzureWebJobsStorage__blobServiceUri"),
            bus: setting("ServiceBusConnection__fullyQualifiedNamespace"),
            sites: Ok(vec![site.clone()]),
            namespace: Ok(Some(bus(&snapshot))),
            account: Ok(Some(snapshot.only("Microsoft.Storage/storageAccounts").clone())),
            app: Some(app),
        };
        let rows = examine(&seen);
        for check in ["settings", "entities", "roles"] {
            let of: Vec<_> = rows.iter().filter(|row| row.check == check).collect();
            // Where the webhooks' addresses lie in a key vault, nobody sees them.
            let is_well = |row: &&Row| row.state == State::Well || row.what.contains("(TELL) lies in a secret");
            assert!(!of.is_empty() && of.iter().all(is_well), "{shape}: {of:#?}");
        }
    }
}
