//! `doctor` on the function app: its host, its identity's roles through groups and under conditions, and Container Apps.
use crate::doctor::{changed, findings, in_world, is_only, quiet, seen, seen_as};
use crate::story;
use bluegreen::local::installation::{CLIENT, Installation};
use bluegreen::local::shop::Shop;
use bluegreen::survey::doctor::{App, Row, State, examine, has_findings, table};
use serde_json::{Value, json};
use simulated_azure::entra::principal_of;
use simulated_azure::resource_manager::HostStatus;
use simulated_azure::{Effect, Fault, On, World};

/// Changes a resource of the world.
fn rewrite(shop: &Shop, id: &str, change: impl FnOnce(&mut Value)) {
    let now = shop.azure.clock().now();
    let world: &mut World = &mut shop.azure.world();
    let mut body = world.resource_manager.resource(id).unwrap().clone();
    change(&mut body);
    world.resource_manager.place(id, body, &mut world.kubernetes, now);
}

/// The id of the assignment of a role.
fn assignment_of(shop: &Shop, role: &str) -> String {
    let observed = shop.azure.world();
    let subscription = &shop.article.subscription;
    let all = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions");
    let guid = (0..10).map(|index| format!("0000000{index}-0000-4000-8000-0000000000d{index}"));
    let is_it = |guid: &String| {
        let found = observed.resource_manager.resource(&format!("{all}/{guid}"));
        found.is_some_and(|found| found["properties"]["roleName"] == role)
    };
    let guid = guid.into_iter().find(is_it).unwrap();
    let parts = Installation::of(&shop.article);
    let group = format!("/subscriptions/{subscription}/resourceGroups/{}", shop.article.resource_group);
    let scopes = [parts.account, parts.namespace, group, format!("/subscriptions/{subscription}")];
    let ids = scopes.map(|scope| format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{guid}"));
    ids.into_iter().find(|id| observed.resource_manager.resource(id).is_some()).unwrap()
}

fn host(status: impl FnOnce(&mut HostStatus)) -> Vec<Row> {
    in_world(|shop| {
        let bundle = ("Microsoft.Azure.Functions.ExtensionBundle".to_owned(), "4.38.0".to_owned());
        let mut said = HostStatus { extension_bundle: Some(bundle), ..HostStatus::default() };
        status(&mut said);
        let app = Installation::of(&shop.article).app;
        shop.azure.world().resource_manager.set_host_status(&app, Some(said));
    })
}

fn bundle(id: &str, version: &str) -> Option<(String, String)> {
    Some((id.to_owned(), version.to_owned()))
}

#[test]
fn a_host_that_does_not_run_as_it_should_is_a_finding() {
    let id = "Microsoft.Azure.Functions.ExtensionBundle";
    assert!(!has_findings(&host(|_| {})));
    assert!(!has_findings(&host(|host| host.extension_bundle = bundle(id, "4.31.0"))));
    is_only(&host(|host| host.state = "Starting".into()), "host", "the host is \"Starting\"");
    let broken = host(|host| {
        host.state = "Error".into();
        host.errors = vec!["the storage refuses".into()];
    });
    is_only(&broken, "host", "the host is \"Error\", expected is \"Running\": the storage refuses");
    is_only(&host(|host| host.errors = vec!["a listener fails".into()]), "host", "a listener fails");
    is_only(&host(|host| host.version = "3.21.1.0".into()), "host", "version \"3.21.1.0\", expected is 4");
    is_only(&host(|host| host.extension_bundle = None), "host", "runs without an extension bundle");
    let old = host(|host| host.extension_bundle = bundle(id, "4.30.0"));
    is_only(&old, "host", "4.30.0\", expected is Microsoft.Azure.Functions.ExtensionBundle [4.31.0, 5.0.0)");
    let preview =
        host(|host| host.extension_bundle = bundle("Microsoft.Azure.Functions.ExtensionBundle.Preview", "4.38.0"));
    is_only(&preview, "host", "ExtensionBundle.Preview");
}

#[test]
fn a_host_that_does_not_answer_is_a_finding_and_so_is_a_stopped_app() {
    let down = in_world(|shop| {
        let app = Installation::of(&shop.article).app;
        shop.azure.world().resource_manager.set_host_status(&app, None);
    });
    is_only(&down, "host", "Encountered an error (ServiceUnavailable) from host runtime");
    assert!(findings(&down)[0].remedy.contains("az functionapp restart"), "{down:#?}");
    let stopped = in_world(|shop| {
        let app = Installation::of(&shop.article).app;
        rewrite(shop, &app, |app| app["properties"]["state"] = "Stopped".into());
    });
    is_only(&stopped, "host", "func-upgrader is stopped");
    assert!(findings(&stopped)[0].remedy.contains("az functionapp start --ids /subscriptions/"), "{stopped:#?}");
    // Said of a host that does not answer: no role would help.
    let forbidden = in_world(|shop| {
        let body = json!({"Code": "Unauthorized", "Message": "Encountered an error (Forbidden) from extensions API."});
        let effect = Effect::Answer { status: http::StatusCode::FORBIDDEN, headers: vec![], body };
        shop.azure.world().faults.add(Fault::always(
            "closed",
            On::call(http::Method::GET, "/hostruntime/admin/host/status"),
            effect,
        ));
    });
    is_only(&forbidden, "host", "Unauthorized: Encountered an error (Forbidden)");
    assert!(!findings(&forbidden)[0].remedy.contains("Reader"), "{forbidden:#?}");
}

#[test]
fn a_role_that_is_held_through_groups_counts() {
    let through = |groups: &[(&str, &str)]| {
        in_world(|shop| {
            let id = assignment_of(shop, "cluster replacer and traffic turner");
            rewrite(shop, &id, |assignment| {
                assignment["properties"]["principalId"] = "upgraders".into();
                assignment["properties"]["principalType"] = "Group".into();
            });
            for (group, member) in groups {
                shop.azure.world().entra.groups.add_member(group, member);
            }
        })
    };
    let us = principal_of(CLIENT);
    assert!(!has_findings(&through(&[("upgraders", &us)])));
    assert!(!has_findings(&through(&[("upgraders", "robots"), ("robots", &us)])), "a group in a group");
    let rows = through(&[("upgraders", "somebody"), ("robots", &us)]);
    let lacking = findings(&rows);
    assert!(!lacking.is_empty() && lacking.iter().all(|row| row.check == "roles"), "{lacking:#?}");
    assert!(lacking[0].remedy.contains("through a group up to a day"), "{lacking:#?}");
}

#[test]
fn a_right_under_a_condition_counts_and_is_said_to_be_unsure() {
    let condition = "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'})))";
    let rows = in_world(|shop| {
        let id = assignment_of(shop, "Storage Blob Data Owner");
        rewrite(shop, &id, |assignment| {
            assignment["properties"]["condition"] = condition.into();
            assignment["properties"]["conditionVersion"] = "2.0".into();
        });
    });
    assert!(!has_findings(&rows), "{}", table(&rows));
    let roles: Vec<_> = rows.iter().filter(|row| row.check == "roles").collect();
    assert_eq!(roles.len(), 2, "{roles:#?}");
    assert!(roles[0].what.ends_with(", 3 of them under a condition"), "{roles:#?}");
    assert_eq!(roles[1].state, State::NotLookedAt);
    assert!(roles[1].what.contains("blobs/delete; ") && roles[1].what.contains("((!(ActionMatches"), "{roles:#?}");
    assert!(roles[1].remedy.contains("assign Storage Blob Data Owner without one"), "{roles:#?}");
    // Beside one without a condition it does not matter.
    let rows = changed(|seen| {
        let all = seen.app.as_mut().unwrap().assignments.as_mut().unwrap();
        let mut twins = all.clone();
        for twin in &mut twins {
            twin["properties"]["condition"] = condition.into();
        }
        all.splice(0..0, twins);
    });
    assert!(rows.iter().all(|row| row.state == State::Well), "{}", table(&rows));
}

/// The installation with its app on Container Apps, as `infra/upgrader/app/containers.bicep` makes it.
fn contained(change: impl FnOnce(&mut Vec<Value>)) -> Vec<Row> {
    story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        let site = Installation::of(&shop.article).app;
        let app = site.replace("Microsoft.Web/sites", "Microsoft.App/containerApps");
        {
            let now = shop.azure.clock().now();
            let world: &mut World = &mut shop.azure.world();
            let settings = world.resource_manager.resource(&format!("{site}/config/appsettings")).unwrap().clone();
            let settings = settings["properties"].as_object().unwrap().clone();
            let settings = settings.into_iter().filter(|(name, _)| name != "provisioningState");
            let mut env: Vec<_> = settings.map(|(name, value)| json!({"name": name, "value": value})).collect();
            change(&mut env);
            let identity = world.resource_manager.resource(&site).unwrap()["identity"].clone();
            let body = json!({"location": shop.article.location, "kind": "functionapp", "identity": identity,
                "properties": {"template": {"containers": [{"name": "handler", "image": "upgrader:1", "env": env}]}}});
            world.resource_manager.place(&app, body, &mut world.kubernetes, now);
        }
        examine(&seen_as(&shop, &app).await)
    })
}

