#!/usr/bin/env python3
"""A person's part in what `site init` wrote: site.py SITE CONNECT-TO CHARTS... decides what is open, and adds charts to the controllers,
each given as its name, which is that of its folder, and its values."""
import json
import sys

path, connect_to, *charts = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    site = json.loads("".join(line for line in file if not line.lstrip().startswith("//")))
site |= {"partnersKnowOutboundAddress": True, "federationPrepared": True, "manifestsHoldSecrets": True}
site |= {"leftover": "delete", "soakMinutes": 2, "stages": [{"share": 100, "watchMinutes": 2}]}
site["smokeTests"][0]["connectTo"] = connect_to
for name, values in zip(charts[::2], charts[1::2]):
    chart = {"chart": name, "name": name, "namespace": name, "values": json.loads(values), "placeholders": False}
    site["controllers"].append(chart)
with open(path, "w", encoding="utf-8") as file:
    json.dump(site, file, indent=2)
