//! The rights that we need: exactly those that infra/actions.json lists, and each by the functions that it names.
use crate::played::{all, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::step::Step;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wildmatch::WildMatch;

type Functions = BTreeMap<String, BTreeSet<String>>;

fn entries() -> Vec<Value> {
    serde_json::from_str(include_str!("../../infra/actions.json")).unwrap()
}

/// The actions of our own calls. `linked` ones are asked for by Azure in addition, and unknown to the simulation; those
/// with a reason are not used by us at all.
fn listed() -> Functions {
    let is_ours = |entry: &Value| entry["linked"] != true && entry["reason"].is_null();
    let list: Vec<Value> = entries().into_iter().filter(is_ours).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = |entry: &Value| entry["functions"].as_array().unwrap().iter().map(text).collect();
    let entries: Functions = list.iter().map(|entry| (text(&entry["action"]), names(entry))).collect();
    assert_eq!(entries.len(), list.len(), "an action is listed once");
    entries
}

#[test]
fn the_list_is_what_is_used() {
    let mut used = Functions::new();
    for seen in all().iter().flat_map(|played| &played.seen).filter(|seen| seen.is_ours()) {
        if let Some(action) = &seen.action {
            used.entry(action.to_lowercase()).or_default().insert(seen.function().to_owned());
        }
    }
    let listed = listed();
    let covers = |listed: &str, used: &str| WildMatch::new(&listed.to_lowercase()).matches(used);
    for (action, functions) in &used {
        let named = listed.iter().find(|(listed, _)| covers(listed, action)).map(|(_, named)| named);
        let named = named.unwrap_or_else(|| panic!("{action} is used by {functions:?} and not listed"));
        let missing: Vec<_> = functions.difference(named).collect();
        assert!(missing.is_empty(), "{action} is used by {missing:?}, too");
    }
    for action in listed.keys() {
        assert!(used.keys().any(|used| covers(action, used)), "{action} is listed and not used");
    }
    for entry in entries() {
        assert!(entry["action"].as_str().unwrap().starts_with("Microsoft."), "{entry}");
        for function in entry["functions"].as_array().into_iter().flatten().map(|function| function.as_str().unwrap()) {
            let exists = Step::named(function).is_some()
                || ["RequestUpgrade", "VersionAvailable", "VersionCheck", "CanaryCheck", "DeadLetter", "Upgrades"]
                    .contains(&function);
            assert!(exists, "{function} is no function");
        }
    }
}

#[test]
fn with_the_listed_rights_and_no_other_an_upgrade_and_a_rollback_pass() {
    for (failure, ending) in [(None, "upgraded"), (Some("ConfirmTraffic:always"), "rolled_back")] {
        let told = with_rights(listed().into_keys().collect(), failure);
        assert_eq!(told, ending);
    }
}

#[test]
fn without_one_of_the_rights_an_upgrade_does_not_pass() {
    let rights = listed().into_keys().filter(|action| !action.ends_with("managedClusters/write")).collect();
    assert_eq!(with_rights(rights, None), "rolled_back", "so the list is really asked");
}

fn with_rights(rights: Vec<String>, failure: Option<&str>) -> &'static str {
    story(async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        shop.azure.world().resource_manager.allow_only(rights);
        let plot = Plot { failure: failure.map(|it| it.parse().unwrap()), ..Plot::default() };
        play(&shop, plot).await.unwrap().ending()
    })
}
