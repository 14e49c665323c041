# Proves that AGIC's identity has its rights, before AGIC is needed. It only reads.
set -uf
shopt -s nocasematch
end() { printf '%s\n' "$1" | tee /dev/termination-log; exit 1; }
case $CLOUD in
  *China*) az cloud set --name AzureChinaCloud ;;
  *USGovernment*) az cloud set --name AzureUSGovernment ;;
esac >/dev/null 2>&1
said=$(case $AUTH in
  workloadIdentity) az login --service-principal --username "$AZURE_CLIENT_ID" --tenant "$AZURE_TENANT_ID" \
    --federated-token "$(cat "$AZURE_FEDERATED_TOKEN_FILE")" --allow-no-subscriptions --output none 2>&1 ;;
  aadPodIdentity) az login --identity --client-id "$CLIENT_ID" --allow-no-subscriptions --output none 2>&1 ;;
  servicePrincipal) az login --service-principal --allow-no-subscriptions --output none 2>&1 \
    --username "$(python3 -c 'import json; print(json.load(open("/auth/armAuth.json"))["clientId"])')" \
    --password="$(python3 -c 'import json; print(json.load(open("/auth/armAuth.json"))["clientSecret"])')" \
    --tenant "$(python3 -c 'import json; print(json.load(open("/auth/armAuth.json"))["tenantId"])')" ;;
esac) || end "AGIC's identity gets no token ($AUTH): $(printf %s "$said" | tail -n 3 | cut -c1-600)"
who=$(az account get-access-token --query accessToken --output tsv | cut -d. -f2 | python3 -c '
import base64, json, sys
print(json.loads(base64.urlsafe_b64decode(sys.stdin.read().strip() + "=="))["oid"])') || end "AGIC's token cannot be read"
matches() { local action=$1 pattern; shift; for pattern; do [[ $action == $pattern ]] && return 0; done; return 1; }
lacks=
needs() { # an action, where, and a role that gives it
  local actions not_actions url="$2/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
  while IFS='|' read -r actions not_actions; do
    matches "$1" $actions && ! matches "$1" $not_actions && return
  done < <(az rest --method get --url "$url" --output tsv \
    --query "value[].join('|', [join(' ', actions || \`[]\`), join(' ', notActions || \`[]\`)])" 2>/dev/null)
  lacks="$lacks
lacks $1: az role assignment create --assignee-object-id $who --assignee-principal-type ServicePrincipal --role '$3' --scope $2"
}
needs Microsoft.Network/applicationGateways/read "$GATEWAY" Contributor
needs Microsoft.Network/applicationGateways/write "$GATEWAY" Contributor
shown() { az rest --method get --url "$GATEWAY?api-version=2024-05-01" --output tsv --query "$1" 2>/dev/null; }
for subnet in $(shown 'properties.gatewayIPConfigurations[].properties.subnet.id'); do
  needs Microsoft.Network/virtualNetworks/subnets/join/action "$subnet" 'Network Contributor'
done
for identity in $(shown 'keys(identity.userAssignedIdentities || `{}`)'); do
  needs Microsoft.ManagedIdentity/userAssignedIdentities/assign/action "$identity" 'Managed Identity Operator'
done
[ -z "$lacks" ] || end "AGIC's identity$lacks"
echo "AGIC's identity has its rights"
