//! Pure: the options of reads and deletions, and how those that do not fit together are refused.
use super::{place::Query, refusal::Refusal};
use serde_json::{Value, json};

/// What a list or a watch says about versions.
pub(super) struct Listing {
    /// The version that is asked for; `None`: the newest, or any.
    pub version: Option<u64>,
    /// As of exactly that version.
    pub exact: bool,
    /// A watch begins with what is there.
    pub initial: bool,
    /// And marks the end of that.
    pub marks_initial: bool,
}

impl Listing {
    /// The options of a list.
    pub fn of_list(query: &Query) -> Result<Self, Refusal> {
        numbers(query)?;
        let (version, matching) = (query.text("resourceVersion"), query.text("resourceVersionMatch"));
        if !matching.is_empty() {
            if version.is_empty() {
                return Err(forbidden(MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
            without_continue(query)?;
            known(matching, &["Exact", "NotOlderThan", ""])?;
            if matching == "Exact" && version == "0" {
                let wrong = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                return Err(forbidden(MATCH, wrong));
            }
        }
        if !query.text("sendInitialEvents").is_empty() {
            return Err(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        let read = number(version).map_err(|why| Refusal::bad_request(format!("invalid resource version: {why}")))?;
        if !query.text("continue").is_empty() && read.is_some() {
            return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
        }
        Ok(Self { version: read, exact: matching == "Exact", initial: false, marks_initial: false })
    }

    /// The options of a watch. One from no version, or from 0, begins with what is there.
    pub fn of_watch(query: &Query) -> Result<Self, Refusal> {
        numbers(query)?;
        let (version, matching) = (query.text("resourceVersion"), query.text("resourceVersionMatch"));
        let any = matches!(version, "" | "0");
        let said = query.text("sendInitialEvents");
        if !said.is_empty() && matching != "NotOlderThan" {
            let wrong = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(forbidden(MATCH, wrong));
        }
        if !matching.is_empty() {
            if said.is_empty() {
                let wrong = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
                return Err(forbidden(MATCH, wrong));
            }
            known(matching, &["NotOlderThan"])?;
        }
        without_continue(query)?;
        let read = number(version).map_err(|why| Refusal::new(500, "", why))?;
        let initial = if said.is_empty() { any } else { query.is_true("sendInitialEvents") };
        Ok(Self { version: read, exact: false, initial, marks_initial: initial })
    }

    /// Refuses a version that is not there yet, as of `current`.
    pub fn not_of_the_future(&self, current: u64) -> Result<(), Refusal> {
        let Some(asked) = self.version.filter(|asked| *asked > current) else { return Ok(()) };
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let mut refusal = Refusal::new(504, "Timeout", message);
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        refusal.details = json!({"causes": causes, "retryAfterSeconds": 1});
        Err(refusal)
    }
}

const MATCH: &str = "resourceVersionMatch";

/// The version that a read of one object asks for.
pub(super) fn of_get(query: &Query) -> Result<Listing, Refusal> {
    let version = number(query.text("resourceVersion"));
    let version = version.map_err(|why| Refusal::bad_request(format!("invalid resource version: {why}")))?;
    Ok(Listing { version, exact: false, initial: false, marks_initial: false })
}

fn number(text: &str) -> Result<Option<u64>, String> {
    let wrong =
        |_| format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
    if text.is_empty() { Ok(None) } else { text.parse().map(|read| Some(read).filter(|read| *read > 0)).map_err(wrong) }
}

fn numbers(query: &Query) -> Result<(), Refusal> {
    let texts = ["limit", "timeoutSeconds"].map(|name| query.text(name));
    let wrong = texts.into_iter().find(|text| !text.is_empty() && text.parse::<i64>().is_err());
    wrong
        .map_or(Ok(()), |text| Err(Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))))
}

fn without_continue(query: &Query) -> Result<(), Refusal> {
    if query.text("continue").is_empty() {
        return Ok(());
    }
    Err(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"))
}

fn known(found: &str, known: &[&str]) -> Result<(), Refusal> {
    if known.contains(&found) {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
    let wrong = format!("Unsupported value: {found:?}: supported values: {}", known.join(", "));
    Err(invalid("ListOptions", MATCH, "FieldValueNotSupported", &wrong))
}

fn forbidden(field: &str, why: &str) -> Refusal {
    invalid("ListOptions", field, "FieldValueForbidden", &format!("Forbidden: {why}"))
}

/// Options that break a rule.
fn invalid(options: &str, field: &str, reason: &str, wrong: &str) -> Refusal {
    let mut refusal = Refusal::new(422, "Invalid", format!("{options}.meta.k8s.io \"\" is invalid: {field}: {wrong}"));
    let causes = json!([{"reason": reason, "message": wrong, "field": field}]);
    refusal.details = json!({"group": "meta.k8s.io", "kind": options, "causes": causes});
    refusal
}

/// The options of a deletion: the body, or what the query says where there is none.
pub(super) fn of_deletion(body: Option<Value>, query: &Query) -> Result<Value, Refusal> {
    let mut options = body.unwrap_or_else(|| json!({}));
    let policy = query.text("propagationPolicy");
    if options["propagationPolicy"].is_null() && !policy.is_empty() {
        options["propagationPolicy"] = json!(policy);
    }
    if let Ok(grace) = query.text("gracePeriodSeconds").parse::<i64>()
        && options["gracePeriodSeconds"].is_null()
    {
        options["gracePeriodSeconds"] = json!(grace);
    }
    let orphans =
        if query.text("orphanDependents").is_empty() { None } else { Some(query.is_true("orphanDependents")) };
    if let Some(orphans) = options["orphanDependents"].as_bool().or(orphans) {
        if let Some(policy) = options["propagationPolicy"].as_str() {
            let wrong =
                format!("Invalid value: {policy:?}: orphanDependents and deletionPropagation cannot be both set");
            return Err(invalid("DeleteOptions", "propagationPolicy", "FieldValueInvalid", &wrong));
        }
        options["propagationPolicy"] = json!(if orphans { "Orphan" } else { "Background" });
    }
    match options["propagationPolicy"].as_str() {
        None | Some("Foreground" | "Background" | "Orphan") => Ok(options),
        Some(other) => {
            let wrong = format!(
                "Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            );
            Err(invalid("DeleteOptions", "propagationPolicy", "FieldValueNotSupported", &wrong))
        }
    }
}
