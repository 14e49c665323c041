//! Pods that ask Resource Manager what they may do on a gateway: Azure's command line, with a gateway and an identity in its
//! environment. They end well when nothing is missing, and say what is, otherwise.
use serde_json::Value;

/// What such a pod asks: whether this identity, by its client id, may write this gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    /// The client id, a GUID.
    pub client: String,
    /// The gateway's resource id.
    pub gateway: String,
    /// As whom, where it gets its token by workload identity: `system:serviceaccount:<namespace>:<name>`.
    pub subject: Option<String>,
}

impl Question {
    /// The question of a pod, if it has one.
    pub(super) fn of(pod: &Value) -> Option<Self> {
        let containers = pod["spec"]["containers"].as_array()?;
        let container =
            containers.iter().find(|one| one["image"].as_str().is_some_and(|it| it.contains("azure-cli")))?;
        let variable = |name: &str| {
            let mut variables = container["env"].as_array()?.iter();
            variables.find(|one| one["name"] == name)?["value"].as_str().map(str::to_owned)
        };
        let (labels, metadata) = (&pod["metadata"]["labels"], &pod["metadata"]);
        let is_federated = labels["azure.workload.identity/use"] == "true";
        let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default");
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let subject = is_federated.then(|| format!("system:serviceaccount:{namespace}:{account}"));
        Some(Self { client: variable("CLIENT_ID")?, gateway: variable("GATEWAY")?, subject })
    }
}
