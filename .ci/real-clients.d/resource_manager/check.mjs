// Azure's own JavaScript SDKs against the simulated Azure.
//
// ENDPOINTS is the path of endpoints.json, NODE_EXTRA_CA_CERTS that of ca.pem. Needs @azure/identity,
// @azure/arm-network and @azure/arm-containerservice, found from the working folder.
// One line a check; the exit status is 1 when one failed. It makes and deletes a cluster of its own.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.cwd()}/`);
const { ClientSecretCredential } = require("@azure/identity");
const { NetworkManagementClient } = require("@azure/arm-network");
const { ContainerServiceClient } = require("@azure/arm-containerservice");

const endpoints = JSON.parse(readFileSync(process.env.ENDPOINTS, "utf8"));
const [group, gatewayName, own] = ["rg-shop", "gw-shop", "aks-javascript"];
let failures = 0;

function check(name, holds, said) {
  console.log(holds ? `ok      ${name}` : `FAILED  ${name}: ${JSON.stringify(said)}`);
  failures += holds ? 0 : 1;
}

async function refused(name, code, call) {
  try {
    check(name, false, await call());
  } catch (error) {
    check(name, error.code === code, `${error.code}: ${error.message}`);
  }
}

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

// A long-running operation. Some packages name it `beginXxxAndWait`, others `xxx`.
async function wait(client, name, ...rest) {
  const begin = `begin${name[0].toUpperCase()}${name.slice(1)}AndWait`;
  return await (client[begin] ?? client[name]).call(client, ...rest, { updateIntervalInMs: 1000 });
}

const credential = new ClientSecretCredential(endpoints.login.tenant, "app", "secret", {
  authorityHost: endpoints.login.authority,
  disableInstanceDiscovery: true,
});
const token = await credential.getToken("https://management.azure.com/.default");
check("a token of an application", token.token.split(".").length === 3, token);
const answer = await fetch(`${endpoints.resourceManager}/subscriptions?api-version=2022-12-01`, {
  headers: { authorization: `Bearer ${token.token}` },
});
const subscription = (await answer.json()).value[0].subscriptionId;
const options = { endpoint: endpoints.resourceManager, credentials: { scopes: ["https://management.azure.com/.default"] } };

const network = new NetworkManagementClient(credential, subscription, options);
const gateways = network.applicationGateways;
const gateway = await gateways.get(group, gatewayName);
check("a gateway is read", gateway.provisioningState === "Succeeded", gateway);
check("gateways are listed", (await all(gateways.list(group))).some((one) => one.name === gatewayName));
const health = await wait(gateways, "backendHealth", group, gatewayName);
check("backend health", health.backendAddressPools.length === gateway.backendAddressPools.length, health);
await refused("a gateway that does not exist", "ResourceNotFound", () => gateways.get(group, "nowhere"));

const clusters = new ContainerServiceClient(credential, subscription, options).managedClusters;
const blue = await clusters.get(group, "aks-blue");
check("a cluster is read", blue.provisioningState === "Succeeded", blue);
const wanted = {
  location: "westeurope",
  identity: { type: "SystemAssigned" },
  dnsPrefix: own,
  agentPoolProfiles: [
    {
      name: "system",
      mode: "System",
      count: 1,
      vmSize: "Standard_D4s_v5",
      vnetSubnetID: blue.agentPoolProfiles[0].vnetSubnetID.replace("/blue", "/green"),
    },
  ],
};
const made = await wait(clusters, "createOrUpdate", group, own, wanted);
check("a cluster is made", made.provisioningState === "Succeeded" && made.fqdn, made);
const given = await clusters.listClusterUserCredentials(group, own);
const config = Buffer.from(given.kubeconfigs[0].value).toString();
check("its kubeconfig leads to loopback", config.includes(`server: ${endpoints.kubernetes}/${made.fqdn}`), config);
await wait(clusters, "delete", group, own);
await refused("a deleted cluster is gone", "ResourceNotFound", () => clusters.get(group, own));

process.exitCode = failures > 0 ? 1 : 0;
