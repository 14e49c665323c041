//! `bluegreen serve` against the simulated Azure over sockets: the clients, the trust and the settings of production.
use crate::child::{Serving, answer, send};
use bluegreen::local::setting::ACCOUNT;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::NewVersions;
use simulated_azure::doors::{self, Doors};
use std::time::Duration;

#[tokio::test]
async fn the_version_check_asks_azure_through_the_doors() {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, |site| {
        site.new_versions = NewVersions::LatestPatch;
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = doors::Options { account: ACCOUNT.into(), ..doors::Options::in_folder(folder.path()) };
    let doors = Doors::open(&shop.azure, &options).await.unwrap();
    let settings = doors.endpoints.app_settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let serving = Serving::start(&settings).await;
    let port = serving.port;
    let asked = tokio::task::spawn_blocking(move || {
        let body = r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"IsPastDue":false}},"Metadata":{}}"#;
        answer(&mut send(port, "POST", "/VersionCheck", body), Duration::from_secs(60)).unwrap()
    });
    let (status, _, said) = asked.await.unwrap();
    assert_eq!(status, 200, "{said}");
    let world = shop.azure.world();
    let outside = |host: &str, method: &str| {
        let by_child = world.calls.iter().filter(|call| call.process == "outside" && call.method == method);
        by_child.filter(|call| call.host.contains(host)).filter_map(|call| call.status).collect::<Vec<_>>()
    };
    assert!(outside("login.", "GET").iter().all(|status| *status == 200), "managed identity");
    assert!(outside("management.", "GET").contains(&http::StatusCode::OK), "{said}: {:?}", world.calls);
    assert!(outside(".blob.core.", "GET").contains(&http::StatusCode::OK), "{said}");
    assert_eq!(outside(".servicebus.", "POST"), [http::StatusCode::CREATED], "{said}");
}