fn named<'a>(env: &'a mut [Value], name: &str) -> &'a mut Value {
    env.iter_mut().find(|variable| variable["name"] == name).unwrap()
}

#[test]
fn an_app_on_container_apps_is_looked_over_but_for_its_host() {
    let rows = contained(|_| {});
    assert!(!has_findings(&rows), "{}", table(&rows));
    let of = |check: &str| rows.iter().filter(|row| row.check == check).collect::<Vec<_>>();
    assert!(of("identity")[1].what.contains(&format!("func-upgrader acts as {}", principal_of(CLIENT))), "{rows:#?}");
    assert_eq!((of("settings")[0].state, of("roles")[0].state), (State::Well, State::Well));
    assert_eq!((of("host").len(), of("host")[0].state), (1, State::NotLookedAt));
    let rows = contained(|env| env.retain(|variable| variable["name"] != "AZURE_CLIENT_ID"));
    is_only(&rows, "settings", "AZURE_CLIENT_ID is missing");
    let rows = contained(|env| named(env, "AzureWebJobsStorage__blobServiceUri")["value"] = "https://other/".into());
    is_only(&rows, "settings", "and \"https://other/\" in the app");
}

#[test]
fn a_secret_of_a_container_is_a_finding_only_in_place_of_a_connection_string() {
    let secret = |name: &str| json!({"name": name, "secretRef": "the-secret"});
    let rows = contained(|env| env.push(secret("AzureWebJobsStorage")));
    is_only(&rows, "settings", "a connection string in AzureWebJobsStorage");
    let rows = contained(|env| env.push(secret("SOMETHING_ELSE")));
    assert!(!has_findings(&rows) && !table(&rows).contains("SOMETHING_ELSE"), "{}", table(&rows));
    let rows = contained(|env| *named(env, "AZURE_CLIENT_ID") = secret("AZURE_CLIENT_ID"));
    assert!(!has_findings(&rows), "{}", table(&rows));
    let unsure = rows.iter().find(|row| row.check == "settings" && row.state == State::NotLookedAt).unwrap();
    assert!(unsure.what.ends_with("not shown, stand for AZURE_CLIENT_ID"), "{unsure:#?}");
}

