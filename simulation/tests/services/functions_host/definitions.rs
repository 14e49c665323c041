//! What the host reads from an app's folder, and what it refuses.
use super::stage::{Stage, always, done, folder, on_queue, on_timer, pass};
use serde_json::{Value, json};
use simulated_azure::{
    Clock, SimulatedAzure,
    functions_host::{FunctionsHost, HostOptions, Schedule, Start},
    service_bus::{Message, SubscriptionOptions, TopicOptions},
};
use std::{path::Path, sync::Arc};

fn error(folder: &Path) -> String {
    let azure = SimulatedAzure::new(Clock::starting_at("2026-11-23T00:00:00Z".parse().unwrap()));
    let start: Start = Arc::new(|_| axum::Router::new());
    FunctionsHost::start(azure, folder, HostOptions::default(), start)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[tokio::test]
async fn what_is_not_there_or_not_supported_is_named() {
    assert!(error(Path::new("/no/such/folder")).contains("host.json"));
    let with = |binding: Value| json!({"bindings": [binding]});
    let wrong = [
        (json!({}), "bindings"),
        (with(json!({"type": "queueTrigger", "name": "item"})), "queuetrigger"),
        (with(json!({"type": "serviceBusTrigger", "name": "m"})), "queueName"),
        (with(json!({"type": "serviceBusTrigger", "name": "m", "topicName": "t"})), "subscriptionName"),
        (with(json!({"type": "serviceBusTrigger", "name": "m", "queueName": "%NOPE%"})), "NOPE"),
        (with(json!({"type": "serviceBusTrigger", "name": "m", "queueName": "a", "cardinality": "many"})), "many"),
        (
            with(json!({"type": "serviceBusTrigger", "name": "m", "queueName": "a", "isSessionsEnabled": true})),
            "sessions",
        ),
        (with(json!({"type": "serviceBusTrigger", "queueName": "a"})), "name"),
        (with(json!({"type": "timerTrigger", "name": "t", "schedule": "never"})), "six fields"),
        (with(json!({"type": "httpTrigger", "name": "r", "route": "{*a}/b"})), "catch-all"),
        (json!({"bindings": [{"type": "timerTrigger", "name": "t", "schedule": "0 0 0 * * *"}], "retry": {}}), "retry"),
        (
            json!({"bindings": [{"type": "timerTrigger", "name": "t", "schedule": "0 0 0 * * *"}, {"type": "blob", "name": "b"}]}),
            "blob",
        ),
    ];
    for (number, (definition, part)) in wrong.into_iter().enumerate() {
        let text = error(&folder(&format!("wrong-{number}"), &json!({}), &json!({"Step": definition})));
        assert!(text.contains("Step") && text.contains(part), "{definition}: {text}");
    }
    assert!(error(&folder("wrong-name", &json!({}), &json!({"7up": on_queue("a")}))).contains("name"));
    assert!(error(&folder("wrong-host", &json!({"functionTimeout": "5 min"}), &json!({}))).contains("functionTimeout"));
}

#[tokio::test(start_paused = true)]
async fn settings_name_queues_and_switch_functions_off() {
    let mut options = HostOptions::default();
    for (name, value) in [("QUEUE", "a"), ("AzureWebJobs.Off.Disabled", "true")] {
        options.settings.insert(name.into(), value.into());
    }
    let functions = json!({"On": on_queue("%QUEUE%"), "Off": on_queue("b"), "Later": {"disabled": true, "bindings": on_queue("c")["bindings"]}});
    let stage = Stage::set("settings", &json!({}), &functions, options, always(done));
    for queue in ["a", "b", "c"] {
        stage.send(queue, Message::new("1"));
    }
    pass(1.0).await;
    assert_eq!(stage.host.functions(), ["On"]);
    assert_eq!(stage.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_listened_to_and_its_dead_letters_reach_their_function() {
    let on_subscription = json!({"bindings": [{"type": "serviceBusTrigger", "direction": "in", "name": "event",
        "topicName": "Steps", "subscriptionName": "Plan", "connection": "Bus", "dataType": "binary"}]});
    let functions = json!({"Plan": on_subscription, "DeadLetter": on_queue("a")});
    let handler: super::stage::Handler = Arc::new(|seen, _, _| {
        Box::pin(async move { if seen.target == "/Plan" { super::status(503) } else { done() } })
    });
    let stage = Stage::set("subscription", &json!({}), &functions, HostOptions::default(), handler);
    {
        let mut world = stage.azure.world();
        world.service_bus.add_topic("steps", TopicOptions::default());
        let options = SubscriptionOptions {
            forward_dead_letters_to: Some("a".into()),
            max_delivery_count: 3,
            ..SubscriptionOptions::default()
        };
        world.service_bus.add_subscription("steps", "plan", options).unwrap();
    }
    stage.send("steps", Message::new("1").with_id("m").with_subject("Plan"));
    pass(1.0).await;
    let seen = stage.seen();
    let last = seen.last().unwrap();
    assert_eq!((seen.len(), last.target.as_str()), (4, "/DeadLetter"));
    let metadata = &last.envelope()["Metadata"];
    assert_eq!(metadata["MessageId"], "\"m\"");
    assert_eq!(metadata["Subject"], "\"Plan\"");
    assert_eq!(metadata["DeadLetterSource"], "\"steps/subscriptions/plan\"");
    assert_eq!(metadata["ApplicationProperties"]["DeadLetterReason"], "MaxDeliveryCountExceeded");
    assert!(stage.is_at_rest());
}

#[test]
fn a_schedule_finds_its_moments() {
    let next = |schedule: &str, after: &str| {
        let moment = Schedule::parse(schedule).unwrap().after(after.parse().unwrap());
        moment.map_or_else(|| "never".into(), |moment| moment.to_string())
    };
    let cases = [
        ("0 * * * * *", "2026-11-23T08:04:35.5Z", "2026-11-23T08:05:00Z"),
        ("0 * * * * *", "2026-11-23T08:05:00Z", "2026-11-23T08:06:00Z"),
        ("*/5 * * * * *", "2026-11-23T08:04:59.9Z", "2026-11-23T08:05:00Z"),
        ("0 30 6 * * *", "2026-11-23T06:30:00Z", "2026-11-24T06:30:00Z"),
        ("30 6 * * *", "2026-12-31T23:59:59Z", "2027-01-01T06:30:00Z"),
        ("0 0 9-17/4 * * Mon-Fri", "2026-11-27T13:00:00Z", "2026-11-27T17:00:00Z"),
        ("0 0 9-17/4 * * 1-5", "2026-11-27T17:00:00Z", "2026-11-30T09:00:00Z"),
        ("0 0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 0 13 * fri", "2026-11-23T00:00:00Z", "2027-08-13T00:00:00Z"),
        ("0 0 0 1 jan,JUL *", "2026-11-23T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("10/25 1,3 0 * * *", "2026-11-23T00:01:35Z", "2026-11-23T00:03:10Z"),
        ("0 0 0 30 2 *", "2026-11-23T00:00:00Z", "never"),
    ];
    for (schedule, after, expected) in cases {
        assert_eq!(next(schedule, after), expected, "{schedule} after {after}");
    }
    for wrong in [
        "",
        "* * * *",
        "60 * * * * *",
        "* * * * * 7",
        "*/0 * * * * *",
        "5-1 * * * * *",
        "a * * * * *",
        "1- * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        ", * * * * *",
        "-1 * * * * *",
    ] {
        assert!(Schedule::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_messages_do_not_stop_the_listener() {
    let text = json!({"bindings": [{"type": "serviceBusTrigger", "name": "message", "queueName": "a"}]});
    let stage = Stage::set(
        "hostile",
        &json!({}),
        &json!({"Step": text, "Tick": on_timer("0 0 0 30 2 *")}),
        HostOptions::default(),
        always(done),
    );
    let deep = "{\"a\":".repeat(5000);
    for body in [
        "",
        "null",
        "{\"\":1}",
        "{\"a\":1e999}",
        "{\"TRIGGER\":1,\"xTrigger\":2}",
        "\u{feff}{}",
        "{\"when\":\"2026-13-99T99:99:99Z\"}",
        deep.as_str(),
    ] {
        stage.send("a", Message::new(body.to_owned()));
    }
    stage.send("a", Message::new(vec![0xff, 0xfe, 0x00, 0xd8, 0x41]));
    pass(1.0).await;
    assert_eq!((stage.seen().len(), stage.is_at_rest()), (9, true));
    assert_eq!(stage.host.counters().functions["Step"].failures, 0);
}
