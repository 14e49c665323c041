#!/usr/bin/env python3
"""What charts came to when the site was published: renderings.py ENDPOINTS FOLDER NAMES... writes the newest rendering of each into a
folder, in their order."""
import json
import pathlib
import ssl
import subprocess
import sys
import urllib.request

endpoints, folder, *names = sys.argv[1:]
endpoints = json.loads(pathlib.Path(endpoints).read_text())
context = ssl.create_default_context(cafile=endpoints["certificateAuthority"])
words = ["az", "account", "get-access-token", "--scope", "https://storage.azure.com/.default"]
token = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)["accessToken"]


def blob(name):
    headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2025-11-05"}
    request = urllib.request.Request(f"{endpoints['blobs']['service']}/sites/{name}", headers=headers)
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        return answer.read()


charts = {manifest.get("name"): manifest for manifest in json.loads(blob("shop.json"))["controllers"]}
for number, name in enumerate(names, 100):
    renderings = charts[name]["renderings"]
    digest = renderings[max(renderings, key=lambda minor: [int(part) for part in minor.split(".")])]
    pathlib.Path(folder, f"{number}-{name}.yaml").write_bytes(blob(f"content/{digest}.yaml"))
