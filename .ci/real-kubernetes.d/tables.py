#!/usr/bin/env python3
"""Compares our tables of Kubernetes' own types with what a real server says of them.

tables.py SERVER TOKEN KINDS MEMBERS: `lists.txt` and `wholes.txt` in the folder KINDS with the server's OpenAPI document, and
`zeros.txt` with the file MEMBERS, which the server's own types printed. Prints what differs, and exits 1 if anything does. A type
or a member that only one side has is of another version, and is passed over.
"""
import json
import pathlib
import ssl
import sys
import urllib.request


def short(name):
    return ".".join(name.split(".")[-3:])


def schemas(server, token):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def get(path):
        request = urllib.request.Request(server + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return json.load(answer)

    found = {}
    for name, place in get("/openapi/v3")["paths"].items():
        if name.startswith("api"):
            document = get(place["serverRelativeURL"])
            for schema, value in document.get("components", {}).get("schemas", {}).items():
                found[short(schema)] = value
    return found


def known(kinds):
    """The members of our types, each with its own."""
    types = {}
    for line in (kinds / "members.txt").read_text().splitlines():
        if line.startswith(" "):
            name, _, sort = line[1:].partition(" ")
            current[name.rstrip("!")] = sort
        elif " = " not in line:
            current = types.setdefault(line, {})
    return types


def lists_of(schemas, types):
    for of, schema in schemas.items():
        for member, value in schema.get("properties", {}).items():
            sort = value.get("x-kubernetes-list-type", "atomic")
            if member in types.get(of, {}) and sort != "atomic":
                yield " ".join([of, member, *sorted(value.get("x-kubernetes-list-map-keys", []))])


def our_lists(kinds):
    for line in (kinds / "lists.txt").read_text().splitlines():
        if line.startswith(" "):
            member, *keys = line[1:].split(" ")
            yield " ".join([of, member, *sorted(keys)])
        else:
            of = line


def wholes_of(schemas, types):
    for of, schema in schemas.items():
        if of in types and schema.get("x-kubernetes-map-type") == "atomic":
            yield of
        for member, value in schema.get("properties", {}).items():
            said = value.get("x-kubernetes-map-type")
            if member in types.get(of, {}) and said == "atomic":
                yield f"{of} {member}"
            # What is no type of its own is granular anyway.
            if member in types.get(of, {}) and said == "granular" and not types[of][member].startswith("{}"):
                yield f"{of} {member} in parts"


def zeros_of(lines, types):
    for line in lines:
        of, member, written = line.split(" ")
        if member in types.get(of, {}) and written == "left-out":
            yield f"{of} {member}"


def our_zeros(kinds):
    for line in (kinds / "zeros.txt").read_text().splitlines():
        of, *members = line.split(" ")
        yield from (f"{of} {member}" for member in members)


def main(server, token, kinds, members):
    kinds, types = pathlib.Path(kinds), known(pathlib.Path(kinds))
    lines = [line for line in pathlib.Path(members).read_text().splitlines() if line.count(" ") == 2]
    served, plain = schemas(server, token), {tuple(line.split(" ")[:2]) for line in lines}
    tables = {
        "lists.txt": (lists_of(served, types), our_lists(kinds)),
        "wholes.txt": (wholes_of(served, types), (kinds / "wholes.txt").read_text().splitlines()),
        "zeros.txt": (zeros_of(lines, types), our_zeros(kinds)),
    }
    different = 0
    for table, (real, ours) in tables.items():
        real, ours = set(real), set(ours)

        def has(line):
            of, *member = line.split(" ")
            if table == "zeros.txt":
                return (of, member[0]) in plain
            return of in served and (not member or member[0] in served[of].get("properties", {}))

        for line in sorted(real - ours) + sorted(line for line in ours - real if has(line)):
            different += 1
            print(f"  {table}: {'a real server has' if line in real else 'a real server has not'} {line}")
        print(f"{table}: {len(real & ours)} of {len(real)} are alike")
    return 1 if different else 0


sys.exit(main(*sys.argv[1:]))
