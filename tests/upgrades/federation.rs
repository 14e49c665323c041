//! A new cluster's pods get the tokens of Entra that the old one's get, before anything runs there; and nobody trusts a cluster
//! that is gone.
use crate::applying::{ends, journal, says, upgraded};
use crate::azure_looks::place;
use crate::{ask, order, publish, quick, replaced, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::plan::federation::{Credential, MOST, issuer};
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{Gate, Leftover, OldCluster, Site};
use bluegreen::step::Step;
use http::{Method, StatusCode};
use serde_json::json;
use simulated_azure::{Effect, Fault, On};

const TILL: &str = "system:serviceaccount:shop:till";
const STOCK: &str = "system:serviceaccount:shop:stock";

fn identity(shop: &Shop) -> String {
    shop.article.kubelet_identity.replace("id-kubelet", "id-till")
}

fn trusts(shop: &Shop, name: &str, issuer: &str, subject: &str) {
    let properties = json!({"issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]});
    place(shop, &format!("{}/federatedIdentityCredentials/{name}", identity(shop)), json!({"properties": properties}));
}

fn issuer_of(shop: &Shop, cluster: &str) -> String {
    let found = shop.azure.world().resource_manager.resource(cluster).cloned().expect("the cluster is there");
    issuer(&found).expect("it has an issuer").to_owned()
}

/// The identity's credentials as they are now.
async fn there(shop: &Shop) -> Vec<Credential> {
    shop.operator.reader.federated(&identity(shop)).await.unwrap().expect("they may be read")
}

/// A shop whose pods get an identity by blue's issuer, two of them trusted there and a pipeline elsewhere.
async fn shop(change: impl FnOnce(&mut Site)) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, |site| {
        quick(site);
        // Blue is registered anew below, and nobody answers for its API server: nothing is asked of it.
        site.singletons.clear();
        change(site);
    })
    .unwrap();
    let mut blue = shop.azure.world().resource_manager.resource(&shop.article.blue).cloned().unwrap();
    blue["properties"]["oidcIssuerProfile"]["enabled"] = true.into();
    blue["properties"]["securityProfile"]["workloadIdentity"]["enabled"] = true.into();
    place(&shop, &shop.article.blue, blue);
    place(&shop, &identity(&shop), json!({"location": shop.article.location}));
    let issuer = issuer_of(&shop, &shop.article.blue);
    trusts(&shop, "till", &issuer, TILL);
    trusts(&shop, "stock", &issuer, STOCK);
    trusts(&shop, "pipeline", "https://token.actions.githubusercontent.com", "repo:shop/shop:ref:refs/heads/main");
    let mut site = shop.site.clone();
    (site.federation_prepared, site.federate) = (false, vec!["till".into()]);
    site.identities.insert("till".into(), identity(&shop));
    publish(&shop, site, &[]).await;
    shop
}

async fn trusted_for(shop: &Shop, issuer: &str) -> Vec<String> {
    let mut subjects: Vec<_> =
        there(shop).await.into_iter().filter(|one| one.trusts(issuer)).map(|one| one.subject).collect();
    subjects.sort();
    subjects
}

#[test]
fn whoever_is_trusted_on_blue_is_trusted_on_green_before_anything_runs_there() {
    story(|| async {
        let shop = shop(|site| site.old_cluster = OldCluster::Delete).await;
        let run = ends(&shop).await;
        upgraded(&run);
        let green = issuer_of(&shop, &shop.article.green);
        assert_eq!(trusted_for(&shop, &green).await, [STOCK, TILL]);
        let there = there(&shop).await;
        assert_eq!(there.len(), 5, "what others made stays: {there:?}");
        says(
            &run,
            "the federated credential till of till for system:serviceaccount:shop:till is for a cluster that is gone",
        );
        {
            let world = shop.azure.world();
            let at = |method: Method, part: &str| {
                world.calls.iter().position(|call| call.method == method && call.path.contains(part))
            };
            let (made, applied) = (at(Method::PUT, "/federatedIdentityCredentials/"), at(Method::PATCH, "/apis/"));
            assert!(made < applied && made.is_some(), "{made:?} {applied:?}");
        }
        // And on: what we made for green goes with it.
        let second = replaced(&shop, "second").await;
        upgraded(&second);
        assert_eq!(trusted_for(&shop, &issuer_of(&shop, &shop.article.blue)).await, [STOCK, TILL]);
        assert_eq!(trusted_for(&shop, &green).await, Vec::<String>::new(), "{}", journal(&second));
    });
}

#[test]
fn a_cluster_that_was_turned_back_is_trusted_no_more_and_a_kept_one_still() {
    story(|| async {
        let shop = shop(|_| {}).await;
        ask(&shop, "first", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.step == Step::ConfirmTraffic).await;
        let green = issuer_of(&shop, &shop.article.green);
        assert_eq!(trusted_for(&shop, &green).await, [STOCK, TILL]);
        order(&shop, Verb::RollBack).await;
        let run = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert_eq!(trusted_for(&shop, &green).await, Vec::<String>::new());
        assert_eq!(trusted_for(&shop, &issuer_of(&shop, &shop.article.blue)).await, [STOCK, TILL]);
        // A cluster that stays keeps what it has.
        let second = replaced(&shop, "second").await;
        upgraded(&second);
        assert_eq!(trusted_for(&shop, &issuer_of(&shop, &shop.article.blue)).await, [STOCK, TILL]);
        assert_eq!(trusted_for(&shop, &issuer_of(&shop, &shop.article.green)).await, [STOCK, TILL]);
    });
}

#[test]
fn an_identity_without_room_is_said_before_a_cluster_is_made() {
    story(|| async {
        let shop = shop(|_| {}).await;
        for number in 3..MOST - 1 {
            trusts(&shop, &format!("old-{number}"), &format!("https://old-{number}/"), TILL);
        }
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the identity till has 19, would have 21, and takes 20");
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
}

#[test]
fn others_who_write_are_waited_for_and_a_right_that_is_missing_is_named() {
    let fault = |code: u16, name: &str| {
        let body = json!({"error": {"code": name, "message": "no"}});
        Effect::Answer { status: StatusCode::from_u16(code).unwrap(), headers: vec![], body }
    };
    let write = || On::call(Method::PUT, "/federatedIdentityCredentials/");
    story(|| async {
        let shop = shop(|_| {}).await;
        let busy = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity";
        shop.azure.world().faults.add(Fault::once("busy", write(), fault(409, busy)));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "somebody else writes federated credentials of the identity till");
    });
    story(|| async {
        let shop = shop(|_| {}).await;
        shop.azure.world().faults.add(Fault::always("denied", write(), fault(403, "AuthorizationFailed")));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(&run, "federatedIdentityCredentials/write there");
    });
    story(|| async {
        let shop = shop(|_| {}).await;
        let read = On::call(Method::GET, "/federatedIdentityCredentials");
        shop.azure.world().faults.add(Fault::always("denied", read, fault(403, "AuthorizationFailed")));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the federated credentials of the identity till may not be read");
    });
}

#[test]
fn whether_the_functions_may_write_them_is_asked_before_a_cluster_is_made() {
    story(|| async {
        let shop = shop(|_| {}).await;
        let asked = On::call(Method::GET, "/providers/Microsoft.Authorization/permissions");
        let body = json!({"value": [{"actions": ["*/read"], "notActions": []}]});
        let reads = Effect::Answer { status: StatusCode::OK, headers: vec![], body };
        shop.azure.world().faults.add(Fault::always("may", asked, reads));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the functions may not write federated credentials of the identity till: they lack ");
        says(&run, "federatedIdentityIds");
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "no cluster was made");
    });
}

#[test]
fn what_was_meant_for_blue_and_lets_nobody_in_is_named_and_not_copied() {
    story(|| async {
        let shop = shop(|_| {}).await;
        let blue = issuer_of(&shop, &shop.article.blue);
        trusts(&shop, "night", blue.trim_end_matches('/'), "system:serviceaccount:shop:night");
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "at the identity till no token is trusted by night (");
        assert_eq!(trusted_for(&shop, &issuer_of(&shop, &shop.article.green)).await, [STOCK, TILL]);
    });
}

