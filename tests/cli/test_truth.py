#!/usr/bin/env python3
"""What a platform engineer reads first must be true, and what the plan says must be possible where it says it."""
import json
import pathlib

from kit import REPO, done, err, ok, out, run, tmpdir

CLIENT = """apiVersion: apps/v1
kind: Deployment
metadata: { name: chat, namespace: web }
spec:
  selector: { matchLabels: { app: chat } }
  template:
    metadata: { labels: { app: chat } }
    spec:
      containers:
        - name: chat
          image: vllm/vllm-openai:v0.6
          env:
            - { name: OPENAI_API_BASE_URL, value: "https://HOST/v1" }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: team }
spec: { selector: { app: api }, ports: [{ port: 443 }] }
"""

MODEL = """apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: fraud, namespace: risk }
spec:
  predictor:
    serviceAccountName: reader
    model: { modelFormat: { name: sklearn }, storageUri: "s3://models/fraud" }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: risk }
secrets: [{ name: s3 }]
---
apiVersion: v1
kind: Secret
metadata:
  name: s3
  namespace: risk
  annotations: { serving.kserve.io/s3-endpoint: "minio.store.svc:9000", serving.kserve.io/s3-usehttps: "HTTPS" }
"""

POD = """apiVersion: v1
kind: Pod
metadata: { name: llm, namespace: ai }
spec:
  containers:
    - { name: llm, image: vllm/vllm-openai:v0.6, envFrom: [{ secretRef: { name: hf } }] }
"""


RAY = """apiVersion: ray.io/v1
kind: RayCluster
metadata: { name: tune, namespace: ray }
spec:
  headGroupSpec: { template: { spec: { containers: [{ name: head, image: "rayproject/ray-ml:2.9.0" }] } } }
  workerGroupSpecs:
    - groupName: gpu
      template: { spec: { containers: [{ name: w, image: "rayproject/ray-ml:2.9.0", env: [{ name: RAY_USE_TLS, value: "0" }] }] } }
"""


EDGE = """apiVersion: apps/v1
kind: Deployment
metadata: { name: llm, namespace: ai }
spec:
  selector: { matchLabels: { app: llm } }
  template:
    metadata: { labels: { app: llm }, annotations: { linkerd.io/inject: enabled } }
    spec: { containers: [{ name: llm, image: "vllm/vllm-openai:v0.6" }] }
---
apiVersion: v1
kind: Service
metadata: { name: llm, namespace: ai }
spec: { selector: { app: llm }, ports: [{ port: 8000 }] }
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: llm, namespace: ai }
spec:
  entryPoints: [websecure]
  routes: [{ match: "Host(`llm.corp.net`)", kind: Rule, services: [{ name: llm, port: 8000 }] }]
  tls: { options: { name: curves } }
---
apiVersion: traefik.io/v1alpha1
kind: TLSOption
metadata: { name: curves, namespace: ai }
spec: { curvePreferences: [LIST] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: linkerd-destination, namespace: linkerd }
spec: { template: { spec: { containers: [{ name: destination, image: "cr.l5d.io/linkerd/controller:VERSION" }] } } }
"""


def graph(tmp, text):
    (pathlib.Path(tmp) / "m.yaml").write_text(text)
    r = run("scan", "m.yaml", "-q", "-o", "json=a.json", cwd=tmp)
    ok(r.returncode == 0, "scanned", err(r))
    return json.loads((pathlib.Path(tmp) / "a.json").read_text())["graph"]


def far_ends(g):
    return {e["to"] for e in g["edges"] if e["rel"] == "talks-to"}


def hosts(tmp):
    ok("team/Service/api" in far_ends(graph(tmp, CLIENT.replace("HOST", "api.team"))), "api.team is the Service api in team")
    ok("team/Service/api" in far_ends(graph(tmp, CLIENT.replace("HOST", "api.team.svc.cluster.local"))), "… and so by its whole name")
    got = far_ends(graph(tmp, CLIENT.replace("HOST", "api.team.corp.net")))
    ok("team/Service/api" not in got and any("api.team.corp.net" in x for x in got), "api.team.corp.net is a host of its own", got)


