//! The environment: every setting that this program reads, and nothing else reads one.
use crate::process::cloud::Cloud;
use crate::process::targets::{Target, targets};
use crate::process::telemetry::insights::Address;
use anyhow::{Context, bail};

/// The settings of a function app.
#[derive(Clone, Debug)]
pub struct Config {
    /// The cloud.
    pub cloud: Cloud,
    /// Base URL of the storage account's blobs.
    pub store: String,
    /// Host name of the Service Bus namespace.
    pub bus: String,
    /// Resource id of that namespace: its subscriptions are looked at by it.
    pub namespace: Option<String>,
    /// Client id of the managed identity to use.
    pub client_id: Option<String>,
    /// Who may call the API.
    pub api: Api,
    /// Who is told over webhooks; or why that cannot be read, which keeps nothing else from its work.
    pub tell: Result<Vec<Target>, String>,
    /// Where spans and metrics go over OTLP.
    pub otlp: Option<String>,
    /// The Application Insights that they go to; or why that cannot be read, which keeps nothing else from its work.
    pub insights: Result<Option<Address>, String>,
    /// What is logged, in the form of `RUST_LOG`.
    pub log: String,
    /// The port that the Functions host gave us.
    pub port: Option<u16>,
    /// How many seconds of the world pass in one of ours: 1, but for a simulated one that hurries.
    pub clock_speed: u32,
    /// The id of the Functions host's process, where a simulated one has said it; otherwise it is the parent.
    pub host: Option<u32>,
}

/// Who may call the HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Api {
    /// The directory whose tokens count, and for whom they must be; `None`: no token is taken.
    pub directory: Option<Directory>,
    /// What a caller may who has a function key and no token.
    pub key_may: May,
    /// The app's own host name, by which the platform calls it.
    pub host: Option<String>,
}

/// Whose tokens count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its id, a GUID.
    pub tenant: String,
    /// For whom tokens must be: the API's client id, its App ID URI, or both.
    pub audiences: Vec<String>,
}

/// What somebody may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum May {
    /// Nothing.
    #[default]
    Nothing,
    /// Look.
    Read,
    /// Look, start and give orders.
    Act,
}

/// What is logged when `RUST_LOG` does not say: our own lines, and warnings of the libraries.
const LOG: &str = "warn,bluegreen=info";
/// Faster, the bounds of an invocation would be shorter than a call over a socket takes.
pub(crate) const FASTEST: u32 = 1000;

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// When a setting is missing or malformed: it is named.
    pub fn from_environment() -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads settings by their names.
    ///
    /// # Errors
    /// When a setting is missing or malformed: it is named.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let cloud = cloud(&setting)?;
        let (store, needed) = (store(&setting)?, needed(&setting));
        let port = setting("FUNCTIONS_CUSTOMHANDLER_PORT");
        let port = port.map(|port| port.parse().with_context(|| format!("FUNCTIONS_CUSTOMHANDLER_PORT is {port:?}")));
        let insights = setting("APPLICATIONINSIGHTS_CONNECTION_STRING").map(|connection| {
            let authentication = setting("APPLICATIONINSIGHTS_AUTHENTICATION_STRING");
            let address = Address::read(&connection, authentication.as_deref(), &cloud);
            address.map_err(|why| format!("APPLICATIONINSIGHTS_CONNECTION_STRING: {why:#}"))
        });
        Ok(Self {
            insights: insights.transpose(),
            cloud,
            store,
            bus: needed("ServiceBusConnection__fullyQualifiedNamespace", "name.servicebus.windows.net")?,
            namespace: setting("SERVICE_BUS_RESOURCE_ID"),
            client_id: setting("AZURE_CLIENT_ID"),
            api: api(&setting)?,
            tell: targets(setting("TELL").as_deref(), setting("TELL_HOSTS").as_deref())
                .map_err(|wrong| wrong.to_string()),
            otlp: setting("OTEL_EXPORTER_OTLP_ENDPOINT"),
            log: setting("RUST_LOG").unwrap_or_else(|| LOG.into()),
            port: port.transpose()?,
            clock_speed: clock_speed(&setting)?,
            host: host(&setting)?,
        })
    }
}

