#!/usr/bin/env python3
"""Lanes of the plan: tasks that practices call for, both ways in JSON; no risk credit, none before what has value."""
import datetime
import json
import pathlib
import shutil

import yaml

from kit import REPO, done, err, ok, run, tmpdir

NOW = datetime.date(2026, 11, 21)
NOW_YEAR = 2026.89  # as in the vectors: AD has two decimals
EDGE = """apiVersion: v1
kind: ConfigMap
metadata: { name: ingress-nginx-controller, namespace: ingress-nginx, labels: { app.kubernetes.io/name: ingress-nginx } }
data: { ssl-ecdh-curve: 'GROUPS' }
"""
TOLD = """apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: qdrant
  namespace: ai
  annotations:
    pqmap.dev/asset: memory
    pqmap.dev/handshakes-per-second: "250"
spec: { replicas: 2, template: { metadata: { labels: { app: qdrant } }, spec: { containers: [{ name: q, image: 'qdrant/qdrant:v1.13.4', ports: [{ containerPort: 6333 }] }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: qdrant, namespace: ai }
spec: { selector: { app: qdrant }, ports: [{ port: 6333 }] }
"""
GO = """package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
)

func config() *tls.Config {
	_, _ = rsa.GenerateKey(rand.Reader, 2048)
	return &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}
}
"""
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
    """What carries no credit comes after what does, unless that depends on it or a month was named."""
    order = report["plan"]["tasks"]
    lanes = [t for t in order if "lane" in t]
    ok(len(lanes) > 3 and all("after" in t for t in lanes), f"{len(lanes)} tasks stand in lanes")
    needed = {d for t in order for d in t["after"]}
    last = max(i for i, t in enumerate(order) if t["value"] > 0)
    free = [t for t in order if "lane" in t and t["value"] == 0 and t["id"] not in needed]
    early = [t["id"] for t in order[:last] if t in free and "within_months" not in t]
    ok(not early, "no lane task without value goes before one that has it", early)
    wanted = [t for t in free if "within_months" in t]
    late = [t["id"] for t in wanted if t["finish_hi"] > t["due"]]
    ok(len(wanted) > 3 and not late, "but those that are wanted within some months are done by then", late)


def cluster(tmp):
    report = scan(tmp, REPO / "fixtures/cluster")
    both_ways(report)
    no_credit(report)
    rotation(report)
    roadmap(report)
    performance(tmp, report)
    custody = tasks(report, type="keys-to-manager")[0]
    question = next(q for q in report["practices"]["questions"] if q["rule"] == "practice.custody.keys")
    ok(custody["units"] == question["counts"]["no"] == len(custody["where"]), "one place a readable key", custody["where"])
    ok(all(f"{p['path']}:{p['line']}, {p['what']}" in w for p, w in zip(question["places"], custody["where"])),
       "places are those of the practice, with file and line")
    ok(custody["lane"] == "keys" and custody["usual_window"] == "0-6 months", "it stands in the lane of keys")


def middle_year(shift):
    """The year by which the arrival is as likely as not, from the curve's own points."""
    curve = next(c for c in yaml.safe_load((REPO / "rules/risk/curves.yaml").read_text()) if c["id"] == "risk.curve.gri2025")
    xs = [curve["base_year"]] + [curve["base_year"] + h for h in curve["horizons_years"]]
    ys = [0] + curve["central"]

    def f(t):
        for (x0, y0), (x1, y1) in zip(zip(xs, ys), zip(xs[1:], ys[1:])):
            if t <= x1:
                return y0 + (y1 - y0) * (max(t, x0) - x0) / (x1 - x0)
        return ys[-1]
    at = NOW_YEAR
    want = f(at) + (1 - f(at)) / 2
    lo, hi = at, at + 30
    while hi - lo > 1e-6:
        lo, hi = ((lo + hi) / 2, hi) if f((lo + hi) / 2) < want else (lo, (lo + hi) / 2)
    return hi + shift


