//! What an operator can follow: a span for each invocation, linked from hop to hop and to the upgrade's own trace; that
//! trace; what is measured; the lines of the log that belong to them.
use crate::agreement::read;
use crate::played::{Played, Point, ROLLBACK, UPGRADE, all};
use bluegreen::process::telemetry::story::Story;
use bluegreen::run::decision::{Decision, Reason};
use bluegreen::step::Step;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;
use std::collections::{BTreeMap, BTreeSet};

fn field(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name)?;
    Some(found.value.to_string())
}

/// The spans of invocations of steps.
fn steps(played: &Played) -> Vec<&SpanData> {
    played.spans.iter().filter(|span| span.name == "invocation" && field(span, "step").is_some()).collect()
}

/// The spans of the run's own trace.
fn story(played: &Played) -> Vec<&SpanData> {
    let trace = Story::of(&played.run.id).whole().trace_id();
    played.spans.iter().filter(|span| span.span_context.trace_id() == trace).collect()
}

fn chapters<'a>(played: &'a Played, name: &str) -> Vec<&'a SpanData> {
    story(played).into_iter().filter(|span| span.name.starts_with(name)).collect()
}

#[test]
fn every_invocation_of_a_step_names_site_run_step_and_hop() {
    let spans = steps(&UPGRADE);
    assert!(spans.len() > 30, "{}", spans.len());
    for span in spans {
        assert_eq!(field(span, "site").as_deref(), Some("shop"));
        assert_eq!(field(span, "run.id").as_ref(), Some(&UPGRADE.run.id));
        assert_eq!(field(span, "step"), field(span, "function"));
        assert!(field(span, "hop").unwrap().parse::<u32>().unwrap() <= UPGRADE.run.hop);
        assert!(field(span, "invocation").is_some_and(|id| id.len() > 10), "{span:?}");
    }
}

#[test]
fn each_hop_is_linked_to_the_span_that_published_it_and_to_the_upgrade() {
    // Which span published which hop, as the messages say.
    let mut published = BTreeMap::new();
    for sent in UPGRADE.seen.iter().filter(|it| it.host.contains(".servicebus.") && it.is_ours()) {
        let message = sent.json()[0].clone();
        let parent = message["UserProperties"]["traceparent"].as_str().unwrap().to_owned();
        // A late event has its successor published again: of two with one id the bus delivers the first.
        let (id, _due) = message["BrokerProperties"]["MessageId"].as_str().unwrap().rsplit_once('/').unwrap();
        published.entry(id.to_owned()).or_insert(parent);
    }
    let upgrade = Story::of(&UPGRADE.run.id).whole();
    for span in steps(&UPGRADE) {
        let id = format!("{}/{}", UPGRADE.run.id, field(span, "hop").unwrap());
        let parent = published.get(&id).unwrap_or_else(|| panic!("nobody published {id}"));
        let links: Vec<_> = span.links.iter().map(|link| link.span_context.clone()).collect();
        let [link, to_upgrade] = &links[..] else { panic!("{id}: {links:?}") };
        assert_eq!(*parent, format!("00-{}-{}-01", link.trace_id(), link.span_id()), "{id}");
        assert!(link.is_remote());
        let is_published_by = |other: &&SpanData| other.span_context.span_id() == link.span_id();
        assert!(UPGRADE.spans.iter().any(|other| is_published_by(&other)), "{id}: its publisher was exported, too");
        assert_eq!(*to_upgrade, upgrade, "{id}");
        assert_eq!(span.parent_span_id, SpanId::INVALID, "a trace of its own");
        assert_ne!(span.span_context.trace_id(), upgrade.trace_id());
    }
}

#[test]
fn an_upgrade_is_one_trace_of_its_decisions_and_writes() {
    for played in all() {
        let story = story(played);
        let whole = Story::of(&played.run.id).whole();
        let roots: Vec<_> = story.iter().filter(|span| span.parent_span_id == SpanId::INVALID).collect();
        let [root] = roots[..] else { panic!("{roots:#?}") };
        assert_eq!(root.span_context.span_id(), whole.span_id());
        assert_eq!(root.name, played.run.plan.kind.name());
        assert_eq!(field(root, "bluegreen.ending").as_deref(), played.run.ending_words());
        for span in &story {
            assert!(span.parent_span_id == whole.span_id() || span.span_context.span_id() == whole.span_id());
            assert!(span.start_time >= root.start_time && span.end_time <= root.end_time, "{span:#?}");
            // Whoever reads a decision finds the invocation that made it.
            let is_invocation = |link: &opentelemetry::trace::Link| {
                played.spans.iter().any(|other| other.span_context.span_id() == link.span_context.span_id())
            };
            assert!(span.links.iter().all(is_invocation) && span.links.len() <= 1, "{span:#?}");
        }
        // A run has thousands of looks over days: those that saw nothing new are not in it.
        assert!(story.len() < 150 && steps(played).len() > 30, "{} of {}", story.len(), steps(played).len());
    }
}

