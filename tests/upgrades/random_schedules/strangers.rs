//! Somebody else writes the gateway, and how it should look after that.
use super::scene::Scene;
use super::what::What;
use crate::world_after::gateway;
use bluegreen::resources::tags::{MARK_TAG, MOST_TAGS};
use serde_json::{Value, json};
use simulated_azure::resource_manager::remove_pool;
use std::time::Duration;

/// How somebody else writes the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It leaves our members and our mark as they are.
    KeepsOurs,
    /// It leaves our members, and drops our mark.
    DropsMark,
    /// It takes one of our members away.
    DropsMember,
    /// It writes what its template says: all traffic to the old cluster.
    FromTemplate,
    /// It takes the candidate pool away, with its rule and listener.
    DropsCandidate,
    /// It puts an address of somebody else into the candidate pool.
    FillsCandidate,
    /// It changes a setting on the way of the users to the live pools.
    ChangesSetting,
    /// It makes a pool of its own with an address of the new slot.
    TakesAddress,
}

impl Edit {
    pub const ALL: [Self; 8] = [
        Self::KeepsOurs,
        Self::DropsMark,
        Self::DropsMember,
        Self::FromTemplate,
        Self::DropsCandidate,
        Self::FillsCandidate,
        Self::ChangesSetting,
        Self::TakesAddress,
    ];

    /// The name under which its hits are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeepsOurs => "stranger-keeps-ours",
            Self::DropsMark => "stranger-drops-mark",
            Self::DropsMember => "stranger-drops-member",
            Self::FromTemplate => "stranger-template",
            Self::DropsCandidate => "stranger-drops-candidate",
            Self::FillsCandidate => "stranger-fills-candidate",
            Self::ChangesSetting => "stranger-changes-setting",
            Self::TakesAddress => "stranger-takes-address",
        }
    }
}

