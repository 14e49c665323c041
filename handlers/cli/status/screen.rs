//! One screen of a site: what somebody who is woken must know within ten seconds, in this order.
use crate::cli::times::{at, at_and_away, away, full, localised};
use crate::run::overview::{ClusterSeen, Lasting, Overview, PoolSeen, RequestSeen, RunSeen, Serves, Serving};
use crate::run::readiness::Ready;
use crate::text::plain;
use jiff::Timestamp;
use std::fmt::Write;

/// The lines of a screen: a name, and what is to be said of it.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, said: impl AsRef<str>) {
        let _ = writeln!(self.0, "  {name:<10} {}", plain(said.as_ref()));
    }
}

/// The screen.
#[must_use]
pub fn screen(overview: &Overview) -> String {
    let now = overview.now;
    let mut lines = Lines(format!("{}   {}\n", overview.site, full(now)));
    lines.add("traffic", traffic(&overview.serving, overview.run.as_ref()));
    for pool in &overview.serving.pools {
        lines.add("", pool_in_words(pool));
    }
    for cluster in &overview.clusters {
        lines.add(cluster.colour.name(), cluster_in_words(cluster));
    }
    match &overview.run {
        Some(run) => run_lines(&mut lines, run, now),
        None => lines.add("run", "there is none"),
    }
    for (name, request) in overview
        .waiting
        .iter()
        .map(|request| ("waits", request))
        .chain(overview.refused.iter().map(|request| ("refused", request)))
    {
        lines.add(name, request_in_words(request, now));
    }
    for unseen in &overview.not_seen {
        lines.add("not seen", format!("{}: {}", unseen.what, unseen.why));
    }
    for (index, next) in overview.next.iter().enumerate() {
        let name = if index == 0 { "next" } else { "" };
        lines.add(name, format!("{:<44} {}", next.command, next.why));
    }
    lines.0
}

fn traffic(serving: &Serving, run: Option<&RunSeen>) -> String {
    let mut said = match (serving.colour, serving.blue, serving.green) {
        (None, ..) => "not seen: the gateway could not be looked at".to_owned(),
        (Some(Serves::Neither), ..) => {
            "NEITHER blue NOR green: the live pools hold something else, or nothing".to_owned()
        }
        (Some(_), blue, green) => {
            let shares = format!("blue {} %, green {} %", blue.unwrap_or(0), green.unwrap_or(0));
            match &serving.led_elsewhere {
                Some(_) => format!("{shares} in the live pools, but that is not what users get"),
                None => format!("{shares}, in force at the gateway"),
            }
        }
    };
    if let Some(why) = &serving.led_elsewhere {
        said += &format!(": {why}");
    }
    if serving.colour.is_some() && !serving.settled {
        said += "; a write is under way, so this may be about to change";
    }
    let new = run.map(|run| run.to);
    let shown = new.map(|new| if new == crate::site::Colour::Blue { serving.blue } else { serving.green });
    if let (Some(planned), Some(Some(shown))) = (serving.planned, shown)
        && planned != shown
    {
        said += &format!(" (the plan means {planned} % for {})", new.map_or("", crate::site::Colour::name));
    }
    said
}

fn pool_in_words(pool: &PoolSeen) -> String {
    let member = |member: &crate::run::overview::MemberSeen| {
        let health = member.health.map_or_else(String::new, |health| format!(" {health}"));
        let colour = member.colour.map_or("a stranger", crate::site::Colour::name);
        format!("{} ({colour}{health})", member.member)
    };
    let members: Vec<_> = pool.members.iter().map(member).collect();
    let holds = match (pool.exists, members.is_empty()) {
        (false, _) => "the gateway has no such pool".to_owned(),
        (true, true) => "empty".to_owned(),
        (true, false) => members.join(", "),
    };
    format!("{} {}: {holds}", if pool.live { "live pool" } else { "candidate pool" }, pool.name)
}

fn cluster_in_words(cluster: &ClusterSeen) -> String {
    match cluster.exists {
        None => format!("{}, not seen", cluster.name()),
        Some(false) => format!("{}, which does not exist", cluster.name()),
        Some(true) => {
            let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".into());
            format!("{} {}, {}, {}", cluster.name(), or(&cluster.version), or(&cluster.power), or(&cluster.state))
        }
    }
}

