//! The Functions host: it runs, with the extension bundle that our `host.json` asks for.
use super::{Observed, Row};
use crate::resources::answers::{list, text};
use serde_json::Value;
use std::sync::LazyLock;

const CHECK: &str = "host";
/// The major version of the host that `host.json` is written for.
const MAJOR: u64 = 4;

/// The bundle that our `host.json` asks for.
static WANTED: LazyLock<Wanted> =
    LazyLock::new(|| Wanted::of(include_str!("../../../host.json")).expect("a test reads the same file"));

struct Wanted {
    id: String,
    /// The range as it is written: `[4.31.0, 5.0.0)`.
    range: String,
    /// The first version in it.
    from: Version,
    /// The first version beyond it.
    until: Version,
}

type Version = [u64; 4];

pub(super) fn check(seen: &Observed) -> Vec<Row> {
    let Some(app) = &seen.app else { return vec![] };
    if let Ok(site) = &app.app
        && text(site, "/properties/state") == "Stopped"
    {
        let remedy = format!("start it: az functionapp start --ids {}", text(site, "/id"));
        return vec![Row::finding(CHECK, format!("the function app {} is stopped", text(site, "/name")), remedy)];
    }
    match &app.host {
        // Who may not look is told so; anything else means that nobody answers for the app.
        Err(unread) if unread.role.is_some() => vec![Row::unread(CHECK, unread)],
        Err(unread) => vec![Row::finding(CHECK, &unread.what, SEE_LOG)],
        Ok(None) => {
            let what = "a host on Container Apps, and its bundle, are not shown by Resource Manager";
            vec![Row::skipped(CHECK, what, "see the container's log: az containerapp logs show")]
        }
        Ok(Some(status)) => judged(status),
    }
}

/// The call wakes an app that is asleep.
const SEE_LOG: &str = "look again in a minute: a host that was asleep takes its time. If it stays so, see its log in \
                       Application Insights, and restart it (az functionapp restart)";

fn judged(status: &Value) -> Vec<Row> {
    let (state, host) = (text(status, "/state"), text(status, "/version"));
    let errors: Vec<_> = list(status, "/errors").iter().filter_map(Value::as_str).collect();
    let mut rows = vec![];
    if state != "Running" || !errors.is_empty() {
        let why = if errors.is_empty() { String::new() } else { format!(": {}", errors.join("; ")) };
        rows.push(Row::finding(CHECK, format!("the host is {state:?}, expected is \"Running\"{why}"), SEE_LOG));
    }
    if parsed(host).is_none_or(|version| version[0] != MAJOR) {
        let what = format!("the host has version {host:?}, expected is {MAJOR}");
        let remedy = format!("set FUNCTIONS_EXTENSION_VERSION to ~{MAJOR}; on Flex Consumption the plan says it");
        rows.push(Row::finding(CHECK, what, remedy));
    }
    if state != "Running" {
        // Until it runs it does not say with which bundle.
        return rows;
    }
    match bundle(status) {
        Ok(bundle) if rows.is_empty() => {
            rows.push(Row::well(CHECK, format!("the host is running, version {host}, with {bundle}")));
        }
        Ok(_) => {}
        Err(what) => {
            let Wanted { id, range, .. } = &*WANTED;
            let remedy = format!(
                "deploy the package once more: its host.json asks for {id} {range}; and delete settings that begin \
                 with AzureFunctionsJobHost__extensionBundle, which would go first"
            );
            rows.push(Row::finding(CHECK, what, remedy));
        }
    }
    rows
}

/// The bundle that it names, if it is what we need, or what is wrong with it.
fn bundle(status: &Value) -> Result<String, String> {
    let Wanted { id: wanted, range, from, until } = &*WANTED;
    let (id, version) = (text(status, "/extensionBundle/id"), text(status, "/extensionBundle/version"));
    if id.is_empty() {
        return Err("the host runs without an extension bundle: it knows no Service Bus".to_owned());
    }
    let fits = parsed(version).is_some_and(|version| *from <= version && version < *until);
    match id.eq_ignore_ascii_case(wanted) && fits {
        true => Ok(format!("{id} {version}")),
        false => Err(format!("the host runs with the extension bundle {id} {version:?}, expected is {wanted} {range}")),
    }
}

impl Wanted {
    /// What a `host.json` asks for; `None`: nothing, or a range in another form than `[from, until)`.
    fn of(host: &str) -> Option<Self> {
        let host: Value = serde_json::from_str(host).ok()?;
        let (id, range) = (text(&host, "/extensionBundle/id"), text(&host, "/extensionBundle/version"));
        let (from, until) = range.strip_prefix('[')?.strip_suffix(')')?.split_once(',')?;
        let (from, until) = (parsed(from.trim())?, parsed(until.trim())?);
        Some(Self { id: id.to_owned(), range: range.to_owned(), from, until })
    }
}

/// A version of up to four numbers. A pre-release counts as what it comes before.
fn parsed(version: &str) -> Option<Version> {
    let numbers = version.split(['-', '+']).next()?.split('.');
    let mut parsed = [0; 4];
    for (at, number) in numbers.enumerate() {
        *parsed.get_mut(at)? = number.parse().ok()?;
    }
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_range_is_that_of_our_host_json() {
        assert_eq!((WANTED.from, WANTED.until), ([4, 31, 0, 0], [5, 0, 0, 0]));
        assert_eq!(
            (WANTED.id.as_str(), WANTED.range.as_str()),
            ("Microsoft.Azure.Functions.ExtensionBundle", "[4.31.0, 5.0.0)")
        );
        assert!(Wanted::of(r#"{"extensionBundle": {"id": "x", "version": "4.*"}}"#).is_none());
    }

    #[test]
    fn a_bundle_fits_from_the_first_version_until_before_the_next_major() {
        for (id, version, fits) in [
            ("Microsoft.Azure.Functions.ExtensionBundle", "4.31.0", true),
            ("microsoft.azure.functions.extensionbundle", "4.100.2", true),
            ("Microsoft.Azure.Functions.ExtensionBundle", "4.30.9", false),
            ("Microsoft.Azure.Functions.ExtensionBundle", "5.0.0", false),
            ("Microsoft.Azure.Functions.ExtensionBundle", "", false),
            ("Microsoft.Azure.Functions.ExtensionBundle.Preview", "4.38.0", false),
            ("", "4.38.0", false),
        ] {
            let status = json!({"extensionBundle": {"id": id, "version": version}});
            assert_eq!(bundle(&status).is_ok(), fits, "{id} {version}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parsed("4.9.0") < parsed("4.31.0"));
        assert_eq!(parsed("4.31.0-preview.1"), Some([4, 31, 0, 0]));
        for text in ["", "4.x", "4.1.2.3.4", "v4"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
