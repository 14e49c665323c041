//! Each command of the documents is understood by the real command line, and carried out where that needs nothing but the
//! simulated Azure: in the order of the pages, by the executable itself, in the name of an account.
mod blocks;
mod made;

use crate::child::text;
use crate::operator::Desk;
use blocks::{Spoken, commands, root, spans};
use bluegreen::cli::Arguments;
use clap::Parser;
use clap::error::ErrorKind;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// Commands of others, and why no test carries them out from the page.
const OTHERS: [(&str, &str); 8] = [
    ("az", "it changes a subscription; `.ci/real-clients --az` runs the pages' own against the simulated Azure"),
    ("kubectl", "`.ci/real-clients` runs it against the simulated API servers"),
    ("curl", "the function app's HTTP face is played by tests/upgrades/http_api and tests/process/hosted"),
    ("gh", "attestations lie at GitHub"),
    ("git", "a tag or a version that nobody has made yet"),
    ("sha256sum", "a release's files; packaging/tests compares the digests"),
    ("diff", "two builds of a release: the release workflow makes them"),
    ("xargs", "hands on what `az` has listed"),
];
/// What a page may say for something that only its reader knows.
const PLACEHOLDERS: [(&str, &str); 10] = [
    ("SITE", "shop"),
    ("RUN", "shop"),
    ("VERSION", "latest-stable"),
    ("STEP", "Soak"),
    ("VERB", "pause"),
    ("WHAT", "moved"),
    ("MINUTES", "1"),
    ("NAME", "till"),
    ("FILE", "site.json"),
    ("DIR", "folder"),
];
/// Orders ask a person; here is no terminal.
const ORDERS: [&str; 7] = ["roll-back", "abort", "pause", "resume", "approve", "promote", "finish"];

#[test]
fn every_command_of_the_documents_is_understood() {
    let (mut wrong, mut of_others) = (vec![], BTreeSet::new());
    let (blocks, spans) = (commands().into_iter(), spans().into_iter());
    for (spoken, may_be_short) in blocks.map(|it| (it, false)).chain(spans.map(|it| (it, true))) {
        let first = spoken.words[0].as_str();
        let mistake = match first {
            "bluegreen" => misunderstood(&spoken.words, may_be_short),
            "cargo" => match blocks::cargo(&spoken.words) {
                Ok(ours) => misunderstood(&ours, may_be_short),
                Err(why) => Some(why),
            },
            "export" => None,
            _ if first.contains('/') => (!root().join(first).is_file()).then(|| "there is no such script".to_owned()),
            _ if OTHERS.iter().any(|(name, _)| *name == first) => {
                of_others.insert(first.to_owned());
                None
            }
            _ => Some("it is neither ours nor in OTHERS (tests/process/documented.rs), with the reason".to_owned()),
        };
        wrong.extend(mistake.map(|why| format!("{}: {}: {why}", spoken.place, spoken.words.join(" "))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed: BTreeSet<_> = OTHERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(of_others, listed, "OTHERS has what no page says any more");
}

/// Why the command line does not understand it. A name in running text may leave out what must follow.
fn misunderstood(words: &[String], may_be_short: bool) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    let gateway = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw";
    let app = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app";
    let error = Arguments::try_parse_from(filled(words, gateway, app)).err()?;
    let is_well = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => may_be_short,
        _ => false,
    };
    (!is_well).then(|| error.to_string())
}

/// The words with something real in the place of what only the reader knows.
fn filled(words: &[String], gateway: &str, app: &str) -> Vec<String> {
    let fill = |word: &String| match word.as_str() {
        "GATEWAY-ID" | "ID" => gateway.to_owned(),
        "APP-ID" => app.to_owned(),
        word if word.contains('…') && word.contains("applicationGateways") => gateway.to_owned(),
        word if word.contains('…') && word.contains("Microsoft.Web/sites") => app.to_owned(),
        word => {
            let known = PLACEHOLDERS.iter().find(|(name, _)| *name == word);
            known.map_or_else(|| word.to_owned(), |(_, value)| (*value).to_owned())
        }
    };
    words.iter().map(fill).collect()
}

#[tokio::test]
async fn the_commands_of_the_documents_do_what_they_say() {
    let desk = Desk::open().await;
    desk.shop.azure.world().resource_manager.timings.backend_health = Duration::from_secs(1);
    let folder = tempfile::tempdir().unwrap();
    site_folder(folder.path(), &desk);
    let (mut done, mut wrong) = (0, vec![]);
    for spoken in commands() {
        let words = match spoken.words[0].as_str() {
            "bluegreen" => spoken.words.clone(),
            "cargo" => blocks::cargo(&spoken.words).unwrap_or_default(),
            _ => continue,
        };
        let Some((words, expected)) = to_be_done(&words, &desk) else { continue };
        if words.starts_with(&["site".to_owned(), "init".to_owned()]) {
            // Another page may have drafted it.
            std::fs::remove_file(folder.path().join("site.jsonc")).ok();
        }
        let ended = desk.carries_out(&words, folder.path()).await;
        done += 1;
        if !ended.status.code().is_some_and(|code| expected.contains(&code)) {
            wrong.push(said(&spoken, &words, &ended));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(done > 30, "only {done} commands of the documents were carried out");
}

fn said(spoken: &Spoken, words: &[String], ended: &Output) -> String {
    let said = text(&ended.stdout) + &text(&ended.stderr);
    format!("{}: {} ended with {:?}: {said}", spoken.place, words.join(" "), ended.status.code())
}

/// What is carried out of a command line, and how it may end; nothing of what other tests play.
fn to_be_done(words: &[String], desk: &Desk) -> Option<(Vec<String>, &'static [i32])> {
    let mut words = filled(words, &desk.shop.site.gateway, &desk.app()).into_iter().skip(1).collect::<Vec<_>>();
    let first = words.first()?.clone();
    let is_draft = words.iter().any(|word| word.ends_with(".jsonc"));
    let expected: &[i32] = match first.as_str() {
        // tests/process/local plays it: it takes as long as an upgrade.
        "local" => return None,
        // The write and the watch of 3 min are played by tests/upgrades/break_glass.
        "break-glass" => {
            words.push("--dry-run".to_owned());
            &[0]
        }
        // Refused where the run is elsewhere meanwhile.
        order if ORDERS.contains(&order) => {
            words.push("--yes".to_owned());
            &[0, 3]
        }
        // A shop whose app is not hosted has something to mend, and a draft has decisions.
        "doctor" => &[0, 3],
        "site" if is_draft => &[0, 3],
        "status" | "why" => &[0, 4],
        _ => &[0],
    };
    Some((words, expected))
}

/// The site file of the shop with its manifests, under the names that the pages have.
fn site_folder(folder: &Path, desk: &Desk) {
    std::fs::create_dir(folder.join("manifests")).unwrap();
    for file in ["manifests/controllers.yaml", "manifests/workloads.yaml"] {
        std::fs::copy(root().join("examples/shop").join(file), folder.join(file)).unwrap();
    }
    let site = serde_json::to_string_pretty(&desk.shop.site).unwrap();
    std::fs::write(folder.join("site.json"), site).unwrap();
    // A picture that the pages draw.
    std::fs::create_dir(folder.join("docs")).unwrap();
}
