//! `site init`: what it finds in the article's base, and that an upgrade runs with what it writes.
use crate::{looker, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};
use bluegreen::site::Site;
use bluegreen::site::check::parse;
use bluegreen::survey::site_init::{Draft, Found, draft};
use serde_json::{Value, json};

async fn found(shop: &Shop) -> Found {
    looker(&shop.azure).around(&shop.article.gateway, None).await.unwrap()
}

fn drafted(found: &Found) -> Draft {
    draft(found, Some("shop")).unwrap()
}

/// What is found in the article's base, after a change.
fn changed(change: impl FnOnce(&mut Found)) -> Draft {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let mut found = found(&shop).await;
        change(&mut found);
        drafted(&found)
    })
}

fn gateway_parts<'a>(found: &'a mut Found, collection: &str) -> &'a mut Vec<Value> {
    found.gateway.0["properties"][collection].as_array_mut().unwrap()
}

fn places(draft: &Draft) -> Vec<&str> {
    draft.placeholders.iter().map(|(place, _)| place.as_str()).collect()
}

/// What a person must decide in the article's base: its clusters go out by addresses of their own, and their pods get
/// identities by issuers of their own.
fn decided(text: &str) -> Site {
    let mut decided = text.to_owned();
    for member in ["partnersKnowOutboundAddress", "federationPrepared"] {
        let open = format!("\"{member}\": \"decide: ");
        let line = text.lines().find(|line| line.contains(&open)).unwrap();
        decided = decided.replace(line.trim_end_matches(','), &format!("\"{member}\": true"));
    }
    parse(&decided).unwrap()
}

#[test]
fn a_file_from_what_is_there_equals_the_one_that_people_wrote() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let draft = drafted(&found(&shop).await);
        assert_eq!(places(&draft), ["/partnersKnowOutboundAddress", "/federationPrepared"]);
        let site = decided(&draft.text);
        let written = &shop.site;
        assert_eq!((&site.gateway, &site.pools), (&written.gateway, &written.pools));
        assert_eq!(site.slots, written.slots);
        assert_eq!((&site.stages, site.internal_load_balancers), (&written.stages, written.internal_load_balancers));
        assert_eq!(site.smoke_tests, written.smoke_tests);
        assert_eq!(site.controllers[0].file, written.controllers[0].file);
        assert!(draft.text.contains("ingress/ingress-controller: ingress-controller 1.0.0"), "{}", draft.text);
        assert!(!draft.text.contains("AGIC"), "{}", draft.text);
    });
}

#[test]
fn an_upgrade_runs_with_the_file_that_was_written() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        let site = decided(&drafted(&found(&shop).await).text);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop");
        shop.operator
            .store
            .publish(site, |file| Ok(std::fs::read_to_string(format!("{folder}/{file}"))?))
            .await
            .unwrap();
        let told = play(&shop, Plot::default()).await.unwrap();
        assert_eq!((told.ending(), told.serving.name()), ("upgraded", "green"));
        assert_eq!(told.users.failed, 0);
        assert_eq!(told.run.plan.site.soak_minutes, 60);
    });
}

#[test]
fn after_an_upgrade_the_other_slot_is_the_idle_one() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        play(&shop, Plot::default()).await.unwrap();
        let draft = drafted(&found(&shop).await);
        assert_eq!(decided(&draft.text).slots, shop.site.slots);
        assert!(draft.text.contains("Serves now: aks-green"), "{}", draft.text);
    });
}

#[test]
fn the_cluster_leads_to_its_gateway() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let by_cluster = looker(&shop.azure).around(&shop.article.blue.to_uppercase(), None).await;
        // Of an id in capitals only the case differs; Azure does not mind it.
        let by_cluster = draft(&by_cluster.unwrap(), Some("shop")).unwrap();
        assert_eq!(by_cluster, drafted(&found(&shop).await));
    });
}

