#!/usr/bin/env python3
"""Two properties over random clusters: a hop that is upgraded never raises the risk of any asset, and an
object that nothing refers to changes no asset. Each fix of a plan is made without waiting for another, as
with few people an upgrade here can move a fix there."""
import json
import pathlib
import random
import sys

from kit import done, err, ok, run, tmpdir

ROUNDS = 4  # of every level
# From weak to strong, of one kind of thing each: what is compared is an upgrade, not a change of family.
LEVELS = {
    "tls": [False, True],
    "nginx": ["P-256", "X25519", "X25519MLKEM768:X25519", "X25519MLKEM768"],
    "envoy": [["P-256"], ["X25519MLKEM768", "P-256"], ["X25519MLKEM768"]],
    "traefik": [["CurveP256"], ["X25519MLKEM768", "CurveP256"], ["X25519MLKEM768"]],
    "alb": ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"],
    "mesh": [None, "PERMISSIVE", "STRICT"],
    "namespace": ["DISABLE", "PERMISSIVE", "STRICT"],
    "workload": ["DISABLE", "PERMISSIVE", "STRICT"],
    "port": ["DISABLE", "STRICT"],
    "hole": ["80", None],
    "callers": ["DISABLE", "ISTIO_MUTUAL"],
    "linkerd": [None, "enabled"],
    "linkerd_hole": ["70-90", None],
    "nodes": [False, True],
    "backend": [False, True],
    "server": [False, True],
    "rsa": [2048, 3072, 4096],
    "dataset": ["http://data.example/x", "https://data.example/x"],
    "store": ["http", "https"],
    "peer": ["http://far.beyond.svc.cluster.local/x", "https://far.beyond.svc.cluster.local/x"],
}
# Where a level is another's only on such ground.
GROUND = {"namespace": {"mesh": ["PERMISSIVE", "STRICT"]}, "workload": {"mesh": ["PERMISSIVE", "STRICT"]},
          "port": {"mesh": ["PERMISSIVE", "STRICT"]}, "hole": {"mesh": ["PERMISSIVE", "STRICT"]},
          "callers": {"mesh": ["PERMISSIVE"], "namespace": ["PERMISSIVE"]}, "linkerd_hole": {"linkerd": ["enabled"]}}


def obj(api, kind, name, ns="ai", **body):
    meta = {"name": name, **({"namespace": ns} if ns else {}), **body.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **body}


def template(name, notes=None, **container):
    return {"metadata": {"labels": {"app": name}, **({"annotations": notes} if notes else {})},
            "spec": {"containers": [dict(name="c", **container)]}}


def route(name, host, service, **spec):
    return obj("networking.k8s.io/v1", "Ingress", name, **spec.pop("extra", {}), spec={"rules": [{"host": host, "http": {
        "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}]}}], **spec})


def edges(s, shape):
    """An edge of every controller, before whatever servers the shape says."""
    tls = {"tls": [{"hosts": ["a.example"], "secretName": "edge"}]} if s["tls"] else {}
    yield obj("v1", "ConfigMap", "nginx", "ingress-nginx", data={"ssl-ecdh-curve": s["nginx"]})
    yield route("llm", "a.example", shape["nginx"], ingressClassName="nginx", **tls)
    yield route("alb", "c.example", shape["alb"], ingressClassName="alb", extra={"metadata": {"annotations": {
        "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:1:certificate/x",
        "alb.ingress.kubernetes.io/ssl-policy": s["alb"]}}})
    yield obj("gateway.networking.k8s.io/v1", "Gateway", "front", spec={"gatewayClassName": "eg", "listeners": [
        {"name": "a", "port": 443, "protocol": "HTTPS", "hostname": "b.example", "tls": {"certificateRefs": [{"name": "edge"}]}}]})
    yield obj("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", "curves", spec={
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}], "tls": {"ecdhCurves": s["envoy"]}})
    yield obj("gateway.networking.k8s.io/v1", "HTTPRoute", "b", spec={"parentRefs": [{"name": "front"}],
                                                                     "rules": [{"backendRefs": [{"name": shape["envoy"], "port": 80}]}]})
    yield obj("traefik.io/v1alpha1", "TLSOption", "opt", spec={"minVersion": "VersionTLS13", "curvePreferences": s["traefik"]})
    yield obj("traefik.io/v1alpha1", "IngressRoute", "t", spec={"routes": [{"match": "Host(`t.example`)", "services": [
        {"name": shape["traefik"], "port": 80}]}], "tls": {"secretName": "edge", "options": {"name": "opt"}}})
    yield obj("cert-manager.io/v1", "Certificate", "edge", spec={"secretName": "edge", "issuerRef": {"name": "ca"},
                                                                "privateKey": {"algorithm": "RSA", "size": s["rsa"]}})


def below(s):
    """What protects traffic to pods: meshes by scope, policies of backends, the nodes."""
    if s["mesh"]:
        yield obj("security.istio.io/v1", "PeerAuthentication", "default", "istio-system", spec={"mtls": {"mode": s["mesh"]}})
        yield obj("security.istio.io/v1", "PeerAuthentication", "default", spec={"mtls": {"mode": s["namespace"]}})
        yield obj("security.istio.io/v1", "PeerAuthentication", "one", spec={
            "selector": {"matchLabels": {"app": "w0"}}, "mtls": {"mode": s["workload"]},
            "portLevelMtls": {"80": {"mode": s["port"]}} if s["port"] == "DISABLE" else {}})
        yield obj("networking.istio.io/v1", "DestinationRule", "callers", spec={
            "host": "w1.ai.svc.cluster.local", "trafficPolicy": {"tls": {"mode": s["callers"]}}})
    if s["nodes"]:
        yield obj("v1", "ConfigMap", "cilium-config", "kube-system", data={"enable-wireguard": "true"})
    if s["backend"]:
        yield obj("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "far", spec={
            "targetRefs": [{"group": "", "kind": "Service", "name": "w2"}], "validation": {"hostname": "x.example"}})


def workloads(s, shape):
    for k in range(shape["n"]):
        name, ns = f"w{k}", "linked" if k == 3 else "ai"
        notes = {"traffic.sidecar.istio.io/excludeInboundPorts": s["hole"]} if s["hole"] and k == 1 else {}
        if s["linkerd_hole"] and k == 3:
            notes["config.linkerd.io/skip-inbound-ports"] = s["linkerd_hole"]
        args = ["--model=x"] + (["--ssl-certfile=/tls/tls.crt", "--ssl-keyfile=/tls/tls.key"] if s["server"] and k == 0 else [])
        env = [{"name": "OPENAI_API_BASE", "value": f"http://w{shape['calls'][k]}.ai.svc:80/v1"}, {"name": "MODEL_URI", "value": s["peer"]}]
        yield obj("apps/v1", "Deployment", name, ns, spec={"template": template(name, notes, image="vllm/vllm-openai:v0.8", args=args, env=env)})
        yield obj("v1", "Service", name, ns, spec={"selector": {"app": name}, "ports": [{"port": 80}]})
    yield obj("kubeflow.org/v1", "PyTorchJob", "train", spec={"pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template": template(
        "train", image="pytorch/pytorch:2.3", env=[{"name": "DATASET_URI", "value": s["dataset"]}, {"name": "NCCL_DEBUG", "value": "INFO"}])}}})
    yield obj("kubeflow.org/v1", "PyTorchJob", "tune", spec={"pytorchReplicaSpecs": {"Master": {"template": template(
        "tune", image="pytorch/pytorch:2.3", env=[{"name": "DATASET_URI", "value": "s3://bucket/x"},
                                                  {"name": "AWS_ENDPOINT_URL", "value": f"{s['store']}://s3.example"}])}}})


