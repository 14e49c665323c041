//! The zip of a release, unpacked as the host does it: the host finds all functions and starts the executable.
//!
//! The executable is the one of these tests. `BLUEGREEN_PACKAGE` may name the zip of a release to be tried instead.
use crate::child::{PROGRAM, SETTINGS, within};
use packaging::archive;
use simulated_azure::functions_host::{FunctionsHost, Handler, HostOptions, Instances};
use simulated_azure::service_bus::{Message, QueueOptions};
use simulated_azure::{Clock, SimulatedAzure};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use zip::ZipArchive;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("bluegreen-package-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn zip_in(folder: &Path) -> PathBuf {
    let (app, zip) = (folder.join("app"), folder.join("functions.zip"));
    let assemble = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/assemble");
    let mut command = Command::new(assemble);
    assert!(command.arg(PROGRAM).arg(&app).stdout(Stdio::null()).status().unwrap().success());
    archive::pack(&app, "2026-11-26T20:00:00Z".parse().unwrap(), &zip).unwrap();
    zip
}

#[tokio::test]
async fn the_zip_starts_under_the_host_and_answers_an_invocation() {
    let folder = Folder::new();
    #[expect(clippy::disallowed_methods, reason = "the tester's wish, not a setting of the process")]
    let zip = std::env::var_os("BLUEGREEN_PACKAGE").map_or_else(|| zip_in(&folder.0), PathBuf::from);
    let wwwroot = folder.0.join("wwwroot");
    ZipArchive::new(File::open(&zip).unwrap()).unwrap().extract(&wwwroot).unwrap();
    let mode = |name: &str| fs::metadata(wwwroot.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("bluegreen"), mode("host.json"), mode("Soak/function.json")), (0o755, 0o644, 0o644));

    // Its own clock: the deployed executable knows of no hurry.
    let azure = SimulatedAzure::new(Clock::running_at("2026-11-26T20:00:00Z".parse().unwrap(), 1));
    azure.world().service_bus.add_queue("dead-letters", QueueOptions::default());
    let options = HostOptions {
        instances: Instances::One,
        run_timers: false,
        restart_stopped_host_after: None,
        settings: SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..HostOptions::default()
    };
    let handler = Handler::Executable(Arc::new(|_| {}));
    let host = FunctionsHost::start(azure.clone(), &wwwroot, options, handler).unwrap();
    assert_eq!(host.functions().len(), 18);
    host.ready().await;
    azure.world().service_bus.send("dead-letters", Message::new("nonsense"), azure.clock().now()).unwrap();
    azure.touch();
    within(20, || azure.world().service_bus.is_at_rest(azure.clock().now())).await;
    let counters = host.counters();
    let function = &counters.functions["DeadLetter"];
    assert_eq!((function.invocations, function.failures), (1, 0));
}
