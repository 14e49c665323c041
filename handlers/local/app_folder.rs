//! The function app's folder, as it is deployed: `host.json` and one folder a function, carried inside the executable so
//! that the simulated host reads the same files wherever it is started.
use std::io;
use std::path::{Path, PathBuf};

const HOST: &str = include_str!("../../host.json");
/// `customHandler.description.defaultExecutablePath`.
const EXECUTABLE: &str = "bluegreen";
/// The one that takes its place.
const NEXT: &str = "bluegreen.next";
const FUNCTIONS: [(&str, &str); 18] = [
    ("CheckPlan", include_str!("../../function-definitions/CheckPlan/function.json")),
    ("CreateCluster", include_str!("../../function-definitions/CreateCluster/function.json")),
    ("InstallControllers", include_str!("../../function-definitions/InstallControllers/function.json")),
    ("SyncWorkloads", include_str!("../../function-definitions/SyncWorkloads/function.json")),
    ("ValidateHealth", include_str!("../../function-definitions/ValidateHealth/function.json")),
    ("ShiftTraffic", include_str!("../../function-definitions/ShiftTraffic/function.json")),
    ("ConfirmTraffic", include_str!("../../function-definitions/ConfirmTraffic/function.json")),
    ("MoveSingletons", include_str!("../../function-definitions/MoveSingletons/function.json")),
    ("Soak", include_str!("../../function-definitions/Soak/function.json")),
    ("RetireOldCluster", include_str!("../../function-definitions/RetireOldCluster/function.json")),
    ("RestoreTraffic", include_str!("../../function-definitions/RestoreTraffic/function.json")),
    ("DeleteNewCluster", include_str!("../../function-definitions/DeleteNewCluster/function.json")),
    ("RequestUpgrade", include_str!("../../function-definitions/RequestUpgrade/function.json")),
    ("VersionAvailable", include_str!("../../function-definitions/VersionAvailable/function.json")),
    ("VersionCheck", include_str!("../../function-definitions/VersionCheck/function.json")),
    ("CanaryCheck", include_str!("../../function-definitions/CanaryCheck/function.json")),
    ("Upgrades", include_str!("../../function-definitions/Upgrades/function.json")),
    ("DeadLetter", include_str!("../../function-definitions/DeadLetter/function.json")),
];

/// A folder that is deleted when this is dropped.
#[derive(Debug)]
pub struct AppFolder(PathBuf);

impl AppFolder {
    /// Writes the folder to a new place among the system's temporary files.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be written.
    pub fn write() -> io::Result<Self> {
        let name = format!("bluegreen-{}-{}", std::process::id(), azure_core::Uuid::new_v4().simple());
        Self::write_to(std::env::temp_dir().join(name))
    }

    /// Writes it to this place, where nothing is yet.
    ///
    /// # Errors
    /// When something is there, or it cannot be written.
    pub fn write_to(place: PathBuf) -> io::Result<Self> {
        std::fs::create_dir(&place)?;
        let folder = Self(place);
        std::fs::write(folder.0.join("host.json"), HOST)?;
        for (name, definition) in FUNCTIONS {
            std::fs::create_dir(folder.0.join(name))?;
            std::fs::write(folder.0.join(name).join("function.json"), definition)?;
        }
        Ok(folder)
    }

    /// Puts the executable into it, by the name that `host.json` has for it, so that it can be started as a process.
    ///
    /// # Errors
    /// When it is there already, or the folder is gone.
    pub fn link(&self, executable: &Path) -> io::Result<()> {
        link(executable, &self.executable())
    }

    fn executable(&self) -> PathBuf {
        self.0.join(EXECUTABLE).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Puts another executable in its place: processes that start from now on are of that one.
    ///
    /// # Errors
    /// When the folder is gone.
    pub fn replace(&self, executable: &Path) -> io::Result<()> {
        let next = self.0.join(NEXT);
        link(executable, &next)?;
        std::fs::rename(next, self.executable())
    }

    /// Puts the executable that is running into it. It stays the same for as long as this process lives, whatever a
    /// build or an update puts in its place.
    ///
    /// # Errors
    /// When it is there already, or the folder is gone.
    pub fn link_this_executable(&self) -> io::Result<()> {
        self.link(&this_executable()?)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

fn link(executable: &Path, place: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(executable, place);
    // Symbolic links want a right there that hardly anybody has.
    #[cfg(not(unix))]
    return std::fs::hard_link(executable, place).or_else(|_| std::fs::copy(executable, place).map(|_| ()));
}

/// A name of the executable that is running.
///
/// # Errors
/// When the system does not know it.
pub fn this_executable() -> io::Result<PathBuf> {
    let running = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    // Systems without /proc have no name for a file that was replaced.
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

impl Drop for AppFolder {
    fn drop(&mut self) {
        // What is left over in the system's folder for temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
