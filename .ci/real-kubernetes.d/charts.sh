# shellcheck shell=bash
# Charts of public projects on a simulated cluster and on a real server: `bluegreen site publish` renders them with a real Helm, the
# product applies them, and then Helm takes them over. To be sourced by real-kubernetes.
# shellcheck source=.ci/real-charts.d/charts
source .ci/real-charts.d/charts
adopted=(ingress-nginx external-dns secrets-store-csi-driver)
# The world goes so much faster.
speed=300

# One address of the simulated Azure, by the names that lead to it.
told() {
    python3 -c 'import functools, json, sys; print(functools.reduce(lambda at, name: at[name], sys.argv[2:], json.load(open(sys.argv[1]))))' \
        "$work/local/endpoints.json" "$@"
}

# Waits until a command says this, so many seconds.
says() {
    local expected=$1 tries=$2 said=
    shift 2
    while ((tries-- > 0)); do
        said=$("$@" 2>&1) && [[ $said == *"$expected"* ]] && return
        sleep 1
    done
    printf 'expected %s, got:\n%s\n' "$expected" "$said" | tail -n 20
    return 1
}

# The whole system on loopback, and the settings of our commands.
begin_world() {
    local bluegreen=$1
    mkdir -p "$work/local" "$work/bin"
    ln -sf "$source/az" "$work/bin/az"
    "$bluegreen" local --keep --data "$work/local" --speed "$speed" >"$work/local.log" 2>&1 &
    world=$!
    says "Everything still runs" 180 cat "$work/local.log" || return
    TENANT=$(told login tenant) PATH=$work/bin:$PATH
    export TENANT PATH
    # shellcheck disable=SC1091
    source "$work/local/env.sh"
}

# The upgrade that brings the charts; the renderings lie in $work/charts thereafter.
bring_charts() {
    local bluegreen=$1 site=$work/site/site.json gateway chart module folder values words=()
    mkdir -p "$work/site" "$work/charts"
    gateway=/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-shop/providers/Microsoft.Network/applicationGateways/gw-shop
    "$bluegreen" site init "$gateway" --name shop --output "$site" >/dev/null || return
    cp -R examples/shop/manifests "$work/site/"
    for chart in "${charts[@]}"; do
        read -r module folder values <<<"$chart"
        [[ " ${adopted[*]} " == *" ${folder##*/} "* ]] || continue
        fetch_chart "$module" "$folder" "$work/site/${folder##*/}" || return 77
        printf '%s' "$values" >"$work/site/${folder##*/}.values"
        words+=("${folder##*/}" "$values")
    done
    python3 "$source/site.py" "$site" "$(told gateway url | sed 's,.*//,,')" "${words[@]}"
    says "published shop with" 1 "$bluegreen" site publish "$site" || return
    says "goes on by itself" 1 "$bluegreen" start shop --kind replace --reason charts || return
    says "green to blue" 60 "$bluegreen" status shop || return
    says "has ended: upgraded" 180 "$bluegreen" status shop || return
    python3 "$source/renderings.py" "$work/local/endpoints.json" "$work/charts" "${adopted[@]}"
}

# Helm takes over what the product has applied: nothing is made anew, nothing is rolled out, and a second time it is an upgrade.
take_over() {
    local name before after status=0
    for name in "${adopted[@]}"; do
        before=$(workloads "$name")
        for _ in install upgrade; do
            "$BLUEGREEN_HELM" upgrade --install "$name" "$work/site/$name" --namespace "$name" --values "$work/site/$name.values" \
                --timeout 60s "$@" >"$work/helm.log" 2>&1 || { tail -n 3 "$work/helm.log"; status=1; }
        done
        after=$(workloads "$name")
        if [[ -z $before || $before != "$after" ]]; then
            printf '%s was not taken over as it is:\n%s\n%s\n' "$name" "$before" "$after"
            status=1
        fi
        printf '%s: %s\n' "$name" "$("$BLUEGREEN_HELM" list --namespace "$name" --no-headers | cut -f 3,5,6 | tr -s ' \t' ' ')"
    done
    return "$status"
}

# Each workload of a namespace, which one it is, and how often it was changed.
workloads() {
    kubectl get deployments,daemonsets --namespace "$1" \
        -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.metadata.generation}{"\n"}{end}'
}

compare_charts() {
    local bluegreen=${CARGO_TARGET_DIR:-target}/debug/bluegreen status=0
    has 'charts of public projects' cargo kubectl || return 0
    if ! find_helm "${REAL_CHARTS_BUILD_SECONDS:-240}" >"$work/why"; then
        printf 'SKIPPED charts of public projects: %s\n' "$(cat "$work/why")"
        return 0
    fi
    export HELM_CACHE_HOME=$work/helm HELM_CONFIG_HOME=$work/helm HELM_DATA_HOME=$work/helm
    cargo build --locked -q --workspace
    begin_world "$bluegreen" || return
    bring_charts "$bluegreen" || status=$?
    [[ $status != 77 ]] || return 0
    [[ $status == 0 ]] || return 1
    printf 'Helm on the simulated cluster:\n'
    KUBECONFIG=$work/local/kubeconfig/aks-blue.yaml take_over || status=1
    kill -TERM "$world" && wait "$world" 2>/dev/null || :
    BLUEGREEN_PROJECT=$work/charts play a_real_server_takes_public_charts_until_they_are_ready || return 1
    printf 'Helm on the real server:\n'
    # Nobody runs its Jobs there any more.
    KUBECONFIG=$work/plane/kubeconfig take_over --no-hooks || status=1
    return "$status"
}
