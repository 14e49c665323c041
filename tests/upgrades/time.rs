//! The store's Date may jump. It is not believed until a second service agrees, and shortens no quiet time.
use crate::http_api::call;
use crate::written::saves;
use crate::{ask, quick, story, until};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::plan::Kind;
use bluegreen::run::Ending;
use bluegreen::step::Step;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulated_azure::{Effect, Fault, On};
use std::time::Duration;
use tokio::time::timeout;

/// How long an undoing step waits at least.
const QUIET: SignedDuration = SignedDuration::from_secs(180);

/// Longer than any way back takes.
const LONG: Duration = Duration::from_secs(4 * 3600);

/// Turns a run back whose store tells another time from then on, for so long.
async fn turned_back(later: SignedDuration, after: SignedDuration, lasts: SignedDuration) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    ask(&shop, "story", Kind::Upgrade, Some("latest-stable"));
    let run = until(&shop, |run| run.step == Step::ConfirmTraffic).await;
    let from = shop.azure.clock().now() + after;
    let jump = Fault::always("jump", On::host(".blob."), Effect::Misdate(later));
    shop.azure.world().faults.add(jump.between(from, from + lasts));
    let order = json!({"run": run.id, "by": "x", "reason": "x"});
    let (status, said) = call(&shop, "POST", "/upgrades/shop/roll_back", &order).await;
    assert_eq!(status, 200, "{said}");
    shop
}

/// When the run was first saved at this step, in the world's time.
fn came_to(shop: &Shop, step: Step) -> Timestamp {
    saves(shop).into_iter().find(|(_, run)| run.step == step).expect("it came there").0
}

#[test]
fn a_date_that_jumps_shortens_no_quiet_time() {
    let (seconds, hours) = (SignedDuration::from_secs, SignedDuration::from_hours);
    for (later, after, lasts) in [
        // When the write is proved, and just before the quiet time is over.
        (hours(1), seconds(35), seconds(10)),
        (hours(30), seconds(139), hours(3)),
        (hours(30), seconds(20), hours(3)),
        (hours(1), seconds(5), seconds(90)),
        (hours(1), seconds(0), hours(3)),
        (seconds(200), seconds(1), hours(3)),
    ] {
        story(|| async {
            let case = format!("{later:#} after {after:#} for {lasts:#}");
            let shop = turned_back(later, after, lasts).await;
            let began = shop.azure.clock().now();
            let ended = timeout(LONG, until(&shop, |run| run.ending.is_some())).await;
            let ended = ended.unwrap_or_else(|_| panic!("{case}: it never ends: {:?}", shop.run().map(|run| run.due)));
            let journal: String =
                ended.journal.iter().map(|entry| format!("\n  {} {} {}", entry.at, entry.who, entry.what)).collect();
            assert_eq!(ended.ending, Some(Ending::RolledBack), "{case}{journal}");
            let restore = came_to(&shop, Step::RestoreTraffic);
            let clean_up = came_to(&shop, Step::DeleteNewCluster);
            let quiet = clean_up.duration_since(restore);
            assert!(quiet >= QUIET - seconds(1), "{case}: the quiet time lasted {quiet:#}{journal}");
            let deleted = shop
                .azure
                .world()
                .calls
                .iter()
                .find(|call| call.method == Method::DELETE && call.path.to_lowercase().contains("managedclusters"))
                .map(|call| call.at)
                .expect("it is deleted");
            let quiet = deleted.duration_since(restore);
            assert!(quiet >= QUIET - seconds(1), "{case}: deleted after {quiet:#}{journal}");
            let lasted = shop.azure.clock().now().duration_since(began);
            assert!(lasted < hours(2), "{case}: nothing waits for a time that does not come: {lasted:#}{journal}");
        });
    }
}
