//! What the deployment engine does with a template: each resource is PUT once what it refers to is there. Resources come
//! from a snapshot, in which the compiler has left only what is known while deploying: references and outputs.
use crate::snapshot::{Snapshot, text, writer};
use bluegreen::azure::arm::{ArmWriter, Condition};
use bluegreen::azure::permit::Permit;
use serde_json::{Map, Value};
use simulated_azure::SimulatedAzure;
use std::time::Duration;

/// The subscription of the snapshots.
pub const SUBSCRIPTION: &str = "33333333-3333-4333-8333-333333333333";
const PIPELINE: &str = "00000000-0000-4000-8000-0000000000b1";
/// What Azure says while something that is referred to is not there yet.
const NOT_YET: [&str; 5] = [
    "ParentResourceNotFound",
    "ResourceGroupNotFound",
    "ResourceNotFound",
    "GetSubnetError",
    "InvalidResourceReference",
];

/// PUTs every resource of a snapshot, over the wire.
pub async fn deploy(azure: &SimulatedAzure, snapshot: &Snapshot) {
    prepare(azure, snapshot);
    let writer = writer(azure, "pipeline", PIPELINE);
    let mut waiting: Vec<&Value> = snapshot.resources().iter().collect();
    while !waiting.is_empty() {
        let mut still = vec![];
        let mut why = vec![];
        for resource in &waiting {
            if let Err(reason) = put(azure, &writer, snapshot, resource).await {
                still.push(*resource);
                why.push(reason);
            }
        }
        assert!(still.len() < waiting.len(), "no resource can be deployed any more: {why:#?}");
        waiting = still;
    }
}

/// The identities that parameters name are there before.
fn prepare(azure: &SimulatedAzure, snapshot: &Snapshot) {
    let now = azure.clock().now();
    for assignment in snapshot.all("Microsoft.Authorization/roleAssignments") {
        let scope = text(assignment, "/id").split("/providers/Microsoft.Authorization/").next().unwrap();
        let is_made = snapshot.resources().iter().any(|it| text(it, "/id").eq_ignore_ascii_case(scope));
        if scope.contains("/userAssignedIdentities/") && !is_made {
            let world = &mut *azure.world();
            world.resource_manager.place(scope, Value::Object(Map::new()), &mut world.kubernetes, now);
        }
    }
}

/// PUTs a resource and waits until it is provisioned, or says what it waits for.
async fn put(azure: &SimulatedAzure, writer: &ArmWriter, snapshot: &Snapshot, resource: &Value) -> Result<(), String> {
    let id = text(resource, "/id");
    let mut body = evaluated(azure, snapshot, resource)?;
    for field in ["id", "type", "name", "apiVersion"] {
        body.as_object_mut().unwrap().remove(field);
    }
    let version = text(resource, "/apiVersion");
    let (arm, method) = (writer.reader(), azure_core::http::Method::Put);
    let permit = Permit::of_a_person(arm.clock());
    let put = writer.write(permit, method, arm.url(id, version), Condition::None, Some(&body)).await;
    match put {
        Ok(_) => {}
        Err(error) if NOT_YET.contains(&&*error.code) => return Err(error.to_string()),
        Err(error) => panic!("{id}: {error}"),
    }
    loop {
        let seen = arm.get(id, version).await;
        let state = seen.as_ref().ok().and_then(|seen| seen.body.pointer("/properties/provisioningState")?.as_str());
        match state {
            None | Some("Succeeded") => return Ok(()),
            Some("Failed" | "Canceled") => panic!("{id}: {:#?}", seen.unwrap().body),
            Some(_) => azure.clock().sleep(Duration::from_secs(15)).await,
        }
    }
}

/// The value with each expression replaced by what it stands for, or what it waits for.
fn evaluated(azure: &SimulatedAzure, snapshot: &Snapshot, value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) if text.starts_with('[') => expression(azure, snapshot, text)?.into(),
        Value::Array(items) => items.iter().map(|it| evaluated(azure, snapshot, it)).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let pairs = members.iter().map(|(name, it)| Ok((name.clone(), evaluated(azure, snapshot, it)?)));
            Value::Object(pairs.collect::<Result<Map<_, _>, String>>()?)
        }
        other => other.clone(),
    })
}

/// `[format('{0}/32', …)]` around a reference to a resource or a module's output.
fn expression(azure: &SimulatedAzure, snapshot: &Snapshot, text: &str) -> Result<String, String> {
    let quoted = |after: &str| Some(text.split_once(after)?.1.split('\'').next()?.to_owned());
    let value = if text.ends_with("[environment().name]]") {
        quoted("'AzureCloud', '")
    } else if let Some(id) = quoted("reference('") {
        let path = text.split_once("').").map(|(_, path)| path.trim_end_matches([')', ']']).to_owned());
        property(azure, &id, &path.unwrap_or_else(|| panic!("no property is asked for in {text}")))
    } else {
        let output = quoted("'outputs', '").or_else(|| {
            let (_, rest) = text.split_once(".outputs.")?;
            Some(rest.split('.').next()?.to_owned())
        });
        output.and_then(|output| self::output(azure, snapshot, &output))
    };
    let value = value.ok_or_else(|| format!("nobody knows {text} yet"))?;
    let pattern = text.strip_prefix("[format('").and_then(|rest| rest.split('\'').next());
    Ok(pattern.map_or_else(|| value.clone(), |pattern| pattern.replace("{0}", &value)))
}

/// What the modules give each other, as their `output` lines say.
fn output(azure: &SimulatedAzure, snapshot: &Snapshot, name: &str) -> Option<String> {
    let id = |kind: &str, part: &str| {
        let mut ids = snapshot.all(kind).into_iter().map(|found| text(found, "/id"));
        ids.find(|id| id.contains(part)).map(str::to_owned)
    };
    let of = |kind: &str, part: &str, path: &str| property(azure, &id(kind, part)?, path);
    let (identity, network) = ("Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.Network/virtualNetworks");
    let (account, bus) = ("Microsoft.Storage/storageAccounts", "Microsoft.ServiceBus/namespaces");
    match name {
        "principalId" | "clientId" => of(identity, "-upgrader", name),
        "blobs" => of(account, "", "primaryEndpoints.blob"),
        "storageId" => id(account, ""),
        "hostName" => Some(of(bus, "", "serviceBusEndpoint")?.split(['/', ':']).nth(3)?.to_owned()),
        "versionsQueueId" => Some(format!("{}/queues/version-events", id(bus, "")?)),
        "connectionString" => of("Microsoft.Insights/components", "", "ConnectionString"),
        "functionsSubnetId" => Some(format!("{}/subnets/functions", id(network, "")?)),
        "egress" => of("Microsoft.Network/publicIPAddresses", "-egress", "ipAddress"),
        other => panic!("no module has the output {other}"),
    }
}

/// A property of a resource that is there.
fn property(azure: &SimulatedAzure, id: &str, path: &str) -> Option<String> {
    let world = azure.world();
    let found = world.resource_manager.resource(id)?.pointer(&format!("/properties/{}", path.replace('.', "/")))?;
    Some(found.as_str()?.to_owned())
}