fn run_lines(lines: &mut Lines, run: &RunSeen, now: Timestamp) {
    let (from, to) = (run.from.name(), run.to.name());
    let kind = run.kind.name();
    lines.add("run", format!("{}: {kind} from {from} to {to}, Kubernetes {}; {}", run.id, run.version, run.asked));
    let ending = run.ending.map_or_else(String::new, |ending| format!(": {}", ending.words()));
    lines.add("state", format!("{}{ending}", run.state.words()));
    moments(lines, run, now);
    lines.add("why", localised(&run.waits.why, now));
    for evidence in &run.waits.evidence {
        lines.add("evidence", localised(evidence, now));
    }
    if run.ending.is_none() {
        let since = run.traffic.since.map_or_else(String::new, |since| format!(", since {}", at(since, now)));
        lines.add("health", format!("{}{since}", run.traffic.why));
    }
    if let Some(back) = &run.way_back {
        let state = match back.state {
            Ready::Ready => "ready",
            Ready::NotReady => "NOT READY",
            Ready::Unknown => "unknown",
        };
        let since = back.since.map_or_else(String::new, |since| format!(", since {}", at(since, now)));
        lines.add("way back", format!("{state}: {}{since}", back.why));
        if let Some(beforehand) = &back.beforehand {
            lines.add("", beforehand);
        }
    }
    orders(lines, run);
    if let Some(called) = run.waits.called.as_ref().filter(|_| run.ending.is_none()) {
        let cause = called.cause.as_deref().unwrap_or("no cause is named");
        let words = called.level.words();
        lines.add("called", format!("{words} ({cause}), {}: {}", away(called.at, now), called.what));
    }
}

/// Where it is, since when, until when, and when it looks next.
fn moments(lines: &mut Lines, run: &RunSeen, now: Timestamp) {
    let Lasting { stage, since, until, deadline, next_look, overdue, watched } = &run.lasting;
    let stage = stage.as_ref().map_or_else(String::new, super::stage_in_words);
    lines.add("step", format!("{}{stage}, since {}", run.step, at_and_away(*since, now)));
    if let Some(until) = until {
        lines.add("until", format!("{}: {}, if all stays well", at_and_away(until.at, now), until.what));
    }
    if let Some(deadline) = deadline {
        lines.add(
            "deadline",
            match deadline.at {
                Some(moment) => format!("{}: {}", at_and_away(moment, now), deadline.then),
                None => deadline.then.to_owned(),
            },
        );
    }
    let checked = if *watched { "; the check each minute looks, too" } else { "" };
    match (next_look, overdue) {
        (Some(due), true) => {
            lines.add("next look", format!("OVERDUE since {}: its event seems lost, and is sent again", at(*due, now)));
        }
        (Some(due), false) => lines.add("next look", format!("{}{checked}", at_and_away(*due, now))),
        (None, _) if *watched => lines.add("next look", "the check each minute; no step of the run"),
        (None, _) => {}
    }
}

fn orders(lines: &mut Lines, run: &RunSeen) {
    if run.ending.is_some() {
        return;
    }
    let possible = run.orders.iter().filter(|order| order.possible);
    let possible: Vec<_> = possible.map(|order| order.command.trim_start_matches("bluegreen ").to_owned()).collect();
    lines.add("you can", if possible.is_empty() { "order nothing now".to_owned() } else { possible.join(" | ") });
    for order in run.orders.iter().filter(|order| !order.possible || order.command.ends_with("--force")) {
        let why = order.why_not.as_deref().unwrap_or("");
        lines.add("", format!("not {}: {why}", order.verb.name()));
    }
}

fn request_in_words(request: &RequestSeen, now: Timestamp) -> String {
    let what = match (request.is_dead_letter(), &request.site[..]) {
        (true, _) => "a dead letter".to_owned(),
        (false, "") => format!("a message in {}", request.queue.as_deref().unwrap_or("a queue")),
        (false, _) => request.version.clone().unwrap_or_else(|| request.kind.name().to_owned()),
    };
    let by = request.by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
    let id = request.id.as_deref().map_or_else(String::new, |id| format!(" [{id}]"));
    let again = request.again.map_or_else(String::new, |again| format!("; asked again {}", at_and_away(again, now)));
    let came = request.came.as_deref().map_or_else(String::new, |came| format!("; it began {came}"));
    format!("{what}{by}{id}, {}: {}{again}{came}", at(request.at, now), request.why)
}