#[test]
fn a_decision_says_where_it_came_from_and_where_it_leads() {
    for played in all() {
        let decisions = chapters(played, "decide ");
        assert_eq!(field(decisions[0], "bluegreen.outcome").as_deref(), Some("begun"));
        let number = |span: &SpanData| field(span, "bluegreen.line").and_then(|it| it.parse::<u32>().ok());
        let last = decisions.iter().filter_map(|span| number(span)).max();
        assert_eq!(last, Some(played.run.last_number()), "each line that moved it is there");
        let moves: Vec<_> = played.run.journal.iter().filter(|entry| entry.before != entry.after).collect();
        for entry in &moves {
            let leads = |span: &&&SpanData| {
                field(span, "bluegreen.from").as_deref() == Some(entry.before.name())
                    && field(span, "bluegreen.to").as_deref() == Some(entry.after.name())
                    && field(span, "bluegreen.why").as_deref() == Some(&entry.what)
            };
            let found = decisions.iter().find(leads).unwrap_or_else(|| panic!("{entry:#?}"));
            assert!(["done", "turned-back"].contains(&&*field(found, "bluegreen.outcome").unwrap()), "{found:#?}");
        }
        for span in decisions {
            for name in ["bluegreen.site", "bluegreen.run.id", "bluegreen.step", "bluegreen.hop", "bluegreen.stage"] {
                assert!(field(span, name).is_some(), "{name}: {span:#?}");
            }
            assert_eq!(span.name, format!("decide {}", field(span, "bluegreen.step").unwrap()));
        }
    }
    let back = chapters(&ROLLBACK, "decide ").into_iter().find(|span| {
        field(span, "bluegreen.outcome").as_deref() == Some("turned-back")
            && field(span, "bluegreen.to").as_deref() == Some("RestoreTraffic")
    });
    assert!(back.is_some());
}

#[test]
fn every_write_of_gateway_and_clusters_is_told_with_its_result() {
    for played in all() {
        // Another run may have been before it.
        let began = played.run.journal.first().unwrap().at;
        let sent = played.seen.iter().filter(|it| it.is_ours() && it.at >= began && it.host.starts_with("management."));
        let sent = sent.filter(|it| it.writes("/applicationgateways/") || it.writes("/managedclusters/")).count();
        let told: Vec<_> = chapters(played, "write ")
            .into_iter()
            .filter(|span| field(span, "bluegreen.write.what").unwrap() != "object")
            .filter(|span| ["PUT", "PATCH", "DELETE"].contains(&&*field(span, "bluegreen.write.how").unwrap()))
            .collect();
        assert!(sent > 3);
        assert_eq!(told.len(), sent, "each write, and nothing else");
        for span in chapters(played, "write ") {
            let result = field(span, "bluegreen.write.result").unwrap();
            assert_eq!(result == "accepted", span.status == Status::Unset, "{span:#?}");
            assert!(field(span, "bluegreen.write.target").is_some_and(|target| !target.contains('?')));
            assert_eq!(span.name, format!("write {}", field(span, "bluegreen.write.what").unwrap()));
        }
    }
    let of = |what: &str| chapters(&UPGRADE, "write ").iter().filter(|it| it.name == format!("write {what}")).count();
    assert!(of("gateway") >= 3 && of("cluster") >= 2 && of("object") >= 5);
    let gateway = chapters(&UPGRADE, "write gateway")[0].clone();
    assert!(field(&gateway, "bluegreen.write.operation").is_some_and(|id| !id.contains(['?', '/'])), "{gateway:#?}");
}

fn named<'a>(played: &'a Played, name: &str) -> Vec<&'a Point> {
    played.points.iter().filter(|point| point.name == name).collect()
}

#[test]
fn metrics_are_named_as_the_conventions_want_and_have_few_attributes() {
    let expected = BTreeMap::from([
        ("bluegreen.hops", "{hop}"),
        ("bluegreen.restore.delay", "s"),
        ("bluegreen.step.duration", "s"),
        ("bluegreen.traffic.share", "1"),
        ("bluegreen.waits", "{look}"),
        ("http.client.request.duration", "s"),
    ]);
    let found: BTreeMap<_, _> = ROLLBACK.points.iter().map(|it| (it.name.as_str(), it.unit.as_str())).collect();
    assert_eq!(found, expected);
    let steps: BTreeSet<_> = Step::ALL.iter().map(|step| step.name().to_owned()).collect();
    let outcomes = Decision::ALL.map(Decision::name).map(str::to_owned);
    let reasons = Reason::ALL.map(Reason::name).map(str::to_owned);
    for point in all().iter().flat_map(|played| &played.points) {
        for (name, value) in &point.attributes {
            let is_known = match name.as_str() {
                "bluegreen.step" => steps.contains(value),
                "bluegreen.outcome" => outcomes.contains(value),
                "bluegreen.wait.reason" => reasons.contains(value),
                "bluegreen.site" => value == "shop" && point.name == "bluegreen.traffic.share",
                "http.request.method" => ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"].contains(&value.as_str()),
                "http.response.status_code" | "error.type" => value.parse::<u16>().is_ok() || value == "no-answer",
                "service.peer.name" => ["resource-manager", "storage", "service-bus", "identity", "entra", "others"]
                    .contains(&value.as_str()),
                _ => false,
            };
            assert!(is_known, "{name}={value} of {}", point.name);
        }
    }
}

