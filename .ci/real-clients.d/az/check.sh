#!/usr/bin/env bash
# The Azure CLI against the simulated Azure. ENDPOINTS is the path of endpoints.json; needs az, kubectl and python3.
# One line a check; the exit status is 1 when one failed. It makes and deletes a cluster of its own.
set -uo pipefail

: "${ENDPOINTS:?the path of endpoints.json}"
# told POINTER: one address, by the names that lead to it.
told() {
    python3 -c 'import functools, json, sys; print(functools.reduce(lambda at, name: at[name], sys.argv[2:], json.load(open(sys.argv[1]))))' "$ENDPOINTS" "$@"
}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
REQUESTS_CA_BUNDLE=$(told certificateAuthority)
export REQUESTS_CA_BUNDLE
# Without the first, the login library asks the public cloud whether ours exists.
export AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CONFIG_DIR=$work/az
export AZURE_CORE_NO_COLOR=1 AZURE_CORE_LOGIN_EXPERIENCE_V2=off AZURE_CORE_ONLY_SHOW_ERRORS=1
# shellcheck source=.ci/real-clients.d/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/../checks.sh"

group=rg-shop gateway=gw-shop cluster=aks-az
check "cloud register" "" az cloud register -n Simulated --endpoint-resource-manager "$(told resourceManager)/"
check "cloud set" "" az cloud set -n Simulated
check "login" '"state": "Enabled"' az login --service-principal -u app -p secret --tenant "$(told login tenant)"
check "account show" "servicePrincipal" az account show
check "access token" "accessToken" az account get-access-token
check "group list" "$group" az group list
check "group show" "$group" az group show -n "$group"
check "group create" "Succeeded" az group create -n rg-az -l westeurope
check "group exists" "true" az group exists -n rg-az
check "group delete" "" az group delete -n rg-az --yes
check "resource list" "$gateway" az resource list -g "$group"
check "provider list" "Microsoft.Network" az provider list
check "locations" "westeurope" az account list-locations
check "rest" "$gateway" az rest --method get --url "$(told resourceManager)/subscriptions/$(az account show --query id -o tsv)/resourceGroups/$group/providers/Microsoft.Network/applicationGateways?api-version=2026-03-01"

check "gateway list" "$gateway" az network application-gateway list -g "$group"
check "gateway show" "Succeeded" az network application-gateway show -g "$group" -n "$gateway"
check "pool list" "candidate" az network application-gateway address-pool list -g "$group" --gateway-name "$gateway"
check "pool update" "10.1.31.1" az network application-gateway address-pool update -g "$group" --gateway-name "$gateway" -n candidate --servers 10.1.31.1
check "pool emptied" "candidate" az network application-gateway address-pool update -g "$group" --gateway-name "$gateway" -n candidate --servers ""
check "backend health" "backendAddressPools" az network application-gateway show-backend-health -g "$group" -n "$gateway"
check "network" "subnets" az network vnet show -g "$group" -n vnet-shop
check "subnet" "10.1.16.0/20" az network vnet subnet show -g "$group" --vnet-name vnet-shop -n green
check "identity" "clientId" az identity show -g "$group" -n id-control-plane

check "versions" "1.34" az aks get-versions -l westeurope
check "cluster list" "aks-blue" az aks list -g "$group"
check "cluster show" "Succeeded" az aks show -g "$group" -n aks-blue
refused "a cluster that does not exist" "ResourceNotFound" az aks show -g "$group" -n nowhere
subnet=$(az network vnet subnet show -g "$group" --vnet-name vnet-shop -n green --query id -o tsv)
check "cluster create" "Succeeded" az aks create -g "$group" -n "$cluster" --node-count 1 --vnet-subnet-id "$subnet" \
    --service-cidr 10.3.0.0/16 --dns-service-ip 10.3.0.10 --no-ssh-key --skip-subnet-role-assignment --yes
check "cluster get-credentials" "" az aks get-credentials -g "$group" -n "$cluster" -f "$work/kubeconfig" --overwrite-existing
check "kubectl with these" "Ready" kubectl --kubeconfig "$work/kubeconfig" --cache-dir "$work/cache" get nodes
check "node pools" "nodepool1" az aks nodepool list -g "$group" --cluster-name "$cluster"
check "cluster tags" '"team": "az"' az aks update -g "$group" -n "$cluster" --tags team=az
check "node pool add" "Succeeded" az aks nodepool add -g "$group" --cluster-name "$cluster" -n extra --node-count 1 --vnet-subnet-id "$subnet"
check "node pool delete" "" az aks nodepool delete -g "$group" --cluster-name "$cluster" -n extra
check "cluster stop" "" az aks stop -g "$group" -n "$cluster"
check "cluster start" "" az aks start -g "$group" -n "$cluster"
check "upgrades" "controlPlaneProfile" az aks get-upgrades -g "$group" -n "$cluster"
check "cluster delete" "" az aks delete -g "$group" -n "$cluster" --yes
refused "it is gone" "ResourceNotFound" az aks show -g "$group" -n "$cluster"

exit $((failures > 0))
