//! Nothing here is left to chance.
use super::{
    host_json,
    stage::{Handler, Stage, done, on_queue, on_timer, pass, status},
    together,
};
use serde_json::json;
use simulated_azure::{functions_host::HostOptions, service_bus::Message};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn the_same_story_runs_the_same_way_twice() {
    let mut stories = vec![];
    for (name, options) in [
        ("once", together()),
        ("again", together()),
        ("own-1", HostOptions::default()),
        ("own-2", HostOptions::default()),
    ] {
        let handler: Handler = Arc::new(|seen, _, process| {
            Box::pin(async move {
                pass(0.01 * (seen.body.len() % 7) as f64).await;
                match seen.body.bytes().map(u32::from).sum::<u32>() % 5 {
                    0 => process.kill(),
                    1 => return status(500),
                    _ => {}
                }
                done()
            })
        });
        let functions =
            json!({"A": on_queue("a"), "B": on_queue("b"), "C": on_queue("c"), "Tick": on_timer("*/5 * * * * *")});
        let stage = Stage::set(name, &host_json(), &functions, options, handler);
        for number in 0..60 {
            stage.send(["a", "b", "c"][number % 3], Message::new(format!("{number}")));
        }
        pass(200.0).await;
        stories.push((format!("{:?}", stage.everything()), stage.host.counters()));
    }
    assert!(stories[0].1.restarts > 0 && stories[0].1.dead_letters > 0, "{:?}", stories[0].1);
    assert!(stories[0] == stories[1], "on one instance");
    assert!(stories[2] == stories[3], "on an instance for each");
}
