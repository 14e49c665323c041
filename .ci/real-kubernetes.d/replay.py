#!/usr/bin/env python3
"""Plays recorded calls on an API server, and compares its answers with the recorded ones, or records them anew.

replay.py SERVER TOKEN RECORDING [--record]: prints what differs; exits 1 if anything does. What is given at random, or by the
place where a server runs, is in the list of accepted differences beside the recording, under a heading of its own.
"""
import http.client
import json
import pathlib
import re
import ssl
import sys
import time
import urllib.parse

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
REFERENCE = re.compile("⟦(\\d+)(/[^⟧]*)⟧")
REPEATED = re.compile("⟦(.)\\*(\\d+)⟧")
# A server makes the name of a field manager of it.
CALLER = "python-requests/2.34.2"
STANDS_FOR = {"resourceVersion": "<rv>", "continue": "<continue>", "token": "<token>", "clusterIP": "<ip>"}
STANDS_FOR["remainingItemCount"] = "<n>"
STANDS_FOR["nodePort"] = STANDS_FOR["healthCheckNodePort"] = "<nodePort>"
AGE = re.compile(r"^(\d+[smhd])+$")
ADDRESS = re.compile(r"^\d+\.\d+\.\d+\.\d+$")
NODE_PORT = re.compile(r":\d+/(?=TCP|UDP)")
# Whether by then a definition is established, and a controller has seen a Job or made a CronJob's, is a race.
RACES = [
    ("crds", "at once"),
    ("ssa_deployment", "job again"),
    ("tables", "table /apis/batch/v1/namespaces/cmp/cronjobs"),
    # These name owners, and rules, in no order.
    ("ssa_configmap", "conflict with two"),
    ("auth", "ssrr"),
]
AT_RANDOM = "# Given at random"
# Controllers write these when their time has come, which is later on a busy machine: an annotation, and who it is from, may
# be there already or not.
NOISE = re.compile(r"status\.conditions|\.fieldsV1|revision|status\.\w*([rR]eplicas|Generation)$|message$")
# So many times what controllers needed when it was recorded: a busy machine is slower.
PATIENCE = 5
CONTROLLERS = "kube-controller-manager"
LATE = "deployment.kubernetes.io/revision"


class Server:
    """A server, asked over one connection."""

    def __init__(self, url, token):
        parts = urllib.parse.urlsplit(url)
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=60)
        self.prefix, self.operator = parts.path.rstrip("/"), token

    def ask(self, method, path, token=None, headers=None, body=None):
        headers = {"user-agent": CALLER, **(headers or {})}
        if token is not None:
            headers["authorization"] = "Bearer " + (self.operator if token == "operator" else token)
        self.connection.request(method, self.prefix + path, body and body.encode(), headers)
        reply = self.connection.getresponse()
        text = reply.read().decode("utf-8", "replace")
        sort = reply.getheader("content-type")
        sort = sort and sort.replace("; charset=utf-8", "").replace(";charset=utf-8", "")
        said = {"status": reply.status, "type": sort, "warning": reply.getheader("warning"), "body": read(text)}
        return {**said, "headers": {name.lower(): True for name in reply.headers}}


def read(text):
    """The events of a watch, JSON, or the beginning of a text."""
    try:
        events = [json.loads(line) for line in text.splitlines()]
        if events and all(isinstance(event, dict) and isinstance(event.get("object"), dict) for event in events):
            return events
    except ValueError:
        pass
    try:
        return json.loads(text)
    except ValueError:
        return text[:3000]


def filled(text, answers):
    """A text in which each reference is what that answer has there."""

    def found(match):
        value = answers[int(match.group(1))]["body"]
        for step in match.group(2).split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            value = value[int(step)] if isinstance(value, list) else value[step]
        return value

    return REPEATED.sub(lambda match: match.group(1) * int(match.group(2)), REFERENCE.sub(found, text))


def play(server, steps):
    """The answer to each step; nothing for those that only wait."""
    answers = []
    for step in steps:
        if "wait" in step:
            until = time.monotonic() + PATIENCE * step["seconds"]
            while time.monotonic() < until and server.ask("GET", step["wait"], "operator")["status"] != step["status"]:
                time.sleep(0.3)
            answers.append(None)
        elif "method" not in step:
            time.sleep(step["seconds"])
            answers.append(None)
        else:
            fill = lambda text: text and filled(text, answers)
            path, token, body = (fill(step.get(name)) for name in ("path", "token", "body"))
            answers.append(server.ask(step["method"], path, token, step.get("headers"), body))
    return answers


