//! Shops that cost little, so that hundreds of upgrades can be told: no users, two stages, short watches.
use crate::story;
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::{Site, Stage};
use simulated_azure::{Effect, Fault, On};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

/// A shop without users.
pub fn shop() -> Shop {
    with(Options::default())
}

/// A shop of these options, without users.
pub fn with(options: Options) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..options }, short).expect("the example opens");
    quick(&shop);
    shop
}

/// A shop without users whose Resource Manager takes its time to answer, so that there is a moment between a look and what
/// is decided on it.
pub fn slow_shop() -> Shop {
    let shop = shop();
    slow_down(&shop);
    shop
}

/// Resource Manager takes its time, where no other fault of the script hits.
pub fn slow_down(shop: &Shop) {
    let faults = &mut shop.azure.world().faults;
    faults.remove("slow");
    faults.add(Fault::always("slow", On::host("management."), Effect::Delay(Duration::from_millis(500))));
}

/// Two stages, and short watches.
fn short(site: &mut Site) {
    site.stages = vec![Stage { share: 50, watch_minutes: 2 }, Stage { share: 100, watch_minutes: 1 }];
    site.soak_minutes = 3;
}

/// Clusters come and go in two minutes: a look that only waits is like the one before.
fn quick(shop: &Shop) {
    let timings = &mut shop.azure.world().resource_manager.timings;
    let clusters = [&mut timings.create_cluster, &mut timings.delete_cluster, &mut timings.stop_cluster];
    clusters.into_iter().for_each(|takes| *takes = Duration::from_secs(100));
}

/// Tells a story about each of these on two threads, each on a clock of its own; what they say, in the order of `about`.
pub fn each<About, Said>(about: &[About], tell: impl AsyncFn(&About) -> Said + Sync) -> Vec<Said>
where
    About: Sync,
    Said: Send,
{
    let (next, said) = (Mutex::new(0..about.len()), Mutex::new(vec![]));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                loop {
                    let Some(index) = next.lock().unwrap().next() else { return };
                    // A story that fails does not hide the others.
                    let answer = catch_unwind(AssertUnwindSafe(|| story(|| tell(&about[index]))));
                    said.lock().unwrap().push((index, answer.ok()));
                }
            });
        }
    });
    let mut said = said.into_inner().unwrap();
    said.sort_by_key(|(index, _)| *index);
    let failed = said.iter().filter(|(_, answer)| answer.is_none()).count();
    assert_eq!(failed, 0, "of {} stories {failed} failed, see above", about.len());
    said.into_iter().filter_map(|(_, answer)| answer).collect()
}
