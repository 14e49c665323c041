//! What is no answer of Resource Manager: pages of a proxy, cut or foreign JSON, redirects. None is taken for what was
//! asked for; each is waited out, in words of its own.
use crate::world_after::{gateway, is_well};
use crate::{cheap, order, quick, story, until};
use bluegreen::local::failures::{Failure, When};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, Told, play};
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::step::Step;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;

const GATEWAY: &str = "/applicationgateways/gw-shop?";
const BLUE: &str = "/managedclusters/aks-blue?";
const GREEN: &str = "/managedclusters/aks-green?";

fn said(body: Value) -> Effect {
    Effect::Answer { status: StatusCode::OK, headers: vec![], body }
}

fn redirect() -> Effect {
    let headers = vec![("location".into(), "https://login.example.com/?secret=1".into())];
    Effect::Answer { status: StatusCode::TEMPORARY_REDIRECT, headers, body: json!({"id": "/x"}) }
}

/// What may come instead of anything.
fn anything() -> [Effect; 3] {
    [Effect::Page, redirect(), said(json!([]))]
}

/// What may come instead of one resource.
fn resource() -> Vec<Effect> {
    let other = json!({"id": "/subscriptions/x/resourceGroups/y/providers/z/t/n", "properties": {}, "tags": {}});
    anything().into_iter().chain([said(json!({})), said(json!({"id": 7})), said(other)]).collect()
}

/// One call of a step, and what comes instead of an answer.
struct Instead {
    step: Step,
    path: &'static str,
    effect: Effect,
}

