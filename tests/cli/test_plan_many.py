"""Five thousand tasks with money are planned: all of them, in order, in time that no quadratic walk would keep."""
import json
import pathlib
import resource

from kit import REPO, done, err, ok, out, run, tmpdir

NOW = ("--now", "2026-11-21", "--regime", "us-eo-14412")
ONE = """---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: llm{i}
  namespace: team{ns}
  annotations: {{ pqmap.dev/shelf-life: "{life}y", pqmap.dev/impact: "{impact}", pqmap.dev/money: "{money} USD" }}
spec:
  selector: {{ matchLabels: {{ a: llm{i} }} }}
  template:
    metadata: {{ labels: {{ a: llm{i} }} }}
    spec:
      containers:
      - name: c
        image: vllm/vllm-openai:v0.{minor}.0
        args: [--model, org/m{i}]
        ports: [{{ containerPort: 8000 }}]
---
apiVersion: v1
kind: Service
metadata: {{ name: llm{i}, namespace: team{ns} }}
spec: {{ selector: {{ a: llm{i} }}, ports: [{{ port: 8000 }}] }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: llm{i}, namespace: team{ns} }}
spec:
  ingressClassName: nginx
  tls: [{{ hosts: [llm{i}.example.org], secretName: t{i} }}]
  rules: [{{ host: llm{i}.example.org, http: {{ paths: [{{ path: /, pathType: Prefix, backend: {{ service: {{ name: llm{i}, port: {{ number: 8000 }} }} }} }}] }} }}]
"""
DEPLOYMENTS = 1700
# On a quiet core 1.6 s; walks over all edges or nodes a hop take minutes.
SECONDS = 60


def manifests(n):
    return "".join(ONE.format(i=i, ns=i % 50, life=1 + i % 20, impact=1 + i % 5, money=1000 * (1 + i % 97), minor=i % 7) for i in range(n))


def spent():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def many():
    with tmpdir() as tmp:
        pathlib.Path(tmp, "all.yaml").write_text(manifests(DEPLOYMENTS))
        inventory = pathlib.Path(tmp, "inventory.json")
        r = run("scan", str(tmp), *NOW, "-o", f"json={inventory}", "--quiet", cwd=REPO, timeout=600)
        ok(r.returncode == 0, "the estate is scanned", err(r))
        has_money = '"has_money": true' in inventory.read_text() or '"has_money":true' in inventory.read_text()
        before = spent()
        r = run("plan", str(inventory), *NOW, "-o", "json", cwd=REPO, timeout=600)
        took = spent() - before
    report = json.loads(out(r)) if r.returncode == 0 else {"plan": {"tasks": [], "goals": []}}
    tasks, goals = report["plan"]["tasks"], report["plan"]["goals"]
    ok(len(tasks) >= 5000 and has_money, "5,000 tasks with money", [err(r), len(tasks)])
    at = {t["id"]: i for i, t in enumerate(tasks)}
    ok(len(at) == len(tasks) and all(at[d] < at[t["id"]] for t in tasks for d in t["after"]), "each after what it needs", len(at))
    ok(len(goals) >= DEPLOYMENTS and all(g["tasks"][0] in at for g in goals), "every goal has its task", len(goals))
    print(f"# {len(tasks)} tasks, {len(goals)} goals: {took:.2f} s")
    ok(took < SECONDS, f"in less than {SECONDS} s of processor time", took)


many()
done()