#[test]
fn a_reference_to_a_key_vault_is_judged_as_a_secret() {
    let given = |name: &str| {
        changed(|seen| {
            let settings = &mut seen.app.as_mut().unwrap().settings.as_mut().unwrap()["properties"];
            settings[name] = "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/it)".into();
        })
    };
    is_only(&given("ServiceBusConnection"), "settings", "a connection string in ServiceBusConnection");
    let rows = given("ServiceBusConnection__fullyQualifiedNamespace");
    assert!(!has_findings(&rows) && table(&rows).contains("1 not looked at"), "{}", table(&rows));
}

#[test]
fn who_is_told_over_webhooks_is_looked_at_and_no_address_is_shown() {
    let given = |told: &str, hosts: &str| {
        changed(|seen| {
            let settings = &mut seen.app.as_mut().unwrap().settings.as_mut().unwrap()["properties"];
            (settings["TELL"], settings["TELL_HOSTS"]) = (told.into(), hosts.into());
        })
    };
    let told = r#"[{"url": "https://hooks.example.com/a-secret"}]"#;
    let rows = given(told, "hooks.example.com");
    assert!(!has_findings(&rows) && table(&rows).contains("over webhooks at hooks.example.com"), "{}", table(&rows));
    is_only(&given(told, "other.example.com"), "settings", "not among those of TELL_HOSTS");
    is_only(&given("a-secret", ""), "settings", "TELL cannot be read");
    let rows = given("@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/it)", "hooks.example.com");
    assert!(!has_findings(&rows) && table(&rows).contains("(TELL) lies in a secret"), "{}", table(&rows));
    assert!(!table(&given(told, "hooks.example.com")).contains("a-secret"));
}

