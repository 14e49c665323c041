//! For whom an identity trusts a new cluster.
use crate::example::plan;
use bluegreen_core::plan::Plan;
use bluegreen_core::plan::federation::{Credential, Gone, count_with, issuer, missing, near_misses};
use serde_json::json;

const BLUE: &str = "https://westeurope.oic.prod-aks.azure.com/t/blue/";
const GREEN: &str = "https://westeurope.oic.prod-aks.azure.com/t/green/";

fn credential(name: &str, issuer: &str, subject: &str) -> Credential {
    let audiences = vec!["api://AzureADTokenExchange".to_owned()];
    Credential { name: name.into(), issuer: issuer.into(), subject: subject.into(), audiences }
}

fn lacks(plan: &Plan, there: &[Credential], new: &str) -> Vec<Credential> {
    missing(plan, "till", there, Some(BLUE), new)
}

#[test]
fn whom_the_old_cluster_is_trusted_for_the_new_one_will_be_once() {
    let (plan, there) = (
        plan(),
        [
            credential("till", BLUE, "system:serviceaccount:shop:till"),
            credential("pipeline", "https://token.actions.githubusercontent.com", "repo:shop"),
        ],
    );
    let first = lacks(&plan, &there, GREEN);
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].issuer.as_str(), &first[0].subject), (GREEN, &there[0].subject));
    let (new, old) = (&plan.new_slot().cluster, &plan.old_slot().cluster);
    assert!(first[0].is_ours(&new.to_uppercase()) && !first[0].is_ours(old));
    assert!((3..=120).contains(&first[0].name.len()), "{}", first[0].name);
    assert_eq!(count_with(&there, &first), 3);
    let all = [&there[..], &first[..]].concat();
    assert_eq!(lacks(&plan, &all, GREEN), []);
    // The next cluster in the slot has another issuer: the same name is written over.
    let next = lacks(&plan, &all, "https://next/");
    assert_eq!((next[0].name.as_str(), count_with(&all, &next)), (first[0].name.as_str(), 3));
}

#[test]
fn what_others_made_for_the_new_cluster_counts_and_no_issuer_trusts_nobody() {
    let there = [credential("a", BLUE, "s"), credential("by-hand", GREEN, "s")];
    assert_eq!(lacks(&plan(), &there, GREEN), []);
    assert!(!there[0].trusts("") && !credential("x", "/", "s").trusts(""));
    assert_eq!(missing(&plan(), "till", &there, None, "https://next/"), []);
    assert_eq!(issuer(&json!({"properties": {"oidcIssuerProfile": {"enabled": false}}})), None);
    let flexible = json!({"name": "x", "properties": {"issuer": BLUE, "claimsMatchingExpression": {"value": "…"}}});
    // It takes a place, and is nobody's in the new cluster.
    let flexible = Credential::read(&flexible).unwrap();
    assert_eq!(count_with(std::slice::from_ref(&flexible), &[]), 1);
    assert_eq!(lacks(&plan(), &[flexible], GREEN), []);
    let read = json!({"name": "a", "properties": there[0].body()["properties"]});
    assert_eq!(Credential::read(&read).as_ref(), Some(&there[0]));
}

#[test]
fn agic_gets_its_own_though_the_old_cluster_had_none() {
    let mut plan = plan();
    let agic = json!([{"preset": "agic", "armAuth": {"type": "workloadIdentity", "identity": "agic"}}]);
    plan.site.controllers = serde_json::from_value(agic).unwrap();
    plan.surroundings.environment = "AzureChinaCloud".into();
    bluegreen_core::site::preset::expand(&mut plan.site);
    let made = missing(&plan, "agic", &[], None, GREEN);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].subject, "system:serviceaccount:agic:ingress-azure");
    assert_eq!(made[0].audiences, ["api://AzureADTokenExchangeChina"]);
    assert_eq!(missing(&plan, "another", &[], None, GREEN), []);
}

#[test]
fn an_issuer_without_its_last_slash_is_another_one_and_is_named() {
    let bare = credential("bare", GREEN.trim_end_matches('/'), "s");
    let there = [credential("a", BLUE, "s"), bare.clone()];
    assert_eq!(lacks(&plan(), &there, GREEN).len(), 1, "no token is trusted by it");
    assert_eq!(lacks(&plan(), &[credential("a", BLUE.trim_end_matches('/'), "s")], GREEN), []);
    let said = near_misses(&there, GREEN).unwrap();
    assert_eq!(said, format!("no token is trusted by bare ({}), for the issuer is {GREEN}", bare.issuer));
    assert_eq!(near_misses(&[credential("a", GREEN, "s")], GREEN), None);
}

#[test]
fn only_what_is_ours_by_name_and_by_issuer_goes_with_a_cluster() {
    let plan = plan();
    let cluster = plan.new_slot().cluster.as_str();
    let ours = lacks(&plan, &[credential("a", BLUE, "s")], GREEN).remove(0);
    let dead = Credential { issuer: "https://leftover/".into(), ..ours.clone() };
    let room = Gone { cluster, issuer: Some("https://leftover/"), living: BLUE };
    assert!(room.takes(&dead) && !room.takes(&ours), "the new cluster has its id, and keeps its own");
    let theirs = credential("theirs", "https://leftover/", "s");
    assert!(!room.takes(&theirs) && room.is_meant_by(&theirs));
    // A new cluster's own issuer was not written down.
    let gone = Gone { cluster, issuer: None, living: BLUE };
    assert!(gone.takes(&dead) && gone.takes(&ours) && !gone.is_meant_by(&theirs));
    assert!(!gone.takes(&Credential { issuer: BLUE.into(), ..ours.clone() }));
    assert!(!Gone { cluster: &plan.old_slot().cluster, ..gone }.takes(&ours));
}