#[test]
fn nothing_is_written_while_looking() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        found(&shop).await;
        let world = shop.azure.world();
        let ours = world.calls.iter().filter(|call| call.process == "person" && call.action.is_some());
        let actions: Vec<_> = ours.filter_map(|call| call.action.clone()).collect();
        assert!(actions.len() > 3, "{actions:?}");
        for action in actions {
            assert!(action.ends_with("/read") || action.ends_with("listClusterUserCredential/action"), "{action}");
        }
    });
}

#[test]
fn without_a_candidate_pool_a_person_must_make_one() {
    let draft = changed(|found| gateway_parts(found, "backendAddressPools").retain(|pool| pool["name"] != "candidate"));
    assert_eq!(
        places(&draft),
        ["/pools/candidate", "/smokeTests/0/url", "/partnersKnowOutboundAddress", "/federationPrepared"]
    );
    let mistakes = parse(&draft.text).unwrap_err();
    let undecided: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(
        undecided,
        ["/federationPrepared", "/partnersKnowOutboundAddress", "/pools/candidate", "/smokeTests/0/url"]
    );
    assert!(mistakes.iter().all(|mistake| mistake.what.starts_with("undecided: ")), "{mistakes:?}");
}

#[test]
fn without_an_idle_subnet_a_person_must_make_one() {
    let draft = changed(|found| {
        let subnets = found.networks[0]["properties"]["subnets"].as_array_mut().unwrap();
        subnets.retain(|subnet| subnet["name"] != "green");
    });
    let expected =
        ["/slots/green/subnet", "/slots/green/addresses/0", "/partnersKnowOutboundAddress", "/federationPrepared"];
    assert_eq!(places(&draft), expected);
    assert!(draft.text.contains("managedClusters/aks-green"), "{}", draft.text);
}

#[test]
fn subnets_that_could_be_meant_as_well_are_named() {
    let draft = changed(|found| {
        let subnets = found.networks[0]["properties"]["subnets"].as_array_mut().unwrap();
        let blue = subnets.iter().find(|subnet| subnet["name"] == "blue").unwrap().clone();
        let like = |name: &str, prefix: &str, more: Value| {
            let mut subnet = blue.clone();
            subnet["id"] = json!(subnet["id"].as_str().unwrap().replace("/blue", &format!("/{name}")));
            subnet["name"] = name.into();
            subnet["properties"] = json!({"addressPrefix": prefix});
            subnet["properties"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            subnet
        };
        let more = [
            like("spare", "10.1.64.0/20", json!({})),
            like("small", "10.1.80.0/24", json!({})),
            like("functions", "10.1.96.0/20", json!({"delegations": [{"name": "app"}]})),
            like("machines", "10.1.112.0/20", json!({"ipConfigurations": [{"id": "/nic"}]})),
            like("AzureBastionSubnet", "10.1.128.0/20", json!({})),
        ];
        subnets.splice(0..0, more);
    });
    let others: Vec<_> = draft.marks.iter().filter(|(_, what)| what.contains("and so have")).collect();
    assert_eq!(others.len(), 1, "{:?}", draft.marks);
    assert!(others[0].1.starts_with("green has room for a cluster, and so have spare."), "{others:?}");
    assert!(decided(&draft.text).slots.green.subnet.ends_with("/subnets/green"));
}

#[test]
fn agic_is_found_by_its_tag_its_add_on_or_its_image() {
    let by_tag = |found: &mut Found| found.gateway.0["tags"]["managed-by-k8s-ingress"] = json!("1.8.1");
    let by_add_on = |found: &mut Found| {
        found.clusters[0]["properties"]["addonProfiles"] = json!({"ingressApplicationGateway": {"enabled": true}});
    };
    let by_image = |found: &mut Found| {
        let image = "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.8.1";
        found
            .objects
            .as_mut()
            .unwrap()
            .push(json!({"kind": "Deployment", "metadata": {"namespace": "agic", "name": "agic"},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}}}));
    };
    let changes: [&dyn Fn(&mut Found); 3] = [&by_tag, &by_add_on, &by_image];
    for change in changes {
        let draft = changed(|found| change(found));
        assert!(draft.text.contains("// DECIDE: AGIC mode: the "), "{}", draft.text);
        assert_eq!(places(&draft), ["/slots/blue/addresses/0", "/partnersKnowOutboundAddress", "/federationPrepared"]);
    }
}