#[test]
fn a_right_to_read_the_routes_is_needed_where_a_cluster_goes_out_by_them() {
    let table = "/subscriptions/0/resourceGroups/network/providers/Microsoft.Network/routeTables/out";
    let rows = changed(|seen| seen.sites.as_mut().unwrap()[0].routes = vec![table.into()]);
    is_only(&rows, "roles", "lacks Microsoft.Network/routeTables/read");
}

#[test]
fn where_roles_are_to_be_copied_the_functions_must_be_able_to_give_some() {
    let given = |takes: Option<&str>| {
        changed(|seen| {
            seen.sites.as_mut().unwrap()[0].site.as_mut().unwrap().copy_roles = serde_json::from_str("{}").ok();
            let app = seen.app.as_mut().unwrap();
            for definition in app.definitions.values_mut().flatten() {
                let actions = definition["properties"]["permissions"][0]["actions"].as_array_mut().unwrap();
                actions.retain(|action| takes.is_none_or(|takes| action != takes));
            }
        })
    };
    let says = |rows: &[Row]| findings(rows).iter().any(|row| row.what.contains("may give roles nowhere"));
    assert!(!says(&given(None)));
    for verb in ["write", "delete"] {
        let rows = given(Some(&format!("Microsoft.Authorization/roleAssignments/{verb}")));
        assert!(says(&rows), "{verb}: {}", table(&rows));
    }
}

#[test]
fn looking_twice_finds_the_same() {
    story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        let first = examine(&seen(&shop).await);
        assert_eq!(table(&first), table(&examine(&seen(&shop).await)));
    });
}

#[test]
fn an_id_of_something_else_is_no_function_app() {
    let group = "/subscriptions/s/resourceGroups/g/providers";
    let site = |rest: &str| format!("{group}/Microsoft.Web/sites/{rest}");
    for id in [site("f"), site("f/"), site("f/slots/next"), format!("{group}/microsoft.web/SITES/f")] {
        assert!(matches!(id.parse(), Ok(App::Site(_))), "{id}");
    }
    let container = format!("{group}/Microsoft.App/containerApps/f");
    assert_eq!(container.parse::<App>(), Ok(App::Container(container.clone())));
    for id in [
        "func-upgrader".to_owned(),
        format!("{group}/Microsoft.Web/serverfarms/plan"),
        site("f/config/appsettings"),
        format!("{container}/revisions/one"),
        String::new(),
    ] {
        let said = id.parse::<App>().unwrap_err();
        assert!(said.starts_with("expected the resource id of a function app, like "), "{id}: {said}");
    }
}

#[test]
fn an_app_that_is_not_there_is_one_finding() {
    let rows = story(|| async {
        let shop = Shop::open(&quiet(), |_| {}).unwrap();
        let gone = Installation::of(&shop.article).app.replace("func-upgrader", "func-elsewhere");
        examine(&seen_as(&shop, &gone).await)
    });
    is_only(&rows, "identity", "ResourceNotFound");
    assert!(rows.iter().any(|row| row.state == State::NotLookedAt && row.what.contains("host, settings and roles")));
}
