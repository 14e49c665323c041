//! The identities that Azure makes for a new cluster get the roles of the old one's before anything runs there, and have none
//! that we gave when their cluster is gone.
use crate::applying::{ends, journal, says, upgraded};
use crate::azure_looks::place;
use crate::{ask, order, quick, replaced, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::run::verbs::Verb;
use bluegreen::site::{CopyRoles, Leftover, OldCluster, Site};
use bluegreen::step::Step;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulated_azure::{Effect, Fault, On, article};
use std::time::Duration;

const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const KUBELET: &str = "/properties/identityProfile/kubeletidentity/objectId";
const PLANE: &str = "/identity/principalId";

fn registry(shop: &Shop) -> String {
    let group = shop.article.gateway.split("/providers/").next().unwrap();
    format!("{group}/providers/Microsoft.ContainerRegistry/registries/acrshop")
}

/// Who an identity of a cluster is, as the cluster shows it.
fn principal(shop: &Shop, cluster: &str, at: &str) -> String {
    let found = shop.azure.world().resource_manager.resource(cluster).cloned().expect("the cluster is there");
    found.pointer(at).and_then(Value::as_str).expect("it shows its identities").to_owned()
}

/// Somebody gives a role by hand.
fn assign(shop: &Shop, number: u32, role: &str, scope: &str, principal: &str) {
    let definition = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        shop.article.subscription
    );
    let id = format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/0000000{number}-0000-4000-8000-000000000000"
    );
    place(shop, &id, json!({"properties": {"roleDefinitionId": definition, "principalId": principal, "scope": scope}}));
}

/// The article's shop: its clusters have identities of Azure's making, and its images lie in a registry that asks for a role.
async fn shop(change: impl FnOnce(&mut Site)) -> Shop {
    let base = article::Options { system_assigned: true, ..article::Options::default() };
    let shop = Shop::open(&Options { base, probe: false, ..Options::default() }, |site| {
        quick(site);
        site.copy_roles = Some(CopyRoles::default());
        change(site);
    })
    .unwrap();
    let login = json!({"location": shop.article.location, "properties": {"loginServer": "registry.example.com"}});
    place(&shop, &registry(&shop), login);
    let blue = shop.article.blue.clone();
    assign(&shop, 1, ACR_PULL, &registry(&shop), &principal(&shop, &blue, KUBELET));
    let subnet = shop.site.slots.blue.subnet.clone();
    assign(&shop, 2, NETWORK_CONTRIBUTOR, &subnet, &principal(&shop, &blue, PLANE));
    shop.azure.world().resource_manager.enforce_pulls();
    shop
}

/// What a principal may do: the last parts of the roles and of their scopes.
async fn roles_of(shop: &Shop, principal: &str) -> Vec<String> {
    let all = shop.operator.store.run(&shop.site.name).await.unwrap().expect("there is a run").value;
    let reader = &shop.operator.reader;
    let found = reader.roles(&all.plan, principal, bluegreen::azure::roles::Whose::Own).await.unwrap().unwrap();
    let last = |id: &str| id.rsplit('/').next().unwrap().to_owned();
    let mut roles: Vec<_> = found.iter().map(|one| format!("{} on {}", last(&one.role), last(&one.scope))).collect();
    roles.sort();
    roles
}

fn of_kubelet() -> Vec<String> {
    vec![format!("{ACR_PULL} on acrshop")]
}

fn of_plane(subnet: &str) -> Vec<String> {
    vec![format!("{NETWORK_CONTRIBUTOR} on {}", subnet.rsplit('/').next().unwrap())]
}

fn write() -> On {
    On::call(Method::PUT, "/roleAssignments/")
}

fn refusal(status: u16, code: &str) -> Effect {
    let body = json!({"error": {"code": code, "message": "no"}});
    Effect::Answer { status: StatusCode::from_u16(status).unwrap(), headers: vec![], body }
}