impl Scene<'_> {
    /// Somebody else writes the gateway.
    pub fn stranger(&self, edit: Edit, what: &What) {
        let Some(run) = self.shop.run() else { return };
        let article = &self.shop.article;
        let now = self.now();
        // Whoever sends all traffic to a cluster that is being retired, or cannot serve, breaks it himself.
        let breaks = run.is_reducing() || self.is_lost_now(&article.blue);
        let edit = if edit == Edit::FromTemplate && breaks { Edit::DropsMember } else { edit };
        let tag = format!("hop {}", run.hop);
        let write = |body: &mut Value| {
            if edit == Edit::DropsCandidate {
                remove_pool(body, &article.candidate_pool);
            }
            let addresses = |all: &[String]| all.iter().map(|ip| json!({"ipAddress": ip})).collect::<Vec<_>>();
            if matches!(edit, Edit::DropsMark | Edit::FromTemplate) {
                body["tags"].as_object_mut().map(|tags| tags.remove(MARK_TAG));
            }
            if edit == Edit::KeepsOurs {
                body["tags"]["stranger"] = tag.clone().into();
            }
            change(body, edit, &article.green_addresses[0]);
            for pool in body["properties"]["backendAddressPools"].as_array_mut().into_iter().flatten() {
                let is = |name: &str| pool["name"] == name;
                let (live, candidate) = (is(&article.live_pool), is(&article.candidate_pool));
                let members = &mut pool["properties"]["backendAddresses"];
                match edit {
                    Edit::FromTemplate if live => *members = addresses(&article.blue_addresses).into(),
                    Edit::FromTemplate if candidate => *members = json!([]),
                    Edit::FillsCandidate if candidate => *members = addresses(&["10.1.40.4".to_owned()]).into(),
                    Edit::DropsMember if live => {
                        members.as_array_mut().filter(|members| members.len() > 1).map(Vec::pop);
                    }
                    Edit::FromTemplate
                    | Edit::DropsMember
                    | Edit::KeepsOurs
                    | Edit::DropsMark
                    | Edit::DropsCandidate
                    | Edit::FillsCandidate
                    | Edit::ChangesSetting
                    | Edit::TakesAddress => {}
                }
            }
        };
        let mut world = self.shop.azure.world();
        let world = &mut *world;
        let written = world.resource_manager.stranger_writes(&article.gateway, write, &mut world.kubernetes, now);
        if written.is_ok() {
            self.hit(what.name());
            match edit {
                Edit::KeepsOurs => self.before.borrow_mut()["tags"]["stranger"] = tag.into(),
                Edit::DropsCandidate => remove_pool(&mut self.before.borrow_mut(), &article.candidate_pool),
                Edit::ChangesSetting => change(&mut self.before.borrow_mut(), edit, &article.green_addresses[0]),
                // As Azure shows it from then on, with its id.
                Edit::TakesAddress => {
                    let shown = world.resource_manager.resource(&article.gateway);
                    take_testers(&mut self.before.borrow_mut(), shown);
                }
                Edit::DropsMark | Edit::DropsMember | Edit::FromTemplate | Edit::FillsCandidate => {}
            }
        }
    }

    /// Somebody writes as many tags as there may be, ours not among them, and takes them away later.
    pub async fn fill_tags(&self, lasts: Duration, what: &What) {
        let fillers: Value = (0..MOST_TAGS).map(|at| (format!("{FILLER}{at}"), Value::from("theirs"))).collect();
        if !self.writes_tags(|tags| *tags = fillers.clone()) {
            return;
        }
        self.hit(what.name());
        self.before.borrow_mut()["tags"] = fillers.clone();
        self.shop.azure.touch();
        self.shop.azure.clock().sleep(lasts).await;
        for _ in 0..TRIES {
            if self.writes_tags(without_fillers) {
                without_fillers(&mut self.before.borrow_mut()["tags"]);
                return self.shop.azure.touch();
            }
            self.shop.azure.clock().sleep(Duration::from_secs(60)).await;
        }
    }

    fn writes_tags(&self, edit: impl Fn(&mut Value)) -> bool {
        let (now, world) = (self.now(), &mut *self.shop.azure.world());
        let write = |body: &mut Value| edit(&mut body["tags"]);
        let (arm, fleet) = (&mut world.resource_manager, &mut world.kubernetes);
        arm.stranger_writes(&self.shop.article.gateway, write, fleet, now).is_ok()
    }

    /// The gateway as it should be. Without `If-Match` a write of ours that was slow on its way reverts what a stranger
    /// wrote meanwhile: no client of Azure can help that.
    pub fn expected(&self) -> Value {
        let mut before = self.before.borrow().clone();
        if !self.schedule.honours_if_match {
            let found = gateway(self.shop);
            let has_testers = |body: &Value| {
                body["properties"]["backendAddressPools"].as_array().is_some_and(|it| it.iter().any(is_testers))
            };
            if has_testers(&before) && !has_testers(&found) {
                let pools = before["properties"]["backendAddressPools"].as_array_mut();
                pools.into_iter().for_each(|pools| pools.retain(|pool| !is_testers(pool)));
            }
            let settings = "backendHttpSettingsCollection";
            before["properties"][settings] = found["properties"][settings].clone();
            let pools = |body: &Value| body["properties"]["backendAddressPools"].as_array().map_or(0, Vec::len);
            if pools(&found) > pools(&before) {
                before["properties"] = self.at_first["properties"].clone();
            }
            // A slow write of ours brought back what was there before all tags were replaced.
            if self.hits().iter().any(|(name, _)| name == "tags-are-full") {
                before["tags"] = found["tags"].clone();
            }
            match (found["tags"]["stranger"].clone(), before["tags"].as_object_mut()) {
                (Value::Null, Some(tags)) => {
                    tags.remove("stranger");
                }
                (found, _) => before["tags"]["stranger"] = found,
            }
        }
        before
    }
}

const FILLER: &str = "filler-";
/// A gateway that is busy is written again so often.
const TRIES: u32 = 15;

fn without_fillers(tags: &mut Value) {
    tags.as_object_mut().into_iter().for_each(|tags| tags.retain(|name, _| !name.starts_with(FILLER)));
}

/// The testers' pool, as a gateway has it.
fn take_testers(body: &mut Value, shown: Option<&Value>) {
    let pools = |body: &Value| body["properties"]["backendAddressPools"].as_array().cloned().unwrap_or_default();
    if !pools(body).iter().any(is_testers)
        && let Some(own) = body["properties"]["backendAddressPools"].as_array_mut()
    {
        own.extend(shown.map(pools).unwrap_or_default().into_iter().filter(is_testers));
    }
}

fn is_testers(pool: &Value) -> bool {
    pool["name"] == "testers"
}

/// What has nothing to do with our pools' members.
fn change(body: &mut Value, edit: Edit, address: &str) {
    match edit {
        Edit::ChangesSetting => {
            let settings = body["properties"]["backendHttpSettingsCollection"].as_array_mut();
            settings.into_iter().flatten().for_each(|it| it["properties"]["requestTimeout"] = json!(77));
        }
        Edit::TakesAddress => {
            let pool = json!({"name": "testers", "properties": {"backendAddresses": [{"ipAddress": address}]}});
            let pools = body["properties"]["backendAddressPools"].as_array_mut();
            if let Some(pools) = pools.filter(|pools| !pools.iter().any(is_testers)) {
                pools.push(pool);
            }
        }
        Edit::KeepsOurs
        | Edit::DropsMark
        | Edit::DropsMember
        | Edit::FromTemplate
        | Edit::DropsCandidate
        | Edit::FillsCandidate => {}
    }
}
