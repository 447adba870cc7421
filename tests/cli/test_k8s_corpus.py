#!/usr/bin/env python3
"""Crypto facts of real manifests against hand labels: precision, recall and line numbers; the AI classes are only reported."""
import csv
import json
import os
import pathlib
import re

from kit import REPO, done, err, ok, run, skip

CORPUS = pathlib.Path(os.environ.get("PQMAP_K8S_CORPUS", REPO.parent / "shared/corpus/k8s"))

# Rows whose label leaves out what their own document says: (file, document) -> facts that are right all the same.
ALSO = {
    # The second of two listeners, and the certificates of both.
    ("frontend-cert-validation.yaml", "Gateway/client-validation-basic"): {
        "tls.listener(HTTPS:8443,Terminate)", "tls.secretRef(foo-example-com-cert)", "tls.secretRef(bar-example-com-cert)"},
    # The Ingress ends with spec.tls: mydomain.com is served with tls-secret.
    ("ingress.yaml", "Ingress/nginx-test"): {"tls.listener(ingress:443)", "tls.secretRef(tls-secret)"},
}
# Facts of a label that its own document contradicts: with spec.tls ingress-nginx redirects port 80.
NOT = {
    ("ingress.yaml", "Ingress/nginx-test"): {"plain(ingress:80)"},
}
# Words of which one stands on the line that a finding of text names.
TEXT = {
    "k8s.script-makes-key": ["openssl", "ssh-keygen", "keytool"],
    "k8s.spire-ca-key": ["_key_type"],
    "k8s.text-groups-classical": ["curve", "Curve", "groups"],
    "k8s.store-json-plaintext": ["endpoint_url"],
    "k8s.kserve-url-scheme": ["urlScheme"],
}


def glob(pattern, key):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), key) is not None


class Doc:
    """One object with what was found on it."""

    def __init__(self, obj):
        self.kind, self.group, self.name = obj["kind"], obj.get("group", ""), obj["name"]
        self.ns, self.path, self.line = obj.get("namespace", ""), obj["path"], obj["line"]
        self.facts = [(f["key"], f["value"], f["line"]) for f in obj.get("facts", [])]
        self.findings, self.edges = [], []

    def fact(self, pattern):
        return [v for k, v, _ in self.facts if glob(pattern, k)]

    def one(self, key):
        return next((v for k, v, _ in self.facts if k == key), "")

    def beside(self, key, path, up=1):
        return self.one(".".join(key.split(".")[:-up] + [path]))


def algorithm(f):
    family, parameter = f.get("family", ""), f.get("parameter", "")
    if family == "EC":
        return "ECDSA-" + parameter.replace("-", "")
    return f"{family}-{parameter}" if parameter else family


def attribute(occ, key):
    for a in occ.get("attributes", []):
        if a["key"] == key:
            return a["value"]
    return ""


def of_certificate(doc, f, occ):
    digest = re.search(r"sha-?(\d+)", attribute(occ, "signature").lower())
    return {f"cert({algorithm(f)},SHA{digest.group(1) if digest else '?'})"}


def of_cm(doc, f, occ):
    parts = [algorithm(f)] + (["default"] if "implied" in f["evidence"] else [])
    return {f"cm.cert({','.join(parts + (['isCA'] if attribute(occ, 'is_ca') == 'true' else []))})"}


def of_listener(doc, f, occ):
    field = occ["object"].split("#")[1]
    return {f"plain({doc.one(field)}:{doc.beside(field, 'port')})"}


def of_istio_server(doc, f, occ):
    field = occ["object"].split("#")[1]
    return {f"plain({doc.one(field)}:{doc.beside(field, 'number')})"}


def of_egress(doc, f, occ):
    field = occ["object"].split("#")[1]
    return {f"plain({h}:{doc.beside(field, 'number')})" for h in doc.fact("spec.hosts[*]")}


def of_kafka(doc, f, occ):
    field = occ["object"].split("#")[1]
    return {f"tls.off({doc.beside(field, 'name')}:{doc.beside(field, 'port')})"}


def value_in(word):
    return lambda doc, f, occ: {f"{word}({attribute(occ, 'value')})"}


def fixed(*words):
    return lambda doc, f, occ: set(words)


