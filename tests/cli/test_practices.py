#!/usr/bin/env python3
"""Practices: answered from evidence, told in JSON, page and table; clusters compared; the article's manifest."""
import json
import os
import pathlib
import sys

from kit import REPO, done, err, ok, out, run, tmpdir

sys.path.insert(0, str(REPO / "tests/kube"))
from mock_api import Cluster, Mock, free_port, kubeconfig, make_pki  # noqa: E402

KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""  # the example key of RFC 8410


def scan(tmp, *targets):
    r = run("scan", *targets, "--now", "2026-11-01", "-o", f"json={tmp}/r.json", "-o", f"html={tmp}/r.html")
    ok(r.returncode == 0, f"{len(targets)} targets are scanned", err(r))
    report = json.loads((tmp / "r.json").read_text())
    return report["practices"], (tmp / "r.html").read_text(), out(r)


def question(practices, rule):
    found = [q for q in practices["questions"] if q["rule"] == rule]
    return found[0] if found else None


def line_of(path, text):
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def article(tmp):
    path = REPO / "fixtures/article/llm-secret.yaml"
    practices, html, table = scan(tmp, path)
    expect = {"practice.claims.kms-annotation": ("cloud.google.com/kms-key:", "stringData"),
              "practice.claims.variables": ("PQC_KEY_MANAGEMENT", "read by no library"),
              "practice.claims.fallback": ("RSA-4096", "downgrade")}
    for rule, (text, words) in expect.items():
        q = question(practices, rule)
        place = q["places"][0] if q else {}
        ok(q and q["verdict"] == "no" and q.get("fix"), f"{rule}: no, with a fix", q)
        ok(place.get("line") == line_of(path, text), f"{rule}: at the line of {text}", place)
        ok(words in place.get("words", ""), f"{rule}: says {words}", place)
    q = question(practices, "practice.operation.secrets-at-rest")
    ok(q["verdict"] == "not shown" and q["counts"]["no"] == 0, "no EncryptionConfiguration read is no 'no'", q)
    ok("not shown" in table and "PRACTICES" in table, "the table has a line", table)
    ok("llm-server:8000 speaks plaintext" in table, "a server without TLS flags speaks plaintext, Service or not", table)
    ok('id="practices"' in html and "PQC_KEY_MANAGEMENT" in html, "the page has the section")
    ok(all(q["verdict"] != "yes" for q in practices["questions"]), "nothing of it counts as a yes")


def without_claims(tmp):
    practices, _, _ = scan(tmp, REPO / "fixtures/cluster")
    ok(question(practices, "practice.claims.variables") is None, "nobody promised: not asked")
    q = question(practices, "practice.rotation.lifetimes")
    ok(q["counts"] == {"no": 1, "partly": 0, "yes": 2, "not_shown": 0}, "lifetimes are counted", q["counts"])
    ok([p["verdict"] for p in q["places"]] == ["no", "yes", "yes"], "the worst place comes first", q["places"])


def cluster(policy, curve, provider):
    return f"""apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {{ name: web, namespace: edge }}
spec: {{ secretName: web, privateKey: {{ algorithm: ECDSA, rotationPolicy: {policy} }} }}
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: ingress-nginx-controller, namespace: edge }}
data: {{ ssl-ecdh-curve: "{curve}" }}
---
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers: [{provider}]
"""


KMS = "{ kms: { apiVersion: v2, name: hsm, endpoint: 'unix:///kms.sock' } }"
LOCAL = "{ aescbc: { keys: [{ name: k1, secret: c2VjcmV0 }] } }"


