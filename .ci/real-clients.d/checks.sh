# shellcheck shell=bash
# For the scripts that check a command-line client: each check prints a line, and a failed one is counted.

# How many have failed.
failures=0

# check NAME EXPECTED COMMAND...: the command succeeds and its output contains the expected text.
check() {
    local name=$1 expected=$2 said
    shift 2
    if said=$("$@" 2>&1) && [[ $said == *"$expected"* ]]; then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s: expected %s, got: %s\n' "$name" "$expected" "$said"
        failures=$((failures + 1))
    fi
}

# refused NAME EXPECTED COMMAND...: the command fails and says why.
refused() {
    local name=$1 expected=$2 said
    shift 2
    if ! said=$("$@" 2>&1) && [[ $said == *"$expected"* ]]; then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s: expected a refusal with %s, got: %s\n' "$name" "$expected" "$said"
        failures=$((failures + 1))
    fi
}