def entry(of):
    """By what entries of managers are put in order."""
    return [of.get(name) or "" for name in ("manager", "operation", "apiVersion", "subresource")]


def plain(value, name=""):
    """An answer without ids, versions and moments."""
    if isinstance(value, dict):
        return {name: plain(member, name) for name, member in value.items()}
    if isinstance(value, list):
        if name in ("groups", "resources") and all(isinstance(item, dict) and "name" in item for item in value):
            return {item["name"]: plain(item) for item in value}
        of = {"clusterIPs": "clusterIP", "cells": "cell"}.get(name, "")
        items = [plain(item, of) for item in value]
        return sorted(items, key=entry) if name == "managedFields" else items
    if name in STANDS_FOR and value not in ("", "None"):
        return STANDS_FOR[name]
    if not isinstance(value, str):
        return value
    value = MOMENT.sub("<time>", ID.sub("<uid>", value))
    if name == "cell":
        value = NODE_PORT.sub(":<nodePort>/", AGE.sub("<age>", ADDRESS.sub("<ip>", value)))
    return value


def settled(value):
    """An answer without what controllers may, or may not yet, have written."""
    if isinstance(value, dict):
        members = {name: settled(member) for name, member in value.items() if name != LATE}
        return {name: member for name, member in members.items() if not (name == "annotations" and member == {})}
    if isinstance(value, list):
        return [settled(item) for item in value if not (isinstance(item, dict) and item.get("manager") == CONTROLLERS)]
    return value


def part(value, paths):
    """What these paths lead to. Where one leads no further, a value is left as it is, so that it differs."""
    if [] in paths:
        return value
    below = lambda name: [path[1:] for path in paths if path[0] in ("*", name)]
    if isinstance(value, dict):
        return {name: part(member, below(name)) for name, member in value.items() if below(name)}
    if isinstance(value, list):
        return [part(item, below(str(at))) for at, item in enumerate(value) if below(str(at))]
    return value


def shown(step, answer):
    """Of an answer what the step shows: its paths; of lists and tables only what has the names in `only`."""
    answer, body = plain(answer), answer["body"]
    if "only" in step and isinstance(body, dict):
        for name, named in (("items", lambda item: item["metadata"]["name"]), ("rows", lambda row: row["cells"][0])):
            if body.get(name):
                answer["body"][name] = [plain(item, "") for item in body[name] if named(item) in step["only"]]
    paths = step.get("shows", ["status", "type", "warning", "body"])
    return part(answer, [path.split("/") for path in paths])


def differences(one, other, place=""):
    """Where two answers differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            yield from differences(one.get(name), other.get(name), f"{place}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other)):
            yield from differences(left, right, f"{place}[{at}]")
    elif one != other and not NOISE.search(place):
        yield f"{place}: recorded {json.dumps(one)[:160]}, now {json.dumps(other)[:160]}"


def at_random(file):
    """Of the accepted differences those that two real servers have, too: section, step, what the place contains."""
    found, here = [], False
    for line in pathlib.Path(file).with_suffix(".accepted").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            here = line.startswith(AT_RANDOM)
        elif here and line:
            found.append([part.strip() for part in line.split("|")][:3])
    return found


def is_accepted(step, difference, accepted):
    """Whether a difference is one of those."""
    place = difference.split(": recorded ")[0]
    named = lambda section, name: section in ("*", step["section"]) and name in ("*", step["name"])
    return any(named(section, name) and (part == "*" or part in place) for section, name, part in accepted)


def main():
    url, token, file = sys.argv[1:4]
    with open(file, encoding="utf-8") as lines:
        steps = [json.loads(line) for line in lines]
    answers = play(Server(url, token), steps)
    if "--record" in sys.argv:
        with open(file, "w", encoding="utf-8") as lines:
            for step, answer in zip(steps, answers):
                step = {**step, "answer": shown(step, answer)} if "answer" in step else step
                lines.write(json.dumps(step, ensure_ascii=False, separators=(",", ":")) + "\n")
        return 0
    asked = different = 0
    accepted = at_random(file)
    for step, answer in zip(steps, answers):
        if answer is None or "answer" not in step or (step["section"], step["name"]) in RACES:
            continue
        asked += 1
        found = differences(settled(plain(step["answer"])), settled(shown(step, answer)))
        found = [difference for difference in found if not is_accepted(step, difference, accepted)]
        if found:
            different += 1
            print(f"{step['section']}/{step['name']} {step['method']} {step['path']}", *found[:4], sep="\n    ")
    print(f"{asked} calls, {different} with another answer than was recorded")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
