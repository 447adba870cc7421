#!/usr/bin/env python3
"""Lanes of the plan: tasks that practices call for, both ways in JSON; no risk credit, none before what has value."""
import json
import pathlib

from kit import REPO, done, err, ok, run, tmpdir

SEALED = """apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: a, namespace: n }
spec: { encryptedData: {} }
"""
VAULT = """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: b, namespace: n }
spec: { secretStoreRef: { name: vault } }
"""


def scan(tmp, *targets, more=()):
    r = run("scan", *targets, "--now", "2026-11-21", "--regime", "us-eo-14412", "-o", f"json={tmp}/r.json", "--quiet", *more)
    ok(r.returncode == 0, f"{' '.join(str(pathlib.Path(t).name) for t in targets)} is scanned", err(r))
    return json.loads((tmp / "r.json").read_text())


def tasks(report, **want):
    return [t for t in report["plan"]["tasks"] if all(t.get(k) == v for k, v in want.items())]


def both_ways(report):
    """Every no or partly has its task, every such task its question, and each names the other."""
    by_id = {t["id"]: t for t in report["plan"]["tasks"]}
    for q in report["practices"]["questions"]:
        want = q["verdict"] in ("no", "partly")
        ok(bool(q["tasks"]) == want, f"{q['rule']} ({q['verdict']}) has {'its' if want else 'no'} task", q["tasks"])
        for t in q["tasks"]:
            ok(q["rule"] in by_id[t]["practices"], f"{t} names {q['rule']}")
    named = [(r, t["id"]) for t in by_id.values() for r in t.get("practices", [])]
    back = [(q["rule"], t) for q in report["practices"]["questions"] for t in q["tasks"]]
    ok(sorted(named) == sorted(back), "tasks and questions name each other", (named, back))


def no_credit(report):
    """What carries no credit comes after what does, unless that depends on it."""
    order = report["plan"]["tasks"]
    lanes = [t for t in order if "lane" in t]
    ok(len(lanes) > 3 and all("after" in t for t in lanes), f"{len(lanes)} tasks stand in lanes")
    needed = {d for t in order for d in t["after"]}
    last = max(i for i, t in enumerate(order) if t["value"] > 0)
    early = [t["id"] for t in order[:last] if "lane" in t and t["id"] not in needed]
    ok(not early, "no lane task goes before one that has value", early)


def cluster(tmp):
    report = scan(tmp, REPO / "fixtures/cluster")
    both_ways(report)
    no_credit(report)
    custody = tasks(report, type="keys-to-manager")[0]
    question = next(q for q in report["practices"]["questions"] if q["rule"] == "practice.custody.keys")
    ok(custody["units"] == question["counts"]["no"] == len(custody["where"]), "one place a readable key", custody["where"])
    ok(all(f"{p['path']}:{p['line']}, {p['what']}" in w for p, w in zip(question["places"], custody["where"])),
       "places are those of the practice, with file and line")
    ok(custody["lane"] == "keys" and custody["usual_window"] == "0-6 months", "it stands in the lane of keys")


def sealed_or_held(tmp):
    (tmp / "sealed.yaml").write_text(SEALED)
    (tmp / "vault.yaml").write_text(VAULT)
    report = scan(tmp, tmp / "sealed.yaml")
    found = tasks(report, type="keys-to-manager")
    ok(len(found) == 1 and "quantum computer" in found[0]["where"][0], "a SealedSecret calls for a secret manager", found)
    report = scan(tmp, tmp / "vault.yaml")
    ok(not tasks(report, type="keys-to-manager"), "a value from Vault calls for nothing")
    both_ways(report)


with tmpdir() as name:
    tmp = pathlib.Path(name)
    cluster(tmp)
    sealed_or_held(tmp)
done()