def stores(tmp):
    def hop(text):
        g = graph(tmp, text)
        return [h for a in g["assets"] for h in a["hops"] if "minio" in h["label"] or "amazonaws" in h["label"]]
    plain = hop(MODEL.replace("HTTPS", "0"))
    ok(len(plain) == 1 and plain[0]["verdict"] == "plaintext" and "minio.store.svc" in plain[0]["label"],
       "the account's Secret says where s3 is, and that it is plaintext", plain)
    tls = hop(MODEL.replace("HTTPS", "1"))
    ok(len(tls) == 1 and tls[0]["verdict"] == "unknown" and tls[0]["exposure"] == "L", "… or TLS, inside the cluster", tls)
    other = hop(MODEL.replace("serviceAccountName: reader", "serviceAccountName: writer"))
    ok(len(other) == 1 and "s3.amazonaws.com" in other[0]["label"], "another account's Secret says nothing", other)


def twins(tmp):
    def told(text):
        return [x for x in graph(tmp, text)["unresolved"] if x.startswith("ai/Secret/hf")]
    ok(len(told(POD)) == 1, "a Secret that nobody brings is told")
    for kind, group in (("SealedSecret", "bitnami.com/v1alpha1"), ("ExternalSecret", "external-secrets.io/v1")):
        text = f"{POD}---\napiVersion: {group}\nkind: {kind}\nmetadata: {{ name: NAME, namespace: ai }}\nspec: {{ template: {{ type: Opaque }} }}\n"
        ok(told(text.replace("NAME", "hf")) == [], f"a {kind} of its name brings it")
        ok(len(told(text.replace("NAME", "other"))) == 1, f"a {kind} of another name does not")


def workers(tmp):
    def hops(text):
        return [(h["label"], h["verdict"], h.get("line")) for a in graph(tmp, text)["assets"] for h in a["hops"]]
    ok(hops(RAY) == [("workers of tune: Ray in plaintext", "plaintext", 8)], "Ray's workers talk in plaintext", hops(RAY))
    tls = hops(RAY.replace('"0"', '"1"'))
    ok([v for _, v, _ in tls] == ["unknown"] and "TLS" in tls[0][0], "… unless RAY_USE_TLS is 1", tls)
    ok(all("Ray" not in label for label, _, _ in hops(RAY.replace("spec:\n", "spec:\n  tlsOptions: { enabled: true }\n", 1))),
       "… or the operator sees to it", "")
    ok(all("Ray" not in label for label, _, _ in hops(RAY[:RAY.index("  workerGroupSpecs")])), "a head alone talks to nobody")


def groups(tmp):
    def hops(curves, version="edge-24.1.1"):
        g = graph(tmp, EDGE.replace("LIST", curves).replace("VERSION", version))
        return {h["label"]: (h["verdict"], h.get("groups")) for a in g["assets"] for h in a["hops"]}
    got = hops("CurveP256")
    ok(any(k.endswith(": P-256 only") for k in got), "one curve is the only one", got)
    got = hops("CurveP256, X25519, CurveP384")
    ok(any(k.endswith(": P-256, X25519, P-384 only") and v == ("classical", "P-256, X25519, P-384") for k, v in got.items()),
       "of several none is the only one", got)
    ok(any(("hybrid from 2.19 on" in k and v[0] == "unknown") for k, v in got.items()), "Linkerd's version decides", got)
    for version in ("stable-2.19.0", "edge-26.3.1"):
        got = hops("X25519", version)
        ok(any("mesh mTLS, hybrid where both sides allow it" in k and v[0] == "hybrid-capable" for k, v in got.items()),
           f"… which is hybrid in {version}", got)


def plan(tmp):
    a = pathlib.Path(tmp) / "a.json"
    r = run("scan", "fixtures/cluster", "-q", "--now", "2026-11-21", "-o", f"json={a}", "-o", f"html={tmp}/a.html", cwd=REPO)
    ok(r.returncode == 0, "the example cluster is scanned", err(r))
    tasks = out(run("plan", a)).split("\n   1  ")[1]
    first = tasks.split("\n   2  ")[0]
    ok("WireGuard" in first and "wg show" in first and "openssl s_client" not in first and "certificate" not in first,
       "what is done to collectives is checked and undone as such", first)
    asked = [x for x in tasks.splitlines() if "pqmap probe" in x]
    ok(asked and all("/Deployment/" not in x and "/StatefulSet/" not in x for x in asked), "no object is probed by its id", asked)
    ok("unassigned" not in "\n".join(x for x in tasks.splitlines() if x[:6].strip().isdigit()), "titles name places", tasks)
    page = (pathlib.Path(tmp) / "a.html").read_text()
    ok("<b>Successor:</b> ML-DSA-65" in page and "<b>To do:</b> ML-DSA-65" not in page, "an algorithm's name is nothing to do")


with tmpdir() as t:
    hosts(t)
    stores(t)
    twins(t)
    workers(t)
    groups(t)
    plan(t)
done()
