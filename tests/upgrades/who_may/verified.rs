//! What a site takes from verified names only.
use super::{Ask, begin, closed_with};
use crate::{story, until};
use bluegreen::process::config::May;
use bluegreen::site::{Gate, VerifiedOnly};
use bluegreen::step::Step;
use serde_json::json;

#[test]
fn a_site_lets_only_verified_names_open_gates_and_use_force() {
    story(|| async {
        let shop = closed_with(May::Act, |site| {
            site.gates = vec![Gate { before: Step::CreateCluster, stage: 0 }];
            site.verified_only = vec![VerifiedOnly::Gates, VerifiedOnly::Force];
        });
        assert_eq!(begin().of(&shop).await.0, 202);
        let run = until(&shop, |run| run.held.is_some()).await;
        let order = |verb: &'static str, force: bool| Ask {
            path: verb,
            body: json!({"run": run.id, "step": run.step, "stage": run.stage, "force": force, "verified": true}),
            ..begin()
        };
        let token = shop.token_of("alice@example.com", &["Upgrades.Act"]);
        for (verb, force, what) in [
            ("/upgrades/shop/approve", false, "an approval"),
            ("/upgrades/shop/roll-back", true, "an order with force"),
        ] {
            let (status, said) = order(verb, force).of(&shop).await;
            assert!(status == 403 && said.contains(what) && said.contains("verifiedOnly"), "{verb}: {status} {said}");
        }
        assert!(shop.run().unwrap().held.is_some(), "nothing was done");
        assert_eq!(order("/upgrades/shop/approve", false).bearer(&token).of(&shop).await, (200, String::new()));
        // What needs no proof needs none at this site either.
        assert_eq!(order("/upgrades/shop/roll-back", false).of(&shop).await, (200, String::new()));
    });
}
