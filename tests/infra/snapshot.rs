//! A committed snapshot: every resource that a deployment would make, loops, modules and conditions resolved.
use bluegreen::azure::arm::ArmWriter;
use bluegreen::azure::identity;
use bluegreen::local::door::wire;
use bluegreen::process::clock::Clock;
use bluegreen::process::cloud::Cloud;
use bluegreen::survey::discovery::Looker;
use serde_json::Value;
use simulated_azure::{Process, SimulatedAzure};
use std::path::PathBuf;

/// The recommended hosting with nothing else, with everything, and the two other ways of hosting.
pub const SHAPES: [&str; 4] = ["minimal", "full", "premium", "containers"];

/// A file of the repository.
pub fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the repository that is JSON.
pub fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A text of a document.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

/// Runs a story on a paused clock of its own.
pub fn paused<Told>(told: impl Future<Output = Told>) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(told)
}

/// A client that writes as this identity.
pub fn writer(azure: &SimulatedAzure, process: &str, client: &str) -> ArmWriter {
    let Looker { arm, wire, credential } = looker(azure, process, client);
    ArmWriter::new(arm.cloud(), &credential, &wire.http, arm.clock())
}

/// How a process of a simulated world looks at it, as the identity with this client id.
pub fn looker(azure: &SimulatedAzure, process: &str, client: &str) -> Looker {
    let wire = wire(azure, &Process::new(process));
    let credential = identity::managed(Some(client), &wire.http).unwrap();
    Looker::new(&Cloud::named("AzurePublicCloud").unwrap(), &wire, &credential, &Clock::default())
}

/// A snapshot.
pub struct Snapshot(Value);

impl Snapshot {
    /// That of a shape.
    pub fn of(shape: &str) -> Self {
        let snapshot = json(&format!("infra/snapshots/{shape}.snapshot.json"));
        assert_eq!(snapshot["diagnostics"], Value::Array(vec![]), "{shape}");
        Self(snapshot)
    }

    /// Every resource.
    pub fn resources(&self) -> &[Value] {
        self.0["predictedResources"].as_array().unwrap()
    }

    /// Every resource of a type.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.resources().iter().filter(|resource| resource["type"] == kind).collect()
    }

    /// The only resource of a type.
    pub fn only(&self, kind: &str) -> &Value {
        let all = self.all(kind);
        assert_eq!(all.len(), 1, "{kind}");
        all[0]
    }

    /// The roles of who fulfils this: the scope and the role's guid of each assignment.
    pub fn roles(&self, is: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let assignments = self.all("Microsoft.Authorization/roleAssignments").into_iter();
        let theirs = assignments.filter(|it| is(text(it, "/properties/principalId")));
        let roles = theirs.map(|assignment| {
            let scope = text(assignment, "/id").split("/providers/Microsoft.Authorization/").next().unwrap();
            (scope.to_owned(), text(assignment, "/properties/roleDefinitionId").rsplit('/').next().unwrap().to_owned())
        });
        roles.collect()
    }

    /// The roles of the functions' identity.
    pub fn roles_of_the_functions(&self) -> Vec<(String, String)> {
        self.roles(|principal| principal.ends_with(".outputs.principalId.value]"))
    }

    /// The actions of the custom role of this guid; none if it is no custom role.
    pub fn actions(&self, role: &str) -> Vec<String> {
        let definitions = self.all("Microsoft.Authorization/roleDefinitions").into_iter();
        let permissions = definitions.filter(|it| it["name"] == role).map(|it| &it["properties"]["permissions"][0]);
        let texts = |all: &Value| all.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        permissions.map(|it| texts(&it["actions"])).next().unwrap_or_else(Vec::new)
    }

    /// What these roles let their holder do with Resource Manager, by scope.
    pub fn rights(&self, roles: &[(String, String)]) -> Vec<(String, Vec<String>)> {
        roles.iter().map(|(scope, role)| (scope.clone(), self.actions(role))).collect()
    }
}