#[test]
fn the_new_clusters_identities_have_their_roles_before_anything_runs_there() {
    story(|| async {
        let shop = shop(|site| site.old_cluster = OldCluster::Delete).await;
        let run = ends(&shop).await;
        upgraded(&run);
        let (kubelet, plane) =
            (principal(&shop, &shop.article.green, KUBELET), principal(&shop, &shop.article.green, PLANE));
        assert_eq!(roles_of(&shop, &kubelet).await, of_kubelet());
        assert_eq!(roles_of(&shop, &plane).await, of_plane(&shop.site.slots.green.subnet), "that of its own subnet");
        says(&run, "AcrPull on /subscriptions/");
        says(&run, "was given; that takes minutes to count");
        says(
            &run,
            "00000001-0000-4000-8000-000000000000 is for the identity aks-blue-agentpool of the kubelets, whose cluster",
        );
        {
            let world = shop.azure.world();
            let at = |method: Method, part: &str| {
                world.calls.iter().rposition(|call| call.method == method && call.path.contains(part))
            };
            let given = at(Method::PUT, "/roleAssignments/").expect("roles were given");
            let applied =
                world.calls.iter().position(|call| call.method == Method::PATCH && call.path.contains("/apis/"));
            assert!(Some(given) < applied, "{given} {applied:?}");
        }
        // And on: what we gave green's goes with it.
        let second = replaced(&shop, "second").await;
        upgraded(&second);
        assert_eq!(roles_of(&shop, &kubelet).await, Vec::<String>::new(), "{}", journal(&second));
        assert_eq!(roles_of(&shop, &plane).await, Vec::<String>::new());
        assert_eq!(roles_of(&shop, &principal(&shop, &shop.article.blue, KUBELET)).await, of_kubelet());
    });
}

#[test]
fn without_consent_a_person_is_asked_and_without_roles_no_image_comes() {
    story(|| async {
        let shop = shop(|site| site.copy_roles = None).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "\"grantsPrepared\": true");
    });
    story(|| async {
        let shop = shop(|site| (site.copy_roles, site.grants_prepared) = (None, true)).await;
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        assert!(run.journal.iter().all(|entry| entry.after != Step::ShiftTraffic), "{}", journal(&run));
    });
}

#[test]
fn a_crash_at_any_role_changes_nothing() {
    for (nth, effect) in [0, 1].into_iter().flat_map(|nth| [(nth, Effect::KillBefore), (nth, Effect::KillAfter)]) {
        story(|| async {
            let shop = shop(|_| {}).await;
            shop.azure.world().faults.add(Fault::once("crash", write(), effect.clone()).after(nth));
            let run = ends(&shop).await;
            upgraded(&run);
            assert_eq!(shop.azure.world().faults.hits().len(), 1);
            assert_eq!(roles_of(&shop, &principal(&shop, &shop.article.green, KUBELET)).await, of_kubelet());
            let plane = principal(&shop, &shop.article.green, PLANE);
            assert_eq!(roles_of(&shop, &plane).await, of_plane(&shop.site.slots.green.subnet));
        });
    }
}

#[test]
fn a_cluster_that_was_turned_back_leaves_no_role_and_the_old_one_keeps_its_own() {
    for crash in [None, Some(Effect::KillBefore), Some(Effect::KillAfter)] {
        story(|| async {
            let shop = shop(|_| {}).await;
            ask(&shop, "first", Kind::Upgrade, Some("latest-stable"));
            until(&shop, |run| run.step == Step::ConfirmTraffic).await;
            let (kubelet, plane) =
                (principal(&shop, &shop.article.green, KUBELET), principal(&shop, &shop.article.green, PLANE));
            assert_eq!(roles_of(&shop, &kubelet).await, of_kubelet());
            // Who died after the first could not tell of it.
            let tells = !matches!(crash, Some(Effect::KillAfter));
            if let Some(effect) = crash {
                let taken = On::call(Method::DELETE, "/roleAssignments/");
                shop.azure.world().faults.add(Fault::once("crash", taken, effect));
            }
            order(&shop, Verb::RollBack).await;
            let run = until(&shop, |run| run.ending.is_some()).await;
            assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
            if tells {
                says(&run, "was taken back from the identity aks-green-agentpool of the kubelets");
            }
            says(&run, "was taken back from");
            assert_eq!(roles_of(&shop, &kubelet).await, Vec::<String>::new());
            assert_eq!(roles_of(&shop, &plane).await, Vec::<String>::new());
            assert_eq!(roles_of(&shop, &principal(&shop, &shop.article.blue, KUBELET)).await, of_kubelet());
        });
    }
}