#[test]
fn what_every_plan_would_be_refused_for_is_said_at_once() {
    // AKS sets it where nobody said anything else.
    let draft = changed(|found| {
        found.clusters[0]["properties"]["autoUpgradeProfile"]["nodeOSUpgradeChannel"] = json!("NodeImage");
    });
    let said: Vec<_> = draft.marks.iter().filter(|(_, what)| what.contains("CheckPlan would refuse")).collect();
    assert_eq!(said.len(), 1, "{:?}", draft.marks);
    assert!(said[0].1.contains("\"NodeImage\"") && said[0].1.contains("SecurityPatch"), "{said:?}");
    assert_eq!(places(&draft), ["/partnersKnowOutboundAddress", "/federationPrepared"], "the file is good as it is");
}

#[test]
fn a_listener_without_a_host_name_is_asked_at_its_address() {
    let without_hosts = |found: &mut Found, keeps_ingress: bool| {
        for listener in gateway_parts(found, "httpListeners") {
            listener["properties"].as_object_mut().unwrap().remove("hostName");
        }
        let objects = found.objects.as_mut().unwrap();
        objects.retain(|object| keeps_ingress || object["spec"].get("rules").is_none());
    };
    let named = decided(&changed(|found| without_hosts(found, true)).text).smoke_tests;
    let bare = decided(&changed(|found| without_hosts(found, false)).text).smoke_tests;
    assert_eq!(named[0].url, "http://shop.example.com/healthz");
    let address = named[0].connect_to.as_deref().unwrap();
    assert!(address.parse::<std::net::Ipv4Addr>().is_ok(), "{address}");
    assert_eq!((&*bare[0].url, bare[0].connect_to.as_deref()), (&*format!("http://{address}/healthz"), None));
    let with_tls = changed(|found| {
        without_hosts(found, true);
        gateway_parts(found, "httpListeners").iter_mut().for_each(|it| it["properties"]["protocol"] = json!("Https"));
    });
    assert!(places(&with_tls).contains(&"/smokeTests/0/url"), "no certificate is for an address");
}

#[test]
fn a_cluster_that_cannot_be_looked_into_still_gets_a_file() {
    let draft = changed(|found| found.objects = Err("its API server does not answer within 20 s\nand so on".into()));
    assert_eq!(decided(&draft.text).internal_load_balancers, 1);
    assert!(draft.text.contains("aks-blue could not be looked into: its API server does not answer"), "{}", draft.text);
}

#[test]
fn what_may_be_meant_is_said_when_it_is_not_clear() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let looker = looker(&shop.azure);
        let error = looker.around("gw-shop", None).await.unwrap_err().to_string();
        assert!(error.contains("expected the resource id of an Application Gateway"), "{error}");
        let error = looker.around(&format!("{}-2", shop.article.gateway), None).await.unwrap_err().to_string();
        assert!(error.contains("gw-shop-2") && error.contains("ResourceNotFound"), "{error}");
        let mut found = found(&shop).await;
        for pool in gateway_parts(&mut found, "backendAddressPools") {
            pool["properties"]["backendAddresses"] = json!([]);
        }
        let error = draft(&found, None).unwrap_err();
        assert!(error.contains("expected the internal addresses of a cluster's ingress in a pool"), "{error}");
        assert!(draft(&found, Some("Shop!")).is_err());
    });
}

#[test]
fn whatever_stands_in_a_name_a_comment_ends_with_its_line() {
    let draft = changed(|found| {
        found
            .objects
            .as_mut()
            .unwrap()
            .push(json!({"metadata": {"namespace": "a\n\"evil\": 1,", "name": "x-controller"},
            "spec": {"template": {"spec": {"containers": [{"image": "x\n:1"}]}}}}));
    });
    decided(&draft.text);
}