def algorithm_in(word, tail=""):
    return lambda doc, f, occ: {f"{word}({algorithm(f)}{tail})"}


RULES = {
    "cert.x509": of_certificate,
    "key.private": algorithm_in("key"),
    "k8s.certificate-algorithm": of_cm,
    "k8s.certificate-algorithm-default": of_cm,
    "k8s.certificate-old-field": of_cm,
    "k8s.gateway-plaintext": of_listener,
    "k8s.istio-gateway-plaintext": of_istio_server,
    "k8s.ingress-plaintext": fixed("plain(ingress:80)"),
    "k8s.egress-plaintext": of_egress,
    "k8s.kafka-listener-plaintext": of_kafka,
    "k8s.kafka-client-plaintext": value_in("plain"),
    "k8s.vllm-stack-plaintext": value_in("plain"),
    "k8s.ai-service-plaintext": value_in("plain"),
    "k8s.service-plaintext": value_in("plain"),
    "k8s.store-plaintext": lambda doc, f, occ: {f"plain({doc.one('metadata.annotations.serving.kserve.io/s3-endpoint')})"},
    "k8s.store-json-plaintext": fixed("plain(*)"),
    "k8s.no-verify": fixed("tls.noverify"),
    "k8s.dh-parameters": value_in("tls.dhparam"),
    "k8s.sealed-rsa-4096": algorithm_in("sealed", "-OAEP"),
    "k8s.sealed-rsa-2048": algorithm_in("sealed", "-OAEP"),
    "k8s.ssh-key-made": algorithm_in("ssh"),
    "k8s.implied.volcano-ssh": fixed("ssh(plugin)"),
    "k8s.implied.mpi-ssh": value_in("ssh"),
    "k8s.implied.cert-manager-acme-account": value_in("cm.acmekey"),
    "k8s.implied.kuberay-mtls": fixed("tls.server(tlsOptions.enabled)"),
    "k8s.implied.linkerd-identity": fixed("tls.mesh(linkerd)"),
    "k8s.spire-ca-key": algorithm_in("spire.ca"),
    "k8s.script-makes-key": algorithm_in("script.keygen"),
    "k8s.webhook-no-ca": fixed("webhook.ca(absent)"),
}


def of_facts(doc):
    """What facts say by themselves, without a finding."""
    out = set()
    if doc.kind in ("Issuer", "ClusterIssuer"):
        out |= {f"cm.issuer({t})" for t in ("selfSigned", "acme", "ca", "vault") if doc.fact(f"spec.{t}*")}
    for key, value, _ in doc.facts:
        if re.fullmatch(r"spec\.listeners\[\d+\]\.protocol", key) and value in ("HTTPS", "TLS"):
            mode = doc.beside(key, "tls.mode") or "Terminate"
            out.add(f"tls.listener({value}:{doc.beside(key, 'port')},{mode})")
        if re.fullmatch(r"spec\.servers\[\d+\]\.port\.protocol", key) and value.upper() in ("HTTPS", "TLS"):
            out.add(f"tls.listener({value}:{doc.beside(key, 'number')},{doc.beside(key, 'tls.mode', 2)})")
        if doc.kind == "ServiceEntry" and key.endswith(".protocol") and value.upper() in ("HTTPS", "TLS"):
            out |= {f"tls.egress({h}:{doc.beside(key, 'number')})" for h in doc.fact("spec.hosts[*]")}
        if doc.kind == "Kafka" and key.endswith(".tls") and value == "true":
            out.add(f"tls.listener({doc.beside(key, 'name')}:{doc.beside(key, 'port')})")
        if doc.kind == "DestinationRule" and key.endswith("tls.mode") and value != "DISABLE":
            out.add(f"tls.mode({value})")
        if key.endswith(".name") and value == "RAY_USE_TLS":
            out.add(f"tls.env(RAY_USE_TLS={doc.beside(key, 'value')})")
        if re.match(r"(spec\.)?min(imum)?(Protocol|TLS)?Version$", key):
            out.add("tls.min(" + re.sub(r"(?i)(version)?tlsv?(\d)[._]?(\d)", r"\2.\3", value) + ")")
        scheme = re.match(r"(hf|gs|s3|oci)(\+\w+)?://", value)
        if scheme and re.search(r"(storageUri|model\.uri|args\[\d+\])$", key):
            out.add(f"egress({scheme.group(1)})")
    if doc.kind == "TLSOption" and doc.fact("spec.cipherSuites[*]"):
        out.add(f"tls.ciphers({','.join(doc.fact('spec.cipherSuites[*]'))})")
    if doc.kind == "Ingress" and doc.fact("spec.tls[*]*"):
        out.add("tls.listener(ingress:443)")
    nginx = "metadata.annotations.nginx.ingress.kubernetes.io/"
    if doc.one(nginx + "ssl-passthrough") == "true":
        out.add("tls.listener(ingress:443,Passthrough)")
    if doc.one(nginx + "auth-tls-verify-client"):
        out.add(f"tls.clientauth({doc.one(nginx + 'auth-tls-verify-client')})")
    if doc.kind == "KafkaBridge" and doc.fact("spec.http.tls.*"):
        out.add(f"tls.listener({doc.one('spec.http.port')})")
    if doc.kind == "BackendTLSPolicy":
        out |= {f"tls.backend({doc.beside(k, 'kind')}/{v})" for k, v, _ in doc.facts if glob("spec.targetRefs[*].name", k)}
    if doc.one("metadata.annotations.serving.kserve.io/s3-usehttps") == "1":
        out.add("egress(s3)")
    aws = "metadata.annotations.service.beta.kubernetes.io/aws-load-balancer-ssl-"
    if doc.one(aws + "cert"):
        out |= {"extcert(aws-acm)", f"tls.listener({doc.one(aws + 'ports')})"}
    return out