def compared(tmp):
    a, b = tmp / "prod.yaml", tmp / "lab.yaml"
    a.write_text(cluster("Always", "X25519MLKEM768:X25519", KMS))
    b.write_text(cluster("Never", "X25519", LOCAL))
    practices, html, table = scan(tmp, a, b)
    seen = {c["what"]: c for c in practices["contrasts"]}
    for what, role, words in (("Key exchange", "ConfigMap", "MLKEM"), ("New keys at renewal", "Certificate", "Always"),
                              ("Secrets at rest", "EncryptionConfiguration", "KMS")):
        c = seen.get(what, {"role": "", "sides": []})
        ok(c["role"] == role and [s["target"] for s in c["sides"]] == [0, 1], f"{what}: both targets stand side by side", c)
        ok(len({s["words"] for s in c["sides"]}) == 2 and any(words in s["words"].replace("-", "") for s in c["sides"]),
           f"{what}: told apart", c)
    ok("Told differently by the targets" in html and "targets differ" in table, "page and table tell the difference")
    b.write_text(a.read_text())
    practices, html, _ = scan(tmp, a, b)
    ok(practices["contrasts"] == [] and "Told differently" not in html, "clusters that are alike differ in nothing")


def folders(tmp):
    """Two folders, one a cluster: the same role in several files is one side."""
    for name, policy, curve, provider in (("prod", "Always", "X25519MLKEM768:X25519", KMS), ("lab", "Never", "X25519", LOCAL)):
        for i, doc in enumerate(cluster(policy, curve, provider).split("---\n")):
            (tmp / name / str(i)).mkdir(parents=True)
            (tmp / name / str(i) / "x.yaml").write_text(doc)
    practices, html, table = scan(tmp, tmp / "prod", tmp / "lab")
    seen = {c["what"]: c["sides"] for c in practices["contrasts"]}
    ok({"Key exchange", "New keys at renewal", "Secrets at rest"} <= set(seen), "two folders: groups, rotation and KMS are compared", seen)
    ok(all([s["target"] for s in sides] == [0, 1] for sides in seen.values()), "each folder is one side", seen)
    ok("targets differ" in table and "Told differently by the targets" in html, "page and table tell the difference")


def live(tmp):
    """Two contexts of a kubeconfig against API servers of our own."""
    pki = tmp / "pki"
    pki.mkdir()
    make_pki(pki)
    clusters = []
    for policy, curve in (("Always", "X25519MLKEM768:X25519"), ("Never", "X25519")):
        c = Cluster()
        c.add("", "configmaps", {"metadata": {"name": "ingress-nginx-controller", "namespace": "edge"},
                                 "data": {"ssl-ecdh-curve": curve}})
        c.add("cert-manager.io", "certificates", {"metadata": {"name": "web", "namespace": "edge"}, "spec": {
            "secretName": "web", "privateKey": {"algorithm": "ECDSA", "rotationPolicy": policy}}})
        clusters.append(c)
    ca = {"certificate-authority": str(pki / "ca.crt")}
    with Mock(clusters[0], pki, {"a-token": "a"}, port=free_port()) as one, Mock(clusters[1], pki, {"b-token": "b"}, port=free_port()) as two:
        a = kubeconfig(tmp / "a.json", one.url, {"token": "a-token"}, ca, context="prod")
        b = kubeconfig(tmp / "b.json", two.url, {"token": "b-token"}, ca, context="lab")
        # Both in one file, the second under names of its own.
        text = json.loads(pathlib.Path(a).read_text()), json.loads(pathlib.Path(b).read_text())
        both = dict(text[0])
        for key in ("clusters", "users", "contexts"):
            both[key] = text[0][key] + [dict(e, name=e["name"] + ("" if key == "contexts" else "-2")) for e in text[1][key]]
        for context in both["contexts"][1:]:
            context["context"] = {k: v + "-2" if k in ("cluster", "user") else v for k, v in context["context"].items()}
        (tmp / "both.json").write_text(json.dumps(both))
        r = run("scan", "cluster:prod", "cluster:lab", "-o", f"json={tmp}/l.json", cwd=tmp,
                env={"KUBECONFIG": str(tmp / "both.json"), "HOME": str(tmp), "no_proxy": "", "https_proxy": "", "HTTPS_PROXY": ""})
    report = json.loads((tmp / "l.json").read_text()) if os.path.exists(tmp / "l.json") else {"practices": {"contrasts": []}, "targets": []}
    ok(r.returncode == 0 and len(report["targets"]) == 2, "two live clusters are scanned", err(r))
    seen = {c["what"]: c for c in report["practices"]["contrasts"]}
    for what, words in (("Key exchange", "MLKEM"), ("New keys at renewal", "Always")):
        c = seen.get(what, {"sides": []})
        ok([s["target"] for s in c["sides"]] == [0, 1] and words in c["sides"][0]["words"].replace("-", ""),
           f"live clusters, {what}: side by side", seen)


