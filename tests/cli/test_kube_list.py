#!/usr/bin/env python3
"""Long lists of a cluster: the edges of a known topology, every form alike, what controllers made stands
behind them, and memory that does not grow with the list."""
import json
import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from kit import PQMAP, REPO, done, err, ok, run, tmpdir

GEN = REPO / "tests" / "kube" / "gen_cluster.py"


def generate(tmp, name, *args):
    subprocess.run([sys.executable, str(GEN), *map(str, args), "--out", os.path.join(tmp, name)], check=True,
                   stderr=subprocess.DEVNULL)
    return os.path.join(tmp, name)


def scan(path, *args):
    out = str(path).rstrip("/") + ".out.json"
    r = run("scan", path, "-q", "--now", "2026-11-01", "-o", f"json={out}", *args)
    return json.loads(pathlib.Path(out).read_bytes()) if r.returncode == 0 else ok(False, "the scan ends well", err(r))


def edges(report):
    return {(e["from"], e["rel"], e["to"]) for e in report["graph"]["edges"]}


def what_it_says(report):
    """Everything but places: lines and columns are those of the form."""
    return (sorted((o["kind"], o.get("namespace", ""), o["name"], o.get("made", 0),
                    tuple((f["key"], f["value"]) for f in sorted(o["facts"], key=lambda f: (f["key"], f["value"]))))
                   for o in report["objects"]),
            sorted((f["id"], sorted(p.get("object", "") for p in f["occurrences"])) for f in report["findings"]),
            sorted(edges(report)), sorted(n["id"] for n in report["graph"]["nodes"]),
            sorted((a["id"], len(a["hops"])) for a in report["graph"]["assets"]))


def topology(tmp):
    truth = os.path.join(tmp, "truth.tsv")
    path = generate(tmp, "cluster.json", "--workloads", 5000, "--pods", 2, "--events", 1, "--form", "compact",
                    "--truth", truth)
    want = {tuple(line.split("\t")) for line in pathlib.Path(truth).read_text().splitlines()}
    rels = {w[1] for w in want}
    p = subprocess.Popen([PQMAP, "scan", path, "-q", "-o", f"json={path}.out.json"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    ok(status == 0, "a list of 5,000 workloads is scanned")
    report = json.loads(pathlib.Path(path + ".out.json").read_bytes())
    got = {e for e in edges(report) if e[1] in rels}
    hit = len(want & got)
    ok(hit / len(got) >= 0.99 and hit / len(want) >= 0.99,
       f"5,000 workloads: precision {hit / len(got):.4f}, recall {hit / len(want):.4f} of {len(want)} edges",
       f"{sorted(got - want)[:3]} {sorted(want - got)[:3]}")
    size = os.path.getsize(path)
    ok(usage.ru_maxrss <= 64 * 1024, f"a list of {size / 1e6:.0f} MB in {usage.ru_maxrss / 1024:.0f} MiB (at most 64)")
    ok(report["coverage"]["notes"] == [], "all of it was read", str(report["coverage"]["notes"][:2]))
    os.remove(path)


def every_kind_of_edge(tmp):
    truth = os.path.join(tmp, "each.tsv")
    path = generate(tmp, "each.json", "--workloads", 100, "--each", 2000, "--pods", 1, "--events", 0, "--form", "compact",
                    "--truth", truth)
    want = {tuple(line.split("\t")) for line in pathlib.Path(truth).read_text().splitlines()}
    report = scan(path)
    by_rel = {rel: ({w for w in want if w[1] == rel}, {e for e in edges(report) if e[1] == rel}) for rel in {w[1] for w in want}}
    bad = {rel: (len(a), len(b), sorted(a ^ b)[:2]) for rel, (a, b) in by_rel.items()
           if len(a & b) < 0.99 * len(a) or len(a & b) < 0.99 * len(b)}
    many = sorted(rel for rel, (a, _) in by_rel.items() if len(a) >= 2000)
    ok(not bad and len(many) >= 19, f"2,000 and more of {len(many)} kinds of edges: precision and recall of each at least 0.99, "
       f"{len(want)} in all", bad or many)
    unnamed = [e for e in report["graph"]["edges"] if not e.get("ref") or not e.get("path")]
    ok(not unnamed, "every edge names the reference that it comes from", unnamed[:2])
    os.remove(path)


def forms(tmp):
    reports = {}
    for form in ("json", "compact", "yaml", "docs", "tree"):
        path = generate(tmp, form + (".json" if form in ("json", "compact") else "" if form == "tree" else ".yaml"),
                        "--workloads", 60, "--form", form)
        reports[form] = scan(path, "-j2")
        one = pathlib.Path(str(path) + ".out.json").read_bytes()
        scan(path, "-j1")
        ok(one == pathlib.Path(str(path) + ".out.json").read_bytes(), f"{form}: one thread and two write the same bytes")
        if form != "tree":
            lines = pathlib.Path(path).read_text().split("\n")
            bad = [(f["key"], f["line"]) for o in reports[form]["objects"] for f in o["facts"]
                   if f["value"].split("\n")[0].replace('"', '\\"') not in lines[f["line"] - 1]
                   and f["value"].split("\n")[0] not in lines[f["line"] - 1]]
            ok(not bad, f"{form}: each fact stands on its line", bad[:3])
    want = what_it_says(reports["json"])
    for form, report in reports.items():
        if form != "json":
            got = what_it_says(report)
            ok(got == want, f"{form} says what indented JSON says",
               [i for i, (a, b) in enumerate(zip(got, want)) if a != b])


def pod(name, owner=None, env=(), ns="n", kind="Pod", api="v1", labels=None):
    template = {"containers": [{"name": "c", "image": "registry.example/app:1", "env": [dict(name=k, value=v) for k, v in env]}]}
    meta = {"name": name, "namespace": ns, "labels": labels or {}}
    if owner:
        meta["ownerReferences"] = [{"apiVersion": owner[0], "kind": owner[1], "name": owner[2], "uid": "u", "controller": True}]
    spec = template if kind == "Pod" else {"template": {"metadata": {"labels": labels or {}}, "spec": template}}
    return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec}


def write_list(tmp, name, items):
    path = pathlib.Path(tmp, name)
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


def objects(report):
    return {f"{o['kind']}/{o['name']}": o.get("made", 0) for o in report["objects"]}


def folding(tmp):
    deploy = pod("web", kind="Deployment", api="apps/v1")
    sets = [pod(f"web-{k}", ("apps/v1", "Deployment", "web"), kind="ReplicaSet", api="apps/v1") for k in range(2)]
    pods = [pod(f"web-0-{k}", ("apps/v1", "ReplicaSet", "web-0")) for k in range(50)]
    items = pods + [deploy] + sets
    r = scan(write_list(tmp, "whole.json", items))
    ok(objects(r) == {"Deployment/web": 52}, "pods and ReplicaSets stand behind their Deployment", objects(r))
    ok({e[0] for e in edges(r)} == {"n/Deployment/web"}, "and so do their references", sorted(edges(r)))
    for k in range(5):
        random.Random(k).shuffle(items)
        ok(objects(scan(write_list(tmp, "shuffled.json", items))) == {"Deployment/web": 52},
           f"in whatever order they come ({k})")
    r = scan(write_list(tmp, "orphans.json", pods[:3] + [pod("bare"), pod("other", ("v1", "ReplicaSet", "web-0"), ns="m")]))
    ok(objects(r) == {"Pod/web-0-0": 2, "Pod/bare": 0, "Pod/other": 0},
       "pods without their controller stay; those of one template are told by a count", objects(r))
    ring = [pod("a", ("v1", "Pod", "b")), pod("b", ("v1", "Pod", "a"))]
    ok(set(objects(scan(write_list(tmp, "ring.json", ring)))) == {"Pod/a", "Pod/b"}, "a circle of owners is left as it is")
    node = pod("static", ("v1", "Node", "node-1"))
    ok("Pod/static" in objects(scan(write_list(tmp, "static.json", [node, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"a": "b"}}}]))),
       "a node does not stand for the pods of its kubelet")