def of_edge(doc, edge, with_keys):
    if edge["rel"] not in ("presents", "trusts", "issues", "mounts", "filled-from"):
        return set()
    ns, kind, name = edge["to"].split("/", 2)
    if edge["rel"] == "presents":
        return {f"tls.secretRef({name if ns in (doc.ns or 'default', '-') else ns + '/' + name})"}
    if edge["rel"] == "trusts":
        return {f"tls.caRef({kind}/{ns + '/' if 'auth-tls-secret' in edge['ref'] else ''}{name})"}
    if edge["rel"] == "issues":
        return {f"cm.secret({name})"}
    if edge["rel"] == "mounts" and kind == "Secret" and "olumes[" in edge["ref"] and edge["to"] in with_keys:
        return {f"tls.secretRef({name})"}
    if edge["rel"] == "filled-from" and doc.one("spec.target.template.type") == "kubernetes.io/tls":
        return {f"tls.secretFrom({kind}/{name})"}
    return set()


def read(report):
    docs = {}
    for o in report["objects"]:
        d = Doc(o)
        docs.setdefault(d.path, []).append(d)
    with_keys = set()

    def owner(path, ident, line):
        ns, kind, name = ident.split("/", 2)
        fits = [d for d in docs.get(path, []) if d.kind == kind and d.name == name and d.line <= line]
        return fits[-1] if fits else None

    for f in report["findings"]:
        for occ in f["occurrences"]:
            if "#" not in occ.get("object", ""):
                continue
            d = owner(occ["path"], occ["object"].split("#")[0], occ["line"])
            if f["rule"] in ("cert.x509", "key.private"):
                with_keys.add(occ["object"].split("#")[0])
            if d is not None:
                d.findings.append((f, occ))
    for e in report["graph"]["edges"]:
        d = owner(e["path"], e["from"], e["line"]) if e.get("path") and e["from"].count("/") >= 2 else None
        if d is not None:
            d.edges.append(e)
    return docs, with_keys


def found_in(docs, with_keys):
    out = set()
    for d in docs:
        out |= of_facts(d)
        for f, occ in d.findings:
            if f["rule"] in RULES:
                out |= RULES[f["rule"]](d, f, occ)
        for e in d.edges:
            out |= of_edge(d, e, with_keys)
    return out


def plain_form(fact):
    """cert and key facts without the place, which is compared as a line; patterns of the scheme plain(*)."""
    m = re.fullmatch(r"(cert|key)\((.*?)(,(?:data|stringData)\..*)?\)", fact)
    if m:
        return f"{m.group(1)}({m.group(2)})"
    return "plain(*)" if fact.startswith("plain(http://") else fact


