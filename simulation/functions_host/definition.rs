//! The app's folder: `host.json` and each `<Name>/function.json`.
use super::{keys::Access, options::HostOptions, routes::Route, schedule::Schedule};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, fs, path::Path, sync::Arc, time::Duration};

/// Why the app cannot be hosted: which file, and what about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(pub String);

impl fmt::Display for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}

/// How HTTP functions are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpMode {
    Envelope,
    Forwarding,
    Proxying,
}

pub(super) struct App {
    /// Enabled functions by name.
    pub functions: BTreeMap<String, Arc<Function>>,
    pub function_timeout: Duration,
    pub initialization_timeout: Duration,
    pub max_concurrent_calls: usize,
    /// For how long a lock is renewed; zero: never.
    pub lock_renewal: Duration,
    pub http_mode: HttpMode,
}

pub(super) struct Function {
    /// The folder's name, in exactly this case.
    pub name: String,
    /// The trigger binding's name.
    pub binding: String,
    pub trigger: Trigger,
}

pub(super) enum Trigger {
    Bus { entity: String, binary: bool, namespace: String },
    Timer { schedule: Box<Schedule>, monitored: bool, at_start: bool },
    Http(HttpTrigger),
}

pub(super) struct HttpTrigger {
    pub route: Route,
    /// In upper case; empty: all.
    pub methods: Vec<String>,
    pub access: Access,
    /// The name of the `http` output.
    pub output: Option<String>,
}

impl App {
    pub fn read(folder: &Path, options: &HostOptions) -> Result<Self, HostError> {
        let host = json(&folder.join("host.json"))?;
        let duration = |pointer: &str, default: u64| match host.pointer(pointer) {
            None | Some(Value::Null) => Ok(Duration::from_secs(default)),
            Some(value) => value
                .as_str()
                .and_then(time_span)
                .ok_or_else(|| HostError(format!("host.json: {pointer} is no time span: {value}"))),
        };
        let flag = |pointer: &str| host.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        let prefix = host.pointer("/extensions/http/routePrefix").and_then(Value::as_str).unwrap_or("api");
        let calls = host.pointer("/extensions/serviceBus/maxConcurrentCalls").and_then(Value::as_u64);
        Ok(Self {
            functions: functions(folder, prefix, options)?,
            function_timeout: duration("/functionTimeout", 1800)?,
            initialization_timeout: duration("/customHandler/initializationTimeout", 30)?,
            // The default is 16 for each core; Flex's smallest instance counts as one.
            max_concurrent_calls: calls.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(16).max(1),
            lock_renewal: duration("/extensions/serviceBus/maxAutoLockRenewalDuration", 300)?,
            http_mode: match (
                flag("/customHandler/enableProxyingHttpRequest"),
                flag("/customHandler/enableForwardingHttpRequest"),
            ) {
                (true, _) => HttpMode::Proxying,
                (false, true) => HttpMode::Forwarding,
                (false, false) => HttpMode::Envelope,
            },
        })
    }
}

fn functions(folder: &Path, prefix: &str, options: &HostOptions) -> Result<BTreeMap<String, Arc<Function>>, HostError> {
    let unreadable = |error: std::io::Error| HostError(format!("failed to read {}: {error}", folder.display()));
    let mut functions = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path().join("function.json");
        if !path.is_file() {
            continue;
        }
        let name =
            path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let document = json(&path)?;
        let setting = options.settings.get(&format!("AzureWebJobs.{name}.Disabled"));
        let is_off = document["disabled"].as_bool() == Some(true)
            || options.disabled.iter().any(|off| off.eq_ignore_ascii_case(&name))
            || setting.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
        let function = function(&name, prefix, &document, options)
            .map_err(|why| HostError(format!("{name}/function.json: {why}")))?;
        if !is_off {
            functions.insert(name, Arc::new(function));
        }
    }
    Ok(functions)
}

fn function(name: &str, prefix: &str, document: &Value, options: &HostOptions) -> Result<Function, String> {
    let mut letters = name.bytes();
    let good = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.len() <= 128
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_' || letter == b'-');
    if !good {
        return Err("the folder's name is no function name".into());
    }
    if document.get("retry").is_some_and(|retry| !retry.is_null()) {
        return Err("a retry policy is not supported here".into());
    }
    let bindings = document["bindings"].as_array().ok_or("it has no bindings")?;
    let mut triggers = bindings.iter().filter(|binding| kind(binding).ends_with("trigger"));
    let (Some(binding), None) = (triggers.next(), triggers.next()) else {
        return Err("it needs exactly one trigger".into());
    };
    let trigger = match kind(binding).as_str() {
        "servicebustrigger" => of_the_bus(binding, options)?,
        "timertrigger" => timer(binding, options)?,
        "httptrigger" => {
            let route = text(binding, "route", options)?.unwrap_or_else(|| name.into());
            http(binding, &format!("{prefix}/{route}"), bindings)?
        }
        other => return Err(format!("{other} is not supported here")),
    };
    if let Some(output) = bindings.iter().map(kind).find(|kind| kind != "http" && !kind.ends_with("trigger")) {
        return Err(format!("the output {output} is not supported here"));
    }
    let binding = binding["name"].as_str().ok_or("the trigger has no name")?.to_owned();
    Ok(Function { name: name.into(), binding, trigger })
}

