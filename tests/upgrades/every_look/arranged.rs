//! A simulated Azure and a run in the state that an input describes. What our earlier invocations did is done by the
//! real clients, so that operations, marks and versions are real ones.
use super::input::{Input, Members, Newest, Ours};
use super::ways::{Canceled, Gone, Watch, Way};
use crate::edited::edited;
use bluegreen::azure::clusters::Written;
use bluegreen::functions::app::App;
use bluegreen::local::scene::Scene;
use bluegreen::local::shop::app_of;
use bluegreen::plan::{Kind, Plan, PlannedPools, Surroundings, planned};
use bluegreen::resources::gateway;
use bluegreen::resources::tags::{RUN_TAG, SERVING_TAG};
use bluegreen::run::kept::Kept;
use bluegreen::run::{Following, QUIET_TIME, Run};
use bluegreen::site::{Colour, FailedCluster, OldCluster, Site, Stage};
use bluegreen::step::Step;
use bluegreen::steps::acting::Azure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulated_azure::article::Options;
use simulated_azure::{Clock, Process};
use std::time::Duration;

const RUN: &str = "shop-1";
const WATCH_MINUTES: u32 = 2;
/// A write of the gateway, and then a deletion of a cluster, is over after this.
const WRITTEN: Duration = Duration::from_secs(60);
/// What was seen so long ago is looked at anew.
const A_LONG_TIME: SignedDuration = SignedDuration::from_mins(10);
const DELETED: Duration = Duration::from_secs(400);

/// The world, and the clients of the process that looks at it.
pub struct Arranged {
    pub scene: Scene,
    pub app: App,
    /// The mark of the newest write of the gateway.
    pub newest: String,
}

/// The world in this state, and the run's document in its store.
pub async fn arrange(input: &Input, way: &Way) -> Arranged {
    let scene = set(input, way);
    let app = app_of(&scene.azure, &Process::new("look")).unwrap();
    let run = begun(&scene);
    app.store.save(&run, None).await.unwrap();
    let loaded = app.store.run("shop").await.unwrap().expect("it was saved");
    let azure = app.azure_for(&loaded);
    let past = Past { scene: &scene, azure, run: &run };

    let landed = past.write(&run.plan.candidate(), Newest::Landed).await;
    let deletion = past.delete_what_is_gone(input, way.gone).await;
    let canceled = match (input.operation, way.canceled) {
        (Some(Ours::Canceled), Canceled::Superseded) => Some(past.write(&run.plan.at_stage(0), Newest::InFlight).await),
        (Some(Ours::Canceled), Canceled::Failed) => Some(past.write(&run.plan.at_stage(0), Newest::Failed).await),
        (Some(Ours::Newest | Ours::Landed) | None, _) => None,
    };
    let newest = past.write(&members(&run.plan, input.shown, way), input.newest).await;

    let operation = match input.operation {
        Some(Ours::Newest) => Some(newest.clone()),
        Some(Ours::Landed) => Some(landed.clone()),
        Some(Ours::Canceled) => canceled,
        None => deletion.filter(|_| way.recorded),
    };
    let in_force = input.in_force.map(|ours| mark(if ours == Ours::Newest { &newest } else { &landed }));
    save(&app, input, way, &json!({"operation": operation, "inForce": in_force})).await;
    Arranged { scene, app, newest: mark(&newest) }
}

/// The run's document as the input says; what it follows and what is in force is given.
async fn save(app: &App, input: &Input, way: &Way, writes: &Value) {
    let found = app.store.run("shop").await.unwrap().expect("it was saved");
    let ago = |time: SignedDuration| found.at - time;
    let almost = QUIET_TIME - SignedDuration::from_secs(1);
    let watched = match way.watch {
        Watch::Over | Watch::Ill => SignedDuration::from_mins(i64::from(WATCH_MINUTES)),
        Watch::UnderWay => SignedDuration::ZERO,
    };
    let present = json!({
        "step": input.step, "stage": input.stage, "stepBegan": ago(watched), "writes": true, "moved": true,
        "stageBegan": if way.old { ago(A_LONG_TIME) } else { found.at },
        "quietFrom": ago(if input.quiet { QUIET_TIME } else if way.soon { SignedDuration::ZERO } else { almost }),
        "reducing": input.reducing.then_some(json!({"running": true, "pools": []})),
    });
    let run = edited(&edited(&found.value, &present), writes);
    app.store.save(&run, Some(&found.etag)).await.unwrap();
}