def scaled(tmp):
    """The autoscaler is another object, found by name; the budget is asked of itself."""
    path = tmp / "s.yaml"
    text = """apiVersion: apps/v1
kind: Deployment
metadata: { name: llm, namespace: ai }
spec: { template: { spec: { containers: [{ name: s, image: 'vllm/vllm-openai:v0.11.0' }] } } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: llm, namespace: %s }
spec: { minReplicas: 2, maxReplicas: 9, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: llm } }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: llm, namespace: ai }
spec: { maxUnavailable: 0, selector: { matchLabels: { app: llm } } }
"""
    for ns, verdict in (("ai", "partly"), ("other", "not shown")):
        path.write_text(text % ns)
        practices, _, _ = scan(tmp, path)
        q = question(practices, "practice.operation.zones")
        ok(q["verdict"] == verdict, f"an autoscaler in {ns}: {verdict}", q)
    q = question(practices, "practice.operation.disruption")
    ok(q and q["verdict"] == "no" and "maxUnavailable 0" in q["places"][0]["words"], "a budget of nothing stops restarts", q)


def unshown(tmp):
    path = tmp / "c.yaml"
    path.write_text("""apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: a, namespace: n }
spec: { secretName: a, duration: 2160h, privateKey: { rotationPolicy: Always } }
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: b, namespace: n }
spec: { secretName: b, duration: soon }
""")
    practices, _, _ = scan(tmp, path)
    q = question(practices, "practice.rotation.certificate-keys")
    ok(q["verdict"] == "partly" and q["counts"] == {"no": 0, "partly": 0, "yes": 1, "not_shown": 1},
       "a yes and one not shown: partly", q)
    q = question(practices, "practice.rotation.lifetimes")
    ok(q["counts"]["no"] == 0 and q["counts"]["not_shown"] == 1, "an unreadable duration is not shown, not no", q)


def secret_values(tmp):
    path = tmp / "k.yaml"
    path.write_text("apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: n, annotations: { x/kms-key: k } }\n"
                    "stringData:\n  password: hunter2-hunter2\n  key.pem: |\n" +
                    "".join(f"    {line}\n" for line in KEY.splitlines()))
    practices, html, table = scan(tmp, path)
    q = question(practices, "practice.custody.keys")
    ok(q["verdict"] == "no" and q["places"][0]["what"] == "n/Secret/s", "a private key in a Secret", q)
    everything = (tmp / "r.json").read_text() + html + table
    ok("hunter2" not in everything and "MC4CAQ" not in everything, "no value of the Secret is told")


def many(tmp):
    path = tmp / "m.yaml"
    path.write_text("---\n".join(f"""apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {{ name: c{i}, namespace: n }}
spec: {{ secretName: c{i}, privateKey: {{ rotationPolicy: {'Never' if i == 299 else 'Always'} }} }}
""" for i in range(300)))
    practices, _, _ = scan(tmp, path)
    q = question(practices, "practice.rotation.certificate-keys")
    ok(q["counts"]["yes"] == 299 and q["counts"]["no"] == 1 and len(q["places"]) == 200, "counts are of all, places of 200")
    ok(q["places"][0]["verdict"] == "no" and q["places"][0]["what"] == "n/Certificate/c299", "the one bad place is kept",
       q["places"][0])


with tmpdir() as tmp:
    for case in (article, without_claims, compared, folders, live, scaled, unshown, secret_values, many):
        case(pathlib.Path(tmp))
done()