fn kind(binding: &Value) -> String {
    binding["type"].as_str().unwrap_or("").to_lowercase()
}

/// A binding's text, with app settings in it; empty is none.
fn text(binding: &Value, key: &str, options: &HostOptions) -> Result<Option<String>, String> {
    match binding[key].as_str().filter(|text| !text.is_empty()) {
        Some(text) => resolved(text, options).map(Some),
        None => Ok(None),
    }
}

fn of_the_bus(binding: &Value, options: &HostOptions) -> Result<Trigger, String> {
    if binding["cardinality"].as_str().is_some_and(|cardinality| cardinality.eq_ignore_ascii_case("many")) {
        return Err("cardinality many is not supported here".into());
    }
    if binding["isSessionsEnabled"].as_bool() == Some(true) {
        return Err("sessions are not supported here".into());
    }
    let text = |key: &str| text(binding, key, options);
    let entity = match (text("queueName")?, text("topicName")?, text("subscriptionName")?) {
        (Some(queue), None, None) => queue,
        (None, Some(topic), Some(subscription)) => format!("{topic}/subscriptions/{subscription}"),
        _ => return Err("it needs queueName, or topicName and subscriptionName".into()),
    };
    let connection = binding["connection"].as_str().unwrap_or("AzureWebJobsServiceBus");
    let namespace = options.settings.get(&format!("{connection}__fullyQualifiedNamespace"));
    let namespace = namespace.map_or("simulated.servicebus.windows.net", String::as_str);
    let binary = binding["dataType"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("binary"));
    Ok(Trigger::Bus { entity, binary, namespace: namespace.into() })
}

fn timer(binding: &Value, options: &HostOptions) -> Result<Trigger, String> {
    let schedule = Schedule::parse(&text(binding, "schedule", options)?.ok_or("it has no schedule")?)?;
    // The real host monitors only schedules of a minute or more.
    let monitored = binding["useMonitor"].as_bool().unwrap_or(true) && !schedule.is_shorter_than_a_minute();
    let at_start = binding["runOnStartup"].as_bool().unwrap_or(false);
    Ok(Trigger::Timer { schedule: Box::new(schedule), monitored, at_start })
}

fn http(binding: &Value, route: &str, bindings: &[Value]) -> Result<Trigger, String> {
    let methods = binding["methods"].as_array().map(Vec::as_slice).unwrap_or_default();
    let output = bindings.iter().find(|binding| kind(binding) == "http");
    Ok(Trigger::Http(HttpTrigger {
        route: Route::parse(route)?,
        methods: methods.iter().filter_map(Value::as_str).map(str::to_uppercase).collect(),
        access: Access::of(binding["authLevel"].as_str().unwrap_or("function")),
        output: output.and_then(|output| output["name"].as_str()).map(Into::into),
    }))
}

/// Puts app settings in the place of `%NAME%`.
fn resolved(text: &str, options: &HostOptions) -> Result<String, String> {
    let mut parts = text.split('%');
    let mut whole = parts.next().unwrap_or("").to_owned();
    while let Some(name) = parts.next() {
        let Some(rest) = parts.next() else { return Err(format!("{text:?} has a percent sign without its partner")) };
        whole += options.settings.get(name).ok_or_else(|| format!("the app setting {name} is missing"))?;
        whole += rest;
    }
    Ok(whole)
}

pub(super) fn json(path: &Path) -> Result<Value, HostError> {
    let wrong = |error: &dyn fmt::Display| HostError(format!("failed to read {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| wrong(&error))
}

/// `[d.]hh:mm:ss[.fffffff]`; `-1` and other negative ones are without end.
fn time_span(text: &str) -> Option<Duration> {
    if text.starts_with('-') {
        return Some(Duration::from_secs(u32::MAX.into()));
    }
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) if clock.contains(':') => (days.parse::<u32>().ok()?, clock),
        _ => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    let seconds = parts.next()?.parse::<f64>().ok().filter(|seconds| (0.0..60.0).contains(seconds))?;
    let whole = u64::from(days) * 86_400 + u64::from(hours) * 3_600 + u64::from(minutes) * 60;
    (hours < 24 && minutes < 60 && parts.next().is_none())
        .then(|| Duration::from_secs(whole) + Duration::from_secs_f64(seconds))
}