/// The shop with both clusters, before anything was written.
fn set(input: &Input, way: &Way) -> Scene {
    let began: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
    let scene = Scene::set(Clock::starting_at(began), &Options::default(), true, |site| change(site, input, way));
    let scene = scene.unwrap();
    let mut green = scene.article.cluster(&scene.article.green_subnet, &Options::default());
    green["tags"][RUN_TAG] = RUN.into();
    // It says already what pipelines should know: the model has no such act.
    green["tags"][SERVING_TAG] = if input.step == Step::RetireOldCluster { "true" } else { "false" }.into();
    {
        let world = &mut *scene.azure.world();
        world.resource_manager.place(&scene.article.green, green, &mut world.kubernetes, began);
        world.resource_manager.honour_if_match = way.otherwise;
    }
    let is_ill = way.watch == Watch::Ill;
    if is_ill && input.step == Step::DeleteNewCluster {
        // There it is the old cluster that must serve.
        let world = &mut *scene.azure.world();
        let blue = world.resource_manager.resource(&scene.article.blue).unwrap();
        let host = blue["properties"]["fqdn"].as_str().unwrap().to_owned();
        let long = SignedDuration::from_hours(1);
        world.kubernetes.break_workloads(&host, began - long, began + long);
    }
    if !is_ill || input.step == Step::DeleteNewCluster {
        scene.bring_workloads(Colour::Green, began - SignedDuration::from_hours(1)).unwrap();
    }
    scene
}

fn change(site: &mut Site, input: &Input, way: &Way) {
    let watch_minutes = WATCH_MINUTES;
    site.stages = vec![Stage { share: 50, watch_minutes }, Stage { share: 100, watch_minutes }];
    site.soak_minutes = WATCH_MINUTES;
    site.old_cluster = if input.keeps_clusters { OldCluster::Keep } else { OldCluster::Delete };
    site.failed_cluster = if input.keeps_clusters { FailedCluster::Keep } else { FailedCluster::Delete };
    if way.otherwise {
        let (blue, green) = (&mut site.slots.blue.cluster, &mut site.slots.green.cluster);
        let names = [&mut site.gateway, blue, green, &mut site.pools.candidate];
        names.into_iter().chain(&mut site.pools.live).for_each(|name| *name = name.to_uppercase());
    }
}

/// A run from blue to green that has decided nothing yet.
fn begun(scene: &Scene) -> Run {
    let site = scene.site.clone();
    let blue = scene.azure.world().resource_manager.resource(&scene.article.blue).unwrap().clone();
    let (old, new) = (&site.slots.blue.addresses, &site.slots.green.addresses);
    let stages: Vec<_> = site.stages.iter().map(|stage| planned(stage, old, new)).collect();
    let plan = Plan {
        kind: Kind::Upgrade,
        version: "1.34.6".parse().unwrap(),
        old: Colour::Blue,
        old_uid: blue["properties"]["resourceUID"].as_str().unwrap().into(),
        found_uid: None,
        found_stopped: false,
        kept: None,
        found_glass: None,
        pools: Some(PlannedPools::of(&site, Colour::Blue, &stages)),
        stages,
        surroundings: Surroundings::default(),
        site,
    };
    Run::begin(RUN.into(), "request".into(), Kept::new(plan).unwrap(), "a test", scene.azure.clock().now())
}

fn members(plan: &Plan, shown: Members, way: &Way) -> gateway::Members {
    match shown {
        Members::Old if way.candidate => plan.candidate(),
        Members::Old => plan.before(),
        Members::Mixed => plan.at_stage(0),
        Members::New => plan.at_stage(1),
        Members::Retired => plan.retired(),
    }
}

fn mark(following: &Following) -> String {
    match following {
        Following::GatewayWrite { mark, .. } => mark.clone(),
        other => panic!("a write of the gateway is followed as such: {other:?}"),
    }
}

/// What earlier invocations of the run did.
struct Past<'a> {
    scene: &'a Scene,
    azure: Azure,
    run: &'a Run,
}

impl Past<'_> {
    /// A write of the gateway, as far as it came.
    async fn write(&self, members: &gateway::Members, came: Newest) -> Following {
        if came == Newest::Failed {
            let mut world = self.scene.azure.world();
            world.resource_manager.fail_next_operation("PUT …/applicationGateways/", "InternalServerError", "again");
        }
        let read = self.azure.gateway(&self.run.plan.site.gateway).await.unwrap();
        let write = self
            .azure
            .writer
            .write_gateway(self.azure.permit().await.unwrap(), self.run, &read, members)
            .await
            .unwrap();
        if came != Newest::InFlight {
            self.scene.azure.clock().sleep(WRITTEN).await;
        }
        write
    }

    /// The deletion of the cluster that the input does not have.
    async fn delete_what_is_gone(&self, input: &Input, gone: Gone) -> Option<Following> {
        let slot = match (input.old_cluster, input.new_cluster) {
            (true, true) => return None,
            (false, true) => self.run.plan.old_slot(),
            (true, false) => self.run.plan.new_slot(),
            (false, false) => panic!("nothing serves: {input:?}"),
        };
        let found = self.azure.cluster(&slot.cluster).await.unwrap().expect("it was placed");
        let Written::Accepted(operation) =
            self.azure.writer.delete_cluster(self.azure.permit().await.unwrap(), &slot.cluster, &found).await.unwrap()
        else {
            panic!("the deletion of {} was not accepted", slot.cluster);
        };
        if gone == Gone::Over {
            self.scene.azure.clock().sleep(DELETED).await;
        }
        Some(Following::ClusterChange(operation))
    }
}