#[test]
fn what_made_room_leaves_no_role_that_we_gave() {
    story(|| async {
        let shop = shop(|site| site.leftover = Leftover::Delete).await;
        upgraded(&ends(&shop).await);
        let green = principal(&shop, &shop.article.green, KUBELET);
        let second = replaced(&shop, "second").await;
        upgraded(&second);
        // Blue made room, with what somebody had given it by hand; green is kept, with what we gave it.
        says(
            &second,
            "00000001-0000-4000-8000-000000000000 is for the identity aks-blue-agentpool of the kubelets, whose cluster",
        );
        assert_eq!(roles_of(&shop, &green).await, of_kubelet());
        let third = replaced(&shop, "third").await;
        upgraded(&third);
        assert_eq!(roles_of(&shop, &green).await, Vec::<String>::new(), "{}", journal(&third));
        let anew = principal(&shop, &shop.article.green, KUBELET);
        assert_ne!(anew, green, "another cluster, another identity");
        assert_eq!(roles_of(&shop, &anew).await, of_kubelet());
    });
}

#[test]
fn a_role_that_gives_rights_is_refused_before_a_cluster_is_made_with_the_command() {
    story(|| async {
        let shop = shop(|_| {}).await;
        assign(&shop, 3, OWNER, &registry(&shop), &principal(&shop, &shop.article.blue, KUBELET));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "who has it can give rights");
        says(&run, &format!("--role {OWNER} --scope {}", registry(&shop)));
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
    story(|| async {
        let shop = shop(|_| {}).await;
        let read = On::call(Method::GET, "/providers/Microsoft.Authorization/roleAssignments");
        shop.azure.world().faults.add(Fault::always("denied", read, refusal(403, "AuthorizationFailed")));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "may not be read");
    });
}

/// A vault that lets the old cluster's kubelets in by its access policies, if it goes by those.
fn vault(shop: &Shop, by_roles: bool) {
    let group = shop.article.gateway.split("/providers/").next().unwrap();
    let policy = json!({"tenantId": "t", "objectId": principal(shop, &shop.article.blue, KUBELET).to_uppercase(),
        "permissions": {"secrets": ["get", "list"], "certificates": ["get"]}});
    place(
        shop,
        &format!("{group}/providers/Microsoft.KeyVault/vaults/kv-shop"),
        json!({"location": shop.article.location,
            "properties": {"enableRbacAuthorization": by_roles, "accessPolicies": [policy]}}),
    );
}

#[test]
fn an_access_policy_of_a_vault_is_refused_with_the_command_and_what_a_person_did_is_believed() {
    let command =
        "--name kv-shop --secret-permissions get list --certificate-permissions get --object-id \"$(az aks show";
    story(|| async {
        let shop = shop(|_| {}).await;
        vault(&shop, false);
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the access policy of the vault kv-shop for the identity aks-blue-agentpool of the kubelets");
        says(&run, command);
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none());
    });
    for (by_roles, prepared) in [(false, true), (true, false)] {
        story(|| async {
            let shop = shop(|site| site.grants_prepared = prepared).await;
            vault(&shop, by_roles);
            let run = ends(&shop).await;
            upgraded(&run);
            assert_eq!(journal(&run).contains(command), !by_roles, "{}", journal(&run));
        });
    }
    story(|| async {
        let shop = shop(|_| {}).await;
        vault(&shop, false);
        let read = On::call(Method::GET, "/providers/Microsoft.KeyVault/vaults");
        shop.azure.world().faults.add(Fault::always("denied", read, refusal(403, "AuthorizationFailed")));
        let run = ends(&shop).await;
        upgraded(&run);
        says(
            &run,
            "may not be read: an access policy that lets an identity of the old cluster in is not copied, and not named",
        );
    });
    // Who may read some of them sees some: that is no answer.
    story(|| async {
        let shop = shop(|_| {}).await;
        vault(&shop, false);
        let subscription =
            format!("/subscriptions/{}/providers/Microsoft.Authorization/permissions", shop.article.subscription);
        let all_but = json!({"value": [{"actions": ["Microsoft.Authorization/*"], "notActions": []}]});
        let answer = Effect::Answer { status: StatusCode::OK, headers: vec![], body: all_but };
        let asked = On::call(Method::GET, &subscription);
        shop.azure.world().faults.add(Fault::always("some", asked, answer));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "az keyvault list --subscription");
    });
}