#[test]
fn whatever_is_told_is_on_the_page() {
    let page = read("docs/operate.md");
    let (_, page) = page.split_once("## What it tells of itself").unwrap();
    let spans = all().into_iter().flat_map(story).flat_map(|span| &span.attributes).map(|it| it.key.to_string());
    let metrics = all().into_iter().flat_map(|played| &played.points);
    let metrics = metrics.flat_map(|point| point.attributes.keys().cloned().chain([point.name.clone()]));
    let names: BTreeSet<_> = spans.chain(metrics).collect();
    assert!(names.len() > 20, "{names:?}");
    let words = Decision::ALL.map(Decision::name).into_iter().chain(Reason::ALL.map(Reason::name)).map(str::to_owned);
    for name in names.into_iter().chain(words) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn what_is_measured_is_what_happened() {
    let hops: u64 = named(&UPGRADE, "bluegreen.hops").iter().map(|point| point.count).sum();
    assert_eq!(hops, u64::from(UPGRADE.run.hop) - 1, "each hop but the first, which is the beginning");
    let lasted = |step: &str| {
        let of = |point: &&&Point| point.attributes["bluegreen.step"] == step;
        named(&UPGRADE, "bluegreen.step.duration").iter().filter(of).map(|point| point.value).sum::<f64>()
    };
    let (first, last) = (UPGRADE.run.journal.first().unwrap().at, UPGRADE.run.journal.last().unwrap().at);
    let all: f64 = Step::ALL.iter().map(|step| lasted(step.name())).sum();
    let whole = last.duration_since(first).as_secs_f64();
    assert!((all - whole).abs() < 60.0, "{all} of {whole} s");
    assert!(lasted("Soak") >= 60.0 * f64::from(UPGRADE.run.plan.site.soak_minutes), "{}", lasted("Soak"));
    let waits = named(&UPGRADE, "bluegreen.waits");
    let waited = |reason: &str| waits.iter().any(|point| point.attributes["bluegreen.wait.reason"] == reason);
    assert!(waited("gateway-write") && waited("cluster-change") && waited("watch"), "{waits:#?}");
    let share = named(&UPGRADE, "bluegreen.traffic.share");
    assert!(matches!(share[..], [point] if point.value > 0.99), "{share:#?}");
    assert!(named(&UPGRADE, "bluegreen.restore.delay").is_empty());
    let delays = named(&ROLLBACK, "bluegreen.restore.delay");
    let [delay] = delays[..] else { panic!("{delays:#?}") };
    assert!(delay.count == 1 && (0.0..30.0).contains(&delay.value), "{delay:?}");
}

#[test]
fn every_call_of_the_handlers_is_measured() {
    for (service, host) in [("resource-manager", "management."), ("service-bus", ".servicebus.")] {
        let calls = named(&UPGRADE, "http.client.request.duration").into_iter();
        let measured: u64 = calls.filter(|it| it.attributes["service.peer.name"] == service).map(|it| it.count).sum();
        let sent = UPGRADE.seen.iter().filter(|it| it.is_ours() && it.host.contains(host)).count();
        assert_eq!(measured, u64::try_from(sent).unwrap(), "{service}");
    }
}

#[test]
fn a_line_of_the_log_names_the_run_it_is_about_and_the_span_it_belongs_to() {
    let begun = UPGRADE.log.lines().filter(|line| line.contains("\"looked\"")).collect::<Vec<_>>();
    assert!(begun.len() > 30, "{}", begun.len());
    let exported: BTreeSet<_> = UPGRADE.spans.iter().map(|span| span.span_context.span_id().to_string()).collect();
    for line in begun {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["run.id"], UPGRADE.run.id.as_str());
        assert!(line["step"].is_string());
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
        assert!(exported.contains(line["span_id"].as_str().unwrap()), "{line}");
    }
    for line in UPGRADE.log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["span"].is_object(), line["trace_id"].is_string(), "{line}");
    }
}

/// The alert rules of `infra/` look for exactly this.
#[test]
fn a_call_has_its_level_cause_and_number_as_fields() {
    let calls: Vec<_> = UPGRADE.log.lines().filter(|line| line.contains("\"call\":\"")).collect();
    let [call] = calls[..] else { panic!("an upgrade that goes well tells its end: {calls:#?}") };
    let call: serde_json::Value = serde_json::from_str(call).unwrap();
    assert_eq!((&call["call"], &call["cause"], &call["site"]), (&"finished".into(), &"ended".into(), &"shop".into()));
    assert_eq!(call["number"], UPGRADE.run.last_number());
    assert_eq!(call["message"], "finished: upgraded");
}