impl Instead {
    fn each(places: &[(Step, &'static str)], effects: &[Effect]) -> Vec<Self> {
        let with = |&(step, path): &(Step, &'static str)| {
            effects.iter().map(move |effect| Self { step, path, effect: effect.clone() })
        };
        places.iter().flat_map(with).collect()
    }

    /// Plays an upgrade in which that comes once, and checks that it was waited out.
    async fn is_waited_out(&self) {
        let shop = cheap::shop();
        let before = gateway(&shop);
        let on = On::call(Method::GET, self.path).by(self.step.name());
        shop.azure.world().faults.add(Fault::once("instead", on, self.effect.clone()));
        let failure = self.step.undoes().then_some(Failure { step: Step::ConfirmTraffic, when: When::Always });
        let told = play(&shop, Plot { failure, ..Plot::default() }).await.unwrap();
        let Self { step, path, effect } = self;
        let what = format!("{step} {path} {effect:?}: {:#?}", told.run.journal);
        is_well(&shop, &told, &before);
        let ending = if step.undoes() { Ending::RolledBack } else { Ending::Upgraded };
        assert_eq!(told.run.ending, Some(ending), "{what}");
        assert_eq!(told.run.repairs, 0, "{what}");
        let is_told = told.run.journal.iter().any(|entry| is_in_its_own_words(&entry.what) && entry.after == *step);
        assert!(is_told, "{what}");
        assert!(told.run.journal.iter().all(|entry| !entry.what.contains("secret")), "{what}");
    }
}

fn is_in_its_own_words(text: &str) -> bool {
    text.contains("failed to GET /subscriptions/") && text.contains("expected ") && text.contains(", came ")
}

fn are_waited_out(all: &[Instead]) {
    cheap::each(all, async |instead: &Instead| instead.is_waited_out().await);
}

#[test]
fn what_is_no_gateway_is_no_answer() {
    let all: Vec<_> = Step::ALL.into_iter().map(|step| (step, GATEWAY)).collect();
    are_waited_out(&Instead::each(&all, &[Effect::Page, redirect()]));
    let judging = [Step::CheckPlan, Step::ShiftTraffic, Step::ConfirmTraffic, Step::DeleteNewCluster];
    are_waited_out(&Instead::each(&judging.map(|step| (step, GATEWAY)), &resource()[2..]));
}

#[test]
fn what_is_no_cluster_is_no_answer() {
    let places = [
        (Step::CheckPlan, BLUE),
        (Step::CheckPlan, GREEN),
        (Step::CreateCluster, BLUE),
        (Step::CreateCluster, GREEN),
        (Step::InstallControllers, GREEN),
        (Step::SyncWorkloads, GREEN),
        (Step::RetireOldCluster, BLUE),
        (Step::DeleteNewCluster, GREEN),
    ];
    are_waited_out(&Instead::each(&places, &[Effect::Page]));
    are_waited_out(&Instead::each(&[places[0], places[3], places[6]], &resource()[1..]));
}

/// Azure's own refusals have a code: only those are final.
#[test]
fn a_refusal_by_a_proxy_is_no_answer() {
    let refusals = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY];
    let all: Vec<_> = [(Step::CheckPlan, BLUE), (Step::SyncWorkloads, GREEN), (Step::Soak, GATEWAY)]
        .into_iter()
        .flat_map(|place| refusals.map(|status| (place, status)))
        .collect();
    cheap::each(&all, async |((step, path), status): &((Step, &'static str), StatusCode)| {
        let shop = cheap::shop();
        let on = On::call(Method::GET, path).by(step.name());
        let effect = Effect::Answer { status: *status, headers: vec![], body: json!("<html>no</html>") };
        shop.azure.world().faults.add(Fault::once("proxy", on, effect));
        let told = play(&shop, Plot::default()).await.unwrap();
        assert_eq!(shop.azure.world().faults.hits().len(), 1, "{step} {status}");
        assert_eq!(told.run.ending, Some(Ending::Upgraded), "{step} {status}: {:#?}", told.run.journal);
    });
}

#[test]
fn what_is_no_subnet_is_no_answer() {
    let places = [(Step::CheckPlan, "/subnets/blue?"), (Step::CheckPlan, "/subnets/green?")];
    are_waited_out(&Instead::each(&places, &resource()));
}

#[test]
fn what_is_no_list_is_no_answer() {
    let places = ["/kubernetesversions?", "/usages?", "/skus?"].map(|path| (Step::CheckPlan, path));
    let effects: Vec<_> = anything().into_iter().chain([said(json!({"value": "none", "values": "none"}))]).collect();
    are_waited_out(&Instead::each(&places, &effects));
}

#[test]
fn what_is_no_operation_is_no_answer() {
    let steps = [Step::CreateCluster, Step::ValidateHealth, Step::ShiftTraffic, Step::RetireOldCluster];
    let effects: Vec<_> = anything().into_iter().chain([said(json!({"status": 7}))]).collect();
    are_waited_out(&Instead::each(&steps.map(|step| (step, "/operations/")), &effects));
}

#[test]
fn what_is_no_answer_about_backends_is_no_answer() {
    let places = [Step::ValidateHealth, Step::ConfirmTraffic, Step::Soak].map(|step| (step, "/operationresults/"));
    are_waited_out(&Instead::each(&places, &anything()));
}

/// The new cluster serves in a pool of somebody else, and Resource Manager does not answer.
#[test]
fn nothing_is_deleted_while_a_page_comes_instead_of_the_gateway() {
    for effect in [Effect::Page, redirect()] {
        story(|| async {
            let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
            let back = async {
                until(&shop, |run| run.step == Step::ConfirmTraffic).await;
                let members: Vec<_> =
                    shop.article.green_addresses.iter().map(|address| json!({"ipAddress": address})).collect();
                {
                    let now = shop.azure.clock().now();
                    let world = &mut *shop.azure.world();
                    let add = |gateway: &mut Value| {
                        let pool = json!({"name": "testers", "properties": {"backendAddresses": members}});
                        gateway["properties"]["backendAddressPools"].as_array_mut().unwrap().push(pool);
                    };
                    let gateway = &shop.article.gateway;
                    world.resource_manager.stranger_writes(gateway, add, &mut world.kubernetes, now).unwrap();
                    let on = On::call(Method::GET, GATEWAY).by("DeleteNewCluster");
                    world.faults.add(Fault::always("page", on, effect.clone()));
                }
                order(&shop, Verb::RollBack).await;
                until(&shop, |run| run.step == Step::DeleteNewCluster).await;
                tokio::time::sleep(Duration::from_secs(20 * 60)).await;
                let run = shop.run().unwrap();
                assert!(run.moves() && run.step == Step::DeleteNewCluster, "{:#?}", run.journal);
                shop.azure.world().faults.remove("page");
            };
            let (told, ()) = tokio::join!(play(&shop, Plot::default()), back);
            let told: Told = told.unwrap();
            let hold = told.run.held.as_ref().unwrap_or_else(|| panic!("{:#?}", told.run.journal));
            assert!(hold.why.contains("testers"), "{hold:?}");
            let green = shop.azure.world().resource_manager.resource(&shop.article.green).cloned();
            assert_eq!(green.unwrap()["properties"]["provisioningState"], "Succeeded");
            assert!(told.run.journal.iter().any(|entry| is_in_its_own_words(&entry.what)), "{:#?}", told.run.journal);
        });
    }
}

/// The watch beside the steps: what it cannot read says nothing.
#[test]
fn a_watch_that_gets_no_answer_says_nothing() {
    for path in [GATEWAY, BLUE, "/operationresults/"] {
        story(|| async {
            let shop = cheap::shop();
            let before = gateway(&shop);
            let on = On::call(Method::GET, path).by("CanaryCheck");
            shop.azure.world().faults.add(Fault::always("page", on, Effect::Page));
            let told = play(&shop, Plot::default()).await.unwrap();
            is_well(&shop, &told, &before);
            assert_eq!((told.run.ending, told.run.repairs), (Some(Ending::Upgraded), 0), "{:#?}", told.run.journal);
            assert!(told.run.journal.iter().all(|entry| !entry.who.contains("CanaryCheck")), "{:#?}", told.run.journal);
        });
    }
}