#[test]
fn a_right_that_does_not_count_yet_is_waited_for_half_an_hour_and_no_longer() {
    let denied = || refusal(403, "AuthorizationFailed");
    story(|| async {
        let shop = shop(|_| {}).await;
        ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
        let run = until(&shop, |run| run.step == Step::InstallControllers).await;
        let until_then = run.step_began + Duration::from_secs(20 * 60);
        let late = Fault::always("denied", write(), denied()).between(run.step_began, until_then);
        shop.azure.world().faults.add(late);
        let run = until(&shop, |run| run.ending.is_some()).await;
        upgraded(&run);
        says(&run, "takes up to 30 min to count");
    });
    story(|| async {
        let shop = shop(|_| {}).await;
        shop.azure.world().faults.add(Fault::always("denied", write(), denied()));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::RolledBack), "{}", journal(&run));
        says(&run, "has not come within 30 min");
    });
}

/// What Resource Manager says that the functions may do where the images lie.
fn may(value: &Value) -> Fault {
    let asked = On::call(Method::GET, "/registries/acrshop/providers/Microsoft.Authorization/permissions");
    let body = json!({"value": [value]});
    Fault::always("may", asked, Effect::Answer { status: StatusCode::OK, headers: vec![], body })
}

#[test]
fn whether_the_functions_may_give_roles_is_asked_before_a_cluster_is_made() {
    let reads = json!({"actions": ["*/read"], "notActions": []});
    story(|| async {
        let shop = shop(|_| {}).await;
        shop.azure.world().faults.add(may(&reads));
        let run = ends(&shop).await;
        assert_eq!(run.ending, Some(Ending::Rejected), "{}", journal(&run));
        says(&run, "the functions may not give and take back roles on ");
        says(
            &run,
            "/registries/acrshop: they lack Microsoft.Authorization/roleAssignments/write and Microsoft.Authorization/",
        );
        says(&run, "copiedRoleGroupIds");
        assert!(shop.azure.world().resource_manager.resource(&shop.article.green).is_none(), "no cluster was made");
    });
    // It was just given.
    story(|| async {
        let shop = shop(|_| {}).await;
        let now = shop.azure.clock().now();
        shop.azure.world().faults.add(may(&reads).between(now, now + Duration::from_secs(600)));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "the functions may not give and take back roles on ");
    });
    // An exception counts, and a condition is not seen.
    story(|| async {
        let shop = shop(|_| {}).await;
        let but = json!({"actions": ["*"], "notActions": ["Microsoft.Authorization/*/delete"]});
        shop.azure.world().faults.add(may(&but));
        let run = ends(&shop).await;
        says(&run, "/registries/acrshop: they lack Microsoft.Authorization/roleAssignments/delete;");
    });
    story(|| async {
        let shop = shop(|_| {}).await;
        let asked = On::call(Method::GET, "/providers/Microsoft.Authorization/permissions");
        shop.azure.world().faults.add(Fault::always("denied", asked, refusal(403, "AuthorizationFailed")));
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "/registries/acrshop cannot be told; InstallControllers shows it");
    });
}

#[test]
fn an_identity_that_the_directory_does_not_know_yet_is_waited_for() {
    story(|| async {
        let shop = shop(|_| {}).await;
        shop.azure.world().resource_manager.timings.principal_known = Duration::from_secs(5 * 60);
        let run = ends(&shop).await;
        upgraded(&run);
        says(&run, "the directory does not know");
    });
    // Somebody else was faster.
    story(|| async {
        let shop = shop(|_| {}).await;
        shop.azure.world().faults.add(Fault::once("there", write(), refusal(409, "RoleAssignmentExists")));
        upgraded(&ends(&shop).await);
    });
}
