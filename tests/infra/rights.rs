//! What the roles grant is what is used: every upgrade passes with it, in every failure and on every way back, and
//! without any one action something is refused.
use crate::snapshot::{SHAPES, Snapshot, json};
use bluegreen::local::failures::{Expected, Failure, When};
use bluegreen::local::installation::namespace;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::plan::Kind;
use bluegreen::plan::request::Request;
use bluegreen::run::Ending;
use bluegreen::site::OldCluster;
use bluegreen::step::Step;
use http::StatusCode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use wildmatch::WildMatch;

type Rights = Vec<(String, Vec<String>)>;

/// An upgrade, and what is asked for after it.
#[derive(Clone, Copy, Debug)]
struct Story {
    failure: Option<Failure>,
    old_cluster: OldCluster,
    then: Option<Kind>,
}

const PLAIN: Story = Story { failure: None, old_cluster: OldCluster::Stop, then: None };

/// Upgrades that use, together, every right.
fn telling() -> Vec<Story> {
    let failure = Some(Failure { step: Step::ConfirmTraffic, when: When::Always });
    vec![
        Story { then: Some(Kind::Return), ..PLAIN },
        Story { failure, ..PLAIN },
        Story { old_cluster: OldCluster::ScaleDown, ..PLAIN },
        Story { old_cluster: OldCluster::Delete, ..PLAIN },
    ]
}

/// Plays it with these rights, and gives the calls that were refused and how it ended.
fn refused(story: Story, rights: Rights) -> (BTreeSet<String>, Expected) {
    crate::snapshot::paused(async {
        let options = Options { probe: false, ..Options::default() };
        let shop = Shop::open(&options, |site| site.old_cluster = story.old_cluster).unwrap();
        shop.azure.world().resource_manager.allow_only_at(rights);
        // Without the right to look, not even a run begins.
        let told = play(&shop, Plot { failure: story.failure, ..Plot::default() }).await;
        let mut ending = told.ok().and_then(|told| told.run.ending);
        if let Some(kind) = story.then.filter(|_| ending.is_some()) {
            let request = Request { site: "shop".into(), kind, ..Request::default() };
            shop.request(&request, "then").unwrap();
            ending = shop.settled("then", Duration::from_secs(36 * 3600)).await.and_then(|run| run.ending);
        }
        let world = shop.azure.world();
        let refused = world.calls.iter().filter(|call| call.status == Some(StatusCode::FORBIDDEN));
        let which = refused.map(|call| call.action.clone().unwrap_or_else(|| format!("{} {}", call.host, call.path)));
        (which.collect(), ending.map_or(Expected::Held, Expected::Ends))
    })
}

fn granted(shape: &str) -> Rights {
    let snapshot = Snapshot::of(shape);
    let mut rights = snapshot.rights(&snapshot.roles_of_the_functions());
    // The shop's bus has another name than the deployed one.
    for (scope, _) in rights.iter_mut().filter(|(scope, _)| scope.contains("/Microsoft.ServiceBus/namespaces/")) {
        *scope = namespace();
    }
    rights
}

#[test]
fn with_the_granted_rights_every_failure_ends_as_it_should_and_nothing_is_refused() {
    let rights = granted("minimal");
    let whens = [When::Before, When::After, When::Always];
    for failure in Step::ALL.into_iter().flat_map(|step| whens.map(|when| Failure { step, when })) {
        let (refused, ending) = refused(Story { failure: Some(failure), ..PLAIN }, rights.clone());
        assert_eq!(refused, BTreeSet::new(), "{failure:?}");
        assert_eq!(ending, failure.expected(), "{failure:?}");
    }
}

#[test]
fn with_the_granted_rights_every_kind_of_upgrade_and_way_back_passes() {
    for shape in SHAPES {
        for story in telling() {
            let (refused, ending) = refused(story, granted(shape));
            assert_eq!(refused, BTreeSet::new(), "{shape}: {story:?}");
            let expected = story.failure.map_or(Expected::Ends(Ending::Upgraded), Failure::expected);
            assert_eq!(ending, expected, "{shape}: {story:?}");
        }
    }
}

