"""Tasks as the plan gives them: over a zoo of manifests, for each regime, for versions and clients found, and the dates they answer to."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import yaml

from kit import REPO, done, err, ok, out, run, skip, tmpdir

NOW = ("--now", "2026-11-21")
SHARED = pathlib.Path(os.environ.get("PQMAP_SHARED", REPO.parent / "shared"))
ZOO = ["fixtures/cluster", "fixtures/graph", "fixtures/labelled-k8s", "fixtures/labelled-k8s-blind", "fixtures/implied",
       "fixtures/sealed", "fixtures/tls", "fixtures/material"]
CORPUS = ["kserve__kserve", "ray-project__kuberay", "kubernetes__ingress-nginx", "traefik__traefik", "istio__istio",
          "vllm-project__production-stack", "volcano-sh__volcano", "strimzi__strimzi-kafka-operator"]


def scan(target, *args):
    r = run("scan", target, *NOW, *args, "-o", "json", "--quiet", cwd=REPO, timeout=300)
    return json.loads(out(r)) if r.returncode in (0, 4) and r.stdout else None


def rules(name):
    return [r for r in yaml.safe_load((REPO / "rules" / name).read_text()) if isinstance(r, dict)]


def types():
    return {r["type"]: r for f in sorted((REPO / "rules/plan").glob("*.yaml")) for r in yaml.safe_load(f.read_text())
            if "type" in r}


SAFE_LAYERS = {"SYM", "PQ", "HYB"}


def faults(report):
    """What is wrong with the tasks of a report, one line each."""
    tasks = report["plan"]["tasks"]
    ids = [t["id"] for t in tasks]
    at = {name: i for i, name in enumerate(ids)}
    wrong = [f"twice: {i}" for i in set(ids) if ids.count(i) > 1]
    for t in tasks:
        for key in ("title", "why", "change", "verify", "rollback", "where"):
            if not t.get(key) or (isinstance(t[key], list) and not any(t[key])):
                wrong.append(f"{t['id']}: no {key}")
        text = json.dumps([t.get(k) for k in ("title", "change", "both_ends", "needs", "verify", "rollback", "regime_note")])
        if t.get("endpoint") and re.search(r"\bHOST\b|\bPORT\b", text):
            wrong.append(f"{t['id']}: letters left though {t['endpoint']} is known")
        left = re.search(r"\{(label|endpoint|host|port|s_client|place|field|value|list|hybrid|groups|openssl_group|ssh_kex|ike|"
                         r"kem|sig|sig_name|sig_sizes|software|version|minimum|file|reload|clients|n|object|path)\}", text)
        if left:
            wrong.append(f"{t['id']}: {left.group()} not filled in")
        if t["effort_lo"] < 0 or t["effort_hi"] < t["effort_lo"] or not 1 <= t["phase"] <= 5:
            wrong.append(f"{t['id']}: effort or phase")
        wrong += [f"{t['id']}: after {d}, which comes later or is missing" for d in t["after"]
                  if at.get(d, len(ids)) >= at[t["id"]]]
        if t.get("advice") and not t.get("lane"):
            wrong.append(f"{t['id']}: advice '{t['advice']}' of a task in no lane")
        if "patch" in t and t["patch"]["from"] == t["patch"]["to"]:
            wrong.append(f"{t['id']}: a patch that changes nothing")
    known = {t["id"].split(":")[0] for t in tasks}
    for a in report["graph"]["assets"]:
        for h in a["hops"]:
            safe = h["coverage"] == "E" or h["verdict"] == "hybrid-enforced" or SAFE_LAYERS & set(h["layers"])
            if not safe and h.get("task") not in known:
                wrong.append(f"{a['id']}: '{h['label']}' is {h['verdict']} and has no task (asks for {h.get('task')})")
    return wrong


def zoo():
    seen = {}
    targets = [t for t in ZOO if (REPO / t).exists()]
    corpus = SHARED / "corpus/k8s"
    targets += [str(corpus / c) for c in CORPUS if (corpus / c).exists()]
    for target in targets:
        report = scan(target)
        if report is None:
            skip(f"{target}: nothing to scan")
            continue
        wrong = faults(report)
        ok(not wrong, f"{os.path.basename(target)}: {len(report['plan']['tasks'])} tasks are whole",
           "\n    ".join(wrong[:8]))
        for t in report["plan"]["tasks"]:
            seen[t["type"]] = seen.get(t["type"], 0) + 1
    if not corpus.exists():
        skip("no corpus: types are not counted")
        return
    # Types that need an image, a measured endpoint or a broken key are made by their own tests.
    expected = {"hybrid-on-edge", "enforce-hybrid", "telemetry", "library-upgrade", "plaintext-fix", "mesh-link-hybrid",
                "partner-link-hybrid", "dual-sign", "ship-verifiers", "private-ca-pq", "leaf-certs-pq", "public-cert-pq",
                "kek-to-kms", "rewrap-keys", "unknown-resolve", "inventory-owners"}
    ok(expected <= set(seen), "the zoo calls for every type of the table", sorted(expected - set(seen)))


def every_type_is_sampled():
    bare = [t for t, r in types().items() if not r.get("hit") or not r.get("miss")]
    ok(not bare, "every task type has samples that it takes and that it leaves", bare)
    texts = [t for t, r in types().items() for k in ("title", "change", "verify", "rollback", "why", "effort", "phase") if k not in r]
    ok(not texts, "every task type says what to do, how to see it and the way back", texts)


def task(report, prefix):
    return next((t for t in report["plan"]["tasks"] if t["id"].startswith(prefix)), None)


REGIMES = [  # regimes, group at the ingress, signature, words of the note
    ((), "X25519MLKEM768", "ML-DSA-65", None),
    (("us-eo-14412",), "X25519MLKEM768", "ML-DSA-65", "FIPS 140-3"),
    (("cnsa-2.0",), "SecP384r1MLKEM1024", "ML-DSA-87", "cnsa-2.0 asks for it"),
    (("au-asd-ism",), "SecP384r1MLKEM1024", "ML-DSA-87", "au-asd-ism asks for it"),
    (("de-bsi-tr-02102",), "X25519MLKEM768", "ML-DSA-65", "hybrid only"),
    (("fr-anssi",), "X25519MLKEM768", "ML-DSA-65", "in hybrid with a classical"),
    (("uk-ncsc",), "X25519MLKEM768", "ML-DSA-65", None),
    (("de-bsi-tr-02102", "cnsa-2.0"), "SecP384r1MLKEM1024", "ML-DSA-87", "hybrid only"),
    (("us-eo-14412", "au-asd-ism", "fr-anssi"), "SecP384r1MLKEM1024", "ML-DSA-87", "au-asd-ism asks for it"),
]


def regimes():
    for names, group, sig, note in REGIMES:
        report = scan("fixtures/cluster", *[a for n in names for a in ("--regime", n)])
        edge, sign = task(report, "hybrid-on-edge:edge/"), task(report, "dual-sign:")
        said = edge.get("regime_note", "")
        ok(any(f"ssl-ecdh-curve: {group}:X25519" in line for line in edge["change"]) and
           any(f"{sig} signature" in line for line in sign["change"]) and edge["patch"]["to"] == f"ssl-ecdh-curve: {group}:X25519",
           f"{'+'.join(names) or 'no regime'}: {group}, {sig}", [edge["change"], sign["change"], edge.get("patch")])
        ok((note in said) if note else said == "", f"{'+'.join(names) or 'no regime'}: the note says why", said)
        mesh = task(report, "mesh-link-hybrid:istio")
        added = [p["value"] for p in edge["performance"] if p["what"].startswith("added to the")]
        signed = next(p["value"] for p in sign["performance"] if p["what"].startswith("size of"))
        big = group == "SecP384r1MLKEM1024"
        ok(added == ([1633, 1633] if big else [1184, 1088]) and signed == (4627 if big else 3309) and
           edge["costs"].startswith("+1,633 bytes up" if big else "+1,184 bytes up") and ("secp384r1mlkem1024.encaps" in edge["costs"]) == big,
           f"{'+'.join(names) or 'no regime'}: bytes and rows are those of the set", [added, signed, edge["costs"]])
        library = [t for t in report["plan"]["tasks"] if t["type"] == "library-upgrade" and "Base image" in t["change"][0]]
        ok(all(("X25519MLKEM768" in " ".join(t["change"])) != big for t in library), f"{'+'.join(names) or 'no regime'}: libraries for the set",
           [t["change"] for t in library])
        cannot = "Istio cannot set" in mesh.get("regime_note", "")
        ok(cannot == (group != "X25519MLKEM768"), f"{'+'.join(names) or 'no regime'}: what the mesh cannot do is said",
           mesh.get("regime_note"))


def edge_of_the_cluster():
    report = scan("fixtures/cluster")
    edge, off = task(report, "hybrid-on-edge:edge/"), task(report, "enforce-hybrid:edge/")
    line = (REPO / edge["patch"]["path"]).read_text().splitlines()[edge["patch"]["line"] - 1]
    ok(line.strip() == edge["patch"]["from"], "the patch starts from the line of the manifest", [line, edge["patch"]])
    ok("pqmap probe data.clinic.example:443 --expect hybrid" in edge["verify"], "the verify command has the ingress's own host", edge["verify"])
    library = "library-upgrade:registry.clinic.example/ml/llama-clinic:2026.11"
    ok("training/PyTorchJob/llama-clinic" in edge["both_ends"] and "library not read" in edge["both_ends"] and
       "stays classical until" in edge["both_ends"], "the client is named, with what is known of its library", edge["both_ends"])
    ok(library in off["after"] and library not in edge["after"], "the client changes before the fallback goes, not before hybrid is on",
       [edge["after"], off["after"]])


def one_edit_is_one_task():
    report = scan("fixtures/cluster")
    tasks = {t["id"]: t for t in report["plan"]["tasks"]}
    lines = [(t["type"], t["patch"]["path"], t["patch"]["line"]) for t in tasks.values() if "patch" in t]
    ok(len(lines) == len(set(lines)), "no line is patched by two tasks of a type", lines)
    for kind in ("hybrid-on-edge", "telemetry", "enforce-hybrid"):
        found = [t for t in tasks.values() if t["type"] == kind and "ingress-nginx" in t["id"]]
        ok(len(found) == 1, f"{kind}: one task for the controller's ConfigMap", [t["id"] for t in found])
        t = found[0]
        for name, host in (("Ingress data", "data.clinic.example:443"), ("Ingress inference", "inference.clinic.example:443")):
            ok(name in t["title"] and any(host in w for w in t["where"]) and any(host in v for v in t["verify"]),
               f"{kind}: {host} is in title, where and verify", [t["title"], t["where"], t["verify"]])
        ok({"phi-train-2026", "serving/claims-llm/prompts"} <= set(t["assets"]), f"{kind}: it serves both assets", t["assets"])
    off = next(t for t in tasks.values() if t["type"] == "enforce-hybrid" and "ingress-nginx" in t["id"])
    tele = next(a for a in off["after"] if a.startswith("telemetry:"))
    ok(tasks[tele]["start_hi"] < off["start_hi"] and len(tasks[tele]["where"]) == 2,
       "the fallback goes only after both hosts were measured", [tasks[tele]["start_hi"], off["start_hi"]])
    on = next(t for t in tasks.values() if t["type"] == "hybrid-on-edge")
    rule = types()["hybrid-on-edge"]
    ok(abs(on["effort_lo"] - rule["effort"]["lo"] - rule["each"]["lo"]) < 1e-9, "the effort counts once, with a part for the second host",
       on["effort_lo"])
    mesh = [t for t in tasks.values() if t["type"] == "mesh-link-hybrid" and "COMPLIANCE_POLICY" in str(t["change"])]
    ok(len(mesh) == 1 and all(n in mesh[0]["title"] for n in ("mlflow", "minio", "claims-llm")), "one mesh, one switch, one task",
       [t["title"] for t in mesh])


def two_controllers_are_two_edits():
    with tmpdir() as tmp:
        shutil.copytree(REPO / "fixtures/cluster", f"{tmp}/c")
        edge = pathlib.Path(tmp, "c/edge/ingress-nginx.yaml")
        second = edge.read_text().replace("ingress-nginx-controller", "second-controller").replace("name: nginx", "name: second")
        pathlib.Path(tmp, "c/edge/second.yaml").write_text(second.replace("ssl-ecdh-curve", "some-key"))
        edge.write_text(edge.read_text().replace("  ssl-ecdh-curve: X25519\n", ""))
        found = [t["id"] for t in scan(f"{tmp}/c")["plan"]["tasks"] if t["type"] in ("hybrid-on-edge", "telemetry") and "Ingress" in t["id"]]
        ok(not any(i.endswith(":ingress-nginx") for i in found), "with two controllers and no line, nothing is joined", found)


SIGNS = """from cryptography.hazmat.primitives.asymmetric import rsa, padding
from cryptography.hazmat.primitives import hashes
key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
sig = key.sign(b"x", padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32), hashes.SHA256())
"""


def only_what_was_seen():
    """A loose key is no private PKI, and a signature in code no key exchange."""
    with tmpdir() as tmp:
        pathlib.Path(tmp, "k").mkdir()
        subprocess.run(["openssl", "genrsa", "-out", f"{tmp}/k/id.pem", "2048"], check=True, capture_output=True)
        kinds = {t["type"] for t in scan(f"{tmp}/k")["plan"]["tasks"]}
        ok("leaf-certs-pq" in kinds and "private-ca-pq" not in kinds, "a loose key calls for a key, not for a new PKI", sorted(kinds))
        pathlib.Path(tmp, "s").mkdir()
        pathlib.Path(tmp, "s/sign.py").write_text(SIGNS)
        report = scan(f"{tmp}/s")
        t = task(report, "code-signatures:")
        ok(t is not None and "ML-DSA" in t["costs"] and "1,184" not in json.dumps(t), "signing code has a task of signatures, with their costs", t)
        ok(task(report, "library-upgrade:") is None, "and not the library of key exchange")
        ok("on at outside" not in json.dumps(report["plan"]) and "in outside" not in json.dumps(report["plan"]), "titles read as words")
    ok(any(t["type"] == "private-ca-pq" for t in scan("fixtures/cluster")["plan"]["tasks"]), "where a CA was seen, its renewal comes first")


def words_that_run():
    report = scan("fixtures/cluster")
    text = json.dumps([t for t in report["plan"]["tasks"]])
    ok("pqmap gate" not in text and "init github" not in text and "pqmap diff --exit-code" in text, "the gate names commands that there are")
    tele = task(report, "telemetry:edge/")
    line = next(c for c in tele["change"] if "kubectl logs" in c)
    ok("-n edge " in line and any(c.strip().startswith("log-format-upstream: '$ssl_curve $ssl_protocol") for c in tele["change"]),
       "the count has its namespace, and the group is the first field", tele["change"])
    agent = 'X25519 TLSv1.3 data.example 10.0.0.1 "GET / HTTP/1.1" 200 "Mozilla/5.0 (X11; Linux x86_64)"\n'
    counted = subprocess.run(["sh", "-c", line.split("|", 1)[1]], input=agent, capture_output=True, text=True).stdout.split()
    ok(counted == ["1", "X25519", "TLSv1.3", "data.example"], "a user agent with spaces does not shift it", counted)
    flower = task(report, "library-upgrade:flwr/")
    ok("found: 1.15.2" not in json.dumps(flower["change"]), "an image's tag is not given as a library's version", flower["change"])
    go = task(report, "mesh-link-hybrid:data/CronJob")
    ok(any(c.strip() == "- value: tlsmlkem=0" for c in go["change"]), "GODEBUG is a line out and a line in", go["change"])
    owners = task(report, "inventory-owners:")
    ok(any("claims-llm prompts: pqmap.dev/shelf-life: 10y (assumed)" in w for w in owners["where"]) and "training-data-phi" not in str(owners),
       "what is assumed of each asset is printed, no sample values", owners["where"])
    ok("inventory-owners:all" not in task(report, "library-upgrade:flwr/")["after"], "an asset with owner, life and impact does not wait for others'")
    wire = task(report, "plaintext-fix:training/PyTorchJob")
    ok("handshake" not in json.dumps(wire.get("performance", [])), "WireGuard costs no TLS handshakes", wire.get("performance"))
    pg = task(report, "telemetry:data/StatefulSet/pgvector")
    ok("log" not in pg["rollback"] and "log format" not in pg["costs"], "PostgreSQL has its own costs and way back", [pg["costs"], pg["rollback"]])


def what_is_assumed():
    report = scan("fixtures/cluster")
    score = {a["id"]: a for a in report["assessment"]["assets"]}
    written, assumed = score["phi-train-2026"], score["training/llama-clinic/gradients"]
    ok(written["deciding_assumed"] is False and written["deciding_confidence"] == "high",
       "a pinned curve decides by what is written", [written.get("deciding_assumed"), written.get("deciding_confidence")])
    ok(assumed["deciding_assumed"] is True, "gradients without a protocol in sight are told to be assumed", assumed.get("deciding_confidence"))
    hop = next(h for a in report["graph"]["assets"] if a["id"].endswith("/gradients") for h in a["hops"])
    ok("--nnodes=4" in hop["why"] and "assumed" in hop["why"], "the sentence has its evidence and its assumption", hop["why"])


def versions():
    with tmpdir() as tmp:
        shutil.copytree(REPO / "fixtures/cluster", f"{tmp}/c")
        path = pathlib.Path(tmp, "c/edge/ingress-nginx.yaml")
        text = path.read_text()
        for tag, old in (("v1.15.0", False), ("v1.11.3", True), ("v1.9.0", True)):
            path.write_text(text.replace("controller:v1.15.0", f"controller:{tag}"))
            report = scan(f"{tmp}/c")
            edge = task(report, "hybrid-on-edge:edge/")
            needs = [a for a in edge["after"] if a.startswith("library-upgrade:") and "ingress-nginx" in a]
            ok(bool(needs) == old, f"controller {tag}: {'its upgrade comes first' if old else 'nothing has to come first'}", edge["after"])
            ok(f"found: {tag[1:]}" in edge["needs"], f"controller {tag}: the version found is said", edge["needs"])
        path.write_text(text)
        ingress = pathlib.Path(tmp, "c/edge/data-ingress.yaml")
        ingress.write_text(ingress.read_text().replace("data.clinic.example", "\"$(touch /tmp/x);a.example\""))
        edge = task(scan(f"{tmp}/c"), "hybrid-on-edge:edge/")
        ok(not any("touch" in line for line in edge["verify"]), "a host that a shell would run stays out of commands", edge["verify"])


NAMED = """apiVersion: apps/v1
kind: Deployment
metadata: { name: NAME, namespace: data, annotations: { pqmap.dev/data-class: model-weights } }
spec: { template: { metadata: { labels: { app: NAME } }, spec: { containers: [{ name: c, image: "registry.example/own:1" }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: NAME, namespace: data }
spec: { selector: { app: NAME }, ports: [{ port: 8080 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: NAME, namespace: data }
spec: { ingressClassName: other, rules: [{ host: NAME.example, http: { paths: [
  { path: /, pathType: Prefix, backend: { service: { name: NAME, port: { number: 8080 } } } }] } }] }
"""


def wireguard_costs():
    tasks = [t for t in scan("fixtures/graph")["plan"]["tasks"] if t.get("software") == "WireGuard"]
    ok(tasks and not any(t.get("performance") or "1,184" in t["costs"] for t in tasks), "a pre-shared key adds no bytes of ML-KEM",
       [(t["costs"], t.get("performance")) for t in tasks[:2]])


def names_are_no_software():
    for name in ("models3", "s3", "apache-superset", "dashssh"):
        with tmpdir() as tmp:
            pathlib.Path(tmp, "a.yaml").write_text(NAMED.replace("NAME", name))
            tasks = [t for t in scan(tmp)["plan"]["tasks"] if t["type"] == "plaintext-fix"]
            ok(tasks and all(t["change"][0].startswith("Turn TLS 1.3 on") for t in tasks), f"a workload called {name} gets the words for any",
               [t["change"] for t in tasks])


def deadlines():
    given = SHARED / "guidance/deadlines.json"
    if not given.exists():
        skip("no guidance: dates are not compared")
        return
    have = {r["id"].removeprefix("deadline."): r for r in rules("deadlines.yaml")}
    keys = ("regime", "jurisdiction", "force", "function", "strength", "deprecate_after", "disallow_after", "milestone_date", "require")
    wrong = []
    for r in json.loads(given.read_text())["records"]:
        rule = have.pop(r["id"], None)
        if rule is None:
            wrong.append(f"{r['id']}: missing")
            continue
        wrong += [f"{r['id']}: {k} is {rule.get(k)!r}, not {r.get(k)!r}" for k in keys if (rule.get(k) or None) != (r.get(k) or None)]
    ok(not wrong, "every deadline of the guidance is a rule, with its dates", "\n    ".join(wrong[:8]))
    ok(not have, "no deadline comes from elsewhere", sorted(have))
    report = scan("fixtures/cluster", "--regime", "us-eo-14412", "--regime", "nist-ir-8547", "--regime", "de-bsi-tr-02102")
    ladder = report["plan"]["deadlines"]
    ok({d["regime"] for d in ladder} == {"us-eo-14412", "nist-ir-8547", "de-bsi-tr-02102"} and
       [d["date"] for d in ladder] == sorted(d["date"] for d in ladder), "duties of several regimes stand in one ladder, by date",
       [(d["regime"], d["date"]) for d in ladder])
    slow = run("plan", "-", *NOW, "--capacity", "0.5", "-o", "json", cwd=REPO, stdin=json.dumps(report).encode())
    missed = [d for d in json.loads(out(slow))["plan"]["deadlines"] if not d["met"]] if slow.returncode == 0 else []
    ok(missed and missed[0]["date"] == min(d["date"] for d in missed), "at half a person-day a month the first missed date is named",
       err(slow) or [(d["regime"], d["date"]) for d in missed])


every_type_is_sampled()
edge_of_the_cluster()
one_edit_is_one_task()
only_what_was_seen()
words_that_run()
two_controllers_are_two_edits()
regimes()
what_is_assumed()
names_are_no_software()
wireguard_costs()
versions()
deadlines()
zoo()
done()