def chosen(docs, which):
    if which == "*":
        return docs
    if which.isdigit():
        return docs[int(which):int(which) + 1]
    kind, name = which.split("/", 1)
    return [d for d in docs if d.kind == kind and d.name == name][:1]


def check_lines(report):
    """Explicit settings: the value stands on the line. Missing ones: an object starts there."""
    wrong = seen = 0
    for f in report["findings"]:
        for occ in f["occurrences"]:
            if not f["rule"].startswith("k8s.") or f["rule"] == "k8s.ai-service-plaintext" and "value" not in str(occ):
                continue
            lines = pathlib.Path(occ["path"]).read_text(encoding="utf-8", errors="replace").split("\n")
            here = lines[occ["line"] - 1] if occ["line"] <= len(lines) else ""
            value = attribute(occ, "value")
            if f["rule"] in TEXT:
                good = any(w in here for w in TEXT[f["rule"]])
            elif value:
                good = value in here
            else:
                good = re.match(r" *(- )?\"?[\w.-]+\"?:", here) is not None
            seen += 1
            wrong += not good
            if not good:
                print(f"note - wrong line {occ['line']} for {f['rule']} in {occ['path']}: {here.strip()[:60]}")
    ok(seen >= 60 and wrong == 0, "every finding names the right line", f"{wrong} of {seen} wrong")


def scan(path):
    """Each file by itself: names repeat between the repositories."""
    r = run("scan", path, "-q", "-o", "json")
    if r.returncode not in (0, 3):
        ok(False, f"{path} is scanned", err(r))
    report = json.loads(r.stdout)
    docs, with_keys = read(report)
    return docs.get(path, []), with_keys, [n for n in report["coverage"]["notes"] if n["reason"] == "malformed"]


def main():
    if not (CORPUS / "labels.tsv").exists():
        skip(f"no corpus at {CORPUS.name}: labels.tsv is missing")
        return
    hits = misses = false = 0
    held_out = 0
    scans = {}
    with open(CORPUS / "labels.tsv", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        rel = f"{row['repo'].replace('/', '__')}/{row['path']}"
        path = str(CORPUS / rel)
        if path not in scans:
            scans[path] = scan(path)
        docs, with_keys, notes = scans[path]
        want = set() if row["crypto_facts"] == "-" else {plain_form(x) for x in row["crypto_facts"].split(" ")}
        mine = chosen(docs, row["doc"])
        got = {plain_form(x) for x in found_in(mine, with_keys)}
        if "parse-error" in want:
            got |= {"parse-error"} if notes else set()
        # Armour without a body must not become a key; there is nothing to find.
        placeholders = {x for x in want if x.startswith("pem-placeholder")}
        held_out += len(placeholders)
        want -= placeholders
        key = (rel.split("/", 1)[1].split("/")[-1], row["doc"])
        want = (want | ALSO.get(key, set())) - NOT.get(key, set())
        if "cm.acmekey" in want:  # the label leaves the name out
            want = {x for x in want if x != "cm.acmekey"} | {x for x in got if x.startswith("cm.acmekey")} or {"cm.acmekey"}
        hits += len(want & got)
        misses += len(want - got)
        false += len(got - want)
        for x in sorted(want - got):
            print(f"note - missed {x} in {rel} {row['doc']}")
        for x in sorted(got - want):
            print(f"note - extra {x} in {rel} {row['doc']}")
    precision, recall = hits / max(1, hits + false), hits / max(1, hits + misses)
    print(f"note - {len(rows)} rows, {hits} right, {misses} missed, {false} extra, {held_out} placeholders: "
          f"precision {precision:.3f}, recall {recall:.3f}")
    ok(len(rows) >= 95 and hits >= 95, "enough labels to tell", f"{len(rows)} rows, {hits} facts")
    ok(precision >= 0.99, "precision of crypto facts is at least 0.99", f"{precision:.4f}")
    ok(recall >= 0.95, "recall of crypto facts is at least 0.95", f"{recall:.4f}")


def whole():
    if not CORPUS.is_dir():
        return
    r = run("scan", CORPUS, "-q", "-o", "json")
    ok(r.returncode in (0, 3), "the corpus is scanned at once", err(r))
    check_lines(json.loads(r.stdout))


main()
whole()
done()
