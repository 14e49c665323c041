#!/bin/sh
# The API of a shop with an upgrade under way, asked by schemathesis whatever its own description allows, and what it does
# not. The answers are as described, and none is a 5xx.
set -eu

member() {
    python3 -c 'import json, os, sys; print(json.load(open(os.environ["ENDPOINTS"]))["functions"][sys.argv[1]])' "$1"
}

url=$(member url) key=$(member key)
# ask PHASES CHECKS
ask() {
    schemathesis run "$url/upgrades/openapi.json" --url "$url" --header "x-functions-key: $key" \
        --header 'x-bluegreen-intent: act' --phases "$1" --checks "$2" --max-examples 60 --no-color
}

# The description does not say what a site's name is, or which run there is: much that it allows is refused with 4xx.
answers='not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance'
ask fuzzing,stateful "$answers,response_schema_conformance"
# Without the key, and to methods that it does not know, the host itself answers, without a body.
ask coverage not_a_server_error,status_code_conformance,allow_header_conformance