/// The listed actions, and whether our own calls use them. The others are asked for by Azure in addition, or have
/// their reason beside them.
fn listed() -> Vec<(String, bool)> {
    let entries: Vec<Value> = serde_json::from_value(json("infra/actions.json")).unwrap();
    let is_used = |entry: &Value| entry["linked"] != true && entry["reason"].is_null();
    entries.iter().map(|entry| (entry["action"].as_str().unwrap().to_owned(), is_used(entry))).collect()
}

#[test]
fn without_any_one_of_the_used_rights_something_is_refused() {
    let used: Vec<_> = listed().into_iter().filter_map(|(action, is_used)| is_used.then_some(action)).collect();
    let hands = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in used.chunks(used.len().div_ceil(hands)) {
            scope.spawn(move || part.iter().for_each(|action| assert!(is_missed(action), "{action}: nobody uses it")));
        }
    });
}

/// Whether something is refused where all but this is granted.
fn is_missed(action: &str) -> bool {
    let mut rights = granted("minimal");
    rights.iter_mut().for_each(|(_, actions)| actions.retain(|it| it != action));
    telling().into_iter().any(|story| {
        let (refused, _) = refused(story, rights.clone());
        refused.iter().any(|it| WildMatch::new(&action.to_lowercase()).matches(&it.to_lowercase()))
    })
}

#[test]
fn the_roles_are_the_list_and_every_unused_right_has_its_reason() {
    let entries: Vec<Value> = serde_json::from_value(json("infra/actions.json")).unwrap();
    for entry in &entries {
        let uses = entry["functions"].as_array().is_some_and(|functions| !functions.is_empty());
        let reason = entry["reason"].as_str().is_some_and(|reason| reason.len() > 20 && reason.ends_with('.'));
        assert!(uses != reason, "either who uses it or why it is there: {entry}");
        assert!(entry["when"].is_null() || reason, "{entry}");
    }
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let mut seen = BTreeSet::new();
        for role in snapshot.all("Microsoft.Authorization/roleDefinitions") {
            let name = role["properties"]["roleName"].as_str().unwrap();
            let name = name.strip_prefix("AKS blue-green ").unwrap().split(" (").next().unwrap();
            let has = |entry: &&Value| entry["roles"].as_array().unwrap().iter().any(|role| role == name);
            let optional = |entry: &&Value| entry["when"].is_null() || shape == "full";
            let expected: Vec<_> = entries.iter().filter(has).filter(optional).map(|it| it["action"].clone()).collect();
            assert_eq!(role["properties"]["permissions"][0]["actions"], Value::Array(expected), "{shape}: {name}");
            assert!(role["properties"]["permissions"][0].get("dataActions").is_none(), "{shape}: {name}");
            seen.insert(name.to_owned());
        }
        let named = entries.iter().flat_map(|entry| entry["roles"].as_array().unwrap());
        assert_eq!(seen, named.map(|role| role.as_str().unwrap().to_owned()).collect(), "{shape}");
    }
}

#[test]
fn only_what_lies_outside_every_group_is_granted_on_the_subscription() {
    for (scope, actions) in granted("full") {
        if !scope.contains("/resourceGroups/") {
            for action in actions {
                // A lock on the subscription holds in every group, and the group for nodes is not there yet.
                let elsewhere = [
                    "Microsoft.Compute/skus/read",
                    "Microsoft.Authorization/locks/read",
                    "Microsoft.Resources/subscriptions/resourceGroups/read",
                    // What the old cluster's identities may do can lie in any group, and so can where that is given anew.
                    "Microsoft.Authorization/roleAssignments/read",
                    "Microsoft.Authorization/permissions/read",
                    // An access policy names an identity wherever the vault lies.
                    "Microsoft.KeyVault/vaults/read",
                ];
                assert!(action.contains("/locations/") || elsewhere.contains(&action.as_str()), "{action}");
                assert!(action.ends_with("/read"), "{action}");
            }
        }
    }
}

