#!/usr/bin/env python3
"""Each input of each use says what it rests on, and the place that it names does say so."""
import json
import pathlib

from kit import REPO, done, err, ok, run, tmpdir

WANT = {
    # asset, use, input -> by, words, assumed, file, line
    ("phi-train-2026", 0, "life"): ("declaration", "declared: life", False, ".pqmap.yaml", 8),
    ("phi-train-2026", 0, "exposure"): ("graph", "Ingress data reaches outside", True, "edge/data-ingress.yaml", 2),
    ("phi-train-2026", 0, "class"): ("graph", "data.ssl-ecdh-curve", False, "edge/ingress-nginx.yaml", 60),
    ("clinic-checkpoints", 0, "life"): ("declaration", "as its source phi-train-2026", False, ".pqmap.yaml", 8),
    ("clinic-checkpoints", 2, "exposure"): ("default", "default: wrapped copies", True, None, None),
    ("clinic-checkpoints", 2, "class"): ("graph", "decoded from the key", False, "data/backup-recipient.yaml", 9),
    ("partner-gradients", 0, "exposure"): ("declaration", "declared: exposure", False, ".pqmap.yaml", 23),
    ("partner-gradients", 0, "class"): ("default", "assumed: nothing read tells", True, "training/federated.yaml", 23),
    ("chat-logs", 0, "life"): ("declaration", "annotation pqmap.dev/shelf-life", False, "data/qdrant.yaml", 11),
    ("chat-logs", 0, "coverage"): ("graph", "assumed: nothing here sets it", True, "data/qdrant.yaml", 55),
    ("chat-logs", 0, "in_use"): ("default", "default: how long", True, None, None),
    ("chat-logs", 0, "protect"): ("plan", "plan: until task plaintext-fix:data/StatefulSet/qdrant", False, None, None),
    ("claims-embeddings", 0, "exposure"): ("declaration", "annotation pqmap.dev/exposure", False, "data/pgvector.yaml", 68),
    ("claims-model", 0, "protect"): ("graph", "protected already", False, None, None),
    ("serving/claims-llm/prompts", 0, "impact"): ("default", "default impact", True, None, None),
    ("serving/claims-llm/prompts", 0, "exposure"): ("graph", "a Service inside the cluster", False, "serving/claims-llm.yaml", 1),
}
LETTERS = {"life": "X", "protect": "Y", "in_use": "W", "exposure": "E", "coverage": "C", "class": "A", "impact": "I"}


def scan(target, *more):
    r = run("scan", target, "-q", "--now", "2026-11-21", "-o", "json", *more, cwd=REPO)
    if r.returncode != 0:
        ok(False, f"{target} is scanned", err(r))
    return json.loads(r.stdout)


def uses(doc):
    return {(a["id"], i): u for a in doc["assessment"]["assets"] for i, u in enumerate(a["uses"])}


def sources(of):
    wrong = []
    for (asset, use, key), (by, words, assumed, path, line) in WANT.items():
        got = of[asset, use]["inputs"][key]
        where = None if path is None else "fixtures/cluster/" + path
        if (got["by"], got["assumed"], got.get("path"), got.get("line")) != (by, assumed, where, line) or \
                not got["from"].startswith(words):
            wrong.append((asset, use, key, got))
    ok(not wrong, f"{len(WANT)} inputs of the example name their sources", wrong[:3])


def vectors(of):
    wrong = []
    for (asset, n), u in of.items():
        vector = dict(part.split(":", 1) for part in u["vector"].split("/"))
        for key, letter in LETTERS.items():
            got = u["inputs"][key]
            same = (float(vector[letter]) == got["value"] if isinstance(got["value"], (int, float))
                    else vector[letter] == got["value"])
            if not same or not got["from"]:
                wrong.append((asset, n, key, got, u["vector"]))
    ok(of and not wrong, f"inputs of {len(of)} uses are those of their vectors, each with words", wrong[:3])


def declared(of):
    n, wrong = 0, []
    for u in of.values():
        for got in u["inputs"].values():
            if got["by"] != "declaration" or got["from"].startswith("as its source"):
                continue
            key = got["from"].split()[-1].split("/")[-1]
            n += 1
            if key not in (REPO / got["path"]).read_text().splitlines()[got["line"] - 1]:
                wrong.append(got)
    ok(n > 20 and not wrong, f"{n} declared inputs stand at the line that is named", wrong[:3])


def nonsense():
    with tmpdir() as d:
        (pathlib.Path(d) / "a.yaml").write_text(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  annotations:\n"
            "    pqmap.dev/data-class: embeddings\n    pqmap.dev/exposure: galaxy\n"
            "    pqmap.dev/in-use: ever\nspec: {template: {spec: {containers: "
            "[{name: a, image: x, ports: [{containerPort: 80}]}]}}}\n")
        got = [u["inputs"][k] for (a, _), u in uses(scan(d)).items() for k in ("exposure", "in_use")
               if not a.startswith("unassigned")]
    ok(got and not any(g["by"] == "declaration" for g in got), "a word that is none is no declaration", got)


def evidence(of):
    runs, wrong = set(), []
    for key, u in of.items():
        letter, shor = u["vector"].split("/U:")[1][0], u["shor"]
        ahead = u["tau"]["central"] is not None and u["tau"]["central"] > u["end"]
        falls = u["p"]["stress"] > 0 and not u["broken_today"]
        runs.add(shor["runs"])
        if falls and shor["runs"] != ("per-session" if letter == "K" else "per-key"):
            wrong.append((key, shor))
        if (u["broken_today"] or "/A:HYB/" in u["vector"]) and shor["runs"] != "none":
            wrong.append((key, shor))
        if u["conditioned"] != (ahead and falls) or u["capped"] != any("horizon:" in n for n in u["notes"]) or \
                len(u["notes"]) != u["capped"] + u["conditioned"]:
            wrong.append((key, u["notes"], u["capped"], u["conditioned"]))
    ok(runs == {"per-session", "per-key", "none"} and not wrong, "runs, notes and flags agree", wrong[:3])


example = uses(scan("fixtures/cluster", "--regime", "us-eo-14412"))
sources(example)
vectors(example)
declared(example)
evidence(example)
nonsense()
done()
