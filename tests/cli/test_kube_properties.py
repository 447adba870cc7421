#!/usr/bin/env python3
"""Two properties over random clusters: a hop that is upgraded never raises the risk of any asset, and an
object that nothing refers to changes no asset. Each fix of a plan is made without waiting for another, as
with few people an upgrade here can move a fix there."""
import json
import pathlib
import random
import sys

from kit import done, err, ok, run, tmpdir

ROUNDS = 60
# From weak to strong, of one kind of thing each: what is compared is an upgrade, not a change of family.
LEVELS = {
    "tls": [False, True],
    "nginx": ["P-256", "X25519", "X25519MLKEM768:X25519", "X25519MLKEM768"],
    "envoy": [["P-256"], ["X25519MLKEM768", "P-256"], ["X25519MLKEM768"]],
    "mesh": [None, "PERMISSIVE", "STRICT"],
    "rsa": [2048, 3072, 4096],
    "dataset": ["http://data.example/x", "https://data.example/x"],
}


def obj(api, kind, name, ns="ai", **body):
    meta = {"name": name, **({"namespace": ns} if ns else {}), **body.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **body}


def template(name, **container):
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [dict(name="c", **container)]}}


def cluster(s):
    injected = {"istio-injection": "enabled"} if s["mesh"] else {}
    out = [obj("v1", "Namespace", "ai", None, metadata={"labels": injected}),
           obj("v1", "ConfigMap", "nginx", "ingress-nginx", data={"ssl-ecdh-curve": s["nginx"]}),
           obj("gateway.networking.k8s.io/v1", "Gateway", "front", spec={"gatewayClassName": "eg", "listeners": [
               {"name": "a", "port": 443, "protocol": "HTTPS", "hostname": "b.example", "tls": {"certificateRefs": [{"name": "edge"}]}}]}),
           obj("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", "curves", spec={
               "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}], "tls": {"ecdhCurves": s["envoy"]}}),
           obj("gateway.networking.k8s.io/v1", "HTTPRoute", "b", spec={"parentRefs": [{"name": "front"}],
                                                                      "rules": [{"backendRefs": [{"name": "chat", "port": 80}]}]}),
           obj("cert-manager.io/v1", "Certificate", "edge", spec={"secretName": "edge", "issuerRef": {"name": "ca"},
                                                                  "privateKey": {"algorithm": "RSA", "size": s["rsa"]}}),
           obj("networking.k8s.io/v1", "Ingress", "llm", spec={"ingressClassName": "nginx", "rules": [{"host": "a.example", "http": {
               "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "llm", "port": {"number": 80}}}}]}}],
               **({"tls": [{"hosts": ["a.example"], "secretName": "edge"}]} if s["tls"] else {})})]
    for name in ("llm", "chat"):
        out.append(obj("apps/v1", "Deployment", name, spec={"template": template(name, image="vllm/vllm-openai:v0.8", args=["--model=x"])}))
        out.append(obj("v1", "Service", name, spec={"selector": {"app": name}, "ports": [{"port": 80}]}))
    out.append(obj("kubeflow.org/v1", "PyTorchJob", "train", spec={"pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template": template(
        "train", image="pytorch/pytorch:2.3", env=[{"name": "DATASET_URI", "value": s["dataset"]}])}}}))
    if s["mesh"]:
        out.append(obj("security.istio.io/v1", "PeerAuthentication", "default", spec={"mtls": {"mode": s["mesh"]}}))
    return out


def unrelated(r, k):
    name, ns = f"other-{k}", f"elsewhere-{k % 3}"
    return r.choice([
        obj("v1", "ConfigMap", name, ns, data={"a": "b"}),
        obj("v1", "Secret", name, ns, type="Opaque", data={"a": "AAAA"}),
        obj("apps/v1", "Deployment", name, ns, spec={"template": template(name, image="registry.example/plain:1")}),
        obj("v1", "Pod", name, ns, spec={"containers": [{"name": "c", "image": "registry.example/plain:1"}]}),
        obj("events.k8s.io/v1", "Event", name, ns, reason="Pulled"),
        obj("v1", "PersistentVolumeClaim", name, ns, spec={"storageClassName": "fast"}),
        obj("v1", "Namespace", name, None),
        obj("example.dev/v1", "Thing", name, ns, spec={"replicas": 3}),
    ])


def scan(tmp, objects):
    path = pathlib.Path(tmp, "list.json")
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=1))
    r = run("scan", path, "-q", "--now", "2026-11-01", "--capacity", "100000", "-o", "json")
    if r.returncode != 0:
        sys.exit(f"not ok - the scan ends well\n    {err(r)}")
    return json.loads(r.stdout)


def risks(report):
    """Hops that are open to anybody today come before any probability: p is that of a later break alone
    (QRV: "broken today, not a quantum finding")."""
    return {a["id"]: {c: (sum(u["broken_today"] for u in a["uses"]), p) for c, p in a["p"].items()}
            for a in report["assessment"]["assets"]}


def is_worse(before, after):
    return after[0] > before[0] or (after[0] == before[0] and after[1] > before[1] + 1e-4)


def assets(report):
    drop = ("line", "source")
    def bare(v):
        if isinstance(v, dict):
            return {k: bare(x) for k, x in v.items() if k not in drop}
        return [bare(x) for x in v] if isinstance(v, list) else v
    return {a["id"]: bare(a) for a in report["graph"]["assets"] if not a["unassigned"]}


def upgrades(tmp, r):
    worse, moved = [], 0
    for k in range(ROUNDS):
        s = {key: r.choice(v[:-1]) for key, v in LEVELS.items()}
        key = r.choice(list(LEVELS))
        up = dict(s, **{key: r.choice(LEVELS[key][LEVELS[key].index(s[key]) + 1:])})
        before, after = risks(scan(tmp, cluster(s))), risks(scan(tmp, cluster(up)))
        for name in set(before) & set(after) - {"unassigned"}:
            moved += any(after[name][c] < before[name][c] for c in before[name])
            if any(is_worse(before[name][c], after[name][c]) for c in before[name]):
                worse.append((key, s[key], up[key], name, before[name], after[name]))
    ok(not worse, f"{ROUNDS} upgrades of a hop: the risk of no asset rises", worse[:2])
    ok(moved > 0, f"and that of {moved} falls")


def additions(tmp, r):
    changed = []
    for k in range(ROUNDS // 2):
        base = cluster({key: r.choice(v) for key, v in LEVELS.items()})
        more = base + [unrelated(r, i) for i in range(r.randint(1, 5))]
        r.shuffle(more)
        a, b = scan(tmp, base), scan(tmp, more)
        ea, eb = ({(e["from"], e["rel"], e["to"]) for e in x["graph"]["edges"]} for x in (a, b))
        if assets(a) != assets(b) or not ea <= eb or \
                {f["id"] for f in a["findings"]} - {f["id"] for f in b["findings"]}:
            changed.append([n for n in assets(a) if assets(a)[n] != assets(b).get(n)] or sorted(ea - eb)[:2])
    ok(not changed, f"{ROUNDS // 2} times unrelated objects in another order: assets, hops and edges are as before", changed[:3])


with tmpdir() as tmp:
    upgrades(tmp, random.Random(5))
    additions(tmp, random.Random(6))
done()
