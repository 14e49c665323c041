//! One upgrade, from a request to its end, and what follows it.
use crate::story;
use crate::world_after::{gateway, is_well};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::local::story::{Plot, play};

#[test]
fn a_request_moves_all_traffic_to_a_new_cluster_without_a_failed_request() {
    story(|| async {
        let shop = Shop::open(&Options::default(), |_| {}).unwrap();
        let before = gateway(&shop);
        let told = play(&shop, Plot::default()).await.unwrap();
        is_well(&shop, &told, &before);
        assert_eq!((told.ending(), told.serving.name()), ("upgraded", "green"));
        assert_eq!(told.users.excused, 0);
        let clusters: Vec<_> = told.users.clusters.keys().filter_map(|name| shop.colour(name)).collect();
        assert_eq!(clusters.len(), 2, "both clusters served on the way: {:?}", told.users.clusters);
    });
}