/// The gateway's pools hold these addresses, and the network has these subnets more.
fn with_ingress_apart(found: &mut Found, subnets: &[(&str, &str)]) {
    let network = &mut found.networks[0]["properties"]["subnets"].as_array_mut().unwrap();
    let blue = network.iter().find(|subnet| subnet["name"] == "blue").unwrap()["id"].as_str().unwrap().to_owned();
    for (name, prefix) in subnets {
        let id = blue.replace("/blue", &format!("/{name}"));
        network.push(json!({"id": id, "name": name, "properties": {"addressPrefix": prefix}}));
    }
    let live = gateway_parts(found, "backendAddressPools").iter_mut().find(|pool| pool["name"] == "live").unwrap();
    live["properties"]["backendAddresses"] = json!([{"ipAddress": "10.1.64.20"}]);
}

#[test]
fn an_ingress_in_a_subnet_of_its_own_is_found_with_its_twin() {
    let both = [("ingress-blue", "10.1.64.16/28"), ("ingress-green", "10.1.65.16/28")];
    let site = decided(&changed(|found| with_ingress_apart(found, &both)).text);
    let ingress = |slot: &bluegreen::site::Slot| slot.ingress_subnet.clone().unwrap_or_default();
    assert!(ingress(&site.slots.blue).ends_with("/ingress-blue"), "{site:?}");
    assert!(ingress(&site.slots.green).ends_with("/ingress-green"), "{site:?}");
    assert!(site.slots.blue.subnet.ends_with("/blue") && site.slots.green.subnet.ends_with("/green"));
    assert_eq!(site.slots.blue.addresses, [std::net::Ipv4Addr::new(10, 1, 64, 20)]);
    assert_eq!(site.slots.green.addresses, [std::net::Ipv4Addr::new(10, 1, 65, 20)]);
    let alone = changed(|found| with_ingress_apart(found, &both[..1]));
    let expected = [
        "/slots/green/ingressSubnet",
        "/slots/green/addresses/0",
        "/partnersKnowOutboundAddress",
        "/federationPrepared",
    ];
    assert_eq!(places(&alone), expected);
}

#[test]
fn what_else_a_slot_has_is_written_for_both() {
    let draft = changed(|found| {
        with_ingress_apart(found, &[("user-blue", "10.1.96.0/20"), ("user-green", "10.1.112.0/20")]);
        gateway_parts(found, "backendAddressPools")[0]["properties"]["backendAddresses"] =
            json!([{"ipAddress": "10.1.15.1"}]);
        let blue = found.clusters.iter_mut().find(|cluster| cluster["name"] == "aks-blue").unwrap();
        let pools = blue["properties"]["agentPoolProfiles"].as_array_mut().unwrap();
        let mut pool = pools[0].clone();
        let home = pool["vnetSubnetID"].as_str().unwrap().replace("/blue", "/user-blue");
        (pool["name"], pool["vnetSubnetID"]) = (json!("user"), json!(home));
        pools.push(pool);
        blue["properties"]["nodeResourceGroup"] = json!("rg-nodes-blue");
    });
    let site = decided(&draft.text);
    assert!(site.slots.blue.subnets["user"].ends_with("/user-blue"), "{site:?}");
    assert!(site.slots.green.subnets["user"].ends_with("/user-green"), "{site:?}");
    assert_eq!(site.slots.green.node_resource_group.as_deref(), Some("rg-nodes-green"));
}

