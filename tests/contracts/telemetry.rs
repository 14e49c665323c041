//! What an operator can follow: a span for each invocation, linked from hop to hop.
use crate::played::{Played, UPGRADE};
use opentelemetry_sdk::trace::SpanData;
use std::collections::BTreeMap;

fn field(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name)?;
    Some(found.value.to_string())
}

/// The spans of invocations of steps.
fn steps(played: &Played) -> Vec<&SpanData> {
    played.spans.iter().filter(|span| span.name == "invocation" && field(span, "step").is_some()).collect()
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
fn each_hop_is_linked_to_the_span_that_published_it() {
    // Which span published which hop, as the messages say.
    let mut published = BTreeMap::new();
    for sent in UPGRADE.seen.iter().filter(|it| it.host.contains(".servicebus.") && it.is_ours()) {
        let message = sent.json()[0].clone();
        let parent = message["UserProperties"]["traceparent"].as_str().unwrap().to_owned();
        // A late event has its successor published again: of two with one id the bus delivers the first.
        published.entry(message["BrokerProperties"]["MessageId"].as_str().unwrap().to_owned()).or_insert(parent);
    }
    for span in steps(&UPGRADE) {
        let id = format!("{}/{}", UPGRADE.run.id, field(span, "hop").unwrap());
        let parent = published.get(&id).unwrap_or_else(|| panic!("nobody published {id}"));
        let links: Vec<_> = span.links.iter().map(|link| link.span_context.clone()).collect();
        let [link] = &links[..] else { panic!("{id}: {links:?}") };
        assert_eq!(*parent, format!("00-{}-{}-01", link.trace_id(), link.span_id()), "{id}");
        assert!(link.is_remote());
        let is_published_by = |other: &&SpanData| other.span_context.span_id() == link.span_id();
        assert!(UPGRADE.spans.iter().any(|other| is_published_by(&other)), "{id}: its publisher was exported, too");
    }
}

#[test]
fn a_line_of_the_log_names_the_run_it_is_about() {
    let begun = UPGRADE.log.lines().filter(|line| line.contains("\"looked\"")).collect::<Vec<_>>();
    assert!(begun.len() > 30, "{}", begun.len());
    for line in begun {
        assert!(line.contains(&UPGRADE.run.id) && line.contains("\"step\":\""), "{line}");
    }
}

/// The alert rules of `infra/` look for exactly this.
#[test]
fn a_call_has_its_level_cause_and_number_as_fields() {
    let calls: Vec<_> = UPGRADE.log.lines().filter(|line| line.contains("\"call\":\"")).collect();
    let [call] = calls[..] else { panic!("an upgrade that goes well tells its end: {calls:#?}") };
    let line: serde_json::Value = serde_json::from_str(call).unwrap();
    // The deployed handlers write the fields beside the message, without a member of their own.
    let call = &line["fields"];
    assert_eq!((&call["call"], &call["cause"], &call["site"]), (&"finished".into(), &"ended".into(), &"shop".into()));
    assert_eq!(call["number"], UPGRADE.run.last_number());
    assert_eq!(call["message"], "finished: upgraded");
}