/// The core's list and that of the condition are the same, and nobody may give himself anything.
#[test]
fn the_roles_that_are_copied_are_those_that_may_be_given() {
    let listed = json("infra/copied-roles.json");
    let mut listed: Vec<_> = listed.as_object().unwrap().values().map(|guid| guid.as_str().unwrap()).collect();
    let mut copied: Vec<_> = bluegreen::resources::roles::copied().collect();
    listed.sort_unstable();
    copied.sort_unstable();
    assert_eq!(listed, copied);
    for shape in SHAPES {
        let snapshot = Snapshot::of(shape);
        let assignments = snapshot.all("Microsoft.Authorization/roleAssignments");
        let giving: Vec<_> = assignments
            .iter()
            .filter(|it| it["properties"]["description"].as_str().is_some_and(|said| said.starts_with("role giver")))
            .collect();
        assert_eq!(giving.len(), usize::from(shape == "full"), "{shape}");
        for assignment in giving {
            let condition = assignment["properties"]["condition"].as_str().unwrap();
            assert!(copied.iter().all(|guid| condition.matches(guid).count() == 2), "{condition}");
            assert_eq!(condition.matches("PrincipalId] ForAnyOfAllValues:GuidNotEquals {").count(), 2, "{condition}");
            assert!(!copied.iter().any(|guid| bluegreen::resources::roles::is_never_copied(guid)));
        }
    }
}

/// Whoever deploys has named the group, and the site wants roles copied: nothing else is needed.
#[test]
fn with_the_granted_rights_the_old_identities_roles_are_given_to_the_new_ones() {
    let place = |shop: &Shop, id: &str, body: Value| {
        let now = shop.azure.clock().now();
        let world = &mut *shop.azure.world();
        world.resource_manager.place(id, body, &mut world.kubernetes, now);
    };
    crate::snapshot::paused(async {
        let base = simulated_azure::article::Options { system_assigned: true, ..Default::default() };
        let options = Options { base, probe: false, ..Options::default() };
        let shop = Shop::open(&options, |site| {
            site.old_cluster = OldCluster::Delete;
            site.copy_roles = Some(bluegreen::site::CopyRoles::default());
        })
        .unwrap();
        let blue = shop.azure.world().resource_manager.resource(&shop.article.blue).cloned().unwrap();
        let subnet = &shop.site.slots.blue.subnet;
        let id =
            format!("{subnet}/providers/Microsoft.Authorization/roleAssignments/00000001-0000-4000-8000-000000000000");
        let role = "/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7";
        let principal = &blue["identity"]["principalId"];
        place(
            &shop,
            &id,
            serde_json::json!({"properties": {"scope": subnet, "roleDefinitionId": role, "principalId": principal}}),
        );
        shop.azure.world().resource_manager.allow_only_at(granted("full"));
        for (id, kind) in [("first", Kind::Replace), ("second", Kind::Replace)] {
            let request = Request { site: "shop".into(), kind, ..Request::default() };
            shop.request(&request, id).unwrap();
            let run = shop.settled(id, Duration::from_secs(36 * 3600)).await.unwrap();
            assert_eq!(run.ending, Some(Ending::Upgraded), "{:?}", run.journal);
        }
        let world = shop.azure.world();
        let roles = world.calls.iter().filter(|call| call.path.contains("/roleAssignments/"));
        let methods: BTreeSet<_> = roles.map(|call| call.method.to_string()).collect();
        assert_eq!(methods, ["DELETE", "PUT"].map(str::to_owned).into());
        let refused = world.calls.iter().filter(|call| call.status == Some(StatusCode::FORBIDDEN));
        assert_eq!(refused.map(|call| call.path.clone()).collect::<Vec<_>>(), Vec::<String>::new());
    });
}
