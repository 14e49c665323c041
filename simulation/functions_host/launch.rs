//! How a child process is started: what `customHandler` of `host.json` says, and the environment that the host gives.
use super::{
    arguments::{expanded, split},
    definition::{HostError, json},
    group::own_group,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// Where commands are looked for when the app settings do not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is the same for each start of a child.
pub(super) struct Launch {
    /// The app's folder.
    root: PathBuf,
    /// Where a child finds itself.
    folder: PathBuf,
    /// The base of a relative path to the executable.
    base: PathBuf,
    executable: String,
    arguments: String,
    settings: BTreeMap<String, String>,
}

impl Launch {
    /// Reads `host.json`, and sees that the executable is there.
    pub fn read(root: &Path, settings: &BTreeMap<String, String>) -> Result<Self, HostError> {
        let root = std::path::absolute(root)
            .map_err(|error| HostError(format!("the app's folder {} has no place: {error}", root.display())))?;
        let host = json(&root.join("host.json"))?;
        let handler = &host["customHandler"];
        if handler.get("port").is_some_and(|port| !port.is_null()) {
            return Err(HostError("host.json: customHandler.port is not supported here: take it out".into()));
        }
        let description = &handler["description"];
        let text = |name: &str| description[name].as_str().unwrap_or("").to_owned();
        let list = |name: &str| -> Vec<&str> {
            description[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let executable = text("defaultExecutablePath");
        if executable.is_empty() {
            let missing =
                "host.json: customHandler.description.defaultExecutablePath is missing: expected the executable's name";
            return Err(HostError(missing.into()));
        }
        let mut arguments = list("arguments").join(" ");
        let path = text("defaultWorkerPath");
        if !path.is_empty() {
            arguments += &format!(" \"{path}\"");
        }
        arguments += &format!(" {}", list("workerArguments").join(" "));
        let mut settings = settings.clone();
        for (name, value) in [("FUNCTIONS_WORKER_RUNTIME", "custom"), ("PATH", PATH)] {
            settings.entry(name.into()).or_insert_with(|| value.into());
        }
        let launch = Self {
            folder: root.join(text("workingDirectory")),
            base: root.join(text("workerDirectory")),
            executable,
            arguments,
            settings,
            root,
        };
        launch.check()?;
        Ok(launch)
    }

    /// The command that starts a child of this id on this port, in a process group of its own. The app settings and the
    /// five variables of the host are its whole environment: what lies in a developer's shell is nothing that the
    /// platform would give. Its standard input is empty, where the real host's child shares that of the host.
    pub fn command(&self, port: u16, worker: &str) -> Command {
        let mut environment = self.settings.clone();
        let port = port.to_string();
        for (name, value) in [
            ("FUNCTIONS_CUSTOMHANDLER_PORT", port.as_str()),
            ("FUNCTIONS_HTTPWORKER_PORT", &port),
            ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", worker),
            ("FUNCTIONS_HTTPWORKER_ID", worker),
            ("FUNCTIONS_APP_ROOT_PATH", &self.root.to_string_lossy()),
        ] {
            environment.insert(name.into(), value.into());
        }
        // Without it Windows gives a process no sockets.
        #[cfg(windows)]
        if let Ok(system) = std::env::var("SystemRoot") {
            environment.insert("SystemRoot".into(), system);
        }
        let mut command = Command::new(self.program(&environment));
        command.args(split(&expanded(&self.arguments, &environment))).current_dir(&self.folder);
        command.env_clear().envs(environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        own_group(&mut command);
        command
    }

    /// The file below the app's folder if there is one, else a command on the `PATH`.
    fn program(&self, environment: &BTreeMap<String, String>) -> PathBuf {
        let name = PathBuf::from(expanded(&self.executable, environment));
        let file = self.base.join(&name);
        if file.is_file() {
            return file;
        }
        let with_ending = PathBuf::from(format!("{}{}", file.display(), std::env::consts::EXE_SUFFIX));
        if with_ending.is_file() { with_ending } else { name }
    }

    fn check(&self) -> Result<(), HostError> {
        let program = self.program(&self.settings);
        let is_command = program.components().count() == 1;
        let mut folders = self.settings.get("PATH").map_or("", String::as_str).split(':');
        if (program.is_absolute() && program.is_file())
            || (is_command && folders.any(|folder| Path::new(folder).join(&program).is_file()))
        {
            return Ok(());
        }
        Err(HostError(format!(
            "host.json: customHandler.description.defaultExecutablePath is {:?}: expected a file below {}, or a command on the PATH",
            self.executable,
            self.base.display()
        )))
    }
}
