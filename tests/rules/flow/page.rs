//! The table in docs/design.md is made of the table in the code.
use bluegreen_core::run::Ending;
use bluegreen_core::step::{Otherwise, Row, Step, TABLE, Then};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/design.md");
const BEGIN: &str = "<!-- the flow: written by `BLUEGREEN_WRITE=1 cargo test the_flow_in_the_docs` -->\n";
const END: &str = "<!-- end of the flow -->";

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for the page to be written; no code of ours reads it")]
fn the_flow_in_the_docs_is_the_one_in_the_code() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the table begins");
    let (table, after) = rest.split_once(END).expect("the page says where the table ends");
    let current = in_words();
    if std::env::var_os("BLUEGREEN_WRITE").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{current}{END}{after}")).unwrap();
        return;
    }
    assert!(table == current, "docs/design.md is old: run `BLUEGREEN_WRITE=1 cargo test the_flow_in_the_docs`");
}

fn in_words() -> String {
    let mut table = String::from(
        "| step | what it makes true | done | fails | too late | breached | drifted | turns back to | within |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &TABLE {
        let Row { step, done, failed, late, breached, drifted, back, minutes, .. } = row;
        let [failed, late, breached, drifted] = [failed, late, breached, drifted].map(|what| otherwise(*what));
        let within = match step {
            Step::ConfirmTraffic => format!("watch + {minutes} min"),
            Step::Soak => format!("soak + {minutes} min"),
            Step::RestoreTraffic => format!("never given up; calls a person after {minutes} min"),
            _ => format!("{minutes} min"),
        };
        table += &format!(
            "| `{step}` | {} | {} | {failed} | {late} | {breached} | {drifted} | `{back}` | {within} |\n",
            step.goal(),
            then(*done)
        );
    }
    table
}

fn then(then: Then) -> String {
    match then {
        Then::Go(step) => format!("`{step}`"),
        Then::NextStageOr(step) => format!("next stage, or `{step}`"),
        Then::End(Ending::Upgraded) => "end: upgraded".into(),
        Then::End(Ending::Rejected) => "end: rejected".into(),
        Then::End(Ending::RolledBack) => "end: rolled back".into(),
        Then::End(Ending::Finished) => "end: finished by a person".into(),
    }
}

fn otherwise(what: Otherwise) -> String {
    match what {
        Otherwise::Reject => "end: rejected".into(),
        Otherwise::TurnBack => "turn back".into(),
        Otherwise::TurnBackInFirstStage => "first stage: turn back; later: hold".into(),
        Otherwise::Hold => "hold for a person".into(),
        Otherwise::KeepTrying => "keep trying".into(),
        Otherwise::Repair(step) => format!("once: `{step}` anew; then hold"),
        Otherwise::RestoreAgain => "`RestoreTraffic` anew; from the second time a person is called".into(),
    }
}
