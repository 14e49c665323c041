//! The data folder: whose it is, what is in it, who may read it; and ports that are taken.
use crate::caller::House;
use simulated_azure::doors::{Doors, Endpoints, Options};
use simulated_azure::{Clock, SimulatedAzure};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn azure() -> SimulatedAzure {
    SimulatedAzure::new(Clock::starting_at("2026-11-25T08:00:00Z".parse().unwrap()))
}

async fn refusal(options: &Options) -> String {
    Doors::open(&azure(), options).await.err().unwrap().to_string()
}

#[tokio::test]
async fn the_folder_tells_everything_to_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("made/when/missing");
    let mut doors = Doors::open(&azure(), &Options::in_folder(&folder)).await.unwrap();
    assert!(!folder.join("endpoints.json").exists(), "it is written when all is ready");
    doors.endpoints.others.insert("functions".into(), "http://localhost:7071".into());
    doors.publish().unwrap();
    assert_eq!(mode(&folder), 0o700);
    for file in ["endpoints.json", "ca.pem", "localhost.pem", "localhost-key.pem"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let told: Endpoints = serde_json::from_slice(&std::fs::read(folder.join("endpoints.json")).unwrap()).unwrap();
    assert_eq!(told, doors.endpoints);
    assert_eq!(told.others["functions"], "http://localhost:7071");
    drop(doors);
    assert!(!folder.join("endpoints.json").exists(), "nobody answers any more");
}

#[tokio::test]
async fn a_second_instance_is_refused_and_a_later_one_replaces_what_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::in_folder(folder.path());
    let first = Doors::open(&azure(), &options).await.unwrap();
    let authority = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let said = refusal(&options).await;
    assert!(said.contains(&format!("process {} uses ", std::process::id())), "{said}");
    drop(first);
    std::fs::write(folder.path().join("endpoints.json"), "stale").unwrap();
    std::fs::create_dir_all(folder.path().join("kubeconfig")).unwrap();
    std::fs::write(folder.path().join("kubeconfig/gone.yaml"), "stale").unwrap();
    let _second = Doors::open(&azure(), &options).await.unwrap();
    assert_ne!(std::fs::read(folder.path().join("ca.pem")).unwrap(), authority);
    assert!(!folder.path().join("endpoints.json").exists() && !folder.path().join("kubeconfig").exists());
}

#[tokio::test]
async fn other_peoples_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("endpoints.json"), "precious").unwrap();
    let said = refusal(&Options::in_folder(folder.path())).await;
    assert!(said.contains("files that are not ours") && said.contains("endpoints.json"), "{said}");
    assert_eq!(std::fs::read(folder.path().join("endpoints.json")).unwrap(), b"precious");
    let said = refusal(&Options::in_folder(folder.path().join("endpoints.json"))).await;
    assert!(said.contains("failed to use") && said.contains("choose a folder"), "{said}");
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_option() {
    let house = House::open().await;
    let port = house.doors.endpoints.login.authority.rsplit(':').next().unwrap().parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::in_folder(folder.path());
    options.ports.login = port;
    let said = refusal(&options).await;
    assert!(said.contains(&format!("port {port} ")) && said.contains("--login-port"), "{said}");
}

#[tokio::test]
async fn another_part_of_the_simulation_opens_a_door_of_its_own() {
    let mut house = House::open().await;
    let serve: simulated_azure::doors::Serve = std::sync::Arc::new(|mut connection| {
        Box::pin(async move {
            let said = if connection.secure { "by TLS" } else { "plain" };
            let _ = tokio::io::AsyncWriteExt::write_all(&mut connection.stream, said.as_bytes()).await;
        })
    });
    let port = house.doors.add(0, "--own-port", serve).await.unwrap();
    for (scheme, expected) in [("https", "by TLS"), ("http", "plain")] {
        let mut stream = house.connect(&format!("{scheme}://localhost:{port}")).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"AMQP").await.unwrap();
        let mut said = vec![0; expected.len()];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut said).await.unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), expected);
    }
}
