#!/usr/bin/env python3
"""The graph of small manifests of known meaning (fixtures/graph): who terminates, mesh policies by scope,
WireGuard between nodes, kinds without a rule, namespaces that nobody tells, lineage and declared values."""
import json
import pathlib

from kit import REPO, done, err, ok, out, run, tmpdir

HERE = REPO / "fixtures/graph"


def scan(name):
    r = run("scan", HERE / name, "-q", "--now", "2026-11-01", "-o", "json")
    if r.returncode != 0:
        ok(False, f"{name} is scanned", err(r))
        return {"assets": [], "edges": [], "nodes": [], "unresolved": []}
    return json.loads(r.stdout)["graph"]


def assets(g):
    return {a["id"]: a for a in g["assets"]}


def kex(asset):
    return {h["label"]: h for h in asset["hops"] if h["use"] == "K"}


def says(got, want, words):
    wrong = {k: (got.get(k), v) for k, v in want.items() if got.get(k) != v}
    ok(not wrong, words, wrong)


def mesh():
    hops = {h["to"].split("/")[-1]: h for a in scan("mesh.yaml")["assets"] for h in a["hops"] if "to" in h}
    istio, classical = ("Istio sidecar", "mTLS"), "classical"
    want = {"meshed": (classical, *istio, ": mesh mTLS, X25519"), "let-in": (classical, *istio, ", plaintext let in"),
            "chosen": (classical, *istio, ": mesh mTLS, X25519"), "joined": (classical, *istio, ": mesh mTLS, X25519"),
            "other-hole": (classical, *istio, ": mesh mTLS, X25519"),
            "walker": (classical, "Istio ztunnel (ambient)", "mTLS", ": mesh mTLS, X25519"),
            "linked": ("unknown", "Linkerd proxy", "mTLS", ": mesh mTLS, hybrid from 2.19 on, version not read, plaintext let in")}
    nobody = ("plaintext", "nobody (plaintext)", "none")
    want |= {n: (*nobody, "bypasses the mesh, plaintext") for n in ("holey", "skipped")}
    want |= {n: (*nobody, "speaks plaintext") for n in ("left-out", "opted-out", "barred", "bare")}
    want |= {"chosen-port": (*nobody, "mesh mTLS switched off"), "off": (*nobody, "callers start no TLS")}
    for name, (verdict, ends, protocol, tail) in want.items():
        h = hops.get(name, {"label": ""})
        ok((h.get("verdict"), h.get("terminated_by"), h.get("protocol")) == (verdict, ends, protocol) and h["label"].endswith(tail),
           f"mesh, {name}: {verdict}, {ends}", h)
    refs = {n: hops[n].get("ref", "") for n in ("holey", "skipped", "chosen-port", "off") if n in hops}
    ok(all(w in refs.get(n, "") for n, w in (("holey", "excludeInboundPorts"), ("skipped", "skip-inbound-ports"),
                                             ("chosen-port", "portLevelMtls.9000.mode"), ("off", "trafficPolicy.tls.mode"))),
       "a hole names the field that makes it", refs)


def ends():
    hops = kex(assets(scan("ends.yaml"))["lab/llm/prompts"]).values()
    got = {h["to"].split("/")[-1]: h for h in hops}
    says({k: v["terminated_by"] for k, v in got.items()}, {
        "nginx": "ingress-nginx", "by-class": "HAProxy ingress", "unknown-class": "the controller of class other", "nobody": "nobody (plaintext)",
        "alb-policy": "AWS load balancer, policy ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09: probe to confirm",
        "alb-default": "AWS load balancer, no policy named: probe to confirm", "google": "Google load balancer: probe to confirm",
        "azure": "Azure Application Gateway: probe to confirm", "through": "the server behind it (TLS passes through)",
        "envoy": "Envoy Gateway", "istio-gw": "Istio ingress gateway", "gke-gw": "Google load balancer: probe to confirm",
        "cilium-gw": "Cilium's Envoy", "traefik": "Traefik", "router": "OpenShift router"}, "who terminates, by controller and provider")
    provider = ("alb-default", "google", "azure", "gke-gw")
    ok(all(got[n]["verdict"] == "unknown" and got[n]["confidence"] == "low" for n in provider),
       "what a provider decides is unknown, not classical", {n: got[n]["verdict"] for n in provider})
    lb = [(h["from"].split("/")[1], h["verdict"], h["exposure"], h["terminated_by"]) for h in hops if "balanced" in h["label"]]
    ok(sorted(lb) == [("Deployment", "unknown", "I", "AWS load balancer, no policy named: probe to confirm"),
                      ("Service", "plaintext", "L", "nobody (plaintext)")], "a load balancer's TLS, and the plaintext behind it", lb)
    t = got["traefik"]
    ok((t["verdict"], t["groups"], t["versions"], t["protocol"], t["confidence"]) ==
       ("classical", "P-256", "from VersionTLS12", "TLS", "high"), "a TLSOption reaches the edge that names it", t)
    a = got["alb-policy"]
    ok((a["verdict"], a["groups"]) == ("hybrid-capable", "X25519MLKEM768, X25519"), "a policy with PQ offers both groups", a)