/// The cloud that the environment of the process names: all that the emergency way back needs.
///
/// # Errors
/// When it names none that is known.
pub fn cloud_from_environment() -> anyhow::Result<Cloud> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    cloud(&|name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// The name of the cloud that the environment of the process names, for a world that is simulated.
#[must_use]
pub fn cloud_name_from_environment() -> String {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    let given = std::env::var("AZURE_CLOUD").ok().filter(|name| !name.is_empty());
    given.unwrap_or_else(|| "AzurePublicCloud".into())
}

/// The store that the environment of the process names.
///
/// # Errors
/// When it names none.
pub fn store_from_environment() -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    store(&|name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// How fast the world goes that the environment of the process is for.
///
/// # Errors
/// When it says something that is no speed.
pub fn clock_speed_from_environment() -> anyhow::Result<u32> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    clock_speed(&|name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn api(setting: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Api> {
    let key_may = match setting("API_FUNCTION_KEY").as_deref() {
        None | Some("none") => May::Nothing,
        Some("read") => May::Read,
        Some("act") => May::Act,
        Some(other) => bail!("API_FUNCTION_KEY is {other:?}: expected none, read or act"),
    };
    let directory = match (setting("API_TENANT"), setting("API_AUDIENCE")) {
        (None, None) => None,
        (Some(tenant), Some(audience)) => Some(directory(&tenant, &audience)?),
        (Some(_), None) => bail!("API_TENANT is set, so API_AUDIENCE must be, too: for whom tokens are"),
        (None, Some(_)) => bail!("API_AUDIENCE is set, so API_TENANT must be, too: whose tokens count"),
    };
    Ok(Api { directory, key_may, host: setting("WEBSITE_HOSTNAME") })
}

/// A name such as `common` would let in every directory there is.
fn directory(tenant: &str, audience: &str) -> anyhow::Result<Directory> {
    let parts: Vec<_> = tenant.split('-').map(str::len).collect();
    if parts != [8, 4, 4, 4, 12] || !tenant.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit()) {
        bail!("API_TENANT is {tenant:?}: expected the id of a directory, a GUID");
    }
    let audiences: Vec<_> = audience.split([' ', ',']).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    if audiences.is_empty() {
        bail!("API_AUDIENCE is {audience:?}: expected a client id, an App ID URI, or both with a comma between them");
    }
    Ok(Directory { tenant: tenant.to_lowercase(), audiences })
}

/// The deployed binary does not read it: no host of Azure's says who it is.
fn host(setting: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<u32>> {
    let given = if cfg!(feature = "local") { setting("BLUEGREEN_HOST_PROCESS") } else { None };
    let parse = |given: String| {
        given.parse().with_context(|| format!("BLUEGREEN_HOST_PROCESS is {given:?}: expected the id of a process"))
    };
    given.map(parse).transpose()
}

/// The deployed binary does not read it: Azure does not hurry.
fn clock_speed(setting: &impl Fn(&str) -> Option<String>) -> anyhow::Result<u32> {
    let given = if cfg!(feature = "local") { setting("BLUEGREEN_CLOCK_SPEED") } else { None };
    let Some(given) = given else { return Ok(1) };
    let speed = given.parse().ok().filter(|speed| (1..=FASTEST).contains(speed));
    speed.with_context(|| format!("BLUEGREEN_CLOCK_SPEED is {given:?}: expected a whole number from 1 to {FASTEST}"))
}

fn needed(setting: &impl Fn(&str) -> Option<String>) -> impl Fn(&str, &str) -> anyhow::Result<String> {
    |name, example| {
        setting(name).with_context(|| format!("the setting {name} is missing: expected something like {example}"))
    }
}

fn store(setting: &impl Fn(&str) -> Option<String>) -> anyhow::Result<String> {
    let needed = needed(setting);
    let store = needed("AzureWebJobsStorage__blobServiceUri", "https://account.blob.core.windows.net/")?;
    if !store.starts_with("https://") {
        bail!("AzureWebJobsStorage__blobServiceUri is {store:?}: expected https://");
    }
    Ok(store)
}

fn cloud(setting: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Cloud> {
    let named = match (setting("AZURE_RESOURCE_MANAGER"), setting("AZURE_AUTHORITY_HOST")) {
        (Some(host), Some(authority)) => Cloud::custom(&host, &authority),
        (Some(_), None) => bail!("AZURE_RESOURCE_MANAGER is set, so AZURE_AUTHORITY_HOST must be, too"),
        (None, _) => {
            let name = setting("AZURE_CLOUD").unwrap_or_else(|| "AzurePublicCloud".into());
            Cloud::named(&name).map_err(anyhow::Error::msg)?
        }
    };
    named.speaking(setting).map_err(anyhow::Error::msg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_named() {
        let error = Config::read(|_| None).unwrap_err().to_string();
        assert!(error.contains("AzureWebJobsStorage__blobServiceUri"), "{error}");
        let error = Config::read(|name| (name == "AZURE_CLOUD").then(|| "Mars".into())).unwrap_err().to_string();
        assert!(error.contains("\"Mars\"") && error.contains("AzureChinaCloud"), "{error}");
    }

    #[test]
    fn nobody_may_call_the_api_unless_a_setting_says_so() {
        let read = |given: &[(&str, &str)]| {
            api(&|name| given.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(read(&[]).unwrap(), Api::default());
        let guid = "72F988bf-86f1-41af-91ab-2d7cd011db47";
        let both = read(&[("API_TENANT", guid), ("API_AUDIENCE", "api://bluegreen, 11, ")]).unwrap().directory.unwrap();
        assert_eq!((&both.tenant[..4], &both.audiences[..]), ("72f9", &["api://bluegreen".into(), "11".into()][..]));
        assert_eq!(read(&[("API_FUNCTION_KEY", "act")]).unwrap().key_may, May::Act);
        for (wrong, named) in [
            (&[("API_TENANT", "common"), ("API_AUDIENCE", "x")][..], "\"common\""),
            (&[("API_TENANT", guid)], "API_AUDIENCE"),
            (&[("API_AUDIENCE", "x")], "API_TENANT"),
            (&[("API_TENANT", guid), ("API_AUDIENCE", " , ")], "App ID URI"),
            (&[("API_FUNCTION_KEY", "yes")], "none, read or act"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[cfg(feature = "local")]
    #[test]
    fn a_speed_is_a_whole_number_or_refused() {
        let read = |speed: &str| clock_speed(&|name| (name == "BLUEGREEN_CLOCK_SPEED").then(|| speed.to_owned()));
        assert_eq!((read("1").unwrap(), read("60").unwrap(), read("1000").unwrap()), (1, 60, 1000));
        assert_eq!(clock_speed(&|_| None).unwrap(), 1);
        for wrong in ["0", "-1", "1.5", "60x", "1001", "99999999999", " 60"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("from 1 to 1000"), "{error}");
        }
    }
}
