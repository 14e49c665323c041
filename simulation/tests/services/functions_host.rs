//! The Functions host: how it settles messages and how its children live and die.
use axum::{body::Body, response::Response};
use serde_json::{Value, json};
use simulated_azure::{
    Effect, Fault, On,
    functions_host::{HostOptions, Instances},
    service_bus::Message,
};
use stage::{Handler, Stage, always, done, on_queue, on_timer, pass, status};
use std::{sync::Arc, time::Duration};

mod definitions;
mod recorded;
mod same_story;
mod stage;
mod timers;

fn host_json() -> Value {
    json!({"version": "2.0", "functionTimeout": "00:05:00",
        "extensions": {"serviceBus": {"maxConcurrentCalls": 4, "maxAutoLockRenewalDuration": "00:00:00"}}})
}

fn together() -> HostOptions {
    HostOptions { instances: Instances::One, ..HostOptions::default() }
}

/// Takes as many seconds as the message says.
fn slow() -> Handler {
    Arc::new(|seen, _, _| {
        Box::pin(async move {
            let body = seen.envelope()["Data"]["message"].as_str().unwrap().to_owned();
            let body = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
            pass(String::from_utf8(body).unwrap().parse().unwrap()).await;
            done()
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_child_gets_one_readiness_request_and_then_its_messages() {
    let stage = Stage::set("ready", &host_json(), &json!({"Step": on_queue("a")}), together(), always(done));
    stage.send("a", Message::new("1"));
    pass(1.0).await;
    let all: Vec<String> = stage.everything().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
    assert_eq!(all, ["GET /", "POST /Step"]);
    assert!(stage.is_at_rest());
    assert_eq!(stage.host.counters().functions["Step"].invocations, 1);
    assert_eq!(stage.host.counters().functions["Step"].failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failing_message_is_a_dead_letter_within_a_second() {
    let stage =
        Stage::set("failing", &host_json(), &json!({"Step": on_queue("a")}), together(), always(|| status(500)));
    stage.send("a", Message::new("1"));
    pass(1.0).await;
    let counts: Vec<String> = stage.seen().iter().map(stage::Seen::delivery_count).collect();
    assert_eq!(counts, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    let times = stage.times();
    assert!(times.windows(2).all(|pair| (30..=95).contains(&(pair[1] - pair[0]))), "{times:?}");
    assert_eq!((stage.dead("a"), stage.host.counters().dead_letters), (1, 1));
    let mut ids: Vec<_> =
        stage.seen().iter().map(|seen| seen.headers["x-azure-functions-invocationid"].clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 10, "each delivery has an id of its own");
}

#[tokio::test(start_paused = true)]
async fn only_a_2xx_with_a_json_object_completes() {
    fn reply(status: u16, kind: &str, body: &'static str) -> Response {
        Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
    }
    let good: [fn() -> Response; 5] = [
        || reply(201, "application/json", "{}"),
        || reply(299, "text/json; charset=utf-8", "{\"Outputs\":null,\"Logs\":[\"a\"],\"more\":1}"),
        || reply(200, "application/JSON", "{\"logs\":null,\"ReturnValue\":[1]}"),
        || reply(200, "application/json", "{\"Logs\":[1,true]}"),
        || reply(200, "application/json", " {} "),
    ];
    let bad: [fn() -> Response; 9] = [
        || reply(302, "application/json", "{}"),
        || reply(400, "application/json", "{}"),
        || reply(200, "text/plain", "{}"),
        || reply(200, "application/problem+json", "{}"),
        || reply(200, "application/json", "[]"),
        || reply(200, "application/json", "{\"a\":"),
        || reply(200, "application/json", "5"),
        || reply(200, "application/json", "{\"Logs\":[{\"level\":\"info\"}]}"),
        || Response::new(Body::from("{}")),
    ];
    for (number, answer) in good.into_iter().chain(bad).enumerate() {
        let name = format!("judged-{number}");
        let stage = Stage::set(&name, &host_json(), &json!({"Step": on_queue("a")}), together(), always(answer));
        stage.send("a", Message::new("1"));
        pass(2.0).await;
        assert_eq!(stage.dead("a"), usize::from(number >= good.len()), "reply {number}");
        assert!(stage.is_at_rest(), "reply {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_says_nothing_hangs_and_its_timeout_kills_the_neighbours() {
    let silent: [fn() -> Response; 3] = [
        || status(200),
        || status(204),
        || Response::builder().header("content-type", "application/json").body(Body::from("null")).unwrap(),
    ];
    for (number, nothing) in silent.into_iter().enumerate() {
        let handler: Handler = Arc::new(move |seen, _, _| {
            Box::pin(async move {
                if seen.target == "/Neighbour" {
                    pass(100.0).await;
                } else if seen.delivery_count() == "1" {
                    return nothing();
                }
                done()
            })
        });
        let host = json!({"functionTimeout": "00:00:15"});
        let functions = json!({"Step": on_queue("a"), "Neighbour": on_queue("b")});
        let stage = Stage::set(&format!("silent-{number}"), &host, &functions, together(), handler);
        stage.send("a", Message::new("1"));
        pass(10.0).await;
        stage.send("b", Message::new("2"));
        pass(8.0).await;
        let calls = stage.seen();
        let step: Vec<i64> = calls.iter().filter(|seen| seen.target == "/Step").map(|seen| seen.at).collect();
        assert!(step.len() == 2 && (17_000..17_300).contains(&step[1]), "{step:?}");
        let neighbour: Vec<i64> = calls.iter().filter(|seen| seen.target == "/Neighbour").map(|seen| seen.at).collect();
        assert!(neighbour.len() == 2 && (17_000..17_300).contains(&neighbour[1]), "{neighbour:?}");
        assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn timeouts_never_make_the_host_give_up() {
    let stage = Stage::set(
        "timeouts",
        &json!({"functionTimeout": "00:00:05"}),
        &json!({"Step": on_queue("a")}),
        together(),
        always(|| status(200)),
    );
    stage.send("a", Message::new("1"));
    pass(100.0).await;
    assert_eq!((stage.seen().len(), stage.dead("a")), (10, 1));
    assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (10, 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_killed_in_a_call_never_learns_its_answer_and_the_message_comes_again() {
    let handler: Handler = Arc::new(|_, azure, process| {
        Box::pin(async move {
            let request = http::Request::post("https://contoso.servicebus.windows.net/b/messages")
                .header("authorization", "Bearer t");
            azure.call(&process, request.body(Body::from("x")).unwrap()).await.unwrap();
            done()
        })
    });
    let stage = Stage::set("killed", &host_json(), &json!({"Step": on_queue("a")}), HostOptions::default(), handler);
    stage.azure.world().faults.add(Fault::once("kill", On::host("servicebus"), Effect::KillAfter));
    stage.send("a", Message::new("1"));
    pass(1.0).await;
    let seen = stage.seen();
    assert_eq!(seen.iter().map(|seen| seen.child.as_str()).collect::<Vec<_>>(), ["Step#1", "Step#2"]);
    assert!((100..250).contains(&seen[1].at), "{}", seen[1].at);
    assert_eq!(
        stage.azure.world().service_bus.messages("b", stage.azure.clock().now()).len(),
        2,
        "both calls were carried out"
    );
    assert_eq!(stage.dead("a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_exits_0_is_not_missed_and_the_queue_burns() {
    let stage = Stage::set("exit-0", &host_json(), &json!({"Step": on_queue("a")}), together(), always(done));
    stage.host.ready().await;
    stage.host.exit_child("Step", 0);
    for _ in 0..6 {
        stage.send("a", Message::new("1"));
    }
    pass(1.5).await;
    assert_eq!((stage.dead("a"), stage.seen().len()), (6, 0));
    let counters = stage.host.counters();
    assert_eq!((counters.functions["Step"].failures, counters.restarts, counters.stopped_hosts), (60, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn exit_200_is_no_strike_however_often() {
    let stage = Stage::set("exit-200", &host_json(), &json!({"Step": on_queue("a")}), together(), always(done));
    for _ in 0..20 {
        pass(0.2).await;
        stage.host.exit_child("step", 200);
    }
    pass(0.2).await;
    stage.send("a", Message::new("1"));
    pass(0.2).await;
    assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (20, 0));
    assert!(stage.is_at_rest());
}

#[tokio::test(start_paused = true)]
async fn the_third_death_stops_the_host_and_the_platform_starts_it_again() {
    let handler: Handler = Arc::new(|seen, _, process| {
        Box::pin(async move {
            match seen.target.as_str() {
                "/Bad" if seen.child.as_str() < "host#4" => process.kill(),
                "/Good" => pass(20.0).await,
                _ => {}
            }
            done()
        })
    });
    let hello = json!({"bindings": [{"type": "httpTrigger", "direction": "in", "name": "req", "route": "hello"}]});
    let functions = json!({"Bad": on_queue("a"), "Good": on_queue("b"), "Hello": hello});
    let stage = Stage::set("third", &host_json(), &functions, together(), handler);
    stage.send("b", Message::new("healthy"));
    pass(1.0).await;
    stage.send("a", Message::new("bad"));
    pass(1.0).await;
    assert_eq!(stage.host.counters().stopped_hosts, 1);
    assert_eq!(stage.host.http(http::Request::get("/api/hello").body(Body::empty()).unwrap()).await.status(), 503);
    let before = stage.seen().len();
    pass(28.0).await;
    assert_eq!(stage.seen().len(), before, "nobody is there");
    pass(60.0).await;
    assert!(stage.is_at_rest(), "{:?}", stage.times());
    assert_eq!((stage.dead("a"), stage.dead("b")), (0, 0));
    assert!(stage.seen().iter().any(|seen| seen.child == "host#4"));
}

#[tokio::test(start_paused = true)]
async fn strikes_are_forgiven_after_half_an_hour_of_quiet() {
    let stage = Stage::set("forgiven", &host_json(), &json!({"Step": on_queue("a")}), together(), always(done));
    for _ in 0..6 {
        pass(1000.0).await;
        stage.host.exit_child("Step", 1);
        pass(1.0).await;
        stage.host.exit_child("Step", 101);
        pass(1801.0).await;
    }
    assert_eq!((stage.host.counters().restarts, stage.host.counters().stopped_hosts), (12, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_brings_a_second_call_beside_the_first() {
    let stage = Stage::set("lost", &host_json(), &json!({"Step": on_queue("a")}), together(), slow());
    stage.send("a", Message::new("45"));
    pass(76.0).await;
    assert_eq!(stage.times().iter().map(|at| at / 1000).collect::<Vec<_>>(), [0, 30, 60]);
    pass(240.0).await;
    assert_eq!(stage.host.counters().functions["Step"].locks_lost, 10);
    assert_eq!(stage.dead("a"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewed_lock_lasts_as_long_as_the_settings_say() {
    let host = json!({"extensions": {"serviceBus": {"maxAutoLockRenewalDuration": "00:05:00"}}});
    let stage = Stage::set("renewed", &host, &json!({"Step": on_queue("a")}), together(), slow());
    stage.send("a", Message::new("290"));
    pass(291.0).await;
    assert_eq!((stage.seen().len(), stage.is_at_rest()), (1, true));
    stage.send("a", Message::new("350"));
    pass(345.0).await;
    assert_eq!(stage.seen().len(), 3, "renewal has its end");
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_once_than_the_settings_allow() {
    let stage =
        Stage::set("limit", &host_json(), &json!({"Step": on_queue("a"), "Other": on_queue("b")}), together(), slow());
    for _ in 0..12 {
        stage.send("a", Message::new("1.5"));
    }
    stage.send("b", Message::new("1"));
    pass(10.0).await;
    let step: Vec<i64> = stage.seen().iter().filter(|seen| seen.target == "/Step").map(|seen| seen.at / 500).collect();
    assert_eq!(step, [0, 0, 0, 0, 3, 3, 3, 3, 6, 6, 6, 6]);
}

#[tokio::test(start_paused = true)]
async fn what_the_host_promises_goes_by_the_worlds_clock() {
    let handler: Handler = Arc::new(|seen, _, _| {
        Box::pin(async move { if seen.delivery_count() == "1" { status(200) } else { status(500) } })
    });
    let host = json!({"functionTimeout": "01:00:00"});
    let stage = Stage::set_at(60, "fast", &host, &json!({"Step": on_queue("a")}), together(), handler);
    stage.send("a", Message::new("1"));
    // Half an hour of the world.
    pass(30.0).await;
    let times: Vec<i64> = stage.times().iter().map(|at| at / 1000).collect();
    assert_eq!((times[0], times[1]), (0, 310), "the lock is renewed for five minutes: {times:?}");
    assert!(times.len() == 10 && times[9] < 313, "a failure is delivered again at once: {times:?}");
    assert_eq!(stage.host.counters().restarts, 0);
    pass(30.1).await;
    assert_eq!((stage.dead("a"), stage.host.counters().restarts), (1, 1), "after an hour and two seconds it is killed");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_message_comes_at_its_time_and_no_sooner() {
    let stage = Stage::set("scheduled", &host_json(), &json!({"Step": on_queue("a")}), together(), always(done));
    let now = stage.azure.clock().now();
    stage.send("a", Message::new("1").at(now + jiff::SignedDuration::from_secs(7200)));
    pass(7300.0).await;
    assert_eq!(stage.times(), [7_200_000]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_own_invocation_only() {
    let handler: Handler = Arc::new(|seen, _, _| {
        Box::pin(async move {
            assert!(seen.delivery_count() != "1", "the first delivery");
            done()
        })
    });
    let stage = Stage::set("panic", &host_json(), &json!({"Step": on_queue("a")}), together(), handler);
    stage.send("a", Message::new("1"));
    pass(1.0).await;
    assert_eq!((stage.seen().len(), stage.is_at_rest()), (2, true));
    assert_eq!(stage.host.counters().restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_host_leaves_its_messages_locked() {
    let functions = json!({"Step": on_queue("a"), "Tick": on_timer("0 * * * * *")});
    let stage = Stage::set("stopped", &host_json(), &functions, HostOptions::default(), slow());
    stage.send("a", Message::new("10"));
    pass(1.0).await;
    let child = stage.host.child("Step").unwrap();
    stage.host.stop();
    pass(20.0).await;
    assert!(child.is_dead());
    assert_eq!(stage.azure.world().service_bus.counts("a", stage.azure.clock().now()).locked, 1);
    pass(600.0).await;
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(stage.azure.world().service_bus.counts("a", stage.azure.clock().now()).active, 0, "nobody looks at it");
}

#[tokio::test(start_paused = true)]
async fn each_function_has_a_child_of_its_own_unless_all_share_one() {
    for (name, instances, expected) in
        [("own", Instances::EachFunction, ["A#1", "B#1"]), ("shared", Instances::One, ["host#1", "host#1"])]
    {
        let options = HostOptions { instances, disabled: ["c".to_owned()].into(), ..HostOptions::default() };
        let functions = json!({"A": on_queue("a"), "B": on_queue("b"), "C": on_queue("c")});
        let stage = Stage::set(name, &host_json(), &functions, options, always(done));
        for queue in ["a", "b", "c"] {
            stage.send(queue, Message::new("1"));
            pass(0.1).await;
        }
        let children: Vec<String> = stage.seen().into_iter().map(|seen| seen.child).collect();
        assert_eq!(children, expected);
        assert_eq!(stage.host.functions(), ["A", "B"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_messages_are_quickly_done() {
    let stage =
        Stage::set("many", &host_json(), &json!({"A": on_queue("a"), "B": on_queue("b")}), together(), always(done));
    for _ in 0..500 {
        stage.send("a", Message::new("1"));
        stage.send("b", Message::new("1"));
    }
    tokio::time::timeout(Duration::from_secs(1), async {
        while !stage.is_at_rest() {
            stage.azure.changes().changed().await.unwrap();
        }
    })
    .await
    .unwrap();
    assert_eq!(stage.seen().len(), 1000);
}