def injected(tmp):
    """A setting that only the pods have is told once; one that the template has too, only there."""
    off = [("GODEBUG", "tlsmlkem=0")]
    owner = ("apps/v1", "Deployment", "web")

    def places(items):
        r = scan(write_list(tmp, "injected.json", items))
        return sorted(p["object"].split("#")[0] for f in r["findings"] for p in f["occurrences"])

    ok(places([pod(f"p{k}", owner, off, labels={"k": str(k)}) for k in range(4)] + [pod("web", kind="Deployment", api="apps/v1")]) ==
       ["n/Pod/p0"], "what was injected into pods is told at the first")
    ok(places([pod(f"p{k}", owner, off, labels={"k": str(k)}) for k in range(4)] + [pod("web", None, off, kind="Deployment", api="apps/v1")]) ==
       ["n/Deployment/web"], "what the template says is told there")


def broken(tmp):
    """A list that is cut or broken is told, and what can be read of it is read."""
    path = pathlib.Path(generate(tmp, "b.yaml", "--workloads", 40, "--form", "yaml"))
    text = path.read_text()
    n = len(scan(path)["objects"])
    at = text.index("\n- apiVersion: apps/v1\n", len(text) // 2)
    path.write_text(text[:at] + '\n- apiVersion: apps/v1\n  kind: "Broken\n  metadata: ]\n' + text[at + 1:])
    r = scan(path)
    line = text[:at].count("\n") + 2
    ok(len(r["coverage"]["notes"]) == 1 and f"line {line}:" in r["coverage"]["notes"][0]["words"],
       "a broken element of a YAML list is told by its line", r["coverage"]["notes"])
    ok(len(r["objects"]) == n, "and the others are read", f"{len(r['objects'])} of {n}")
    path = pathlib.Path(generate(tmp, "b.json", "--workloads", 10))
    path.write_text(path.read_text()[:-60])
    ok(any("no end" in w["words"] for w in scan(path)["coverage"]["notes"]), "a JSON list without its end is told")


with tmpdir() as tmp:
    topology(tmp)
    every_kind_of_edge(tmp)
    forms(tmp)
    folding(tmp)
    injected(tmp)
    broken(tmp)
done()
