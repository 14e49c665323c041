//! Helm's own engine, as a process of its own: charts are fetched and rendered by it alone.
use crate::plan::Version;
use crate::resources::answers::shortened;
use crate::site::Manifest;
use anyhow::{Context, bail, ensure};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// The setting that names the executable.
const SETTING: &str = "BLUEGREEN_HELM";
/// A repository that does not answer is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(180);
/// From here on charts come from registries, too.
const OLDEST: (u32, u32) = (3, 8);

/// An executable of Helm.
pub struct Helm {
    program: OsString,
    /// Its version, as it says it.
    pub version: String,
}

/// What a chart is rendered for.
pub struct Rendering<'a> {
    /// The chart's folder, or its archive.
    pub chart: &'a Path,
    /// What the site says of it.
    pub manifest: &'a Manifest,
    /// Files of values, the last one counts.
    pub values: &'a [PathBuf],
    /// The cluster's version.
    pub version: Option<Version>,
    /// What the cluster serves.
    pub api_versions: &'a [String],
    /// In which time zone, where it is not the machine's own.
    pub zone: Option<&'a str>,
}

impl Helm {
    /// The one that `BLUEGREEN_HELM` names, or that is on the `PATH`.
    ///
    /// # Errors
    /// When there is none, or it is too old.
    #[expect(clippy::disallowed_methods, reason = "a setting of the command line alone")]
    pub async fn find() -> anyhow::Result<Self> {
        let program = std::env::var_os(SETTING).unwrap_or_else(|| "helm".into());
        let mut helm = Self { program, version: String::new() };
        let said = helm.run(["version", "--template", "{{.Version}}"].map(OsStr::new)).await;
        let said = said.with_context(|| {
            format!("the site has charts, and Helm renders them: install it (https://helm.sh), or name it in {SETTING}")
        })?;
        let said = said.trim();
        let mut numbers = said.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().ok());
        let found = numbers.next().flatten().zip(numbers.next().flatten());
        let Some(found) = found else { bail!("expected a version of Helm like v3.19.0, found {:?}", shortened(said)) };
        ensure!(found >= OLDEST, "expected Helm {}.{} or newer, found {said}", OLDEST.0, OLDEST.1);
        helm.version = said.to_owned();
        Ok(helm)
    }

    /// Fetches a chart into an empty folder; where it lies then.
    ///
    /// # Errors
    /// When Helm says so: its words.
    pub async fn fetch(&self, manifest: &Manifest, into: &Path) -> anyhow::Result<PathBuf> {
        let mut words: Vec<&OsStr> =
            ["pull", manifest.chart.as_deref().unwrap_or_default(), "--untar"].map(OsStr::new).into();
        words.extend([OsStr::new("--untardir"), into.as_os_str()]);
        for (flag, value) in [("--version", &manifest.version), ("--repo", &manifest.repo)] {
            if let Some(value) = value {
                words.extend([OsStr::new(flag), OsStr::new(value)]);
            }
        }
        self.run(words).await.with_context(|| format!("failed to fetch the {}", manifest.title()))?;
        let mut folders =
            std::fs::read_dir(into)?.filter_map(Result::ok).map(|entry| entry.path()).filter(|it| it.is_dir());
        folders.next().with_context(|| format!("Helm fetched nothing for the {}", manifest.title()))
    }

    /// What `helm template` writes.
    ///
    /// # Errors
    /// When Helm says so: its words.
    pub async fn render(&self, rendering: &Rendering<'_>) -> anyhow::Result<String> {
        let Rendering { chart, manifest, values, version, api_versions, zone } = rendering;
        let mut words: Vec<OsString> = vec!["template".into(), manifest.release().into(), chart.as_os_str().into()];
        words.extend(["--namespace", manifest.namespace(), "--include-crds"].map(OsString::from));
        if let Some(version) = version {
            words.extend(["--kube-version".to_owned(), version.to_string()].map(OsString::from));
        }
        for file in *values {
            words.extend([OsString::from("--values"), file.as_os_str().into()]);
        }
        for some in api_versions.chunks(100) {
            words.extend([OsString::from("--api-versions"), some.join(",").into()]);
        }
        let failed = || match version {
            Some(version) => format!("failed to render the {} for Kubernetes {version}", manifest.title()),
            None => format!("failed to render the {}", manifest.title()),
        };
        self.run_with(&words, zone.map(|zone| ("TZ", zone))).await.with_context(failed)
    }

    async fn run<Word: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = Word>) -> anyhow::Result<String> {
        self.run_with(words, None).await
    }

    async fn run_with<Word: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = Word>,
        setting: Option<(&str, &str)>,
    ) -> anyhow::Result<String> {
        let named = || Path::new(&self.program).display().to_string();
        let mut command = Command::new(&self.program);
        command.args(words).envs(setting).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(PATIENCE, command.output()).await;
        let output = output.with_context(|| format!("{} did not end within {} s", named(), PATIENCE.as_secs()))?;
        let output = output.with_context(|| format!("failed to start {}", named()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{}", shortened_lines(said.trim()));
        }
        String::from_utf8(output.stdout).with_context(|| format!("what {} wrote is no UTF-8", named()))
    }
}

/// Templates fail with long texts: the last lines say why.
fn shortened_lines(said: &str) -> String {
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n    ")
}