#[test]
fn one_for_another_audience_is_in_the_way_and_is_named_before_anything_runs() {
    story(|| async {
        let gate = Gate { before: Step::InstallControllers, stage: 0 };
        let shop = shop(|site| site.gates = vec![gate]).await;
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        until(&shop, |run| run.held.is_some()).await;
        let issuer = issuer_of(&shop, &shop.article.green);
        let properties = json!({"issuer": issuer, "subject": TILL, "audiences": ["api://another"]});
        place(
            &shop,
            &format!("{}/federatedIdentityCredentials/another", identity(&shop)),
            json!({"properties": properties}),
        );
        order(&shop, Verb::Approve).await;
        let run = until(&shop, |run| run.ending.is_some()).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(
            &run,
            "another has those of system:serviceaccount:shop:till, for api://another in place of api://AzureADToken",
        );
    });
}

#[test]
fn a_leftover_that_made_room_is_trusted_no_more_and_who_stays_still_is() {
    story(|| async {
        let shop = shop(|site| {
            site.old_cluster = OldCluster::Stop;
            site.leftover = Leftover::Delete;
        })
        .await;
        upgraded(&ends(&shop).await);
        // Blue is stopped; green serves. Till is needed no more when the next cluster comes in blue's place.
        upgraded(&replaced(&shop, "second").await);
        let (leftover, blue) = (issuer_of(&shop, &shop.article.green), issuer_of(&shop, &shop.article.blue));
        assert_eq!(trusted_for(&shop, &leftover).await, [STOCK, TILL]);
        remove(&shop, &blue, TILL).await;
        let third = replaced(&shop, "third").await;
        upgraded(&third);
        let green = issuer_of(&shop, &shop.article.green);
        assert_ne!(leftover, green);
        assert_eq!(trusted_for(&shop, &leftover).await, Vec::<String>::new(), "{}", journal(&third));
        assert_eq!([trusted_for(&shop, &green).await, trusted_for(&shop, &blue).await], [[STOCK], [STOCK]]);
    });
}

/// Somebody makes a credential into one of another issuer.
async fn remove(shop: &Shop, issuer: &str, subject: &str) {
    let found = there(shop).await.into_iter().find(|one| one.trusts(issuer) && one.subject == subject).unwrap();
    trusts(shop, &found.name, "https://elsewhere/", subject);
}