def cluster(s, shape):
    injected = {"istio-injection": "enabled"} if s["mesh"] else {}
    out = [obj("v1", "Namespace", "ai", None, metadata={"labels": injected}),
           obj("v1", "Namespace", "linked", None, metadata={"annotations": {"linkerd.io/inject": s["linkerd"]} if s["linkerd"] else {}})]
    return out + [*edges(s, shape), *below(s), *workloads(s, shape)]


def a_shape(r):
    n = r.randint(4, 6)
    return {"n": n, "calls": [r.randrange(n) for _ in range(n)], **{k: f"w{r.choice([i for i in range(n) if i != 3])}"
                                                                   for k in ("nginx", "envoy", "alb", "traefik")}}


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
        obj("security.istio.io/v1", "PeerAuthentication", name, ns, spec={"mtls": {"mode": "DISABLE"}}),
        obj("networking.istio.io/v1", "DestinationRule", name, ns, spec={"host": name, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}),
        obj("example.dev/v1", "Runner", name, ns, spec={"template": template(name, image="registry.example/plain:1")}),
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
    worse, moved, rounds = [], {}, 0
    for key in sorted(LEVELS):
        for _ in range(ROUNDS):
            s = dict({k: r.choice(v) for k, v in LEVELS.items()}, **{k: r.choice(v) for k, v in GROUND.get(key, {}).items()})
            s[key] = r.choice(LEVELS[key][:-1])
            if key != "nodes" and r.random() < .8:  # else little else would decide
                s["nodes"] = False
            up = dict(s, **{key: r.choice(LEVELS[key][LEVELS[key].index(s[key]) + 1:])})
            shape = a_shape(r)
            before, after = (scan(tmp, cluster(x, shape)) for x in (s, up))
            moved[key] = moved.get(key, 0) + (hops(before) != hops(after))
            before, after = risks(before), risks(after)
            rounds += 1
            for name in set(before) & set(after) - {"unassigned"}:
                if any(is_worse(before[name][c], after[name][c]) for c in before[name]):
                    worse.append((key, s[key], up[key], name, before[name], after[name]))
    ok(not worse, f"{rounds} upgrades of {len(LEVELS)} kinds in random clusters: the risk of no asset rises", worse[:2])
    still = sorted(k for k in LEVELS if not moved[k])
    ok(not still, f"and each kind is seen by a hop ({sum(moved.values())} of {rounds} changed one)", still)


def hops(report):
    return {(a["id"], h["label"], h["verdict"], h.get("certificate")) for a in report["graph"]["assets"] for h in a["hops"]}


def additions(tmp, r):
    changed, rounds = [], 30
    for k in range(rounds):
        base = cluster({key: r.choice(v) for key, v in LEVELS.items()}, a_shape(r))
        more = base + [unrelated(r, i) for i in range(r.randint(1, 5))]
        r.shuffle(more)
        a, b = scan(tmp, base), scan(tmp, more)
        ea, eb = ({(e["from"], e["rel"], e["to"]) for e in x["graph"]["edges"]} for x in (a, b))
        if assets(a) != assets(b) or not ea <= eb or \
                {f["id"] for f in a["findings"]} - {f["id"] for f in b["findings"]}:
            changed.append([n for n in assets(a) if assets(a)[n] != assets(b).get(n)] or sorted(ea - eb)[:2])
    ok(not changed, f"{rounds} times unrelated objects in another order: assets, hops and edges are as before", changed[:3])


with tmpdir() as tmp:
    upgrades(tmp, random.Random(5))
    additions(tmp, random.Random(6))
done()
