//! A path under Resource Manager, taken apart. Pure.
use std::borrow::Cow;

/// What a path names: a resource, a collection, or an action on a resource. Everything as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The subscription's id.
    pub subscription: Option<String>,
    /// The resource group's name; empty when the path names the collection of groups.
    pub group: Option<String>,
    /// The provider's namespace: the last one, when the resource extends another.
    pub namespace: Option<String>,
    /// Types and names below the namespace, in turn. An odd number names a collection or an action.
    pub steps: Vec<String>,
    segments: Vec<String>,
}

impl Place {
    /// Takes a path (or an id) apart. Doubled and trailing slashes do not count.
    pub fn of(path: &str) -> Self {
        let segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decoded(segment).into())
            .collect();
        let mut place = Self { segments, ..Self::default() };
        let mut rest = place.segments.iter();
        let is = |word: Option<&String>, expected: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(expected));
        let mut next = rest.next();
        if is(next, "subscriptions") {
            place.subscription = rest.next().cloned();
            next = rest.next();
        }
        if is(next, "resourceGroups") {
            place.group = Some(rest.next().cloned().unwrap_or_default());
            next = rest.next();
        }
        if is(next, "providers") {
            place.namespace = rest.next().cloned();
            for step in rest {
                place.steps.push(step.clone());
                let count = place.steps.len();
                // `…/{type}/{name}/providers/{namespace}/…`: the resource extends the one before.
                if count >= 2 && count.is_multiple_of(2) && place.steps[count - 2].eq_ignore_ascii_case("providers") {
                    place.namespace = place.steps.pop();
                    place.steps.clear();
                }
            }
        }
        place
    }

    /// The id as written, with single slashes.
    pub fn id(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }

    /// The id without its last segment: the resource of an action, the collection of a resource.
    pub fn before_last(&self) -> String {
        format!("/{}", self.segments[..self.segments.len().saturating_sub(1)].join("/"))
    }

    /// Whether the path names one resource.
    pub fn names_a_resource(&self) -> bool {
        self.namespace.is_some() && !self.steps.is_empty() && self.steps.len().is_multiple_of(2)
    }

    /// The name of the resource; empty for anything else.
    pub fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// Provider and types in their own spelling: `Microsoft.Network/virtualNetworks/subnets`.
    pub fn kind(&self) -> String {
        let types = self.steps.iter().step_by(2).map(|step| spelt(step));
        let namespace = spelt(self.namespace.as_deref().unwrap_or("Microsoft.Resources"));
        std::iter::once(namespace).chain(types).collect::<Vec<_>>().join("/")
    }

    /// [`kind`](Self::kind) in lower case, for comparison.
    pub fn lower_kind(&self) -> String {
        self.kind().to_lowercase()
    }

    /// The id of the enclosing resource of a child resource.
    pub fn parent(&self) -> Option<String> {
        (self.names_a_resource() && self.steps.len() > 2)
            .then(|| format!("/{}", self.segments[..self.segments.len() - 2].join("/")))
    }

    /// The location of a call below `…/locations/{location}/`, in lower case without blanks.
    pub fn location(&self) -> Option<String> {
        self.steps.first().filter(|step| step.eq_ignore_ascii_case("locations"))?;
        self.steps.get(1).map(|location| squeezed(location))
    }
}

/// The key by which an id is found: case does not count.
pub(crate) fn key(id: &str) -> String {
    let mut key = String::with_capacity(id.len() + 1);
    for segment in id.split('/').filter(|segment| !segment.is_empty()) {
        key.push('/');
        key.push_str(&percent_decoded(segment));
    }
    if key.is_empty() { "/".into() } else { key.to_lowercase() }
}

/// A location's name as ids and host names carry it: `West Europe` is `westeurope`.
pub(crate) fn squeezed(location: &str) -> String {
    location.replace(' ', "").to_lowercase()
}

fn percent_decoded(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return segment.into();
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (coded, mut bytes, mut at) = (segment.as_bytes(), Vec::with_capacity(segment.len()), 0);
    while at < coded.len() {
        match (coded[at], digit(coded.get(at + 1)), digit(coded.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

const SPELLINGS: &[&str] = &[
    "Microsoft.AlertsManagement",
    "Microsoft.App",
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.EventGrid",
    "Microsoft.Insights",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.Resources",
    "Microsoft.ServiceBus",
    "Microsoft.Storage",
    "Microsoft.Web",
    "abort",
    "agentPools",
    "applicationGateways",
    "availableAgentPoolVersions",
    "backendhealth",
    "commandResults",
    "containerApps",
    "dataCollectionRuleAssociations",
    "diagnosticSettings",
    "eventSubscriptions",
    "extensions",
    "federatedIdentityCredentials",
    "getBackendHealthOnDemand",
    "hostruntime",
    "kubernetesversions",
    "listClusterAdminCredential",
    "listClusterUserCredential",
    "locations",
    "locks",
    "maintenanceConfigurations",
    "managedClusters",
    "metricAlerts",
    "metrics",
    "namespaces",
    "natGateways",
    "operationresults",
    "operations",
    "privateEndpointConnections",
    "prometheusRuleGroups",
    "publicIPAddresses",
    "queues",
    "roleAssignments",
    "roleDefinitions",
    "routeTables",
    "rules",
    "runCommand",
    "scheduledQueryRules",
    "serverfarms",
    "sites",
    "start",
    "stop",
    "storageAccounts",
    "subnets",
    "subscriptions",
    "systemTopics",
    "topics",
    "trustedAccessRoleBindings",
    "upgradeProfiles",
    "usages",
    "userAssignedIdentities",
    "virtualNetworks",
];

/// A word of a type as the provider spells it; an unknown one stays as it was written.
pub(crate) fn spelt(word: &str) -> String {
    let known = SPELLINGS.iter().find(|spelling| spelling.eq_ignore_ascii_case(word));
    known.map_or_else(|| word.into(), |spelling| (*spelling).into())
}