def cni():
    for a in ("lab/plain/prompts", "lab/train/gradients"):
        h = list(kex(assets(scan("cni.yaml"))[a]).values())[0]
        ok((h["verdict"], h["terminated_by"], h["protocol"], h["groups"]) ==
           ("classical", "the nodes (Cilium WireGuard)", "WireGuard", "X25519"), f"WireGuard between nodes protects {a}, by X25519", h)


def kinds():
    g = scan("kinds.yaml")
    workloads = {n["id"]: n.get("ai_class") for n in g["nodes"] if n["type"] == "workload"}
    ok(workloads == {"lab/ModelFleet/fleet": "inference"}, "a kind without a rule runs pods; a sample, schema or pattern does not",
       workloads)
    ok(("lab/Service/fleet", "serves", "lab/ModelFleet/fleet") in {(e["from"], e["rel"], e["to"]) for e in g["edges"]},
       "its pods are selected")
    ok([u.split(":")[0] for u in g["unresolved"]] == ["lab/Secret/fleet-token", "lab/Service/cache"] and
       all("kinds.yaml:1" in u for u in g["unresolved"]), "ghosts: a Secret and a host of the cluster, with their place", g["unresolved"])


def names():
    g = scan("names.yaml")
    got = {(e["from"], e["to"]): e.get("guess", False) for e in g["edges"] if e["rel"] == "presents"}
    ok(got == {("default/Ingress/homeless", "prod/Secret/once"): True, ("default/Ingress/homeless", "default/Secret/twice"): False,
               ("prod/Ingress/housed", "default/Secret/anywhere"): True, ("stage/Ingress/strict", "stage/Secret/once"): False},
       "by name alone where one namespace is not told and the name is there once, marked as a guess", got)


def lineage():
    a = assets(scan("lineage"))
    life = {k: v["life_years"]["value"] for k, v in a.items()}
    says(life, {"run-7": 30, "hf://team/base": 30, "hf://team/adapter": 30, "short": 30, "long": 40, "ring-a": 9, "ring-b": 9,
                "public-text": 2}, "X is the maximum over the sources, down to the adapter; a circle settles")
    says({k: v["life_years"]["value"] for k, v in a.items()}, {"told/by-namespace/prompts": 12, "told/by-object/prompts": 1.5,
         "told/garbled/prompts": 12, "told/Deployment/by-class": 25}, "annotations: object before namespace before default")
    c = a["told/Deployment/by-class"]
    ok(c["impact"]["value"] == 2 and c["life_class"] == "training-data-phi" and c["hops"][0]["exposure"] == "P" and
       a["told/by-namespace/prompts"]["impact"]["value"] == 4, "impact, class and exposure too", c["impact"])
    ok(a["hf://team/adapter"].get("root") == "records", "the root of the chain is found", a["hf://team/adapter"].get("root"))


def long_chain():
    """Named so that the order of the ids is against the order of the chain."""
    n = 200
    lines = ["pqmap: 1", "assets:"] + [f"  - {{ name: a{i:03}, data-class: gradients, life: 1y, sources: [a{i + 1:03}] }}" for i in range(n)]
    lines.append(f"  - {{ name: a{n:03}, data-class: phi, life: 33y }}")
    with tmpdir() as tmp:
        pathlib.Path(tmp, ".pqmap.yaml").write_text("\n".join(lines) + "\n")
        lives = {v["life_years"]["value"] for v in scan(tmp)["assets"]}
    ok(lives == {33}, f"a chain of {n} assets carries the life of its source to its end", lives)


def terminal():
    text = out(run("scan", HERE / "ends.yaml", "--now", "2026-11-01"))
    more = out(run("scan", HERE / "ends.yaml", "--now", "2026-11-01", "-v"))
    ok("\nPATHS " in text and "Deployment llm › Service balanced, by nobody (plaintext)" in text,
       "the terminal prints the way to the hop that decides", text)
    ok("terminated by Traefik, from VersionTLS12" in more and "terminated by Traefik" not in text, "-v prints every hop")
    ok("OPEN ENDS 1 reference" in text and "lab/Secret/s: no such object, named at " in text, "open ends with their place", text)


mesh()
ends()
cni()
kinds()
names()
lineage()
long_chain()
terminal()
done()
