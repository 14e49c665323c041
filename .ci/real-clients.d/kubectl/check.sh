#!/usr/bin/env bash
# kubectl against a cluster of the simulated Azure. ENDPOINTS is the path of endpoints.json; needs kubectl and python3.
# One line a check; the exit status is 1 when one failed.
set -uo pipefail

: "${ENDPOINTS:?the path of endpoints.json}"
KUBECONFIG=$(python3 -c 'import json, sys; print(next(iter(json.load(open(sys.argv[1]))["clusters"].values()))["kubeconfig"])' "$ENDPOINTS")
export KUBECONFIG
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# Its cache of what the server offers must not outlive the server.
kube=(kubectl --cache-dir "$work/cache" --request-timeout 30s)
# shellcheck source=.ci/real-clients.d/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/../checks.sh"

cat >"$work/web.yaml" <<'YAML'
apiVersion: v1
kind: Namespace
metadata: {name: conformance}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: conformance}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: conformance}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: conformance}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: conformance}
spec:
  ingressClassName: web
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
YAML
sed 's/colour: blue/colour: green/' "$work/web.yaml" >"$work/changed.yaml"
in=(--namespace conformance)

check "version" "Server Version: v1." "${kube[@]}" version
check "api-resources" "deployments" "${kube[@]}" api-resources
check "get nodes as a table" "Ready" "${kube[@]}" get nodes
check "get nodes, wide" "containerd" "${kube[@]}" get nodes -o wide
check "apply" "deployment.apps/web created" "${kube[@]}" apply -f "$work/web.yaml"
check "apply again" "deployment.apps/web unchanged" "${kube[@]}" apply -f "$work/web.yaml"
check "apply a change" "configmap/settings configured" "${kube[@]}" apply -f "$work/changed.yaml"
check "diff finds nothing" "" "${kube[@]}" diff -f "$work/changed.yaml"
check "apply on the server" "serverside-applied" "${kube[@]}" apply --server-side --force-conflicts -f "$work/web.yaml"
check "wait" "condition met" "${kube[@]}" wait "${in[@]}" --for=condition=Available deploy/web --timeout=60s
check "rollout status" "successfully rolled out" "${kube[@]}" rollout status "${in[@]}" deploy/web --timeout=60s
check "get all" "replicaset.apps/web-" "${kube[@]}" get all "${in[@]}"
check "get pods as a table" "2/2" "${kube[@]}" get deploy "${in[@]}"
check "get -o yaml" "kind: Deployment" "${kube[@]}" get deploy web "${in[@]}" -o yaml
check "get -o json" '"colour": "blue"' "${kube[@]}" get configmap settings "${in[@]}" -o json
check "get -o jsonpath" "web:1" "${kube[@]}" get deploy web "${in[@]}" -o 'jsonpath={.spec.template.spec.containers[0].image}'
check "get by label" "web-" "${kube[@]}" get pods "${in[@]}" -l app=web -o name
check "describe node" "Kubelet Version" "${kube[@]}" describe nodes
check "describe deployment" "2 available" "${kube[@]}" describe deploy web "${in[@]}"
check "describe pods" "Controlled By:" "${kube[@]}" describe pods "${in[@]}"
check "describe service" "LoadBalancer" "${kube[@]}" describe service web "${in[@]}"
check "describe ingress" "shop.example.com" "${kube[@]}" describe ingress web "${in[@]}"
check "events" "ScalingReplicaSet" "${kube[@]}" get events "${in[@]}"
check "scale" "scaled" "${kube[@]}" scale deploy web "${in[@]}" --replicas=3
check "set image" "image updated" "${kube[@]}" set image deploy/web web=web:2 "${in[@]}"
check "rollout of the new image" "successfully rolled out" "${kube[@]}" rollout status "${in[@]}" deploy/web --timeout=60s
check "label" "labeled" "${kube[@]}" label deploy web "${in[@]}" team=shop
check "patch" "patched" "${kube[@]}" patch configmap settings "${in[@]}" -p '{"data":{"size":"s"}}'
check "create from a file" "created" "${kube[@]}" create "${in[@]}" -f <(printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"more"}}')
refused "not found" "NotFound" "${kube[@]}" get deploy nowhere "${in[@]}"
refused "logs" "no containers run" "${kube[@]}" logs "${in[@]}" deploy/web
refused "exec" "no containers run" "${kube[@]}" exec "${in[@]}" deploy/web -- true
check "create, by protobuf" "created" "${kube[@]}" create deployment other --image=web:1 --port=80 "${in[@]}"
check "autoscale, by protobuf" "autoscaled" "${kube[@]}" autoscale deploy other --max=3 "${in[@]}"
check "delete" "deleted" "${kube[@]}" delete configmap more "${in[@]}"

# A set as our own functions keep theirs (handlers/core/workload/apply_set.rs): the same name, so the same id.
set=(env KUBECTL_APPLYSET=true "${kube[@]}" apply --prune --applyset=configmaps/site-shop-applyset --namespace aks-bluegreen)
parent=(configmap site-shop-applyset --namespace aks-bluegreen)
printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"}}\n' stays >"$work/one.json"
printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"}}\n' stays goes >"$work/two.json"
check "create the namespace of a set" "created" "${kube[@]}" create namespace aks-bluegreen
check "apply as a set" "configmap/goes created" "${set[@]}" -f "$work/two.json"
check "its id is ours" "applyset-xTi9A-zRjfR0drs9Jbf9IpHp5B95IRMQlVXWVeh5U5M-v1" "${kube[@]}" get "${parent[@]}" -o 'jsonpath={.metadata.labels}'
check "it says its kinds" '"applyset.kubernetes.io/contains-group-kinds":"ConfigMap"' "${kube[@]}" get "${parent[@]}" -o 'jsonpath={.metadata.annotations}'
check "prune" "configmap/goes pruned" "${set[@]}" -f "$work/one.json"
check "a set of ours" "annotated" "${kube[@]}" annotate "${parent[@]}" --overwrite applyset.kubernetes.io/tooling=aks-bluegreen/v0.1.0
refused "it is left to us" 'managed by tooling "aks-bluegreen"' "${set[@]}" -f "$work/two.json"
check "delete the namespace of a set" "deleted" "${kube[@]}" delete namespace aks-bluegreen --timeout=60s
check "delete the namespace" "deleted" "${kube[@]}" delete namespace conformance --timeout=60s
refused "it is gone" "NotFound" "${kube[@]}" get namespace conformance

exit $((failures > 0))
