//! What people may do beside the functions: publish, read, steer, and turn the traffic by hand.
use crate::snapshot::{Snapshot, paused, writer};
use bluegreen::azure::break_glass::{Ended, Wish, break_glass};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::Colour;
use bluegreen::site::emergency::{Emergency, Given};

const CONTRIBUTOR: &str = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const SENDER: &str = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39";

/// The roles of the group whose id ends so, with the ends of their scopes.
fn roles(snapshot: &Snapshot, group: &str) -> Vec<(String, String)> {
    let mut roles = snapshot.roles(|principal| principal.ends_with(group));
    for (scope, _) in &mut roles {
        *scope = scope.rsplit('/').next().unwrap().to_owned();
    }
    roles.sort();
    roles
}

#[test]
fn each_group_has_what_its_work_needs_and_no_more() {
    let snapshot = Snapshot::of("full");
    let expected: [(&str, &[(&str, &str)]); 3] = [
        ("a1", &[("sites", CONTRIBUTOR)]),
        ("a2", &[("runs", READER), ("sites", READER)]),
        ("a3", &[("runs", CONTRIBUTOR), ("sites", READER), ("upgrade-requests", SENDER), ("upgrade-steps", SENDER)]),
    ];
    for (group, roles_of_it) in expected {
        let expected: Vec<_> =
            roles_of_it.iter().map(|(scope, role)| ((*scope).to_owned(), (*role).to_owned())).collect();
        assert_eq!(roles(&snapshot, group), expected, "{group}");
    }
    let scopes: Vec<_> = roles(&snapshot, "b1").into_iter().map(|(scope, _)| scope).collect();
    assert_eq!(scopes.len(), 1, "the pipeline publishes to the app and nothing else: {scopes:?}");
    assert!(scopes[0].starts_with("func-"), "{scopes:?}");
}

#[test]
fn nobody_has_a_role_that_was_not_given() {
    let snapshot = Snapshot::of("minimal");
    let all = snapshot.all("Microsoft.Authorization/roleAssignments").len();
    assert_eq!(snapshot.roles_of_the_functions().len(), all, "no person, unless one is named");
}

#[test]
fn the_emergency_way_back_passes_with_the_rights_for_it() {
    let snapshot = Snapshot::of("full");
    let rights = snapshot.rights(&snapshot.roles(|principal| principal.ends_with("a4")));
    let turned = |rights| {
        paused(async {
            let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
            shop.azure.world().resource_manager.allow_only_at(rights);
            let writer = writer(&shop.azure, "a person", "00000000-0000-4000-8000-00000000c11e");
            let site = serde_json::to_value(&shop.site).unwrap();
            let emergency = Emergency::of(&site, Given::default(), Some(Colour::Blue)).unwrap();
            let ended = break_glass(&writer, &emergency, &Wish::default(), &|_: &str| {}).await;
            ended.map_err(|error| format!("{error:#}"))
        })
    };
    assert_eq!(turned(rights.clone()), Ok(Ended::Done));
    let on_the_group: Vec<_> = rights.into_iter().filter(|(scope, _)| scope.contains("/resourceGroups/")).collect();
    assert!(turned(on_the_group).is_err(), "the write's operation is followed below the subscription");
}