def rotation(report):
    """Periods, recomputed: half the slack to the nearer of date and arrival, within the bounds of the rule."""
    task = tasks(report, type="key-rotation")[0]
    bounds = next(r for r in yaml.safe_load((REPO / "rules/plan/custody.yaml").read_text())
                  if r["id"] == "plan.key-rotation")["rotation"]
    assets = {a["id"]: a for a in report["graph"]["assets"]}
    ok(len(task["rotation"]) >= 5 and {r["use"] for r in task["rotation"]} >= {"W", "S", "L"},
       f"{len(task['rotation'])} keys have a period")
    shifts = {"E256": -1, "R2048": 0, "R3072": .5, "R4096": 1}
    for r in task["rotation"]:
        uses = [h for h in assets[r["asset"]]["hops"] if h["use"] == r["use"]]
        life = assets[r["asset"]]["life_years"]["value"] if r["use"] in "WT" else 0
        years = [middle_year(shifts[layer]) for h in uses for layer in h["layers"] if layer in shifts]
        left = (datetime.date.fromisoformat(r["deadline"]) - NOW).days / 365.25
        near = min(years, key=lambda y: abs(y - r["middle_year"]))
        slack = min(left, near - life - NOW_YEAR)
        period = min(bounds["max_days"], max(bounds["min_days"], int(slack * 365.25 / 2)))
        ok(abs(near - r["middle_year"]) < .02 and abs(life - r["life_years"]) < .01 and abs(slack - r["slack_years"]) < .02 and
           abs(period - r["period_days"]) <= 1, f"{r['asset']} {r['use']}: every {r['period_days']} days", (r, near, slack, period))
    gone = [r for r in task["rotation"] if r["slack_years"] <= 0]
    ok(gone and all(r["period_days"] == bounds["min_days"] for r in gone), "no slack: at once, and then as often as the rule allows")
    ok(any("at once" in w for w in task["where"]), "the words say so")


