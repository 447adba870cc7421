#!/usr/bin/python3
"""protected-since: what was recorded before traffic was protected stays recorded, whatever is set today."""
import json
import os

import kit
import qrv
from kit import done, err, ok, run, tmpdir

NOW = "2026-11-21"


def scan(target, *args):
    with tmpdir() as d:
        name = os.path.join(d, "a.json")
        r = run("scan", target, "--now", NOW, "--regime", "us-eo-14412", "-q", "-o", "json=" + name, *args)
        ok(r.returncode == 0, f"{os.path.basename(target)} is scanned", err(r)[:300])
        with open(name, encoding="utf-8") as f:
            return json.load(f)


def cluster(since):
    with tmpdir() as d:
        return scan(qrv.protected_cluster(str(kit.REPO), os.path.join(d, "cluster"), since))


def money(report, key):
    return report["assessment"]["totals"]["central"][key]


def asset(report, name):
    return next(a for a in report["assessment"]["assets"] if a["id"] == name)


def history(report):
    return [(a["id"], u) for a in report["assessment"]["assets"] for u in a["uses"] if "history" in u]


def notes(report):
    return [a["asset"] for a in report["assessment"]["assumptions"] if a["source"] == "nobody said since when"]


def unresolved(report):
    return "\n".join(report["graph"]["unresolved"])


def adds_up(report):
    for s in qrv.SCENARIOS:
        t = report["assessment"]["totals"][s]
        if abs(t["expected"] - t["sunk"] - t["avoidable"]) > 0.02:
            return False
    left = [r["left"] for r in report["plan"]["residual"]]
    return left == sorted(left, reverse=True) and left[-1] >= report["plan"]["residual"][0]["sunk"] - 0.01


before = scan(os.path.join(str(kit.REPO), "fixtures/cluster"))
silent, today, spring = cluster(None), cluster(NOW), cluster("2026-03-01")

ok(not history(before) and not history(silent), "without a date there is no history")
ok(money(silent, "sunk") < money(before, "sunk") * 0.8, "an edit alone seems to take back what was recorded")
ok("phi-train-2026" in notes(silent) and "phi-train-2026" not in notes(before),
   "and that is said as an assumption", notes(silent))
ok("phi-train-2026" not in notes(today), "a date answers it", notes(today))

ok(abs(money(today, "sunk") - money(before, "sunk")) < 0.01, "protected since today: sunk is what it was",
   (money(today, "sunk"), money(before, "sunk")))
ok(money(today, "sunk") < money(today, "expected") < money(before, "expected"),
   "and what is to come is lower")
ok(money(silent, "sunk") < money(spring, "sunk") < money(today, "sunk"), "an earlier date: less was recorded",
   (money(silent, "sunk"), money(spring, "sunk"), money(today, "sunk")))
ok(all(map(adds_up, (before, silent, today, spring))),
   "expected is sunk and avoidable; the plan's curve never rises and never ends below sunk")
for name in ("phi-train-2026", "clinic-checkpoints"):
    was, now = asset(before, name), asset(today, name)
    ok(all(now["p"][s] <= was["p"][s] + 1e-4 and now["sunk"][s] == was["sunk"][s] for s in qrv.SCENARIOS),
       f"{name}: recorded once, by one recorder: sunk as before, P no higher", (was["p"], now["p"]))

uses = history(spring)
ok(len(uses) >= 2 and all(u["vector"].split("/")[3:] and "/D:S/" in u["vector"] and "/Y:0/" in u["vector"] and
                          "/C:N/" in u["vector"] for _, u in uses), "a history is a vector: stock, Y 0, C:N", uses)
for name, u in uses:
    again = json.loads(run("risk", u["vector"], "-o", "json").stdout)["uses"][0]
    ok(all(abs(again[k][s] - u[j][s]) < 1e-4 for k, j in (("p", "p"), ("sunk", "sunk"), ("cost_of_delay", "cod"))
           for s in qrv.SCENARIOS), f"{name}: pqmap risk gives its numbers again", (u, again))
    ok(u["sunk"] == u["p"] and u["cod"]["central"] == 0, f"{name}: all of it is sunk, waiting adds nothing")
    ok(u["inputs"]["protect"]["by"] == "declaration", f"{name}: its source is the declaration", u["inputs"])
tasks = [t for t in spring["plan"]["tasks"] if "before 2026-03-01" in json.dumps(t)]
ok(not tasks, "no task for the past", tasks)

for said, words in (("2027-01-01", "is after the date of this report"), ("last spring", "is no date")):
    r = cluster(said)
    ok(words in unresolved(r) and not history(r), f"'{said}' {words}", unresolved(r)[:300])

with tmpdir() as d:
    target = qrv.protected_cluster(str(kit.REPO), os.path.join(d, "cluster"), NOW)
    path = os.path.join(target, ".pqmap.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("protected-since", "protected-sinse"))
    ok("the nearest is protected-since" in unresolved(scan(target)), "a slip is told the nearest key")

ONE = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: chat
  namespace: serving
  annotations: {pqmap.dev/data-class: prompts-sensitive, pqmap.dev/in-use: 3y, pqmap.dev/protected-since: 2025-11-21,
    pqmap.dev/size: SIZE}
spec:
  ingressClassName: nginx
  tls: [{hosts: [chat.example], secretName: chat-tls}]
  rules: [{host: chat.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: c, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: edge, labels: {app.kubernetes.io/name: ingress-nginx}}
data: {ssl-ecdh-curve: "X25519MLKEM768:X25519", ssl-protocols: TLSv1.3}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: edge}
spec:
  template:
    spec:
      containers:
        - name: controller
          image: registry.k8s.io/ingress-nginx/controller:v1.15.0
          args: [/nginx-ingress-controller, --configmap=$(POD_NAMESPACE)/ingress-nginx-controller, --ingress-class=nginx]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
"""


def one(size):
    with tmpdir() as d:
        with open(os.path.join(d, "a.yaml"), "w", encoding="utf-8") as f:
            f.write(ONE.replace("SIZE", size))
        return scan(d)


r = one("1.5Gi")
u = [u for _, u in history(r)]
ok(len(u) == 1 and "/X:9/" in u[0]["vector"] and "/W:2/" in u[0]["vector"] and u[0]["history"]["ended_years"] == 1,
   "the annotation does the same: a year less to hold, two years of traffic", [r["assessment"]["assets"], unresolved(r)])

# ---- size: bytes that one run opens ----
for said, bytes_ in (("1.5Gi", 1.5 * 2**30), ("2TB", 2e12), ("4096", 4096), ("3 MB", 3e6)):
    got = {u["vector"].split("/")[2]: u["shor"].get("bytes", {}).get("value") for _, u in history(one(f'"{said}"'))}
    ok(got == {"U:K": bytes_}, f"size {said}: {bytes_:.0f} bytes a run", got)
r = one("big")
ok("is no size" in unresolved(r) and '"bytes": {' not in json.dumps(r["assessment"]), "what is no size is told, and no number made up")
ok(all("bytes" not in u["shor"] for a in before["assessment"]["assets"] for u in a["uses"]), "nobody said a size: none is given")

done()
