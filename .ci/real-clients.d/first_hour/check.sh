#!/usr/bin/env bash
# The first hour (docs/start.md) and the commands of docs/deploy.md, over sockets: our own executable with the account
# of the Azure CLI, on the shop of `bluegreen local`. ENDPOINTS is the path of endpoints.json, BLUEGREEN the executable,
# SPEED that of the world; needs az and python3, and uses a Bicep compiler if there is one.
# One line a check; the exit status is 1 when one failed.
set -uo pipefail

: "${ENDPOINTS:?the path of endpoints.json}" "${BLUEGREEN:?the executable}" "${SPEED:?the speed of the world}"
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit
# told NAME...: one address, by the names that lead to it.
told() {
    python3 -c 'import functools, json, sys; print(functools.reduce(lambda at, name: at[name], sys.argv[2:], json.load(open(sys.argv[1]))))' "$ENDPOINTS" "$@"
}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# As docs/local.md says: first for az, then for ourselves.
REQUESTS_CA_BUNDLE=$(told certificateAuthority)
SSL_CERT_FILE=$REQUESTS_CA_BUNDLE
AZURE_RESOURCE_MANAGER=$(told resourceManager)
AZURE_RESOURCE_MANAGER=${AZURE_RESOURCE_MANAGER#https://}
AZURE_AUTHORITY_HOST=$(told login authority)
AzureWebJobsStorage__blobServiceUri=$(told blobs service)
ServiceBusConnection__fullyQualifiedNamespace=$(told serviceBus rest)
export REQUESTS_CA_BUNDLE SSL_CERT_FILE AZURE_RESOURCE_MANAGER AZURE_AUTHORITY_HOST
export AzureWebJobsStorage__blobServiceUri ServiceBusConnection__fullyQualifiedNamespace BLUEGREEN_CLOCK_SPEED=$SPEED
export AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CONFIG_DIR=$work/az
export AZURE_CORE_NO_COLOR=1 AZURE_CORE_LOGIN_EXPERIENCE_V2=off AZURE_CORE_ONLY_SHOW_ERRORS=1
# shellcheck source=.ci/real-clients.d/checks.sh
. .ci/real-clients.d/checks.sh

group=rg-upgrader app=func-upgrader site=$work/site.jsonc
# upgraded FROM TO: the site's run is over, at most 90 s from now.
upgraded() {
    local said='' tries
    for ((tries = 0; tries < 90; tries++)); do
        said=$("$BLUEGREEN" status shop 2>&1)
        if [[ $said == *"$1 -> $2"*Upgraded* ]]; then
            printf '%s\n' "$said"
            return
        fi
        sleep 1
    done
    printf '%s\n' "$said"
    return 1
}

refused "before the login" "sign in with" "$BLUEGREEN" status
check "cloud register" "" az cloud register -n Simulated --endpoint-resource-manager "$(told resourceManager)/"
check "cloud set" "" az cloud set -n Simulated
check "login" '"state": "Enabled"' az login --service-principal -u app -p secret --tenant "$(told login tenant)"
subscription=/subscriptions/$(az account show --query id -o tsv)
gateway=$subscription/resourceGroups/rg-shop/providers/Microsoft.Network/applicationGateways/gw-shop
doctor=("$BLUEGREEN" doctor --app "$subscription/resourceGroups/$group/providers/Microsoft.Web/sites/$app")

check "the world's own upgrade is over" "Upgraded" upgraded blue green
check "site init" "the site shop" "$BLUEGREEN" site init "$gateway" --name shop --output "$site"
refused "site init does not write over it" "is there already" "$BLUEGREEN" site init "$gateway" --output "$site"
refused "site init of what is not there" "ResourceNotFound" "$BLUEGREEN" site init "$gateway-2" --output "$site.2"
refused "site check: undecided" "undecided" "$BLUEGREEN" site check "$site"
refused "site publish: undecided" "undecided" "$BLUEGREEN" site publish "$site"
# A person's decisions: who knows the outbound address, what becomes of the old cluster, where the test host answers.
sed -i -e 's/"decide: true, once[^"]*"/true/' -e 's/"oldCluster": "keep"/"oldCluster": "stop"/' \
    -e 's/"status": 200 }/"status": 200, "connectTo": "'"$(told gateway url | sed 's,.*//,,')"'" }/' "$site"
check "site check" "the site shop is well formed" "$BLUEGREEN" site check "$site"
refused "site publish without its manifests" "failed to read" "$BLUEGREEN" site publish "$site"
cp -R examples/shop/manifests "$work/"
check "site publish" "published shop with 2 manifests" "$BLUEGREEN" site publish "$site"
sed 's/"name": "shop"/"name": "other"/' "$site" >"$work/other.jsonc"
refused "another site has the gateway" 'belongs to the site "shop"' "$BLUEGREEN" site publish "$work/other.jsonc"
check "doctor" "0 to mend" "${doctor[@]}"
check "doctor as JSON" '"check": "roles"' "${doctor[@]}" --json
check "start" "requested as" "$BLUEGREEN" start shop --kind return --reason "the first hour"

check "resource list" "$app" az resource list -g "$group" -o table
check "function app" "FlexConsumption" az functionapp show -g "$group" -n "$app"
check "settings" "AZURE_CLIENT_ID" az functionapp config appsettings list -g "$group" -n "$app"
check "entities" "PT3M" az servicebus topic subscription show -g "$group" --namespace-name shopupgrader --topic-name upgrade-steps -n Soak
check "published blobs" "shop.json" az storage blob list --auth-mode login --blob-endpoint "$AzureWebJobsStorage__blobServiceUri" -c sites
principal=$(az identity show -g "$group" -n id-upgrader --query principalId -o tsv)
assignments=(az role assignment list --all --assignee "$principal" --query '[].id' -o tsv)
check "role assignments" "/roleAssignments/" "${assignments[@]}"

# Here the simulated Azure ends, and says so: it has no engine for templates, and starts no package.
parameters=(-f infra/main.json -p name=shop siteGroupName=rg-shop)
if bicep=${BICEP:-$(command -v bicep || ls ../shared/tools/bicep 2>/dev/null)}; then
    mkdir "$work/bin" && ln -s "$(realpath "$bicep")" "$work/bin/bicep" && PATH=$work/bin:$PATH
    check "bicep" "" az config set bicep.use_binary_from_path=true
    parameters=(-f infra/main.bicep -p infra/main.bicepparam)
else
    echo 'skipped the Bicep compiler: none is here, the compiled template takes its place'
fi
for verb in create validate what-if; do
    refused "a template: $verb" "runs no templates" az deployment sub "$verb" -l westeurope "${parameters[@]}"
done
check "no deployment is there" "[]" az deployment sub list
python3 -m zipfile -c "$work/functions.zip" host.json
refused "a package" "publishes no packages" az functionapp deployment source config-zip -g "$group" -n "$app" --src "$work/functions.zip"

check "status: the way back was gone" "Upgraded" upgraded green blue
check "doctor afterwards" "exactly blue's addresses" "${doctor[@]}"
refused "an order to a run that is over" "has ended" "$BLUEGREEN" order shop pause
check "break-glass, a dry run by the site's name" "nothing was written" "$BLUEGREEN" break-glass shop --to blue --dry-run
check "break-glass" "goes to blue" "$BLUEGREEN" break-glass "$site" --to blue
check "role assignments are deleted" "" sh -c '"$@" | xargs -r az role assignment delete --ids' - "${assignments[@]}"
refused "doctor misses them" "the app's identity lacks" "${doctor[@]}"
refused "a group that is not empty" "ResourceGroupNotEmpty" az group delete -n "$group" --yes

exit $((failures > 0))