def short_slack(tmp):
    """A near date shortens the period: half of what is left to it."""
    manifest = (REPO / "fixtures/cluster")
    late = scan(tmp, manifest, more=["--now", "2030-01-01"])
    by = {(r["asset"], r["use"]): r for r in tasks(late, type="key-rotation")[0]["rotation"]}
    r = by[("clinic-edge-key", "L")]
    left = (datetime.date(2030, 12, 31) - datetime.date(2030, 1, 1)).days
    ok(r["period_days"] == left // 2, "a year before the date a signing key is turned twice", r)
    where = tasks(scan(tmp, manifest, more=["--now", "2030-11-25"]), type="key-rotation")[0]["where"]
    ok(any("at once; no routine period fits a slack of 36 days (the least is 30 days)" in w for w in where) and
       not any("every 30 days (slack" in w for w in where), "half of 36 days is under the least period: none is named", where)


def roadmap(report):
    pilot = tasks(report, type="pilot")
    ok(not pilot, "no pilot through the setting that it would be a pilot for", [t["title"] for t in pilot])
    off = next(t for t in tasks(report, type="enforce-hybrid") if "ingress-nginx" in t["id"])
    ok("no pilot elsewhere: claims-llm prompts" in off["needs"] and "second controller" in off["needs"],
       "who turns clients away reads why, and what to try instead", off["needs"])

    training = tasks(report, type="team-training")[0]
    ok(any("clinical-data: 1 asset" in w for w in training["where"]), "training names the teams", training["where"])
    policy = tasks(report, type="policy-alignment")[0]
    ok(policy["units"] == 5 and "2027-03-19" in policy["where"][0], "duties that no scan can check come first", policy["where"])
    watch = tasks(report, type="threat-intelligence")[0]
    ok(any("2027-03-09" in w for w in watch["where"]), "a year after the newest curve the next is expected", watch["where"])
    ok(watch["every_months"] == 3 and watch["next"] >= "2026-11-21", "and the date of the next source", watch["next"])
    monthly = tasks(report, type="continuous-monitoring")[0]
    ok((monthly["every_months"], monthly["next"]) == (1, "2026-12-21"), "a look every month", monthly["next"])
    windows = {t["usual_window"] for t in report["plan"]["tasks"] if t.get("lane") == "roadmap"}
    ok(len(windows) == 3, "roadmap items stand in all three windows", windows)


def pilot_apart(tmp):
    """A controller of its own for the lesser asset: there it can be tried."""
    shutil.copytree(REPO / "fixtures/cluster", tmp / "apart")
    path = tmp / "apart/edge/ingress-nginx.yaml"
    one = path.read_text()
    two = one.replace("ingress-nginx-controller", "public-controller").replace("  name: nginx\n", "  name: public\n")
    (tmp / "apart/edge/public.yaml").write_text(two)
    path = tmp / "apart/edge/inference-ingress.yaml"
    path.write_text(path.read_text().replace("ingressClassName: nginx", "ingressClassName: public"))
    report = scan(tmp, tmp / "apart")
    edits = {t["id"] for t in tasks(report, type="hybrid-on-edge")}
    ok(len(edits) == 2, "two controllers, two edits", edits)
    pilot = tasks(report, type="pilot")
    edge = next((t for t in pilot if "ingress-nginx" in t["id"]), None)
    ok(edge is not None and "claims-llm prompts" in edge["title"], "the pilot goes to the asset of lowest impact behind another controller",
       [t["title"] for t in pilot])
    if edge is None:
        return
    by_id = {t["id"]: t for t in report["plan"]["tasks"]}
    assets = {a["id"]: a for a in report["graph"]["assets"]}
    decisions = {a["id"]: a["decision"] for a in report["assessment"]["assets"]}
    least, *act = edge["assets"]
    ok(decisions[least] != "Act" and all(decisions[a] == "Act" for a in act) and
       all(assets[least]["impact"]["value"] < assets[a]["impact"]["value"] for a in act), "for those to act on, of higher impact", act)
    offers = [i for i in edge["precedes"] if i.startswith("hybrid-on-edge")]
    refuses = [i for i in edge["precedes"] if i.startswith("enforce-hybrid")]
    ok(offers and all(edge["id"] not in by_id[i]["after"] for i in offers), "offering hybrid groups does not wait for it", offers)
    ok(refuses and all(edge["id"] in by_id[i]["after"] for i in refuses), "refusing classical sessions does", refuses)


def drift(tmp):
    for cloud, groups in (("aws", "X25519:P-256"), ("gcp", "X25519MLKEM768:X25519")):
        (tmp / cloud).mkdir()
        (tmp / cloud / "edge.yaml").write_text(EDGE.replace("GROUPS", groups))
    report = scan(tmp, tmp / "aws", tmp / "gcp")
    found = tasks(report, type="provider-drift")
    ok(len(found) == 1 and f"{tmp}/aws has X25519" in found[0]["where"][0] and f"{tmp}/gcp has X25519MLKEM768" in found[0]["where"][0],
       "the same role in two clouds, protected differently: both are named", found)
    (tmp / "aws/edge.yaml").write_text((tmp / "gcp/edge.yaml").read_text())
    ok(not tasks(scan(tmp, tmp / "aws", tmp / "gcp"), type="provider-drift"), "the same in both: no drift")


def hard_coded(tmp):
    (tmp / "src").mkdir()
    (tmp / "src/server.go").write_text(GO)
    found = tasks(scan(tmp, tmp / "src"), type="crypto-agility")
    line = next(i for i, text in enumerate(GO.splitlines(), 1) if "CurvePreferences" in text)
    ok(len(found) == 1 and any(f"src/server.go:{line}:" in w for w in found[0]["where"]), "code that names its curves is named", found)
    ok(found[0]["units"] == len(found[0]["where"]) == 2, "one place a use")
    (tmp / "src/server.go").write_text("package main\n\nfunc main() {}\n")
    ok(not tasks(scan(tmp, tmp / "src"), type="crypto-agility"), "code that names none is not")


PERF = REPO / "rules/perf"


def rules_of(name):
    return {r["id"]: r for r in yaml.safe_load((PERF / name).read_text())}


def reference_rows():
    """Microseconds and GB/s by row, of the reference profile."""
    rows = rules_of("reference.yaml")["perf.reference"]["rows"]
    return {k: [float(x) for x in str(v).split()] for k, v in rows.items()}


def bench_rows(path):
    rows = json.loads(path.read_text())["rows"]
    return {r["id"]: [r["p25_ns"] / 1000] + ([r["gb_s"]] if "gb_s" in r else []) for r in rows if r.get("in_use")}


def rows_us(words, rows):
    """"a + b - c" of a line, from the bench's own rows."""
    total, sign = 0, 1
    for word in words.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            total += sign * rows[word][0]
    return total


def flight(suite, certs):
    group = next(g for g in rules_of("groups.yaml").values() if g["group"] == suite["group"])
    sig = next(s for s in rules_of("signatures.yaml").values() if s["signature"] == suite["signature"])
    tls = rules_of("suites.yaml")["perf.tls"]
    return (tls["server_hello"] + group["share_down"] + certs * (tls["certificate"] + sig["pk"] + sig["sig"]) +
            tls["certificate_verify"] + sig["sig"] + tls["finished"])


def rounds(n, window=14480):
    sent, r = window, 1
    while sent < n:
        window, sent, r = window * 2, sent + window * 2, r + 1
    return r


def exchange(transfer, payload, rule, rows):
    """Percent that the exchange of one message takes longer: perf.h's transfer, once more."""
    def ms(names):
        return sum((int(n.split()[0]) if " " in n else 1) * rows[n.split()[-1]][0] for n in names) / 1000

    def wire(size):
        return rule["rtt_ms"] / 2 + size * 8 / (rule["mbit"] * 1000)

    def cipher(row):
        return 2 * payload / (rows[row][1] * 1e6)
    now = wire(payload + transfer["today_bytes"]) + ms(transfer["rows_today"]) + cipher(transfer["seal_today"])
    then = wire(payload + transfer["added_bytes"]) + ms(transfer["rows"]) + cipher(transfer["seal"])
    return 100 * (then - now) / now


def again(line, rows):
    """The value of a line from its rows, its input and the rule alone."""
    rule = next(r for r in rules_of("lines.yaml").values() if r["what"] == line["what"] and r["how"] == line["how"] and
                (line["how"] not in ("cpu", "rate-cpu", "replica-cpu") or line["row"].split()[0] == r["plus"][0]))
    how, given, parts = line["how"], line.get("input"), line.get("row", "").split("; ")
    if how == "count":
        return rule["value"]
    if how == "growth":
        return rule["value"] + -(-given // 2**20) * rule["added_per_mib"]
    if how in ("cpu", "rate-cpu", "replica-cpu"):
        us = rows_us(parts[0], rows)
        return us if how == "cpu" else us * given / 1000 / line.get("replicas", 1)
    if how == "cipher":
        return rows[parts[0]][1]
    if how == "seal":
        return given / (rows[parts[0]][1] * 1e9)
    if how == "round":
        return given * (rows_us(parts[0], rows) / 1e6 + rule["payload_bytes"] / (rows[parts[1]][1] * 1e9))
    if how == "step":
        return exchange(rules_of("transfers.yaml")[rule["transfer"]], given, rule, rows)
    then, now = flight(rule["suite"], given), flight(rule["today"], given)
    return then if how == "chain" else rounds(then) - rounds(now)


def recomputed(report, rows, host, profile):
    lines = [(t["type"], line) for t in report["plan"]["tasks"] for line in t.get("performance", [])]
    wrong = [(t, line, again(line, rows)) for t, line in lines
             if abs(again(line, rows) - line["value"]) > 1e-4 + 1e-6 * abs(line["value"])]
    hows = {line["how"] for _, line in lines}
    ok(len(lines) > 30 and not wrong, f"{len(lines)} costs come again from the rows of {profile}", wrong[:3])
    ok(hows >= {"count", "growth", "cpu", "rate-cpu", "replica-cpu", "cipher", "seal", "round", "step", "chain", "trips"},
       "every way to compute is among them", hows)
    timed = [line for _, line in lines if "row" in line]
    ok(all(host in line["host"] and line["date"] and line["profile"].endswith(profile) for line in timed),
       "each timed one names host, date and profile")
    return lines


def performance(tmp, report):
    recomputed(report, reference_rows(), "OpenSSL", "reference profile")
    bench = tmp / "bench.json"
    r = run("bench", "--quick", "-o", f"json={bench}", timeout=300)
    ok(r.returncode == 0, "this machine is timed, quickly", err(r))
    r = run("report", tmp / "r.json", "--bench", bench, "-o", f"json={tmp}/b.json", "--quiet")
    ok(r.returncode == 0, "report --bench takes it", err(r))
    timed = json.loads((tmp / "b.json").read_text())
    recomputed(timed, bench_rows(bench), json.loads(bench.read_text())["host"]["name"], "bench.json")


def told_inputs(tmp):
    (tmp / "told.yaml").write_text(TOLD)
    task = tasks(scan(tmp, tmp / "told.yaml"), id="plaintext-fix:ai/StatefulSet/qdrant")[0]
    cpu = next(line for line in task["performance"] if line["how"] == "rate-cpu")
    at = next(i for i, text in enumerate(TOLD.splitlines(), 1) if "handshakes-per-second" in text)
    ok(cpu["input"] == 250 and f"told.yaml:{at}" in cpu["basis"], "a rate that an annotation tells is taken, and its place told", cpu)
    ok(abs(cpu["value"] - rows_us(cpu["row"], reference_rows()) * 250 / 1000) < 1e-4, "millicores are CPU times rate", cpu)
    (tmp / "told.yaml").write_text(TOLD.replace('pqmap.dev/handshakes-per-second: "250"', 'pqmap.dev/asset: x'))
    task = tasks(scan(tmp, tmp / "told.yaml"), id="plaintext-fix:ai/StatefulSet/qdrant")[0]
    cpu = next(line for line in task["performance"] if line["how"] == "rate-cpu")
    ok(cpu["input"] == 1000 and cpu["basis"].startswith("assumed"), "else 1,000 a second are assumed, and said to be", cpu)


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
    short_slack(tmp)
    drift(tmp)
    pilot_apart(tmp)
    hard_coded(tmp)
    told_inputs(tmp)
done()
