#!/usr/bin/env python3
"""Azure's own Python SDKs against the simulated Azure.

ENDPOINTS is the path of endpoints.json. Needs azure-identity, azure-mgmt-network and azure-mgmt-containerservice.
One line a check; the exit status is 1 when one failed. It makes and deletes a cluster of its own.
"""
import base64
import json
import os
import sys

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.network import NetworkManagementClient

with open(os.environ["ENDPOINTS"], encoding="utf-8") as file:
    ENDPOINTS = json.load(file)
AUTHORITY = ENDPOINTS["certificateAuthority"]
BASE = ENDPOINTS["resourceManager"]
GROUP, GATEWAY, BLUE, OWN = "rg-shop", "gw-shop", "aks-blue", "aks-python"
SCOPES = ["https://management.azure.com/.default"]
FAILURES = []


def check(name, holds, said=""):
    """Prints one line, and remembers a failure."""
    print(f"ok      {name}" if holds else f"FAILED  {name}: {said}", flush=True)
    if not holds:
        FAILURES.append(name)


def refused(name, kind, code, call):
    """The call fails with this exception and this error code."""
    try:
        said = call()
    except kind as error:
        found = error.error.code if getattr(error, "error", None) else None
        check(name, found == code, f"{found}: {error}")
    except Exception as error:  # pylint: disable=broad-except
        check(name, False, f"{type(error).__name__}: {error}")
    else:
        check(name, False, f"no refusal, but {said}")


def application():
    """An application with a secret, over the simulated Entra ID."""
    return ClientSecretCredential(
        ENDPOINTS["login"]["tenant"], "app", "secret", authority=ENDPOINTS["login"]["authority"],
        disable_instance_discovery=True, connection_verify=AUTHORITY,
    )


def client(kind, credential, subscription):
    """A management client that trusts the simulation's authority."""
    return kind(
        credential, subscription, base_url=BASE, credential_scopes=SCOPES, polling_interval=1, connection_verify=AUTHORITY
    )


def identities(credential):
    """Tokens."""
    token = credential.get_token(*SCOPES)
    payload = token.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    check("a token of an application", claims["appid"] == "app", claims)
    identity = ENDPOINTS["identity"]
    os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"] = identity["endpoint"], identity["header"]
    token = ManagedIdentityCredential(client_id=identity["clientId"]).get_token(*SCOPES)
    check("a token of a managed identity", token.token.count(".") == 2, token)


def gateways(network):
    """Reading, writing, superseding, health."""
    gateway = network.application_gateways.get(GROUP, GATEWAY)
    check("a gateway is read", gateway.provisioning_state == "Succeeded", gateway)
    check("gateways are listed", any(one.name == GATEWAY for one in network.application_gateways.list(GROUP)))
    check("all gateways are listed", any(one.name == GATEWAY for one in network.application_gateways.list_all()))
    members = [{"ipAddress": address.ip_address} for address in gateway.backend_address_pools[0].backend_addresses]
    pools = gateway.backend_address_pools
    pools[1].backend_addresses = members[:1]
    written = network.application_gateways.begin_create_or_update(GROUP, GATEWAY, gateway).result(120)
    check("a gateway is written", len(written.backend_address_pools[1].backend_addresses) == 1, written)
    pools[1].backend_addresses = []
    first = network.application_gateways.begin_create_or_update(GROUP, GATEWAY, gateway)
    second = network.application_gateways.begin_create_or_update(GROUP, GATEWAY, gateway)
    refused("a superseded write is canceled", HttpResponseError, "Canceled", lambda: first.result(120))
    check("the newer write succeeds", second.result(120).provisioning_state == "Succeeded")
    health = network.application_gateways.begin_backend_health(GROUP, GATEWAY).result(120)
    check("backend health", len(health.backend_address_pools) == len(pools), health)
    refused(
        "a gateway that does not exist", ResourceNotFoundError, "ResourceNotFound",
        lambda: network.application_gateways.get(GROUP, "nowhere"),
    )
    subnets = network.virtual_networks.get(GROUP, "vnet-shop").subnets
    check("a network with its subnets", {"blue", "green", "gateway"} <= {one.name for one in subnets}, subnets)


def clusters(service):
    """The whole life of a cluster."""
    blue = service.managed_clusters.get(GROUP, BLUE)
    check("a cluster is read", blue.provisioning_state == "Succeeded", blue)
    check("clusters are listed", any(one.name == BLUE for one in service.managed_clusters.list()))
    versions = service.managed_clusters.list_kubernetes_versions("westeurope").values_property
    check("versions are listed", any(one.is_default for one in versions), versions)
    wanted = {
        "location": "westeurope", "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": OWN,
            "agentPoolProfiles": [{
                "name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5",
                "vnetSubnetID": blue.agent_pool_profiles[0].vnet_subnet_id.replace("/blue", "/green"),
            }],
        },
    }
    made = service.managed_clusters.begin_create_or_update(GROUP, OWN, wanted)
    refused(
        "a busy cluster refuses", ResourceExistsError, "OperationNotAllowed",
        lambda: service.managed_clusters.begin_create_or_update(GROUP, OWN, wanted),
    )
    made = made.result(300)
    check("a cluster is made", made.provisioning_state == "Succeeded" and bool(made.fqdn), made)
    config = service.managed_clusters.list_cluster_user_credentials(GROUP, OWN).kubeconfigs[0].value.decode()
    check("its kubeconfig leads to loopback", f"server: {ENDPOINTS['kubernetes']}/{made.fqdn}" in config, config)
    stale = {"If-Match": "stale"}
    refused(
        "a stale ETag is refused", (ResourceModifiedError, HttpResponseError), "PreconditionFailed",
        lambda: service.managed_clusters.begin_create_or_update(GROUP, OWN, wanted, headers=stale),
    )
    service.managed_clusters.begin_delete(GROUP, OWN).result(300)
    refused(
        "a deleted cluster is gone", ResourceNotFoundError, "ResourceNotFound",
        lambda: service.managed_clusters.get(GROUP, OWN),
    )


def main():
    """Runs every check."""
    import requests  # what azure-core brings along

    answer = requests.get(f"{BASE}/subscriptions?api-version=2022-12-01", verify=AUTHORITY, timeout=30)
    check("no token, no answer", answer.status_code == 401 and "authorization_uri" in answer.headers["WWW-Authenticate"])
    credential = application()
    identities(credential)
    bearer = {"Authorization": f"Bearer {credential.get_token(*SCOPES).token}"}
    answer = requests.get(f"{BASE}/subscriptions?api-version=2022-12-01", headers=bearer, verify=AUTHORITY, timeout=30)
    subscription = answer.json()["value"][0]["subscriptionId"]
    gateways(client(NetworkManagementClient, credential, subscription))
    clusters(client(ContainerServiceClient, credential, subscription))
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
