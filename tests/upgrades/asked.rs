//! Requests as people and their tools send them: each becomes a run, or a recorded refusal; none vanishes, none wakes anybody.
use crate::http_api::call;
use crate::{quick, story, until};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::{NewVersions, Site};
use bluegreen::store::{RUNS, SITES, reservation_name};
use serde_json::{Value, json};
use simulated_azure::service_bus::Message;
use std::time::Duration;

fn open(change: impl FnOnce(&mut Site)) -> Shop {
    let both = |site: &mut Site| {
        quick(site);
        change(site);
    };
    Shop::open(&Options { probe: false, ..Options::default() }, both).unwrap()
}

fn send(shop: &Shop, queue: &str, id: &str, body: &[u8]) {
    let message = Message::new(body.to_vec()).with_id(id);
    shop.azure.world().service_bus.send(queue, message, shop.azure.clock().now()).unwrap();
    shop.azure.touch();
}

/// The records of refusals, the newest first, after a minute.
async fn refusals(shop: &Shop) -> Vec<Value> {
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (status, listed) = call(shop, "GET", "/upgrades", &json!(null)).await;
    assert_eq!(status, 200);
    listed["refusals"].as_array().unwrap().clone()
}

#[test]
fn whatever_can_be_meant_in_one_way_only_starts_a_run() {
    const PLAIN: &str = r#"{"site": "shop", "version": "1.34.2", "requestedBy": "me"}"#;
    let wrapped =
        [&b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x99"[..], &[58], PLAIN.as_bytes()];
    assert_eq!(PLAIN.len(), 58);
    let utf16 = PLAIN.encode_utf16().flat_map(u16::to_le_bytes);
    for body in [
        [b"\xef\xbb\xbf", PLAIN.as_bytes()].concat(),
        wrapped.concat(),
        [0xff, 0xfe].into_iter().chain(utf16).collect(),
        serde_json::to_vec(PLAIN).unwrap(),
        format!("[{PLAIN}]").into_bytes(),
        br#"{"Site": " Shop ", "Version": "v1.34.2", "requested_by": "me", "kind": "Upgrade"}"#.to_vec(),
    ] {
        story(|| async {
            let shop = open(|_| {});
            send(&shop, "upgrade-requests", "asked", &body);
            let run = until(&shop, |run| run.hop > 0).await;
            assert_eq!(run.plan.version.to_string(), "1.34.2", "{body:?}");
            assert_eq!(run.request, "asked");
        });
    }
}

#[test]
fn what_can_be_no_request_is_a_refusal_at_once_with_what_came() {
    let large = format!("{{\"site\": \"shop\", \"reason\": {}", "x".repeat(200_000));
    let bodies: [(&[u8], &str); 12] = [
        (b"", "it is empty"),
        (b"hello", "it is no JSON"),
        (b"<site>shop</site>", "it is XML"),
        (b"\x1f\x8b\x08\x00\x00", "compressed (gzip)"),
        (b"{\"site\": \"shop\",}", "trailing comma"),
        (b"{\"site\": \"shop\", \"version\": 1.30}", "version is the number 1.3: put it into quotes"),
        (b"{\"site\": \"shop\", \"versoin\": \"1.34.2\"}", "\"versoin\" is no member of a request: expected id, site"),
        (
            b"{\"site\": \"shop\", \"reason\": 5, \"by\": \"me\"}",
            "expected a text for reason, found 5; \"by\" is no member",
        ),
        (b"{\"version\": \"latest-patch\"}", "site is missing"),
        (b"{\"site\": \"no site\", \"version\": \"latest-patch\"}", "is no site's name"),
        (b"[{\"site\": \"shop\"}, {\"site\": \"shop\"}]", "found a list of 2"),
        (large.as_bytes(), "it is no JSON"),
    ];
    story(|| async {
        let shop = open(|_| {});
        for (index, (body, words)) in bodies.iter().enumerate() {
            send(&shop, "upgrade-requests", &format!("message-{index}"), body);
            let newest = refusals(&shop).await.remove(0);
            let why = newest["why"].as_str().unwrap();
            assert!(why.contains(words), "{words}: {why}");
            assert_eq!(newest["queue"], "upgrade-requests");
            assert_eq!(newest["request"]["id"], format!("message-{index}"));
            assert!(newest["came"].as_str().unwrap().len() <= 300, "{newest}");
        }
        assert_eq!(refusals(&shop).await.len(), bodies.len());
        assert_eq!(shop.host.counters().dead_letters, 0);
        assert!(shop.run().is_none());
    });
}

#[test]
fn refusals_are_shown_newest_first_whatever_their_ids_are() {
    story(|| async {
        let shop = open(|_| {});
        for index in 0..60 {
            let body = format!("{{\"id\": \"zz-{index:02}\", \"site\": \"nowhere\", \"version\": \"latest-stable\"}}");
            send(&shop, "upgrade-requests", &format!("m-{index}"), body.as_bytes());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        send(&shop, "upgrade-requests", "last", br#"{"id": "0000-newest", "site": "shop", "version": "0.0.7"}"#);
        let shown = refusals(&shop).await;
        assert_eq!(shown.len(), 50);
        assert_eq!(shown[0]["request"]["id"], "0000-newest");
        assert_eq!(shown[1]["request"]["id"], "zz-59");
    });
}

#[test]
fn a_bad_entry_of_a_batch_costs_itself_alone() {
    story(|| async {
        let shop = open(|site| site.new_versions = NewVersions::LatestPatch);
        let good =
            json!({"type": "Microsoft.ContainerService.NewKubernetesVersionAvailable", "source": shop.article.blue});
        let batch = json!([{"hello": 1}, good, 5]);
        send(&shop, "version-events", "batch", batch.to_string().as_bytes());
        let run = until(&shop, |run| run.hop > 0).await;
        assert_eq!(run.plan.version.to_string(), "1.33.6");
        let refused = refusals(&shop).await;
        let ids: Vec<_> = refused.iter().map(|refused| refused["request"]["id"].as_str().unwrap()).collect();
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(ids.contains(&"batch/0") && ids.contains(&"batch/2"), "{ids:?}");
    });
}

#[test]
fn a_gateway_that_was_reserved_for_another_site_since_starts_nothing() {
    story(|| async {
        let shop = open(|_| {});
        let now = shop.azure.clock().now();
        shop.azure.world().blobs.put(ACCOUNT, SITES, &reservation_name(&shop.site.gateway), b"thief", now);
        send(&shop, "upgrade-requests", "late", br#"{"site": "shop", "version": "1.34.2"}"#);
        let refused = refusals(&shop).await.remove(0);
        assert_eq!(refused["why"], "the gateway is reserved for the site \"thief\": one gateway, one site");
        assert!(shop.azure.world().blobs.names(ACCOUNT, RUNS, "active/").is_empty());
    });
}

#[test]
fn a_request_over_http_may_name_its_site_in_the_body() {
    story(|| async {
        let shop = open(|_| {});
        let (status, said) = call(&shop, "POST", "/upgrades", &json!({"site": "nowhere", "version": "1.34.2"})).await;
        assert_eq!((status, said["error"].as_str()), (409, Some("there is no site \"nowhere\": publish it first")));
        let both = json!({"site": "other", "version": "1.34.2"});
        let (status, said) = call(&shop, "POST", "/upgrades/shop", &both).await;
        assert_eq!(status, 400, "{said}");
        let (status, said) =
            call(&shop, "POST", "/upgrades", &json!({"site": "shop", "version": "latest-stable"})).await;
        assert_eq!(status, 202, "{said}");
        let (status, said) = call(&shop, "POST", "/upgrades/shop/now/please", &json!({})).await;
        assert!(status == 404 && said["error"].as_str().unwrap().contains("POST /upgrades/<site>"), "{said}");
    });
}