#[test]
fn pools_that_hold_no_addresses_are_said_in_their_own_words() {
    story(|| async {
        let shop = Shop::open(&Options { probe: false, ..Options::default() }, |_| {}).unwrap();
        let found = found(&shop).await;
        let with = |members: Value| {
            let mut found = found.clone();
            found.gateway.0["properties"]["backendAddressPools"] = json!([{"name": "live", "properties": members}]);
            found
        };
        let said = |found: &Found| draft(found, None).unwrap_err();
        let named = said(&with(json!({"backendAddresses": [{"fqdn": "in.example"}]})));
        assert!(named.contains("Names are members: put the internal addresses"), "{named}");
        let interfaces = said(&with(json!({"backendIPConfigurations": [{"id": "/nic"}]})));
        assert!(interfaces.contains("members by their network interfaces"), "{interfaces}");
        let mut managed = with(json!({"backendAddresses": []}));
        for pool in managed.clusters.iter_mut().flat_map(|it| it["properties"]["agentPoolProfiles"].as_array_mut()) {
            pool.iter_mut().for_each(|pool| drop(pool.as_object_mut().unwrap().remove("vnetSubnetID")));
        }
        let managed = said(&managed);
        assert!(managed.contains("AKS made the cluster's network for it alone"), "{managed}");
    });
}

#[test]
fn a_candidate_that_is_not_called_so_is_a_guess() {
    let renamed = changed(|found| {
        let gateway = found.gateway.0.to_string().replace("candidate", "maintenance");
        found.gateway.0 = serde_json::from_str(&gateway).unwrap();
    });
    let guess: Vec<_> = renamed.marks.iter().filter(|(_, what)| what.contains("is only a guess")).collect();
    assert_eq!(guess.len(), 1, "{:?}", renamed.marks);
    assert!(guess[0].1.contains("users must not be led there"), "{guess:?}");
    assert_eq!(decided(&renamed.text).pools.candidate, "maintenance");
}

#[test]
fn a_candidate_behind_a_path_map_is_found() {
    let draft = changed(|found| {
        let id = found.gateway.0["id"].as_str().unwrap().to_owned();
        let to = |kind: &str, name: &str| json!({"id": format!("{id}/{kind}/{name}")});
        let rules = gateway_parts(found, "requestRoutingRules");
        let rule = rules.iter_mut().find(|rule| rule["name"] == "candidate").unwrap();
        let properties = rule["properties"].as_object_mut().unwrap();
        properties.remove("backendAddressPool");
        let settings = properties.remove("backendHttpSettings").unwrap();
        properties.insert("urlPathMap".into(), to("urlPathMaps", "candidate"));
        gateway_parts(found, "urlPathMaps").push(
            json!({"id": format!("{id}/urlPathMaps/candidate"), "name": "candidate",
            "properties": {"pathRules": [], "defaultBackendAddressPool": to("backendAddressPools", "candidate"),
            "defaultBackendHttpSettings": settings}}),
        );
    });
    let site = decided(&draft.text);
    assert_eq!(site.pools.candidate, "candidate");
    assert!(site.smoke_tests[0].url.ends_with("/healthz"), "{:?}", site.smoke_tests);
}

#[test]
fn a_listener_that_another_frontend_has_too_is_asked_at_its_address() {
    let draft = changed(|found| {
        let id = found.gateway.0["id"].as_str().unwrap().to_owned();
        let private = format!("{id}/frontendIPConfigurations/private");
        gateway_parts(found, "frontendIPConfigurations")
            .push(json!({"id": private, "name": "private", "properties": {"privateIPAddress": "10.1.32.10"}}));
        let listeners = gateway_parts(found, "httpListeners");
        let mut twin = listeners.iter().find(|listener| listener["name"] == "candidate").unwrap().clone();
        (twin["name"], twin["id"]) = (json!("twin"), json!(format!("{id}/httpListeners/twin")));
        twin["properties"]["frontendIPConfiguration"]["id"] = json!(private);
        listeners.push(twin);
    });
    let test = &decided(&draft.text).smoke_tests[0];
    let address = test.connect_to.as_deref().unwrap_or_default();
    assert!(address.parse::<std::net::Ipv4Addr>().is_ok_and(|it| !it.is_private()), "{test:?}");
}
